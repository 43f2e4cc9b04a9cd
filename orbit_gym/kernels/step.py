"""The step: book, advance the clock, let faults occur, plan every candidate, encode.

This file is the whole idea. A task is at hand. Every candidate has a plan for it: when its input
would arrive, when it would run, when its result would be delivered. An action makes one of these
plans real, and what is booked is never planned again. Then the clock jumps to the release of the
next task, for which every candidate is planned anew.
"""

import numpy as np

from orbit_gym.kernels.action_kinds import chosen_candidate
from orbit_gym.kernels.booking import book, reclaim
from orbit_gym.kernels.faults import drop_records, record_booking, strike_until
from orbit_gym.kernels.observation_encoder import Decision, encode
from orbit_gym.kernels.offered_load import update_offered_load
from orbit_gym.kernels.outcome import add_booking, begin_outcome, end_outcome, is_over
from orbit_gym.kernels.planning import plan_all
from orbit_gym.kernels.state import NONE, Scratch, State
from orbit_gym.utils.jit import kernel, merged_kernel
from orbit_gym.world.layout import World

BEGIN = -1  # in place of an action, at the start of an episode: nothing is placed


@kernel
def step(
    world: World,
    state: State,
    scratch: Scratch,
    tasks: np.ndarray,
    faults: np.ndarray,
    action: int,
    decision: Decision,
) -> None:
    """Place the task at hand, go to the next release, and show what may be decided there.

    Scratch.outcome tells what came of it, Scratch.booking the plan if one was booked. After the end
    of an episode nothing is placed. The start (BEGIN) is here and not in a kernel of its own
    because planning and encoding would be compiled for each.
    """
    begin_outcome(state, scratch, decision.mask[action])
    if action == BEGIN:
        strike_until(world, state, faults, state.clock[0].time_s)
    elif not is_over(state, tasks):
        place(world, state, scratch, tasks, action, decision)
        _advance(world, state, tasks, faults)
    end_outcome(state, scratch, tasks)
    plan_all(world, state, scratch, tasks, state.clock[0].task)
    encode(world, state, scratch, tasks, decision)


@merged_kernel
def place(
    world: World,
    state: State,
    scratch: Scratch,
    tasks: np.ndarray,
    action: int,
    decision: Decision,
) -> None:
    """Book the task at hand at the candidate that an action stands for, if there is one."""
    task = state.clock[0].task
    candidate = chosen_candidate(state, decision.kinds, action)
    if candidate != NONE and book(world, state, scratch, tasks, task, candidate):
        add_booking(scratch, tasks[task].value)
        record_booking(world, state, scratch, tasks, task)


@merged_kernel
def _advance(world: World, state: State, tasks: np.ndarray, faults: np.ndarray) -> None:
    """Move the clock to the next release, let the faults up to it occur, give back what expired."""
    clock = state.clock[0]
    clock.task += 1
    if clock.task < tasks.size:
        elapsed_s = tasks[clock.task].release_s - clock.time_s
        update_offered_load(world, state, tasks, clock.task - 1, elapsed_s)
        clock.time_s = tasks[clock.task].release_s
        strike_until(world, state, faults, clock.time_s)
    reclaim(world, state)
    drop_records(state)
