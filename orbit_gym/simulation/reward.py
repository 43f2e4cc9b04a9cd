"""Reward: named terms, each a price times a quantity of a step's outcome.

A task's outcome is known, and paid, when it is booked. The terms are declared with their prices in
orbit_gym/scenario/reward.py.
"""

from dataclasses import dataclass, fields
from typing import Any

from orbit_gym.scenario.reward import Reward


@dataclass(frozen=True)
class RewardTerm:
    """One term: the price of the same name times a column of OUTCOME."""

    name: str
    quantity: str
    sign: int  # 1 pays, -1 takes
    meaning: str


TERMS: tuple[RewardTerm, ...] = tuple(
    RewardTerm(
        price.name, price.metadata["quantity"], price.metadata["sign"], price.metadata["term"]
    )
    for price in fields(Reward)
)


def reward_terms(prices: Reward, outcome: Any) -> dict[str, Any]:
    """Terms of one step, prices and signs included; they sum to the reward.

    outcome is a row of OUTCOME, or rows: the terms then are arrays of the same shape.
    """
    return {
        term.name: _with_sign(term.sign, getattr(prices, term.name) * outcome[term.quantity])
        for term in TERMS
    }


def _with_sign(sign: int, amount: Any) -> Any:
    return amount if sign > 0 else 0.0 - amount  # never -0.0
