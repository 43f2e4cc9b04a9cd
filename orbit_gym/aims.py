"""Aims: what a search goes towards, and the least that surely remains of a bundle's way there."""

import math
from typing import NamedTuple

from orbit_gym.bounds import BUCKET_S, WINDOW_S
from orbit_gym.jit import inlined
from orbit_gym.transfers import position_m
from orbit_gym.units import SPEED_OF_LIGHT_MPS
from orbit_gym.world import World

FASTEST_MPS = 9_000.0  # no satellite moves faster over the turning Earth: 7.7 km/s and 0.5 km/s of turning at 500 km
NOWHERE, AT_SITE, TO_GROUND = 0, 1, 2


class Aim(NamedTuple):
    """What a search goes towards, and what bounds the rest of a way."""

    kind: int
    row: int  # site, or minute of World.ground_light_s
    laser_s: float  # least time of the bundle on any laser
    downlink_s: float  # and on any downlink
    end_s: float  # until when the bound of the minute holds


UNDIRECTED = Aim(NOWHERE, 0, 0.0, 0.0, math.inf)


@inlined
def take_aim(world: World, target: int, ready_s: float, bits: float) -> Aim:
    """How to bound what remains to a user, or (target a station, a datacentre or any station) to the ground."""
    sizes = world.sizes[0]
    site = target - sizes.n_satellites
    if site >= sizes.n_stations + sizes.n_datacentres:
        return Aim(AT_SITE, site, 0.0, 0.0, math.inf)
    bucket = int(ready_s / BUCKET_S)
    if bucket >= world.ground_light_s.shape[0]:
        return UNDIRECTED
    return Aim(TO_GROUND, bucket, bits / sizes.fastest_laser_bps, bits / sizes.fastest_downlink_bps, bucket * BUCKET_S + WINDOW_S)


@inlined
def remaining_s(world: World, node: int, time_s: float, aim: Aim) -> float:
    """Time that a bundle at a node surely still needs; consistent, so that the search is exact (see bounds.py)."""
    if aim.kind == NOWHERE or node >= world.sizes[0].n_satellites:
        return 0.0
    if aim.kind == AT_SITE:  # light in a straight line, while both ends move
        x, y, z = position_m(world, node, time_s)
        place = world.site_positions_m[aim.row]
        distance_m = math.sqrt((x - place[0]) ** 2 + (y - place[1]) ** 2 + (z - place[2]) ** 2)
        return distance_m / (SPEED_OF_LIGHT_MPS + FASTEST_MPS)
    surely_s = world.ground_light_s[aim.row, node] + world.ground_hops[aim.row, node] * aim.laser_s + aim.downlink_s
    return max(0.0, min(surely_s, aim.end_s - time_s))
