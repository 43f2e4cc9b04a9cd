"""A learner in one picture: how its runs went, and performance profiles of the rows that it was
compared on.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.ticker import MaxNLocator, PercentFormatter

from agents.report.figure_style import BLUE, GREEN, INK, LIGHT, MUTED, RC, VERMILION, WIDTH_IN, plt
from agents.search.evolve import LOG, read_log
from agents.utils.checkpoints import LAST, load_checkpoint, write_atomically
from agents.utils.statistics import profile_steps
from orbit_gym.simulation.metric_table import HEADLINE

COLUMNS, PANEL_IN = 3, 2.2
Scores = dict[str, np.ndarray]  # a policy or its label -> served value of every episode


class Panel(NamedTuple):
    """How runs went, in one panel: a curve for each run, as (places, values)."""

    title: str
    x_label: str
    y_label: str
    curves: Sequence[tuple[Sequence[float], Sequence[float]]]
    level: float | None = None  # drawn across: the value of what the runs are compared with


def draw(path: Path, learning: Sequence[Panel], profiles: Mapping[str, Scores]) -> None:
    """Write a PNG: how the runs went (no panels: no such row), then a profile for every row."""
    on_page: Any = {
        key: LIGHT.get(value, value) for key, value in RC.items() if isinstance(value, str)
    }
    with plt.rc_context(RC | on_page | {"figure.facecolor": "white"}):
        columns = min(COLUMNS, max(len(learning), len(profiles)))
        lines = [-(-len(panels) // columns) for panels in (learning, profiles)]
        size = WIDTH_IN * columns / COLUMNS, PANEL_IN * sum(lines)
        figure, grid = plt.subplots(sum(lines), columns, figsize=size, squeeze=False)
        panels = list(grid.flat)
        _learning(panels[: columns * lines[0]], learning)
        _profiles(panels[columns * lines[0] :], profiles)
        write_atomically(
            path, lambda temporary: figure.savefig(temporary, dpi=120, metadata={"Software": None})
        )
        plt.close(figure)


def read_learning(runs: Sequence[str]) -> list[Panel]:
    """Read gains in the comparisons of runs, a panel a row; else validations of PPO.

    The runs search over the same rows as the first of them.
    """
    logs = [read_log(Path(run)) for run in runs if (Path(run) / LOG).exists()]
    if not logs:
        return _validations(runs)
    cases = logs[0]["config"]["search"]["cases"]
    histories = [log["history"] for log in logs if log["config"]["search"]["cases"] == cases]
    return [
        Panel(
            f"{scenario} {load:g}",
            "generations",
            "gain over tuned",
            [
                (
                    [entry["generations"] for entry in history],
                    [entry["over_tuned"][number] for entry in history],
                )
                for history in histories
            ],
            level=0.0,
        )
        for number, (scenario, load, *_) in enumerate(cases)
    ]


def _validations(runs: Sequence[str]) -> list[Panel]:
    """One panel with the validations of trained networks.

    None where no run has its last checkpoint.
    """
    histories = [
        load_checkpoint(Path(run) / LAST)["history"] for run in runs if (Path(run) / LAST).exists()
    ]
    curves = [
        (
            [entry["timesteps"] / 1_000.0 for entry in history],
            [entry[HEADLINE] for entry in history],
        )
        for history in histories
    ]
    return [Panel("validation", "thousand decisions", "served value", curves)] if curves else []


def _learning(panels: list[Any], learning: Sequence[Panel]) -> None:
    for number, axes in enumerate(panels):
        if number >= len(learning):
            axes.axis("off")
            continue
        panel = learning[number]
        if panel.level is not None:
            axes.axhline(panel.level, color=LIGHT[MUTED], linewidth=0.8)
        for at, values in panel.curves:
            axes.plot(at, values, color=BLUE, linewidth=1.0, marker="o", markersize=2.5, alpha=0.7)
        axes.set(
            title=panel.title, xlabel=panel.x_label, ylabel=panel.y_label if number == 0 else ""
        )
        axes.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
        axes.grid()


def _profiles(panels: list[Any], profiles: Mapping[str, Scores]) -> None:
    """Share of episodes above each score."""
    looks: dict[str, Any] = {
        "tuned": {"color": LIGHT[INK], "linestyle": "-"},
        "learned": {"color": BLUE, "linestyle": "--"},
        "rollout": {"color": VERMILION, "linestyle": "-."},
    }
    for number, axes in enumerate(panels):
        if number >= len(profiles):
            axes.axis("off")
            continue
        title, scores = list(profiles.items())[number]
        for label, values in scores.items():
            count = f" ({values.size})" if label == "rollout" else ""
            axes.step(
                *profile_steps(values),
                where="post",
                label=label + count,
                **looks.get(label, {"color": GREEN}),
            )
        low = min(float(np.quantile(values, 0.02)) for values in scores.values())
        axes.set(
            title=title,
            xlim=(low, 1.0),
            ylim=(0.0, 1.03),
            xlabel="served value τ",
            ylabel="episodes above τ" if number == 0 else "",
        )
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        axes.grid()
        axes.legend(loc="lower left", fontsize=7.0)
