"""The rules that a planner switches between: the scenario's own `tuned`, what was tuned for others,
and variations of it.

One set of weights is a compromise between loads, days and what is booked; a planner that tries them
all from where things stand need not make it (policy switching, or parallel rollout: Chang, Givan
and Chong, Discrete Event Dynamic Systems 14, 2004).
"""

import numpy as np

from agents.policies.linear_rule import EFT_ADMIT, WEIGHTS
from agents.policies.rule_registry import load_weights

OTHERS = ("Ring12", "CrossPlane12", "swap-heavy", "tight-energy")
DEARER, CHEAPER = -1.0, 2.0  # added to the constant of admission, whose other terms are of order 3
NO_BULK, BULK_FROM = (
    40.0,
    0.86,
)  # taken off for each unit of the slack column above this: bulk loses 4 or more, urgent work gains


def stances_of(scenario: str) -> np.ndarray:
    """Weights (n, len(WEIGHTS)) of every stance for a scenario by name, its own `tuned` first."""
    own = load_weights("tuned", scenario)
    others = [load_weights("tuned", name) for name in OTHERS if name != scenario]
    dearer, cheaper = (_moved(own, admit_one=by) for by in (DEARER, CHEAPER))
    choosier = _moved(own, admit_slack=-NO_BULK, admit_one=NO_BULK * BULK_FROM)
    return np.ascontiguousarray([own, EFT_ADMIT, *others, dearer, cheaper, choosier])


def _moved(weights: np.ndarray, **by: float) -> np.ndarray:
    moved = weights.copy()
    for name, amount in by.items():
        moved[WEIGHTS.index(name.replace("_", ".", 1))] += amount
    return moved
