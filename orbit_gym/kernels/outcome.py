"""What came of one step: Scratch.outcome, as the difference of the clock before and after."""

import numpy as np

from orbit_gym.kernels.state import Scratch, State
from orbit_gym.utils.jit import inline_kernel, merged_kernel


@inline_kernel
def is_over(state: State, tasks: np.ndarray) -> bool:
    """Return whether the task at hand is released at or after the episode's end, or is none."""
    clock = state.clock[0]
    return clock.task >= tasks.size or tasks[clock.task].release_s >= clock.end_s


@merged_kernel
def begin_outcome(state: State, scratch: Scratch, is_valid: bool) -> None:
    """Count from here; nothing is booked yet."""
    outcome, clock = scratch.outcome[0], state.clock[0]
    outcome.is_invalid = 0 if is_valid else 1
    outcome.is_booked = 0
    outcome.value = outcome.energy_j = 0.0
    outcome.elapsed_s = -clock.time_s
    outcome.revoked_value = -clock.revoked_value


@merged_kernel
def add_booking(scratch: Scratch, value: float) -> None:
    """Note the plan just booked, of a task of this value."""
    plan, outcome = scratch.booking[0], scratch.outcome[0]
    outcome.is_booked = 1
    outcome.energy_j = plan.energy_j
    outcome.value = value if plan.on_time == 1 else 0.0


@merged_kernel
def end_outcome(state: State, scratch: Scratch, tasks: np.ndarray) -> None:
    """Count to here, the next decision."""
    outcome, clock = scratch.outcome[0], state.clock[0]
    outcome.elapsed_s += clock.time_s
    outcome.revoked_value += clock.revoked_value
    outcome.is_over = 1 if is_over(state, tasks) else 0
