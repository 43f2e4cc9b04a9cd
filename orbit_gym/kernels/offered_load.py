"""Offered load: the work of recent tasks, fading, over the time in which it came.

What a scheduler remembers of its load. Two averages, one of minutes and one of half an hour: a
burst shows in the first long before the second. Tasks before the one at hand count, served or not,
if some candidate had a plan in time. A third average is the share of urgent tasks that had none:
where an alert must leave within a minute and its model takes most of that to load, whether any
satellite still has it in memory shows nowhere else. All fade exponentially, are kept in the clock,
and cost three exponentials a step.
"""

import math

import numpy as np

from orbit_gym.kernels.accelerator.service import lanes_taken, service_s
from orbit_gym.kernels.state import NONE, State
from orbit_gym.utils.jit import inline_kernel
from orbit_gym.world.layout import World
from orbit_gym.world.nodes import n_satellites

# time constants (choice): a burst of some minutes (docs/guides/workloads.md), a third of an orbit
FIVE_MINUTES_S, THIRTY_MINUTES_S = 300.0, 1_800.0
# idle time that is taken to precede an episode (choice), so that its first tasks are no flood
IDLE_START_S = 60.0
MAX_OFFERED_LOAD = 4.0  # of the satellites' time; shown up to here
URGENT_SLACK_S = 120.0  # slack of what is urgent (choice)
URGENT_MEMORY_S = 600.0  # how long an urgent task is remembered (choice)
# feasible urgent tasks that are taken to precede an episode (choice), so that one infeasible task
# is not a share of 1
START_URGENT = 1.0


@inline_kernel
def update_offered_load(
    world: World, state: State, tasks: np.ndarray, task: int, elapsed_s: float
) -> None:
    """Count the task just placed as its plans say, and fade over the time to the next one."""
    clock = state.clock[0]
    work_s, infeasible = 0.0, 1.0
    for row in range(state.candidates.size):
        if state.candidates[row] != NONE and state.plans[row].on_time == 1:
            work_s = (
                service_s(world, tasks, task, 0)
                * lanes_taken(world, tasks, task, 0)
                / world.accelerators[0].lanes
            )
            infeasible = 0.0
            break
    decay = math.exp(-elapsed_s / FIVE_MINUTES_S)
    clock.offered_5min_s = (clock.offered_5min_s + work_s) * decay
    clock.span_5min_s = clock.span_5min_s * decay + FIVE_MINUTES_S * (1.0 - decay)
    decay = math.exp(-elapsed_s / THIRTY_MINUTES_S)
    clock.offered_30min_s = (clock.offered_30min_s + work_s) * decay
    clock.span_30min_s = clock.span_30min_s * decay + THIRTY_MINUTES_S * (1.0 - decay)
    urgent = 1.0 if tasks[task].slack_s <= URGENT_SLACK_S else 0.0
    decay = math.exp(-elapsed_s / URGENT_MEMORY_S)
    clock.n_urgent = (clock.n_urgent + urgent) * decay
    clock.n_urgent_infeasible = (clock.n_urgent_infeasible + urgent * infeasible) * decay


@inline_kernel
def offered_load(world: World, work_s: float, span_s: float) -> float:
    """Work over what all satellites could compute in a span, up to MAX_OFFERED_LOAD."""
    return min(work_s / ((span_s + IDLE_START_S) * n_satellites(world)), MAX_OFFERED_LOAD)
