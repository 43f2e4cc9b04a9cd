"""Plan, then book: what would happen to a task at a candidate, and making it so.

`plan_all` fills Scratch.plans for the task being placed and changes no State but the order of candidates; `book` makes one plan real.
Nothing booked is ever planned again, so with faults off what was planned is what happens.
"""

import math

import numpy as np

from orbit_gym.calendars import place_in_chunk, release_expired, reserve, skip_ended
from orbit_gym.compute import (
    carry,
    find_gap,
    lane_power_w,
    lanes_taken,
    load_s,
    note_tail,
    occupy,
    resident_after_load,
    service_s,
    settle,
    wait_s,
)
from orbit_gym.episode import ANY_STATION
from orbit_gym.jit import kernel
from orbit_gym.routing import EVERYWHERE, INPUT, RESULT, is_reached, search
from orbit_gym.state import END, MAX_HOPS, NONE, START, Scratch, State
from orbit_gym.world import World

RECLAIMED_PER_STEP = 16
CALENDARS_PER_HOP = 2  # a hop occupies at most two, and takes at most one new chunk in each


@kernel
def place(world: World, state: State, tasks: np.ndarray, task: int, unit: int, ready_s: float, limit_s: float) -> tuple[float, ...]:
    """Where a task fits on an accelerator: (load_start_s, load_s, start_s, finish_s); infinite where nothing fits by limit_s.

    First the earliest gap that needs no load, if charge and heat still carry every later booking; otherwise after the last booking,
    loading the model if it is not there, waiting for charge and heat.
    """
    duration_s = service_s(world, tasks, task, unit)
    lanes = lanes_taken(world, tasks, task, unit)
    model = tasks[task].model
    has_battery = world.accelerators[unit].has_battery == 1
    entry = state.units[unit]
    task_w = lane_power_w(world, unit, lanes)
    start_s = find_gap(world, state, unit, max(ready_s, entry.time_s), duration_s, lanes, model)
    if start_s + duration_s <= limit_s:
        finish_s = start_s + duration_s
        if not has_battery or _is_carried(world, state, unit, start_s, finish_s, task_w):
            return start_s, 0.0, start_s, finish_s
    return _place_last(world, state, unit, model, ready_s, limit_s, duration_s, task_w)


@kernel
def _is_carried(world: World, state: State, unit: int, start_s: float, finish_s: float, task_w: float) -> bool:
    """True if charge and heat carry a service without a load, and every booking after it."""
    entry = state.units[unit]
    from_s, charge_j, temperature_c = entry.time_s, entry.charge_j, entry.temperature_c
    if start_s >= entry.tail_s:  # nothing is booked later
        from_s, charge_j, temperature_c = entry.tail_s, entry.tail_charge_j, entry.tail_temperature_c
    end_s = max(finish_s, entry.tail_s)
    _, _, missing_j, excess_k = carry(
        world, state, unit, from_s, end_s, charge_j, temperature_c, start_s, start_s, finish_s, 0.0, task_w, True
    )
    return missing_j == 0.0 and excess_k == 0.0


@kernel
def _place_last(
    world: World, state: State, unit: int, model: int, ready_s: float, limit_s: float, duration_s: float, task_w: float
) -> tuple[float, ...]:
    """Earliest block (load if needed, then service) after the last booking that charge and heat carry."""
    accelerator = world.accelerators[unit]
    entry = state.units[unit]
    loading_s = 0.0 if entry.tail_resident >> model & 1 else load_s(world, unit, model)
    begin_s = max(entry.tail_s, ready_s - loading_s)
    length_s = loading_s + duration_s
    if accelerator.has_battery == 0:
        if begin_s + length_s > limit_s:
            return math.inf, 0.0, math.inf, math.inf
        return begin_s, loading_s, begin_s + loading_s, begin_s + length_s
    load_w = accelerator.dynamic_w
    most_w = load_w if loading_s > 0.0 else task_w
    time_s, charge_j, temperature_c = entry.tail_s, entry.tail_charge_j, entry.tail_temperature_c
    while begin_s + length_s <= limit_s:
        never = math.inf
        charge_j, temperature_c, _, _ = carry(
            world, state, unit, time_s, begin_s, charge_j, temperature_c, never, never, never, 0.0, 0.0, False
        )
        time_s = begin_s
        start_s = begin_s + loading_s
        finish_s = begin_s + length_s
        _, _, missing_j, excess_k = carry(
            world, state, unit, time_s, finish_s, charge_j, temperature_c, begin_s, start_s, finish_s, load_w, task_w, True
        )
        if missing_j == 0.0 and excess_k == 0.0:
            return begin_s, loading_s, start_s, finish_s
        begin_s += wait_s(world, unit, begin_s, length_s, most_w, missing_j, excess_k)
    return math.inf, 0.0, math.inf, math.inf


