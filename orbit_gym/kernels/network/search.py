"""Routing: earliest arrival over time-varying contacts with calendars, store and forward, waiting
allowed.

A bundle is stored whole before it is forwarded and fits one contact; rates are integrated over the
contact and calendars take the first gap, so arrivals are first-in first-out and Dijkstra is exact;
so is A* with a bound that light obeys. Stations relay only to and from datacentres.
"""

import math
from typing import NamedTuple

import numpy as np

from orbit_gym.kernels.episode import ANY_STATION
from orbit_gym.kernels.network.astar_priority import aim_at, priority_of
from orbit_gym.kernels.network.downlink_candidates import best_downlinks
from orbit_gym.kernels.network.edge_relaxation import relax_fixed, relax_lasers, relax_passes
from orbit_gym.kernels.network.heap import pop, rise
from orbit_gym.kernels.network.search_context import (
    TO_GROUND,
    UNDIRECTED,
    Aim,
    Bundle,
    Departure,
    SearchContext,
    new_context,
    with_aim,
)
from orbit_gym.kernels.network.station_bounds import write_station_bounds
from orbit_gym.kernels.state import MAX_HOPS, NONE, Scratch, State
from orbit_gym.utils.jit import inline_kernel, internal_kernel
from orbit_gym.world.downlink_bounds import DIRECTED_FROM
from orbit_gym.world.layout import World
from orbit_gym.world.nodes import (
    first_datacentre,
    is_datacentre,
    is_satellite,
    is_station,
    n_datacentres,
    n_satellites,
)

EVERYWHERE = -2  # search target: settle every node in reach
TARGET_SET = -3  # search target: settle every node that mark_targets marked
SATELLITES = -4  # search target: settle as many satellites as `order` holds
# nodes taken after which a search towards the ground looks for its best downlinks (two thirds of
# them end within that)
EXPANSIONS_BEFORE_DOWNLINK_SEARCH = 32
INPUT, RESULT = 0, 1  # rows of Scratch.labels
TARGET_STAMP, TARGET_COUNT = 3, 4  # places of Scratch.counter


class Goal(NamedTuple):
    """What the target and the source of a bundle ask of its search."""

    target: int
    from_datacentre: bool
    to_ground: bool  # satellites send down to stations
    to_lone_datacentre: bool  # of the ground only the one datacentre is needed


class Limits(NamedTuple):
    """Latest arrivals that are of use."""

    any_s: float  # a target seen at this time makes anything later useless
    ground_s: float  # and the one datacentre seen at this time makes any later downlink useless


@inline_kernel
def mark_targets(scratch: Scratch, nodes: np.ndarray) -> None:
    """Mark graph nodes (n,), NONE left out, for a search with target TARGET_SET."""
    scratch.counter[TARGET_STAMP] += 1
    scratch.counter[TARGET_COUNT] = 0
    for node in nodes:
        if node != NONE:
            scratch.target_stamps[node] = scratch.counter[TARGET_STAMP]
            scratch.counter[TARGET_COUNT] += 1


@internal_kernel
def search(
    world: World, state: State, scratch: Scratch, slot: int, bundle: Bundle, order: np.ndarray
) -> int:
    """Find the earliest arrivals of a bundle; return the node that ended the search, or NONE.

    The target is a graph node, ANY_STATION, TARGET_SET, SATELLITES or EVERYWHERE. With the last
    two, satellites are written to `order` as they are settled; the search ends when it is full and,
    with EVERYWHERE, every datacentre is settled. Nothing that arrives after bundle.limit_s is
    settled. Labels stay valid until the next search of the same slot.

    A settled node offers only what is open; it stays in the heap until its next contact opens, and
    then offers that. So a search looks at a handful of contacts a node however many a day holds,
    and still waits where waiting is best.
    """
    goal = _goal_of(world, bundle)
    context = new_context(scratch, slot, bundle, _aim_of(world, state, scratch, bundle))
    labels, stamp = context.labels, context.stamp
    limits = Limits(bundle.limit_s, bundle.limit_s)
    size = 1
    n_ordered = n_taken = 0
    n_left = _n_targets(world, scratch, bundle.target)
    look_at = EXPANSIONS_BEFORE_DOWNLINK_SEARCH
    while size > 0:
        n_taken += 1
        if n_taken >= look_at and _lacks_downlinks(context):
            look_at = 4 * n_taken
            known_s = labels[context.heap[0]].priority_s
            context = with_aim(context, best_downlinks(world, state, context, known_s))
            _order_again(world, state, context, size)
        node = pop(labels, context.heap, size)
        size -= 1
        is_first = labels[node].settled != stamp
        if is_first:
            labels[node].settled = stamp
            ends, n_ordered, n_left = _settle(
                world, scratch, order, bundle.target, node, n_ordered, n_left
            )
            if ends:
                return node
            if not _forwards(world, context, node):
                continue
            size, any_s = relax_fixed(world, state, context, size, node, limits.any_s)
            limits = Limits(any_s, limits.ground_s)
        from_s = labels[node].arrival_s if is_first else labels[node].next_contact_s
        departure = Departure(node, from_s, is_first)
        size, limits = _relax_contacts(world, state, context, goal, size, departure, limits)
    return NONE


@inline_kernel
def _goal_of(world: World, bundle: Bundle) -> Goal:
    target = bundle.target
    from_datacentre = is_datacentre(world, bundle.source)
    # Stations serve datacentres or end a result's way: no other search climbs down to one.
    to_many = target == EVERYWHERE or target == TARGET_SET
    to_site = is_station(world, target) or is_datacentre(world, target)
    return Goal(
        target,
        from_datacentre,
        not from_datacentre and (target == ANY_STATION or to_site or to_many),
        n_datacentres(world) == 1 and (to_many or target == first_datacentre(world)),
    )


