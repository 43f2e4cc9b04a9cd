"""Drawn faults: which calendars and accelerators they name, and refusals.

Validation/outages.py has the long-run laws.
"""

import numpy as np
import pytest

from orbit_gym.kernels.episode import CALENDAR_FAULT
from orbit_gym.scenario.loading import load_scenario
from orbit_gym.scenario.scenario import Faults
from orbit_gym.workload.fault_process import laser_pairs, sample_faults, sample_spells
from orbit_gym.world.layout import DOWNLINK, LASER
from orbit_gym.world.world_cache import get_world


@pytest.fixture(scope="module")
def scenario():
    return load_scenario("CrossPlane12")


@pytest.fixture(scope="module")
def world(scenario):
    return get_world(scenario, 4)


def sample(world, stations=(), seed=0, start_s=0.0, end_s=90_000.0, **changes) -> np.ndarray:
    return sample_faults(
        Faults(enabled=True, **changes),
        stations,
        world,
        start_s,
        end_s,
        np.random.default_rng(seed),
    )


def test_spells_have_their_share_and_length() -> None:
    """Authority: alternating renewal theory. 4,000 processes over 20 mean cycles: share down, mean
    spell and share down at the start.
    """
    count, share, mean_s, end_s = 4_000, 0.3, 40.0, 2_667.0
    process, begin_s, over_s = sample_spells(
        count, share, mean_s, 0.0, end_s, np.random.default_rng(1)
    )
    down_s = np.bincount(process, np.minimum(over_s, end_s) - begin_s, minlength=count) / end_s
    assert abs(down_s.mean() - share) < 3.0 * down_s.std(ddof=1) / np.sqrt(count)
    at_start = np.isin(np.arange(count), process[begin_s == 0.0])
    assert abs(at_start.mean() - share) < 3.0 * np.sqrt(share * (1.0 - share) / count)
    inner_s = (over_s - begin_s)[(begin_s > 0.0) & (begin_s < end_s / 2)]
    assert abs(inner_s.mean() - mean_s) < 3.0 * inner_s.std(ddof=1) / np.sqrt(inner_s.size)


def test_spells_that_are_always_or_never_down() -> None:
    assert sample_spells(3, 1.0, 10.0, 5.0, 9.0, np.random.default_rng(0))[1].tolist() == [
        5.0,
        5.0,
        5.0,
    ]
    assert sample_spells(0, 0.5, 10.0, 5.0, 9.0, np.random.default_rng(0))[1].size == 0


def test_links_fail_in_both_directions_for_their_share(world) -> None:
    """Up-time 0.99 of every pair that is ever linked (Starlink's, facts 2.6), mean over pairs and
    seeds.
    """
    samples = [sample(world, seed=seed, reset_mean_s=0.0) for seed in range(20)]
    pairs = laser_pairs(world)
    lasers = world.edges[world.edges["kind"] == LASER]
    assert sorted(pairs.ravel().tolist()) == sorted(lasers["resource_a"].tolist())
    shares = []
    for faults in samples:
        assert (faults["kind"] == CALENDAR_FAULT).all() and (
            np.diff(faults["strike_s"]) >= 0.0
        ).all()
        length_s = np.minimum(faults["end_s"], 90_000.0) - faults["strike_s"]
        down_s = np.bincount(
            faults["index"], length_s, minlength=int(world.sizes["n_resources"][0])
        )[pairs]
        assert np.array_equal(down_s[:, 0], down_s[:, 1])
        shares.append(down_s[:, 0] / 90_000.0)
    share = np.concatenate(shares)
    assert abs(share.mean() - 0.01) < 3.0 * share.std(ddof=1) / np.sqrt(share.size)


def test_each_pair_is_one_link(world) -> None:
    """The two calendars of a row belong to the two directions of one pair."""
    senders = np.repeat(np.arange(world.edge_offsets.size - 1), np.diff(world.edge_offsets))
    ends = {
        int(edge["resource_a"]): {int(a), int(edge["to"])}
        for a, edge in zip(senders, world.edges)
        if edge["kind"] == LASER
    }
    assert all(ends[int(a)] == ends[int(b)] and a != b for a, b in laser_pairs(world))


def test_clouds_block_optical_stations_alone() -> None:
    """Two optical antennas at Sanya (share cloudy 0.5): both calendars blocked at once, nobody
    else's; off where it is a radio station.
    """
    base = load_scenario("Ring12")
    optical = [
        {
            "name": "Sanya",
            "latitude_deg": 18.31,
            "longitude_deg": 109.31,
            "is_optical": True,
            "cloud_fraction": 0.5,
            "antennas": 2,
        }
    ]
    scenario = load_scenario(
        "Ring12",
        {"stations": [{"name": "Kashi", "latitude_deg": 39.51, "longitude_deg": 75.93}, *optical]},
    )
    world = get_world(scenario, 4)
    downlinks = world.edges[world.edges["kind"] == DOWNLINK]
    antennas = set(downlinks["resource_b"][downlinks["to"] == 13].tolist())
    shares = []
    for seed in range(200):
        faults = sample(
            world,
            scenario.stations,
            seed,
            reset_mean_s=0.0,
            link_up_fraction=1.0,
            cloud_spell_s=3_000.0,
        )
        if faults.size:
            assert set(faults["index"].tolist()) == antennas and len(antennas) == 2
        first = faults[faults["index"] == min(antennas)]
        shares.append((np.minimum(first["end_s"], 90_000.0) - first["strike_s"]).sum() / 90_000.0)
    assert abs(np.mean(shares) - 0.5) < 3.0 * np.std(shares, ddof=1) / np.sqrt(len(shares))
    assert sample(world, base.stations, reset_mean_s=0.0, link_up_fraction=1.0).size == 0


def test_the_switch_is_off_by_default(world, scenario) -> None:
    assert not scenario.faults.enabled
    assert (
        sample_faults(
            scenario.faults, scenario.stations, world, 0.0, 1e4, np.random.default_rng(0)
        ).size
        == 0
    )


def test_mistakes_are_refused() -> None:
    with pytest.raises(
        ValueError, match=r"faults\.reboot_low_s must be at most reboot_high_s = 180, got 200"
    ):
        load_scenario("Ring12", {"faults.reboot_low_s": 200.0})
    with pytest.raises(
        ValueError, match=r"faults\.link_up_fraction must be at least 0\.01 and at most 1"
    ):
        load_scenario("Ring12", {"faults.link_up_fraction": 0.0})
