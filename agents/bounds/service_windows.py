"""When a service may begin and must have ended at each candidate on the relaxed system, for
bounds.
"""

import numpy as np

from agents.utils.jit import threaded_kernel
from orbit_gym.kernels.accelerator.service import service_s
from orbit_gym.kernels.planning import order_candidates
from orbit_gym.kernels.result_delivery import deliver
from orbit_gym.kernels.state import NONE, Scratch, State
from orbit_gym.world.layout import World
from orbit_gym.world.nodes import accelerators_of

HALVINGS = 30  # of the time between the earliest end and the deadline: a microsecond of an hour


@threaded_kernel
def windows(
    world: World,
    state: State,
    scratch: Scratch,
    tasks: np.ndarray,
    nodes: np.ndarray,
    ready_s: np.ndarray,
    last_s: np.ndarray,
) -> None:
    """Fill when a service may begin at each candidate, and must have ended.

    nodes (n, candidates), ready_s and last_s, on idle calendars.

    last_s is rounded up, and NaN where no service there can be in time. `state` only lends its
    layout.
    """
    ready_s[:] = np.nan
    last_s[:] = np.nan
    for task in range(tasks.size):
        deadline_s = tasks[task].release_s + tasks[task].slack_s
        order_candidates(world, state, scratch, tasks, task, nodes[task])
        for row in range(nodes.shape[1]):
            if nodes[task, row] != NONE:
                ready_s[task, row] = scratch.reached_s[
                    row
                ]  # kept apart: the searches below may write there
        for row in range(nodes.shape[1]):
            node = nodes[task, row]
            if node == NONE:
                continue
            unit, _ = accelerators_of(world, node)
            low_s = ready_s[task, row] + service_s(world, tasks, task, unit)
            if (
                low_s > deadline_s
                or deliver(world, state, scratch, tasks, task, node, low_s, deadline_s, True)[0]
                > deadline_s
            ):
                continue
            high_s = deadline_s
            for _ in range(HALVINGS):
                middle_s = 0.5 * (low_s + high_s)
                if (
                    deliver(world, state, scratch, tasks, task, node, middle_s, deadline_s, True)[0]
                    <= deadline_s
                ):
                    low_s = middle_s
                else:
                    high_s = middle_s
            last_s[task, row] = high_s
