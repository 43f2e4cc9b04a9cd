"""Aims: what a search goes towards, and how early a bundle at a node can be at the target at best: its key in the heap.

Keys never decrease along a way, and never exceed the true arrival, so that the search is exact (A*).
"""

import math
from typing import NamedTuple

import numpy as np

from orbit_gym.bounds import BUCKET_S, WINDOW_S
from orbit_gym.episode import ANY_STATION
from orbit_gym.jit import inlined
from orbit_gym.transfers import range_m
from orbit_gym.units import SPEED_OF_LIGHT_MPS
from orbit_gym.world import FIBRE, World

FASTEST_MPS = 9_000.0  # no satellite moves faster over the turning Earth: 7.7 km/s and 0.5 km/s of turning at 500 km
SIGNAL_MPS = SPEED_OF_LIGHT_MPS + FASTEST_MPS  # a distance over this is never more than light needs, while both ends move
EAGERNESS = 4.0  # among routes of equal delivery: at 1 the quickest to the satellite, found last; far above 1 any, found first
NOWHERE, AT_SITE, TO_GROUND = 0, 1, 2


class Aim(NamedTuple):
    """What a search goes towards, and what bounds the rest of a way."""

    kind: int
    row: int  # site, or minute of World.ground_light_s
    laser_s: float  # least time of the bundle on any laser
    downlink_s: float  # and on any downlink
    fibre_s: float  # and from a station to the datacentre that is the target; 0 for others
    end_s: float  # until when the bound of the minute holds
    n_ways: int  # rows of Scratch.ways_down that hold, once the search has looked for them
    beyond_s: float  # no other way down arrives before this


UNDIRECTED = Aim(NOWHERE, 0, 0.0, 0.0, 0.0, math.inf, 0, math.inf)


@inlined
def take_aim(world: World, target: int, ready_s: float, bits: float) -> Aim:
    """How to bound what remains to a user, or (target a station, a datacentre or any station) to the ground."""
    sizes = world.sizes[0]
    site = target - sizes.n_satellites
    if site >= sizes.n_stations + sizes.n_datacentres:
        return Aim(AT_SITE, site, 0.0, 0.0, 0.0, math.inf, 0, math.inf)
    bucket = int(ready_s / BUCKET_S)
    if bucket >= world.ground_light_s.shape[0]:
        return UNDIRECTED
    fibre_s = _least_fibre_s(world, target, bits) if site >= sizes.n_stations else 0.0
    laser_s, downlink_s = bits / sizes.fastest_laser_bps, bits / sizes.fastest_downlink_bps
    return Aim(TO_GROUND, bucket, laser_s, downlink_s, fibre_s, bucket * BUCKET_S + WINDOW_S, 0, math.inf)


@inlined
def _least_fibre_s(world: World, target: int, bits: float) -> float:
    """Least time of a bundle from any station to a datacentre."""
    sizes = world.sizes[0]
    least_s = math.inf
    for station in range(sizes.n_satellites, sizes.n_satellites + sizes.n_stations):
        least_s = min(least_s, onward_s(world, station, target, bits))
    return least_s


@inlined
def onward_s(world: World, station: int, target: int, bits: float) -> float:
    """Time of a bundle from a station to the target: none to itself or any station, infinity where no fibre leads there."""
    if target == ANY_STATION or target == station:
        return 0.0
    for edge in range(world.edge_offsets[station], world.edge_offsets[station + 1]):
        if world.edges[edge].kind != FIBRE:
            break
        if world.edges[edge].to == target:
            return fibre_s(world, edge, bits)
    return math.inf


@inlined
def fibre_s(world: World, edge: int, bits: float) -> float:
    """Time of a bundle over a fibre."""
    return bits / world.pieces[world.contacts[world.edges[edge].first_contact].first_piece].rate_bps + world.edges[edge].delay_s


@inlined
def least_light_s(world: World, node: int, other: int, time_s: float) -> float:
    """Time that light surely needs between two nodes, wherever they move meanwhile."""
    return range_m(world, node, other, time_s) / SIGNAL_MPS


@inlined
def key_of(world: World, node: int, time_s: float, aim: Aim, ways: np.ndarray) -> tuple[float, float]:
    """How early a bundle at a node can be at the target at best; and what orders equal keys (0 where no way down is known)."""
    sizes = world.sizes[0]
    if aim.kind == NOWHERE:
        return time_s, 0.0
    if node >= sizes.n_satellites:
        return (time_s + aim.fibre_s if node < sizes.n_satellites + sizes.n_stations else time_s), 0.0
    if aim.kind == AT_SITE:
        return time_s + least_light_s(world, node, sizes.n_satellites + aim.row, time_s), 0.0
    light_s = world.ground_light_s[aim.row, node]
    hops = world.ground_hops[aim.row, node]
    last_s = aim.downlink_s + aim.fibre_s
    left_s = aim.end_s - time_s  # of the time in which the tables hold
    surely_s = math.inf
    for station in range(sizes.n_stations):
        surely_s = min(surely_s, light_s[station] + hops[station] * aim.laser_s)
    key_s = time_s + max(0.0, min(surely_s, left_s)) + last_s
    if aim.n_ways == 0:
        return key_s, 0.0
    least_s = aim.beyond_s
    tie_s = 0.0
    for k in range(aim.n_ways):
        way = ways[k]
        if k > 0 and way.floor_s >= least_s:
            break
        straight_s = hop_s = 0.0
        if node != way.satellite:
            straight_s = least_light_s(world, node, way.satellite, time_s)
            hop_s = aim.laser_s
        tabled_s = max(straight_s, light_s[way.station]) + hops[way.station] * aim.laser_s
        rest_s = max(straight_s + hop_s, min(tabled_s, left_s))
        if k == 0:
            tie_s = time_s + EAGERNESS * rest_s
        least_s = min(least_s, max(way.floor_s, time_s + rest_s + last_s))
    return max(key_s, least_s), tie_s
