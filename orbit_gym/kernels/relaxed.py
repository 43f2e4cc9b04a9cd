"""The relaxed system: what some candidate could deliver in time if nothing else was in the way."""

import numpy as np

from orbit_gym.kernels.accelerator.service import service_s
from orbit_gym.kernels.planning import order_candidates
from orbit_gym.kernels.result_delivery import deliver
from orbit_gym.kernels.state import NONE, Scratch, State
from orbit_gym.utils.jit import kernel, merged_kernel
from orbit_gym.world.layout import World
from orbit_gym.world.nodes import accelerators_of


@kernel
def relaxed_on_time(
    world: World,
    state: State,
    scratch: Scratch,
    tasks: np.ndarray,
    n_tasks: int,
    is_feasible: np.ndarray,
) -> None:
    """Write for each of the first n_tasks whether the relaxed system could deliver it in time.

    Idle calendars, every model resident, no limit of energy or heat, routes by full search with the
    task's own bits: a relaxation of every policy's problem. `state` only lends its layout; it is
    not read or changed. is_feasible (n_tasks,) bool.
    """
    for task in range(n_tasks):
        is_feasible[task] = _is_feasible(world, state, scratch, tasks, task)


@merged_kernel
def _is_feasible(
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
        unit, _ = accelerators_of(world, node)
        finish_s = ready_s + service_s(world, tasks, task, unit)
        if finish_s > deadline_s:
            continue
        delivery_s, _, _ = deliver(
            world, state, scratch, tasks, task, node, finish_s, deadline_s, True
        )
        if delivery_s <= deadline_s:
            return True
    return False
