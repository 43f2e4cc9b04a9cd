"""Plan: what would happen to the task at hand at every candidate.

`plan_all` fills State.plans and State.routes for the task being placed; nothing else of the State
changes but the order of candidates. Nothing booked is ever planned again, so with faults off what
was planned is what happens.
"""

import math

import numpy as np

from orbit_gym.kernels.accelerator.charge_and_heat import advance_to
from orbit_gym.kernels.accelerator.service import lane_power_w, lanes_taken
from orbit_gym.kernels.accelerator.service_slot import find_slot
from orbit_gym.kernels.network.search import (
    EVERYWHERE,
    INPUT,
    RESULT,
    SATELLITES,
    TARGET_SET,
    is_reached,
    mark_targets,
    search,
)
from orbit_gym.kernels.network.search_context import Bundle
from orbit_gym.kernels.result_delivery import deliver, join_route, write_route
from orbit_gym.kernels.state import NONE, Scratch, State
from orbit_gym.utils.jit import inline_kernel, merged_kernel
from orbit_gym.world.layout import World
from orbit_gym.world.nodes import (
    accelerators_of,
    datacentre_node,
    is_satellite,
    n_datacentres,
    n_satellites,
)

CALENDARS_PER_HOP = 2  # a hop occupies at most two, and takes at most one new chunk in each


@inline_kernel
def _input_bundle(world: World, tasks: np.ndarray, task: int, target: int, is_idle: bool) -> Bundle:
    """Return the input of a task, on its way from the origin."""
    entry = tasks[task]
    limit_s = entry.release_s + world.sizes[0].look_ahead_s
    return Bundle(
        int(entry.origin), entry.release_s, entry.input_bits, int(target), limit_s, is_idle
    )


@inline_kernel
def shows_all(world: World) -> bool:
    """True if every satellite is a candidate: then one search serves satellites and datacentres."""
    return n_satellite_rows(world) >= n_satellites(world)


@inline_kernel
def n_satellite_rows(world: World) -> int:
    """Candidates that are satellites; those after them are the datacentres."""
    return world.sizes[0].n_candidates - n_datacentres(world)


@merged_kernel
def order_candidates(
    world: World,
    state: State,
    scratch: Scratch,
    tasks: np.ndarray,
    task: int,
    candidates: np.ndarray,
) -> None:
    """Write the candidates of a task.

    Satellites in ascending delay of its input on idle calendars, then datacentres.

    Ties go to the lower index; NONE where fewer satellites, or a datacentre out of reach within the
    look-ahead. Scratch.reached_s gets the arrivals.
    """
    n_rows = n_satellite_rows(world)
    candidates[:] = NONE
    target = EVERYWHERE if shows_all(world) else SATELLITES
    bundle = _input_bundle(world, tasks, task, target, True)
    search(world, state, scratch, INPUT, bundle, candidates[:n_rows])
    for row in range(n_rows):
        if candidates[row] != NONE:
            scratch.reached_s[row] = scratch.labels[INPUT, candidates[row]].arrival_s
    for datacentre in range(n_datacentres(world)):
        node = datacentre_node(world, datacentre)
        slot = INPUT
        if target == SATELLITES:  # a search of its own, straight towards the stations
            slot = RESULT
            bundle = _input_bundle(world, tasks, task, node, True)
            search(world, state, scratch, RESULT, bundle, scratch.order)
        if is_reached(scratch, slot, node):
            candidates[n_rows + datacentre] = node
            scratch.reached_s[n_rows + datacentre] = scratch.labels[slot, node].arrival_s


