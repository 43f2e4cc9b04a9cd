"""Faults: long-run shares, rates and lengths of drawn outages against what renewal theory and the
parameters say.

Authorities: the stationary alternating renewal process (Cox 1962): share down = mean down / (mean
down + mean up), also at the start; a Poisson process thinned by place: expected count = rate times
time spent there.
"""

from pathlib import Path

import numpy as np

from orbit_gym.kernels.episode import UNIT_FAULT
from orbit_gym.scenario.loading import load_scenario
from orbit_gym.scenario.scenario import Faults, Station
from orbit_gym.workload.fault_process import in_anomaly, laser_pairs, sample_faults
from orbit_gym.world.layout import DOWNLINK, World
from orbit_gym.world.world_cache import get_world
from validation.rows import Row, judged_row

STANDARD_ERRORS = 3.0
SPAN_S = 90_000.0
OPTICAL = Station("Sanya", 18.31, 109.31, is_optical=True, cloud_fraction=0.45)
ONLY_RESETS = {"link_up_fraction": 1.0}
ONLY_LINKS = {"reset_mean_s": 0.0}
ONLY_CLOUDS = ONLY_RESETS | ONLY_LINKS


def sample(
    world: World, seed: int, stations: tuple[Station, ...] = (), **changes: float
) -> np.ndarray:
    """Faults of one span of 25 hours."""
    return sample_faults(
        Faults(enabled=True, **changes), stations, world, 0.0, SPAN_S, np.random.default_rng(seed)
    )


def in_errors(values: np.ndarray, expected: float) -> float:
    """Distance of a mean from what is expected, in its standard errors."""
    return float(abs(values.mean() - expected) / (values.std(ddof=1) / np.sqrt(values.size)))


def resets(world: World, seeds: int) -> tuple[float, float, float]:
    """Compare resets and reboots with the expected, in standard errors.

    Resets inside and outside the anomaly.
    """
    mean_s, factor = 50_000.0, 15.0
    faults = np.concatenate(
        [
            sample(world, seed, reset_mean_s=mean_s, saa_factor=factor, **ONLY_RESETS)
            for seed in range(seeds)
        ]
    )
    assert (faults["kind"] == UNIT_FAULT).all()
    in_saa = in_anomaly(world, faults["index"], faults["strike_s"])
    times_s = np.arange(0.0, SPAN_S, float(world.sizes["grid_s"][0]))
    share = np.mean(
        [in_anomaly(world, np.full(times_s.size, satellite), times_s) for satellite in range(12)]
    )
    node_s = seeds * 12 * SPAN_S
    expected = (share * node_s * factor / mean_s, (1.0 - share) * node_s / mean_s)
    counts = (np.count_nonzero(in_saa), np.count_nonzero(~in_saa))
    error = [
        abs(count - mean) / np.sqrt(mean) for count, mean in zip(counts, expected, strict=True)
    ]
    return float(error[0]), float(error[1]), in_errors(faults["end_s"] - faults["strike_s"], 120.0)


def links(world: World, seeds: int) -> tuple[float, float]:
    """Share of time that links are down and mean outage, in standard errors.

    Processes are the links of every seed.
    """
    first = laser_pairs(world)[:, 0]
    shares, lengths = [], []
    for seed in range(seeds):
        faults = sample(world, seed, **ONLY_LINKS)
        faults = faults[np.isin(faults["index"], first)]
        down_s = np.minimum(faults["end_s"], SPAN_S) - faults["strike_s"]
        shares.append(
            np.bincount(faults["index"], down_s, minlength=int(world.sizes["n_resources"][0]))[
                first
            ]
            / SPAN_S
        )
        is_full = (faults["strike_s"] > 0.0) & (
            faults["strike_s"] < SPAN_S / 2
        )  # chosen by their start: not biased by length
        lengths.append((faults["end_s"] - faults["strike_s"])[is_full])
    return in_errors(np.concatenate(shares), 0.01), in_errors(np.concatenate(lengths), 30.0)


def clouds(seeds: int) -> tuple[float, float]:
    """Compare how long an optical station is under clouds, in standard errors over seeds.

    Share of time, and share at the start.
    """
    scenario = load_scenario(
        "Ring12", {"stations": [{"name": "Sanya", "latitude_deg": 18.31, "longitude_deg": 109.31}]}
    )
    world = get_world(scenario, 4)
    antenna = int(world.edges["resource_b"][world.edges["kind"] == DOWNLINK][0])
    shares, at_start = np.zeros(seeds), np.zeros(seeds)
    for seed in range(seeds):
        faults = sample(world, seed, (OPTICAL,), **ONLY_CLOUDS)
        assert set(faults["index"].tolist()) <= {antenna}
        shares[seed] = (np.minimum(faults["end_s"], SPAN_S) - faults["strike_s"]).sum() / SPAN_S
        at_start[seed] = (faults["strike_s"] == 0.0).any()
    return in_errors(shares, OPTICAL.cloud_fraction), in_errors(at_start, OPTICAL.cloud_fraction)


def measure(data: Path | None, seeds: int = 200) -> list[Row]:
    """Everything in standard errors, each from `seeds` spans of 25 hours."""
    world = get_world(load_scenario("CrossPlane12"), 4)
    in_saa, out_of_saa, reboot = resets(world, seeds)
    down_share, length = links(world, max(10, seeds // 10))
    share, start = clouds(seeds)
    rows = [
        ("resets inside the South Atlantic Anomaly, rate x 15", "thinned Poisson process", in_saa),
        ("resets outside it", "thinned Poisson process", out_of_saa),
        ("length of reboots", "uniform law", reboot),
        ("share of time that a laser link is down", "renewal theory", down_share),
        ("length of link outages", "exponential law", length),
        ("share of time that clouds block an optical station", "renewal theory", share),
        ("the same at the start of an episode", "renewal theory", start),
    ]
    return [
        judged_row(subject, authority, error, STANDARD_ERRORS, "standard errors")
        for subject, authority, error in rows
    ]
