"""Learning curves of the runs behind trained policies: validation from their history, scheduler's
scalars from TensorBoard.
"""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.ticker import FuncFormatter, PercentFormatter
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from agents.report.captions import caption
from agents.report.figure_style import DASHES, INK, MUTED, PALETTE, Picture, picture, subplots
from agents.report.formatting import plural
from agents.report.results import Results, estimate
from agents.report.score_figures import short
from agents.utils.tensorboard_tags import DECISION_SCALARS, ON_TIME, SCHEDULER, VALIDATION
from orbit_gym.simulation.metric_table import TENSORBOARD, Metric, shown_metrics

Curves = dict[str, tuple[np.ndarray, np.ndarray]]  # tag -> (decisions, values)
GROUPS = (VALIDATION, SCHEDULER)  # of tags that are read
N_COLUMNS, PANEL_IN = 3, 2.3
TAGS = {metric: SCHEDULER + name for name, metric in DECISION_SCALARS.items()}


def curve_pictures(results: Results) -> list[Picture]:
    """Validation of every run, and what training looked like to a scheduler.

    None where there are no runs.
    """
    histories = {
        name: record["history"] for name, record in results.runs().items() if record.get("history")
    }
    scalars = {
        name: curves
        for name in results.runs()
        if (curves := read_scalars(_tensorboard(results, name)))
    }
    pictures = [validation(results, histories)] if histories else []
    pictures += [training(results, scalars)] if scalars else []
    return pictures + [
        training_classes(results, name, curves)
        for name, curves in list(scalars.items())[:1]
        if _kinds(curves)
    ]


def validation(results: Results, histories: dict[str, list[dict[str, Any]]]) -> Picture:
    """Validation headline against decisions, with interval over the validation episodes."""
    figure, axes = subplots(height_in=3.2)
    for index, (name, history) in enumerate(histories.items()):
        colour = PALETTE[index % len(PALETTE)]
        at = np.array([entry["timesteps"] for entry in history])
        items = [estimate(np.array(entry["episodes"], dtype=float)) for entry in history]
        means = np.array([item.mean for item in items])
        axes.plot(
            at,
            means,
            color=colour,
            linestyle=DASHES[index % 6],
            marker="o",
            markersize=4,
            label=short(results.label(name)),
        )
        axes.fill_between(
            at,
            [item.low for item in items],
            [item.high for item in items],
            color=colour,
            alpha=0.13,
            linewidth=0.0,
        )
        best = int(means.argmax())
        axes.plot(
            at[best],
            means[best],
            "*",
            color=colour,
            markersize=13,
            markeredgecolor=INK,
            markeredgewidth=0.6,
        )
        axes.axhline(means[0], color=colour, linewidth=0.8, linestyle=":")
    axes.set(xlabel="training decisions", ylabel="served value in validation")
    axes.xaxis.set_major_formatter(_thousands())
    axes.grid()
    axes.legend(loc="best")
    count = len(next(iter(histories.values()))[0]["episodes"])
    words = caption("validation", episodes=plural(count, "validation episode"))
    return picture(
        "validation",
        "Validation during training",
        words,
        "Validation served value against training decisions.",
        figure,
    )


def training(results: Results, scalars: dict[str, Curves]) -> Picture:
    """Panels of what validation and the latest training decisions look like to a scheduler."""
    metrics = _logged_metrics(scalars)
    n_rows = len(metrics) // N_COLUMNS + 1  # room for the legend in the last panel
    figure, grid = subplots(n_rows, N_COLUMNS, height_in=PANEL_IN * n_rows, squeeze=False)
    for axes, metric in zip(grid.flat, metrics):
        for index, (name, curves) in enumerate(scalars.items()):
            style: dict[str, Any] = {"color": PALETTE[index % 6], "linestyle": DASHES[index % 6]}
            if TAGS.get(metric.name) in curves:
                axes.plot(*curves[TAGS[metric.name]], linewidth=0.9, alpha=0.75, **style)
            if VALIDATION + metric.name in curves:
                axes.plot(
                    *curves[VALIDATION + metric.name],
                    marker="o",
                    markersize=3.5,
                    label=short(results.label(name)),
                    **style,
                )
        axes.set_title(metric.heading)
        axes.xaxis.set_major_formatter(_thousands())
        if metric.kind == "percent":
            axes.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=""))
        axes.grid()
    handles, labels = grid.flat[0].get_legend_handles_labels()
    for axes in grid.flat[len(metrics) :]:
        axes.axis("off")
    grid.flat[len(metrics)].legend(handles, labels, loc="center left")
    figure.supxlabel("training decisions", fontsize=9)
    headings = ", ".join(metric.heading for metric in metrics)
    alt = f"Panels against training decisions: {headings}."
    return picture("training", "Training as a scheduler sees it", caption("training"), alt, figure)


def _logged_metrics(scalars: dict[str, Curves]) -> list[Metric]:
    """Metrics of the table that some run has logged, but those that are 0 throughout."""
    return [
        metric
        for metric in shown_metrics(TENSORBOARD)
        if any(
            np.any(curves[VALIDATION + metric.name][1])
            for curves in scalars.values()
            if VALIDATION + metric.name in curves
        )
    ]


def training_classes(results: Results, name: str, curves: Curves) -> Picture:
    """On-time rate of each class in validation."""
    figure, axes = subplots(height_in=3.2)
    for index, kind in enumerate(_kinds(curves)):
        colour = (*PALETTE, INK, MUTED)[index % 8]
        label = kind.replace("_", " ")
        axes.plot(
            *curves[VALIDATION + ON_TIME + kind],
            color=colour,
            linestyle=DASHES[index % 6],
            marker="o",
            markersize=3,
            label=label,
        )
    axes.set(xlabel="training decisions", ylabel="delivered in time / released")
    axes.set_ylim(bottom=0.0)
    axes.xaxis.set_major_formatter(_thousands())
    axes.grid()
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    words = caption("training-classes", policy=results.label(name))
    return picture(
        "training-classes",
        "On time by class during training",
        words,
        "A line per task class against training decisions.",
        figure,
    )


def read_scalars(folder: Path) -> Curves:
    """Scalars of GROUPS from a folder of TensorBoard logs; empty where there are none."""
    if not any(folder.glob("*tfevents*")):
        return {}
    events = EventAccumulator(str(folder), size_guidance={"scalars": 2_000})
    events.Reload()
    curves: Curves = {}
    for tag in events.Tags()["scalars"]:
        if tag.startswith(GROUPS):
            rows = events.Scalars(tag)
            curves[tag] = (
                np.array([row.step for row in rows]),
                np.array([row.value for row in rows]),
            )
    return curves


def _kinds(curves: Curves) -> list[str]:
    prefix = VALIDATION + ON_TIME
    return sorted(tag.removeprefix(prefix) for tag in curves if tag.startswith(prefix))


def _tensorboard(results: Results, name: str) -> Path:
    """Folder of a run's logs: as typed, or beside the results, where a run's own folder has been
    moved.
    """
    folder = Path(name) / "tensorboard"
    return folder if folder.is_dir() else results.folder / "tensorboard"


def _thousands() -> FuncFormatter:
    return FuncFormatter(
        lambda value, _: f"{value / 1000:,.4g}k" if abs(value) >= 1000 else f"{value:.0f}"
    )
