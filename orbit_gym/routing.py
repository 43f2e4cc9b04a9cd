"""Routing: earliest arrival over time-varying contacts with calendars, store and forward, waiting allowed.

A bundle is stored whole before it is forwarded and fits one contact; rates are integrated over the contact and calendars
take the first gap, so arrivals are first-in first-out and Dijkstra is exact; so is A* with a bound that light obeys. Stations relay only
to and from datacentres.
"""

import math
from typing import NamedTuple

import numpy as np

from orbit_gym.bounds import BUCKET_S, WINDOW_S
from orbit_gym.episode import ANY_STATION
from orbit_gym.jit import inlined, kernel
from orbit_gym.state import MAX_HOPS, NONE, Scratch, State
from orbit_gym.transfers import earliest_transfer, first_fit, first_laser, first_pass, position_m, range_m
from orbit_gym.units import SPEED_OF_LIGHT_MPS
from orbit_gym.world import FIBRE, World

EVERYWHERE = -2  # search target: settle every node in reach
WANTED = -3  # search target: settle every node that mark_wanted marked
SATELLITES = -4  # search target: settle as many satellites as `order` holds
DIRECTED_FROM = 64  # satellites from which on it pays to search towards a target (A*)
FASTEST_MPS = 9_000.0  # no satellite moves faster over the turning Earth: 7.7 km/s and 0.5 km/s of turning at 500 km
INPUT, RESULT = 0, 1  # rows of Scratch.labels
WANTED_STAMP, WANTED_COUNT = 3, 4  # places of Scratch.counter


NOWHERE, AT_SITE, TO_GROUND = 0, 1, 2


class Aim(NamedTuple):
    """What a search goes towards, and what bounds the rest of a way."""

    kind: int
    row: int  # site, or minute of World.ground_light_s
    laser_s: float  # least time of the bundle on any laser
    downlink_s: float  # and on any downlink
    end_s: float  # until when the bound of the minute holds


UNDIRECTED = Aim(NOWHERE, 0, 0.0, 0.0, math.inf)


@inlined
def _comes_first(labels: np.ndarray, node: int, other: int) -> bool:
    """Order of the heap: earlier key, then lower index."""
    a = labels[node].key_s
    b = labels[other].key_s
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

    target: a graph node, ANY_STATION, WANTED, SATELLITES or EVERYWHERE. With the last two, satellites are written to `order` as they
    are settled; the search ends when it is full and, with EVERYWHERE, every datacentre is settled. Nothing that arrives after limit_s
    is settled. Labels stay valid until the next search of the same row `which`.

    A settled node offers only what is open; it stays in the heap until its next contact opens, and then offers that. So a search
    looks at a handful of contacts a node however many a day holds, and still waits where waiting is best.
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
    aim = UNDIRECTED
    if first_station >= DIRECTED_FROM and not from_datacentre and (target == ANY_STATION or target >= first_datacentre):
        aim = _take_aim(world, target, ready_s, bits)
    labels = scratch.labels[which]
    heap = scratch.heap[which]
    scratch.counter[0] += 1
    stamp = scratch.counter[0]
    scratch.counter[1 + which] = stamp
    labels[source].stamp = stamp
    labels[source].key_s = labels[source].arrival_s = ready_s
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
        is_new = labels[node].settled != stamp
        from_s = labels[node].arrival_s if is_new else labels[node].wake_s
        if is_new:
            labels[node].settled = stamp
            if node == target or (target == ANY_STATION and first_station <= node < first_datacentre):
                return node
            if target == WANTED and scratch.wanted[node] == scratch.counter[WANTED_STAMP]:
                n_left -= 1
                if n_left == 0:
                    return node
            if target == EVERYWHERE or target == SATELLITES:
                if node < first_station and n_ordered < order.size:
                    order[n_ordered] = node
                    n_ordered += 1
                elif first_datacentre <= node < first_user:
                    n_left -= 1
                if n_ordered == order.size and (n_left == 0 or target == SATELLITES):
                    return node
            if labels[node].hops >= MAX_HOPS or (node != source and node >= first_datacentre):
                continue  # users and datacentres forward nothing
            size, bound_s = _relax_fixed(world, state, labels, heap, size, stamp, node, bits, target, bound_s, idle, aim)
        wake_s = math.inf
        if node < first_station:
            size, wake_s = _relax_lasers(world, state, labels, heap, size, stamp, node, from_s, is_new, bits, target, bound_s, idle, aim)
            if wake_s > bound_s:
                wake_s = math.inf
        if to_ground if node < first_station else (node == source or from_datacentre):
            useful_s = min(bound_s, ground_s) if node < first_station else bound_s
            ends_here = target == ANY_STATION and node < first_station
            ends_behind = to_lone_datacentre and node < first_station
            size, useful_s, opens_s = _relax_passes(
                world, state, labels, heap, size, stamp, node, from_s, is_new, bits, target, useful_s, idle, ends_here, ends_behind,
                aim,
            )  # fmt: skip
            if ends_here:
                bound_s = useful_s
            elif node < first_station:
                ground_s = useful_s
            if opens_s <= useful_s:
                wake_s = min(wake_s, opens_s)
        if wake_s < math.inf:  # back into the heap until its next contact opens
            labels[node].wake_s = wake_s
            labels[node].key_s = wake_s + _remaining_s(world, node, wake_s, aim)
            labels[node].heap_place = size
            heap[size] = node
            size += 1
            _rise(labels, heap, size - 1)
    return NONE


