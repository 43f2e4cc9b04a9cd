"""Every plan of a mixed stream against searches in all directions, with backlogs and faults, in
shells of a hundred satellites and more.
"""

from typing import Any

import numpy as np
import pytest

from orbit_gym.env import OrbitEnv
from orbit_gym.kernels.episode import ANY_STATION
from orbit_gym.kernels.network.search import EVERYWHERE, INPUT, TARGET_SET, mark_targets, search
from orbit_gym.kernels.network.search_context import Bundle
from orbit_gym.kernels.network.transfers import earliest_transfer, range_m
from orbit_gym.kernels.state import MAX_HOPS, Scratch, new_scratch
from orbit_gym.simulation.simulation import Simulation
from orbit_gym.utils.units import SPEED_OF_LIGHT_MPS
from orbit_gym.world.downlink_bounds import DIRECTED_FROM
from tests.helpers.playing import at_random, earliest

FAULTS = {"faults.enabled": True}
# Three of the shells of StarCompute2800, thinned out: two planes of one stand close together, so
# that lasers lead far round.
STARS: dict[str, Any] = {
    "name": "Stars",
    "extends": "StarCompute2800",
    "candidates": 16,
    "workload": {"load": 2.0, "polarimeters": []},
    "constellation": {
        "shells": [
            {
                "inclination_deg": 98.60,
                "altitude_m": 800e3,
                "planes": 2,
                "per_plane": 24,
                "raan_deg": 214.92,
                "raan_spread_deg": 20.0,
            },
            {"walker": "97.40:72/4/1", "pattern": "star", "altitude_m": 500e3, "raan_deg": 289.0},
            {"walker": "30:80/4/1", "altitude_m": 600e3},
        ]
    },
}


@pytest.mark.parametrize(
    ("scenario", "decisions"), [("Walker100", 400), (STARS, 300)], ids=["Walker100", "stars"]
)
def test_no_plan_delivers_later_than_a_search_in_all_directions(
    scenario: Any, decisions: int
) -> None:
    """Authority: Dijkstra that knows no tables, antennas or ways down.

    Deliveries and inputs' arrivals equal to the last bit.
    """
    env, rng = OrbitEnv(scenario, overrides=FAULTS, split="validation"), np.random.default_rng(7)
    env.reset(seed=7)
    simulation = env.simulation
    assert (
        int(simulation.world.sizes["n_satellites"][0]) >= DIRECTED_FROM
        and simulation.episode.faults.size
    )
    scratch, counts = new_scratch(simulation.world), np.zeros(3, np.int64)
    for _ in range(decisions):
        counts += _compare(simulation, scratch)
        simulation.apply(
            at_random(simulation, rng) if rng.random() < 0.5 else earliest(simulation, rng)
        )
    assert (counts > 50).all()  # results to stations, to users, inputs to a datacentre


def _compare(simulation: Simulation, scratch: Scratch) -> np.ndarray:
    """Assert that each plan of the task at hand is as early as can be.

    Returns how many of each kind were looked at.
    """
    world, state, task = (
        simulation.world,
        simulation.state,
        simulation.episode.tasks[simulation.task_index],
    )
    sizes = world.sizes[0]
    stations = np.arange(sizes["n_satellites"], sizes["n_satellites"] + sizes["n_stations"])
    limit_s = float(task["release_s"] + sizes["look_ahead_s"])
    counts = np.zeros(3, np.int64)
    for plan in state.plans[
        (state.candidates >= 0)
        & np.isfinite(state.plans["finish_s"])
        & (state.plans["by_alert"] == 0)
    ]:
        to_any = int(task["destination"]) == ANY_STATION
        if plan["node"] >= sizes["n_satellites"]:
            release_s, bits = float(task["release_s"]), float(task["input_bits"])
            search(
                world,
                state,
                scratch,
                INPUT,
                Bundle(int(task["origin"]), release_s, bits, EVERYWHERE, limit_s, False),
                scratch.order,
            )
            assert plan["arrival_s"] == _earliest(scratch, np.array([plan["node"]]))
            counts[2] += 1
            continue
        source, ready_s, bits = (
            int(plan["node"]),
            float(plan["finish_s"]),
            float(task["result_bits"]),
        )
        if to_any:
            mark_targets(scratch, stations)
            search(
                world,
                state,
                scratch,
                INPUT,
                Bundle(source, ready_s, bits, TARGET_SET, limit_s, False),
                scratch.order,
            )
            best_s = _earliest(scratch, stations)
        elif counts[1] < 2:  # two candidates of each such task: every satellite's beam is tried
            search(
                world,
                state,
                scratch,
                INPUT,
                Bundle(source, ready_s, bits, EVERYWHERE, limit_s, False),
                scratch.order,
            )
            best_s = _down_a_beam(simulation, scratch, int(task["destination"]), bits, limit_s)
        else:
            continue
        # Where the alert channel is open too, it would have been taken had it been earlier.
        assert (
            plan["delivery_s"] == best_s
            if task["alert_delay_s"] < 0.0
            else plan["delivery_s"] <= best_s
        )
        counts[0 if to_any else 1] += 1
    return counts


def _earliest(scratch: Scratch, nodes: np.ndarray) -> float:
    """Earliest arrival at some of the nodes, infinity where the latest search of inputs reached
    none.
    """
    labels = scratch.labels[INPUT][nodes]
    is_reached = labels["settled"] == scratch.counter[1 + INPUT]
    assert (labels["hops"][is_reached] <= MAX_HOPS).all()
    return float(labels["arrival_s"][is_reached].min(initial=np.inf))


def _down_a_beam(
    simulation: Simulation, scratch: Scratch, user: int, bits: float, limit_s: float
) -> float:
    """Earliest arrival at a user over the beam of any satellite that the latest search of inputs
    reached, infinity after limit_s.
    """
    world, best_s = simulation.world, np.inf
    for satellite in range(int(world.sizes["n_satellites"][0])):
        first, end = world.user_downlinks[:, satellite]
        edges = first + np.flatnonzero(world.edges["to"][first:end] == user)
        if (
            not edges.size
            or scratch.labels[INPUT, satellite]["settled"] != scratch.counter[1 + INPUT]
        ):
            continue
        ready_s = float(scratch.labels[INPUT, satellite]["arrival_s"])
        _, end_s = earliest_transfer(
            world, simulation.state, int(edges[0]), ready_s, bits, limit_s, False
        )
        if end_s < np.inf:
            best_s = min(
                best_s, end_s + range_m(world, satellite, user, end_s) / SPEED_OF_LIGHT_MPS
            )
    return best_s if best_s <= limit_s else np.inf
