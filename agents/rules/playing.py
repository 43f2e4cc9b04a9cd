"""Whole episodes in one compiled call: a rule decides, the environment's own step follows, until the episode ends."""

from typing import NamedTuple

import numpy as np

from agents.jit import inlined, shared
from agents.rules.bilinear import choose_bilinear
from agents.rules.published import choose_equinox, choose_phoenix
from agents.rules.scoring import choose
from orbit_gym.compiled.world import World
from orbit_gym.core.kernel import step
from orbit_gym.core.state import Scratch, State
from orbit_gym.episode import Episode
from orbit_gym.scenario import Scenario
from orbit_gym.simulation import Simulation

N_COUNTS = 3
BOOKED, LATE, REJECTED = range(N_COUNTS)


TUNED, PHOENIX, EQUINOX, BILINEAR = range(4)  # rules that `decide` knows


@inlined
def decide(rule: int, task_row: np.ndarray, node_rows: np.ndarray, mask: np.ndarray, weights: np.ndarray) -> int:
    """Action of one of the rules for one observation; see `scoring.choose`."""
    if rule == TUNED:
        return choose(task_row, node_rows, mask, weights)
    if rule == BILINEAR:
        return choose_bilinear(task_row, node_rows, mask, weights)
    if rule == PHOENIX:
        return choose_phoenix(task_row, node_rows, mask, weights)
    return choose_equinox(task_row, node_rows, mask, weights)


@shared
def decide_many(
    rule: int, task_rows: np.ndarray, node_rows: np.ndarray, masks: np.ndarray, weights: np.ndarray, actions: np.ndarray
) -> None:
    """`decide` for a batch: task_rows (B, T), node_rows (B, n, F), masks (B, n + 1), actions (B,) int64."""
    for i in range(actions.size):
        actions[i] = decide(rule, task_rows[i], node_rows[i], masks[i], weights)


@shared
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
    counts: np.ndarray,
) -> float:
    """Play from the task at hand to the episode's end; returns the value planned in time, faults not yet deducted.

    The observation blocks show the task at hand at the start; counts (N_COUNTS,) int64 get how many were booked, late, rejected.
    """
    clock = state.clock[0]
    value = 0.0
    while clock.task < tasks.size and tasks[clock.task].release_s < clock.end_s:
        task = clock.task
        action = decide(rule, task_row, node_rows, mask, weights)
        if not step(world, state, scratch, tasks, faults, action, task_row, node_rows, link_rows, mask):
            counts[REJECTED] += 1
            continue
        counts[BOOKED] += 1
        if scratch.booked[0].on_time == 1:
            value += tasks[task].value
        else:
            counts[LATE] += 1
    return value


class Played(NamedTuple):
    """What a rule made of an episode."""

    value: float  # delivered in time and not revoked
    booked: int
    late: int
    rejected: int


def play_rule(scenario: Scenario, world: World, episode: Episode, rule: int, weights: np.ndarray) -> Played:
    """Play an episode from its start with a rule and its weights."""
    simulation = Simulation(scenario, world, episode)
    counts = np.zeros(N_COUNTS, np.int64)
    task_row, node_rows, link_rows, mask = simulation._buffers
    shown = (task_row, node_rows, link_rows[:, :0], mask)  # no rule reads the links
    value = play_to_end(world, simulation.state, simulation._scratch, episode.tasks, episode.faults, *shown, rule, weights, counts)
    if episode.faults.size:
        simulation.play_faults_out()
    return Played(value - simulation.revoked_value, *counts.tolist())
