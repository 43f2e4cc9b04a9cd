"""Layout of compiled Worlds: arrays, sizes, positions, candidates.

And that they stay as they were.
"""

import dataclasses

import numpy as np
import pytest

from orbit_gym.orbits.positions import load_orbits
from orbit_gym.scenario.loading import load_scenario
from orbit_gym.scenario.models import MODEL_BYTES
from orbit_gym.scenario.scenario import Constellation, LaserLinks, Shell, Users
from orbit_gym.world import ephemeris
from orbit_gym.world.compiler import compile_world, graph_names
from orbit_gym.world.layout import ACCELERATOR, CONTACT, EDGE, LASER, POWER, RATE_SEGMENT
from tests.helpers.small_scenarios import fixed_m, small


def test_arrays_are_read_only_contiguous_and_typed(world):
    assert all(array.flags.c_contiguous and not array.flags.writeable for array in world)
    kinds = (
        world.edges.dtype,
        world.contacts.dtype,
        world.rate_segments.dtype,
        world.power.dtype,
        world.accelerators.dtype,
    )
    assert kinds == (EDGE, CONTACT, RATE_SEGMENT, POWER, ACCELERATOR)
    assert all(
        world._asdict()[name].dtype == np.int32
        for name in ("edge_offsets", "power_offsets", "datacentre_offsets")
    )
    assert world.model_bytes.tolist() == list(MODEL_BYTES.values())


def test_sizes_and_names(scenario, world):
    """Horizon: a day, the episode and the look-ahead.

    Calendars counted by hand: lasers, 4 radios, 3 antennas, 4 + 4 beams, 4 alerts.
    """
    sizes = world.sizes[0]
    assert [
        int(sizes[name])
        for name in ("n_satellites", "n_stations", "n_datacentres", "n_users", "n_candidates")
    ] == [4, 2, 1, 2, 5]
    assert sizes["horizon_s"] == 86_400.0 + scenario.episode_s + scenario.look_ahead_s
    assert (len(world.positions_m) - 2) * sizes["grid_s"] >= sizes["horizon_s"]
    n_lasers = np.count_nonzero(world.edges["kind"] == LASER)
    assert (
        sizes["first_alert_resource"] == n_lasers + 4 + 3 + 8
        and sizes["n_resources"] == sizes["first_alert_resource"] + 4
    )
    assert graph_names(scenario) == (
        "P01S01",
        "P01S02",
        "P02S01",
        "P02S02",
        "North",
        "South",
        "Hall",
        "Oslo",
        "Quito",
    )
    assert len(world.edge_offsets) == len(graph_names(scenario)) + 1


def test_positions_are_those_of_sgp4(scenario, world):
    """Grid samples equal SGP4 rotated by GMST to 1 mm.

    Linear interpolation between them is good to 110 m (a h^2 / 8).
    """
    orbits = load_orbits(scenario)
    index = np.array([0, 1, 777, len(world.positions_m) - 1])
    for satellite in range(4):
        assert np.allclose(
            world.positions_m[index, satellite], fixed_m(orbits, satellite, index * 10.0), atol=1e-3
        )
        halfway_m = 0.5 * (world.positions_m[777, satellite] + world.positions_m[778, satellite])
        assert (
            np.linalg.norm(halfway_m - fixed_m(orbits, satellite, np.array([7_775.0]))[0]) < 110.0
        )


def test_accelerators(scenario, world):
    """Satellites first, with batteries.

    Three ground units without; the floor is battery x (1 - depth of discharge).
    """
    orbital, ground = world.accelerators[:4], world.accelerators[4:]
    assert orbital["node"].tolist() == [0, 1, 2, 3] and ground["node"].tolist() == [6, 6, 6]
    assert world.datacentre_offsets.tolist() == [4, 7]
    assert orbital["has_battery"].all() and not ground["has_battery"].any()
    assert (
        set(orbital["floor_j"]) == {1_440_000.0 * 0.7}
        and set(orbital["dynamic_w"]) == {180.0}
        and set(ground["memory_bytes"]) == {80e9}
    )
    unequal = dataclasses.replace(scenario, peak_op_per_s_each=(1e12, 2e12, 3e12, 4e12))
    assert compile_world(unequal, 1).accelerators["peak_op_per_s"][:4].tolist() == [
        1e12,
        2e12,
        3e12,
        4e12,
    ]
    with pytest.raises(ValueError, match="one number for each of 4 satellites, got 2"):
        compile_world(dataclasses.replace(scenario, peak_op_per_s_each=(1e12, 2e12)), 1)


