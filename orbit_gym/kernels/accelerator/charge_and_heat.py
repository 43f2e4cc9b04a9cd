"""Charge and heat of each accelerator: run forward exactly along baseline and profile, checked
against floor and limit.

Every booking runs through the queue once and notes what it finds (cache_queue_end): charge and
temperature at each reservation, and how near to floor and limit the whole queue comes. So a check
of a gap begins at the reservation before it, and ends where charge is full again.
"""

import math
from typing import NamedTuple

from orbit_gym.kernels.accelerator.service import lane_power_w
from orbit_gym.kernels.state import NONE, State
from orbit_gym.physics.energy import required_between_j, step_battery
from orbit_gym.physics.thermal import steady_temperature_c, temperature_after_c
from orbit_gym.utils.jit import inline_kernel
from orbit_gym.utils.sorted_columns import last_up_to
from orbit_gym.world.layout import World

TOLERANCE_J = 1e-6  # rounding of a forward pass, far below any joule that matters
TOLERANCE_C = 1e-9
# by which a bound must hold to spare a forward pass: far above its rounding, far below what any
# booking needs
MARGIN_J = 1e-3
MARGIN_C = 1e-6
# a booking that waits for charge or heat starts at most this much later than it could
SHORTEST_WAIT_S = 1.0
RUN, NOTE, CHECK = range(3)  # what `simulate_charge` is to do on the way


class ExtraLoad(NamedTuple):
    """A load, then a task, on top of what is booked."""

    load_start_s: float
    start_s: float
    finish_s: float
    load_w: float
    task_w: float


class ChargePoint(NamedTuple):
    """Charge and temperature of an accelerator at one instant."""

    power_row: int  # of World.power, that holds at time_s
    time_s: float
    charge_j: float
    temperature_c: float


NO_LOAD = ExtraLoad(math.inf, math.inf, math.inf, 0.0, 0.0)


@inline_kernel
def power_row(world: World, satellite: int, time_s: float) -> int:
    """Row of World.power that holds at time_s."""
    first, end = world.power_offsets[satellite], world.power_offsets[satellite + 1]
    return last_up_to(world.power["start_s"], first, end, time_s)


@inline_kernel
def power_row_since(world: World, satellite: int, row: int, time_s: float) -> int:
    """Row of World.power that holds at time_s, from one that held a little earlier.

    Any row will do, that is only slower.
    """
    last = world.power_offsets[satellite + 1] - 1
    if row < world.power_offsets[satellite] or row > last or world.power[row].start_s > time_s:
        return power_row(world, satellite, time_s)
    while row < last and world.power[row + 1].start_s <= time_s:
        row += 1
    return row


@inline_kernel
def required_j(world: World, satellite: int, time_s: float) -> float:
    """Return the least charge at time_s that carries the baseline alone.

    From it the baseline never falls below the depth-of-discharge floor.
    """
    return _required_in_row_j(world, satellite, power_row(world, satellite, time_s), time_s)


@inline_kernel
def _required_in_row_j(world: World, satellite: int, row: int, time_s: float) -> float:
    floor_j = world.accelerators[satellite].floor_j
    next_s = world.sizes[0].horizon_s
    next_j = floor_j
    if row + 1 < world.power_offsets[satellite + 1]:
        next_s = world.power[row + 1].start_s
        next_j = world.power[row + 1].required_j
    return required_between_j(floor_j, next_j, world.power[row].net_w, next_s - time_s)


@inline_kernel
def charge_point(world: World, state: State, unit: int) -> ChargePoint:
    """Return what an accelerator was brought to last."""
    entry = state.units[unit]
    row = power_row_since(world, unit, entry.power_row, entry.time_s)
    return ChargePoint(row, entry.time_s, entry.charge_j, entry.temperature_c)


@inline_kernel
def queue_end_point(world: World, state: State, unit: int) -> ChargePoint:
    """Return what an accelerator will have at the end of its queue."""
    entry = state.units[unit]
    row = power_row_since(world, unit, entry.queue_end_power_row, entry.queue_end_s)
    return ChargePoint(
        row, entry.queue_end_s, entry.queue_end_charge_j, entry.queue_end_temperature_c
    )


