"""Least charge against a brute-force walk, 1 J."""

import numpy as np
import pytest

from orbit_gym.physics.energy import required_charge_j
from validation import charge_floor

SEEDS = [*range(8), pytest.param(range(8, charge_floor.PROFILES), marks=pytest.mark.slow)]


def every(seeds: int | range) -> list[np.random.Generator]:
    return [np.random.default_rng(seed) for seed in ([seeds] if isinstance(seeds, int) else seeds)]


@pytest.mark.parametrize("seeds", SEEDS)
def test_required_charge_just_carries_the_baseline(seeds: int | range) -> None:
    """Authority: a forward walk second by second.

    Started with the required charge it touches the floor within 1 J, at any row.
    """
    assert (
        max(charge_floor.recursion_error_j(rng) for rng in every(seeds)) < charge_floor.TOLERANCE_J
    )


@pytest.mark.parametrize("seeds", SEEDS)
def test_between_rows_too(seeds: int | range) -> None:
    """The same through a World's power rows at random instants."""
    assert (
        max(charge_floor.between_rows_error_j(rng) for rng in every(seeds))
        < charge_floor.TOLERANCE_J
    )


def test_profiles_need_more_than_the_floor() -> None:
    """Or nothing was tested: in most rows some later drain must be saved for."""
    profile = charge_floor.random_profile(np.random.default_rng(0))
    needed_j = required_charge_j(
        profile.start_s, profile.net_w, charge_floor.END_S, charge_floor.FLOOR_J
    )
    assert np.count_nonzero(needed_j > charge_floor.FLOOR_J) > 5
