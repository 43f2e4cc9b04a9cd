"""Accelerators: service times, lanes in use over time, models in memory, and the charge and heat that carry them.

The bookings of one accelerator are one profile of lanes in use: segments (start, end, lanes, resident set) in order of time;
power follows from lanes.
A model load takes every lane and begins after the last booking, so the resident set is constant between loads and
evictions are fixed when booked.
"""

import math

import numpy as np

from orbit_gym.jit import kernel
from orbit_gym.physics.energy import required_between_j, step_battery
from orbit_gym.physics.thermal import steady_temperature_c, temperature_after_c
from orbit_gym.state import NONE, State
from orbit_gym.units import (
    DECODE_REFERENCE_BANDWIDTH_BYTES_PER_S,
    DECODE_REFERENCE_BATCH,
    DECODE_REFERENCE_TOKENS_PER_S,
    DECODE_REFERENCE_WEIGHTS_BYTES,
)
from orbit_gym.world import World

TOLERANCE_J = 1e-6  # rounding of a forward pass, far below any joule that matters
TOLERANCE_C = 1e-9
SHORTEST_WAIT_S = 1.0  # a booking that waits for charge or heat starts at most this much later than it could


@kernel
def decode_tokens_per_s(bandwidth_bytes_per_s: float, weights_bytes: float) -> float:
    """Decode speed of one stream of a full batch, scaled from a measured device by bandwidth and weights."""
    return (
        DECODE_REFERENCE_TOKENS_PER_S
        / DECODE_REFERENCE_BATCH
        * (bandwidth_bytes_per_s / DECODE_REFERENCE_BANDWIDTH_BYTES_PER_S)
        * (DECODE_REFERENCE_WEIGHTS_BYTES / weights_bytes)
    )


@kernel
def service_s(world: World, tasks: np.ndarray, task: int, unit: int) -> float:
    """Seconds of service on an accelerator that holds the model: a roofline per phase."""
    accelerator = world.accelerators[unit]
    bandwidth = accelerator.bandwidth_bytes_per_s * accelerator.bandwidth_efficiency_fraction
    weights_bytes = world.model_bytes[tasks[task].model]
    if tasks[task].one_lane == 0:
        speed = accelerator.peak_op_per_s * accelerator.vision_efficiency_fraction
        return max(tasks[task].vision_flop / speed, tasks[task].vision_bytes / bandwidth)
    speed = accelerator.peak_op_per_s * accelerator.prefill_efficiency_fraction
    prefill_s = accelerator.lanes * max(tasks[task].prefill_flop / speed, weights_bytes / bandwidth)
    return prefill_s + tasks[task].decode_tokens / decode_tokens_per_s(accelerator.bandwidth_bytes_per_s, weights_bytes)


@kernel
def lanes_taken(world: World, tasks: np.ndarray, task: int, unit: int) -> int:
    """Lanes that a task occupies on an accelerator."""
    return 1 if tasks[task].one_lane == 1 else world.accelerators[unit].lanes


@kernel
def lane_power_w(world: World, unit: int, lanes: int) -> float:
    """Power above idle of so many busy lanes."""
    return world.accelerators[unit].dynamic_w * lanes / world.accelerators[unit].lanes


@kernel
def resident_bytes(world: World, resident: int) -> float:
    """Memory that a set of models takes."""
    total = 0.0
    for model in range(world.model_bytes.size):
        if resident >> model & 1:
            total += world.model_bytes[model]
    return total


@kernel
def resident_after_load(world: World, state: State, unit: int, model: int) -> int:
    """Models in memory once `model` is loaded after the last booking: least recently used ones go until it fits."""
    resident = state.units[unit].tail_resident
    room_bytes = world.accelerators[unit].memory_bytes - world.model_bytes[model]
    while resident_bytes(world, resident) > room_bytes:
        oldest = NONE
        for other in range(world.model_bytes.size):
            if resident >> other & 1 and (oldest == NONE or state.last_use_s[unit, other] < state.last_use_s[unit, oldest]):
                oldest = other
        resident &= ~(np.int64(1) << oldest)
    return resident | np.int64(1) << model


