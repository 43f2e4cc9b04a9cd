"""The step for many environments of one World, and the note that it leaves of each booking."""

import numpy as np

from orbit_gym.kernels.observation_encoder import Decision
from orbit_gym.kernels.state import Scratch, State
from orbit_gym.kernels.step import step
from orbit_gym.utils.jit import inline_kernel, threaded_kernel
from orbit_gym.world.layout import World


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
    tasks: np.ndarray,
    n_tasks: np.ndarray,
    faults: np.ndarray,
    n_faults: np.ndarray,
    members: np.ndarray,
    actions: np.ndarray,
    decisions: Decision,
    plans: np.ndarray,
    is_booked: np.ndarray,
    outcomes: np.ndarray,
) -> None:
    """Step some members of a batch that share a World.

    Every array has one row a member; the fields of State and Decision have one axis more, but for
    the kinds of actions. members (m,) are the rows to step; plans and is_booked get what was
    booked, outcomes (B,) OUTCOME what came of the step.
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
        decision = Decision(
            decisions.task[member],
            decisions.nodes[member],
            decisions.links[member],
            decisions.mask[member],
            decisions.kinds,
        )
        task = state.clock[0].task
        step(
            world,
            state,
            scratch,
            tasks[member][:count],
            faults[member][: n_faults[member]],
            actions[member],
            decision,
        )
        note_booking(scratch, task, plans[member], is_booked[member])
        outcomes[member] = scratch.outcome[0]
