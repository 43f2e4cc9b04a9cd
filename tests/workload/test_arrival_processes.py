"""Arrivals that bunch, against closed forms: mean counts, gaps of an on-off process, clusters.

No trace is needed.
"""

import dataclasses

import numpy as np
import pytest

from orbit_gym.scenario.task_classes import TASK_CLASSES, Burstiness, TaskClass
from orbit_gym.workload.arrival_processes import (
    expand_chunks,
    lead_time_s,
    mmpp_level,
    sample_arrivals,
)

SPAN_S = 20_000.0
BASE = TASK_CLASSES["drone_query"]


def kind_of(**shape: float) -> TaskClass:
    return dataclasses.replace(BASE, burstiness=Burstiness("choice: of this test", **shape))


def draw(
    kind: TaskClass, mean_count: float, rng: np.random.Generator, span_s: float = SPAN_S
) -> tuple[np.ndarray, np.ndarray]:
    return sample_arrivals(
        kind, mean_count, lambda n: (rng.random(n) * span_s, np.arange(n)), 0.0, span_s, rng
    )


@pytest.mark.parametrize("name", TASK_CLASSES)
def test_the_mean_is_the_one_asked_for(name: str) -> None:
    """200 spans of 500 tasks in the mean: within 3 standard errors, which are below 10 %."""
    rng = np.random.default_rng(1)
    counts = np.array([draw(TASK_CLASSES[name], 500.0, rng)[0].size for _ in range(200)])
    error = counts.std(ddof=1) / np.sqrt(counts.size)
    assert abs(counts.mean() - 500.0) < 3.0 * error < 50.0


def test_gaps_of_an_on_off_process() -> None:
    """An interrupted Poisson process is a renewal process with squared CV 1 + 2 r (1 - f) m
    (Kuczura 1973), r the rate while on.

    f = 0.25, m = 10 s, mean rate 1/s: r = 4/s, so 1 + 2 * 4 * 0.75 * 10 = 61. Over 200,000 s, 3 %
    is about two standard errors.
    """
    kind = kind_of(busy_fraction=0.25, busy_factor=4.0, memory_s=10.0)
    gaps_s = np.diff(np.sort(draw(kind, 200_000.0, np.random.default_rng(2), 200_000.0)[0]))
    assert gaps_s.std() / gaps_s.mean() == pytest.approx(np.sqrt(61.0), rel=0.03)


def test_counts_of_two_levels() -> None:
    """Levels 1.5 and 0.5, half the time each: variance over mean of counts in windows far below
    memory is 1 + rate * window * 0.25.

    Rate 10/s, 1 s windows, memory 100 s: 1 + 10 * 0.25 * (1 - 1/300) = 3.49 (integral of an
    exponential correlation).
    """
    kind = kind_of(busy_fraction=0.5, busy_factor=1.5, memory_s=100.0)
    rng = np.random.default_rng(3)
    figures = []
    for _ in range(20):
        counts = np.histogram(draw(kind, 200_000.0, rng)[0], np.arange(0.0, SPAN_S + 1.0))[0]
        figures.append(counts.var() / counts.mean())
    assert np.mean(figures) == pytest.approx(3.49, rel=0.03)


def test_level_spends_the_right_time_at_each() -> None:
    """20,000 memories of 1 s: the share of busy time is good to 1 %."""
    shape = Burstiness("choice: of this test", busy_fraction=0.3, busy_factor=2.0, memory_s=1.0)
    values = mmpp_level(
        shape, np.linspace(0.0, SPAN_S, 200_001)[:-1], 0.0, SPAN_S, np.random.default_rng(4)
    )
    assert set(np.round(np.unique(values), 12)) == {2.0, round(0.4 / 0.7, 12)}
    assert (values == 2.0).mean() == pytest.approx(0.3, abs=0.01)


def test_clusters_stay_at_one_place_and_are_geometric() -> None:
    """Mean 5, so standard deviation sqrt(5 * 4) = 4.47.

    Gaps of 2 s; 2,000 clusters: 5 % is over two standard errors.
    """
    kind = kind_of(cluster_mean=5.0, cluster_gap_s=2.0)
    rng = np.random.default_rng(5)
    times_s, origins = sample_arrivals(
        kind, 10_000.0, lambda n: (7.0 * np.arange(n), np.arange(n)), 0.0, SPAN_S, rng
    )
    firsts = np.flatnonzero(np.diff(origins, prepend=-1))
    assert times_s[firsts] == pytest.approx(
        7.0 * origins[firsts]
    )  # the drawn time is that of the first
    sizes = np.bincount(origins)
    assert sizes.mean() == pytest.approx(5.0, rel=0.05) and sizes.std() == pytest.approx(
        np.sqrt(20.0), rel=0.08
    )
    gaps_s = np.diff(times_s)[np.diff(origins) == 0]
    assert (
        (gaps_s >= 0.0).all()
        and gaps_s.mean() == pytest.approx(2.0, rel=0.05)
        and gaps_s.std() == pytest.approx(2.0, rel=0.08)
    )


def test_chunks_follow_each_other() -> None:
    """A scene is six tasks 4 s apart at one satellite."""
    times_s, origins = expand_chunks(
        TASK_CLASSES["eo_scene"], np.array([100.0, 300.0]), np.array([7, 2])
    )
    assert times_s.tolist() == [
        100.0,
        104.0,
        108.0,
        112.0,
        116.0,
        120.0,
        300.0,
        304.0,
        308.0,
        312.0,
        316.0,
        320.0,
    ]
    assert origins.tolist() == [7] * 6 + [2] * 6


def test_how_far_back_clusters_reach() -> None:
    """A scene's last chunk comes 20 s after its first.

    Fires: five times 14.85 gaps of 19 s; a lone request: 0.
    """
    assert lead_time_s(TASK_CLASSES["eo_scene"]) == 20.0
    assert lead_time_s(TASK_CLASSES["wildfire_alert"]) == pytest.approx(5 * 14.85 * 19.0)
    assert lead_time_s(TASK_CLASSES["language_request"]) == 0.0
