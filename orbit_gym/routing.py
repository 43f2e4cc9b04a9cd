"""Routing: earliest arrival over time-varying contacts with calendars, store and forward, waiting allowed.

A bundle is stored whole before it is forwarded and fits one contact; rates are integrated over the contact and calendars
take the first gap, so arrivals are first-in first-out and Dijkstra is exact. Stations relay only to and from datacentres.
"""

import math

import numpy as np

from orbit_gym.jit import kernel
from orbit_gym.calendars import place_in_chunk, skip_ended
from orbit_gym.episode import ANY_STATION
from orbit_gym.state import END, MAX_HOPS, NONE, START, Scratch, State
from orbit_gym.units import SPEED_OF_LIGHT_MPS
from orbit_gym.world import DOWNLINK, FIBRE, LASER, UPLINK, USER_DOWN, USER_UP, World

EVERYWHERE = -2  # search target: settle every node in reach
INPUT, RESULT = 0, 1  # rows of Scratch.labels


@kernel
def position_m(world: World, node: int, time_s: float) -> tuple[float, float, float]:
    """Earth-fixed position of a graph node, linear between grid points (error below 110 m at 10 s in low orbit)."""
    n_satellites = world.sizes[0].n_satellites
    if node >= n_satellites:
        site = world.site_positions_m[node - n_satellites]
        return site[0], site[1], site[2]
    place = time_s / world.sizes[0].grid_s
    row = min(max(int(place), 0), world.positions_m.shape[0] - 2)
    part = place - row
    a = world.positions_m[row, node]
    b = world.positions_m[row + 1, node]
    return a[0] + part * (b[0] - a[0]), a[1] + part * (b[1] - a[1]), a[2] + part * (b[2] - a[2])


@kernel
def range_m(world: World, node: int, other: int, time_s: float) -> float:
    """Distance between two graph nodes."""
    ax, ay, az = position_m(world, node, time_s)
    bx, by, bz = position_m(world, other, time_s)
    return math.sqrt((ax - bx) ** 2 + (ay - by) ** 2 + (az - bz) ** 2)


@kernel
def transfer_end_s(world: World, contact: int, start_s: float, bits: float) -> float:
    """When a transfer begun at start_s inside a contact ends, or infinity if the contact ends first."""
    low = world.contacts[contact].first_piece
    high = world.contacts[contact].end_piece
    end_piece = high
    while high - low > 1:  # last piece that begins at or before start_s
        middle = (low + high) // 2
        if world.pieces[middle].start_s <= start_s:
            low = middle
        else:
            high = middle
    piece = world.pieces[low]
    goal_bits = piece.sent_bits + (start_s - piece.start_s) * piece.rate_bps + bits
    while low + 1 < end_piece and world.pieces[low + 1].sent_bits < goal_bits:
        low += 1
    piece = world.pieces[low]
    # From start_s where the transfer stays in its piece: exact for back-to-back bundles.
    if piece.start_s <= start_s:
        end_s = start_s + bits / piece.rate_bps
    else:
        end_s = piece.start_s + (goal_bits - piece.sent_bits) / piece.rate_bps
    return end_s if end_s <= world.contacts[contact].end_s else math.inf


@kernel
def first_contact(world: World, edge: int, time_s: float) -> int:
    """First contact of an edge that ends after time_s; edges[edge].end_contact where there is none."""
    low = world.edges[edge].first_contact
    high = world.edges[edge].end_contact
    while low < high:
        middle = (low + high) // 2
        if world.contacts[middle].end_s > time_s:
            high = middle
        else:
            low = middle + 1
    return low


@kernel
def first_fit(world: World, state: State, edge: int, contact: int, ready_s: float, bits: float, idle: bool) -> tuple[float, float]:
    """First gap of an edge's calendars inside one contact that takes the bundle: (start, end), (inf, inf) if none does."""
    start_s = max(ready_s, world.contacts[contact].start_s)
    if idle:
        return start_s, transfer_end_s(world, contact, start_s, bits)
    resource_a = world.edges[edge].resource_a
    resource_b = world.edges[edge].resource_b
    chunk_a = state.heads[resource_a] if resource_a != NONE else NONE
    chunk_b = state.heads[resource_b] if resource_b != NONE else NONE
    while True:  # both cursors only move forward
        end_s = transfer_end_s(world, contact, start_s, bits)
        if end_s == math.inf:
            return start_s, end_s
        chunk_a = skip_ended(state, chunk_a, start_s)
        if chunk_a != NONE:
            place = place_in_chunk(state, chunk_a, start_s)
            if state.intervals[chunk_a, START, place] < end_s:
                start_s = state.intervals[chunk_a, END, place]
                continue
        chunk_b = skip_ended(state, chunk_b, start_s)
        if chunk_b != NONE:
            place = place_in_chunk(state, chunk_b, start_s)
            if state.intervals[chunk_b, START, place] < end_s:
                start_s = state.intervals[chunk_b, END, place]
                continue
        return start_s, end_s


