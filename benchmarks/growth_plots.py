"""Exponents and pictures of what benchmarks.growth measured; needs only its file of figures."""

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402

from benchmarks.growth_points import CURVES, Curve  # noqa: E402

# Okabe and Ito's colours, told apart by colour-blind people too: jfly.uni-koeln.de/color
BLUE, ORANGE, GREEN, INK = "#0072B2", "#D55E00", "#009E73", "#333333"
MEMORY = {
    "world_bytes": ("World", GREEN, "s"),
    "state_bytes": ("State", ORANGE, "^"),
    "used_bytes": ("State in use", BLUE, "v"),
}
Points = dict[float, dict[str, Any]]  # value: figures


def exponent(curve: Curve, points: Points, figure: str) -> float:
    """Slope of a figure over the curve's fitted range, both as logarithms.

    NaN where fewer than two points are there.
    """
    curves = [
        (value, point[figure])
        for value, point in sorted(points.items())
        if curve.fit_from <= value <= curve.fit_to
    ]
    if len(curves) < 2:
        return float("nan")
    x, y = np.log(np.array(curves)).T
    return float(np.polyfit(x, y, 1)[0])


def draw(name: str, points: Points, folder: Path) -> Path:
    """Two panels, time of a step and memory, both logarithmic; returns the picture's path."""
    curve = CURVES[name]
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.0, 3.3), dpi=100, layout="constrained")
    values = sorted(points)
    times = [points[value]["step_us"] for value in values]
    quartiles = np.array([points[value]["quartiles_us"] for value in values]).T
    spread = np.abs(quartiles - np.array(times))
    left.errorbar(
        values,
        times,
        yerr=spread,
        color=BLUE,
        marker="o",
        ls="none",
        capsize=3,
        label="median, quartiles",
    )
    _fitted(left, curve, points, "step_us", BLUE)
    left.set_ylabel("µs a step")
    for memory, (label, colour, marker) in MEMORY.items():
        right.plot(
            values,
            [points[value][memory] / 1e6 for value in values],
            color=colour,
            marker=marker,
            ls="none",
            label=label,
        )
    _fitted(right, curve, points, curve.memory, MEMORY[curve.memory][1], 1e-6)
    right.set_ylabel("MB")
    for axes in (left, right):
        axes.set(xscale="log", yscale="log", xlabel=curve.label)
        axes.set_xticks(
            values, [f"{value:g}" for value in values], rotation=45 if len(values) > 7 else 0
        )
        axes.minorticks_off()
        axes.yaxis.set_major_formatter(lambda size, _: f"{size:g}")
        axes.grid(alpha=0.3)
        axes.legend(
            fontsize="small",
            loc="lower center",
            bbox_to_anchor=(0.5, 1.0),
            ncols=4,
            frameon=False,
            handletextpad=0.3,
            columnspacing=0.9,
        )
    low, high = left.get_ylim()
    left.set_ylim(
        min(low, 10.0 ** np.floor(np.log10(min(times)))),
        max(high, 10.0 ** np.ceil(np.log10(max(times)))),
    )
    figure.suptitle(curve.about, fontsize="medium", color=INK)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"growth-{name.replace('_', '-')}.png"
    figure.savefig(path, metadata={"Software": None})
    plt.close(figure)
    return path


def _fitted(
    axes: Any, curve: Curve, points: Points, figure: str, colour: str, scale: float = 1.0
) -> None:
    """A broken line along the fit, its exponent in the legend."""
    slope = exponent(curve, points, figure)
    values = np.array(
        [value for value in sorted(points) if curve.fit_from <= value <= curve.fit_to]
    )
    if np.isnan(slope):
        return
    level = np.mean(
        [np.log(points[value][figure] * scale) - slope * np.log(value) for value in values]
    )
    axes.plot(
        values,
        np.exp(level) * values**slope,
        color=colour,
        ls="--",
        lw=1.2,
        label=f"exponent {slope:.2f}",
    )
