"""Rollouts and whole episodes of the deep-set network in one compiled call."""

from typing import NamedTuple

import numpy as np

from agents.policies.deep_set.forward import (
    Weights,
    Workspace,
    best_action,
    copy_to,
    draw_action,
    forward,
    log_normaliser,
)
from agents.policies.deep_set.inputs import ROW_WIDTH, fill_rows
from agents.utils.jit import threaded_kernel
from orbit_gym.kernels.batch_step import note_booking
from orbit_gym.kernels.observation_encoder import Decision
from orbit_gym.kernels.outcome import is_over
from orbit_gym.kernels.state import OUTCOME, Scratch, State
from orbit_gym.kernels.step import step
from orbit_gym.observation import WIDTH
from orbit_gym.world.layout import World


class Transitions(NamedTuple):
    """What a rollout keeps of each decision, (steps, ...)."""

    task: np.ndarray  # (steps, T) float32
    rows: np.ndarray  # (steps, n, ROW_WIDTH) float32
    mask: np.ndarray  # (steps, n + 1) bool
    action: np.ndarray  # (steps,) int64
    log_prob: np.ndarray  # (steps,) float32
    value: np.ndarray  # (steps,) float32
    outcome: np.ndarray  # (steps,) OUTCOME


def new_transitions(shape: tuple[int, ...], n_candidates: int) -> Transitions:
    """Arrays of zeros with these leading axes."""
    return Transitions(
        task=np.zeros((*shape, WIDTH["task"]), np.float32),
        rows=np.zeros((*shape, n_candidates, ROW_WIDTH), np.float32),
        mask=np.zeros((*shape, n_candidates + 1), np.bool_),
        action=np.zeros(shape, np.int64),
        log_prob=np.zeros(shape, np.float32),
        value=np.zeros(shape, np.float32),
        outcome=np.zeros(shape, OUTCOME),
    )


@threaded_kernel
def play_steps(
    world: World,
    state: State,
    scratch: Scratch,
    tasks: np.ndarray,
    faults: np.ndarray,
    decision: Decision,
    weights: Weights,
    work: Workspace,
    uniforms: np.ndarray,
    first: int,
    transitions: Transitions,
    plans: np.ndarray,
    is_booked: np.ndarray,
) -> int:
    """Play from the task at hand until the transitions are full or the episode is over.

    uniforms (steps,) decide what is sampled. Returns the index after the last step played.
    """
    t = first
    while t < uniforms.size and not is_over(state, tasks):
        copy_to(decision.task, transitions.task[t])
        copy_to(decision.mask, transitions.mask[t])
        rows = transitions.rows[t]
        fill_rows(decision.task, decision.nodes, decision.links, rows)
        forward(decision.task, decision.nodes, rows, weights, work)
        normaliser = log_normaliser(work.logits)
        action = draw_action(work.logits, normaliser, uniforms[t])
        transitions.action[t] = action
        transitions.log_prob[t] = work.logits[action] - normaliser
        transitions.value[t] = work.value[0]
        task = state.clock[0].task
        step(world, state, scratch, tasks, faults, action, decision)
        note_booking(scratch, task, plans, is_booked)
        transitions.outcome[t] = scratch.outcome[0]
        t += 1
    return t


@threaded_kernel
def value_at(decision: Decision, weights: Weights, work: Workspace, rows: np.ndarray) -> float:
    """Value of the decision that is shown; rows (n, ROW_WIDTH) is work space."""
    fill_rows(decision.task, decision.nodes, decision.links, rows)
    forward(decision.task, decision.nodes, rows, weights, work)
    return work.value[0]


@threaded_kernel
def play_to_end(
    world: World,
    state: State,
    scratch: Scratch,
    tasks: np.ndarray,
    faults: np.ndarray,
    decision: Decision,
    weights: Weights,
    work: Workspace,
    rows: np.ndarray,
    uniforms: np.ndarray,
    plans: np.ndarray,
    is_booked: np.ndarray,
) -> float:
    """Play from the task at hand to the episode's end; greedy where there are no uniforms.

    Returns the value planned in time, faults not yet deducted.
    """
    value = 0.0
    t = 0
    while not is_over(state, tasks):
        fill_rows(decision.task, decision.nodes, decision.links, rows)
        forward(decision.task, decision.nodes, rows, weights, work)
        if uniforms.size:
            action = draw_action(work.logits, log_normaliser(work.logits), uniforms[t])
        else:
            action = best_action(work.logits)
        task = state.clock[0].task
        step(world, state, scratch, tasks, faults, action, decision)
        note_booking(scratch, task, plans, is_booked)
        value += scratch.outcome[0].value
        t += 1
    return value
