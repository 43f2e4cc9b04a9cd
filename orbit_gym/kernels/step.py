"""The step: book, move the clock to the next release, let faults strike, plan every candidate,
encode. One compiled call.
"""

import numpy as np

from orbit_gym.kernels.accelerator.service import lanes_taken, service_s
from orbit_gym.kernels.booking import book, reclaim
from orbit_gym.kernels.faults import drop_records, record_booking, strike_until
from orbit_gym.kernels.observation_encoder import encode
from orbit_gym.kernels.offered_load import note_asked
from orbit_gym.kernels.planning import order_candidates, plan_all
from orbit_gym.kernels.result_delivery import deliver
from orbit_gym.kernels.state import NONE, Scratch, State
from orbit_gym.utils.jit import kernel, merged_kernel, threaded_kernel
from orbit_gym.world.layout import World

BEGIN = -1  # in place of an action, at the start of an episode


@merged_kernel
def _look(
    world: World,
    state: State,
    scratch: Scratch,
    tasks: np.ndarray,
    task_row: np.ndarray,
    node_rows: np.ndarray,
    link_rows: np.ndarray,
    mask: np.ndarray,
) -> None:
    """Plan the task at hand everywhere and write the observation."""
    task = state.clock[0].task
    state.candidates[:] = NONE
    if task < tasks.size:
        plan_all(world, state, scratch, tasks, task)
    encode(world, state, scratch, tasks, task_row, node_rows, link_rows, mask)


@merged_kernel
def _place(world: World, state: State, scratch: Scratch, tasks: np.ndarray, action: int) -> bool:
    """Book the task at hand at a candidate; True if it was booked.

    The last action rejects, a masked one books nothing.
    """
    if action >= state.candidates.size or state.candidates[action] == NONE:
        return False
    task = state.clock[0].task
    is_booked = book(world, state, scratch, tasks, task, action)
    if is_booked and state.records.size > 0:
        lanes = lanes_taken(world, tasks, task, scratch.booking[0].accelerator)
        record_booking(world, state, scratch, task, tasks[task].value, lanes)
    return is_booked


@merged_kernel
def _go_on(world: World, state: State, tasks: np.ndarray, faults: np.ndarray) -> None:
    """Move the clock to the next release, let the faults up to it strike, and give back what has
    expired.
    """
    clock = state.clock[0]
    clock.task += 1
    if clock.task < tasks.size:
        note_asked(world, state, tasks, clock.task - 1, tasks[clock.task].release_s - clock.time_s)
        clock.time_s = tasks[clock.task].release_s
        strike_until(world, state, faults, clock.time_s)
    reclaim(world, state)
    if 2 * clock.n_records > state.records.size:
        drop_records(state)


@kernel
def step(
    world: World,
    state: State,
    scratch: Scratch,
    tasks: np.ndarray,
    faults: np.ndarray,
    action: int,
    task_row: np.ndarray,
    node_rows: np.ndarray,
    link_rows: np.ndarray,
    mask: np.ndarray,
) -> bool:
    """Place the task at hand (the last action rejects), go to the next release, and look.

    True if the task was booked.

    Scratch.booked holds the booking. BEGIN places nothing and leaves the clock where it is: it is
    here and not in a kernel of its own because planning and encoding would be compiled for each.
    """
    is_booked = False
    if action == BEGIN:
        strike_until(world, state, faults, state.clock[0].time_s)
    else:
        is_booked = _place(world, state, scratch, tasks, action)
        _go_on(world, state, tasks, faults)
    _look(world, state, scratch, tasks, task_row, node_rows, link_rows, mask)
    return is_booked


def begin(
    world: World,
    state: State,
    scratch: Scratch,
    tasks: np.ndarray,
    faults: np.ndarray,
    *buffers: np.ndarray,
) -> None:
    """Let the faults that precede the task at hand strike, and look.

    Buffers are the rows and the mask of :func:`step`.
    """
    step(world, state, scratch, tasks, faults, BEGIN, *buffers)