@kernel
def load_s(world: World, unit: int, model: int) -> float:
    """Seconds to load a model from storage."""
    return world.model_bytes[model] / world.accelerators[unit].load_bytes_per_s + world.accelerators[unit].load_overhead_s


@kernel
def find_gap(world: World, state: State, unit: int, ready_s: float, duration_s: float, lanes: int, model: int) -> float:
    """Earliest start at or after ready_s with enough lanes and the model in memory throughout; infinity if only a load would do."""
    most = world.accelerators[unit].lanes - lanes
    start_s = ready_s
    resident = state.units[unit].base_resident
    row = state.units[unit].first_segment
    while row != NONE:
        segment = state.segments[row]
        is_resident = resident >> model & 1
        if is_resident and start_s + duration_s <= segment.start_s:
            return start_s
        fits_inside = segment.lanes <= most and segment.resident >> model & 1
        if segment.end_s > start_s:
            if not fits_inside:
                start_s = segment.end_s
            elif not is_resident:
                start_s = max(start_s, segment.start_s)
        resident = segment.resident
        row = segment.next
    return start_s if resident >> model & 1 else math.inf


@kernel
def power_row(world: World, satellite: int, time_s: float) -> int:
    """Row of World.power that holds at time_s."""
    low = world.power_offsets[satellite]
    high = world.power_offsets[satellite + 1]
    while high - low > 1:
        middle = (low + high) // 2
        if world.power[middle].start_s <= time_s:
            low = middle
        else:
            high = middle
    return low


@kernel
def required_j(world: World, satellite: int, time_s: float) -> float:
    """Least charge at time_s from which the baseline alone never falls below the depth-of-discharge floor."""
    return _required_in_row_j(world, satellite, power_row(world, satellite, time_s), time_s)


@kernel
def _required_in_row_j(world: World, satellite: int, row: int, time_s: float) -> float:
    floor_j = world.accelerators[satellite].floor_j
    next_s = world.sizes[0].horizon_s
    next_j = floor_j
    if row + 1 < world.power_offsets[satellite + 1]:
        next_s = world.power[row + 1].start_s
        next_j = world.power[row + 1].required_j
    return required_between_j(floor_j, next_j, world.power[row].net_w, next_s - time_s)


@kernel
def carry(
    world: World,
    state: State,
    unit: int,
    from_s: float,
    to_s: float,
    charge_j: float,
    temperature_c: float,
    load_start_s: float,
    start_s: float,
    finish_s: float,
    load_w: float,
    task_w: float,
    check: bool,
) -> tuple[float, float, float, float]:
    """Run charge and heat from from_s to to_s with the booked profile and one more block: a load, then a task.

    Returns (charge_j, temperature_c, missing_j, excess_k) at to_s, or at the first breakpoint after load_start_s where charge is
    below required_j or temperature above the limit (one of the last two is then positive). Exact: between breakpoints everything
    is linear or exponential, and charge minus required_j is concave, so its least value lies at a breakpoint.
    """
    accelerator = world.accelerators[unit]
    row = power_row(world, unit, from_s)
    last_row = world.power_offsets[unit + 1] - 1
    segment = state.units[unit].first_segment
    while segment != NONE and state.segments[segment].end_s <= from_s:
        segment = state.segments[segment].next
    time_s = from_s
    while time_s < to_s:
        next_s = to_s
        if row < last_row:
            next_s = min(next_s, world.power[row + 1].start_s)
        power_w = 0.0
        if segment != NONE:
            if state.segments[segment].start_s > time_s:
                next_s = min(next_s, state.segments[segment].start_s)
            else:
                next_s = min(next_s, state.segments[segment].end_s)
                power_w = lane_power_w(world, unit, state.segments[segment].drawing)
        if time_s < load_start_s:
            next_s = min(next_s, load_start_s)
        elif time_s < start_s:
            next_s = min(next_s, start_s)
            power_w += load_w
        elif time_s < finish_s:
            next_s = min(next_s, finish_s)
            power_w += task_w
        step_s = next_s - time_s
        charge_j = step_battery(charge_j, world.power[row].net_w - power_w, step_s, accelerator.capacity_j)
        settles_c = steady_temperature_c(accelerator.idle_w + power_w, accelerator.thermal_k_per_w, accelerator.sink_c)
        temperature_c = temperature_after_c(temperature_c, settles_c, step_s, accelerator.thermal_tau_s)
        if check and next_s > load_start_s:
            missing_j = _required_in_row_j(world, unit, row, next_s) - charge_j
            excess_k = temperature_c - accelerator.limit_c
            if missing_j > TOLERANCE_J or excess_k > TOLERANCE_C:
                return charge_j, temperature_c, max(0.0, missing_j), max(0.0, excess_k)
        time_s = next_s
        if row < last_row and time_s >= world.power[row + 1].start_s:
            row += 1
        while segment != NONE and state.segments[segment].end_s <= time_s:
            segment = state.segments[segment].next
    return charge_j, temperature_c, 0.0, 0.0


