"""Ways down: the passes over which a bundle could reach the ground, by the least arrival through
each.

A search towards the ground that has not ended soon is one whose last transfer decides: antennas are
busy, or passes differ in rate by more than lasers in light time. Then each pass bounds what any
route through it can do: the first gap of its calendars from the time that light needs to its
satellite. First-in first-out makes that a bound for every later arrival there as well.
"""

import numpy as np

from orbit_gym.kernels.network.astar_priority import Aim, least_light_s
from orbit_gym.kernels.network.station_bounds import SLIVER_S, Tables
from orbit_gym.kernels.network.transfers import first_fit, first_since, range_m
from orbit_gym.kernels.state import WAYS_DOWN, Scratch, State
from orbit_gym.utils.jit import inline_kernel
from orbit_gym.utils.units import SPEED_OF_LIGHT_MPS
from orbit_gym.world.layout import World


@inline_kernel
def look_down(
    world: World,
    state: State,
    scratch: Scratch,
    aim: Aim,
    source: int,
    ready_s: float,
    bits: float,
    target: int,
    limit_s: float,
    known_s: float,
    idle: bool,
) -> Aim:
    """Write the best ways down from a node to Scratch.ways_down; returns the aim that knows them.

    known_s: nothing arrives before that, as the search has found.
    """
    sizes = world.sizes[0]
    nearest = 0
    for number in range(sizes.n_stations):
        if _tabled_s(world, aim.tables, source, number) < _tabled_s(
            world, aim.tables, source, nearest
        ):
            nearest = number
    count = 0
    beyond_s = limit_s
    for turn in range(sizes.n_stations):  # the nearest first: what it offers rules most others out
        number = nearest if turn == 0 else (0 if turn == nearest else turn)
        after_s = scratch.landings[number].after_s
        reach_s = ready_s + min(
            _tabled_s(world, aim.tables, source, number), aim.tables.end_s - ready_s
        )
        if (
            max(scratch.landings[number].floor_s, reach_s + aim.tables.downlink_s + after_s)
            >= beyond_s
        ):
            continue
        count, beyond_s = _look_at(
            world,
            state,
            scratch,
            aim.tables,
            source,
            ready_s,
            bits,
            known_s,
            idle,
            number,
            count,
            beyond_s,
        )
    return Aim(aim.kind, aim.site, aim.tables, count, beyond_s)


@inline_kernel
def _tabled_s(world: World, tables: Tables, source: int, station: int) -> float:
    """Return the least time of a bundle from a satellite to a station, by the tables.

    Over lasers and light, while the tables hold; 0 from other nodes.
    """
    if source >= world.sizes[0].n_satellites:
        return 0.0
    return (
        world.ground_light_s[tables.row, source, station]
        + world.ground_hops[tables.row, source, station] * tables.laser_s
    )


@inline_kernel
def _look_at(
    world: World,
    state: State,
    scratch: Scratch,
    tables: Tables,
    source: int,
    ready_s: float,
    bits: float,
    known_s: float,
    idle: bool,
    number: int,
    count: int,
    beyond_s: float,
) -> tuple[int, float]:
    """Put the best passes over one station among Scratch.ways_down.

    Returns how many are kept and a bound on all others.
    """
    station = world.sizes[0].n_satellites + number
    after_s = scratch.landings[number].after_s
    hops = 1
    if source < world.sizes[0].n_satellites:
        hops = max(hops, int(world.ground_hops[tables.row, source, number]))
    row = first_since(
        world.downlinks_by_station,
        world.station_downlink_offsets[number],
        world.station_downlink_offsets[number + 1],
        ready_s - world.sizes[0].longest_pass_s,
    )
    while (
        row < world.station_downlink_offsets[number + 1]
        and world.downlinks_by_station[row].start_s + tables.downlink_s + after_s < beyond_s
    ):
        gate = world.downlinks_by_station[row]
        row += 1
        if gate.end_s <= ready_s:
            continue
        at_s = ready_s
        if gate.satellite != source:
            light_s = least_light_s(world, source, gate.satellite, ready_s)
            at_s += light_s + hops * tables.laser_s
            if at_s > tables.end_s:  # the table of hops holds no longer
                at_s = ready_s + light_s + tables.laser_s
        rate_bps = world.rate_segments[
            world.contacts[gate.contact].first_rate_segment
        ].rate_bps  # one all through a pass
        at_s = max(
            at_s, known_s - after_s - world.sizes[0].longest_down_s - bits / rate_bps - SLIVER_S
        )
        if at_s + tables.downlink_s + after_s >= beyond_s:
            continue
        _, end_s = first_fit(world, state, gate.edge, gate.contact, at_s, bits, idle)
        if end_s >= beyond_s:
            continue
        floor_s = (
            end_s
            + world.edges[gate.edge].delay_s
            + range_m(world, gate.satellite, station, end_s) / SPEED_OF_LIGHT_MPS
        )
        count, beyond_s = _keep(
            scratch.ways_down, count, beyond_s, floor_s + after_s, gate.satellite, number
        )
    return count, beyond_s


@inline_kernel
def _keep(
    ways: np.ndarray, count: int, beyond_s: float, floor_s: float, satellite: int, station: int
) -> tuple[int, float]:
    """Put a way among the best, in order; returns how many are kept and a bound on all others."""
    if floor_s >= beyond_s:
        return count, beyond_s
    if count == WAYS_DOWN:
        beyond_s = ways[count - 1].floor_s
        count -= 1
        if floor_s >= beyond_s:  # it is itself the best of the others
            return count + 1, floor_s
    place = count
    while place > 0 and ways[place - 1].floor_s > floor_s:
        ways[place].floor_s = ways[place - 1].floor_s
        ways[place].satellite = ways[place - 1].satellite
        ways[place].station = ways[place - 1].station
        place -= 1
    ways[place].floor_s = floor_s
    ways[place].satellite = satellite
    ways[place].station = station
    return count + 1, beyond_s
