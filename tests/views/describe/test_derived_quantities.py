"""Derived figures of real and designed orbits: against Skyfield's events, published or computed
figures, networkx and closed forms.
"""

import csv
import dataclasses
import math
from collections import defaultdict
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from orbit_gym.physics.geometry import sight_margin_m
from orbit_gym.scenario.loading import load_scenario
from orbit_gym.scenario.scenario import Constellation, LaserLinks, Scenario, Station
from orbit_gym.simulation.graph import topology
from orbit_gym.simulation.metrics import link_events
from orbit_gym.utils.units import DAY_S, EARTH_EQUATORIAL_RADIUS_M
from orbit_gym.views.describe.derived_quantities import (
    Derived,
    derive,
    laser_components,
    laser_events,
    occupancy,
    station_views,
)
from orbit_gym.world.compiler import graph_names
from orbit_gym.world.layout import World
from orbit_gym.world.world_cache import get_world


def compiled(name: str) -> tuple[Scenario, World, Derived]:
    scenario = load_scenario(name)
    world = get_world(scenario, 1)
    return scenario, world, derive(scenario, world)


def reference(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / "reference_skyfield" / name).open() as file:
        return list(csv.DictReader(file))


def test_sunlit_share_of_the_real_twelve() -> None:
    """0.622 to 0.637 of 2025-08-03 over the twelve (computed with Skyfield and DE421), so 0.0005 as
    rounded and 1 s at 30 edges.

    Of an orbit, about 0.375 is dark (the same source, for both dates): within 0.01.

    """
    derived = compiled("ThreeBody12")[2]
    sunlit = 1.0 - derived.eclipse_day_fraction
    assert derived.eclipse_fraction == pytest.approx([0.375] * 12, abs=0.01)
    assert sunlit.min() == pytest.approx(0.622, abs=0.001) and sunlit.max() == pytest.approx(
        0.637, abs=0.001
    )


def test_eclipse_of_each_of_the_twelve(shared_data: Path) -> None:
    """Authority: Skyfield is_sunlit with DE421 on whole seconds, 2025-08-03.

    1 s at each of some 30 edges is 0.0004 of a day.
    """
    scenario, _, derived = compiled("ThreeBody12")
    rows = reference(shared_data, "eclipse_transitions_20250802.csv")
    for number, satellite in enumerate(scenario.constellation.satellites):
        own_rows = [
            (float(row["utc_seconds_of_day"]), row["event"] == "enter_eclipse")
            for row in rows
            if row["sat"] == satellite.name
        ]
        starts = [0.0] * (not own_rows[0][1]) + [time_s for time_s, enters in own_rows if enters]
        ends = [time_s for time_s, enters in own_rows if not enters] + [DAY_S] * own_rows[-1][1]
        expected = sum(end_s - start_s for start_s, end_s in zip(starts, ends, strict=True)) / DAY_S
        assert derived.eclipse_day_fraction[number] == pytest.approx(expected, abs=0.0004)


def test_eclipse_of_an_orbit_in_closed_form() -> None:
    """Circular orbit over the equator, cylinder of the equatorial radius: share arccos(sqrt(1 -
    (R/r)^2) / cos beta) / pi; 0.0005.

    Beta is the Sun's declination, 17.5 to 17.2 degrees on 2025-08-03 (almanac); the string orbits
    15 times a day.
    """
    _, world, derived = compiled("Tiny")
    ratio = EARTH_EQUATORIAL_RADIUS_M / np.linalg.norm(world.positions_m, axis=-1).mean()
    expected = math.acos(math.sqrt(1.0 - ratio**2) / math.cos(math.radians(17.35))) / math.pi
    assert derived.eclipse_fraction == pytest.approx([expected] * 3, abs=0.0005)
    assert derived.longest_eclipse_s == pytest.approx(expected * DAY_S / 15.0, rel=0.005)


def test_no_eclipse_in_a_dawn_dusk_orbit() -> None:
    """At 1,400 km a plane whose node lies 90 degrees from the Sun (right ascension 133 degrees on
    2025-08-03) is lit all day.
    """
    ring = load_scenario("Ring12")
    shell = dataclasses.replace(
        ring.constellation.shells[0],
        altitude_m=1_400e3,
        inclination_deg=101.4,
        raan_deg=223.0,
        per_plane=2,
    )
    scenario = dataclasses.replace(
        ring, constellation=Constellation(shells=(shell,)), stations=(), datacentres=()
    )
    derived = derive(scenario, get_world(scenario, 1))
    assert (
        derived.eclipse_fraction.tolist() == [0.0, 0.0]
        and derived.longest_eclipse_s == 0.0
        and derived.stations == ()
    )