@kernel
def _alert_slot_s(world: World, state: State, satellite: int, ready_s: float) -> float:
    """Earliest moment at which the alert channel of a satellite takes a message."""
    resource = world.sizes[0].first_alert_resource + satellite
    send_s = ready_s
    chunk = state.heads[resource]
    while True:
        chunk = skip_ended(state, chunk, send_s)
        if chunk == NONE:
            return send_s
        place_ = place_in_chunk(state, chunk, send_s)
        if state.intervals[chunk, START, place_] >= send_s + world.sizes[0].alert_interval_s:
            return send_s
        send_s = state.intervals[chunk, END, place_]


@kernel
def deliver(
    world: World, state: State, scratch: Scratch, tasks: np.ndarray, task: int, node: int, ready_s: float, limit_s: float, idle: bool
) -> tuple[float, int, float]:
    """Earliest delivery of a result that is ready at a node: (delivery_s, last graph node of its route or NONE, alert send_s or -1)."""
    sizes = world.sizes[0]
    on_ground = node >= sizes.n_satellites
    if on_ground and tasks[task].destination == ANY_STATION:
        return ready_s, NONE, -1.0
    alert_s = math.inf
    send_s = -1.0
    if tasks[task].alert_delay_s >= 0.0 and not on_ground:
        send_s = ready_s if idle else _alert_slot_s(world, state, node, ready_s)
        alert_s = send_s + tasks[task].alert_delay_s
        limit_s = min(limit_s, alert_s)  # a route that arrives later is of no use
    end = search(
        world, state, scratch, RESULT, node, ready_s, tasks[task].result_bits, tasks[task].destination, limit_s, idle, scratch.order
    )
    if end != NONE and scratch.labels[RESULT, end].arrival_s < alert_s:
        return scratch.labels[RESULT, end].arrival_s, end, -1.0
    return alert_s, NONE, send_s


@kernel
def _transmit_j(world: World, scratch: Scratch, which: int, node: int) -> float:
    """Energy of the transfers on the way to a node of the latest search."""
    total_j = 0.0
    labels = scratch.labels[which]
    while labels[node].previous != NONE:
        total_j += world.edges[labels[node].edge].transmit_w * (labels[node].end_s - labels[node].start_s)
        node = labels[node].previous
    return total_j


@kernel
def plan_node(world: World, state: State, scratch: Scratch, tasks: np.ndarray, task: int, node: int, plan: np.ndarray) -> int:
    """Write the plan of a task at one candidate into plan[0]; the input search must have been run.

    Returns the last graph node of the result's route (NONE if it has none), whose labels hold until the next search.
    """
    sizes = world.sizes[0]
    limit_s = tasks[task].release_s + sizes.look_ahead_s
    out = plan[0]
    out.node = node
    out.accelerator = NONE
    out.exists = 0
    out.on_time = 0
    out.input_hops = 0
    out.result_hops = 0
    out.by_alert = 0
    out.updates_recency = 0
    out.arrival_s = out.load_start_s = out.start_s = out.finish_s = out.delivery_s = math.inf
    out.load_s = 0.0
    out.send_s = -1.0
    out.energy_j = 0.0
    if node == NONE or not is_reached(scratch, INPUT, node):
        return NONE
    out.arrival_s = scratch.labels[INPUT, node].arrival_s
    out.input_hops = scratch.labels[INPUT, node].hops
    _plan_service(world, state, tasks, task, node, limit_s, plan)
    if out.finish_s == math.inf:
        return NONE
    end = _plan_delivery(world, state, scratch, tasks, task, limit_s, plan)
    if out.delivery_s <= limit_s:
        if _has_room(state, out.accelerator, out.input_hops + out.result_hops):
            out.exists = 1
            out.on_time = 1 if out.delivery_s <= tasks[task].release_s + tasks[task].slack_s else 0
        else:
            state.clock[0].n_lost_plans += 1
    return end


