"""Edge relaxation: a settled node offers a bundle over its edges, at the first gap of their
contacts and calendars.
"""

import math

from orbit_gym.kernels.episode import ANY_STATION
from orbit_gym.kernels.network.astar_priority import priority_of
from orbit_gym.kernels.network.heap import rise
from orbit_gym.kernels.network.search_context import (
    TO_GROUND,
    Departure,
    SearchContext,
    Transfer,
)
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
from orbit_gym.utils.sorted_columns import first_from
from orbit_gym.utils.units import SPEED_OF_LIGHT_MPS
from orbit_gym.world.layout import FIBRE, World
from orbit_gym.world.nodes import is_satellite, is_user, isl_terminals_of


@inline_kernel
def relax_fixed(
    world: World, state: State, context: SearchContext, size: int, node: int, limit_s: float
) -> tuple[int, float]:
    """Offer fibre, and the beam to a target user, with all its contacts.

    Returns the size of the heap and the bound on useful arrivals.
    """
    if not is_satellite(world, node):
        for edge in range(world.edge_offsets[node], world.edge_offsets[node + 1]):
            if world.edges[edge].kind != FIBRE:
                break
            size, limit_s = _relax_edge(world, state, context, size, node, edge, limit_s)
        return size, limit_s
    target = context.bundle.target
    if not is_user(world, target):
        return size, limit_s
    end = world.user_downlinks[1, node]
    edge = first_from(world.edges["to"], world.user_downlinks[0, node], end, target)
    if edge < end and world.edges[edge].to == target:
        return _relax_edge(world, state, context, size, node, edge, limit_s)
    return size, limit_s


@inline_kernel
def _relax_edge(
    world: World,
    state: State,
    context: SearchContext,
    size: int,
    node: int,
    edge: int,
    limit_s: float,
) -> tuple[int, float]:
    """Offer one edge at the first of its contacts that takes the bundle."""
    labels, bundle = context.labels, context.bundle
    to = world.edges[edge].to
    ready_s = labels[node].arrival_s
    latest_s = _latest_s(context, to, ready_s, limit_s)
    if latest_s == -math.inf:
        return size, limit_s
    start_s, end_s = earliest_transfer(
        world, state, edge, ready_s, bundle.bits, latest_s, bundle.is_idle
    )
    if end_s <= latest_s:
        transfer = Transfer(node, edge, start_s, end_s)
        size = _relax_label(world, state, context, size, transfer, latest_s)
        if to == bundle.target and labels[to].stamp == context.stamp:
            limit_s = min(limit_s, labels[to].arrival_s)
    return size, limit_s


@inline_kernel
def _latest_s(context: SearchContext, node: int, from_s: float, limit_s: float) -> float:
    """Return the latest arrival at a node that is of use.

    Before the best seen so far; never (-infinity) once that is known to be the best.
    """
    label = context.labels[node]
    if label.stamp != context.stamp:
        return limit_s
    if label.settled == context.stamp and (
        context.aim.kind != TO_GROUND or label.arrival_s <= from_s
    ):
        return -math.inf
    return min(limit_s, label.arrival_s)


@inline_kernel
def relax_lasers(
    world: World,
    state: State,
    context: SearchContext,
    size: int,
    departure: Departure,
    limit_s: float,
) -> tuple[int, float]:
    """Offer the laser contacts of a satellite that are open at a time, or open just then.

    Returns the size of the heap and the next opening.
    """
    from_s = departure.time_s
    next_s = math.inf
    first_terminal, end_terminal = isl_terminals_of(world, departure.node)
    for terminal in range(first_terminal, end_terminal):
        row = isl_contact_by_cursor(world, context.cursors, terminal, from_s)
        end = world.isl_offsets[terminal + 1]
        if row < end and world.isl_contacts[row].start_s <= from_s:
            if departure.is_first or world.isl_contacts[row].start_s == from_s:
                size = _relax_contact(
                    world,
                    state,
                    context,
                    size,
                    departure.node,
                    world.isl_contacts[row].edge,
                    world.isl_contacts[row].contact,
                    limit_s,
                )
            row += 1
        if row < end:
            next_s = min(next_s, world.isl_contacts[row].start_s)
    return size, next_s