def test_passes_of_the_real_twelve(shared_data: Path) -> None:
    """Authority: Skyfield find_events at 10 degrees, 2025-08-03.

    Same passes, 1 s at each end; any within 0.001.
    """
    scenario, _, derived = compiled("ThreeBody12")
    rows = [row for row in reference(shared_data, "passes_20250802.csv") if row["mask_deg"] == "10"]
    names = [satellite.name for satellite in scenario.constellation.satellites]
    for view in derived.stations[:3]:  # Svalbard's coordinates in the reference are not known
        own_rows = [row for row in rows if row["station"] == view.name]
        assert view.passes.tolist() == [
            sum(row["sat"] == name for row in own_rows) for name in names
        ]
        expected_s = [
            sum(float(row["duration_s"]) for row in own_rows if row["sat"] == name)
            for name in names
        ]
        assert view.view_s == pytest.approx(expected_s, abs=2.0 * view.passes.max())
        is_seen = np.zeros(int(DAY_S), bool)
        for row in own_rows:
            is_seen[int(row["rise_s"]) : int(row["set_s"])] = True
        assert view.any_fraction == pytest.approx(is_seen.mean(), abs=0.001)


# Passes a day, minutes a day per satellite, share of the day with any of 12: computed with Skyfield
# on the elements of 2026-06-26.
JUNE_2026 = {
    "Miyun": (3.4, 19.1, 0.093),
    "Kashi": (3.6, 19.3, 0.091),
    "Sanya": (3.2, 14.7, 0.075),
    "Svalbard": (10.4, 67.3, 0.295),
}


def test_passes_of_june_2026(shared_data: Path) -> None:
    """Authority: Skyfield on 2026-06-27, on whole seconds and as rounded.

    Svalbard's coordinates there are not known, so 2 % more.
    """
    scenario = dataclasses.replace(
        load_scenario("ThreeBody12"),
        constellation=Constellation(
            tle_file=str(shared_data / "tle" / "three_body_scs01_20260626.tle")
        ),
        epoch_utc="2026-06-26T00:00:00",
    )
    views = {
        view.name: view
        for view in station_views([item.name for item in scenario.stations], get_world(scenario, 1))
    }
    for name, (passes, minutes, any_fraction) in JUNE_2026.items():
        slack = 0.02 if name == "Svalbard" else 0.0
        assert views[name].passes.mean() == pytest.approx(passes, abs=0.05 + slack * passes)
        assert views[name].view_s.mean() / 60.0 == pytest.approx(minutes, abs=0.1 + slack * minutes)
        assert views[name].any_fraction == pytest.approx(
            any_fraction, abs=0.001 + slack * any_fraction
        )


@pytest.mark.parametrize(
    ("station", "expected"),
    [("Miyun", 0.158), ("Kashi", 0.156), ("Sanya", 0.122), ("Svalbard", 0.589)],
)
def test_an_even_ring_is_seen_more(station: str, expected: float) -> None:
    """Authority: the even ring in the real plane computed with Skyfield (of another date, so the
    passes differ): within 0.01.
    """
    (view,) = [view for view in compiled("Ring12")[2].stations if view.name == station]
    assert view.any_fraction == pytest.approx(expected, abs=0.01)


def test_several_antennas_see_a_pass_once() -> None:
    tiny = load_scenario("Tiny")
    twice = dataclasses.replace(tiny, stations=(dataclasses.replace(tiny.stations[0], antennas=3),))
    (one,), (three,) = (
        station_views(["Malindi"], get_world(scenario, 1)) for scenario in (tiny, twice)
    )
    assert (
        three.passes.tolist() == one.passes.tolist()
        and three.view_s.tolist() == one.view_s.tolist()
        and one.passes.min() > 10
    )
    assert (three.any_view_s, three.longest_gap_s) == (one.any_view_s, one.longest_gap_s)


def test_line_of_sight_of_the_real_twelve_is_in_two_parts() -> None:
    """Computed on the real elements: above 80 km grazing always two components on 2025-08-03, the
    larger with 8 of 12 satellites.
    """
    _, world, _ = compiled("ThreeBody12")
    limit_m = EARTH_EQUATORIAL_RADIUS_M + 80e3
    for positions_m in world.positions_m[: int(DAY_S / 10.0) : 30]:
        graph = nx.Graph()
        graph.add_nodes_from(range(12))
        pairs = [(a, b) for a in range(12) for b in range(a)]
        graph.add_edges_from(
            pair
            for pair in pairs
            if sight_margin_m(positions_m[pair[0]], positions_m[pair[1]], limit_m) >= 0.0
        )
        assert sorted(map(len, nx.connected_components(graph))) == [4, 8]


