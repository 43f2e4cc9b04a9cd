"""Routing: earliest arrival over time-varying contacts with calendars, store and forward, waiting allowed.

A bundle is stored whole before it is forwarded and fits one contact; rates are integrated over the contact and calendars
take the first gap, so arrivals are first-in first-out and Dijkstra is exact. Stations relay only to and from datacentres.
"""

import math

import numpy as np

from orbit_gym.calendars import place_in_chunk, skip_ended
from orbit_gym.episode import ANY_STATION
from orbit_gym.jit import inlined, kernel
from orbit_gym.state import END, MAX_HOPS, NONE, START, Scratch, State
from orbit_gym.units import SPEED_OF_LIGHT_MPS
from orbit_gym.world import DOWNLINK, FIBRE, UPLINK, USER_DOWN, World

EVERYWHERE = -2  # search target: settle every node in reach
INPUT, RESULT = 0, 1  # rows of Scratch.labels


@inlined
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


@inlined
def range_m(world: World, node: int, other: int, time_s: float) -> float:
    """Distance between two graph nodes."""
    ax, ay, az = position_m(world, node, time_s)
    bx, by, bz = position_m(world, other, time_s)
    return math.sqrt((ax - bx) ** 2 + (ay - by) ** 2 + (az - bz) ** 2)


@inlined
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


@inlined
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


@inlined
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


@inlined
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


@inlined
def first_pass(world: World, satellite: int, time_s: float) -> int:
    """First row of World.passes of a satellite that may still be in progress at time_s; later rows begin later."""
    low = world.pass_offsets[satellite]
    high = world.pass_offsets[satellite + 1]
    earliest_s = time_s - world.sizes[0].longest_pass_s
    while low < high:
        middle = (low + high) // 2
        if world.passes[middle].start_s >= earliest_s:
            high = middle
        else:
            low = middle + 1
    return low


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
    and the search ends when it is full and every datacentre is settled. Nothing that arrives after limit_s is settled. Labels
    stay valid until the next search of the same row `which`.
    """
    sizes = world.sizes[0]
    first_station = sizes.n_satellites
    first_datacentre = first_station + sizes.n_stations
    first_user = first_datacentre + sizes.n_datacentres
    from_datacentre = first_datacentre <= source < first_user
    # Stations serve datacentres or end a result's way: no other search climbs down to one.
    to_ground = not from_datacentre and (target == ANY_STATION or first_station <= target < first_user or target == EVERYWHERE)
    to_lone_datacentre = sizes.n_datacentres == 1 and (target == EVERYWHERE or target == first_datacentre)
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
    n_left = sizes.n_datacentres
    bound_s = limit_s  # a target seen at this time makes anything later useless
    ground_s = limit_s  # and the one datacentre seen at this time makes any later downlink useless
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