@kernel
def wait_s(world: World, unit: int, time_s: float, length_s: float, power_w: float, missing_j: float, excess_k: float) -> float:
    """A delay that no feasible start can beat by more than SHORTEST_WAIT_S, given how a block that begins at time_s falls short.

    Delaying by d spares at most power_w * d joules and power_w * resistance * (1 - exp(-d / tau)) kelvins at the instant of the
    shortfall. While the baseline discharges, charge minus required_j cannot rise, so a block inside such a stretch waits for its end.
    """
    accelerator = world.accelerators[unit]
    delay_s = max(SHORTEST_WAIT_S, missing_j / power_w)
    heating_k = power_w * accelerator.thermal_k_per_w
    if 0.0 < excess_k < heating_k:
        delay_s = max(delay_s, -accelerator.thermal_tau_s * math.log(1.0 - excess_k / heating_k))
    row = power_row(world, unit, time_s)
    if missing_j > 0.0 and world.power[row].net_w <= 0.0 and row + 1 < world.power_offsets[unit + 1]:
        delay_s = max(delay_s, world.power[row + 1].start_s - length_s - time_s)
    return delay_s


@kernel
def note_tail(world: World, state: State, unit: int) -> None:
    """Store charge and temperature as they will be after the last booking, so that a later one need not run through the queue."""
    entry = state.units[unit]
    entry.tail_charge_j = entry.charge_j
    entry.tail_temperature_c = entry.temperature_c
    if world.accelerators[unit].has_battery == 1 and entry.tail_s > entry.time_s:
        never = math.inf
        entry.tail_charge_j, entry.tail_temperature_c, _, _ = carry(
            world, state, unit, entry.time_s, entry.tail_s, entry.charge_j, entry.temperature_c, never, never, never, 0.0, 0.0, False
        )


@kernel
def settle(world: World, state: State, unit: int, now_s: float) -> None:
    """Bring charge and temperature of an accelerator to now_s and give segments that have ended back to the pool."""
    entry = state.units[unit]
    if now_s <= entry.time_s:
        return
    if world.accelerators[unit].has_battery == 1:
        charge_j, temperature_c, _, _ = carry(
            world, state, unit, entry.time_s, now_s, entry.charge_j, entry.temperature_c, math.inf, math.inf, math.inf, 0.0, 0.0, False
        )
        entry.charge_j = charge_j
        entry.least_charge_j = min(entry.least_charge_j, charge_j)
        entry.temperature_c = temperature_c
    entry.time_s = now_s
    if entry.tail_s <= now_s:
        entry.tail_s = now_s
        entry.tail_charge_j = entry.charge_j
        entry.tail_temperature_c = entry.temperature_c
    clock = state.clock[0]
    row = entry.first_segment
    while row != NONE and state.segments[row].end_s <= now_s:
        following = state.segments[row].next
        entry.base_resident = state.segments[row].resident
        entry.n_segments -= 1
        state.segments[row].next = clock.free_segment
        clock.free_segment = row
        clock.n_free_segments += 1
        row = following
    entry.first_segment = row


@kernel
def occupy(state: State, unit: int, start_s: float, end_s: float, lanes: int, resident: int) -> None:
    """Add computing lanes to the profile over [start_s, end_s); `resident` is used where no booking follows.

    The caller has made sure that the pool has 2 * n_segments + 3 rows left.
    """
    if end_s <= start_s:
        return
    row = _cut(state, unit, start_s, end_s, resident)
    while row != NONE and state.segments[row].start_s < end_s:
        state.segments[row].lanes += lanes
        state.segments[row].drawing += lanes
        row = state.segments[row].next
    _merge(state, unit)
    state.units[unit].tail_s = max(state.units[unit].tail_s, end_s)