@kernel
def _plan_service(world: World, state: State, tasks: np.ndarray, task: int, node: int, limit_s: float, plan: np.ndarray) -> None:
    """Fill the load and the service: on the satellite's accelerator, or the one of a datacentre that finishes first."""
    first = node
    end = node + 1
    if node >= world.sizes[0].n_satellites:
        datacentre = node - world.sizes[0].n_satellites - world.sizes[0].n_stations
        first = world.datacentre_offsets[datacentre]
        end = world.datacentre_offsets[datacentre + 1]
    out = plan[0]
    for unit in range(first, end):
        load_start_s, loading_s, start_s, finish_s = place(world, state, tasks, task, unit, out.arrival_s, limit_s)
        if finish_s < out.finish_s:
            out.accelerator = unit
            out.load_start_s = load_start_s
            out.load_s = loading_s
            out.start_s = start_s
            out.finish_s = finish_s
            out.updates_recency = 1 if start_s >= state.units[unit].tail_start_s else 0


@kernel
def _plan_delivery(world: World, state: State, scratch: Scratch, tasks: np.ndarray, task: int, limit_s: float, plan: np.ndarray) -> int:
    """Fill the result's way and the energy; returns its last graph node."""
    out = plan[0]
    unit = out.accelerator
    delivery_s, end, send_s = deliver(world, state, scratch, tasks, task, out.node, out.finish_s, limit_s, False)
    out.delivery_s = delivery_s
    out.send_s = send_s
    out.by_alert = 1 if send_s >= 0.0 else 0
    lanes = lanes_taken(world, tasks, task, unit)
    out.energy_j = world.accelerators[unit].dynamic_w * out.load_s + lane_power_w(world, unit, lanes) * (out.finish_s - out.start_s)
    out.energy_j += _transmit_j(world, scratch, INPUT, out.node)
    if end != NONE:
        out.result_hops = scratch.labels[RESULT, end].hops
        out.energy_j += _transmit_j(world, scratch, RESULT, end)
    return end


@kernel
def _has_room(state: State, unit: int, hops: int) -> bool:
    """True if the pools surely hold what a booking adds."""
    clock = state.clock[0]
    if state.records.size > 0 and clock.n_records + CALENDARS_PER_HOP * hops + 2 > state.records.size:
        return False
    return clock.n_free_chunks >= CALENDARS_PER_HOP * hops + 1 and clock.n_free_segments >= 4 * state.units[unit].n_segments + 6


@kernel
def _search_input(
    world: World, state: State, scratch: Scratch, tasks: np.ndarray, task: int, target: int, idle: bool, order: np.ndarray
) -> None:
    """Search the input's way from the task's origin."""
    release_s = tasks[task].release_s
    limit_s = release_s + world.sizes[0].look_ahead_s
    search(world, state, scratch, INPUT, tasks[task].origin, release_s, tasks[task].input_bits, target, limit_s, idle, order)


@kernel
def order_candidates(world: World, state: State, scratch: Scratch, tasks: np.ndarray, task: int, candidates: np.ndarray) -> None:
    """Write the candidates of a task: satellites in ascending delay of its input on idle calendars, then datacentres.

    Ties go to the lower index; NONE where fewer satellites, or a datacentre out of reach within the look-ahead.
    """
    sizes = world.sizes[0]
    n_rows = sizes.n_candidates - sizes.n_datacentres
    candidates[:] = NONE
    _search_input(world, state, scratch, tasks, task, EVERYWHERE, True, candidates[:n_rows])
    for datacentre in range(sizes.n_datacentres):
        node = sizes.n_satellites + sizes.n_stations + datacentre
        if is_reached(scratch, INPUT, node):
            candidates[n_rows + datacentre] = node


@kernel
def plan_all(world: World, state: State, scratch: Scratch, tasks: np.ndarray, task: int) -> None:
    """Order the candidates of a task, bring their accelerators to its release, and plan each."""
    order_candidates(world, state, scratch, tasks, task, state.candidates)
    for row in range(state.candidates.size):
        _settle_node(world, state, state.candidates[row], tasks[task].release_s)
    _search_input(world, state, scratch, tasks, task, EVERYWHERE, False, scratch.order)
    for row in range(state.candidates.size):
        plan_node(world, state, scratch, tasks, task, state.candidates[row], scratch.plans[row : row + 1])


@kernel
def _settle_node(world: World, state: State, node: int, now_s: float) -> None:
    """Bring the accelerators of a candidate to now_s."""
    if node == NONE:
        return
    if node < world.sizes[0].n_satellites:
        settle(world, state, node, now_s)
        return
    datacentre = node - world.sizes[0].n_satellites - world.sizes[0].n_stations
    for unit in range(world.datacentre_offsets[datacentre], world.datacentre_offsets[datacentre + 1]):
        settle(world, state, unit, now_s)


