"""Ranges of options are declared by their types and checked in one place."""

from dataclasses import dataclass

import pytest

from agents.utils.options import NonNegativeInt, PositiveInt, check_ranges


@dataclass(frozen=True)
class Options:
    """Two options with a minimum, one without."""

    n_rounds: PositiveInt = 1
    seed: NonNegativeInt = 0
    offset: int = -5

    def __post_init__(self) -> None:
        check_ranges(self)


def test_the_smallest_values_are_taken() -> None:
    assert Options(n_rounds=1, seed=0, offset=-9).offset == -9


def test_the_first_option_below_its_minimum_is_named() -> None:
    with pytest.raises(ValueError, match=r"^--n-rounds must be at least 1, got 0$"):
        Options(n_rounds=0, seed=-1)
    with pytest.raises(ValueError, match=r"^--seed must be at least 0, got -1$"):
        Options(seed=-1)
