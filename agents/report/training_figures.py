"""Learning curves of the runs behind trained policies: validation from their history, scheduler's
scalars from TensorBoard.
"""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.ticker import FuncFormatter
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from agents.report.captions import caption
from agents.report.figure_style import DASHES, INK, MUTED, PALETTE, Picture, picture, subplots
from agents.report.formatting import plural
from agents.report.results import Results, estimate
from agents.report.score_figures import short

Curves = dict[str, tuple[np.ndarray, np.ndarray]]  # tag -> (decisions, values)
GROUPS = ("validation/", "scheduler/")  # of tags, written by agents.training.tensorboard
ON_TIME = "validation/on_time/"
PANELS = (  # title, tag in validation, tag over the latest decisions
    ("served value", "validation/served_value_fraction", "scheduler/value_in_time_share"),
    ("late, of tasks", "validation/late_share", "scheduler/late_share"),
    ("rejected, of tasks", "validation/rejected_share", "scheduler/rejected_share"),
    ("accelerators in use", "validation/utilisation_fraction", "scheduler/lanes_busy_share"),
    ("mean charge", "validation/mean_charge_fraction", "scheduler/charge_fraction"),
)


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
    figure, grid = subplots(2, 3, height_in=4.6)
    for axes, (title, validated, scheduler_tag) in zip(grid.flat, PANELS):
        for index, (name, curves) in enumerate(scalars.items()):
            style: dict[str, Any] = {"color": PALETTE[index % 6], "linestyle": DASHES[index % 6]}
            if scheduler_tag in curves:
                axes.plot(*curves[scheduler_tag], linewidth=0.9, alpha=0.75, **style)
            if validated in curves:
                axes.plot(
                    *curves[validated],
                    marker="o",
                    markersize=3.5,
                    label=short(results.label(name)),
                    **style,
                )
        axes.set_title(title)
        axes.xaxis.set_major_formatter(_thousands())
        axes.grid()
    handles, labels = grid.flat[0].get_legend_handles_labels()
    grid.flat[-1].axis("off")
    grid.flat[-1].legend(handles, labels, loc="center left")
    figure.supxlabel("training decisions", fontsize=9)
    alt = (
        "Panels of served value, late and rejected shares, accelerator use and charge against "
        "training decisions."
    )
    return picture("training", "Training as a scheduler sees it", caption("training"), alt, figure)


def training_classes(results: Results, name: str, curves: Curves) -> Picture:
    """On-time rate of each class in validation."""
    figure, axes = subplots(height_in=3.2)
    for index, kind in enumerate(_kinds(curves)):
        colour = (*PALETTE, INK, MUTED)[index % 8]
        label = kind.replace("_", " ")
        axes.plot(
            *curves[ON_TIME + kind],
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
    return sorted(tag.removeprefix(ON_TIME) for tag in curves if tag.startswith(ON_TIME))


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
