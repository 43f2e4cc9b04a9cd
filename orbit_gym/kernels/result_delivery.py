"""Delivery: when and how a result comes back, by a route or by the alert channel.

The candidates of a decision send the same bits to the same place, so one search often answers for
several. Arrivals are first-in first-out: if a bundle from k would be at j by time a and delivered
at best at D, then one that starts from j at or after a is not delivered before D; and if it still
reaches the satellite of k's last transfer before that transfer begins, it takes the same transfer.
"""

import math

import numpy as np

from orbit_gym.kernels.episode import ANY_STATION
from orbit_gym.kernels.network.calendars import place_in_chunk, skip_ended
from orbit_gym.kernels.network.search import RESULT, is_reached, search
from orbit_gym.kernels.network.search_context import Bundle
from orbit_gym.kernels.network.transfers import earliest_transfer, range_m
from orbit_gym.kernels.state import END, MAX_HOPS, NONE, START, Scratch, State
from orbit_gym.utils.jit import inline_kernel
from orbit_gym.utils.units import SPEED_OF_LIGHT_MPS
from orbit_gym.world.layout import LASER, World
from orbit_gym.world.nodes import is_satellite


@inline_kernel
def _alert_slot_s(world: World, state: State, satellite: int, ready_s: float) -> float:
    """Earliest moment at which the alert channel of a satellite takes a message."""
    resource = world.sizes[0].first_alert_resource + satellite
    send_s = ready_s
    chunk = state.heads[resource]
    while True:
        chunk = skip_ended(state, chunk, send_s)
        if chunk == NONE:
            return send_s
        place = place_in_chunk(state, chunk, send_s)
        if state.intervals[chunk, START, place] >= send_s + world.sizes[0].alert_interval_s:
            return send_s
        send_s = state.intervals[chunk, END, place]


@inline_kernel
def deliver(
    world: World,
    state: State,
    scratch: Scratch,
    tasks: np.ndarray,
    task: int,
    node: int,
    ready_s: float,
    limit_s: float,
    is_idle: bool,
) -> tuple[float, int, float]:
    """Return the earliest delivery of a result that is ready at a node.

    (delivery_s, last graph node of its route or NONE, alert send_s or -1).
    """
    if not is_satellite(world, node) and tasks[task].destination == ANY_STATION:
        return ready_s, NONE, -1.0
    send_s, alert_s = _alert(world, state, tasks, task, node, ready_s, is_idle)
    route_limit_s = min(limit_s, alert_s)  # a route that arrives later than the alert is of no use
    bundle = Bundle(
        int(node),
        ready_s,
        tasks[task].result_bits,
        int(tasks[task].destination),
        route_limit_s,
        is_idle,
    )
    end = search(world, state, scratch, RESULT, bundle, scratch.order)
    if end != NONE and scratch.labels[RESULT, end].arrival_s < alert_s:
        return scratch.labels[RESULT, end].arrival_s, end, -1.0
    return alert_s, NONE, send_s


@inline_kernel
def _alert(
    world: World,
    state: State,
    tasks: np.ndarray,
    task: int,
    node: int,
    ready_s: float,
    is_idle: bool,
) -> tuple[float, float]:
    """When an alert would be sent from a node and when it would be delivered.

    (-1, infinity) where the channel is not open to it.
    """
    if tasks[task].alert_delay_s < 0.0 or not is_satellite(world, node):
        return -1.0, math.inf
    send_s = ready_s if is_idle else _alert_slot_s(world, state, node, ready_s)
    return send_s, send_s + tasks[task].alert_delay_s


@inline_kernel
def write_route(scratch: Scratch, slot: int, node: int, hops: np.ndarray, first: int) -> int:
    """Write the transfers on the way to a node of the latest search into hops.

    In order, from place `first`.

    Returns how many there are; NONE if more than MAX_HOPS, which an earlier way to a node on the
    route can make of fewer.
    """
    labels = scratch.labels[slot]
    count = 0
    at = node
    while labels[at].previous != NONE:
        count += 1
        at = labels[at].previous
    if count > MAX_HOPS:
        return NONE
    place = first + count
    while labels[node].previous != NONE:
        place -= 1
        hop = hops[place]
        hop.start_s = labels[node].start_s
        hop.end_s = labels[node].end_s
        hop.from_node = labels[node].previous
        hop.edge = labels[node].edge
        node = labels[node].previous
    return count


@inline_kernel
def join_route(
    world: World,
    state: State,
    scratch: Scratch,
    node: int,
    ready_s: float,
    bits: float,
    end: int,
    hops: np.ndarray,
    first: int,
) -> int:
    """Return the hops of a route that joins that of the latest result search, NONE if none.

    From a satellite into its last transfer, written to hops.

    Joining means that its delivery is the search's own, and best: it was settled there no later
    than ready_s, and over the search's tree it reaches the last transfer's satellite before that
    transfer begins.
    """
    labels = scratch.labels[RESULT]
    if not is_reached(scratch, RESULT, node) or labels[node].arrival_s > ready_s:
        return NONE
    last = labels[end].previous
    sent_s = labels[end].start_s
    time_s = ready_s
    count = 0
    while node != last:
        step_to = _towards(labels, node, last)
        edge = _laser_to(world, node, step_to)
        if edge == NONE or count == MAX_HOPS - 1:
            return NONE
        start_s, end_s = earliest_transfer(world, state, edge, time_s, bits, sent_s, False)
        if end_s == math.inf:
            return NONE
        hop = hops[first + count]
        hop.start_s = start_s
        hop.end_s = end_s
        hop.from_node = node
        hop.edge = edge
        count += 1
        time_s = end_s + range_m(world, node, step_to, end_s) / SPEED_OF_LIGHT_MPS
        node = step_to
    if time_s > sent_s:
        return NONE
    hop = hops[first + count]
    hop.start_s = sent_s
    hop.end_s = labels[end].end_s
    hop.from_node = last
    hop.edge = labels[end].edge
    return count + 1


@inline_kernel
def _towards(labels: np.ndarray, node: int, goal: int) -> int:
    """Next node on the way from one settled node to another over the search's tree."""
    parent = goal
    while labels[parent].hops > labels[node].hops + 1:
        parent = labels[parent].previous
    if labels[parent].hops == labels[node].hops + 1 and labels[parent].previous == node:
        return parent
    return labels[node].previous


@inline_kernel
def _laser_to(world: World, node: int, other: int) -> int:
    """Laser edge from one satellite to another, NONE if there is none."""
    if other == NONE:
        return NONE
    for edge in range(world.edge_offsets[node], world.edge_offsets[node + 1]):
        if world.edges[edge].kind != LASER:
            return NONE
        if world.edges[edge].to == other:
            return edge
    return NONE
