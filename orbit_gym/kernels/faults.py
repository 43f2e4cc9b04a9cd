"""Faults strike: what they lose, what they block, and the records that tell what a fault can lose.

A fault strikes when the clock passes it. Every task with an unfinished reservation overlapping the
outage is lost whole and its value revoked; its other reservations stay, idle; from then on plans
avoid the outage. Planning never sees a fault that has not struck. With faults off there are no
records and no faults, and nothing here does anything.
"""

import numpy as np

from orbit_gym.kernels.accelerator.charge_and_heat import advance_to, cache_queue_end
from orbit_gym.kernels.accelerator.lane_profile import block, stop_drawing
from orbit_gym.kernels.accelerator.service import lanes_taken, load_s
from orbit_gym.kernels.episode import UNIT_FAULT
from orbit_gym.kernels.network.calendars import first_free_s, place_in_chunk, reserve, skip_ended
from orbit_gym.kernels.state import MAX_HOPS, NONE, START, Scratch, State
from orbit_gym.utils.jit import internal_kernel, kernel
from orbit_gym.world.layout import World


@internal_kernel
def record_booking(
    world: World, state: State, scratch: Scratch, tasks: np.ndarray, task: int
) -> None:
    """Keep what the last booking reserved, so that a fault can strike it; nothing without faults.

    Scratch.booking and Scratch.hops hold the booking.
    """
    if state.records.size == 0:
        return
    plan = scratch.booking[0]
    value = tasks[task].value if plan.on_time == 1 else 0.0
    lanes = lanes_taken(world, tasks, task, plan.accelerator)
    for place in range(min(plan.input_hops + plan.result_hops, 2 * MAX_HOPS)):
        hop = scratch.hops[place]
        for resource in (world.edges[hop.edge].resource_a, world.edges[hop.edge].resource_b):
            if resource != NONE:
                _record(state, task, value, resource, hop.start_s, hop.end_s, 0)
    unit = world.sizes[0].n_resources + plan.accelerator
    if plan.load_s > 0.0:
        _record(state, task, value, unit, plan.load_start_s, plan.start_s, 0)
    _record(state, task, value, unit, plan.start_s, plan.finish_s, lanes)


@internal_kernel
def _record(
    state: State, task: int, value: float, resource: int, start_s: float, end_s: float, lanes: int
) -> None:
    clock = state.clock[0]
    entry = state.records[clock.n_records]
    entry.start_s = start_s
    entry.end_s = end_s
    entry.value = value
    entry.resource = resource
    entry.task = task
    entry.lanes = lanes
    clock.n_records += 1


@internal_kernel
def drop_records(state: State) -> None:
    """Forget reservations that no fault can strike any more, once half the pool is in use.

    They have ended or are lost.
    """
    clock = state.clock[0]
    if 2 * clock.n_records <= state.records.size:
        return
    n_kept = 0
    for row in range(clock.n_records):
        if state.records[row].end_s > clock.time_s and state.records[row].task != NONE:
            if n_kept < row:
                state.records[n_kept] = state.records[row]
            n_kept += 1
    clock.n_records = n_kept


@kernel
def strike_until(world: World, state: State, faults: np.ndarray, time_s: float) -> None:
    """Let every fault up to time_s strike, in order."""
    clock = state.clock[0]
    while clock.next_fault < faults.size and faults[clock.next_fault].strike_s <= time_s:
        fault = faults[clock.next_fault]
        clock.next_fault += 1
        if fault.kind == UNIT_FAULT:
            _reset(world, state, fault.index, fault.strike_s, fault.end_s)
        else:
            _lose(world, state, fault.index, fault.strike_s, fault.end_s)
            _block_calendar(state, fault.index, fault.strike_s, fault.end_s)


@internal_kernel
def _reset(world: World, state: State, unit: int, strike_s: float, reboot_end_s: float) -> None:
    """An accelerator reboots and loads again what will be in memory when it is back.

    All it was doing is lost.
    """
    advance_to(world, state, unit, strike_s)
    end_s = _restored_s(world, state, unit, reboot_end_s)
    _lose(world, state, world.sizes[0].n_resources + unit, strike_s, end_s)
    if _can_cut(state, unit):
        block(world, state, unit, strike_s, end_s)
    cache_queue_end(world, state, unit)


@internal_kernel
def _restored_s(world: World, state: State, unit: int, reboot_end_s: float) -> float:
    """Return when the models that later bookings count on are in memory again.

    Grows until the set at that time fits into it.
    """
    end_s = reboot_end_s
    while True:
        loaded_s = reboot_end_s
        resident = _resident_at(state, unit, end_s)
        for model in range(world.model_bytes.size):
            if resident >> model & 1:
                loaded_s += load_s(world, unit, model)
        if loaded_s <= end_s:
            return end_s
        end_s = loaded_s


@internal_kernel
def _resident_at(state: State, unit: int, time_s: float) -> int:
    """Models that the profile holds in memory at a time."""
    resident = state.units[unit].base_resident
    row = state.units[unit].first_segment
    while row != NONE and state.segments[row].start_s <= time_s:
        resident = state.segments[row].resident
        row = state.segments[row].next
    return resident


@internal_kernel
def _lose(world: World, state: State, resource: int, strike_s: float, end_s: float) -> None:
    """Lose every task with an unfinished reservation on a resource that overlaps the outage."""
    clock = state.clock[0]
    for row in range(clock.n_records):
        entry = state.records[row]
        if (
            entry.resource == resource
            and entry.task != NONE
            and entry.end_s > strike_s
            and entry.start_s < end_s
        ):
            clock.revoked_value += entry.value
            _lose_task(world, state, entry.task, strike_s)


@internal_kernel
def _lose_task(world: World, state: State, task: int, strike_s: float) -> None:
    """Mark a task lost; its service idles from now on.

    A model load of it goes on: later bookings count on the model.
    """
    clock = state.clock[0]
    state.is_lost[task] = True
    for row in range(clock.n_records):
        entry = state.records[row]
        if entry.task != task:
            continue
        entry.task = NONE
        unit = entry.resource - world.sizes[0].n_resources
        if entry.lanes > 0 and _can_cut(state, unit):
            stop_drawing(state, unit, max(strike_s, entry.start_s), entry.end_s, entry.lanes)
            cache_queue_end(world, state, unit)


@internal_kernel
def _can_cut(state: State, unit: int) -> bool:
    """True if the pool has the rows that cutting a profile may take (see profiles.occupy)."""
    return state.clock[0].n_free_segments >= 2 * state.units[unit].n_segments + 3


@internal_kernel
def _block_calendar(state: State, resource: int, start_s: float, end_s: float) -> None:
    """Reserve every gap of a calendar within an outage; filling gaps takes at most one chunk."""
    time_s = first_free_s(state, resource, start_s)
    while time_s < end_s and state.clock[0].n_free_chunks > 0:
        until_s = end_s
        chunk = skip_ended(state, state.heads[resource], time_s)
        if chunk != NONE:
            until_s = min(
                end_s, state.intervals[chunk, START, place_in_chunk(state, chunk, time_s)]
            )
        reserve(state, resource, time_s, until_s)
        time_s = first_free_s(state, resource, until_s)