@kernel
def earliest_transfer(
    world: World, state: State, edge: int, ready_s: float, bits: float, limit_s: float, idle: bool
) -> tuple[float, float]:
    """Earliest transfer over an edge at or after ready_s that starts by limit_s: (start, end), (inf, inf) if there is none."""
    contact = first_contact(world, edge, ready_s)
    while contact < world.edges[edge].end_contact and world.contacts[contact].start_s <= limit_s:
        start_s, end_s = first_fit(world, state, edge, contact, ready_s, bits, idle)
        if end_s < math.inf:
            return start_s, end_s
        contact += 1
    return math.inf, math.inf


@kernel
def _comes_first(labels: np.ndarray, node: int, other: int) -> bool:
    """Order of the heap: earlier arrival, then lower index."""
    a = labels[node].arrival_s
    b = labels[other].arrival_s
    return a < b or (a == b and node < other)


@kernel
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


@kernel
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


@kernel
def _may_use(kind: int, to: int, from_datacentre: bool, target: int) -> bool:
    """Rule of the graph: who may forward where. Users are ends only; stations serve datacentres or end a result's way."""
    if kind == LASER or kind == USER_UP:
        return True
    if kind == USER_DOWN:
        return to == target
    if kind == UPLINK:
        return from_datacentre
    if kind == DOWNLINK:
        return not from_datacentre
    return kind == FIBRE


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

    target: a graph node, ANY_STATION, or EVERYWHERE. With EVERYWHERE, satellites are written to `order` as they are settled
    and the search ends when it is full. Nothing that arrives after limit_s is settled. Labels stay valid until the next search
    of the same row `which`.
    """
    sizes = world.sizes[0]
    first_station = sizes.n_satellites
    first_datacentre = first_station + sizes.n_stations
    first_user = first_datacentre + sizes.n_datacentres
    from_datacentre = first_datacentre <= source < first_user
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
    has_target = target != EVERYWHERE
    bound_s = limit_s  # a target seen at this time makes anything later useless
    n_ordered = 0
    n_left = sizes.n_datacentres  # with EVERYWHERE the search goes on until these are settled too
    while size > 0:
        node = _pop(labels, heap, size)
        size -= 1
        if node == target or (target == ANY_STATION and first_station <= node < first_datacentre):
            return node
        if target == EVERYWHERE:
            if node < first_station and n_ordered < order.size:
                order[n_ordered] = node
                n_ordered += 1
            elif first_datacentre <= node < first_user:
                n_left -= 1
            if n_ordered == order.size and n_left == 0:
                return node
        if labels[node].hops >= MAX_HOPS:
            continue
        if node != source and (node >= first_user or (first_datacentre <= node)):
            continue  # users and datacentres forward nothing
        size, bound_s = _relax(
            world, state, labels, heap, size, stamp, node, bits, target, bound_s, idle, from_datacentre, first_user, has_target
        )
    return NONE


@kernel
def _relax(
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
    first_user: int,
    has_target: bool,
) -> tuple[int, float]:
    """Offer every edge out of a settled node; returns the new size of the heap and the new bound on useful arrivals."""
    first_station = world.sizes[0].n_satellites
    first_datacentre = first_station + world.sizes[0].n_stations
    ready_s = labels[node].arrival_s
    for edge in range(world.edge_offsets[node], world.edge_offsets[node + 1]):
        to = world.edges[edge].to
        if to >= first_user and target < first_user:
            break  # edges are sorted by destination and users come last
        if not _may_use(world.edges[edge].kind, to, from_datacentre, target):
            continue
        known = labels[to].stamp == stamp
        if known and labels[to].heap_place == NONE:
            continue
        latest_s = min(limit_s, labels[to].arrival_s) if known else limit_s
        start_s, end_s = earliest_transfer(world, state, edge, ready_s, bits, latest_s, idle)
        if end_s > latest_s:
            continue
        delay_s = world.edges[edge].delay_s
        if world.edges[edge].kind != FIBRE:
            delay_s += range_m(world, node, to, end_s) / SPEED_OF_LIGHT_MPS
        arrival_s = end_s + delay_s
        if arrival_s > limit_s or (known and arrival_s >= labels[to].arrival_s):
            continue
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
        if has_target and (to == target or (target == ANY_STATION and first_station <= to < first_datacentre)):
            limit_s = min(limit_s, arrival_s)
    return size, limit_s


@kernel
def is_reached(scratch: Scratch, which: int, node: int) -> bool:
    """True if the latest search of a row settled this node."""
    label = scratch.labels[which, node]
    return label.stamp == scratch.counter[1 + which] and label.heap_place == NONE
