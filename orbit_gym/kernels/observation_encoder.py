"""The encoder: one decision into the observation's arrays and the mask, column by column of the
FIELDS table.
"""

import math
from typing import NamedTuple

import numpy as np

from orbit_gym.actions import KINDS
from orbit_gym.kernels.accelerator.charge_and_heat import power_row, required_j
from orbit_gym.kernels.accelerator.service import resident_after_load, resident_bytes, service_s
from orbit_gym.kernels.action_kinds import is_kind_valid
from orbit_gym.kernels.episode import ANY_STATION
from orbit_gym.kernels.network.calendars import first_free_s
from orbit_gym.kernels.network.transfers import (
    first_ground_pass,
    first_isl_contact,
    position_m,
    range_m,
    rate_segment_at,
)
from orbit_gym.kernels.offered_load import START_URGENT, offered_load
from orbit_gym.kernels.state import NONE, Scratch, State
from orbit_gym.observation import (
    BANDWIDTH,
    ENERGY,
    GROUND_SLOTS,
    HOPS,
    INPUT_SIZE,
    LINK_COLUMNS,
    LOAD_TIME,
    LOG_TIME,
    LONGEST_S,
    MODEL_SIZE,
    NODE_COLUMNS,
    POSITION,
    RANGE,
    RATE,
    RESULT_SIZE,
    SPEED,
    TASK_COLUMNS,
    VALUE,
    WIDTH,
)
from orbit_gym.utils.jit import inline_kernel
from orbit_gym.utils.scales import Linear, Log
from orbit_gym.world.layout import World
from orbit_gym.world.nodes import accelerators_of, is_satellite, isl_terminals_of


class LinearScale(NamedTuple):
    """A Linear scale as kernels read it."""

    per: float
    low: float
    high: float


class LogScale(NamedTuple):
    """A Log scale as kernels read it."""

    per: float
    log_limit: float


def linear_scale(scale: Linear) -> LinearScale:
    """Constants of a Linear scale."""
    return LinearScale(scale.per, scale.low, scale.high)


def log_scale(scale: Log) -> LogScale:
    """Constants of a Log scale."""
    return LogScale(scale.per, scale.log_limit)


_INPUT_SIZE, _RESULT_SIZE, _RATE, _ENERGY = (
    log_scale(scale) for scale in (INPUT_SIZE, RESULT_SIZE, RATE, ENERGY)
)
_VALUE, _MODEL_SIZE, _POSITION, _RANGE = (
    linear_scale(scale) for scale in (VALUE, MODEL_SIZE, POSITION, RANGE)
)
_SPEED, _BANDWIDTH, _LOAD_TIME, _HOPS = (
    linear_scale(scale) for scale in (SPEED, BANDWIDTH, LOAD_TIME, HOPS)
)
LOG_LONGEST = LOG_TIME.log_limit


class Decision(NamedTuple):
    """What an agent sees of the task at hand, and which actions it has."""

    task: np.ndarray  # (T,) float32
    nodes: np.ndarray  # (n_candidates, F) float32
    links: np.ndarray  # (n_candidates, slots, L) float32; with no slots, links are left out
    mask: np.ndarray  # (n_actions,) bool, the candidates first
    kinds: np.ndarray  # (n_kinds,) int64 codes of the actions after them, orbit_gym/actions.py

    def without_links(self) -> "Decision":
        """The same arrays with no slots for links, for policies that do not read them."""
        return self._replace(links=self.links[:, :0])


