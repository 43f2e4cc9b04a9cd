"""Routing: earliest arrival over time-varying contacts with calendars, store and forward, waiting allowed.

A bundle is stored whole before it is forwarded and fits one contact; rates are integrated over the contact and calendars
take the first gap, so arrivals are first-in first-out and Dijkstra is exact. Stations relay only to and from datacentres.
"""

import math

import numpy as np

from orbit_gym.episode import ANY_STATION
from orbit_gym.jit import inlined, kernel
from orbit_gym.state import MAX_HOPS, NONE, Scratch, State
from orbit_gym.transfers import earliest_transfer, first_fit, first_pass, range_m
from orbit_gym.units import SPEED_OF_LIGHT_MPS
from orbit_gym.world import DOWNLINK, FIBRE, UPLINK, USER_DOWN, World

EVERYWHERE = -2  # search target: settle every node in reach
WANTED = -3  # search target: settle every node that mark_wanted marked
INPUT, RESULT = 0, 1  # rows of Scratch.labels
WANTED_STAMP, WANTED_COUNT = 3, 4  # places of Scratch.counter


@inlined
def _comes_first(labels: np.ndarray, node: int, other: int) -> bool:
    """Order of the heap: earlier arrival, then lower index."""
    a = labels[node].arrival_s
    b = labels[other].arrival_s
    return a < b or (a == b and node < other)


@inlined
def _rise(labels: np.ndarray, heap: np.ndarray, place: int) -> None:
    node = heap[place]
    while place > 0:
        parent = (place - 1) // 2
        if not _comes_first(labels, node, heap[parent]):
            break
        heap[place] = heap[parent]
        labels[heap[place]].heap_place = place
        place = parent
    heap[place] = node
    labels[node].heap_place = place


@inlined
def _pop(labels: np.ndarray, heap: np.ndarray, size: int) -> int:
    """Take the first node out of a heap of this size; it is settled."""
    top = heap[0]
    labels[top].heap_place = NONE
    node = heap[size - 1]
    size -= 1
    place = 0
    while True:
        child = 2 * place + 1
        if child >= size:
            break
        if child + 1 < size and _comes_first(labels, heap[child + 1], heap[child]):
            child += 1
        if not _comes_first(labels, heap[child], node):
            break
        heap[place] = heap[child]
        labels[heap[place]].heap_place = place
        place = child
    if size > 0:
        heap[place] = node
        labels[node].heap_place = place
    return top


@inlined
def mark_wanted(scratch: Scratch, nodes: np.ndarray) -> None:
    """Mark graph nodes (n,), NONE left out, for a search with target WANTED."""
    scratch.counter[WANTED_STAMP] += 1
    scratch.counter[WANTED_COUNT] = 0
    for node in nodes:
        if node != NONE:
            scratch.wanted[node] = scratch.counter[WANTED_STAMP]
            scratch.counter[WANTED_COUNT] += 1


@kernel
def search(
    world: World,
    state: State,
    scratch: Scratch,
    which: int,
    source: int,
    ready_s: float,
    bits: float,
    target: int,
    limit_s: float,
    idle: bool,
    order: np.ndarray,
) -> int:
    """Earliest arrivals of a bundle from source; returns the node that ended the search, or NONE.

    target: a graph node, ANY_STATION, WANTED or EVERYWHERE. With EVERYWHERE, satellites are written to `order` as they are settled
    and the search ends when it is full and every datacentre is settled. Nothing that arrives after limit_s is settled. Labels
    stay valid until the next search of the same row `which`.
    """
    sizes = world.sizes[0]
    first_station = sizes.n_satellites
    first_datacentre = first_station + sizes.n_stations
    first_user = first_datacentre + sizes.n_datacentres
    from_datacentre = first_datacentre <= source < first_user
    # Stations serve datacentres or end a result's way: no other search climbs down to one.
    to_many = target == EVERYWHERE or target == WANTED
    to_ground = not from_datacentre and (target == ANY_STATION or first_station <= target < first_user or to_many)
    to_lone_datacentre = sizes.n_datacentres == 1 and (to_many or target == first_datacentre)
    labels = scratch.labels[which]
    heap = scratch.heap[which]
    scratch.counter[0] += 1
    stamp = scratch.counter[0]
    scratch.counter[1 + which] = stamp
    labels[source].stamp = stamp
    labels[source].arrival_s = ready_s
    labels[source].hops = 0
    labels[source].edge = NONE
    labels[source].previous = NONE
    labels[source].heap_place = 0
    heap[0] = source
    size = 1
    n_ordered = 0
    n_left = scratch.counter[WANTED_COUNT] if target == WANTED else sizes.n_datacentres
    bound_s = limit_s  # a target seen at this time makes anything later useless
    ground_s = limit_s  # and the one datacentre seen at this time makes any later downlink useless
    while size > 0:
        node = _pop(labels, heap, size)
        size -= 1
        if node == target or (target == ANY_STATION and first_station <= node < first_datacentre):
            return node
        if target == WANTED and scratch.wanted[node] == scratch.counter[WANTED_STAMP]:
            n_left -= 1
            if n_left == 0:
                return node
        if target == EVERYWHERE:
            if node < first_station and n_ordered < order.size:
                order[n_ordered] = node
                n_ordered += 1
            elif first_datacentre <= node < first_user:
                n_left -= 1
            if n_ordered == order.size and n_left == 0:
                return node
        if labels[node].hops >= MAX_HOPS or (node != source and node >= first_datacentre):
            continue  # users and datacentres forward nothing
        size, bound_s = _relax_edges(world, state, labels, heap, size, stamp, node, bits, target, bound_s, idle, from_datacentre)
        if to_ground and node < first_station:
            useful_s = min(bound_s, ground_s)
            size, useful_s = _relax_passes(
                world, state, labels, heap, size, stamp, node, bits, useful_s, idle, target == ANY_STATION, to_lone_datacentre
            )
            if target == ANY_STATION:
                bound_s = useful_s
            else:
                ground_s = useful_s
    return NONE


