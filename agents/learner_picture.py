"""A learner in one picture: how its searches went, and performance profiles of the rows that it was compared on."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.ticker import PercentFormatter

from agents.checkpoints import read_json, write_atomically
from agents.evolve import LOG
from agents.report.style import BLUE, GREEN, INK, LIGHT, MUTED, RC, VERMILION, WIDTH_IN, plt
from agents.statistics import profile_steps

COLUMNS, PANEL_IN = 3, 2.2
Scores = dict[str, np.ndarray]  # a policy or its label -> served value of every episode


def draw(path: Path, logs: list[dict[str, Any]], profiles: Mapping[str, Scores]) -> None:
    """Write a PNG: gains in the comparisons of every search (none: no such row of panels), then a profile for every row."""
    on_page: Any = {key: LIGHT.get(value, value) for key, value in RC.items() if isinstance(value, str)}
    with plt.rc_context(RC | on_page | {"figure.facecolor": "white"}):
        searched = [row[:2] for row in logs[0]["asked"]["search"]["rows"]] if logs else []
        lines = [-(-len(panels) // COLUMNS) for panels in (searched, profiles)]
        figure, grid = plt.subplots(sum(lines), COLUMNS, figsize=(WIDTH_IN, PANEL_IN * sum(lines)), squeeze=False)
        panels = list(grid.flat)
        _searches(panels[: COLUMNS * lines[0]], searched, logs)
        _profiles(panels[COLUMNS * lines[0] :], profiles)
        write_atomically(path, lambda temporary: figure.savefig(temporary, dpi=120, metadata={"Software": None}))
        plt.close(figure)


def read_logs(runs: tuple[str, ...]) -> list[dict[str, Any]]:
    """Logs of the runs that are policy searches over the same rows as the first of them."""
    logs = [read_json(Path(run) / LOG) for run in runs if (Path(run) / LOG).exists()]
    return [log for log in logs if log["asked"]["search"]["rows"] == logs[0]["asked"]["search"]["rows"]]


def _searches(panels: list[Any], rows: list[list[Any]], logs: list[dict[str, Any]]) -> None:
    for number, axes in enumerate(panels):
        if number >= len(rows):
            axes.axis("off")
            continue
        axes.axhline(0.0, color=LIGHT[MUTED], linewidth=0.8)
        for log in logs:
            at, gained = zip(*((entry["generations"], entry["over_tuned"][number]) for entry in log["history"]), strict=True)
            axes.plot(at, gained, color=BLUE, linewidth=1.0, marker="o", markersize=2.5, alpha=0.7)
        axes.set(title=f"{rows[number][0]} {rows[number][1]:g}", xlabel="generations", ylabel="gain over tuned" if number == 0 else "")
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
            axes.step(*profile_steps(values), where="post", label=label + count, **looks.get(label, {"color": GREEN}))
        low = min(float(np.quantile(values, 0.02)) for values in scores.values())
        axes.set(title=title, xlim=(low, 1.0), ylim=(0.0, 1.03), xlabel="served value τ", ylabel="episodes above τ" if number == 0 else "")
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        axes.grid()
        axes.legend(loc="lower left", fontsize=7.0)
