"""Bounds to the ground: never above what light needs over the links of any instant of their window,
and close below it.
"""

import networkx as nx
import numpy as np
import pytest

from orbit_gym.kernels.network.transfers import range_m
from orbit_gym.orbits.positions import load_orbits
from orbit_gym.scenario.loading import load_scenario
from orbit_gym.simulation.graph import topology
from orbit_gym.utils.units import SPEED_OF_LIGHT_MPS
from orbit_gym.world.compiler import graph_names
from orbit_gym.world.downlink_bounds import BUCKET_S, DIRECTED_FROM, UNREACHABLE, WINDOW_S, _least_m
from orbit_gym.world.world_cache import get_world

FASTEST_BPS = 100e9  # of a laser: a hop at a tenth of it takes as long as ten


@pytest.fixture(scope="module")
def scenario():
    return load_scenario("Walker100")


@pytest.fixture(scope="module")
def world(scenario):
    return get_world(scenario, 4)


def ways_down(
    world, names, time_s: float
) -> tuple[dict[tuple[int, int], float], dict[tuple[int, int], int]]:
    """Least light time and least number of lasers (slow ones count as several) by (satellite,
    station), at one instant (networkx).
    """
    up = topology(world, names, time_s)
    graph = nx.DiGraph()
    for a, b, link in up.edges(data=True):
        if link["kind"] == "laser":
            graph.add_edge(
                b, a, light_s=link["delay_s"], hops=FASTEST_BPS // link["rate_bps"]
            )  # turned round: the search starts on the ground
        elif link["kind"] == "downlink":
            graph.add_edge(b, a, light_s=link["delay_s"], hops=0)
    lengths_of: tuple[dict, dict] = {}, {}
    for station in [b for _, b, link in up.edges(data=True) if link["kind"] == "downlink"]:
        for lengths, weight in zip(lengths_of, ("light_s", "hops")):
            for node, length in nx.single_source_dijkstra_path_length(
                graph, station, weight=weight
            ).items():
                lengths[node, station - 100] = length
    return lengths_of


def test_no_way_at_any_instant_of_a_window_is_shorter_and_most_are_little_longer(
    scenario, world
) -> None:
    """Authority: networkx over the topology at 5 instants of 12 windows.

    Nothing below the bound, half within 10 % above it.
    """
    names, rng = tuple(graph_names(scenario, load_orbits(scenario))), np.random.default_rng(0)
    ratios = []
    for minute in rng.integers(0, len(world.ground_light_s), 12):
        for time_s in minute * BUCKET_S + np.linspace(0.0, WINDOW_S, 5):
            light_s, hops = ways_down(world, names, float(time_s))
            for satellite in range(100):
                for station in range(world.ground_light_s.shape[2]):
                    if (satellite, station) in light_s:
                        assert (
                            world.ground_light_s[minute, satellite, station]
                            <= light_s[satellite, station]
                        )
                        assert (
                            world.ground_hops[minute, satellite, station]
                            <= hops[satellite, station]
                        )
                        ratios.append(
                            light_s[satellite, station]
                            / world.ground_light_s[minute, satellite, station]
                        )
    assert len(ratios) > 3_000 and np.median(ratios) < 1.10


def test_what_leads_nowhere_is_said_to(world) -> None:
    """Infinite light time exactly where there are no hops to count."""
    assert ((world.ground_hops == UNREACHABLE) == np.isinf(world.ground_light_s)).all()


def test_small_worlds_have_none() -> None:
    assert (
        get_world(load_scenario("CrossPlane12"), 4).ground_light_s.shape == (0, 12, 5)
        and 12 < DIRECTED_FROM
    )


def test_least_distance_of_two_straight_ways() -> None:
    """By hand: passing at 3, closest at the start, parallel."""
    points = [
        np.array(point, float)
        for point in ([-4, 3, 0], [4, 3, 0], [0, 0, 0], [1, 3, 0], [0, 0, 8], [8, 3, 0])
    ]
    a, b, origin, start, _, far_m = points
    assert _least_m(a, b, origin, origin) == 3.0
    assert _least_m(start, far_m, origin, origin) == pytest.approx(np.sqrt(10.0))
    assert _least_m(a, b, origin, origin + (b - a)) == 5.0


def test_no_satellite_in_view_is_farther_than_the_longest_way_down(world) -> None:
    """Both ends of 2,000 passes, where a satellite is farthest.

    And the bound is not far above them.
    """
    rows = np.random.default_rng(1).integers(0, len(world.downlinks_by_station), 2_000)
    down_s = [
        range_m(world, int(gate["satellite"]), int(world.edges["to"][gate["edge"]]), float(time_s))
        / SPEED_OF_LIGHT_MPS
        for gate in world.downlinks_by_station[rows]
        for time_s in (gate["start_s"], gate["end_s"])
    ]
    assert 0.9 * world.sizes["longest_down_s"][0] < max(down_s) <= world.sizes["longest_down_s"][0]
