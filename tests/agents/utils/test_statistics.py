"""Statistics against scipy and closed forms."""

import math

import numpy as np
import pytest
from scipy import stats

from agents.utils.statistics import (
    finite,
    interquartile_mean,
    paired_difference,
    profile_steps,
    summarise,
    t_interval,
)


def test_interval_equals_scipy():
    values = np.random.default_rng(0).normal(3.0, 2.0, 17)
    expected = stats.t.interval(0.95, 16, loc=values.mean(), scale=stats.sem(values))
    assert t_interval(values) == pytest.approx(expected, rel=1e-12)


def test_interval_by_hand():
    # mean 2, s = 1, n = 3, t(0.975, 2) = 4.302653 (standard table): half-width 4.302653 / sqrt(3) =
    # 2.484138
    assert t_interval(np.array([1.0, 2.0, 3.0])) == pytest.approx(
        (2.0 - 2.484138, 2.0 + 2.484138), abs=1e-5
    )


def test_interval_covers_as_often_as_it_says():
    rng = np.random.default_rng(1)
    hits = [
        low <= 0.0 <= high for low, high in (t_interval(rng.normal(size=10)) for _ in range(2000))
    ]
    assert np.mean(hits) == pytest.approx(
        0.95, abs=4 * math.sqrt(0.95 * 0.05 / 2000)
    )  # four binomial standard deviations


def test_interquartile_mean_cuts_a_quarter_at_each_end():
    assert interquartile_mean(np.array([100.0, 1, 2, 3, 4, 5, 6, -50.0])) == pytest.approx(
        (2 + 3 + 4 + 5) / 4
    )


def test_missing_values_are_left_out_and_written_as_none():
    summary = summarise([1.0, None, float("nan"), 3.0])
    assert summary["mean"] == 2.0
    assert summary["episodes"] == [1.0, None, None, 3.0]
    assert summarise([None])["mean"] is None and summarise([1.0])["ci95"] == [None, None]
    assert list(finite([None, 2.0])) == [2.0]


def test_paired_difference_is_the_interval_of_the_differences():
    a, b = [1.0, 5.0, 9.0, 2.0], [0.5, 4.0, 8.5, 2.5]
    result = paired_difference(a, b)
    assert result["mean"] == pytest.approx(np.mean(np.subtract(a, b)))
    test = stats.ttest_rel(a, b).confidence_interval(0.95)
    assert result["ci95"] == pytest.approx([test.low, test.high])
    with pytest.raises(ValueError, match="equally many, got 4 and 3"):
        paired_difference(a, b[:3])


def test_profile_is_the_share_above_each_score():
    scores, shares = profile_steps(np.array([0.9, np.nan, 0.5, 0.5, 0.7]))
    for score in (
        0.0,
        0.4,
        0.5,
        0.6,
        0.7,
        0.8,
        0.9,
        1.0,
    ):  # the curve holds from each of its steps to the next
        expected = np.mean(np.array([0.9, 0.5, 0.5, 0.7]) > score)
        assert shares[np.flatnonzero(scores <= score)[-1]] == pytest.approx(expected)
