"""The load is what is released: node-seconds of drawn tasks over many seeds against rate, mix and
measured service.
"""

import dataclasses

import numpy as np
import pytest

from orbit_gym.scenario.loading import load_scenario
from orbit_gym.scenario.scenario import Workload
from orbit_gym.scenario.task_classes import TASK_CLASSES
from orbit_gym.utils.units import DAY_S
from orbit_gym.workload.arrivals import SAMPLES_PER_CLASS, Arrivals
from orbit_gym.workload.day_cache import get_arrivals
from orbit_gym.workload.load_accounting import (
    available_node_s,
    relaxed_on_time,
    service_node_s,
)

# Every kind of arrival: chunks, clusters, a rate of two levels, an on-off rate, and Poisson.
MIX = {
    "emergency_mapping": 0.1,
    "wildfire_alert": 0.4,
    "language_request": 0.2,
    "code_request": 0.2,
    "bulk_reprocessing": 0.1,
}
WORK = Workload(load=0.6, mix=MIX, slack_scale={"bulk_reprocessing": 0.5})
N_DAYS, N_JUDGED_DAYS = 100, 12  # feasibility takes most of the time


@pytest.fixture(scope="module")
def arrivals() -> Arrivals:
    return get_arrivals(dataclasses.replace(load_scenario("Tiny"), workload=WORK), 1)


@pytest.fixture(scope="module")
def days(arrivals: Arrivals) -> list[np.ndarray]:
    return [
        arrivals.sample_tasks(WORK, 0.0, DAY_S, np.random.default_rng(seed))
        for seed in range(N_DAYS)
    ]


@pytest.mark.parametrize("name", MIX)
def test_each_class_is_released_in_its_share(
    arrivals: Arrivals, days: list[np.ndarray], name: str
) -> None:
    """Counts a day against rate times share, within 3 standard errors of their own scatter, which
    are below 4 %.
    """
    index = list(TASK_CLASSES).index(name)
    counts = np.array([(day["task_class"] == index).sum() for day in days])
    expected = arrivals.tasks_per_s(WORK) * MIX[name] * DAY_S
    error = counts.std(ddof=1) / np.sqrt(N_DAYS)
    assert abs(counts.mean() - expected) < 3.0 * error < 0.12 * expected


def test_released_node_seconds_are_the_load(arrivals: Arrivals, days: list[np.ndarray]) -> None:
    """Node-seconds of released, feasible tasks over what the satellites offer = load, within 3
    standard errors below 5 % each.

    Two errors add: the scatter between days, and that the load is defined by a sample of each
    class.
    """
    offered_node_s = np.zeros(N_JUDGED_DAYS)
    world = arrivals.world
    sampled = 0.0
    rates = {
        name: arrivals.tasks_per_s(WORK) * share / sum(MIX.values()) for name, share in MIX.items()
    }
    for name, rate_per_s in rates.items():
        index = list(TASK_CLASSES).index(name)
        worth = []
        for number, day in enumerate(days[:N_JUDGED_DAYS]):
            tasks = day[day["task_class"] == index]
            worth.append(service_node_s(world, tasks) * relaxed_on_time(world, tasks))
            offered_node_s[number] += worth[-1].sum() / DAY_S
        sampled += (rate_per_s * np.concatenate(worth).std()) ** 2 / SAMPLES_PER_CLASS
    load, capacity = offered_node_s / available_node_s(world), available_node_s(world)
    error = np.hypot(load.std(ddof=1) / np.sqrt(N_JUDGED_DAYS), np.sqrt(sampled) / capacity)
    assert abs(load.mean() - WORK.load) < 3.0 * error < 3.0 * 0.05 * WORK.load


def test_clusters_that_began_before_the_start_are_there(arrivals: Arrivals) -> None:
    """Fires in five minutes over an event region: as many whether the draw begins there or an hour
    before, within 3 standard errors.

    Clusters last some 280 s, so that without those of before about half would be missing; 3 errors
    are below a quarter.
    """
    work = Workload(load=0.002, mix={"wildfire_alert": 1.0})
    weights = arrivals.spawn_sites.cell_weights["hotspot"].any(axis=1)
    cell = next(k for k in range(400, len(weights)) if weights[k - 8 : k + 8].all())
    start_s = 30.0 * cell

    def counts(from_s: float) -> np.ndarray:
        days = [
            arrivals.sample_tasks(work, from_s, start_s + 300.0, np.random.default_rng(seed))
            for seed in range(400)
        ]
        released = np.concatenate(days)["release_s"]
        assert from_s <= released.min() and released.max() < start_s + 300.0
        return np.array([(day["release_s"] >= start_s).sum() for day in days])

    at_once, warm = counts(start_s), counts(start_s - 3_600.0)
    error = np.hypot(at_once.std(), warm.std()) / np.sqrt(400.0)
    assert abs(at_once.mean() - warm.mean()) < 3.0 * error < 0.25 * warm.mean()
