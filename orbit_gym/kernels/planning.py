"""Plan: what would happen to the task at hand at every candidate.

`plan_all` fills State.plans and State.routes for the task being placed; nothing else of the State
changes but the order of candidates. Nothing booked is ever planned again, so with faults off what
was planned is what happens.
"""

import math

import numpy as np

from orbit_gym.kernels.accelerator.charge_and_heat import settle
from orbit_gym.kernels.accelerator.service import lane_power_w, lanes_taken
from orbit_gym.kernels.accelerator.service_slot import place
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
from orbit_gym.kernels.result_delivery import deliver, join_route, write_route
from orbit_gym.kernels.state import NONE, Scratch, State
from orbit_gym.utils.jit import inline_kernel, merged_kernel
from orbit_gym.world.layout import World

CALENDARS_PER_HOP = 2  # a hop occupies at most two, and takes at most one new chunk in each


@merged_kernel
def _search_input(
    world: World,
    state: State,
    scratch: Scratch,
    tasks: np.ndarray,
    task: int,
    slot: int,
    target: int,
    idle: bool,
    order: np.ndarray,
) -> int:
    """Search the input's way from the task's origin.

    Returns the node that ended the search, or NONE.
    """
    release_s = tasks[task].release_s
    limit_s = release_s + world.sizes[0].look_ahead_s
    return search(
        world,
        state,
        scratch,
        slot,
        tasks[task].origin,
        release_s,
        tasks[task].input_bits,
        target,
        limit_s,
        idle,
        order,
    )


@inline_kernel
def shows_all(world: World) -> bool:
    """True if every satellite is a candidate: then one search serves satellites and datacentres."""
    return world.sizes[0].n_candidates - world.sizes[0].n_datacentres >= world.sizes[0].n_satellites


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
    sizes = world.sizes[0]
    n_rows = sizes.n_candidates - sizes.n_datacentres
    candidates[:] = NONE
    target = EVERYWHERE if shows_all(world) else SATELLITES
    _search_input(world, state, scratch, tasks, task, INPUT, target, True, candidates[:n_rows])
    for row in range(n_rows):
        if candidates[row] != NONE:
            scratch.reached_s[row] = scratch.labels[INPUT, candidates[row]].arrival_s
    for datacentre in range(sizes.n_datacentres):
        node = sizes.n_satellites + sizes.n_stations + datacentre
        slot = INPUT
        if target == SATELLITES:  # a search of its own, straight towards the stations
            slot = RESULT
            _search_input(world, state, scratch, tasks, task, RESULT, node, True, scratch.order)
        if is_reached(scratch, slot, node):
            candidates[n_rows + datacentre] = node
            scratch.reached_s[n_rows + datacentre] = scratch.labels[slot, node].arrival_s


@merged_kernel
def plan_all(world: World, state: State, scratch: Scratch, tasks: np.ndarray, task: int) -> None:
    """Order the candidates of a task, bring their accelerators to its release, and plan each."""
    order_candidates(world, state, scratch, tasks, task, state.candidates)
    for row in range(state.candidates.size):
        _settle_node(world, state, state.candidates[row], tasks[task].release_s)
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
    n_wanted = state.candidates.size
    if not shows_all(world):
        n_wanted -= world.sizes[0].n_datacentres
    mark_targets(scratch, state.candidates[:n_wanted])
    _search_input(world, state, scratch, tasks, task, INPUT, TARGET_SET, False, scratch.order)
    for row in range(n_wanted):
        _begin_plan(state, scratch, row, INPUT)
    for row in range(n_wanted, state.candidates.size):
        if state.candidates[row] != NONE:
            _search_input(
                world,
                state,
                scratch,
                tasks,
                task,
                RESULT,
                state.candidates[row],
                False,
                scratch.order,
            )
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
    first = plan.node
    end = plan.node + 1
    if plan.node >= world.sizes[0].n_satellites:
        datacentre = plan.node - world.sizes[0].n_satellites - world.sizes[0].n_stations
        first = world.datacentre_offsets[datacentre]
        end = world.datacentre_offsets[datacentre + 1]
    for unit in range(first, end):
        load_start_s, loading_s, start_s, finish_s = place(
            world, state, tasks, task, unit, plan.arrival_s, limit_s
        )
        if finish_s < plan.finish_s:
            plan.accelerator = unit
            plan.load_start_s = load_start_s
            plan.load_s = loading_s
            plan.start_s = start_s
            plan.finish_s = finish_s
            plan.updates_recency = 1 if start_s >= state.units[unit].tail_start_s else 0


@merged_kernel
def _plan_results(
    world: World, state: State, scratch: Scratch, tasks: np.ndarray, task: int, limit_s: float
) -> None:
    """Fill every plan's delivery, in order of readiness.

    So a later one may join the route that was searched for an earlier one.
    """
    is_alert = tasks[task].alert_delay_s >= 0.0
    end = NONE  # last node of the latest search from a satellite that found the destination
    for place_ in range(_sort_by_finish(state, scratch)):
        row = scratch.by_finish[place_]
        plan = state.plans[row]
        may_join = not is_alert and plan.node < world.sizes[0].n_satellites
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
        place_ = count
        while place_ > 0 and state.plans[scratch.by_finish[place_ - 1]].finish_s > finish_s:
            scratch.by_finish[place_] = scratch.by_finish[place_ - 1]
            place_ -= 1
        scratch.by_finish[place_] = row
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
    for place_ in range(end - 1, first - 1, -1):
        total_j += world.edges[hops[place_].edge].transmit_w * (
            hops[place_].end_s - hops[place_].start_s
        )
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
def _settle_node(world: World, state: State, node: int, now_s: float) -> None:
    """Bring the accelerators of a candidate to now_s."""
    if node == NONE:
        return
    if node < world.sizes[0].n_satellites:
        settle(world, state, node, now_s)
        return
    datacentre = node - world.sizes[0].n_satellites - world.sizes[0].n_stations
    for unit in range(
        world.datacentre_offsets[datacentre], world.datacentre_offsets[datacentre + 1]
    ):
        settle(world, state, unit, now_s)
