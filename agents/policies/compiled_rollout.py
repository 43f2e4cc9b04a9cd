"""Whole episodes in one compiled call: a rule decides, the environment's own step follows, until
the episode ends.
"""

from typing import NamedTuple

import numpy as np

from agents.policies.bilinear_rule import choose_bilinear
from agents.policies.linear_rule import choose
from agents.policies.published import choose_equinox, choose_phoenix
from agents.utils.jit import inline_kernel, threaded_kernel
from orbit_gym.kernels.episode import Episode
from orbit_gym.kernels.state import PLAN, Scratch, State
from orbit_gym.kernels.step import step
from orbit_gym.scenario.scenario import Scenario
from orbit_gym.simulation.simulation import Simulation
from orbit_gym.world.layout import World

TUNED, PHOENIX, EQUINOX, BILINEAR = range(4)  # rules that `decide` knows


@inline_kernel
def decide(
    rule: int, task_row: np.ndarray, node_rows: np.ndarray, mask: np.ndarray, weights: np.ndarray
) -> int:
    """Action of one of the rules for one observation; see `scoring.choose`."""
    if rule == TUNED:
        return choose(task_row, node_rows, mask, weights)
    if rule == BILINEAR:
        return choose_bilinear(task_row, node_rows, mask, weights)
    if rule == PHOENIX:
        return choose_phoenix(task_row, node_rows, mask, weights)
    return choose_equinox(task_row, node_rows, mask, weights)


@threaded_kernel
def decide_many(
    rule: int,
    task_rows: np.ndarray,
    node_rows: np.ndarray,
    masks: np.ndarray,
    weights: np.ndarray,
    actions: np.ndarray,
) -> None:
    """Decide for a batch.

    task_rows (B, T), node_rows (B, n, F), masks (B, n + 1), actions (B,) int64.
    """
    for i in range(actions.size):
        actions[i] = decide(rule, task_rows[i], node_rows[i], masks[i], weights)


@threaded_kernel
def play_to_end(
    world: World,
    state: State,
    scratch: Scratch,
    tasks: np.ndarray,
    faults: np.ndarray,
    task_row: np.ndarray,
    node_rows: np.ndarray,
    link_rows: np.ndarray,
    mask: np.ndarray,
    rule: int,
    weights: np.ndarray,
    log: np.ndarray,
    is_booked: np.ndarray,
) -> float:
    """Play from the task at hand to the episode's end.

    Returns the value planned in time, faults not yet deducted.

    The observation blocks show the task at hand at the start; log (n_tasks,) PLAN and is_booked
    (n_tasks,) bool get what was booked.
    """
    clock = state.clock[0]
    value = 0.0
    while clock.task < tasks.size and tasks[clock.task].release_s < clock.end_s:
        task = clock.task
        action = decide(rule, task_row, node_rows, mask, weights)
        is_booked[task] = step(
            world, state, scratch, tasks, faults, action, task_row, node_rows, link_rows, mask
        )
        if is_booked[task]:
            log[task] = scratch.booking[0]
            if scratch.booking[0].on_time == 1:
                value += tasks[task].value
    return value


class Bookings(NamedTuple):
    """What a rule booked in an episode, as orbit_gym.simulation.metrics reads it."""

    value: float  # planned in time, faults not deducted
    log: np.ndarray  # (n_tasks,) PLAN, rows of tasks that were booked
    is_booked: np.ndarray  # (n_tasks,) bool


class RolloutResult(NamedTuple):
    """What a rule made of an episode."""

    value: float  # delivered in time and not revoked
    n_booked: int
    late: int
    rejected: int


def play_out(simulation: Simulation, rule: int, weights: np.ndarray) -> Bookings:
    """Play a Simulation from its task at hand to its end with a rule.

    Faults after the end included; it is over then.
    """
    episode = simulation.episode
    log, is_booked = np.zeros(episode.tasks.size, PLAN), np.zeros(episode.tasks.size, np.bool_)
    task_row, node_rows, link_rows, mask = simulation._buffers
    observation_rows = (task_row, node_rows, link_rows[:, :0], mask)  # no rule reads the links
    arrays = (
        simulation.world,
        simulation.state,
        simulation._scratch,
        episode.tasks,
        episode.faults,
    )
    value = play_to_end(*arrays, *observation_rows, rule, weights, log, is_booked)
    if episode.faults.size:
        simulation.play_faults_out()
    return Bookings(value, log, is_booked)


def play_rule(
    scenario: Scenario, world: World, episode: Episode, rule: int, weights: np.ndarray
) -> RolloutResult:
    """Play an episode from its start with a rule and its weights."""
    simulation = Simulation(scenario, world, episode)
    value, log, is_booked = play_out(simulation, rule, weights)
    n_booked, n_on_time = int(is_booked.sum()), int(log["on_time"].sum())
    return RolloutResult(
        value - simulation.revoked_value,
        n_booked,
        n_booked - n_on_time,
        simulation.task_index - n_booked,
    )