@inline_kernel
def _aim_of(world: World, state: State, scratch: Scratch, bundle: Bundle) -> Aim:
    """Return what the search goes towards; bounds of stations are written where it needs them."""
    if (
        n_satellites(world) < DIRECTED_FROM
        or is_datacentre(world, bundle.source)
        or (bundle.target != ANY_STATION and bundle.target < first_datacentre(world))
    ):
        return UNDIRECTED
    aim = aim_at(world, bundle)
    if aim.kind == TO_GROUND:
        write_station_bounds(world, state, scratch.station_bounds, bundle, aim.tables)
    return aim


@inline_kernel
def _n_targets(world: World, scratch: Scratch, target: int) -> int:
    """Return how many nodes of the ground or of a set are to be settled."""
    return scratch.counter[TARGET_COUNT] if target == TARGET_SET else n_datacentres(world)


@inline_kernel
def _lacks_downlinks(context: SearchContext) -> bool:
    """Return whether the best downlinks are unknown, or have all turned out to be later."""
    aim = context.aim
    first_s = context.labels[context.heap[0]].priority_s
    return aim.kind == TO_GROUND and (aim.n_downlinks == 0 or first_s > aim.other_downlinks_after_s)


@inline_kernel
def _forwards(world: World, context: SearchContext, node: int) -> bool:
    """Return whether a bundle goes on from a node; users and datacentres forward nothing."""
    if context.labels[node].hops >= MAX_HOPS:
        return False
    return node == context.bundle.source or node < first_datacentre(world)


@inline_kernel
def _settle(
    world: World,
    scratch: Scratch,
    order: np.ndarray,
    target: int,
    node: int,
    n_ordered: int,
    n_left: int,
) -> tuple[bool, int, int]:
    """Count a settled node.

    Returns whether the search ends with it, the satellites in `order`, and what is still to be
    settled.
    """
    if target == ANY_STATION:
        return is_station(world, node), n_ordered, n_left
    if target == TARGET_SET:
        if scratch.target_stamps[node] == scratch.counter[TARGET_STAMP]:
            n_left -= 1
            return n_left == 0, n_ordered, n_left
        return False, n_ordered, n_left
    if target == EVERYWHERE or target == SATELLITES:
        if is_satellite(world, node) and n_ordered < order.size:
            order[n_ordered] = node
            n_ordered += 1
        elif is_datacentre(world, node):
            n_left -= 1
        return n_ordered == order.size and (n_left == 0 or target == SATELLITES), n_ordered, n_left
    return node == target, n_ordered, n_left


@inline_kernel
def _relax_contacts(
    world: World,
    state: State,
    context: SearchContext,
    goal: Goal,
    size: int,
    departure: Departure,
    limits: Limits,
) -> tuple[int, Limits]:
    """Offer what is open at a node, and put it back until its next contact opens."""
    if is_satellite(world, departure.node):
        size, next_s, limits = _relax_satellite(
            world, state, context, goal, size, departure, limits
        )
    else:
        next_s = math.inf
        if goal.from_datacentre or departure.node == context.bundle.source:
            size, any_s, opens_s = relax_passes(
                world, state, context, size, departure, limits.any_s, False, False
            )
            limits = Limits(any_s, limits.ground_s)
            if opens_s <= any_s:
                next_s = opens_s
    if next_s < math.inf:
        size = _requeue(world, state, context, size, departure.node, next_s)
    return size, limits


@inline_kernel
def _relax_satellite(
    world: World,
    state: State,
    context: SearchContext,
    goal: Goal,
    size: int,
    departure: Departure,
    limits: Limits,
) -> tuple[int, float, Limits]:
    """Offer a satellite's lasers, and its downlinks where the search goes to the ground.

    Returns the size of the heap, when the next contact of use opens, and the limits.
    """
    size, next_s = relax_lasers(world, state, context, size, departure, limits.any_s)
    if next_s > limits.any_s:
        next_s = math.inf
    if not goal.to_ground:
        return size, next_s, limits
    ends_here = goal.target == ANY_STATION
    limit_s = min(limits.any_s, limits.ground_s)
    size, limit_s, opens_s = relax_passes(
        world, state, context, size, departure, limit_s, ends_here, goal.to_lone_datacentre
    )
    if opens_s <= limit_s:
        next_s = min(next_s, opens_s)
    any_s = limit_s if ends_here else limits.any_s
    ground_s = limits.ground_s if ends_here else limit_s
    return size, next_s, Limits(any_s, ground_s)


@inline_kernel
def _requeue(
    world: World, state: State, context: SearchContext, size: int, node: int, next_s: float
) -> int:
    """Put a settled node back into the heap until its next contact opens.

    Returns the size of the heap.
    """
    label = context.labels[node]
    label.next_contact_s = next_s
    label.priority_s, label.tie_s = priority_of(world, state, context, node, next_s)
    label.heap_place = size
    context.heap[size] = node
    rise(context.labels, context.heap, size)
    return size + 1


@inline_kernel
def _order_again(world: World, state: State, context: SearchContext, size: int) -> None:
    """Give the nodes in the heap the priorities of an aim that knows its downlinks."""
    for place in range(size):
        label = context.labels[context.heap[place]]
        from_s = label.next_contact_s if label.settled == context.stamp else label.arrival_s
        label.priority_s, label.tie_s = priority_of(
            world, state, context, context.heap[place], from_s
        )
        rise(context.labels, context.heap, place)


@inline_kernel
def is_reached(scratch: Scratch, slot: int, node: int) -> bool:
    """Return whether the latest search of a slot settled this node."""
    label = scratch.labels[slot, node]
    return label.stamp == scratch.counter[1 + slot] and label.settled == label.stamp