@merged_kernel
def plan_all(world: World, state: State, scratch: Scratch, tasks: np.ndarray, task: int) -> None:
    """Order the candidates of a task, bring their accelerators to its release, and plan each.

    There are none after the last task.
    """
    state.candidates[:] = NONE
    if task >= tasks.size:
        return
    order_candidates(world, state, scratch, tasks, task, state.candidates)
    for row in range(state.candidates.size):
        _advance_node(world, state, state.candidates[row], tasks[task].release_s)
    _plan_inputs(world, state, scratch, tasks, task)
    limit_s = tasks[task].release_s + world.sizes[0].look_ahead_s
    for row in range(state.candidates.size):
        if state.plans[row].arrival_s < math.inf:
            _plan_service(world, state, tasks, task, row, limit_s)
    _plan_results(world, state, scratch, tasks, task, limit_s)
    for row in range(state.candidates.size):
        if state.plans[row].delivery_s < math.inf:
            _finish_plan(world, state, tasks, task, row, limit_s)


@merged_kernel
def _plan_inputs(
    world: World, state: State, scratch: Scratch, tasks: np.ndarray, task: int
) -> None:
    """Begin every plan with the way of its input over the calendars as they are."""
    n_rows = state.candidates.size if shows_all(world) else n_satellite_rows(world)
    mark_targets(scratch, state.candidates[:n_rows])
    bundle = _input_bundle(world, tasks, task, TARGET_SET, False)
    search(world, state, scratch, INPUT, bundle, scratch.order)
    for row in range(n_rows):
        _begin_plan(state, scratch, row, INPUT)
    for row in range(n_rows, state.candidates.size):
        if state.candidates[row] != NONE:
            bundle = _input_bundle(world, tasks, task, state.candidates[row], False)
            search(world, state, scratch, RESULT, bundle, scratch.order)
        _begin_plan(state, scratch, row, RESULT)


@inline_kernel
def _begin_plan(state: State, scratch: Scratch, row: int, slot: int) -> None:
    """An empty plan, and the input's way where the latest search of a row of labels found one."""
    plan = state.plans[row]
    plan.node = state.candidates[row]
    plan.accelerator = NONE
    plan.exists = plan.on_time = plan.input_hops = plan.result_hops = plan.by_alert = (
        plan.updates_recency
    ) = 0
    plan.arrival_s = plan.load_start_s = plan.start_s = plan.finish_s = plan.delivery_s = math.inf
    plan.load_s = 0.0
    plan.send_s = -1.0
    plan.energy_j = 0.0
    if plan.node != NONE and is_reached(scratch, slot, plan.node):
        count = write_route(scratch, slot, plan.node, state.routes[row], 0)
        if count != NONE:
            plan.arrival_s = scratch.labels[slot, plan.node].arrival_s
            plan.input_hops = count


@inline_kernel
def _plan_service(
    world: World, state: State, tasks: np.ndarray, task: int, row: int, limit_s: float
) -> None:
    """Fill the load and the service of a plan.

    On the satellite's accelerator, or the one of a datacentre that finishes first.
    """
    plan = state.plans[row]
    first_unit, end_unit = accelerators_of(world, plan.node)
    for unit in range(first_unit, end_unit):
        load_start_s, loading_s, start_s, finish_s = find_slot(
            world, state, tasks, task, unit, plan.arrival_s, limit_s
        )
        if finish_s < plan.finish_s:
            plan.accelerator = unit
            plan.load_start_s = load_start_s
            plan.load_s = loading_s
            plan.start_s = start_s
            plan.finish_s = finish_s
            plan.updates_recency = 1 if start_s >= state.units[unit].last_load_end_s else 0


@merged_kernel
def _plan_results(
    world: World, state: State, scratch: Scratch, tasks: np.ndarray, task: int, limit_s: float
) -> None:
    """Fill every plan's delivery, in order of readiness.

    So a later one may join the route that was searched for an earlier one.
    """
    is_alert = tasks[task].alert_delay_s >= 0.0
    end = NONE  # last node of the latest search from a satellite that found the destination
    for rank in range(_sort_by_finish(state, scratch)):
        row = scratch.by_finish[rank]
        plan = state.plans[row]
        may_join = not is_alert and is_satellite(world, plan.node)
        if (
            may_join
            and end != NONE
            and _join(world, state, scratch, tasks[task].result_bits, row, end, limit_s)
        ):
            continue
        plan.delivery_s, is_delivered, plan.send_s = deliver(
            world, state, scratch, tasks, task, plan.node, plan.finish_s, limit_s, False
        )
        plan.by_alert = 1 if plan.send_s >= 0.0 else 0
        if is_delivered != NONE:
            count = write_route(scratch, RESULT, is_delivered, state.routes[row], plan.input_hops)
            if count == NONE:
                plan.delivery_s = math.inf
            else:
                plan.result_hops = count
        end = is_delivered if may_join else NONE


