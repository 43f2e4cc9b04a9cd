"""Downlink candidates: the passes over which a bundle could reach the ground, by the least arrival
through each.

A search towards the ground that has not ended soon is one whose last transfer decides: antennas are
busy, or passes differ in rate by more than lasers in light time. Then each pass bounds what any
route through it can do: the first gap of its calendars from the time that light needs to its
satellite. First-in first-out makes that a bound for every later arrival there as well.
"""

import numpy as np

from orbit_gym.kernels.network.astar_priority import least_light_s
from orbit_gym.kernels.network.search_context import Aim, Bundle, SearchContext, Tables
from orbit_gym.kernels.network.station_bounds import CLOCK_EPSILON_S
from orbit_gym.kernels.network.transfers import first_fit, range_m
from orbit_gym.kernels.state import DOWNLINK_CANDIDATES, State
from orbit_gym.utils.jit import inline_kernel
from orbit_gym.utils.sorted_columns import first_from
from orbit_gym.utils.units import SPEED_OF_LIGHT_MPS
from orbit_gym.world.layout import World
from orbit_gym.world.nodes import is_satellite, n_stations, station_node


@inline_kernel
def best_downlinks(world: World, state: State, context: SearchContext, known_s: float) -> Aim:
    """Write the best downlinks of a bundle to context.downlinks; return the aim that knows them.

    known_s: nothing arrives before that, as the search has found.
    """
    bundle, aim, n = context.bundle, context.aim, n_stations(world)
    nearest = _nearest_station(world, aim.tables, bundle.source)
    count = 0
    others_s = bundle.limit_s  # no arrival over a downlink that is left out is earlier
    for turn in range(n):  # the nearest first: what it offers rules most others out
        station = nearest if turn == 0 else (0 if turn == nearest else turn)
        bound = context.station_bounds[station]
        sent_s = bundle.ready_s + min(
            _tabled_s(world, aim.tables, bundle.source, station), aim.tables.end_s - bundle.ready_s
        )
        least_s = max(bound.earliest_s, sent_s + aim.tables.downlink_s + bound.onward_s)
        if least_s < others_s:
            count, others_s = _keep_passes(world, state, context, station, known_s, count, others_s)
    return Aim(aim.kind, aim.tables, count, others_s)


@inline_kernel
def _nearest_station(world: World, tables: Tables, source: int) -> int:
    nearest = 0
    for station in range(n_stations(world)):
        if _tabled_s(world, tables, source, station) < _tabled_s(world, tables, source, nearest):
            nearest = station
    return nearest


@inline_kernel
def _tabled_s(world: World, tables: Tables, source: int, station: int) -> float:
    """Return the least time of a bundle from a satellite to a station, by the tables.

    Over lasers and light, while the tables hold; 0 from other nodes.
    """
    if not is_satellite(world, source):
        return 0.0
    return (
        world.ground_light_s[tables.row, source, station]
        + world.ground_hops[tables.row, source, station] * tables.laser_s
    )


@inline_kernel
def _keep_passes(
    world: World,
    state: State,
    context: SearchContext,
    station: int,
    known_s: float,
    count: int,
    others_s: float,
) -> tuple[int, float]:
    """Put the best passes over one station among context.downlinks.

    Returns how many are kept and a bound on all others.
    """
    bundle, tables = context.bundle, context.aim.tables
    node = station_node(world, station)
    onward_s = context.station_bounds[station].onward_s
    end = world.station_downlink_offsets[station + 1]
    row = first_from(
        world.downlinks_by_station["start_s"],
        world.station_downlink_offsets[station],
        end,
        bundle.ready_s - world.sizes[0].longest_pass_s,
    )
    while (
        row < end
        and world.downlinks_by_station[row].start_s + tables.downlink_s + onward_s < others_s
    ):
        downlink = world.downlinks_by_station[row]
        row += 1
        if downlink.end_s <= bundle.ready_s:
            continue
        at_s = _at_satellite_s(world, bundle, tables, downlink.satellite, station)
        # one rate all through a pass
        rate_bps = world.rate_segments[world.contacts[downlink.contact].first_rate_segment].rate_bps
        at_s = max(
            at_s,
            known_s
            - onward_s
            - world.sizes[0].longest_down_s
            - bundle.bits / rate_bps
            - CLOCK_EPSILON_S,
        )
        if at_s + tables.downlink_s + onward_s >= others_s:
            continue
        _, end_s = first_fit(
            world, state, downlink.edge, downlink.contact, at_s, bundle.bits, bundle.is_idle
        )
        if end_s >= others_s:
            continue
        arrival_s = (
            end_s
            + world.edges[downlink.edge].delay_s
            + range_m(world, downlink.satellite, node, end_s) / SPEED_OF_LIGHT_MPS
        )
        count, others_s = _keep(
            context.downlinks, count, others_s, arrival_s + onward_s, downlink.satellite, station
        )
    return count, others_s


@inline_kernel
def _at_satellite_s(
    world: World, bundle: Bundle, tables: Tables, satellite: int, station: int
) -> float:
    """Return when a bundle is at a satellite that sees a station, at best."""
    if satellite == bundle.source:
        return bundle.ready_s
    hops = 1
    if is_satellite(world, bundle.source):
        hops = max(hops, int(world.ground_hops[tables.row, bundle.source, station]))
    light_s = least_light_s(world, bundle.source, satellite, bundle.ready_s)
    at_s = bundle.ready_s + (light_s + hops * tables.laser_s)
    if at_s > tables.end_s:  # the table of hops holds no longer
        at_s = bundle.ready_s + light_s + tables.laser_s
    return at_s


@inline_kernel
def _keep(
    downlinks: np.ndarray,
    count: int,
    others_s: float,
    earliest_s: float,
    satellite: int,
    station: int,
) -> tuple[int, float]:
    """Put a downlink among the best, in order; returns how many are kept and a bound on others."""
    if earliest_s >= others_s:
        return count, others_s
    if count == DOWNLINK_CANDIDATES:
        others_s = downlinks[count - 1].earliest_s
        count -= 1
        if earliest_s >= others_s:  # it is itself the best of the others
            return count + 1, earliest_s
    place = count
    while place > 0 and downlinks[place - 1].earliest_s > earliest_s:
        downlinks[place].earliest_s = downlinks[place - 1].earliest_s
        downlinks[place].satellite = downlinks[place - 1].satellite
        downlinks[place].station = downlinks[place - 1].station
        place -= 1
    downlinks[place].earliest_s = earliest_s
    downlinks[place].satellite = satellite
    downlinks[place].station = station
    return count + 1, others_s
