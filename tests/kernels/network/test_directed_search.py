"""Searches towards a target (A*) against searches in all directions, with backlogs, on a hundred
satellites.
"""

import numpy as np
import pytest

from orbit_gym.kernels.episode import ANY_STATION
from orbit_gym.kernels.network.search import (
    EVERYWHERE,
    INPUT,
    RESULT,
    TARGET_SET,
    mark_targets,
    search,
)
from orbit_gym.kernels.network.search_context import Bundle
from orbit_gym.kernels.state import NONE, new_scratch
from orbit_gym.simulation.simulation import Simulation
from orbit_gym.world.downlink_bounds import DIRECTED_FROM
from tests.helpers.playing import at_random, running


@pytest.fixture(scope="module")
def busy() -> Simulation:
    """Walker100 after 300 random decisions."""
    simulation, rng = running("Walker100", 1), np.random.default_rng(1)
    for _ in range(300):
        simulation.apply(at_random(simulation, rng))
    return simulation


@pytest.mark.parametrize("bits", [0.0, 8e6, 8e9])
def test_the_nearest_station_in_time_is_found(busy: Simulation, bits: float) -> None:
    """Authority: Dijkstra without a bound, which settles every station; equal to the last bit."""
    world, scratch, rng = busy.world, new_scratch(busy.world), np.random.default_rng(2)
    stations = np.arange(100, 100 + int(world.sizes["n_stations"][0]))
    assert int(world.sizes["n_satellites"][0]) >= DIRECTED_FROM
    for _ in range(60):
        source, ready_s = int(rng.integers(100)), busy.time_s + float(rng.uniform(0.0, 3_000.0))
        end = search(
            world,
            busy.state,
            scratch,
            RESULT,
            Bundle(source, ready_s, bits, ANY_STATION, ready_s + 7_200.0, False),
            scratch.order,
        )
        mark_targets(scratch, stations)
        search(
            world,
            busy.state,
            scratch,
            INPUT,
            Bundle(source, ready_s, bits, TARGET_SET, ready_s + 7_200.0, False),
            scratch.order,
        )
        labels = scratch.labels[INPUT][stations]
        is_reached = labels["settled"] == scratch.counter[1 + INPUT]
        assert end != NONE and is_reached.any()
        assert scratch.labels[RESULT, end]["arrival_s"] == labels["arrival_s"][is_reached].min()


def test_the_datacentre_is_reached_as_early_as_by_a_search_of_everything(busy: Simulation) -> None:
    world, scratch, rng = busy.world, new_scratch(busy.world), np.random.default_rng(3)
    centre = 100 + int(world.sizes["n_stations"][0])
    for _ in range(40):
        source, ready_s = int(rng.integers(100)), busy.time_s + float(rng.uniform(0.0, 3_000.0))
        limit_s = ready_s + 7_200.0
        assert (
            search(
                world,
                busy.state,
                scratch,
                RESULT,
                Bundle(source, ready_s, 1e9, centre, limit_s, False),
                scratch.order,
            )
            == centre
        )
        search(
            world,
            busy.state,
            scratch,
            INPUT,
            Bundle(source, ready_s, 1e9, EVERYWHERE, limit_s, False),
            scratch.order,
        )
        assert scratch.labels[INPUT, centre]["settled"] == scratch.counter[1 + INPUT]
        assert (
            scratch.labels[RESULT, centre]["arrival_s"]
            == scratch.labels[INPUT, centre]["arrival_s"]
        )
