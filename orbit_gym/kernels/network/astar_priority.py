"""Aims: what a search goes towards, and how early a bundle at a node can be at the target at best:
its key in the heap.

Keys never decrease along a way, and never exceed the true arrival, so that the search is exact
(A*).
"""

import math
from typing import NamedTuple

import numpy as np

from orbit_gym.kernels.network.station_bounds import Tables, lands_s, reached_s
from orbit_gym.kernels.network.transfers import range_m
from orbit_gym.kernels.state import State
from orbit_gym.utils.jit import inline_kernel
from orbit_gym.utils.units import SPEED_OF_LIGHT_MPS
from orbit_gym.world.downlink_bounds import BUCKET_S, WINDOW_S
from orbit_gym.world.layout import World

# no satellite moves faster over the turning Earth: 7.7 km/s and 0.5 km/s of turning at 500 km
FASTEST_MPS = 9_000.0
SIGNAL_MPS = (
    SPEED_OF_LIGHT_MPS + FASTEST_MPS
)  # a distance over this is never more than light needs, while both ends move
# among routes of equal delivery: at 1 the quickest to the satellite, found last; far above 1 any,
# found first
EAGERNESS = 4.0
NOWHERE, AT_SITE, TO_GROUND = 0, 1, 2


class Aim(NamedTuple):
    """What a search goes towards, and what bounds the rest of a way."""

    kind: int
    site: int
    tables: Tables
    n_ways: int  # rows of Scratch.ways_down that hold, once the search has looked for them
    beyond_s: float  # no other way down arrives before this


NO_TABLES = Tables(0, 0.0, 0.0, math.inf)
UNDIRECTED = Aim(NOWHERE, 0, NO_TABLES, 0, math.inf)


@inline_kernel
def take_aim(world: World, target: int, ready_s: float, bits: float) -> Aim:
    """Choose how to bound what remains to the target.

    To a user, or (a station, a datacentre or any station) to the ground.
    """
    sizes = world.sizes[0]
    site = target - sizes.n_satellites
    if site >= sizes.n_stations + sizes.n_datacentres:
        return Aim(AT_SITE, site, NO_TABLES, 0, math.inf)
    bucket = int(ready_s / BUCKET_S)
    if bucket >= world.ground_light_s.shape[0]:
        return UNDIRECTED
    laser_s, downlink_s = bits / sizes.fastest_laser_bps, bits / sizes.fastest_downlink_bps
    return Aim(
        TO_GROUND,
        site,
        Tables(bucket, laser_s, downlink_s, bucket * BUCKET_S + WINDOW_S),
        0,
        math.inf,
    )


@inline_kernel
def least_light_s(world: World, node: int, other: int, time_s: float) -> float:
    """Time that light surely needs between two nodes, wherever they move meanwhile."""
    return range_m(world, node, other, time_s) / SIGNAL_MPS


@inline_kernel
def key_of(
    world: World,
    state: State,
    node: int,
    time_s: float,
    aim: Aim,
    ways: np.ndarray,
    landings: np.ndarray,
) -> tuple[float, float]:
    """How early a bundle at a node can be at the target at best.

    And what orders equal keys (0 where no way down is known).
    """
    sizes = world.sizes[0]
    if aim.kind == NOWHERE:
        return time_s, 0.0
    if node >= sizes.n_satellites:
        number = node - sizes.n_satellites
        return (
            time_s + landings[number].after_s
            if aim.kind == TO_GROUND and number < sizes.n_stations
            else time_s
        ), 0.0
    if aim.kind == AT_SITE:
        return time_s + least_light_s(world, node, sizes.n_satellites + aim.site, time_s), 0.0
    tables = aim.tables
    light_s = world.ground_light_s[tables.row, node]
    hops = world.ground_hops[tables.row, node]
    left_s = max(0.0, tables.end_s - time_s)  # of the time in which the tables hold
    key_s = tie_s = math.inf
    for station in range(sizes.n_stations):
        surely_s = min(light_s[station] + hops[station] * tables.laser_s, left_s)
        least_s = time_s + surely_s + tables.downlink_s + landings[station].after_s
        if least_s < key_s:
            reach_s = time_s + min(reached_s(world, tables, node, station), left_s)
            least_s = max(
                least_s, lands_s(world, state, landings, station, reach_s, tables.downlink_s)
            )
        if least_s < key_s:
            key_s = least_s
            tie_s = time_s + EAGERNESS * surely_s
    if aim.n_ways == 0:
        return key_s, tie_s
    least_s = aim.beyond_s
    for k in range(aim.n_ways):
        way = ways[k]
        if k > 0 and way.floor_s >= least_s:
            break
        straight_s = hop_s = 0.0
        if node != way.satellite:
            straight_s = least_light_s(world, node, way.satellite, time_s)
            hop_s = tables.laser_s
        tabled_s = max(straight_s, light_s[way.station]) + hops[way.station] * tables.laser_s
        rest_s = max(straight_s + hop_s, min(tabled_s, tables.end_s - time_s))
        if k == 0:
            tie_s = time_s + EAGERNESS * rest_s
        least_s = min(
            least_s,
            max(way.floor_s, time_s + rest_s + tables.downlink_s + landings[way.station].after_s),
        )
    return max(key_s, least_s), tie_s
