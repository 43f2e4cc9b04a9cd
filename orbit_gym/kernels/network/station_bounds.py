"""Station bounds: what surely limits a bundle that comes down at a station, passes aside: when an
antenna is free, and what follows.
"""

import math

import numpy as np

from orbit_gym.kernels.episode import ANY_STATION
from orbit_gym.kernels.network.calendars import first_gap
from orbit_gym.kernels.network.search_context import Bundle, Tables
from orbit_gym.kernels.state import NONE, State
from orbit_gym.utils.jit import inline_kernel
from orbit_gym.world.layout import FIBRE, World
from orbit_gym.world.nodes import is_satellite, n_stations, station_node

# Rounding of clock times (1e-11 s) must not close a gap that a bundle just fits.
CLOCK_EPSILON_S = 1e-9


@inline_kernel
def time_to_station_s(world: World, tables: Tables, satellite: int, station: int) -> float:
    """Return the least time of a bundle from a satellite to one that sees a station.

    While the tables hold.
    """
    lasers_s = world.ground_hops[tables.row, satellite, station] * tables.laser_s
    # The table's light goes all the way down, and a bundle is sent down before that light is over.
    return lasers_s + max(
        0.0, world.ground_light_s[tables.row, satellite, station] - world.sizes[0].longest_down_s
    )


@inline_kernel
def write_station_bounds(
    world: World, state: State, station_bounds: np.ndarray, bundle: Bundle, tables: Tables
) -> None:
    """Write to station_bounds (n_stations,) what limits a bundle."""
    for station in range(n_stations(world)):
        bound = station_bounds[station]
        node = station_node(world, station)
        bound.onward_s = onward_s(world, node, bundle.target, bundle.bits)
        bound.earliest_s = -math.inf
        bound.sent_by_s = math.inf
        if not bundle.is_idle and bound.onward_s < math.inf:
            time_s = bundle.ready_s
            if is_satellite(world, bundle.source):
                time_s += min(
                    time_to_station_s(world, tables, bundle.source, station),
                    tables.end_s - bundle.ready_s,
                )
            start_s, bound.sent_by_s = _first_gap(world, state, node, time_s, tables.downlink_s)
            bound.earliest_s = start_s + tables.downlink_s + bound.onward_s


@inline_kernel
def earliest_delivery_via_s(
    world: World,
    state: State,
    station_bounds: np.ndarray,
    station: int,
    time_s: float,
    downlink_s: float,
) -> float:
    """Return the least arrival at the target of a bundle that comes down at a station.

    Sent from the last satellite at or after time_s.
    """
    bound = station_bounds[station]
    if time_s <= bound.sent_by_s:
        return bound.earliest_s
    start_s, _ = _first_gap(world, state, station_node(world, station), time_s, downlink_s)
    return start_s + downlink_s + bound.onward_s


@inline_kernel
def _first_gap(
    world: World, state: State, node: int, ready_s: float, length_s: float
) -> tuple[float, float]:
    """Return the earliest start of a gap in a calendar of a station's antennas.

    And until when it is the first one.

    Each antenna has an uplink to every satellite that the station ever sees (compiler.py), so those
    to its first one name them all.
    """
    edge = world.edge_offsets[node]
    end = world.edge_offsets[node + 1]
    while edge < end and world.edges[edge].kind == FIBRE:
        edge += 1
    least_s = until_s = math.inf
    first_to = world.edges[edge].to if edge < end else NONE
    while edge < end and world.edges[edge].to == first_to:
        start_s, last_s = first_gap(state, world.edges[edge].resource_b, ready_s, length_s)
        if start_s < least_s:
            least_s = start_s
            until_s = last_s + CLOCK_EPSILON_S
        edge += 1
    return least_s, until_s


@inline_kernel
def onward_s(world: World, node: int, target: int, bits: float) -> float:
    """Return the time of a bundle from a station to the target.

    None to itself or any station, infinity where no fibre leads there.
    """
    if target == ANY_STATION or target == node:
        return 0.0
    for edge in range(world.edge_offsets[node], world.edge_offsets[node + 1]):
        if world.edges[edge].kind != FIBRE:
            break
        if world.edges[edge].to == target:
            return fibre_s(world, edge, bits)
    return math.inf


@inline_kernel
def fibre_s(world: World, edge: int, bits: float) -> float:
    """Return the time of a bundle over a fibre."""
    contact = world.contacts[world.edges[edge].first_contact]
    rate_bps = world.rate_segments[contact.first_rate_segment].rate_bps
    return bits / rate_bps + world.edges[edge].delay_s
