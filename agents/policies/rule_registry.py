"""Rules by name, with weights tuned per scenario: `tuned`, `phoenix`, `equinox`.

Weights stand in agents/weights/tuned/<scenario>.json (of the published rules in
<scenario>-<rule>.json), written by ``python -m agents.search.tune``. A scenario without a file of
its own takes those of ThreeBody12, and says so once.
"""

import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from agents.policies.bilinear_rule import ROOM
from agents.policies.compiled_rollout import (
    BILINEAR,
    EQUINOX,
    PHOENIX,
    TUNED,
    decide_many,
    play_out,
)
from agents.policies.heuristics import Heuristic, View
from agents.policies.linear_rule import PIVOT, UNTUNED, WEIGHTS
from agents.policies.protocol import PlaysEpisodes
from agents.policies.published import EQUINOX as EQUINOX_TERMS
from agents.policies.published import PHOENIX as PHOENIX_TERMS
from agents.utils.checkpoints import read_json
from orbit_gym.simulation.booking_log import BookingLog
from orbit_gym.simulation.simulation import Simulation

FOLDER = Path(__file__).resolve().parent.parent / "weights" / "tuned"
STAND_IN = "ThreeBody12"


@dataclass(frozen=True)
class RuleFamily:
    """Describe a rule whose weights are left open."""

    number: int  # in compiled_rollout.decide
    terms: tuple[str, ...]  # names of the weights
    start: np.ndarray  # (len(terms),) float64, where tuning starts
    # (len(terms), len(terms)): column i is what a unit of the search's coordinate i adds to the
    # weights
    steps: np.ndarray


def _tuned_steps() -> np.ndarray:
    """Return the steps of a search: weights one by one, but slack about a pivot.

    A step moves the admission of bulk one way and of urgent work the other.

    Turning all bulk away is a step of 40 in slack and 34 in the constant together, of which a
    quarter gains nothing: a search along the axes did not find it (docs/lab/experiments.md).
    """
    steps, at = np.eye(len(WEIGHTS)), WEIGHTS.index
    steps[at("admit.slack"), at("admit.slack")] = 30.0
    steps[at("admit.one"), at("admit.slack")] = -30.0 * PIVOT
    steps[at("admit.system_work"), at("admit.system_work")] = 4.0
    return steps


RULES = {
    "tuned": RuleFamily(TUNED, WEIGHTS, UNTUNED, _tuned_steps()),
    # batteries first; delay breaks ties
    "phoenix": RuleFamily(
        PHOENIX, PHOENIX_TERMS, np.array([1.0, 1.0, 0.1, 0.5, 0.3]), np.eye(len(PHOENIX_TERMS))
    ),
    # prices of 0.02 and 0.1 a minute, where a scene is worth 3 a minute; a queue limit of an hour,
    # 0.01 a hop
    "equinox": RuleFamily(
        EQUINOX, EQUINOX_TERMS, np.log([0.02, 0.02, 0.1, 60.0, 0.01]), np.eye(len(EQUINOX_TERMS))
    ),
}


class RulePolicy(Heuristic, PlaysEpisodes):
    """One rule with its weights, a compiled loop over the batch."""

    def __init__(self, rule: str, weights: np.ndarray) -> None:
        """Take a name of RULES and weights in the order of its terms."""
        self.number, self.weights = RULES[rule].number, weights

    def play_out(
        self, simulation: Simulation, deterministic: bool = True, seed: int = 0
    ) -> BookingLog:
        """Play a Simulation to its end; a rule draws nothing."""
        return play_out(simulation, self.number, self.weights)[1]

    def decide(
        self, view: View, state: Any, episode_start: np.ndarray | None
    ) -> tuple[np.ndarray, Any]:
        """Choose for every observation of the batch."""
        masks = np.concatenate([view.valid, np.ones((len(view.valid), 1), bool)], axis=1)
        actions = np.zeros(len(masks), np.int64)
        blocks = (
            np.ascontiguousarray(view.observation[name], np.float32) for name in ("task", "nodes")
        )
        decide_many(self.number, *blocks, masks, self.weights, actions)
        return actions, state


class CompiledScorer(RulePolicy):
    """Decide by the bilinear rule of a network that has learned nothing on top of it.

    The same choices (a test), a hundred times as fast.
    """

    def __init__(self, rule: np.ndarray, admits_all: bool = False) -> None:
        """Take the rule (3, P, M) of agents.policies.network.candidate_scorer.CandidateEncoder.

        admits_all leaves its admission out.
        """
        cost, admission, late = rule
        if admits_all:
            admission = np.zeros_like(admission)
            admission[0, 0] = 1.0  # of one, by one
        self.number, self.weights = (
            BILINEAR,
            np.concatenate([cost.ravel(), admission.ravel(), late.ravel(), np.zeros(ROOM)]),
        )


def weights_file(rule: str, scenario: str, folder: Path = FOLDER) -> Path:
    """Where the weights of a rule for a scenario are kept."""
    return folder / (f"{scenario}.json" if rule == "tuned" else f"{scenario}-{rule}.json")


def load_weights(rule: str, scenario: str, folder: Path = FOLDER) -> np.ndarray:
    """Weights of a rule for a scenario by name.

    Those of ThreeBody12 where it has none; ValueError for a damaged file.
    """
    path = weights_file(rule, scenario, folder)
    if not path.exists():
        path = weights_file(rule, STAND_IN, folder)
        _say_once(
            f"{rule}: no weights tuned for {scenario}; using those of {STAND_IN}"
            if path.exists()
            else f"{rule}: not tuned yet"
        )
    return read_weights(path, rule) if path.exists() else RULES[rule].start


@cache
def _say_once(sentence: str) -> None:
    print(sentence, file=sys.stderr)


def read_weights(path: Path, rule: str) -> np.ndarray:
    """Weights of a file in the order of the rule's terms.

    ValueError names what is wrong with it.
    """
    content = read_json(path)
    weights_by_term = content.get("weights") if isinstance(content, dict) else None
    if not isinstance(weights_by_term, dict) or content.get("rule") != rule:
        raise ValueError(f"{path} holds no weights of the rule {rule!r}")
    terms = RULES[rule].terms
    if wrong := sorted(set(terms) ^ set(weights_by_term)):
        raise ValueError(
            f"{path} was made for other terms: {wrong[0]!r} is "
            f"{'missing' if wrong[0] in terms else 'unknown'}; tune again"
        )
    weights = np.array([weights_by_term[term] for term in terms], np.float64)
    if not np.isfinite(weights).all():
        raise ValueError(f"{path} holds a weight that is not a finite number")
    return weights


def make_rule(rule: str, scenario: str) -> RulePolicy:
    """The policy of a rule for a scenario by name."""
    return RulePolicy(rule, load_weights(rule, scenario))
