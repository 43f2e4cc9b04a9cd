"""Numbers as people read them: sensible digits, units, the table's columns."""

import math

from agents.report.results import Estimate
from orbit_gym.simulation.metric_table import REPORT, shown_metrics

COLUMNS = shown_metrics(REPORT)
BOLD = (
    "Bold: the best of a column, only where its paired difference from the next excludes zero; a "
    "difference from the reference, "
    "only where its whole interval is above zero. Intervals are not corrected for the number of "
    "comparisons."
)


def number(value: float, kind: str, half_width: float = float("nan")) -> str:
    """A value with as many digits as its interval supports, a dash where there is none."""
    if not math.isfinite(value):
        return "–"
    if kind == "percent":
        value, half_width = 100.0 * value, 100.0 * half_width
    return f"{value:,.{decimals(value, kind, half_width)}f}".replace("-", "−")


def decimals(value: float, kind: str, half_width: float = float("nan")) -> int:
    """Decimals that show two digits of the half-width; without one, a fixed number per kind."""
    if math.isfinite(half_width) and half_width > 0.0:
        fewest = 3 if kind == "fraction" else 0  # so that a column of fractions lines up
        return min(max(1 - math.floor(math.log10(half_width)), fewest), 4)
    fixed = {"fraction": 3, "percent": 1, "count": 0, "seconds": 0 if abs(value) >= 100.0 else 1}
    return fixed[kind]


def half_width(item: Estimate) -> float:
    """Half the width of an interval, NaN if it has none."""
    return (item.high - item.low) / 2.0


def with_interval(item: Estimate, kind: str = "fraction", signed: bool = False) -> str:
    """Mean [low, high]."""
    if not math.isfinite(item.mean):
        return "–"
    width = half_width(item)
    parts = [number(value, kind, width) for value in (item.mean, item.low, item.high)]
    if signed:
        parts = [
            f"+{text}" if value > 0.0 else text
            for value, text in zip((item.mean, item.low, item.high), parts)
        ]
    return f"{parts[0]} [{parts[1]}, {parts[2]}]" if math.isfinite(item.low) else parts[0]


def plural(count: int, word: str) -> str:
    """1 episode, 2 episodes."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"