@inline_kernel
def simulate_charge(
    world: World,
    state: State,
    unit: int,
    segment: int,
    point: ChargePoint,
    to_s: float,
    load: ExtraLoad,
    purpose: int,
    follows_heat: bool,
) -> tuple[ChargePoint, float, float]:
    """Run charge and heat from a point to to_s with the booked profile and one more load.

    The profile is read from `segment` on.

    Returns (point, missing_j, excess_k) at to_s, or, with CHECK, at the first breakpoint after
    load.load_start_s where charge is below required_j or temperature above the limit (one of the
    last two is then positive). Exact: between breakpoints everything is linear or exponential, and
    charge minus required_j is concave, so its least value lies at a breakpoint. With NOTE the last
    two are the least charge above required_j and the highest temperature. follows_heat False: heat
    is known to be no matter, and a check ends where charge is full after the load.
    """
    accelerator = world.accelerators[unit]
    last_row = world.power_offsets[unit + 1] - 1
    row, time_s, charge_j, temperature_c = point
    segment = _not_over(state, segment, time_s)
    margin_j = charge_j - _required_in_row_j(world, unit, row, time_s) if purpose == NOTE else 0.0
    peak_c = temperature_c if purpose == NOTE else 0.0
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
                if purpose == NOTE and state.segments[segment].start_s == time_s:
                    state.segments[segment].charge_j = charge_j
                    state.segments[segment].temperature_c = temperature_c
        until_s, load_w = _load_at(load, time_s)
        next_s = min(next_s, until_s)
        power_w += load_w
        step_s = next_s - time_s
        charge_j = step_battery(
            charge_j, world.power[row].net_w - power_w, step_s, accelerator.capacity_j
        )
        if follows_heat:
            settles_c = steady_temperature_c(
                accelerator.idle_w + power_w, accelerator.thermal_k_per_w, accelerator.sink_c
            )
            temperature_c = temperature_after_c(
                temperature_c, settles_c, step_s, accelerator.thermal_tau_s
            )
        if purpose == NOTE:
            margin_j = min(margin_j, charge_j - _required_in_row_j(world, unit, row, next_s))
            peak_c = max(peak_c, temperature_c)
        elif purpose == CHECK and next_s > load.load_start_s:
            missing_j = _required_in_row_j(world, unit, row, next_s) - charge_j
            excess_k = temperature_c - accelerator.limit_c if follows_heat else 0.0
            if missing_j > TOLERANCE_J or excess_k > TOLERANCE_C:
                point = ChargePoint(row, next_s, charge_j, temperature_c)
                return point, max(0.0, missing_j), max(0.0, excess_k)
            is_full = charge_j == accelerator.capacity_j
            if not follows_heat and next_s >= load.finish_s and is_full:
                break
        time_s = next_s
        if row < last_row and time_s >= world.power[row + 1].start_s:
            row += 1
        segment = _not_over(state, segment, time_s)
    return ChargePoint(row, time_s, charge_j, temperature_c), margin_j, peak_c


@inline_kernel
def _not_over(state: State, segment: int, time_s: float) -> int:
    """First booked segment, from this one on, that ends after time_s; NONE if there is none."""
    while segment != NONE and state.segments[segment].end_s <= time_s:
        segment = state.segments[segment].next
    return segment


@inline_kernel
def _load_at(load: ExtraLoad, time_s: float) -> tuple[float, float]:
    """Return when the load's stretch at time_s ends, and its power in watts until then.

    None before it and after.
    """
    if time_s < load.load_start_s:
        return load.load_start_s, 0.0
    if time_s < load.start_s:
        return load.start_s, load.load_w
    if time_s < load.finish_s:
        return load.finish_s, load.task_w
    return math.inf, 0.0


@inline_kernel
def wait_s(
    world: World,
    unit: int,
    point: ChargePoint,
    length_s: float,
    power_w: float,
    missing_j: float,
    excess_k: float,
) -> float:
    """Return a delay that no feasible start can beat by more than SHORTEST_WAIT_S.

    Given how a load that begins at a point falls short.

    Delaying by d spares at most power_w * d joules and power_w * resistance * (1 - exp(-d / tau))
    kelvins at the instant of the shortfall. While the baseline discharges, charge minus required_j
    cannot rise, so a load inside such a stretch waits for its end.
    """
    accelerator, row = world.accelerators[unit], point.power_row
    delay_s = max(SHORTEST_WAIT_S, missing_j / power_w)
    heating_k = power_w * accelerator.thermal_k_per_w
    if 0.0 < excess_k < heating_k:
        delay_s = max(delay_s, -accelerator.thermal_tau_s * math.log(1.0 - excess_k / heating_k))
    if (
        missing_j > 0.0
        and world.power[row].net_w <= 0.0
        and row + 1 < world.power_offsets[unit + 1]
    ):
        delay_s = max(delay_s, world.power[row + 1].start_s - length_s - point.time_s)
    return delay_s


@inline_kernel
def cache_queue_end(world: World, state: State, unit: int) -> None:
    """Run through the queue and store what later checks begin from.

    So they need not run through it.

    That is charge and temperature at every reservation and after the last, and the queue's least
    spare charge and highest temperature.
    """
    entry = state.units[unit]
    entry.queue_end_charge_j = entry.charge_j
    entry.queue_end_temperature_c = entry.temperature_c
    if world.accelerators[unit].has_battery == 1 and entry.queue_end_s > entry.time_s:
        point = charge_point(world, state, unit)
        entry.power_row = point.power_row
        end, entry.min_charge_margin_j, entry.max_temperature_c = simulate_charge(
            world, state, unit, entry.first_segment, point, entry.queue_end_s, NO_LOAD, NOTE, True
        )
        entry.queue_end_power_row = end.power_row
        entry.queue_end_charge_j = end.charge_j
        entry.queue_end_temperature_c = end.temperature_c


@inline_kernel
def advance_to(world: World, state: State, unit: int, now_s: float) -> None:
    """Bring charge and temperature of an accelerator to now_s.

    Segments that have ended go back to the pool.
    """
    entry = state.units[unit]
    if now_s <= entry.time_s:
        return
    if world.accelerators[unit].has_battery == 1:
        point, _, _ = simulate_charge(
            world,
            state,
            unit,
            entry.first_segment,
            charge_point(world, state, unit),
            now_s,
            NO_LOAD,
            RUN,
            True,
        )
        entry.power_row = point.power_row
        entry.charge_j = point.charge_j
        entry.temperature_c = point.temperature_c
        entry.least_charge_j = min(entry.least_charge_j, entry.charge_j)
    entry.time_s = now_s
    if entry.queue_end_s <= now_s:
        entry.queue_end_s = now_s
        entry.queue_end_power_row = entry.power_row
        entry.queue_end_charge_j = entry.charge_j
        entry.queue_end_temperature_c = entry.temperature_c
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
