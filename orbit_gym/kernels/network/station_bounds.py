"""Landings: what surely limits a bundle that comes down at a station, passes aside: when an antenna
is free, and what follows.
"""

import math
from typing import NamedTuple

import numpy as np

from orbit_gym.kernels.episode import ANY_STATION
from orbit_gym.kernels.network.calendars import first_gap
from orbit_gym.kernels.state import NONE, State
from orbit_gym.utils.jit import inline_kernel
from orbit_gym.world.layout import FIBRE, World

SLIVER_S = 1e-9  # rounding of clock times (1e-11 s) must not close a gap that a bundle just fits


class Tables(NamedTuple):
    """What the World's tables to the ground say of one bundle."""

    row: int  # minute of World.ground_light_s
    laser_s: float  # least time of the bundle on any laser
    downlink_s: float  # and on any downlink
    end_s: float  # until when the tables of the minute hold


@inline_kernel
def reached_s(world: World, tables: Tables, satellite: int, number: int) -> float:
    """Least time of a bundle from a satellite to one that sees a station, while the tables hold."""
    lasers_s = world.ground_hops[tables.row, satellite, number] * tables.laser_s
    # The table's light goes all the way down, and a bundle is sent down before that light is over.
    return lasers_s + max(
        0.0, world.ground_light_s[tables.row, satellite, number] - world.sizes[0].longest_down_s
    )


@inline_kernel
def note_landings(
    world: World,
    state: State,
    landings: np.ndarray,
    target: int,
    source: int,
    ready_s: float,
    bits: float,
    tables: Tables,
    idle: bool,
) -> None:
    """Write to landings (n_stations,) what limits a bundle that is ready at a node."""
    for number in range(world.sizes[0].n_stations):
        landing = landings[number]
        landing.after_s = onward_s(world, world.sizes[0].n_satellites + number, target, bits)
        landing.floor_s = -math.inf
        landing.until_s = math.inf
        if not idle and landing.after_s < math.inf:
            reach_s = ready_s
            if source < world.sizes[0].n_satellites:
                reach_s += min(reached_s(world, tables, source, number), tables.end_s - ready_s)
            start_s, landing.until_s = _first_gap(world, state, number, reach_s, tables.downlink_s)
            landing.floor_s = start_s + tables.downlink_s + landing.after_s


@inline_kernel
def lands_s(
    world: World, state: State, landings: np.ndarray, number: int, reach_s: float, downlink_s: float
) -> float:
    """Return the least arrival at the target of a bundle that comes down at a station.

    Sent from the last satellite at or after reach_s.
    """
    landing = landings[number]
    if reach_s <= landing.until_s:
        return landing.floor_s
    start_s, _ = _first_gap(world, state, number, reach_s, downlink_s)
    return start_s + downlink_s + landing.after_s


@inline_kernel
def _first_gap(
    world: World, state: State, number: int, ready_s: float, length_s: float
) -> tuple[float, float]:
    """Return the earliest start of a gap in a calendar of a station's antennas.

    And until when it is the first one.

    Each antenna has an uplink to every satellite that the station ever sees (compiler.py), so those
    to its first one name them all.
    """
    station = world.sizes[0].n_satellites + number
    edge = world.edge_offsets[station]
    end = world.edge_offsets[station + 1]
    while edge < end and world.edges[edge].kind == FIBRE:
        edge += 1
    least_s = until_s = math.inf
    first_to = world.edges[edge].to if edge < end else NONE
    while edge < end and world.edges[edge].to == first_to:
        start_s, last_s = first_gap(state, world.edges[edge].resource_b, ready_s, length_s)
        if start_s < least_s:
            least_s = start_s
            until_s = last_s + SLIVER_S
        edge += 1
    return least_s, until_s


@inline_kernel
def onward_s(world: World, station: int, target: int, bits: float) -> float:
    """Return the time of a bundle from a station to the target.

    None to itself or any station, infinity where no fibre leads there.
    """
    if target == ANY_STATION or target == station:
        return 0.0
    for edge in range(world.edge_offsets[station], world.edge_offsets[station + 1]):
        if world.edges[edge].kind != FIBRE:
            break
        if world.edges[edge].to == target:
            return fibre_s(world, edge, bits)
    return math.inf


@inline_kernel
def fibre_s(world: World, edge: int, bits: float) -> float:
    """Time of a bundle over a fibre."""
    return (
        bits
        / world.rate_segments[
            world.contacts[world.edges[edge].first_contact].first_rate_segment
        ].rate_bps
        + world.edges[edge].delay_s
    )