@pytest.mark.parametrize("candidates, expected", [(0, 5), (3, 4), (4, 5), (9, 5)])
def test_candidates(scenario, candidates, expected):
    """K nearest satellites plus the datacentre, all where K is 0 or covers everyone."""
    assert (
        compile_world(dataclasses.replace(scenario, candidates=candidates), 1).sizes[
            "n_candidates"
        ][0]
        == expected
    )


def test_nothing_on_the_ground_and_no_lasers():
    """A lone satellite without anything to talk to still has a World, with no edges."""
    single = small(
        constellation=Constellation(shells=(Shell(53.0, 550e3, planes=1, per_plane=1, phasing=0),)),
        stations=(),
        datacentres=(),
        users=Users(),
        lasers=LaserLinks(terminals=0),
    )
    world = compile_world(single, 1)
    assert len(world.edges) == len(world.contacts) == len(world.rate_segments) == 0
    assert (
        world.edge_offsets.tolist() == [0, 0]
        and world.site_positions_m.shape == (0, 3)
        and len(world.power) > 30
    )


def test_days_differ_and_repeat(scenario, world):
    """The same day compiles to the same bits; another day does not."""
    twin, other = compile_world(scenario, 1), compile_world(scenario, 2)
    assert all(np.array_equal(a, b) for a, b in zip(world, twin, strict=True))
    assert not np.array_equal(world.positions_m, other.positions_m)


# Edges, contacts, pieces, power rows, seconds of contact in all, mean charge required: of version
# 0.1.0, before it compiled in blocks.
GOLDEN = {
    "Tiny": (18, 186, 186, 186, 616_730.4, 1_086_592.3),
    "ThreeBody12": (1858, 5214, 5218, 938, 4_120_040.7, 1_062_269.6),
    "Ring12": (1858, 5154, 5154, 902, 4_504_077.9, 1_062_708.4),
    "CrossPlane12": (1896, 6410, 6410, 3220, 5_047_638.2, 1_071_444.9),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_worlds_of_the_catalogue_stay_as_they_were(name):
    """The first training day.

    Seconds and joules to 0.1, as far as another machine's last bits cannot reach.
    """
    world = compile_world(load_scenario(name), 1)
    counts = (len(world.edges), len(world.contacts), len(world.rate_segments), len(world.power))
    contact_s = float((world.contacts["end_s"] - world.contacts["start_s"]).sum())
    assert counts == GOLDEN[name][:4]
    assert (contact_s, float(world.power["required_j"].mean())) == pytest.approx(
        GOLDEN[name][4:], abs=0.1
    )


def test_flying_in_blocks_changes_no_bit(crossing, monkeypatch):
    """Three planes one after the other, their satellites numbered across planes: the same World as
    all at once.
    """
    scenario, world = crossing
    monkeypatch.setattr(ephemeris, "BLOCK", 1)
    assert all(np.array_equal(a, b) for a, b in zip(world, compile_world(scenario, 1), strict=True))
    mixed = np.argsort(
        np.arange(12) % 4, kind="stable"
    )  # first of each plane, second of each plane, and so on
    orbits = load_orbits(scenario)
    by_plane = compile_world(scenario, 1, orbits.subset(mixed))
    monkeypatch.setattr(ephemeris, "BLOCK", 64)
    at_once = compile_world(scenario, 1, orbits.subset(mixed))
    assert len(list(ephemeris._blocks(orbits.planes))) == 1
    assert all(np.array_equal(a, b) for a, b in zip(by_plane, at_once, strict=True))
    assert np.array_equal(at_once.positions_m, world.positions_m[:, mixed])
    monkeypatch.setattr(ephemeris, "BLOCK", 1)
    sunlit = ephemeris.compute_day_geometry(
        scenario, orbits.subset(mixed), 1, [], lambda _: None
    ).sunlit
    assert (
        len(sunlit.start_s) > 12
        and (np.lexsort((sunlit.start_s, sunlit.satellite)) == np.arange(len(sunlit.start_s))).all()
    )


@pytest.mark.parametrize("terminals", [0, 4])
def test_progress_rises_to_the_end(scenario, terminals):
    fractions: list[float] = []
    lasers = dataclasses.replace(scenario.lasers, terminals=terminals)
    compile_world(
        dataclasses.replace(scenario, lasers=lasers),
        1,
        tell=lambda phase, fraction: fractions.append(fraction),
    )
    assert (
        fractions == sorted(fractions)
        and 0.0 < fractions[0]
        and fractions[-1] == 1.0
        and len(fractions) >= 2
    )