@inlined
def _take_aim(world: World, target: int, ready_s: float, bits: float) -> Aim:
    """How to bound what remains to a user, or (target a station, a datacentre or any station) to the ground."""
    sizes = world.sizes[0]
    site = target - sizes.n_satellites
    if site >= sizes.n_stations + sizes.n_datacentres:
        return Aim(AT_SITE, site, 0.0, 0.0, math.inf)
    bucket = int(ready_s / BUCKET_S)
    if bucket >= world.ground_light_s.shape[0]:
        return UNDIRECTED
    return Aim(TO_GROUND, bucket, bits / sizes.fastest_laser_bps, bits / sizes.fastest_downlink_bps, bucket * BUCKET_S + WINDOW_S)


@inlined
def _remaining_s(world: World, node: int, time_s: float, aim: Aim) -> float:
    """Time that a bundle at a node surely still needs; consistent, so that the search is exact (see bounds.py)."""
    if aim.kind == NOWHERE or node >= world.sizes[0].n_satellites:
        return 0.0
    if aim.kind == AT_SITE:  # light in a straight line, while both ends move
        x, y, z = position_m(world, node, time_s)
        place = world.site_positions_m[aim.row]
        distance_m = math.sqrt((x - place[0]) ** 2 + (y - place[1]) ** 2 + (z - place[2]) ** 2)
        return distance_m / (SPEED_OF_LIGHT_MPS + FASTEST_MPS)
    surely_s = world.ground_light_s[aim.row, node] + world.ground_hops[aim.row, node] * aim.laser_s + aim.downlink_s
    return max(0.0, min(surely_s, aim.end_s - time_s))


@inlined
def _relax_fixed(
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
    aim: Aim,
) -> tuple[int, float]:
    """Offer fibre, and the beam to a target user, with all its contacts; returns the size of the heap and the bound on useful arrivals."""
    if node >= world.sizes[0].n_satellites:
        for edge in range(world.edge_offsets[node], world.edge_offsets[node + 1]):
            if world.edges[edge].kind != FIBRE:
                break
            size, limit_s = _relax_edge(world, state, labels, heap, size, stamp, node, edge, bits, target, limit_s, idle, aim)
        return size, limit_s
    low = world.beams[0, node]
    high = world.beams[1, node]
    if low == high or target < world.edges[low].to:
        return size, limit_s
    while high - low > 1:  # sorted by receiver
        middle = (low + high) // 2
        if world.edges[middle].to <= target:
            low = middle
        else:
            high = middle
    if world.edges[low].to == target:
        return _relax_edge(world, state, labels, heap, size, stamp, node, low, bits, target, limit_s, idle, aim)
    return size, limit_s


