"""A*: how early a bundle at a node can be at the target at best, which is its priority in the heap.

Priorities never decrease along a way, and never exceed the true arrival, so that the search is
exact.
"""

import math

from orbit_gym.kernels.network.search_context import (
    AT_SITE,
    NOWHERE,
    TO_GROUND,
    TO_SITE,
    UNDIRECTED,
    Aim,
    Bundle,
    SearchContext,
    Tables,
)
from orbit_gym.kernels.network.station_bounds import earliest_delivery_via_s, time_to_station_s
from orbit_gym.kernels.network.transfers import range_m
from orbit_gym.kernels.state import State
from orbit_gym.utils.jit import inline_kernel
from orbit_gym.utils.units import SPEED_OF_LIGHT_MPS
from orbit_gym.world.downlink_bounds import BUCKET_S, WINDOW_S
from orbit_gym.world.layout import World
from orbit_gym.world.nodes import is_satellite, is_station, is_user, n_stations, station_index

# no satellite moves faster over the turning Earth: 7.7 km/s and 0.5 km/s of turning at 500 km
FASTEST_MPS = 9_000.0
# a distance over this is never more than light needs, while both ends move
SIGNAL_MPS = SPEED_OF_LIGHT_MPS + FASTEST_MPS
# among routes of equal delivery: at 1 the quickest to the satellite, found last; far above 1 any,
# found first
TIE_BREAK_WEIGHT = 4.0


@inline_kernel
def aim_at(world: World, bundle: Bundle) -> Aim:
    """Choose how to bound what remains to the target.

    To a user, or (a station, a datacentre or any station) to the ground.
    """
    if is_user(world, bundle.target):
        return TO_SITE
    bucket = int(bundle.ready_s / BUCKET_S)
    if bucket >= world.ground_light_s.shape[0]:
        return UNDIRECTED
    laser_s = bundle.bits / world.sizes[0].fastest_laser_bps
    downlink_s = bundle.bits / world.sizes[0].fastest_downlink_bps
    tables = Tables(bucket, laser_s, downlink_s, bucket * BUCKET_S + WINDOW_S)
    return Aim(TO_GROUND, tables, 0, math.inf)


@inline_kernel
def least_light_s(world: World, node: int, other: int, time_s: float) -> float:
    """Return the time that light surely needs between two nodes, wherever they move meanwhile."""
    return range_m(world, node, other, time_s) / SIGNAL_MPS


@inline_kernel
def priority_of(
    world: World, state: State, context: SearchContext, node: int, time_s: float
) -> tuple[float, float]:
    """Return how early a bundle that is at a node at time_s can be at the target at best.

    And what orders equal priorities (0 where no way down is known).
    """
    aim = context.aim
    if aim.kind == NOWHERE:
        return time_s, 0.0
    if not is_satellite(world, node):
        if aim.kind == TO_GROUND and is_station(world, node):
            return time_s + context.station_bounds[station_index(world, node)].onward_s, 0.0
        return time_s, 0.0
    if aim.kind == AT_SITE:
        return time_s + least_light_s(world, node, context.bundle.target, time_s), 0.0
    priority_s, tie_s = _over_any_station(world, state, context, node, time_s)
    if aim.n_downlinks == 0:
        return priority_s, tie_s
    least_s, tie_s = _over_downlinks(world, context, node, time_s)
    return max(priority_s, least_s), tie_s


@inline_kernel
def _over_any_station(
    world: World, state: State, context: SearchContext, node: int, time_s: float
) -> tuple[float, float]:
    """Return the least arrival by the tables to the ground and the antennas, and its tie-break."""
    tables, station_bounds = context.aim.tables, context.station_bounds
    light_s = world.ground_light_s[tables.row, node]
    hops = world.ground_hops[tables.row, node]
    left_s = max(0.0, tables.end_s - time_s)  # of the time in which the tables hold
    priority_s = tie_s = math.inf
    for station in range(n_stations(world)):
        surely_s = min(light_s[station] + hops[station] * tables.laser_s, left_s)
        least_s = time_s + surely_s + tables.downlink_s + station_bounds[station].onward_s
        if least_s < priority_s:
            sent_s = time_s + min(time_to_station_s(world, tables, node, station), left_s)
            least_s = max(
                least_s,
                earliest_delivery_via_s(
                    world, state, station_bounds, station, sent_s, tables.downlink_s
                ),
            )
        if least_s < priority_s:
            priority_s = least_s
            tie_s = time_s + TIE_BREAK_WEIGHT * surely_s
    return priority_s, tie_s


@inline_kernel
def _over_downlinks(
    world: World, context: SearchContext, node: int, time_s: float
) -> tuple[float, float]:
    """Return the least arrival over the best downlinks or any other, and the tie-break."""
    tables, downlinks = context.aim.tables, context.downlinks
    light_s = world.ground_light_s[tables.row, node]
    hops = world.ground_hops[tables.row, node]
    least_s = context.aim.other_downlinks_after_s
    tie_s = math.inf
    for k in range(context.aim.n_downlinks):
        downlink = downlinks[k]
        if k > 0 and downlink.earliest_s >= least_s:
            break
        straight_s = hop_s = 0.0
        if node != downlink.satellite:
            straight_s = least_light_s(world, node, downlink.satellite, time_s)
            hop_s = tables.laser_s
        station = downlink.station
        tabled_s = max(straight_s, light_s[station]) + hops[station] * tables.laser_s
        rest_s = max(straight_s + hop_s, min(tabled_s, tables.end_s - time_s))
        if k == 0:
            tie_s = time_s + TIE_BREAK_WEIGHT * rest_s
        onward_s = context.station_bounds[station].onward_s
        least_s = min(
            least_s, max(downlink.earliest_s, time_s + rest_s + tables.downlink_s + onward_s)
        )
    return least_s, tie_s
