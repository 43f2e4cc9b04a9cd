"""Relaxing: a settled node offers a bundle over its edges, at the first gap of their contacts and
calendars.
"""

import math
from typing import NamedTuple

import numpy as np

from orbit_gym.kernels.episode import ANY_STATION
from orbit_gym.kernels.network.astar_priority import TO_GROUND, Aim, key_of
from orbit_gym.kernels.network.heap import rise
from orbit_gym.kernels.network.station_bounds import fibre_s
from orbit_gym.kernels.network.transfers import (
    earliest_transfer,
    first_fit,
    first_ground_pass,
    isl_contact_by_cursor,
    range_m,
)
from orbit_gym.kernels.state import MAX_HOPS, NONE, State
from orbit_gym.utils.jit import inline_kernel
from orbit_gym.utils.units import SPEED_OF_LIGHT_MPS
from orbit_gym.world.layout import FIBRE, World


class Quest(NamedTuple):
    """One search: its labels and heap, and what it looks for."""

    labels: np.ndarray  # (n_graph_nodes,) LABEL
    heap: np.ndarray  # (n_graph_nodes,) int32
    stamp: int
    bits: float
    target: int
    idle: bool  # calendars are taken as empty
    aim: Aim
    ways: np.ndarray  # Scratch.ways_down
    landings: np.ndarray  # Scratch.landings
    fingers: np.ndarray  # Scratch.fingers


@inline_kernel
def relax_fixed(
    world: World,
    state: State,
    quest: Quest,
    size: int,
    node: int,
    limit_s: float,
) -> tuple[int, float]:
    """Offer fibre, and the beam to a target user, with all its contacts.

    Returns the size of the heap and the bound on useful arrivals.
    """
    if node >= world.sizes[0].n_satellites:
        for edge in range(world.edge_offsets[node], world.edge_offsets[node + 1]):
            if world.edges[edge].kind != FIBRE:
                break
            size, limit_s = _relax_edge(world, state, quest, size, node, edge, limit_s)
        return size, limit_s
    low = world.user_downlinks[0, node]
    high = world.user_downlinks[1, node]
    if low == high or quest.target < world.edges[low].to:
        return size, limit_s
    while high - low > 1:  # sorted by receiver
        middle = (low + high) // 2
        if world.edges[middle].to <= quest.target:
            low = middle
        else:
            high = middle
    if world.edges[low].to == quest.target:
        return _relax_edge(world, state, quest, size, node, low, limit_s)
    return size, limit_s


@inline_kernel
def _relax_edge(
    world: World,
    state: State,
    quest: Quest,
    size: int,
    node: int,
    edge: int,
    limit_s: float,
) -> tuple[int, float]:
    """Offer one edge at the first of its contacts that takes the bundle."""
    to = world.edges[edge].to
    latest_s = _latest_s(quest, to, quest.labels[node].arrival_s, limit_s)
    if latest_s == -math.inf:
        return size, limit_s
    start_s, end_s = earliest_transfer(
        world, state, edge, quest.labels[node].arrival_s, quest.bits, latest_s, quest.idle
    )
    if end_s <= latest_s:
        size = _offer(world, state, quest, size, node, edge, start_s, end_s, latest_s)
        if to == quest.target and quest.labels[to].stamp == quest.stamp:
            limit_s = min(limit_s, quest.labels[to].arrival_s)
    return size, limit_s


@inline_kernel
def _latest_s(quest: Quest, node: int, from_s: float, limit_s: float) -> float:
    """Return the latest arrival at a node that is of use.

    Before the best seen so far; never (-infinity) once that is known to be the best.
    """
    if quest.labels[node].stamp != quest.stamp:
        return limit_s
    if quest.labels[node].settled == quest.stamp and (
        quest.aim.kind != TO_GROUND or quest.labels[node].arrival_s <= from_s
    ):
        return -math.inf
    return min(limit_s, quest.labels[node].arrival_s)


@inline_kernel
def relax_lasers(
    world: World,
    state: State,
    quest: Quest,
    size: int,
    node: int,
    from_s: float,
    is_new: bool,
    limit_s: float,
) -> tuple[int, float]:
    """Offer the laser contacts of a satellite that are open at from_s, or open just then.

    Returns heap size and the next opening.
    """
    n_terminals = (world.isl_offsets.size - 1) // world.sizes[0].n_satellites
    wake_s = math.inf
    for terminal in range(node * n_terminals, (node + 1) * n_terminals):
        row = isl_contact_by_cursor(world, quest.fingers, terminal, from_s)
        end = world.isl_offsets[terminal + 1]
        if row < end and world.isl_contacts[row].start_s <= from_s:
            if is_new or world.isl_contacts[row].start_s == from_s:
                size = _relax_contact(
                    world,
                    state,
                    quest,
                    size,
                    node,
                    world.isl_contacts[row].edge,
                    world.isl_contacts[row].contact,
                    limit_s,
                )
            row += 1
        if row < end:
            wake_s = min(wake_s, world.isl_contacts[row].start_s)
    return size, wake_s


