"""Intervals of a known function: a sine with a threshold has its edges in closed form."""

import numpy as np
import pytest

from orbit_gym.physics.intervals import positive_intervals

TIMES_S = np.arange(0.0, 1_000.1, 10.0)


def find(threshold: float, phase_s: float, period_s: float = 400.0):
    def evaluate(rows, times_s):
        return np.sin(2.0 * np.pi * (times_s - phase_s) / period_s) - threshold

    return positive_intervals(evaluate(0, TIMES_S)[None], TIMES_S, evaluate)


@pytest.mark.parametrize("threshold", [0.0, 0.5, -0.9, 0.9])
def test_edges_of_a_sine(threshold):
    """Edges at phase + period asin(threshold) / 2 pi, to 1 ms and on the inner side.

    The last interval is cut at the end.
    """
    rows, start_s, end_s = find(threshold, 33.0)
    offset_s = 400.0 * np.arcsin(threshold) / (2.0 * np.pi)
    rise_s, fall_s = (
        33.0 + offset_s + np.arange(-3, 4) * 400.0,
        33.0 + 200.0 - offset_s + np.arange(-3, 4) * 400.0,
    )
    expected = [
        (max(a, 0.0), min(b, 1_000.0))
        for a, b in zip(rise_s, fall_s, strict=True)
        if b > 0.0 and a < 1_000.0
    ]
    assert rows.tolist() == [0] * len(expected)
    assert np.allclose(np.c_[start_s, end_s], expected, atol=1e-3)
    for (a, b), first, last in zip(expected, start_s, end_s, strict=True):
        assert first >= a and last <= b


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_an_interval_between_two_samples_is_found(sign):
    """A peak of 4 s whose samples on both sides are below (and, with the sign turned, a gap of 4
    s): grid scans miss it.
    """
    height = np.cos(2.0 * np.pi * 2.0 / 400.0)

    def evaluate(rows, times_s):
        return sign * (np.cos(2.0 * np.pi * (times_s - 204.0) / 400.0) - height)

    margins = evaluate(0, TIMES_S)[None]
    assert (sign * margins[0, 1:-1] < 0.0).all()
    _, start_s, end_s = positive_intervals(margins, TIMES_S, evaluate)
    if sign > 0:
        assert np.allclose(np.c_[start_s, end_s], [[202.0, 206.0], [602.0, 606.0]], atol=1e-3)
    else:
        assert np.allclose(
            np.c_[start_s, end_s], [[0.0, 202.0], [206.0, 602.0], [606.0, 1_000.0]], atol=1e-3
        )


def test_rows_do_not_mix():
    """Three rows with different phases come out as three separate answers, sorted by row and
    time.
    """
    phases_s = np.array([0.0, 50.0, 120.0])

    def evaluate(rows, times_s):
        return np.sin(2.0 * np.pi * (times_s - phases_s[rows]) / 400.0)

    margins = np.sin(2.0 * np.pi * (TIMES_S[None] - phases_s[:, None]) / 400.0)
    rows, start_s, end_s = positive_intervals(margins, TIMES_S, evaluate)
    for row, phase_s in enumerate(phases_s):
        _, alone_start_s, alone_end_s = find(0.0, phase_s)
        assert np.allclose(start_s[rows == row], alone_start_s, atol=1e-6) and np.allclose(
            end_s[rows == row], alone_end_s, atol=1e-6
        )
    assert (np.diff(rows) >= 0).all()
