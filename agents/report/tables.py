"""The comparison on the terminal, and every number of the report as CSV files."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from agents.report.results import Results
from agents.utils.checkpoints import write_atomically
from orbit_gym.simulation.metric_table import HEADLINE, SHARES, TERMINAL, shown_metrics

TABLE_WIDTH = 150
PRINTED_METRICS = tuple(metric.name for metric in shown_metrics(TERMINAL))


def write_csv(path: Path, policies: dict[str, Any]) -> None:
    """Write one row per policy and metric.

    mean, ci95_low, ci95_high, iqm, n (episodes in which the metric exists).
    """
    rows = (
        [
            name,
            metric,
            item["mean"],
            *item["ci95"],
            item["iqm"],
            sum(value is not None for value in item["episodes"]),
        ]
        for name, metrics in policies.items()
        for metric, item in metrics.items()
    )
    write_rows(path, ("policy", "metric", "mean", "ci95_low", "ci95_high", "iqm", "n"), rows)


def write_rows(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write one CSV file atomically; NaN becomes an empty field."""

    def write(temporary: Path) -> None:
        with temporary.open("w", newline="", encoding="utf-8") as file:
            table = csv.writer(file)
            table.writerow(header)
            table.writerows(
                ["" if isinstance(cell, float) and np.isnan(cell) else cell for cell in row]
                for row in rows
            )

    write_atomically(path, write)


def write_tables(results: Results, folder: Path) -> list[Path]:
    """Every table of the report's data, for papers and further work; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    tables: dict[str, tuple[Sequence[str], Iterable[Sequence[Any]]]] = {
        "episodes": (("policy", "seed", "metric", "value"), _episodes(results)),
        "differences": (
            ("policy", "reference", "metric", "mean", "ci95_low", "ci95_high", "n", "n_better"),
            _differences(results),
        ),
    }
    if results.details is not None:
        tables |= _detail_tables(results.details)
    for name, (header, rows) in tables.items():
        write_rows(folder / f"{name}.csv", header, rows)
    return [folder / f"{name}.csv" for name in tables]


def _episodes(results: Results) -> Iterable[Sequence[Any]]:
    for name in results.names:
        for metric in (
            *results.content["policies"][name],
            *(share for share in SHARES if results.has(share)),
        ):
            yield from (
                (name, seed, metric, value) for seed, value in results.by_seed(name, metric).items()
            )


def _differences(results: Results) -> Iterable[Sequence[Any]]:
    """Every pair of policies for the headline, and every metric against the reference."""
    metrics = [
        metric for metric in results.content["policies"][results.reference] if metric != HEADLINE
    ]
    for name in results.names:
        for other in results.names:
            if other != name:
                yield name, other, HEADLINE, *_paired(results, name, other, HEADLINE)
        if name != results.reference:
            yield from (
                (
                    name,
                    results.reference,
                    metric,
                    *_paired(results, name, results.reference, metric),
                )
                for metric in metrics
            )


def _paired(
    results: Results, name: str, other: str, metric: str
) -> tuple[float, float, float, int, int]:
    item = results.paired(name, other, metric)
    return item.mean, item.low, item.high, item.n, item.better


def _detail_tables(
    details: dict[str, Any],
) -> dict[str, tuple[Sequence[str], Iterable[Sequence[Any]]]]:
    policies, kinds = details["policies"], details["classes"]
    origins = [*details["groups"], "users"]
    nodes = [*details["groups"], *details["datacentres"], "rejected"]
    times_s, edges_s = details["times_s"], details["latency_edges_s"]
    series = ("utilisation", "charge", "least_charge")

    def counts(key: str, rows: Sequence[Any], columns: Sequence[Any]) -> Iterable[Sequence[Any]]:
        for name, item in policies.items():
            for row, values in zip(rows, item[key]):
                yield from ((name, row, column, value) for column, value in zip(columns, values))

    def over_time() -> Iterable[Sequence[Any]]:
        for name, item in policies.items():
            for key in series:
                band = item[key]
                for time_s, mean, low, high in zip(
                    times_s, band["mean"], band["low"], band["high"]
                ):
                    yield name, key, time_s, mean, low, high

    return {
        "outcomes": (
            ("policy", "class", "outcome", "n_tasks"),
            counts("outcomes", kinds, details["outcome_names"]),
        ),
        "places": (
            ("policy", "class", "place", "n_tasks"),
            counts("places", kinds, details["place_names"]),
        ),
        "latencies": (
            ("policy", "class", "at_most_s", "n_tasks"),
            counts("latencies", kinds, edges_s[1:]),
        ),
        "flow": (("policy", "origin", "node", "n_tasks"), counts("flow", origins, nodes)),
        "over_time": (
            ("policy", "series", "time_s", "mean", "percentile_10", "percentile_90"),
            over_time(),
        ),
    }


def title(results: dict[str, Any]) -> str:
    """What the table is about."""
    return (
        f"{results['scenario']}, {results['split']} split, {len(results['seeds'])} episodes, "
        "±: 95 % t-interval"
    )


def print_table(
    results: dict[str, Any],
    labels: dict[str, str],
    reference: str,
    columns: Sequence[str] = PRINTED_METRICS,
) -> None:
    """Print means and paired differences from the reference.

    Means with the half-width of the headline's interval.
    """
    first = next(iter(results["policies"].values()))
    columns = [column for column in columns if column in first]
    difference = f"minus {reference}"
    table = Table(title=title(results), box=None)
    for heading in ("policy", *columns, difference):
        table.add_column(
            heading.replace("_", " "),
            justify="left" if heading == "policy" else "right",
            no_wrap=heading == "policy",
        )
    ranked = sorted(
        results["policies"].items(), key=lambda pair: -(pair[1][HEADLINE]["mean"] or 0.0)
    )
    for name, metrics in ranked:
        cells = [
            _with_interval(metrics[column])
            if column == HEADLINE
            else _number(metrics[column]["mean"])
            for column in columns
        ]
        table.add_row(
            labels[name],
            *cells,
            _with_interval(results["differences"][name]["metrics"][HEADLINE], sign="+"),
        )
    Console(width=max(Console().width, TABLE_WIDTH)).print(table)


def _number(value: float | None) -> str:
    """Three to five significant figures, or a dash."""
    return "-" if value is None else f"{value:.3f}" if abs(value) < 10 else f"{value:,.0f}"


def _with_interval(item: dict[str, Any], sign: str = "") -> str:
    """Mean ± half the width of its interval."""
    if item["mean"] is None:
        return "-"
    low, high = item["ci95"]
    half = "" if low is None else f" ± {(high - low) / 2:.4f}"
    return f"{item['mean']:{sign}.4f}{half}"
