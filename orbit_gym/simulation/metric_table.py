"""The metrics that people are shown, in one table: every list of metrics elsewhere is made of it.

A metric is one entry: its name, how it is worked out, how its numbers read, and where it is shown.
Metrics without an entry are in results.json, results.csv and tables/*.csv all the same.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from orbit_gym.simulation.outcomes import COUNTS, TaskOutcome

HEADLINE = "served_value_fraction"
# Where a metric may be shown: the report's table, the terminal's, the tables of the docs,
# TensorBoard. The order of entries is the order of columns.
REPORT, TERMINAL, DOCS, TENSORBOARD = "report", "terminal", "docs", "tensorboard"
EVERYWHERE = frozenset({REPORT, TERMINAL, DOCS, TENSORBOARD})
KINDS = ("fraction", "percent", "count", "seconds")  # how numbers read


class DecidedTasks(NamedTuple):
    """The tasks of a finished episode, as `Metric.compute` takes them."""

    tasks: np.ndarray  # (n,) TASK
    plans: np.ndarray  # (n,) PLAN, zeros where nothing was booked
    outcomes: np.ndarray  # (n,) TaskOutcome
    is_feasible: np.ndarray  # (n,) bool, on the relaxed system
    span_s: float


@dataclass(frozen=True)
class Metric:
    """One metric: what it is, how it reads, where it is shown."""

    name: str
    heading: str
    meaning: str
    kind: str  # of KINDS
    is_high_good: bool | None = None  # None: neither, so no winner
    shown_in: frozenset[str] = frozenset({REPORT})
    # one of the three: worked out from an episode, a share of counts, or by metrics.py
    compute: Callable[[DecidedTasks], float] | None = None
    share: tuple[str, str] | None = None  # numerator and denominator, both metrics


def _share_of_released(
    outcome: TaskOutcome, name: str, meaning: str, is_high_good: bool | None
) -> Metric:
    """Share of the released tasks that had an outcome."""
    return Metric(
        name,
        f"{outcome.word} %",
        meaning,
        "percent",
        is_high_good,
        frozenset({REPORT, TENSORBOARD}),
        share=(COUNTS[outcome], "n_released"),
    )


METRICS: tuple[Metric, ...] = (
    Metric(
        HEADLINE,
        "served value",
        "value delivered in time / value that the relaxed system could deliver (0 to 1)",
        "fraction",
        True,
        EVERYWHERE,
    ),
    Metric(
        "value_per_orbit",
        "value per orbit",
        "value delivered in time in 94.6 min",
        "count",
        True,
        EVERYWHERE,
    ),
    _share_of_released(
        TaskOutcome.DELIVERED,
        "in_time_share",
        "share of the released tasks delivered in time",
        True,
    ),
    _share_of_released(
        TaskOutcome.LATE,
        "late_share",
        "share delivered after the deadline, worth nothing",
        False,
    ),
    _share_of_released(TaskOutcome.REJECTED, "rejected_share", "share never placed", None),
    _share_of_released(
        TaskOutcome.LOST, "revoked_share", "share lost to faults after it was placed", False
    ),
    Metric(
        "n_late",
        "late",
        "tasks delivered after the deadline",
        "count",
        False,
        frozenset({TERMINAL, DOCS}),
    ),
    Metric(
        "n_rejected", "rejected", "tasks never placed", "count", None, frozenset({TERMINAL, DOCS})
    ),
    Metric(
        "latency_p50_s",
        "median s",
        "median time from release to delivery, of tasks in time",
        "seconds",
        None,
        EVERYWHERE,
    ),
    Metric(
        "latency_p95_s",
        "95th pct s",
        "95th percentile of the same",
        "seconds",
        None,
        frozenset({REPORT, TERMINAL, DOCS}),
    ),
    Metric(
        "utilisation_fraction",
        "use %",
        "booked share of the satellites' accelerator lanes",
        "percent",
        None,
        EVERYWHERE,
    ),
    Metric(
        "laser_utilisation_mean_fraction",
        "laser use %",
        "mean booked share of the time that a laser direction is up",
        "percent",
        None,
        frozenset({TENSORBOARD}),
    ),
    Metric(
        "mean_charge_fraction",
        "charge %",
        "mean charge of the batteries over the episode",
        "percent",
        None,
        frozenset({REPORT, TENSORBOARD}),
    ),
    Metric(
        "minimum_charge_fraction",
        "least charge %",
        "lowest charge of any satellite at a decision",
        "percent",
        None,
        frozenset({REPORT, TENSORBOARD}),
    ),
)
SHARES = {metric.name: metric.share for metric in METRICS if metric.share is not None}


def shown_metrics(view: str) -> tuple[Metric, ...]:
    """Metrics shown in REPORT, TERMINAL, DOCS or TENSORBOARD, in order."""
    return tuple(metric for metric in METRICS if view in metric.shown_in)


def computed_metrics(decided_tasks: DecidedTasks) -> dict[str, float]:
    """Metrics of the table that say themselves how they are worked out."""
    return {
        metric.name: float(metric.compute(decided_tasks))
        for metric in METRICS
        if metric.compute is not None
    }