@inline_kernel
def _relax_contact(
    world: World,
    state: State,
    quest: Quest,
    size: int,
    node: int,
    edge: int,
    contact: int,
    limit_s: float,
) -> int:
    """Offer one contact; returns the size of the heap."""
    latest_s = _latest_s(quest, world.edges[edge].to, quest.labels[node].arrival_s, limit_s)
    if latest_s == -math.inf:
        return size
    start_s, end_s = first_fit(
        world, state, edge, contact, quest.labels[node].arrival_s, quest.bits, quest.idle
    )
    if end_s <= latest_s:
        size = _offer(world, state, quest, size, node, edge, start_s, end_s, latest_s)
    return size


@inline_kernel
def relax_passes(
    world: World,
    state: State,
    quest: Quest,
    size: int,
    node: int,
    from_s: float,
    is_new: bool,
    limit_s: float,
    ends_here: bool,
    ends_behind: bool,
) -> tuple[int, float, float]:
    """Offer the passes of a node that are in progress at from_s, or begin just then.

    Returns the size of the heap, the limit on useful arrivals, and when the next pass begins.
    ends_here: the search ends at any station; ends_behind: it needs of the ground only its one
    datacentre. Either way what arrives after the best seen so far is useless.
    """
    row = first_ground_pass(world, node, from_s)
    end = world.ground_pass_offsets[node + 1]
    while row < end and world.ground_passes[row].start_s <= from_s:
        if world.ground_passes[row].end_s > from_s and (
            is_new or world.ground_passes[row].start_s == from_s
        ):
            edge = world.ground_passes[row].edge
            to = world.edges[edge].to
            size = _relax_contact(
                world, state, quest, size, node, edge, world.ground_passes[row].contact, limit_s
            )
            if quest.labels[to].stamp == quest.stamp and ends_here:
                limit_s = min(limit_s, quest.labels[to].arrival_s)
            elif quest.labels[to].stamp == quest.stamp and ends_behind:
                limit_s = min(
                    limit_s, _landing_s(world, to, quest.labels[to].arrival_s, quest.bits)
                )
        row += 1
    return size, limit_s, world.ground_passes[row].start_s if row < end else math.inf


@inline_kernel
def _landing_s(world: World, station: int, arrival_s: float, bits: float) -> float:
    """When a bundle at a station is at its datacentre; infinity where the station has no fibre."""
    edge = world.edge_offsets[station]
    if edge == world.edge_offsets[station + 1] or world.edges[edge].kind != FIBRE:
        return math.inf
    return arrival_s + fibre_s(world, edge, bits)


@inline_kernel
def _goes_on(world: World, target: int, node: int) -> bool:
    """True if a bundle at a node must go on to reach the one target of a search."""
    first_station = world.sizes[0].n_satellites
    return node < first_station if target == ANY_STATION else target >= 0 and node != target


@inline_kernel
def _offer(
    world: World,
    state: State,
    quest: Quest,
    size: int,
    node: int,
    edge: int,
    start_s: float,
    end_s: float,
    latest_s: float,
) -> int:
    """Improve the label at the other end of a transfer if it arrives by latest_s.

    Returns the size of the heap.

    A way that uses up its hops before the target counts for nothing: it would only bar another that
    is as early with fewer.
    """
    to = world.edges[edge].to
    arrival_s = end_s + world.edges[edge].delay_s
    if world.edges[edge].kind != FIBRE:
        arrival_s += range_m(world, node, to, end_s) / SPEED_OF_LIGHT_MPS
    if quest.labels[node].hops + 1 == MAX_HOPS and _goes_on(world, quest.target, to):
        return size
    is_labelled = quest.labels[to].stamp == quest.stamp
    if arrival_s > latest_s or (is_labelled and arrival_s >= quest.labels[to].arrival_s):
        return size
    quest.labels[to].stamp = quest.stamp
    quest.labels[to].arrival_s = arrival_s
    quest.labels[to].key_s, quest.labels[to].tie_s = key_of(
        world, state, to, arrival_s, quest.aim, quest.ways, quest.landings
    )
    quest.labels[to].start_s = start_s
    quest.labels[to].end_s = end_s
    quest.labels[to].settled = NONE  # again, where equal keys had settled it over a later way
    quest.labels[to].edge = edge
    quest.labels[to].previous = node
    quest.labels[to].hops = quest.labels[node].hops + 1
    if not is_labelled or quest.labels[to].heap_place == NONE:
        quest.labels[to].heap_place = size
        quest.heap[size] = to
        size += 1
    rise(quest.labels, quest.heap, quest.labels[to].heap_place)
    return size
