"""What has been asked lately: the work of past tasks, fading, over the time in which it came.

What a scheduler remembers of its load.

Two memories, one of minutes and one of half an hour: a burst shows in the first long before the
second. Tasks before the one at hand count, served or not, if some candidate offered a plan in time.
A third remembers which share of the urgent ones had no such offer: where an alert must leave within
a minute and its model takes most of that to load, whether anybody still holds it shows nowhere
else. All are kept in the clock and cost three exponentials a step.
"""

import math

import numpy as np

from orbit_gym.kernels.accelerator.service import lanes_taken, service_s
from orbit_gym.kernels.state import NONE, State
from orbit_gym.utils.jit import inline_kernel
from orbit_gym.world.layout import World

# time constants (choice): a burst of some minutes (docs/guides/workloads.md), a third of an orbit
SHORT_S, LONG_S = 300.0, 1_800.0
# idle time that is taken to precede an episode (choice), so that its first tasks are no flood
START_S = 60.0
GREATEST_LOAD = 4.0  # of the satellites' time; shown up to here
URGENT_S, MISSED_S = (
    120.0,
    600.0,
)  # slack of what is urgent, and how long a miss is remembered (choices)
# urgent tasks, not missed, that are taken to precede an episode (choice), so that one miss is not a
# share of 1
START_URGENT = 1.0


@inline_kernel
def note_asked(world: World, state: State, tasks: np.ndarray, task: int, elapsed_s: float) -> None:
    """Add the task just placed to what was asked, or missed, as its plans say, and let the memories
    fade over the time to the next one.
    """
    clock = state.clock[0]
    work_s, is_missed = 0.0, 1.0
    for row in range(state.candidates.size):
        if state.candidates[row] != NONE and state.plans[row].on_time == 1:
            work_s = (
                service_s(world, tasks, task, 0)
                * lanes_taken(world, tasks, task, 0)
                / world.accelerators[0].lanes
            )
            is_missed = 0.0
            break
    fade = math.exp(-elapsed_s / SHORT_S)
    clock.asked_short_s = (clock.asked_short_s + work_s) * fade
    clock.seen_short_s = clock.seen_short_s * fade + SHORT_S * (1.0 - fade)
    fade = math.exp(-elapsed_s / LONG_S)
    clock.asked_long_s = (clock.asked_long_s + work_s) * fade
    clock.seen_long_s = clock.seen_long_s * fade + LONG_S * (1.0 - fade)
    urgent = 1.0 if tasks[task].slack_s <= URGENT_S else 0.0
    fade = math.exp(-elapsed_s / MISSED_S)
    clock.n_urgent = (clock.n_urgent + urgent) * fade
    clock.n_missed = (clock.n_missed + urgent * is_missed) * fade


@inline_kernel
def asked_share(world: World, asked_s: float, seen_s: float) -> float:
    """Work asked over what all satellites could compute in the time seen, up to MOST."""
    return min(asked_s / ((seen_s + START_S) * world.sizes[0].n_satellites), GREATEST_LOAD)