def test_laser_graph_of_the_real_twelve() -> None:
    """The terminals make the same two parts, but for the seconds in which satellites that overtake
    each other are acquired anew.
    """
    derived = compiled("ThreeBody12")[2]
    usual = (derived.components == 2) & (derived.largest_component == 8)
    assert (
        derived.components.min() == 2
        and derived.largest_component.max() == 8
        and 0.99 < usual.mean() < 1.0
    )


def test_the_ring_is_one_component_always() -> None:
    derived = compiled("Ring12")[2]
    assert (
        (derived.components == 1).all()
        and (derived.largest_component == 12).all()
        and derived.link_events == 0
    )
    assert len(derived.components) == 1_440


def test_components_are_those_of_networkx() -> None:
    """CrossPlane12, whose links open and close, at 48 instants."""
    scenario, world, _ = compiled("CrossPlane12")
    times_s = np.arange(48) * 1_800.0 + 17.0
    names = graph_names(scenario)
    counts, largest = laser_components(world, times_s)
    for k, time_s in enumerate(times_s):
        graph = topology(world, names, time_s)
        lasers = nx.Graph([(a, b) for a, b, kind in graph.edges(data="kind") if kind == "laser"])
        lasers.add_nodes_from(range(12))
        parts = list(nx.connected_components(lasers))
        assert (counts[k], largest[k]) == (len(parts), max(map(len, parts)))
    assert len(set(counts.tolist())) > 1


def test_link_events_are_those_of_the_metrics() -> None:
    _, world, derived = compiled("CrossPlane12")
    assert derived.link_events == laser_events(world) == link_events(world, 0.0, DAY_S) > 500


def test_without_lasers_every_satellite_is_alone() -> None:
    scenario = dataclasses.replace(load_scenario("Tiny"), lasers=LaserLinks(terminals=0))
    derived = derive(scenario, get_world(scenario, 1))
    assert (
        (derived.components == 3).all()
        and (derived.largest_component == 1).all()
        and derived.link_events == 0
    )


def test_many_satellites_are_sampled_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    scenario, world, frequent = compiled("Ring12")
    monkeypatch.setattr("orbit_gym.views.describe.derived_quantities.MANY_SATELLITES", 11)
    seldom = derive(scenario, world)
    assert (frequent.sample_s, seldom.sample_s) == (60.0, 600.0) and len(seldom.components) == 144


def test_occupancy_by_hand() -> None:
    """Group 0: 10 to 40 overlaps 30 to 50, and 100 to 110: 50 s.

    Group 1: nothing. Group 2: all day and beyond.
    """
    group, start_s, end_s = (
        np.array([2, 0, 0, 0]),
        np.array([0.0, 100.0, 10.0, 30.0]),
        np.array([1e6, 110.0, 40.0, 50.0]),
    )
    covered_s, gap_s = occupancy(group, start_s, end_s, 3)
    assert covered_s.tolist() == [50.0, 0.0, DAY_S] and gap_s.tolist() == [
        DAY_S - 110.0,
        DAY_S,
        0.0,
    ]


def test_occupancy_against_a_row_of_seconds() -> None:
    rng = np.random.default_rng(3)
    group, start_s = rng.integers(0, 5, 400), rng.integers(0, int(DAY_S), 400).astype(float)
    end_s = start_s + rng.integers(1, 900, 400)
    covered_s, gap_s = occupancy(group, start_s, end_s, 5)
    seconds = defaultdict(lambda: np.zeros(int(DAY_S), bool))
    for owner, low_s, high_s in zip(group, start_s, end_s):
        seconds[int(owner)][int(low_s) : int(high_s)] = True
    for owner, is_seen in seconds.items():
        edges = np.flatnonzero(np.diff(np.r_[1, is_seen, 1].astype(int)))
        assert covered_s[owner] == is_seen.sum() and gap_s[owner] == np.diff(edges)[::2].max()


def test_user_coverage_site_by_site() -> None:
    """Against the same elevation test sampled every 10 s: a user at 25 degrees is a station of that
    mask. 1 % of passes' edges.
    """
    scenario, world, derived = compiled("CrossPlane12")
    sites = scenario.users.sites[:6]
    stations = tuple(
        Station(f"at {site.name}", site.latitude_deg, site.longitude_deg, mask_deg=25.0)
        for site in sites
    )
    other = dataclasses.replace(scenario, stations=stations, datacentres=())
    views = derive(other, get_world(other, 1)).stations
    assert derived.user_coverage_fraction[:6] == pytest.approx(
        [view.any_fraction for view in views], rel=1e-9
    )
    assert derived.user_coverage_fraction.shape == (73,)
