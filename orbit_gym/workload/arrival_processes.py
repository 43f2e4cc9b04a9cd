"""Arrival processes: batch Poisson clusters, Markov-modulated rates of two levels, or both.

They leave the mean rate alone.
"""

from collections.abc import Callable

import numpy as np

from orbit_gym.scenario.task_classes import Burstiness, TaskClass

# a cluster that began this many mean lengths ago is over: 0.7 % are longer (geometric)
LEAD_CLUSTERS = 5.0

OriginSampler = Callable[[int], tuple[np.ndarray, np.ndarray]]  # how many -> times_s, origins


def lead_time_s(kind: TaskClass) -> float:
    """Return how long before a span a cluster may begin whose tasks reach into it."""
    shape = kind.burstiness
    return (
        LEAD_CLUSTERS * (shape.cluster_mean - 1.0) * shape.cluster_gap_s
        + (kind.burst_count - 1) * kind.burst_spacing_s
    )


def sample_arrivals(
    kind: TaskClass,
    mean_count: float,
    sample_origins: OriginSampler,
    start_s: float,
    end_s: float,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw times and origins (n,) of a class's tasks, mean_count in the mean.

    sample_origins draws times and origins of so many clusters within the span.
    """
    shape = kind.burstiness
    mean_clusters = mean_count / (kind.burst_count * shape.cluster_mean)
    times_s, origins = sample_origins(int(rng.poisson(mean_clusters * shape.busy_factor)))
    if shape.busy_factor > 1.0:  # thinning: exact for a rate that is itself random
        levels = rng.random(times_s.size) * shape.busy_factor
        keep = levels < mmpp_level(shape, times_s, start_s, end_s, rng)
        times_s, origins = times_s[keep], origins[keep]
    if shape.cluster_mean > 1.0:
        times_s, origins = _expand_clusters(shape, times_s, origins, rng)
    return expand_chunks(kind, times_s, origins)


def expand_chunks(
    kind: TaskClass, times_s: np.ndarray, origins: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return times and origins with each task repeated burst_count times, burst_spacing_s apart."""
    times_s = (times_s[:, None] + kind.burst_spacing_s * np.arange(kind.burst_count)).ravel()
    return times_s, np.repeat(origins, kind.burst_count)


def _expand_clusters(
    shape: Burstiness, times_s: np.ndarray, origins: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    sizes = rng.geometric(1.0 / shape.cluster_mean, times_s.size)
    firsts = np.cumsum(sizes) - sizes
    since_s = np.cumsum(rng.exponential(shape.cluster_gap_s, int(sizes.sum())))
    return np.repeat(times_s - since_s[firsts], sizes) + since_s, np.repeat(origins, sizes)


def mmpp_level(
    shape: Burstiness, times_s: np.ndarray, start_s: float, end_s: float, rng: np.random.Generator
) -> np.ndarray:
    """Draw the rate over its mean at times (n,) within a span.

    A two-state Markov-modulated Poisson process, stationary, with correlation time memory_s.
    """
    busy_s = shape.memory_s / (1.0 - shape.busy_fraction)  # mean stay at the high level
    rest_s = shape.memory_s / shape.busy_fraction
    is_busy = bool(rng.random() < shape.busy_fraction)
    mean_stays_s = [busy_s, rest_s] if is_busy else [rest_s, busy_s]
    ends_s = np.array([start_s])
    while ends_s[-1] < end_s:
        # an even number of stays: the next one is of the first kind
        count = 2 * int((end_s - ends_s[-1]) / (busy_s + rest_s) + 8.0)
        stays_s = rng.exponential(1.0, count) * np.tile(mean_stays_s, count // 2)
        ends_s = np.append(ends_s, ends_s[-1] + np.cumsum(stays_s))
    n_switches = np.searchsorted(ends_s[1:], times_s, side="right")
    return np.where((n_switches % 2 == 0) == is_busy, shape.busy_factor, shape.rest_factor)