@threaded_kernel
def step_many(
    world: World,
    states: State,
    scratch: Scratch,
    tasks: np.ndarray,
    n_tasks: np.ndarray,
    faults: np.ndarray,
    n_faults: np.ndarray,
    members: np.ndarray,
    actions: np.ndarray,
    task_rows: np.ndarray,
    node_rows: np.ndarray,
    link_rows: np.ndarray,
    masks: np.ndarray,
    log: np.ndarray,
    is_booked: np.ndarray,
    outcomes: np.ndarray,
) -> None:
    """Step some members of a batch that share a World.

    Every array has one row a member, and State's fields one axis more.

    members (m,) are the rows to step; log and is_booked get what was booked, outcomes (B,) OUTCOME
    what the step brought.
    """
    n_resources = world.sizes[0].n_resources
    for member in members:
        count = n_tasks[member]
        state = State(
            states.clock[member],
            states.candidates[member],
            states.plans[member],
            states.routes[member],
            states.heads[member][:n_resources],
            states.chunks[member],
            states.intervals[member],
            states.units[member],
            states.segments[member],
            states.used_s[member][:n_resources],
            states.last_use_s[member],
            states.records[member],
            states.is_lost[member][:count],
        )
        own_tasks = tasks[member][:count]
        outcome = outcomes[member]
        clock = state.clock[0]
        task = clock.task
        outcome.value = outcome.energy_j = outcome.revoked_value = outcome.elapsed_s = 0.0
        outcome.is_invalid = 1 if not masks[member, actions[member]] else 0
        if task < count and own_tasks[task].release_s < clock.end_s:
            time_s = clock.time_s
            revoked_value = clock.revoked_value
            rows = (task_rows[member], node_rows[member], link_rows[member], masks[member])
            is_booked[member, task] = step(
                world,
                state,
                scratch,
                own_tasks,
                faults[member][: n_faults[member]],
                actions[member],
                *rows,
            )
            if is_booked[member, task]:
                log[member, task] = scratch.booking[0]
                outcome.energy_j = scratch.booking[0].energy_j
                outcome.value = own_tasks[task].value if scratch.booking[0].on_time == 1 else 0.0
            outcome.revoked_value = clock.revoked_value - revoked_value
            outcome.elapsed_s = clock.time_s - time_s
        outcome.is_over = (
            1 if clock.task >= count or own_tasks[clock.task].release_s >= clock.end_s else 0
        )


@kernel
def relaxed_on_time(
    world: World, state: State, scratch: Scratch, tasks: np.ndarray, n_tasks: int, out: np.ndarray
) -> None:
    """For each of the first n_tasks: could some candidate deliver it in time on the relaxed system?

    Idle calendars, every model resident, no limit of energy or heat, routes by full search with the
    task's own bits: a relaxation of every policy's problem. `state` only lends its layout; it is
    not read or changed. out (n_tasks,) bool.
    """
    for task in range(n_tasks):
        out[task] = _relaxed_task(world, state, scratch, tasks, task)


@merged_kernel
def _relaxed_task(
    world: World, state: State, scratch: Scratch, tasks: np.ndarray, task: int
) -> bool:
    deadline_s = tasks[task].release_s + tasks[task].slack_s
    candidates = scratch.relaxed
    order_candidates(world, state, scratch, tasks, task, candidates)
    for row in range(candidates.size):
        node = candidates[row]
        if node == NONE:
            continue
        ready_s = scratch.reached_s[row]
        unit = node
        if node >= world.sizes[0].n_satellites:
            unit = world.datacentre_offsets[
                node - world.sizes[0].n_satellites - world.sizes[0].n_stations
            ]
        finish_s = ready_s + service_s(world, tasks, task, unit)
        if finish_s > deadline_s:
            continue
        delivery_s, _, _ = deliver(
            world, state, scratch, tasks, task, node, finish_s, deadline_s, True
        )
        if delivery_s <= deadline_s:
            return True
    return False


@kernel
def play(
    world: World,
    state: State,
    scratch: Scratch,
    tasks: np.ndarray,
    faults: np.ndarray,
    actions: np.ndarray,
    task_row: np.ndarray,
    node_rows: np.ndarray,
    link_rows: np.ndarray,
    mask: np.ndarray,
) -> int:
    """Play a stored stream of actions, observations encoded each step.

    Returns how many tasks were booked.
    """
    n_booked = 0
    for action in actions:
        if step(world, state, scratch, tasks, faults, action, task_row, node_rows, link_rows, mask):
            n_booked += 1
    return n_booked
