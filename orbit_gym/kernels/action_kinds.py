"""What each kind of action stands for: a candidate, or none (orbit_gym/actions.py)."""

import math

import numpy as np

from orbit_gym.actions import EARLIEST, REJECT
from orbit_gym.kernels.state import NONE, State
from orbit_gym.utils.jit import inline_kernel


@inline_kernel
def chosen_candidate(state: State, kinds: np.ndarray, action: int) -> int:
    """Row of the candidate that an action stands for, NONE if it places the task nowhere.

    kinds (n_kinds,) codes of the actions after the candidates. A row without a candidate is NONE.
    """
    n_candidates = state.candidates.size
    row = action
    if action >= n_candidates:
        row = _row_of_kind(state, kinds[action - n_candidates])
    if row == NONE or state.candidates[row] == NONE:
        return NONE
    return row


@inline_kernel
def _row_of_kind(state: State, kind: int) -> int:
    if kind == EARLIEST:
        return _earliest_delivery(state)
    return NONE  # REJECT


@inline_kernel
def is_kind_valid(state: State, kind: int) -> bool:
    """True for rejecting, and where a kind stands for a candidate with a plan."""
    return kind == REJECT or _row_of_kind(state, kind) != NONE


@inline_kernel
def _earliest_delivery(state: State) -> int:
    """Row of the plan that delivers first, the lowest on a tie, NONE where no plan exists."""
    best, best_s = NONE, math.inf
    for row in range(state.candidates.size):
        plan = state.plans[row]
        if state.candidates[row] != NONE and plan.exists == 1 and plan.delivery_s < best_s:
            best, best_s = row, plan.delivery_s
    return best
