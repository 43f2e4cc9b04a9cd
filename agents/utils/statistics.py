"""Means with intervals over episodes.

The unit is the episode, which is one orbit; all policies play the same ones.
"""

from collections.abc import Sequence

import numpy as np
from scipy import stats

Interval = tuple[float, float]


def finite(values: Sequence[float | None]) -> np.ndarray:
    """The values that exist: a latency, say, has none in an episode that delivered nothing."""
    array = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    return array[np.isfinite(array)]


def t_interval(values: np.ndarray, confidence: float = 0.95) -> Interval:
    """Two-sided Student interval of the mean.

    NaN for fewer than two values, a point where all are equal.
    """
    if len(values) < 2:
        return (float("nan"), float("nan"))
    mean, half = (
        float(values.mean()),
        stats.t.ppf(0.5 + confidence / 2.0, len(values) - 1)
        * values.std(ddof=1)
        / np.sqrt(len(values)),
    )
    return (mean - float(half), mean + float(half))


def interquartile_mean(values: np.ndarray) -> float:
    """Return the mean of the middle half, NaN if empty.

    floor(n / 4) values are cut at each end, as in Agarwal et al., arXiv 2108.13264.
    """
    return float(stats.trim_mean(values, 0.25)) if len(values) else float("nan")


def summarise(values: Sequence[float | None]) -> dict[str, object]:
    """Return mean, ci95, iqm and the episodes themselves.

    None stands for what does not exist, since JSON has no NaN.
    """
    finite_values = finite(values)
    mean = float(finite_values.mean()) if len(finite_values) else float("nan")
    return {
        "mean": none_if_nan(mean),
        "ci95": [none_if_nan(end) for end in t_interval(finite_values)],
        "iqm": none_if_nan(interquartile_mean(finite_values)),
        "episodes": [None if value is None else none_if_nan(value) for value in values],
    }


def none_if_nan(value: float) -> float | None:
    """The value, or None if it is not finite."""
    return float(value) if np.isfinite(value) else None


def paired_difference(
    values: Sequence[float | None], reference: Sequence[float | None]
) -> dict[str, object]:
    """Mean and 95 % t-interval of values - reference, episode by episode.

    ValueError if they are not paired.
    """
    if len(values) != len(reference):
        raise ValueError(
            f"paired episodes must be equally many, got {len(values)} and {len(reference)}"
        )
    differences = [None if a is None or b is None else a - b for a, b in zip(values, reference)]
    summary = summarise(differences)
    return {key: summary[key] for key in ("mean", "ci95")}


def profile_steps(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the scores at which a performance profile steps, and the shares above each.

    From 0 on; Agarwal et al., arXiv 2108.13264.
    """
    ascending = np.sort(values[np.isfinite(values)])
    return np.append(0.0, ascending), 1.0 - np.arange(ascending.size + 1) / max(ascending.size, 1)


def one_sided_p(values: np.ndarray) -> float:
    """p-value of Student's test that the mean is above 0; 0 or 1 where all values are equal."""
    if len(values) < 2:
        return float("nan")
    if values.std() == 0.0:
        return 0.0 if values[0] > 0.0 else 1.0
    return float(stats.ttest_1samp(values, 0.0, alternative="greater").pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted for several tests, in the order given.

    By Holm's step-down method (Holm 1979).
    """
    order = np.argsort(p_values)
    adjusted, least = np.zeros(len(p_values)), 0.0
    for rank, place in enumerate(order):
        least = max(least, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = least
    return [float(value) for value in adjusted]
