"""Service slots: where a task fits on one accelerator, in time, memory, charge and heat."""

import math

import numpy as np

from orbit_gym.kernels.accelerator.charge_and_heat import (
    CHECK,
    MARGIN_C,
    MARGIN_J,
    NO_LOAD,
    RUN,
    TOLERANCE_J,
    ChargePoint,
    ExtraLoad,
    power_row_since,
    queue_end_point,
    simulate_charge,
    wait_s,
)
from orbit_gym.kernels.accelerator.lane_profile import find_gap
from orbit_gym.kernels.accelerator.service import lane_power_w, lanes_taken, load_s, service_s
from orbit_gym.kernels.state import NONE, State
from orbit_gym.physics.thermal import steady_temperature_c
from orbit_gym.utils.jit import inline_kernel
from orbit_gym.world.layout import World


@inline_kernel
def find_slot(
    world: World,
    state: State,
    tasks: np.ndarray,
    task: int,
    unit: int,
    ready_s: float,
    limit_s: float,
) -> tuple[float, ...]:
    """Where a task fits on an accelerator: (load_start_s, load_s, start_s, finish_s).

    Infinite where nothing fits by limit_s.

    First the earliest gap that needs no load, if charge and heat still carry every later booking;
    otherwise after the last booking, loading the model if it is not there, waiting for charge and
    heat.
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
    return _slot_after_queue(world, state, unit, model, ready_s, limit_s, duration_s, task_w)


@inline_kernel
def _is_carried(
    world: World, state: State, unit: int, start_s: float, finish_s: float, task_w: float
) -> bool:
    """True if charge and heat carry a service without a load, and every booking after it.

    The service takes at most its own joules from any later charge, and adds at most its own warming
    to any later temperature. So it is carried if the queue has that to spare, and needs no look at
    what follows once charge is full again: from there on all is as booked.
    """
    entry = state.units[unit]
    is_last = start_s >= entry.queue_end_s  # nothing is booked later
    peak_c = entry.queue_end_temperature_c if is_last else entry.max_temperature_c
    is_cool = _is_cool(world, unit, peak_c, task_w, finish_s - start_s)
    if (
        not is_last
        and is_cool
        and finish_s <= entry.queue_end_s
        and task_w * (finish_s - start_s) + MARGIN_J <= entry.min_charge_margin_j
    ):
        return True
    # where the queue itself may run dry: look at all of it
    follows_heat = not is_cool or (not is_last and entry.min_charge_margin_j < -0.5 * TOLERANCE_J)
    if is_last:
        segment, point = NONE, queue_end_point(world, state, unit)
    else:
        segment, point = _point_before(world, state, unit, start_s)
    end_s = max(finish_s, entry.queue_end_s)
    load = ExtraLoad(start_s, start_s, finish_s, 0.0, task_w)
    _, missing_j, excess_k = simulate_charge(
        world, state, unit, segment, point, end_s, load, CHECK, follows_heat
    )
    return missing_j == 0.0 and excess_k == 0.0


@inline_kernel
def _point_before(world: World, state: State, unit: int, start_s: float) -> tuple[int, ChargePoint]:
    """Return the last segment that begins by start_s, and charge and heat there, or as of now."""
    entry = state.units[unit]
    segment = entry.first_segment
    row, from_s = entry.power_row, entry.time_s
    charge_j, temperature_c = entry.charge_j, entry.temperature_c
    at = segment
    while at != NONE and state.segments[at].start_s <= start_s:
        if state.segments[at].start_s > entry.time_s:
            segment, from_s = at, state.segments[at].start_s
            charge_j, temperature_c = state.segments[at].charge_j, state.segments[at].temperature_c
        at = state.segments[at].next
    row = power_row_since(world, unit, row, from_s)
    return segment, ChargePoint(row, from_s, charge_j, temperature_c)


@inline_kernel
def _is_cool(world: World, unit: int, peak_c: float, power_w: float, length_s: float) -> bool:
    """Return whether so much more power for so long surely keeps below the limit.

    What peaks at peak_c without it, or cools down from there.
    """
    accelerator = world.accelerators[unit]
    idle_c = steady_temperature_c(
        accelerator.idle_w, accelerator.thermal_k_per_w, accelerator.sink_c
    )
    warming_k = (
        power_w * accelerator.thermal_k_per_w * length_s / accelerator.thermal_tau_s
    )  # at the first instant's rate all along
    return max(peak_c, idle_c) + warming_k + MARGIN_C <= accelerator.limit_c


@inline_kernel
def _slot_after_queue(
    world: World,
    state: State,
    unit: int,
    model: int,
    ready_s: float,
    limit_s: float,
    duration_s: float,
    task_w: float,
) -> tuple[float, ...]:
    """Return the earliest load and service after the last booking that charge and heat carry.

    A model load comes first where it is needed.
    """
    accelerator = world.accelerators[unit]
    entry = state.units[unit]
    loading_s = 0.0 if entry.queue_end_resident >> model & 1 else load_s(world, unit, model)
    begin_s = max(entry.queue_end_s, ready_s - loading_s)
    length_s = loading_s + duration_s
    if accelerator.has_battery == 0:
        if begin_s + length_s > limit_s:
            return math.inf, 0.0, math.inf, math.inf
        return begin_s, loading_s, begin_s + loading_s, begin_s + length_s
    load_w = accelerator.dynamic_w
    most_w = load_w if loading_s > 0.0 else task_w
    point = queue_end_point(world, state, unit)
    follows_heat = not _is_cool(world, unit, point.temperature_c, most_w, length_s)
    while begin_s + length_s <= limit_s:
        point, _, _ = simulate_charge(
            world, state, unit, NONE, point, begin_s, NO_LOAD, RUN, follows_heat
        )
        start_s, finish_s = begin_s + loading_s, begin_s + length_s
        load = ExtraLoad(begin_s, start_s, finish_s, load_w, task_w)
        _, missing_j, excess_k = simulate_charge(
            world, state, unit, NONE, point, finish_s, load, CHECK, follows_heat
        )
        if missing_j == 0.0 and excess_k == 0.0:
            return begin_s, loading_s, start_s, finish_s
        begin_s += wait_s(world, unit, point, length_s, most_w, missing_j, excess_k)
    return math.inf, 0.0, math.inf, math.inf
