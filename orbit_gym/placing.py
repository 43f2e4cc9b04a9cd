"""Placing: where a task fits on one accelerator, in time, memory, charge and heat."""

import math

import numpy as np

from orbit_gym.compute import lane_power_w, lanes_taken, load_s, service_s
from orbit_gym.jit import inlined
from orbit_gym.ledger import carry, wait_s
from orbit_gym.profiles import find_gap
from orbit_gym.state import State
from orbit_gym.world import World


@inlined
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


@inlined
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


@inlined
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
