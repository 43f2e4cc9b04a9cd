"""Routing: earliest arrival over time-varying contacts with calendars, store and forward, waiting
allowed.

A bundle is stored whole before it is forwarded and fits one contact; rates are integrated over the
contact and calendars take the first gap, so arrivals are first-in first-out and Dijkstra is exact;
so is A* with a bound that light obeys. Stations relay only to and from datacentres.
"""

import math

import numpy as np

from orbit_gym.kernels.episode import ANY_STATION
from orbit_gym.kernels.network.astar_priority import TO_GROUND, UNDIRECTED, key_of, take_aim
from orbit_gym.kernels.network.downlink_candidates import look_down
from orbit_gym.kernels.network.edge_relaxation import Quest, relax_fixed, relax_lasers, relax_passes
from orbit_gym.kernels.network.heap import pop, rise
from orbit_gym.kernels.network.station_bounds import note_landings
from orbit_gym.kernels.state import MAX_HOPS, NONE, Scratch, State
from orbit_gym.utils.jit import inline_kernel, internal_kernel
from orbit_gym.world.downlink_bounds import DIRECTED_FROM
from orbit_gym.world.layout import World

EVERYWHERE = -2  # search target: settle every node in reach
TARGET_SET = -3  # search target: settle every node that mark_wanted marked
SATELLITES = -4  # search target: settle as many satellites as `order` holds
# nodes taken after which a search towards the ground looks for its ways down (two thirds of them
# end within that)
PATIENCE = 32
INPUT, RESULT = 0, 1  # rows of Scratch.labels
WANTED_STAMP, WANTED_COUNT = 3, 4  # places of Scratch.counter


@inline_kernel
def mark_targets(scratch: Scratch, nodes: np.ndarray) -> None:
    """Mark graph nodes (n,), NONE left out, for a search with target WANTED."""
    scratch.counter[WANTED_STAMP] += 1
    scratch.counter[WANTED_COUNT] = 0
    for node in nodes:
        if node != NONE:
            scratch.target_stamps[node] = scratch.counter[WANTED_STAMP]
            scratch.counter[WANTED_COUNT] += 1


@internal_kernel
def search(
    world: World,
    state: State,
    scratch: Scratch,
    slot: int,
    source: int,
    ready_s: float,
    bits: float,
    target: int,
    limit_s: float,
    idle: bool,
    order: np.ndarray,
) -> int:
    """Earliest arrivals of a bundle from source; returns the node that ended the search, or NONE.

    target: a graph node, ANY_STATION, WANTED, SATELLITES or EVERYWHERE. With the last two,
    satellites are written to `order` as they are settled; the search ends when it is full and, with
    EVERYWHERE, every datacentre is settled. Nothing that arrives after limit_s is settled. Labels
    stay valid until the next search of the same row `which`.

    A settled node offers only what is open; it stays in the heap until its next contact opens, and
    then offers that. So a search looks at a handful of contacts a node however many a day holds,
    and still waits where waiting is best.
    """
    sizes = world.sizes[0]
    first_station = sizes.n_satellites
    first_datacentre = first_station + sizes.n_stations
    first_user = first_datacentre + sizes.n_datacentres
    from_datacentre = first_datacentre <= source < first_user
    # Stations serve datacentres or end a result's way: no other search climbs down to one.
    to_many = target == EVERYWHERE or target == TARGET_SET
    to_ground = not from_datacentre and (
        target == ANY_STATION or first_station <= target < first_user or to_many
    )
    to_lone_datacentre = sizes.n_datacentres == 1 and (to_many or target == first_datacentre)
    aim = UNDIRECTED
    if (
        first_station >= DIRECTED_FROM
        and not from_datacentre
        and (target == ANY_STATION or target >= first_datacentre)
    ):
        aim = take_aim(world, target, ready_s, bits)
        if aim.kind == TO_GROUND:
            note_landings(
                world, state, scratch.landings, target, source, ready_s, bits, aim.tables, idle
            )
    labels = scratch.labels[slot]
    heap = scratch.heap[slot]
    scratch.counter[0] += 1
    stamp = scratch.counter[0]
    scratch.counter[1 + slot] = stamp
    quest = Quest(
        labels,
        heap,
        stamp,
        bits,
        target,
        idle,
        aim,
        scratch.ways_down,
        scratch.landings,
        scratch.fingers,
    )
    size = _begin(quest, source, ready_s)
    n_ordered = 0
    n_taken = 0
    # nodes taken, and again where the ways that were found have all turned out to be later
    looks_at = PATIENCE
    n_left = scratch.counter[WANTED_COUNT] if target == TARGET_SET else sizes.n_datacentres
    bound_s = limit_s  # a target seen at this time makes anything later useless
    ground_s = limit_s  # and the one datacentre seen at this time makes any later downlink useless
    while size > 0:
        n_taken += 1
        if (
            n_taken >= looks_at
            and aim.kind == TO_GROUND
            and (aim.n_ways == 0 or labels[heap[0]].key_s > aim.beyond_s)
        ):
            looks_at = 4 * n_taken
            aim = look_down(
                world,
                state,
                scratch,
                aim,
                source,
                ready_s,
                bits,
                target,
                limit_s,
                labels[heap[0]].key_s,
                idle,
            )
            quest = Quest(
                labels,
                heap,
                stamp,
                bits,
                target,
                idle,
                aim,
                scratch.ways_down,
                scratch.landings,
                scratch.fingers,
            )
            _order_again(world, state, quest, size)
        node = pop(labels, heap, size)
        size -= 1
        is_new = labels[node].settled != stamp
        from_s = labels[node].arrival_s if is_new else labels[node].wake_s
        if is_new:
            labels[node].settled = stamp
            ends, n_ordered, n_left = _settle(
                world, scratch, order, target, node, n_ordered, n_left
            )
            if ends:
                return node
            if labels[node].hops >= MAX_HOPS or (node != source and node >= first_datacentre):
                continue  # users and datacentres forward nothing
            size, bound_s = relax_fixed(world, state, quest, size, node, bound_s)
        wake_s = math.inf
        if node < first_station:
            size, wake_s = relax_lasers(world, state, quest, size, node, from_s, is_new, bound_s)
            if wake_s > bound_s:
                wake_s = math.inf
        if to_ground if node < first_station else (node == source or from_datacentre):
            useful_s = min(bound_s, ground_s) if node < first_station else bound_s
            ends_here = target == ANY_STATION and node < first_station
            ends_behind = to_lone_datacentre and node < first_station
            size, useful_s, opens_s = relax_passes(
                world, state, quest, size, node, from_s, is_new, useful_s, ends_here, ends_behind
            )
            if ends_here:
                bound_s = useful_s
            elif node < first_station:
                ground_s = useful_s
            if opens_s <= useful_s:
                wake_s = min(wake_s, opens_s)
        if wake_s < math.inf:
            size = _sleep(world, state, quest, size, node, wake_s)
    return NONE