@inline_kernel
def _sort_by_finish(state: State, scratch: Scratch) -> int:
    """Write the rows whose service ends at some time to Scratch.by_finish, earliest first.

    Returns how many there are.
    """
    count = 0
    for row in range(state.plans.size):
        finish_s = state.plans[row].finish_s
        if finish_s == math.inf:
            continue
        rank = count
        while rank > 0 and state.plans[scratch.by_finish[rank - 1]].finish_s > finish_s:
            scratch.by_finish[rank] = scratch.by_finish[rank - 1]
            rank -= 1
        scratch.by_finish[rank] = row
        count += 1
    return count


@inline_kernel
def _join(
    world: World, state: State, scratch: Scratch, bits: float, row: int, end: int, limit_s: float
) -> bool:
    """Let a plan take the last transfer of the latest search if it can; True if it does."""
    plan = state.plans[row]
    delivery_s = scratch.labels[RESULT, end].arrival_s
    if delivery_s > limit_s:
        return False
    hops = join_route(
        world,
        state,
        scratch,
        plan.node,
        plan.finish_s,
        bits,
        end,
        state.routes[row],
        plan.input_hops,
    )
    if hops == NONE:
        return False
    plan.delivery_s = delivery_s
    plan.result_hops = hops
    return True


@inline_kernel
def _finish_plan(
    world: World, state: State, tasks: np.ndarray, task: int, row: int, limit_s: float
) -> None:
    """Fill the energy and the verdict of a plan with a delivery."""
    plan = state.plans[row]
    unit = plan.accelerator
    lanes = lanes_taken(world, tasks, task, unit)
    plan.energy_j = world.accelerators[unit].dynamic_w * plan.load_s + lane_power_w(
        world, unit, lanes
    ) * (plan.finish_s - plan.start_s)
    plan.energy_j += _transmit_j(world, state.routes[row], 0, plan.input_hops)
    plan.energy_j += _transmit_j(
        world, state.routes[row], plan.input_hops, plan.input_hops + plan.result_hops
    )
    if plan.delivery_s > limit_s:
        return
    if _has_room(state, unit, plan.input_hops + plan.result_hops):
        plan.exists = 1
        plan.on_time = 1 if plan.delivery_s <= tasks[task].release_s + tasks[task].slack_s else 0
    else:
        state.clock[0].n_lost_plans += 1


@inline_kernel
def _transmit_j(world: World, hops: np.ndarray, first: int, end: int) -> float:
    """Energy of the transfers in some rows of a route."""
    total_j = 0.0
    for row in range(end - 1, first - 1, -1):
        hop = hops[row]
        total_j += world.edges[hop.edge].transmit_w * (hop.end_s - hop.start_s)
    return total_j


@inline_kernel
def _has_room(state: State, unit: int, hops: int) -> bool:
    """True if the pools surely hold what a booking adds."""
    clock = state.clock[0]
    if (
        state.records.size > 0
        and clock.n_records + CALENDARS_PER_HOP * hops + 2 > state.records.size
    ):
        return False
    return (
        clock.n_free_chunks >= CALENDARS_PER_HOP * hops + 1
        and clock.n_free_segments >= 4 * state.units[unit].n_segments + 6
    )


@inline_kernel
def _advance_node(world: World, state: State, node: int, now_s: float) -> None:
    """Bring the accelerators of a candidate to now_s."""
    if node == NONE:
        return
    first_unit, end_unit = accelerators_of(world, node)
    for unit in range(first_unit, end_unit):
        advance_to(world, state, unit, now_s)