@inlined
def _relax_edge(
    world: World,
    state: State,
    labels: np.ndarray,
    heap: np.ndarray,
    size: int,
    stamp: int,
    node: int,
    edge: int,
    bits: float,
    target: int,
    limit_s: float,
    idle: bool,
    aim: Aim,
) -> tuple[int, float]:
    """Offer one edge at the first of its contacts that takes the bundle."""
    to = world.edges[edge].to
    known = labels[to].stamp == stamp
    if known and labels[to].settled == stamp:
        return size, limit_s
    latest_s = min(limit_s, labels[to].arrival_s) if known else limit_s
    start_s, end_s = earliest_transfer(world, state, edge, labels[node].arrival_s, bits, latest_s, idle)
    if end_s <= latest_s:
        size = _offer(world, labels, heap, size, stamp, node, edge, start_s, end_s, latest_s, aim)
        if to == target and labels[to].stamp == stamp:
            limit_s = min(limit_s, labels[to].arrival_s)
    return size, limit_s


@inlined
def _relax_lasers(
    world: World,
    state: State,
    labels: np.ndarray,
    heap: np.ndarray,
    size: int,
    stamp: int,
    node: int,
    from_s: float,
    is_new: bool,
    bits: float,
    target: int,
    limit_s: float,
    idle: bool,
    aim: Aim,
) -> tuple[int, float]:
    """Offer the laser contacts of a satellite that are open at from_s, or open just then; returns heap size and the next opening."""
    n_tracks = (world.laser_offsets.size - 1) // world.sizes[0].n_satellites
    wake_s = math.inf
    for track in range(node * n_tracks, (node + 1) * n_tracks):
        row = first_laser(world, track, from_s)
        end = world.laser_offsets[track + 1]
        if row < end and world.lasers[row].start_s <= from_s:
            if is_new or world.lasers[row].start_s == from_s:
                size = _relax_contact(
                    world, state, labels, heap, size, stamp, node, world.lasers[row].edge, world.lasers[row].contact, bits, target, limit_s,
                    idle, aim,
                )  # fmt: skip
            row += 1
        if row < end:
            wake_s = min(wake_s, world.lasers[row].start_s)
    return size, wake_s


@inlined
def _relax_contact(
    world: World,
    state: State,
    labels: np.ndarray,
    heap: np.ndarray,
    size: int,
    stamp: int,
    node: int,
    edge: int,
    contact: int,
    bits: float,
    target: int,
    limit_s: float,
    idle: bool,
    aim: Aim,
) -> int:
    """Offer one contact; returns the size of the heap."""
    to = world.edges[edge].to
    known = labels[to].stamp == stamp
    if known and labels[to].settled == stamp:
        return size
    latest_s = min(limit_s, labels[to].arrival_s) if known else limit_s
    start_s, end_s = first_fit(world, state, edge, contact, labels[node].arrival_s, bits, idle)
    if end_s <= latest_s:
        size = _offer(world, labels, heap, size, stamp, node, edge, start_s, end_s, latest_s, aim)
    return size


@inlined
def _relax_passes(
    world: World,
    state: State,
    labels: np.ndarray,
    heap: np.ndarray,
    size: int,
    stamp: int,
    node: int,
    from_s: float,
    is_new: bool,
    bits: float,
    target: int,
    limit_s: float,
    idle: bool,
    ends_here: bool,
    ends_behind: bool,
    aim: Aim,
) -> tuple[int, float, float]:
    """Offer the passes of a node that are in progress at from_s, or begin just then.

    Returns the size of the heap, the limit on useful arrivals, and when the next pass begins. ends_here: the search ends at any
    station; ends_behind: it needs of the ground only its one datacentre. Either way what arrives after the best seen so far is useless.
    """
    row = first_pass(world, node, from_s)
    end = world.pass_offsets[node + 1]
    while row < end and world.passes[row].start_s <= from_s:
        if world.passes[row].end_s > from_s and (is_new or world.passes[row].start_s == from_s):
            edge = world.passes[row].edge
            to = world.edges[edge].to
            size = _relax_contact(
                world, state, labels, heap, size, stamp, node, edge, world.passes[row].contact, bits, target, limit_s, idle, aim
            )
            if labels[to].stamp == stamp and ends_here:
                limit_s = min(limit_s, labels[to].arrival_s)
            elif labels[to].stamp == stamp and ends_behind:
                limit_s = min(limit_s, _landing_s(world, to, labels[to].arrival_s, bits))
        row += 1
    return size, limit_s, world.passes[row].start_s if row < end else math.inf


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
    aim: Aim,
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
    labels[to].key_s = arrival_s + _remaining_s(world, to, arrival_s, aim)
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
    return label.stamp == scratch.counter[1 + which] and label.settled == label.stamp
