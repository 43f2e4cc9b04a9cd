"""Drawing by weight, and the sample that stands for a mean."""

import numpy as np
import pytest

from orbit_gym.utils.sampling import Stratified, weighted_choice


def test_choose_by_hand() -> None:
    """Weights 1, 0, 3: below a quarter the first, the rest the third, the second never.

    Also at the edges.
    """
    assert weighted_choice(
        np.array([1.0, 0.0, 3.0]), np.array([0.0, 0.2499, 0.25, 0.9, np.nextafter(1.0, 0.0)])
    ).tolist() == [0, 0, 2, 2, 2]
    assert weighted_choice(np.array([0.0, 2.0]), np.array([0.0])).tolist() == [1]


def test_one_number_in_each_stratum_and_a_mean_that_hardly_scatters() -> None:
    """1,000 numbers: the mean of their squares is 1/3, good to 1/1,000, where plain numbers scatter
    by 0.3/sqrt(1,000) = 0.0094.
    """
    sample = Stratified(7)
    values = sample.random(1_000)
    assert np.array_equal(
        np.sort((values * 1_000).astype(int)), np.arange(1_000)
    ) and not np.array_equal(values, np.sort(values))
    assert (values**2).mean() == pytest.approx(1.0 / 3.0, abs=1e-3)
    assert not np.array_equal(values, sample.random(1_000)) and np.array_equal(
        values, Stratified(7).random(1_000)
    )