@inlined
def _relax_edges(
    world: World,
    state: State,
    labels: np.ndarray,
    heap: np.ndarray,
    size: int,
    stamp: int,
    node: int,
    bits: float,
    target: int,
    limit_s: float,
    idle: bool,
    from_datacentre: bool,
) -> tuple[int, float]:
    """Offer every edge out of a settled node but its downlinks; returns the size of the heap and the bound on useful arrivals."""
    for edge in range(world.edge_offsets[node], world.edge_offsets[node + 1]):
        kind = world.edges[edge].kind
        to = world.edges[edge].to
        if kind == DOWNLINK:
            break  # the last of a satellite's edges; World.passes has them in order of time
        if kind == USER_DOWN and to != target:
            if target < to:
                break  # sorted by receiver: the target is not among them
            continue
        if kind == UPLINK and not from_datacentre:
            break
        known = labels[to].stamp == stamp
        if known and labels[to].heap_place == NONE:
            continue
        latest_s = min(limit_s, labels[to].arrival_s) if known else limit_s
        start_s, end_s = earliest_transfer(world, state, edge, labels[node].arrival_s, bits, latest_s, idle)
        if end_s > latest_s:
            continue
        size = _offer(world, labels, heap, size, stamp, node, edge, start_s, end_s, latest_s)
        if to == target and labels[to].stamp == stamp:
            limit_s = min(limit_s, labels[to].arrival_s)
    return size, limit_s


@inlined
def _relax_passes(
    world: World,
    state: State,
    labels: np.ndarray,
    heap: np.ndarray,
    size: int,
    stamp: int,
    node: int,
    bits: float,
    limit_s: float,
    idle: bool,
    ends_here: bool,
    ends_behind: bool,
) -> tuple[int, float]:
    """Offer the passes of a settled satellite in order of time; returns the size of the heap and the limit on useful downlinks.

    ends_here: the search ends at any station; ends_behind: it needs of the ground only its one datacentre. Either way what
    arrives after the best seen so far is useless.
    """
    ready_s = labels[node].arrival_s
    row = first_pass(world, node, ready_s)
    end = world.pass_offsets[node + 1]
    while row < end and world.passes[row].start_s <= limit_s:
        edge = world.passes[row].edge
        to = world.edges[edge].to
        known = labels[to].stamp == stamp
        if world.passes[row].end_s > ready_s and not (known and labels[to].heap_place == NONE):
            latest_s = min(limit_s, labels[to].arrival_s) if known else limit_s
            start_s, end_s = first_fit(world, state, edge, world.passes[row].contact, ready_s, bits, idle)
            if end_s <= latest_s:
                size = _offer(world, labels, heap, size, stamp, node, edge, start_s, end_s, latest_s)
                if labels[to].stamp == stamp and ends_here:
                    limit_s = min(limit_s, labels[to].arrival_s)
                elif labels[to].stamp == stamp and ends_behind:
                    limit_s = min(limit_s, _landing_s(world, to, labels[to].arrival_s, bits))
        row += 1
    return size, limit_s


@inlined
def _landing_s(world: World, station: int, arrival_s: float, bits: float) -> float:
    """When a bundle at a station is at its datacentre; infinity where the station has no fibre."""
    edge = world.edge_offsets[station]
    if edge == world.edge_offsets[station + 1] or world.edges[edge].kind != FIBRE:
        return math.inf
    piece = world.contacts[world.edges[edge].first_contact].first_piece
    return arrival_s + bits / world.pieces[piece].rate_bps + world.edges[edge].delay_s


@inlined
def _offer(
    world: World,
    labels: np.ndarray,
    heap: np.ndarray,
    size: int,
    stamp: int,
    node: int,
    edge: int,
    start_s: float,
    end_s: float,
    latest_s: float,
) -> int:
    """Improve the label at the other end of a transfer if it arrives by latest_s; returns the size of the heap."""
    to = world.edges[edge].to
    arrival_s = end_s + world.edges[edge].delay_s
    if world.edges[edge].kind != FIBRE:
        arrival_s += range_m(world, node, to, end_s) / SPEED_OF_LIGHT_MPS
    known = labels[to].stamp == stamp
    if arrival_s > latest_s or (known and arrival_s >= labels[to].arrival_s):
        return size
    labels[to].stamp = stamp
    labels[to].arrival_s = arrival_s
    labels[to].start_s = start_s
    labels[to].end_s = end_s
    labels[to].edge = edge
    labels[to].previous = node
    labels[to].hops = labels[node].hops + 1
    if not known:
        labels[to].heap_place = size
        heap[size] = to
        size += 1
    _rise(labels, heap, labels[to].heap_place)
    return size


@inlined
def is_reached(scratch: Scratch, which: int, node: int) -> bool:
    """True if the latest search of a row settled this node."""
    label = scratch.labels[which, node]
    return label.stamp == scratch.counter[1 + which] and label.heap_place == NONE
