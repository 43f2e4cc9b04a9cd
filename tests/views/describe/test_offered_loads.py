"""Load figures: capacities, coverage and bits against independent counts."""

import dataclasses

import numpy as np
import pytest

from orbit_gym.scenario.loading import load_scenario
from orbit_gym.scenario.scenario import Workload
from orbit_gym.scenario.task_classes import TASK_CLASSES
from orbit_gym.utils.units import DAY_S
from orbit_gym.views.describe.offered_loads import Loads, measure_loads, raw_bits
from orbit_gym.workload.arrivals import Arrivals
from orbit_gym.workload.day_cache import get_arrivals
from orbit_gym.world.layout import DOWNLINK, USER_UP

WORK = Workload(load=0.5, mix={"eo_scene": 0.5, "language_request": 0.5})


@pytest.fixture(scope="module")
def arrivals() -> Arrivals:
    """Tiny's three satellites with a workload that has a load."""
    return get_arrivals(dataclasses.replace(load_scenario("Tiny"), workload=WORK), 1)


@pytest.fixture(scope="module")
def loads(arrivals: Arrivals) -> Loads:
    return measure_loads(arrivals, WORK)


def seconds_in_view(
    arrivals: Arrivals, kind: int, node: int, from_node: bool, end_s: float
) -> float:
    """Length of the union of the contacts of a ground node, by sweeping over their ends."""
    world = arrivals.world
    origins = np.repeat(np.arange(world.edge_offsets.size - 1), np.diff(world.edge_offsets))
    is_of_node = (world.edges["kind"] == kind) & (
        (origins if from_node else world.edges["to"]) == node
    )
    spans = [
        c
        for e in world.edges[is_of_node]
        for c in world.contacts[e["first_contact"] : e["end_contact"]]
    ]
    events = sorted(
        [(min(c["start_s"], end_s), 1) for c in spans]
        + [(min(c["end_s"], end_s), -1) for c in spans],
        key=lambda e: (e[0], -e[1]),
    )
    total = depth = 0
    for (time_s, change), (next_s, _) in zip(events, events[1:]):
        depth += change
        total += (next_s - time_s) * (depth > 0)
    return total


def test_capacity_by_time_is_one_node_a_satellite(loads: Loads) -> None:
    assert loads.time_capacity_node_s == 3.0


def test_capacity_by_energy_is_spare_power_over_computing_power(
    arrivals: Arrivals, loads: Loads
) -> None:
    """Mean of net power over the horizon, sampled every second, over the 180 W between idle and
    full; within 0.1 %.
    """
    world = arrivals.world
    seconds = np.arange(0.5, float(world.sizes["horizon_s"][0]))
    duties = []
    for low, high in zip(world.power_offsets, world.power_offsets[1:]):
        rows = world.power[low:high]
        net_w = rows["net_w"][np.searchsorted(rows["start_s"], seconds, side="right") - 1]
        duties.append(min(1.0, net_w.mean() / 180.0))
    assert loads.energy_capacity_node_s == pytest.approx(sum(duties), rel=1e-3)
    assert (
        loads.least_duty_fraction == pytest.approx(min(duties), rel=1e-3)
        and loads.least_duty_fraction < 1.0
    )


def test_load_by_energy_is_the_load_asked_for(loads: Loads) -> None:
    assert loads.load_by_energy == pytest.approx(0.5, rel=1e-12)
    assert loads.load_by_time == pytest.approx(0.5 * loads.energy_capacity_node_s / 3.0, rel=1e-12)


def test_released_work_is_the_offered_load(loads: Loads) -> None:
    """Rate times mean feasible service of a task, equal shares, must give back half the
    capacity.
    """
    mean = sum(item.feasible_node_s for item in loads.classes.values()) / 2.0
    assert loads.tasks_per_s * mean == pytest.approx(0.5 * loads.energy_capacity_node_s, rel=1e-12)


def test_coverage_is_the_union_of_passes(arrivals: Arrivals, loads: Loads) -> None:
    """Node 5 is Tiny's only user (3 satellites, station, datacentre before it).

    Of the day, not of the World's whole span.
    """
    assert loads.user_coverage_fraction == pytest.approx(
        seconds_in_view(arrivals, USER_UP, 5, True, DAY_S) / DAY_S, rel=1e-9
    )


def test_raw_over_antenna_by_expectation(arrivals: Arrivals, loads: Loads) -> None:
    """Scenes alone are observations: half of the released tasks, 17.07 Gbit each on average, over
    1.2 Gbit/s while the station sees any.

    Node 3 is the station. Bursts are Poisson with a count of thousands, so 10 % is far outside
    chance.
    """
    raw = loads.tasks_per_s * 0.5 * DAY_S * TASK_CLASSES["eo_scene"].input_bits
    antenna = seconds_in_view(arrivals, DOWNLINK, 3, False, DAY_S) * 1.2e9
    assert loads.raw_over_antenna == pytest.approx(raw / antenna, rel=0.10)


def test_a_large_workload_is_drawn_thinner(
    arrivals: Arrivals, loads: Loads, monkeypatch: pytest.MonkeyPatch
) -> None:
    """About 500 bursts of scenes are left.

    20 % is 4.5 standard deviations of their Poisson count.
    """
    released = loads.tasks_per_s * DAY_S
    assert released > 6_000.0
    monkeypatch.setattr("orbit_gym.views.describe.offered_loads.MOST_DRAWN", 6_000)
    counts: list[float] = []
    sample_tasks = arrivals.sample_tasks
    monkeypatch.setattr(
        arrivals,
        "sample_tasks",
        lambda *arguments: counts.append(len(tasks := sample_tasks(*arguments))) or tasks,
    )
    assert raw_bits(arrivals, WORK) == pytest.approx(loads.raw_bits, rel=0.20) and counts[
        0
    ] == pytest.approx(6_000, rel=0.20)


def test_classes_share_the_offered_load(loads: Loads) -> None:
    """Equal shares of tasks: the load of a class is in proportion to its feasible node-seconds a
    task.
    """
    scene, language = (loads.classes[name].feasible_node_s for name in WORK.mix)
    assert sum(loads.offered_by_class_node_s.values()) == pytest.approx(
        loads.offered_node_s, rel=1e-12
    )
    assert loads.offered_by_class_node_s["eo_scene"] / loads.offered_node_s == pytest.approx(
        scene / (scene + language), rel=1e-12
    )


def test_typed_tasks_have_no_load(arrivals: Arrivals) -> None:
    with pytest.raises(ValueError, match="typed by hand"):
        measure_loads(arrivals, load_scenario("Tiny").workload)
