"""Tables and pictures of an evaluation."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402

from agents.checkpoints import write_atomically  # noqa: E402

HEADLINE = "served_value_fraction"
TABLE_WIDTH = 150
CLASS_SUFFIX = "." + HEADLINE
BARS = (
    (HEADLINE, "value served in time / value that could be (relaxed bound)", "served_value.png"),
    ("utilisation_fraction", "accelerator time in use / time available", "utilisation.png"),
)
COLUMNS = (HEADLINE, "value_per_orbit", "n_late", "n_rejected", "latency_p50_s", "latency_p95_s", "utilisation_fraction")


def write_csv(path: Path, policies: dict[str, Any]) -> None:
    """One row per policy and metric: mean, ci95_low, ci95_high, iqm, n (episodes in which the metric exists)."""

    def write(temporary: Path) -> None:
        with temporary.open("w", newline="", encoding="utf-8") as file:
            table = csv.writer(file)
            table.writerow(["policy", "metric", "mean", "ci95_low", "ci95_high", "iqm", "n"])
            for name, metrics in policies.items():
                for metric, item in metrics.items():
                    known = sum(value is not None for value in item["episodes"])
                    table.writerow([name, metric, item["mean"], *item["ci95"], item["iqm"], known])

    write_atomically(path, write)


def draw(folder: Path, results: dict[str, Any]) -> list[Path]:
    """Draw every picture whose metric is there; return the files."""
    written = []
    for metric, label, name in BARS:
        if all(metric in metrics for metrics in results["policies"].values()):
            save_figure(folder / name, bars(results, metric, label))
            written.append(folder / name)
    if class_names(results):
        save_figure(folder / "classes.png", classes(results))
        written.append(folder / "classes.png")
    return written


def class_names(results: dict[str, Any]) -> list[str]:
    """Task classes that have their own headline, in the order of the metrics."""
    first = next(iter(results["policies"].values()))
    return [metric.removesuffix(CLASS_SUFFIX) for metric in first if metric.endswith(CLASS_SUFFIX)]


def bars(results: dict[str, Any], metric: str, label: str) -> Any:
    """One bar per policy with its 95 % interval over episodes."""
    names = list(results["policies"])
    items = [results["policies"][name][metric] for name in names]
    means = np.array([np.nan if item["mean"] is None else item["mean"] for item in items])
    ends = np.array([[np.nan if end is None else end for end in item["ci95"]] for item in items])
    errors = np.nan_to_num(np.abs(ends.T - means))
    figure, axes = plt.subplots(figsize=(8.0, 0.35 * len(names) + 1.4))
    axes.barh(names, means, xerr=errors, color="tab:blue", ecolor="black", capsize=3)
    axes.invert_yaxis()
    axes.set_xlabel(label)
    axes.set_title(title(results))
    axes.grid(axis="x", alpha=0.3)
    return figure


def classes(results: dict[str, Any]) -> Any:
    """Headline of every task class, a colour per policy."""
    names, policies = class_names(results), list(results["policies"])
    figure, axes = plt.subplots(figsize=(max(7.0, 1.5 * len(names)), 4.5))
    width = 0.8 / len(policies)
    colours = plt.get_cmap("tab20")(np.linspace(0.0, 1.0, len(policies)))
    for index, policy in enumerate(policies):
        means = [results["policies"][policy].get(name + CLASS_SUFFIX, {}).get("mean") for name in names]
        heights = [np.nan if mean is None else mean for mean in means]
        axes.bar(np.arange(len(names)) + (index - (len(policies) - 1) / 2) * width, heights, width, label=policy, color=colours[index])
    axes.set_xticks(np.arange(len(names)), names, rotation=20, ha="right")
    axes.set_ylabel("value served in time / relaxed bound")
    axes.set_title(title(results))
    axes.legend(fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def title(results: dict[str, Any]) -> str:
    """What the pictures are about."""
    return f"{results['scenario']}, {results['split']} split, {len(results['seeds'])} episodes, bars: 95 % t-interval"


def save_figure(path: Path, figure: Any) -> None:
    """Write a picture atomically and forget it."""
    write_atomically(path, lambda temporary: figure.savefig(temporary, dpi=120, bbox_inches="tight", metadata={"Software": None}))
    plt.close(figure)


def print_table(results: dict[str, Any], labels: dict[str, str], reference: str, columns: Sequence[str] = COLUMNS) -> None:
    """Print means with the half-width of the headline's interval, and paired differences from the reference."""
    first = next(iter(results["policies"].values()))
    columns = [column for column in columns if column in first]
    difference = f"minus {reference}"
    table = Table(title=title(results), box=None)
    for heading in ("policy", *columns, difference):
        table.add_column(heading.replace("_", " "), justify="left" if heading == "policy" else "right", no_wrap=heading == "policy")
    ranked = sorted(results["policies"].items(), key=lambda pair: -(pair[1][HEADLINE]["mean"] or 0.0))
    for name, metrics in ranked:
        cells = [with_interval(metrics[column]) if column == HEADLINE else number(metrics[column]["mean"]) for column in columns]
        table.add_row(labels[name], *cells, with_interval(results["differences"][name]["metrics"][HEADLINE], sign="+"))
    Console(width=max(Console().width, TABLE_WIDTH)).print(table)


def number(value: float | None) -> str:
    """Three to five significant figures, or a dash."""
    return "-" if value is None else f"{value:.3f}" if abs(value) < 10 else f"{value:,.0f}"


def with_interval(item: dict[str, Any], sign: str = "") -> str:
    """Mean ± half the width of its interval."""
    if item["mean"] is None:
        return "-"
    low, high = item["ci95"]
    half = "" if low is None else f" ± {(high - low) / 2:.4f}"
    return f"{item['mean']:{sign}.4f}{half}"
