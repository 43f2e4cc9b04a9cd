"""The rules that a planner switches between: the scenario's own `tuned`, what was tuned for others,
and variations of it.

One set of weights is a compromise between loads, days and what is booked; a planner that tries them
all from where things stand need not make it (policy switching, or parallel rollout: Chang, Givan
and Chong, Discrete Event Dynamic Systems 14, 2004).
"""

import numpy as np

from agents.policies.linear_rule import EFT_ADMIT, WEIGHTS
from agents.policies.rule_registry import load_weights

OTHER_SCENARIOS = ("Ring12", "CrossPlane12", "swap-heavy", "tight-energy")
DEARER, CHEAPER = -1.0, 2.0  # added to the constant of admission, whose other terms are of order 3
NO_BULK, BULK_FROM = (
    40.0,
    0.86,
)  # taken off for each unit of the slack column above this: bulk loses 4 or more, urgent work gains


def variants_of(scenario: str) -> np.ndarray:
    """Weights (n, len(WEIGHTS)) of every variant for a scenario by name, its own `tuned` first."""
    tuned = load_weights("tuned", scenario)
    foreign = [load_weights("tuned", name) for name in OTHER_SCENARIOS if name != scenario]
    dearer, cheaper = (_changed(tuned, admit_one=amount) for amount in (DEARER, CHEAPER))
    choosier = _changed(tuned, admit_slack=-NO_BULK, admit_one=NO_BULK * BULK_FROM)
    return np.ascontiguousarray([tuned, EFT_ADMIT, *foreign, dearer, cheaper, choosier])


def _changed(weights: np.ndarray, **changes: float) -> np.ndarray:
    changed = weights.copy()
    for name, amount in changes.items():
        changed[WEIGHTS.index(name.replace("_", ".", 1))] += amount
    return changed