@kernel
def block(world: World, state: State, unit: int, start_s: float, end_s: float) -> None:
    """Take every lane over [start_s, end_s) without computing: an outage; the pool must have room as for occupy."""
    row = _cut(state, unit, start_s, end_s, state.units[unit].tail_resident)
    while row != NONE and state.segments[row].start_s < end_s:
        state.segments[row].lanes = world.accelerators[unit].lanes
        row = state.segments[row].next
    _merge(state, unit)
    state.units[unit].tail_s = max(state.units[unit].tail_s, end_s)


@kernel
def stop_drawing(state: State, unit: int, start_s: float, end_s: float, lanes: int) -> None:
    """Let reserved lanes idle over [start_s, end_s): their task is lost; the pool must have room as for occupy."""
    if end_s <= start_s:
        return
    row = _cut(state, unit, start_s, end_s, state.units[unit].tail_resident)
    while row != NONE and state.segments[row].start_s < end_s:
        state.segments[row].drawing -= lanes
        row = state.segments[row].next
    _merge(state, unit)


@kernel
def _cut(state: State, unit: int, start_s: float, end_s: float, resident: int) -> int:
    """Cut the profile so that segments cover exactly [start_s, end_s), idle stretches with no lanes; returns the first of them."""
    entry = state.units[unit]
    before = NONE
    row = entry.first_segment
    held = entry.base_resident
    while row != NONE and state.segments[row].end_s <= start_s:
        before = row
        held = state.segments[row].resident
        row = state.segments[row].next
    if row == NONE:
        held = resident
    first = NONE
    time_s = start_s
    while time_s < end_s:
        if row == NONE or state.segments[row].start_s > time_s:  # idle until the next segment
            until_s = end_s if row == NONE else min(end_s, state.segments[row].start_s)
            before = _add_segment(state, unit, before, row, time_s, until_s, 0, 0, held)
        else:
            if state.segments[row].start_s < time_s:  # its first part stays as it is
                row = state.segments[_split(state, unit, row, time_s)].next
            if state.segments[row].end_s > end_s:
                _split(state, unit, row, end_s)
            before = row
            held = state.segments[row].resident
            row = state.segments[row].next
        if first == NONE:
            first = before
        time_s = state.segments[before].end_s
    return first


@kernel
def _add_segment(
    state: State, unit: int, before: int, after: int, start_s: float, end_s: float, lanes: int, drawing: int, resident: int
) -> int:
    clock = state.clock[0]
    row = clock.free_segment
    clock.free_segment = state.segments[row].next
    clock.n_free_segments -= 1
    segment = state.segments[row]
    segment.start_s = start_s
    segment.end_s = end_s
    segment.lanes = lanes
    segment.drawing = drawing
    segment.resident = resident
    segment.next = after
    if before == NONE:
        state.units[unit].first_segment = row
    else:
        state.segments[before].next = row
    state.units[unit].n_segments += 1
    return row


@kernel
def _split(state: State, unit: int, row: int, time_s: float) -> int:
    """Cut a segment in two at time_s; returns the first part."""
    segment = state.segments[row]
    _add_segment(state, unit, row, segment.next, time_s, segment.end_s, segment.lanes, segment.drawing, segment.resident)
    state.segments[row].end_s = time_s
    return row


@kernel
def _merge(state: State, unit: int) -> None:
    """Join neighbours that touch and are alike."""
    clock = state.clock[0]
    row = state.units[unit].first_segment
    while row != NONE and state.segments[row].next != NONE:
        following = state.segments[row].next
        a = state.segments[row]
        b = state.segments[following]
        if a.end_s == b.start_s and a.lanes == b.lanes and a.drawing == b.drawing and a.resident == b.resident:
            state.segments[row].end_s = b.end_s
            state.segments[row].next = b.next
            state.segments[following].next = clock.free_segment
            clock.free_segment = following
            clock.n_free_segments += 1
            state.units[unit].n_segments -= 1
        else:
            row = following
