"""The prices of a reward's terms, and what each term is: the one place to add a term.

A term is sign x price x quantity: a column of a step's OUTCOME (orbit_gym/kernels/state.py).
"""

from dataclasses import dataclass, field
from typing import Any

from orbit_gym.scenario.field_types import Checked, number_field


def price_field(
    default: float, quantity: str, sign: int, term: str, meaning: str, source: str
) -> Any:
    """Declare the price of a reward term of the same name.

    quantity is a column of OUTCOME, sign 1 pays it and -1 takes it; `term` says what the term is.
    """
    checks = number_field(default, meaning=meaning, source=source).metadata
    return field(
        default=default,
        metadata={**checks, "quantity": quantity, "sign": sign, "term": term},
    )


@dataclass(frozen=True)
class Reward(Checked):
    """Weights of the reward terms of the same name."""

    delivered_value: float = price_field(
        1.0,
        quantity="value",
        sign=1,
        term="the task's value, paid when it is booked, if its plan delivers in time",
        meaning="weight of the value that is delivered in time",
        source="choice: reward is value",
    )
    revoked_value: float = price_field(
        1.0,
        quantity="revoked_value",
        sign=-1,
        term="value taken back by faults; 0 while faults are off",
        meaning="weight of value that faults take back",
        source="choice: all of what was paid",
    )
    energy_cost: float = price_field(
        0.0,
        quantity="energy_j",
        sign=-1,
        term="minus the joules of the plan (compute and transmit) times this price",
        meaning="price of a joule of computing and transmission, in value",
        source="choice: energy costs nothing beside its scarcity",
    )