@inline_kernel
def _begin(quest: Quest, source: int, ready_s: float) -> int:
    """Put the source alone into the heap; returns the size of the heap."""
    label = quest.labels[source]
    label.stamp = quest.stamp
    label.key_s = label.arrival_s = ready_s
    label.tie_s = 0.0
    label.hops = 0
    label.edge = label.previous = NONE
    label.heap_place = 0
    quest.heap[0] = source
    return 1


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
    sizes = world.sizes[0]
    first_datacentre = sizes.n_satellites + sizes.n_stations
    if target == ANY_STATION:
        return sizes.n_satellites <= node < first_datacentre, n_ordered, n_left
    if target == TARGET_SET:
        if scratch.target_stamps[node] == scratch.counter[WANTED_STAMP]:
            n_left -= 1
            return n_left == 0, n_ordered, n_left
        return False, n_ordered, n_left
    if target == EVERYWHERE or target == SATELLITES:
        if node < sizes.n_satellites and n_ordered < order.size:
            order[n_ordered] = node
            n_ordered += 1
        elif first_datacentre <= node < first_datacentre + sizes.n_datacentres:
            n_left -= 1
        return n_ordered == order.size and (n_left == 0 or target == SATELLITES), n_ordered, n_left
    return node == target, n_ordered, n_left


@inline_kernel
def _sleep(world: World, state: State, quest: Quest, size: int, node: int, wake_s: float) -> int:
    """Put a settled node back into the heap until its next contact opens.

    Returns the size of the heap.
    """
    label = quest.labels[node]
    label.wake_s = wake_s
    label.key_s, label.tie_s = key_of(
        world, state, node, wake_s, quest.aim, quest.ways, quest.landings
    )
    label.heap_place = size
    quest.heap[size] = node
    rise(quest.labels, quest.heap, size)
    return size + 1


@inline_kernel
def _order_again(world: World, state: State, quest: Quest, size: int) -> None:
    """Give the nodes in the heap the keys of an aim that knows its ways down."""
    labels = quest.labels
    for place in range(size):
        node = quest.heap[place]
        from_s = (
            labels[node].wake_s if labels[node].settled == quest.stamp else labels[node].arrival_s
        )
        labels[node].key_s, labels[node].tie_s = key_of(
            world, state, node, from_s, quest.aim, quest.ways, quest.landings
        )
        rise(labels, quest.heap, place)


@inline_kernel
def is_reached(scratch: Scratch, slot: int, node: int) -> bool:
    """True if the latest search of a row settled this node."""
    label = scratch.labels[slot, node]
    return label.stamp == scratch.counter[1 + slot] and label.settled == label.stamp
