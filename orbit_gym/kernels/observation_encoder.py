"""The encoder: one decision into the observation's arrays and the mask, column by column of the
FIELDS table.
"""

import math

import numpy as np

from orbit_gym.kernels.accelerator.charge_and_heat import power_row, required_j
from orbit_gym.kernels.accelerator.service import resident_after_load, resident_bytes, service_s
from orbit_gym.kernels.episode import ANY_STATION
from orbit_gym.kernels.network.calendars import first_free_s
from orbit_gym.kernels.network.transfers import (
    first_laser,
    first_pass,
    piece_at,
    position_m,
    range_m,
)
from orbit_gym.kernels.offered_load import START_URGENT, asked_share
from orbit_gym.kernels.state import NONE, Scratch, State
from orbit_gym.observation import (
    COLUMNS,
    GROUND_SLOTS,
    LOG_LONGEST,
    LOG_MOST_J,
    LOG_MOST_KBIT,
    LOG_MOST_MBIT,
    LONGEST_S,
)
from orbit_gym.utils.jit import inline_kernel
from orbit_gym.world.layout import World

T_PRESENT, T_INPUT, T_RESULT, T_SERVICE = (
    COLUMNS["task"][n] for n in ("present", "input_size", "result_size", "service")
)
T_LANES, T_MODEL, T_SLACK, T_VALUE = (
    COLUMNS["task"][n] for n in ("lanes", "model_size", "slack", "value")
)
T_FROM_USER, T_TO_USER, T_ALERT = (
    COLUMNS["task"][n] for n in ("from_user", "to_user", "may_alert")
)
T_SHORT, T_LONG, T_MISSED = (COLUMNS["task"][n] for n in ("asked_short", "asked_long", "missed"))

N_PRESENT, N_SATELLITE, N_ORIGIN = (
    COLUMNS["nodes"][n] for n in ("present", "is_satellite", "is_origin")
)
N_RADIAL, N_ALONG, N_ACROSS = (COLUMNS["nodes"][n] for n in ("radial", "along", "across"))
N_SUNLIT, N_ECLIPSE, N_SUNLIGHT, N_CONTACT = (
    COLUMNS["nodes"][n]
    for n in ("sunlit", "time_to_eclipse", "time_to_sunlight", "time_to_contact")
)
N_CHARGE, N_MARGIN, N_TEMPERATURE = (
    COLUMNS["nodes"][n] for n in ("charge", "charge_margin", "temperature")
)
N_LANES, N_BACKLOG, N_WORK = (COLUMNS["nodes"][n] for n in ("lanes_busy", "backlog", "booked_work"))
N_RESIDENT, N_FREE, N_EVICTED = (
    COLUMNS["nodes"][n] for n in ("model_resident", "memory_free", "evicted")
)
N_SPEED, N_BANDWIDTH = (COLUMNS["nodes"][n] for n in ("speed", "bandwidth"))
P_EXISTS, P_ON_TIME, P_ARRIVAL, P_LOAD = (
    COLUMNS["nodes"][n] for n in ("plan_exists", "plan_on_time", "plan_arrival", "plan_load")
)
P_START, P_FINISH, P_DELIVERY, P_MARGIN = (
    COLUMNS["nodes"][n] for n in ("plan_start", "plan_finish", "plan_delivery", "plan_margin")
)
P_ENERGY, P_INPUT_HOPS, P_RESULT_HOPS = (
    COLUMNS["nodes"][n] for n in ("plan_energy", "plan_input_hops", "plan_result_hops")
)

L_UP, L_RATE, L_BACKLOG, L_RANGE = (COLUMNS["links"][n] for n in ("up", "rate", "backlog", "range"))
L_OPENS, L_REMAINING, L_OTHER = (
    COLUMNS["links"][n] for n in ("opens_in", "remaining", "other_end")
)


@inline_kernel
def log_time(seconds: float) -> float:
    """Time on a scale of 0 to 1: log1p(s) / log1p(7200).

    Most times are at an end of it: nothing waits, a link lasts.
    """
    if seconds <= 0.0:
        return 0.0
    if seconds >= LONGEST_S:
        return 1.0
    return math.log1p(seconds) / LOG_LONGEST