@kernel
def reclaim(world: World, state: State) -> None:
    """Give expired reservations back, all of them where a pool runs low; changes nothing else."""
    clock = state.clock[0]
    for _ in range(min(RECLAIMED_PER_STEP, state.heads.size)):  # a few calendars each step, in turn: short lists are fast lists
        clock.reclaim_next = (clock.reclaim_next + 1) % state.heads.size
        release_expired(state, clock.reclaim_next, clock.time_s)
    if clock.n_free_chunks < state.chunks.size // 4:
        for resource in range(state.heads.size):
            release_expired(state, resource, clock.time_s)
    if clock.n_free_segments < state.segments.size // 4:
        for unit in range(state.units.size):
            settle(world, state, unit, clock.time_s)


@kernel
def plan_one(world: World, state: State, scratch: Scratch, tasks: np.ndarray, task: int, node: int, plan: np.ndarray) -> int:
    """Plan a task at one candidate from nothing, and record its hops; returns the last graph node of the result's route."""
    _search_input(world, state, scratch, tasks, task, node, False, scratch.order)
    end = plan_node(world, state, scratch, tasks, task, node, plan)
    if plan[0].exists == 1:
        _record(scratch, INPUT, node, 0)
        if end != NONE:
            _record(scratch, RESULT, end, plan[0].input_hops)
    return end


@kernel
def _record(scratch: Scratch, which: int, node: int, first: int) -> None:
    """Write the hops to a node into Scratch.hops, in order, from place `first`."""
    labels = scratch.labels[which]
    while labels[node].previous != NONE:
        hop = scratch.hops[first + labels[node].hops - 1]
        hop.start_s = labels[node].start_s
        hop.end_s = labels[node].end_s
        hop.from_node = labels[node].previous
        hop.edge = labels[node].edge
        node = labels[node].previous


@kernel
def book(world: World, state: State, scratch: Scratch, tasks: np.ndarray, task: int, node: int) -> bool:
    """Make the plan of a task at one candidate real; Scratch.booked holds it. False (and nothing changed) if there is no plan."""
    plan_one(world, state, scratch, tasks, task, node, scratch.booked)
    plan = scratch.booked[0]
    if plan.exists == 0:
        return False
    _book_hops(world, state, scratch, plan.input_hops + plan.result_hops)
    if plan.by_alert == 1:
        resource = world.sizes[0].first_alert_resource + node
        release_expired(state, resource, state.clock[0].time_s)
        reserve(state, resource, plan.send_s, plan.send_s + world.sizes[0].alert_interval_s)
    _book_service(world, state, tasks, task, scratch.booked)
    return True


@kernel
def _within(state: State, start_s: float, end_s: float) -> float:
    """Seconds of a booking that lie before the episode's end; only they count as utilisation."""
    last_s = state.clock[0].end_s
    return min(end_s, last_s) - min(start_s, last_s)


@kernel
def _book_hops(world: World, state: State, scratch: Scratch, n_hops: int) -> None:
    """Reserve the calendars of every recorded hop."""
    for place_ in range(min(n_hops, 2 * MAX_HOPS)):
        hop = scratch.hops[place_]
        edge = world.edges[hop.edge]
        for resource in (edge.resource_a, edge.resource_b):
            if resource != NONE:
                release_expired(state, resource, state.clock[0].time_s)
                reserve(state, resource, hop.start_s, hop.end_s)
                state.used_s[resource] += _within(state, hop.start_s, hop.end_s)


@kernel
def _book_service(world: World, state: State, tasks: np.ndarray, task: int, booked: np.ndarray) -> None:
    """Put the load and the service into the accelerator's profile and note memory and recency."""
    plan = booked[0]
    unit = plan.accelerator
    entry = state.units[unit]
    model = tasks[task].model
    lanes = lanes_taken(world, tasks, task, unit)
    if plan.load_s > 0.0:
        entry.tail_resident = resident_after_load(world, state, unit, model)
        occupy(state, unit, plan.load_start_s, plan.start_s, world.accelerators[unit].lanes, entry.tail_resident)
        entry.tail_start_s = plan.start_s
        entry.n_loads += 1
        entry.busy_lane_s += world.accelerators[unit].lanes * _within(state, plan.load_start_s, plan.start_s)
    occupy(state, unit, plan.start_s, plan.finish_s, lanes, entry.tail_resident)
    if plan.updates_recency == 1 and plan.start_s > state.last_use_s[unit, model]:
        state.last_use_s[unit, model] = plan.start_s
    entry.busy_lane_s += lanes * _within(state, plan.start_s, plan.finish_s)
    note_tail(world, state, unit)
    entry.energy_j += plan.energy_j
