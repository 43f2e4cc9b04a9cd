"""The step for many environments of one World, and the note that it leaves of each booking."""

from typing import NamedTuple

import numpy as np

from orbit_gym.kernels.observation_encoder import Decision
from orbit_gym.kernels.state import Scratch, State
from orbit_gym.kernels.step import step
from orbit_gym.utils.jit import inline_kernel, threaded_kernel
from orbit_gym.world.layout import World


class Futures(NamedTuple):
    """What was drawn for each member; rows beyond a member's own hold nothing."""

    tasks: np.ndarray  # (B, most) TASK
    n_tasks: np.ndarray  # (B,) int64
    faults: np.ndarray  # (B, most) FAULT
    n_faults: np.ndarray  # (B,) int64


class BatchLog(NamedTuple):
    """What has come of each member's steps."""

    plans: np.ndarray  # (B, most) PLAN booked for each task
    is_booked: np.ndarray  # (B, most) bool
    outcomes: np.ndarray  # (B,) OUTCOME of the last step


@inline_kernel
def note_booking(scratch: Scratch, task: int, plans: np.ndarray, is_booked: np.ndarray) -> None:
    """Write what the last step booked for a task into plans (n_tasks,) PLAN and is_booked."""
    if scratch.outcome[0].is_booked == 1:
        plans[task] = scratch.booking[0]
        is_booked[task] = True


@threaded_kernel
def step_many(
    world: World,
    states: State,
    scratch: Scratch,
    members: np.ndarray,
    actions: np.ndarray,
    futures: Futures,
    decisions: Decision,
    log: BatchLog,
) -> None:
    """Step some members of a batch that share a World.

    Every array has one row a member; the fields of State and Decision have one axis more, but for
    the kinds of actions. members (m,) are the rows to step.
    """
    for member in members:
        n_tasks = futures.n_tasks[member]
        state = _state_of(world, states, member, n_tasks)
        task = state.clock[0].task
        step(
            world,
            state,
            scratch,
            futures.tasks[member][:n_tasks],
            futures.faults[member][: futures.n_faults[member]],
            actions[member],
            _decision_of(decisions, member),
        )
        note_booking(scratch, task, log.plans[member], log.is_booked[member])
        log.outcomes[member] = scratch.outcome[0]


@inline_kernel
def _state_of(world: World, states: State, member: int, n_tasks: int) -> State:
    n_resources = world.sizes[0].n_resources
    return State(
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
        states.is_lost[member][:n_tasks],
    )


@inline_kernel
def _decision_of(decisions: Decision, member: int) -> Decision:
    return Decision(
        decisions.task[member],
        decisions.nodes[member],
        decisions.links[member],
        decisions.mask[member],
        decisions.kinds,
    )
