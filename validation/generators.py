"""Generated work against recorded work: token counts, gaps between arrivals, and how counts
scatter.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from orbit_gym.scenario.loading import load_scenario
from orbit_gym.scenario.readers.events import Events, read_events
from orbit_gym.scenario.readers.requests import Requests, read_azure
from orbit_gym.scenario.task_classes import FLOP_PER_TOKEN_8B, TASK_CLASSES, TaskClass
from orbit_gym.utils.units import DAY_S, HOUR_S
from orbit_gym.workload.arrival_processes import sample_arrivals
from orbit_gym.workload.task_factory import TaskFactory
from validation.rows import Row, judged_row, skipped_row

TRACES = {
    "language_request": "llm_traces/azure2023_conv.csv",
    "code_request": "llm_traces/azure2023_code.csv",
}
AUTHORITIES = {
    "language_request": "Azure 2023 conversation trace, 19,366 requests",
    "code_request": "Azure 2023 code trace, 8,819 requests",
}
FIRES, BURSTS = (
    "events/firms_modis_fires_sea_2018-05-23_25.csv",
    "events/fermi_gbm_grb_2008_2025.csv",
)
FIRE_AUTHORITY, BURST_AUTHORITY = (
    "NASA FIRMS MODIS, 614 fires, 20 passes",
    "Fermi-GBM catalogue, 4,040 bursts",
)

TOKENS_TOLERANCE = 0.10
GAPS_TOLERANCE = 0.10
# Counts in windows up to 120 s of an hour: 29 windows, so that the trace's own figure is good to
# sqrt(2/28) = 27 % where counts are normal.
COUNTS_TOLERANCE = 0.30
CLUSTERS_TOLERANCE = 0.10

SEED, N_EPISODES, N_TOKENS = 20231116, 40, 200_000
COUNT_WINDOWS_S = (1.0, 10.0, 30.0, 60.0, 120.0)
PASS_GAP_S = 600.0  # acquisitions of one pass are 5 min apart, passes 70 min and more
GRANULE_DEG = 0.9  # 100 km, the granule of a wildfire_alert


class Levels(NamedTuple):
    """p50, p90, p99 and mean of a sample."""

    p50: float
    p90: float
    p99: float
    mean: float


def levels(values: np.ndarray) -> Levels:
    return Levels(
        *(float(mmpp_level) for mmpp_level in np.quantile(values, [0.5, 0.9, 0.99])),
        float(values.mean()),
    )


def variation(times_s: np.ndarray) -> float:
    """Standard deviation of the gaps over their mean."""
    gaps_s = np.diff(times_s)
    return float(gaps_s.std() / gaps_s.mean())


def dispersion(times_s: np.ndarray, window_s: float, span_s: float) -> float:
    """Variance of the counts in windows over their mean; 1 for a Poisson process."""
    counts = np.histogram(times_s, np.arange(0.0, span_s + 1e-9, window_s))[0]
    return float(counts.var() / counts.mean())


@cache
def requests(data: Path, name: str) -> Requests:
    return read_azure(data / TRACES[name], strict=True)


@cache
def generated_tokens(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Prompt and answer tokens of many generated tasks of a class."""
    scenario = load_scenario("Tiny")
    times_s, origins = np.zeros(N_TOKENS), np.zeros(N_TOKENS, np.int64)
    tasks = TaskFactory(scenario, ("P01S01",), 1).create(
        name, times_s, origins, scenario.workload, np.random.default_rng(SEED)
    )
    return tasks["prefill_flop"] / FLOP_PER_TOKEN_8B, tasks["decode_tokens"]


def generated_times(
    kind: TaskClass, rate_per_s: float, span_s: float, rng: np.random.Generator
) -> np.ndarray:
    """Release times of a class that can appear at any time, at a mean rate, in order."""

    def sample_origins(count: int) -> tuple[np.ndarray, np.ndarray]:
        return rng.random(count) * span_s, np.zeros(count, np.int64)

    return np.sort(sample_arrivals(kind, rate_per_s * span_s, sample_origins, 0.0, span_s, rng)[0])


def mean_over_episodes(
    kind: TaskClass, rate_per_s: float, span_s: float, figure: Callable[[np.ndarray], float]
) -> float:
    """A figure of generated times, mean over episodes as long as the recording."""
    rng = np.random.default_rng(SEED)
    return float(
        np.mean([figure(generated_times(kind, rate_per_s, span_s, rng)) for _ in range(N_EPISODES)])
    )


def relative(sample: float, reference: float) -> float:
    return abs(sample / reference - 1.0)


def token_errors(data: Path, name: str) -> dict[str, tuple[Levels, Levels]]:
    """Levels of the generator and of the trace, for prompts and answers."""
    trace, (prompt, output) = requests(data, name), generated_tokens(name)
    return {
        "prompt": (levels(prompt), levels(trace.prompt_tokens)),
        "output": (levels(output), levels(trace.output_tokens)),
    }


def gap_variations(data: Path, name: str) -> tuple[float, float]:
    """Return the coefficients of variation of gaps: the generator's and the trace's.

    The generator runs at the trace's rate.
    """
    times_s = requests(data, name).times_s
    rate_per_s = times_s.size / times_s[-1]
    return mean_over_episodes(
        TASK_CLASSES[name], rate_per_s, float(times_s[-1]), variation
    ), variation(times_s)


def count_dispersions(data: Path, name: str) -> dict[float, tuple[float, float]]:
    """Return the indices of dispersion for each window: the generator's and the trace's.

    The generator runs at the trace's rate.
    """
    times_s = requests(data, name).times_s
    rate_per_s, span_s = times_s.size / times_s[-1], float(times_s[-1])
    kind = TASK_CLASSES[name]
    return {
        window_s: (
            mean_over_episodes(
                kind, rate_per_s, span_s, lambda t, w=window_s: dispersion(t, w, span_s)
            ),  # type: ignore[misc]
            dispersion(times_s, window_s, span_s),
        )
        for window_s in COUNT_WINDOWS_S
    }