@inline_kernel
def _log_size(amount: float, unit: float, log_most: float) -> float:
    return min(math.log1p(max(amount, 0.0) / unit) / log_most, 1.0)


@inline_kernel
def _clip(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


@inline_kernel
def encode(
    world: World,
    state: State,
    scratch: Scratch,
    tasks: np.ndarray,
    task_row: np.ndarray,
    node_rows: np.ndarray,
    link_rows: np.ndarray,
    mask: np.ndarray,
) -> None:
    """Write the decision at hand: task_row (T,), node_rows (n, F), link_rows (n, slots, L), mask (n
    + 1,).

    Links are the caller's choice: with no slots in link_rows they are left out, for policies that
    do not read them.
    """
    task_row[:] = 0.0
    node_rows[:] = 0.0
    link_rows[:] = 0.0
    mask[:] = False
    mask[mask.size - 1] = True
    task = state.clock[0].task
    if task >= tasks.size:
        return
    _encode_task(world, state, tasks, task, task_row)
    _origin_frame(world, tasks[task].origin, tasks[task].release_s, scratch.frame)
    for row in range(state.candidates.size):
        node = state.candidates[row]
        if node == NONE:
            continue
        mask[row] = state.plans[row].exists == 1
        if node < world.sizes[0].n_satellites:
            _encode_satellite(world, state, tasks, task, node, node_rows[row])
            pass_row = _next_pass(world, node, tasks[task].release_s)
            node_rows[row, N_CONTACT] = _encode_contact(
                world, node, pass_row, tasks[task].release_s
            )
            if link_rows.shape[1] > 0:
                _encode_links(
                    world,
                    state,
                    scratch.slots,
                    node,
                    pass_row,
                    tasks[task].release_s,
                    link_rows[row],
                )
        else:
            _encode_datacentre(world, state, tasks, task, node, node_rows[row])
        _encode_common(world, tasks, task, node, scratch.frame, node_rows[row])
        _encode_plan(state, tasks, task, row, node_rows[row])


@inline_kernel
def _encode_task(world: World, state: State, tasks: np.ndarray, task: int, out: np.ndarray) -> None:
    entry = tasks[task]
    out[T_PRESENT] = 1.0
    out[T_INPUT] = _log_size(entry.input_bits, 1e6, LOG_MOST_MBIT)
    out[T_RESULT] = _log_size(entry.result_bits, 1e3, LOG_MOST_KBIT)
    out[T_SERVICE] = log_time(service_s(world, tasks, task, 0))
    out[T_LANES] = 1.0 / world.accelerators[0].lanes if entry.one_lane == 1 else 1.0
    out[T_MODEL] = min(world.model_bytes[entry.model] / 32e9, 1.0)
    out[T_SLACK] = log_time(entry.slack_s)
    out[T_VALUE] = min(entry.value / 10.0, 1.0)
    out[T_FROM_USER] = 1.0 if entry.origin >= world.sizes[0].n_satellites else 0.0
    out[T_TO_USER] = 0.0 if entry.destination == ANY_STATION else 1.0
    out[T_ALERT] = 1.0 if entry.alert_delay_s >= 0.0 else 0.0
    clock = state.clock[0]
    out[T_SHORT] = asked_share(world, clock.asked_short_s, clock.seen_short_s)
    out[T_LONG] = asked_share(world, clock.asked_long_s, clock.seen_long_s)
    out[T_MISSED] = clock.n_missed / (clock.n_urgent + START_URGENT)


@inline_kernel
def _origin_frame(world: World, origin: int, time_s: float, frame: np.ndarray) -> None:
    """Fill (4, 3): position of the origin, then unit vectors outward, along (its motion, or east)
    and across (or north).
    """
    x, y, z = position_m(world, origin, time_s)
    length = math.sqrt(x * x + y * y + z * z)
    ux, uy, uz = x / length, y / length, z / length
    if origin < world.sizes[0].n_satellites:
        ax, ay, az = position_m(world, origin, time_s + world.sizes[0].grid_s)
        ax, ay, az = ax - x, ay - y, az - z
    else:
        ax, ay, az = -y, x, 0.0
    rise = ax * ux + ay * uy + az * uz
    ax, ay, az = ax - rise * ux, ay - rise * uy, az - rise * uz
    length = math.sqrt(ax * ax + ay * ay + az * az)
    if length > 0.0:
        ax, ay, az = ax / length, ay / length, az / length
    frame[0, 0], frame[0, 1], frame[0, 2] = x, y, z
    frame[1, 0], frame[1, 1], frame[1, 2] = ux, uy, uz
    frame[2, 0], frame[2, 1], frame[2, 2] = ax, ay, az
    frame[3, 0], frame[3, 1], frame[3, 2] = uy * az - uz * ay, uz * ax - ux * az, ux * ay - uy * ax


@inline_kernel
def _encode_common(
    world: World, tasks: np.ndarray, task: int, node: int, frame: np.ndarray, out: np.ndarray
) -> None:
    x, y, z = position_m(world, node, tasks[task].release_s)
    x -= frame[0, 0]
    y -= frame[0, 1]
    z -= frame[0, 2]
    out[N_PRESENT] = 1.0
    out[N_ORIGIN] = 1.0 if node == tasks[task].origin else 0.0
    out[N_RADIAL] = _clip((x * frame[1, 0] + y * frame[1, 1] + z * frame[1, 2]) / 1e7, -2.0, 2.0)
    out[N_ALONG] = _clip((x * frame[2, 0] + y * frame[2, 1] + z * frame[2, 2]) / 1e7, -2.0, 2.0)
    out[N_ACROSS] = _clip((x * frame[3, 0] + y * frame[3, 1] + z * frame[3, 2]) / 1e7, -2.0, 2.0)


@inline_kernel
def _encode_satellite(
    world: World, state: State, tasks: np.ndarray, task: int, node: int, out: np.ndarray
) -> None:
    now_s = tasks[task].release_s
    accelerator = world.accelerators[node]
    entry = state.units[node]
    out[N_SATELLITE] = 1.0
    row = power_row(world, node, now_s)
    is_sunlit = world.power[row].is_sunlit
    end = world.power_offsets[node + 1]
    change = row + 1
    while (
        change < end
        and world.power[change].is_sunlit == is_sunlit
        and world.power[change].start_s - now_s < LONGEST_S
    ):
        change += 1
    until_s = world.power[change].start_s - now_s if change < end else LONGEST_S
    out[N_SUNLIT] = is_sunlit
    out[N_ECLIPSE if is_sunlit == 1 else N_SUNLIGHT] = min(until_s / LONGEST_S, 1.0)
    out[N_CHARGE] = _clip(entry.charge_j / accelerator.capacity_j, 0.0, 1.0)
    usable_j = max(accelerator.capacity_j - accelerator.floor_j, 1.0)
    out[N_MARGIN] = _clip((entry.charge_j - required_j(world, node, now_s)) / usable_j, -1.0, 1.0)
    out[N_TEMPERATURE] = _clip(
        (entry.temperature_c - accelerator.sink_c)
        / max(accelerator.limit_c - accelerator.sink_c, 1.0),
        0.0,
        2.0,
    )
    _encode_units(world, state, tasks, task, node, node + 1, out)


@inline_kernel
def _encode_datacentre(
    world: World, state: State, tasks: np.ndarray, task: int, node: int, out: np.ndarray
) -> None:
    datacentre = node - world.sizes[0].n_satellites - world.sizes[0].n_stations
    out[N_CHARGE] = 1.0
    out[N_MARGIN] = 1.0
    first = world.datacentre_offsets[datacentre]
    _encode_units(world, state, tasks, task, first, world.datacentre_offsets[datacentre + 1], out)


@inline_kernel
def _encode_units(
    world: World, state: State, tasks: np.ndarray, task: int, first: int, end: int, out: np.ndarray
) -> None:
    """Queue and memory of a candidate's accelerators: least backlog, mean work, best memory."""
    now_s = tasks[task].release_s
    model = tasks[task].model
    least_s = LONGEST_S
    work_s = 0.0
    busy = 0.0
    evicted = 1.0
    for unit in range(first, end):
        accelerator = world.accelerators[unit]
        least_s = min(least_s, max(0.0, state.units[unit].tail_s - now_s))
        row = state.units[unit].first_segment
        while row != NONE:
            segment = state.segments[row]
            share = segment.lanes / accelerator.lanes
            work_s += share * max(0.0, segment.end_s - max(segment.start_s, now_s))
            if segment.start_s <= now_s < segment.end_s:
                busy += share
            row = segment.next
        tail = state.units[unit].tail_resident
        resident_weight = resident_bytes(world, tail)
        if tail >> model & 1:
            out[N_RESIDENT] = 1.0
            evicted = 0.0
        else:
            after = resident_bytes(world, resident_after_load(world, state, unit, model))
            evicted = min(
                evicted,
                (resident_weight + world.model_bytes[model] - after) / accelerator.memory_bytes,
            )
        out[N_FREE] = max(
            out[N_FREE], _clip(1.0 - resident_weight / accelerator.memory_bytes, 0.0, 1.0)
        )
    count = end - first
    out[N_LANES] = _clip(busy / count, 0.0, 1.0)
    out[N_BACKLOG] = log_time(least_s)
    out[N_WORK] = log_time(work_s / count)
    out[N_EVICTED] = _clip(evicted, 0.0, 1.0)
    out[N_SPEED] = min(world.accelerators[first].peak_op_per_s / 744e12, 10.0)
    out[N_BANDWIDTH] = min(world.accelerators[first].bandwidth_bytes_per_s / 400e9, 10.0)


@inline_kernel
def _encode_plan(state: State, tasks: np.ndarray, task: int, row: int, out: np.ndarray) -> None:
    plan = state.plans[row]
    release_s = tasks[task].release_s
    slack_s = tasks[task].slack_s
    out[P_MARGIN] = -1.0
    if plan.exists == 0:
        return
    out[P_EXISTS] = 1.0
    out[P_ON_TIME] = plan.on_time
    out[P_ARRIVAL] = log_time(plan.arrival_s - release_s)
    out[P_LOAD] = min(plan.load_s / 60.0, 1.0)
    out[P_START] = log_time(plan.start_s - release_s)
    out[P_FINISH] = log_time(plan.finish_s - release_s)
    out[P_DELIVERY] = log_time(plan.delivery_s - release_s)
    out[P_MARGIN] = _clip((release_s + slack_s - plan.delivery_s) / max(slack_s, 1e-9), -1.0, 1.0)
    out[P_ENERGY] = _log_size(plan.energy_j, 1.0, LOG_MOST_J)
    out[P_INPUT_HOPS] = min(plan.input_hops / 40.0, 1.0)
    out[P_RESULT_HOPS] = min(plan.result_hops / 40.0, 1.0)


@inline_kernel
def _row_of(state: State, node: int) -> int:
    for row in range(state.candidates.size):
        if state.candidates[row] == node:
            return row
    return NONE


@inline_kernel
def _next_pass(world: World, node: int, now_s: float) -> int:
    """Row of World.passes where those of a satellite that have not ended begin, in order of
    time.
    """
    row = first_pass(world, node, now_s)
    while row < world.pass_offsets[node + 1] and world.passes[row].end_s <= now_s:
        row += 1
    return row


@inline_kernel
def _encode_contact(world: World, node: int, row: int, now_s: float) -> float:
    """Time to the first contact with a station, given the row of _next_pass, on the scale of the
    column.
    """
    return (
        log_time(world.passes[row].start_s - now_s) if row < world.pass_offsets[node + 1] else 1.0
    )


@inline_kernel
def _encode_links(
    world: World,
    state: State,
    slots: np.ndarray,
    node: int,
    row: int,
    now_s: float,
    out: np.ndarray,
) -> None:
    """Laser terminals in order, then of the passes from a row on the two that open first (the one
    that lasts longer on a tie).
    """
    n_terminals = out.shape[0] - GROUND_SLOTS
    slots[:] = NONE
    best = slots[0]
    best_contact = slots[1]
    n_tracks = (world.laser_offsets.size - 1) // world.sizes[0].n_satellites
    for track in range(node * n_tracks, (node + 1) * n_tracks):
        laser = first_laser(world, track, now_s)
        if laser == world.laser_offsets[track + 1]:
            continue
        contact = world.lasers[laser].contact
        slot = world.contacts[contact].terminal
        if best[slot] == NONE or _opens_before(world, contact, best_contact[slot], now_s):
            best[slot] = world.lasers[laser].edge
            best_contact[slot] = contact
    for next_row in range(row, world.pass_offsets[node + 1]):
        offer = world.passes[next_row]
        if best[n_terminals + 1] != NONE and offer.start_s > max(
            now_s, world.contacts[best_contact[n_terminals + 1]].start_s
        ):
            break  # passes are in order of time
        if offer.end_s > now_s:
            _offer_ground(world, offer.edge, offer.contact, n_terminals, best, best_contact, now_s)
    rate_bps = rate = 0.0
    for slot in range(out.shape[0]):
        if best[slot] != NONE:
            here_bps = _encode_link(
                world, state, node, best[slot], best_contact[slot], now_s, out[slot]
            )
            if here_bps != rate_bps:  # neighbouring links often have one rate
                rate_bps = here_bps
                rate = _log_size(rate_bps, 1e6, LOG_MOST_MBIT)
            out[slot, L_RATE] = rate


@inline_kernel
def _opens_before(world: World, contact: int, other: int, now_s: float) -> bool:
    """True if a contact is usable before another, or as early and for longer."""
    a = max(world.contacts[contact].start_s, now_s)
    b = max(world.contacts[other].start_s, now_s)
    return a < b or (a == b and world.contacts[contact].end_s > world.contacts[other].end_s)


@inline_kernel
def _offer_ground(
    world: World,
    edge: int,
    contact: int,
    first_slot: int,
    best: np.ndarray,
    best_contact: np.ndarray,
    now_s: float,
) -> None:
    """Keep the two ground contacts that open first, in order."""
    if best[first_slot] == NONE or _opens_before(world, contact, best_contact[first_slot], now_s):
        best[first_slot + 1] = best[first_slot]
        best_contact[first_slot + 1] = best_contact[first_slot]
        best[first_slot] = edge
        best_contact[first_slot] = contact
    elif best[first_slot + 1] == NONE or _opens_before(
        world, contact, best_contact[first_slot + 1], now_s
    ):
        best[first_slot + 1] = edge
        best_contact[first_slot + 1] = contact


@inline_kernel
def _encode_link(
    world: World, state: State, node: int, edge: int, contact: int, now_s: float, out: np.ndarray
) -> float:
    """Everything about a link but its rate, which is returned, bit/s."""
    start_s = world.contacts[contact].start_s
    at_s = max(now_s, start_s)
    out[L_UP] = 1.0 if start_s <= now_s else 0.0
    resource_a = world.edges[edge].resource_a
    resource_b = world.edges[edge].resource_b
    free_s = first_free_s(state, resource_a, at_s)
    if resource_b != NONE:
        free_s = max(free_s, first_free_s(state, resource_b, at_s))
    out[L_BACKLOG] = log_time(free_s - at_s)
    to = world.edges[edge].to
    out[L_RANGE] = min(range_m(world, node, to, now_s) / 1e7, 1.0)
    out[L_OPENS] = log_time(start_s - now_s)
    out[L_REMAINING] = log_time(world.contacts[contact].end_s - now_s)
    out[L_OTHER] = (_row_of(state, to) + 1) / state.candidates.size
    return world.pieces[piece_at(world, contact, at_s)].rate_bps