def new_decision(
    n_candidates: int, n_terminals: int, kinds: tuple[str, ...], leading: tuple[int, ...] = ()
) -> Decision:
    """Arrays of zeros for one decision, or with leading axes for many."""
    n_slots = n_terminals + GROUND_SLOTS
    return Decision(
        task=np.zeros((*leading, WIDTH["task"]), np.float32),
        nodes=np.zeros((*leading, n_candidates, WIDTH["nodes"]), np.float32),
        links=np.zeros((*leading, n_candidates, n_slots, WIDTH["links"]), np.float32),
        mask=np.zeros((*leading, n_candidates + len(kinds)), np.bool_),
        kinds=np.array([KINDS[kind].code for kind in kinds], np.int64),
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
def _log(amount: float, scale: LogScale) -> float:
    return min(math.log1p(max(amount, 0.0) / scale.per) / scale.log_limit, 1.0)


@inline_kernel
def _up_to(amount: float, scale: LinearScale) -> float:
    """Column of an amount that is never below the scale."""
    return min(amount / scale.per, scale.high)


@inline_kernel
def _clip(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


@inline_kernel
def encode(
    world: World,
    state: State,
    scratch: Scratch,
    tasks: np.ndarray,
    decision: Decision,
) -> None:
    """Write the decision at hand; rows that stand for nothing are zero."""
    node_rows, link_rows, mask = decision.nodes, decision.links, decision.mask
    decision.task[:] = 0.0
    node_rows[:] = 0.0
    link_rows[:] = 0.0
    mask[:] = False
    n_candidates = state.candidates.size
    for k in range(decision.kinds.size):
        mask[n_candidates + k] = is_kind_valid(state, decision.kinds[k])
    task = state.clock[0].task
    if task >= tasks.size:
        return
    _encode_task(world, state, tasks, task, decision.task)
    _origin_frame(world, tasks[task].origin, tasks[task].release_s, scratch.frame)
    for row in range(state.candidates.size):
        node = state.candidates[row]
        if node == NONE:
            continue
        mask[row] = state.plans[row].exists == 1
        if is_satellite(world, node):
            _encode_satellite(world, state, tasks, task, node, node_rows[row])
            pass_row = _next_pass(world, node, tasks[task].release_s)
            node_rows[row, NODE_COLUMNS.time_to_contact] = _encode_contact(
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
    out[TASK_COLUMNS.present] = 1.0
    out[TASK_COLUMNS.input_size] = _log(entry.input_bits, _INPUT_SIZE)
    out[TASK_COLUMNS.result_size] = _log(entry.result_bits, _RESULT_SIZE)
    out[TASK_COLUMNS.service] = log_time(service_s(world, tasks, task, 0))
    out[TASK_COLUMNS.lanes] = 1.0 / world.accelerators[0].lanes if entry.one_lane == 1 else 1.0
    out[TASK_COLUMNS.model_size] = _up_to(world.model_bytes[entry.model], _MODEL_SIZE)
    out[TASK_COLUMNS.slack] = log_time(entry.slack_s)
    out[TASK_COLUMNS.value] = _up_to(entry.value, _VALUE)
    out[TASK_COLUMNS.from_user] = 0.0 if is_satellite(world, entry.origin) else 1.0
    out[TASK_COLUMNS.to_user] = 0.0 if entry.destination == ANY_STATION else 1.0
    out[TASK_COLUMNS.may_alert] = 1.0 if entry.alert_delay_s >= 0.0 else 0.0
    clock = state.clock[0]
    out[TASK_COLUMNS.offered_load_5min] = offered_load(
        world, clock.offered_5min_s, clock.span_5min_s
    )
    out[TASK_COLUMNS.offered_load_30min] = offered_load(
        world, clock.offered_30min_s, clock.span_30min_s
    )
    out[TASK_COLUMNS.urgent_infeasible_rate] = clock.n_urgent_infeasible / (
        clock.n_urgent + START_URGENT
    )


@inline_kernel
def _origin_frame(world: World, origin: int, time_s: float, frame: np.ndarray) -> None:
    """Fill (4, 3): position of the origin, then unit vectors outward, along (its motion, or east)
    and across (or north).
    """
    x, y, z = position_m(world, origin, time_s)
    length = math.sqrt(x * x + y * y + z * z)
    ux, uy, uz = x / length, y / length, z / length
    if is_satellite(world, origin):
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
def _on_axis(x: float, y: float, z: float, axis: np.ndarray) -> float:
    along_m = x * axis[0] + y * axis[1] + z * axis[2]
    return _clip(along_m / _POSITION.per, _POSITION.low, _POSITION.high)


@inline_kernel
def _encode_common(
    world: World, tasks: np.ndarray, task: int, node: int, frame: np.ndarray, out: np.ndarray
) -> None:
    x, y, z = position_m(world, node, tasks[task].release_s)
    x -= frame[0, 0]
    y -= frame[0, 1]
    z -= frame[0, 2]
    out[NODE_COLUMNS.present] = 1.0
    out[NODE_COLUMNS.is_origin] = 1.0 if node == tasks[task].origin else 0.0
    out[NODE_COLUMNS.radial] = _on_axis(x, y, z, frame[1])
    out[NODE_COLUMNS.along] = _on_axis(x, y, z, frame[2])
    out[NODE_COLUMNS.across] = _on_axis(x, y, z, frame[3])


@inline_kernel
def _encode_satellite(
    world: World, state: State, tasks: np.ndarray, task: int, node: int, out: np.ndarray
) -> None:
    now_s = tasks[task].release_s
    accelerator = world.accelerators[node]
    entry = state.units[node]
    out[NODE_COLUMNS.is_satellite] = 1.0
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
    out[NODE_COLUMNS.sunlit] = is_sunlit
    out[NODE_COLUMNS.time_to_eclipse if is_sunlit == 1 else NODE_COLUMNS.time_to_sunlight] = min(
        until_s / LONGEST_S, 1.0
    )
    out[NODE_COLUMNS.charge] = _clip(entry.charge_j / accelerator.capacity_j, 0.0, 1.0)
    usable_j = max(accelerator.capacity_j - accelerator.floor_j, 1.0)
    out[NODE_COLUMNS.charge_margin] = _clip(
        (entry.charge_j - required_j(world, node, now_s)) / usable_j, -1.0, 1.0
    )
    out[NODE_COLUMNS.temperature] = _clip(
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
    out[NODE_COLUMNS.charge] = 1.0
    out[NODE_COLUMNS.charge_margin] = 1.0
    first_unit, end_unit = accelerators_of(world, node)
    _encode_units(world, state, tasks, task, first_unit, end_unit, out)


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
        least_s = min(least_s, max(0.0, state.units[unit].queue_end_s - now_s))
        row = state.units[unit].first_segment
        while row != NONE:
            segment = state.segments[row]
            share = segment.lanes / accelerator.lanes
            work_s += share * max(0.0, segment.end_s - max(segment.start_s, now_s))
            if segment.start_s <= now_s < segment.end_s:
                busy += share
            row = segment.next
        tail = state.units[unit].queue_end_resident
        stored_bytes = resident_bytes(world, tail)
        if tail >> model & 1:
            out[NODE_COLUMNS.model_resident] = 1.0
            evicted = 0.0
        else:
            after = resident_bytes(world, resident_after_load(world, state, unit, model))
            evicted = min(
                evicted,
                (stored_bytes + world.model_bytes[model] - after) / accelerator.memory_bytes,
            )
        out[NODE_COLUMNS.memory_free] = max(
            out[NODE_COLUMNS.memory_free],
            _clip(1.0 - stored_bytes / accelerator.memory_bytes, 0.0, 1.0),
        )
    count = end - first
    out[NODE_COLUMNS.lanes_busy] = _clip(busy / count, 0.0, 1.0)
    out[NODE_COLUMNS.backlog] = log_time(least_s)
    out[NODE_COLUMNS.booked_work] = log_time(work_s / count)
    out[NODE_COLUMNS.evicted] = _clip(evicted, 0.0, 1.0)
    out[NODE_COLUMNS.speed] = _up_to(world.accelerators[first].peak_op_per_s, _SPEED)
    out[NODE_COLUMNS.bandwidth] = _up_to(
        world.accelerators[first].bandwidth_bytes_per_s, _BANDWIDTH
    )


@inline_kernel
def _encode_plan(state: State, tasks: np.ndarray, task: int, row: int, out: np.ndarray) -> None:
    plan = state.plans[row]
    release_s = tasks[task].release_s
    slack_s = tasks[task].slack_s
    out[NODE_COLUMNS.plan_margin] = -1.0
    if plan.exists == 0:
        return
    out[NODE_COLUMNS.plan_exists] = 1.0
    out[NODE_COLUMNS.plan_on_time] = plan.on_time
    out[NODE_COLUMNS.plan_arrival] = log_time(plan.arrival_s - release_s)
    out[NODE_COLUMNS.plan_load] = _up_to(plan.load_s, _LOAD_TIME)
    out[NODE_COLUMNS.plan_start] = log_time(plan.start_s - release_s)
    out[NODE_COLUMNS.plan_finish] = log_time(plan.finish_s - release_s)
    out[NODE_COLUMNS.plan_delivery] = log_time(plan.delivery_s - release_s)
    out[NODE_COLUMNS.plan_margin] = _clip(
        (release_s + slack_s - plan.delivery_s) / max(slack_s, 1e-9), -1.0, 1.0
    )
    out[NODE_COLUMNS.plan_energy] = _log(plan.energy_j, _ENERGY)
    out[NODE_COLUMNS.plan_input_hops] = _up_to(plan.input_hops, _HOPS)
    out[NODE_COLUMNS.plan_result_hops] = _up_to(plan.result_hops, _HOPS)


@inline_kernel
def _row_of(state: State, node: int) -> int:
    for row in range(state.candidates.size):
        if state.candidates[row] == node:
            return row
    return NONE


@inline_kernel
def _next_pass(world: World, node: int, now_s: float) -> int:
    """Row of World.ground_passes where those of a satellite that have not ended begin, in order of
    time.
    """
    row = first_ground_pass(world, node, now_s)
    while row < world.ground_pass_offsets[node + 1] and world.ground_passes[row].end_s <= now_s:
        row += 1
    return row


@inline_kernel
def _encode_contact(world: World, node: int, row: int, now_s: float) -> float:
    """Time to the first contact with a station, given the row of _next_pass, on the scale of the
    column.
    """
    return (
        log_time(world.ground_passes[row].start_s - now_s)
        if row < world.ground_pass_offsets[node + 1]
        else 1.0
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
    first_terminal, end_terminal = isl_terminals_of(world, node)
    for terminal in range(first_terminal, end_terminal):
        laser = first_isl_contact(world, terminal, now_s)
        if laser == world.isl_offsets[terminal + 1]:
            continue
        contact = world.isl_contacts[laser].contact
        slot = world.contacts[contact].terminal
        if best[slot] == NONE or _opens_before(world, contact, best_contact[slot], now_s):
            best[slot] = world.isl_contacts[laser].edge
            best_contact[slot] = contact
    for next_row in range(row, world.ground_pass_offsets[node + 1]):
        offer = world.ground_passes[next_row]
        if best[n_terminals + 1] != NONE and offer.start_s > max(
            now_s, world.contacts[best_contact[n_terminals + 1]].start_s
        ):
            break  # passes are in order of time
        if offer.end_s > now_s:
            _offer_ground(world, offer.edge, offer.contact, n_terminals, best, best_contact, now_s)
    rate_bps = rate = 0.0
    for slot in range(out.shape[0]):
        if best[slot] != NONE:
            link_bps = _encode_link(
                world, state, node, best[slot], best_contact[slot], now_s, out[slot]
            )
            if link_bps != rate_bps:  # neighbouring links often have one rate
                rate_bps = link_bps
                rate = _log(rate_bps, _RATE)
            out[slot, LINK_COLUMNS.rate] = rate


@inline_kernel
def _opens_before(world: World, first: int, second: int, now_s: float) -> bool:
    """True if the first contact is usable before the second, or as early and for longer."""
    first_s = max(world.contacts[first].start_s, now_s)
    second_s = max(world.contacts[second].start_s, now_s)
    lasts_longer = world.contacts[first].end_s > world.contacts[second].end_s
    return first_s < second_s or (first_s == second_s and lasts_longer)


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
    out[LINK_COLUMNS.up] = 1.0 if start_s <= now_s else 0.0
    resource_a = world.edges[edge].resource_a
    resource_b = world.edges[edge].resource_b
    free_s = first_free_s(state, resource_a, at_s)
    if resource_b != NONE:
        free_s = max(free_s, first_free_s(state, resource_b, at_s))
    out[LINK_COLUMNS.backlog] = log_time(free_s - at_s)
    to = world.edges[edge].to
    out[LINK_COLUMNS.range] = _up_to(range_m(world, node, to, now_s), _RANGE)
    out[LINK_COLUMNS.opens_in] = log_time(start_s - now_s)
    out[LINK_COLUMNS.remaining] = log_time(world.contacts[contact].end_s - now_s)
    out[LINK_COLUMNS.other_end] = (_row_of(state, to) + 1) / state.candidates.size
    return world.rate_segments[rate_segment_at(world, contact, at_s)].rate_bps