@cache
def bursts(data: Path) -> Events:
    """Fermi-GBM's bursts; one line of the catalogue has no fluence and is skipped."""
    return read_events(data / BURSTS, strict=False)


def burst_figures(data: Path) -> dict[str, tuple[float, float]]:
    """Return gaps of gamma-ray bursts and counts in 30 days: the generator's and the catalogue's.

    The generator runs at the catalogue's rate.
    """
    times_s = bursts(data).times_s
    rate_per_s, span_s, kind = (
        times_s.size / times_s[-1],
        float(times_s[-1]),
        TASK_CLASSES["xray_trigger"],
    )
    month_s = 30.0 * DAY_S
    return {
        "gaps": (mean_over_episodes(kind, rate_per_s, span_s, variation), variation(times_s)),
        "counts": (
            mean_over_episodes(kind, rate_per_s, span_s, lambda t: dispersion(t, month_s, span_s)),
            dispersion(times_s, month_s, span_s),
        ),
    }


@cache
def fire_granules(data: Path) -> np.ndarray:
    """Times, in order, of the granules with fires: each 100 km cell once per acquisition."""
    fires = read_events(data / FIRES, strict=True)
    cells = np.floor(fires.places_deg / GRANULE_DEG)
    return np.unique(np.column_stack([fires.times_s, cells]), axis=0)[:, 0]


def clusters(times_s: np.ndarray, gap_s: float) -> np.ndarray:
    """Sizes of the groups that lie more than gap_s apart."""
    firsts = np.flatnonzero(np.r_[True, np.diff(times_s) > gap_s])
    return np.diff(np.r_[firsts, times_s.size])


def cluster_figures(data: Path) -> dict[str, tuple[float, float]]:
    """Return figures of the granules with fires on one pass.

    Mean, standard deviation, and the dispersion of counts in 2 h.
    """
    reference, kind = fire_granules(data), TASK_CLASSES["wildfire_alert"]
    rng, n_clusters, span_s = np.random.default_rng(SEED), 5_000, 3.0 * DAY_S

    def sample_origins(count: int) -> tuple[np.ndarray, np.ndarray]:
        return np.arange(count) * DAY_S, np.zeros(count, np.int64)

    sample = clusters(
        np.sort(
            sample_arrivals(
                kind, n_clusters * kind.burstiness.cluster_mean, sample_origins, 0.0, 1e9, rng
            )[0]
        ),
        DAY_S / 2.0,
    )
    sizes = clusters(reference, PASS_GAP_S)
    window_s = 2.0 * HOUR_S
    return {
        "mean": (float(sample.mean()), float(sizes.mean())),
        "deviation": (float(sample.std()), float(sizes.std())),
        "counts": (
            mean_over_episodes(
                kind, reference.size / span_s, span_s, lambda t: dispersion(t, window_s, span_s)
            ),
            dispersion(reference, window_s, span_s),
        ),
    }


def measure(data: Path | None) -> list[Row]:
    """All comparisons of generated with recorded work."""
    rows = []
    for name, authority in AUTHORITIES.items():
        for subject, tolerance, worst in (
            (f"tokens of {name}: p50, p90, p99 and mean", TOKENS_TOLERANCE, _worst_tokens),
            (f"gaps of {name}: coefficient of variation", GAPS_TOLERANCE, _worst_gaps),
            (
                f"counts of {name} in 1 to 120 s: variance over mean",
                COUNTS_TOLERANCE,
                _worst_counts,
            ),
        ):
            rows.append(
                _row(
                    subject,
                    authority,
                    tolerance,
                    data,
                    lambda folder, name=name, worst=worst: worst(folder, name),
                )
            )
    for key, subject, tolerance in (
        ("gaps", "gaps of xray_trigger: coefficient of variation", GAPS_TOLERANCE),
        ("counts", "counts of xray_trigger in 30 days: variance over mean", COUNTS_TOLERANCE),
    ):
        rows.append(
            _row(
                subject,
                BURST_AUTHORITY,
                tolerance,
                data,
                lambda folder, key=key: relative(*burst_figures(folder)[key]),
            )
        )
    for key, subject, tolerance in (
        ("mean", "wildfire_alert on one pass: mean", CLUSTERS_TOLERANCE),
        ("deviation", "wildfire_alert on one pass: standard deviation", CLUSTERS_TOLERANCE),
        ("counts", "counts of wildfire_alert in 2 h: variance over mean", COUNTS_TOLERANCE),
    ):
        rows.append(
            _row(
                subject,
                FIRE_AUTHORITY,
                tolerance,
                data,
                lambda folder, key=key: relative(*cluster_figures(folder)[key]),
            )
        )
    return rows


def _worst_tokens(data: Path, name: str) -> float:
    return max(
        relative(*pair)
        for sample, reference in token_errors(data, name).values()
        for pair in zip(sample, reference)
    )


def _worst_gaps(data: Path, name: str) -> float:
    return relative(*gap_variations(data, name))


def _worst_counts(data: Path, name: str) -> float:
    return max(relative(*pair) for pair in count_dispersions(data, name).values())


def _row(
    subject: str,
    authority: str,
    tolerance: float,
    data: Path | None,
    error: Callable[[Path], float],
) -> Row:
    if data is None:
        return skipped_row(subject, authority, f"{100.0 * tolerance:g} %")
    return judged_row(subject, authority, 100.0 * error(data), 100.0 * tolerance, "%")