@inline_kernel
def _relax_contact(
    world: World,
    state: State,
    context: SearchContext,
    size: int,
    node: int,
    edge: int,
    contact: int,
    limit_s: float,
) -> int:
    """Offer one contact; returns the size of the heap."""
    bundle, ready_s = context.bundle, context.labels[node].arrival_s
    latest_s = _latest_s(context, world.edges[edge].to, ready_s, limit_s)
    if latest_s == -math.inf:
        return size
    start_s, end_s = first_fit(world, state, edge, contact, ready_s, bundle.bits, bundle.is_idle)
    if end_s <= latest_s:
        transfer = Transfer(node, edge, start_s, end_s)
        size = _relax_label(world, state, context, size, transfer, latest_s)
    return size


@inline_kernel
def relax_passes(
    world: World,
    state: State,
    context: SearchContext,
    size: int,
    departure: Departure,
    limit_s: float,
    ends_here: bool,
    ends_behind: bool,
) -> tuple[int, float, float]:
    """Offer the passes of a node that are in progress at a time, or begin just then.

    Returns the size of the heap, the limit on useful arrivals, and when the next pass begins.
    ends_here: the search ends at any station; ends_behind: it needs of the ground only its one
    datacentre. Either way what arrives after the best seen so far is useless.
    """
    labels, node, from_s = context.labels, departure.node, departure.time_s
    row = first_ground_pass(world, node, from_s)
    end = world.ground_pass_offsets[node + 1]
    while row < end and world.ground_passes[row].start_s <= from_s:
        if world.ground_passes[row].end_s > from_s and (
            departure.is_first or world.ground_passes[row].start_s == from_s
        ):
            edge = world.ground_passes[row].edge
            to = world.edges[edge].to
            size = _relax_contact(
                world, state, context, size, node, edge, world.ground_passes[row].contact, limit_s
            )
            if labels[to].stamp == context.stamp and ends_here:
                limit_s = min(limit_s, labels[to].arrival_s)
            elif labels[to].stamp == context.stamp and ends_behind:
                limit_s = min(
                    limit_s,
                    _at_datacentre_s(world, to, labels[to].arrival_s, context.bundle.bits),
                )
        row += 1
    return size, limit_s, world.ground_passes[row].start_s if row < end else math.inf


@inline_kernel
def _at_datacentre_s(world: World, station: int, arrival_s: float, bits: float) -> float:
    """Return when a bundle at a station is at its datacentre; infinity where it has no fibre."""
    edge = world.edge_offsets[station]
    if edge == world.edge_offsets[station + 1] or world.edges[edge].kind != FIBRE:
        return math.inf
    return arrival_s + fibre_s(world, edge, bits)


@inline_kernel
def _must_go_on(world: World, target: int, node: int) -> bool:
    """Return whether a bundle at a node must go on to reach the one target of a search."""
    if target == ANY_STATION:
        return is_satellite(world, node)
    return target >= 0 and node != target


@inline_kernel
def _relax_label(
    world: World,
    state: State,
    context: SearchContext,
    size: int,
    transfer: Transfer,
    latest_s: float,
) -> int:
    """Improve the label at the other end of a transfer if it arrives by latest_s.

    Returns the size of the heap.

    A way that uses up its hops before the target counts for nothing: it would only bar another that
    is as early with fewer.
    """
    labels, edge = context.labels, transfer.edge
    to = world.edges[edge].to
    arrival_s = transfer.end_s + world.edges[edge].delay_s
    if world.edges[edge].kind != FIBRE:
        arrival_s += range_m(world, transfer.node, to, transfer.end_s) / SPEED_OF_LIGHT_MPS
    hops = labels[transfer.node].hops + 1
    if hops == MAX_HOPS and _must_go_on(world, context.bundle.target, to):
        return size
    is_labelled = labels[to].stamp == context.stamp
    if arrival_s > latest_s or (is_labelled and arrival_s >= labels[to].arrival_s):
        return size
    labels[to].stamp = context.stamp
    labels[to].arrival_s = arrival_s
    labels[to].priority_s, labels[to].tie_s = priority_of(world, state, context, to, arrival_s)
    labels[to].start_s = transfer.start_s
    labels[to].end_s = transfer.end_s
    labels[to].settled = NONE  # again, where equal priorities had settled it over a later way
    labels[to].edge = edge
    labels[to].previous = transfer.node
    labels[to].hops = hops
    if not is_labelled or labels[to].heap_place == NONE:
        labels[to].heap_place = size
        context.heap[size] = to
        size += 1
    rise(labels, context.heap, labels[to].heap_place)
    return size
