"""Directions of a policy search: one weight of the bilinear scorer, or all that lies between two
tuned rules.

`towards:tight-energy` moves every weight from the rule tuned for the search's start to the one
tuned for `tight-energy`, one unit being all of the way; `towards:tight-energy*overload` does so by
as much as the setting says. What a planner does by switching rules (agents.policies.rule_variants),
a policy can so learn to do by what it observes.
"""

import numpy as np

from agents.policies.bilinear_rule import CONTEXT, N_WEIGHTS, NAMES, M, bilinear_weights
from agents.policies.linear_rule import WEIGHTS
from agents.policies.rule_registry import FOLDER, RULES, load_weights, weights_file

TOWARDS = "towards:"
_OTHER_RULES = tuple(
    f"-{rule}" for rule in RULES if rule != "tuned"
)  # endings of the files of theirs


def tuned_weights(scenario: str) -> np.ndarray:
    """The rule tuned for a scenario, as weights of the bilinear scorer."""
    return bilinear_weights(
        dict(zip(WEIGHTS, load_weights("tuned", scenario).tolist(), strict=True))
    )


def check_direction(name: str) -> None:
    """Refuse a direction that names no weight, or no scenario with a tuned rule and setting.

    ValueError says what is missing.
    """
    if not name.startswith(TOWARDS):
        if name not in NAMES:
            raise ValueError(
                f"directions name an unknown weight {name!r}; choose from "
                f"agents.policies.bilinear_rule.NAMES, such as {NAMES[1]!r}"
            )
        return
    scenario, _, setting = name.removeprefix(TOWARDS).partition("*")
    if scenario.endswith(_OTHER_RULES) or not weights_file("tuned", scenario).is_file():
        alternatives = ", ".join(
            sorted(
                path.stem for path in FOLDER.glob("*.json") if not path.stem.endswith(_OTHER_RULES)
            )
        )
        raise ValueError(f"{name!r}: no rule is tuned for {scenario!r}; choose from {alternatives}")
    if setting and setting not in CONTEXT:
        raise ValueError(
            f"{name!r}: unknown setting {setting!r}; choose from {', '.join(CONTEXT[1:])}"
        )


def direction(name: str, start: str) -> np.ndarray:
    """Return the weights that move for one unit of a direction of a search, (N_WEIGHTS + ROOM,).

    The search starts from a scenario's tuned rule.
    """
    direction = np.zeros_like(bilinear_weights({}))
    if not name.startswith(TOWARDS):
        direction[NAMES.index(name)] = 1.0
        return direction
    scenario, _, setting = name.removeprefix(TOWARDS).partition("*")
    way = tuned_weights(scenario) - tuned_weights(start)
    if not setting:
        return way
    # Setting by setting there are no products: what weighs with urgency stays as it is.
    direction[CONTEXT.index(setting) : N_WEIGHTS : M] = way[:N_WEIGHTS:M]
    return direction
