"""Whole episodes in one compiled call: a rule decides, the environment's own step follows, until
the episode ends.
"""

from typing import NamedTuple

import numpy as np

from agents.policies.bilinear_rule import choose_bilinear
from agents.policies.linear_rule import choose
from agents.policies.published import choose_equinox, choose_phoenix
from agents.utils.jit import inline_kernel, threaded_kernel
from orbit_gym.kernels.batch_step import note_booking
from orbit_gym.kernels.episode import Episode
from orbit_gym.kernels.observation_encoder import Decision
from orbit_gym.kernels.outcome import is_over
from orbit_gym.kernels.state import Scratch, State
from orbit_gym.kernels.step import step
from orbit_gym.scenario.scenario import Scenario
from orbit_gym.simulation.booking_log import BookingLog, new_booking_log
from orbit_gym.simulation.simulation import Simulation
from orbit_gym.world.layout import World

TUNED, PHOENIX, EQUINOX, BILINEAR = range(4)  # rules that `decide` knows


@inline_kernel
def decide(
    rule: int, task_row: np.ndarray, node_rows: np.ndarray, mask: np.ndarray, weights: np.ndarray
) -> int:
    """Action of one of the rules for one observation; see `linear_rule.choose`."""
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
    decision: Decision,
    rule: int,
    weights: np.ndarray,
    plans: np.ndarray,
    is_booked: np.ndarray,
) -> float:
    """Play from the task at hand to the episode's end.

    Returns the value planned in time, faults not yet deducted.

    The decision shows the task at hand at the start; plans (n_tasks,) PLAN and is_booked (n_tasks,)
    bool get what was booked.
    """
    value = 0.0
    while not is_over(state, tasks):
        task = state.clock[0].task
        action = decide(rule, decision.task, decision.nodes, decision.mask, weights)
        step(world, state, scratch, tasks, faults, action, decision)
        note_booking(scratch, task, plans, is_booked)
        value += scratch.outcome[0].value
    return value


class RolloutResult(NamedTuple):
    """What a rule made of an episode."""

    value: float  # delivered in time and not revoked
    n_booked: int
    late: int
    rejected: int


def play_out(simulation: Simulation, rule: int, weights: np.ndarray) -> tuple[float, BookingLog]:
    """Play a Simulation from its task at hand to its end with a rule.

    Faults after the end are included; it is over then.

    Returns the value planned in time, faults not deducted, and what was booked.
    """
    log = new_booking_log(simulation.episode.tasks.size)
    value = play_to_end(
        *simulation.kernel_arguments,
        simulation.decision.without_links(),  # no rule reads them
        rule,
        weights,
        log.plans,
        log.is_booked,
    )
    if simulation.episode.faults.size:
        simulation.play_faults_out()
    return value, log


def play_rule(
    scenario: Scenario, world: World, episode: Episode, rule: int, weights: np.ndarray
) -> RolloutResult:
    """Play an episode from its start with a rule and its weights."""
    simulation = Simulation(scenario, world, episode)
    value, log = play_out(simulation, rule, weights)
    n_booked, n_on_time = int(log.is_booked.sum()), int(log.plans["on_time"].sum())
    return RolloutResult(
        value - simulation.revoked_value,
        n_booked,
        n_booked - n_on_time,
        simulation.task_index - n_booked,
    )
