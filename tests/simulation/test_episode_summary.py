"""Details of an episode: they add up to its metrics, charge follows the ledger, intervals are
binned by hand.
"""

from functools import cache

import numpy as np
import pytest

from orbit_gym.env import OrbitEnv
from orbit_gym.scenario.task_classes import TASK_CLASSES
from orbit_gym.simulation.episode_summary import (
    LATENCY_EDGES_S,
    N_BINS,
    PLACES,
    Details,
    binned,
    satellite_groups,
)
from orbit_gym.simulation.outcomes import OUTCOME_NAMES
from orbit_gym.vector import OrbitVectorEnv


@cache
def summary_of(name: str, seed: int) -> tuple[Details, dict[str, float]]:
    """Details and metrics of an episode of random valid actions."""
    env = OrbitEnv(name, split="validation")
    env.reset(seed=seed)
    rng, is_over = np.random.default_rng(seed), False
    while not is_over:
        _, _, _, is_over, info = env.step(int(rng.choice(np.flatnonzero(env.action_masks()))))
    return env.episode_details(), info["episode_metrics"]


CASES = [("Tiny", 0), ("Ring12", 5), ("tight-energy", 1), ("faults", 2)]


@pytest.mark.parametrize(("name", "seed"), CASES)
def test_counts_add_up_to_the_metrics(name: str, seed: int) -> None:
    details, metrics = summary_of(name, seed)
    totals = dict(zip(OUTCOME_NAMES, details.outcomes.sum(axis=0), strict=True))
    assert totals == {
        "delivered": metrics["n_delivered"],
        "late": metrics["n_late"],
        "lost": metrics["n_revoked"],
        "rejected": metrics["n_rejected"],
    }
    assert (
        dict(zip(PLACES, details.places.sum(axis=0), strict=True))["rejected"]
        == metrics["n_rejected"]
    )
    assert details.flow.sum() == details.places.sum() == metrics["n_released"]
    assert details.flow[:, -1].sum() == metrics["n_rejected"]
    for index, kind in enumerate(TASK_CLASSES):
        assert details.outcomes[index].sum() == metrics.get(f"{kind}.n_released", 0.0)
        assert details.latencies[index].sum() == metrics.get(f"{kind}.n_delivered", 0.0)


@pytest.mark.parametrize(("name", "seed"), CASES)
def test_use_over_time_averages_to_the_metric(name: str, seed: int) -> None:
    details, metrics = summary_of(name, seed)
    assert details.utilisation.mean() == pytest.approx(metrics["utilisation_fraction"], rel=1e-9)
    assert details.group_utilisation.mean() == pytest.approx(
        metrics["utilisation_fraction"], rel=1e-9
    )  # groups are single satellites
    assert (
        details.group_utilisation.min() >= -1e-9 and details.group_utilisation.max() <= 1.0 + 1e-9
    )


@pytest.mark.parametrize(("name", "seed"), CASES[:3])
def test_charge_ends_where_the_ledger_ends(name: str, seed: int) -> None:
    """The ledger is exact.

    Here a battery is seen full at most 9.5 s late, 400 W * 9.5 s of 1.44 MJ = 0.0026.
    """
    details, metrics = summary_of(name, seed)
    assert details.charge[-1] == pytest.approx(metrics["final_charge_fraction"], abs=0.0026)
    assert details.charge.mean() == pytest.approx(
        metrics["mean_charge_fraction"], abs=0.01
    )  # the metric has ten times the points
    assert (
        details.least_charge <= details.charge + 1e-12
    ).all() and details.group_charge.max() <= 1.0 + 1e-12


def test_the_median_latency_lies_in_its_bin() -> None:
    details, metrics = summary_of("Ring12", 5)
    counts = np.cumsum(details.latencies.sum(axis=0))
    middle = int(np.searchsorted(counts, counts[-1] / 2.0))
    assert (
        LATENCY_EDGES_S[middle] <= metrics["latency_p50_s"] * 1.001
        and metrics["latency_p50_s"] <= LATENCY_EDGES_S[middle + 1] * 1.001
    )


def test_tiny_by_hand() -> None:
    """Eight typed tasks, from two satellites and a user.

    The last column of the flow holds what was rejected.
    """
    details, metrics = summary_of("Tiny", 0)
    assert details.flow.shape == (3 + 1, 3 + 1 + 1) and details.flow.sum(axis=1).tolist() == [
        3,
        2,
        0,
        3,
    ]
    assert details.sunlit[0] == 0.0  # the string begins in eclipse
    assert details.utilisation.shape == (N_BINS,) and metrics["n_released"] == 8


def test_a_batch_has_the_same_details_as_single_environments() -> None:
    envs, seeds = OrbitVectorEnv(2, "Tiny", split="validation", autoreset_mode="Disabled"), [0, 3]
    envs.reset(seed=seeds)
    with pytest.raises(RuntimeError, match="member 0 is not over yet"):
        envs.episode_details(0)
    rngs = [np.random.default_rng(seed) for seed in seeds]
    for _ in range(8):
        envs.step(
            np.array(
                [
                    rng.choice(np.flatnonzero(mask))
                    for rng, mask in zip(rngs, envs.action_masks(), strict=True)
                ]
            )
        )
    for member, seed in enumerate(seeds):
        for of_member, single in zip(
            envs.episode_details(member), summary_of("Tiny", seed)[0], strict=True
        ):
            assert np.array_equal(of_member, single)


def test_details_are_refused_before_the_end() -> None:
    env = OrbitEnv("Tiny")
    env.reset(seed=0)
    with pytest.raises(RuntimeError, match="the episode is not over yet"):
        env.episode_details()


def test_intervals_are_binned_by_hand() -> None:
    """Bins of 10 s from 100.

    Row 0: weight 2 over [103, 125) and over what lies outside; row 1: weight 1 over all and beyond.
    """
    row, weight = np.array([0, 0, 1]), np.array([2.0, 5.0, 1.0])
    start_s, end_s = np.array([103.0, 50.0, 90.0]), np.array([125.0, 60.0, 200.0])
    integrals = binned(row, start_s, end_s, weight, 3, np.array([100.0, 110.0, 120.0, 130.0]))
    assert integrals.tolist() == [[14.0, 20.0, 10.0], [10.0, 10.0, 10.0], [0.0, 0.0, 0.0]]


def test_many_satellites_are_shown_in_blocks_of_equal_size() -> None:
    assert satellite_groups(12).tolist() == list(range(12))
    blocks = satellite_groups(2800)
    assert (
        blocks[-1] + 1 <= 24
        and np.bincount(blocks)[:-1].tolist() == [117] * 23
        and blocks.size == 2800
    )
