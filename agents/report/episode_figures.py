"""Pictures of what happened inside episodes, from details.json: over time, latencies, where tasks
ran.
"""

from typing import Any

import numpy as np
from matplotlib.ticker import PercentFormatter

from agents.report.captions import caption
from agents.report.figure_style import (
    BLUE,
    GRID,
    INK,
    ORANGE,
    SEQUENTIAL,
    SKY,
    SURFACE,
    Look,
    Picture,
    picture,
    plt,
    subplots,
    text_colour,
)
from agents.report.results import Results
from agents.report.score_figures import ROW_IN, short

MINUTE_S = 60.0
PLACE_COLOURS = (BLUE, SKY, ORANGE, GRID)
SERIES = (
    ("utilisation", "accelerators in use"),
    ("charge", "mean charge"),
    ("least_charge", "least charge"),
)


def detail_pictures(results: Results, look: dict[str, Look]) -> list[Picture]:
    """Every picture of details; none where they were not kept."""
    if results.details is None:
        return []
    looks = {name: look[name] for name in look if name in results.details["policies"]}
    best = next((name for name in results.names if name in results.details["policies"]), None)
    if best is None:
        return []
    return [
        latency(results, looks),
        latency_by_class(results, looks),
        over_time(results, looks),
        one_episode(results, best),
    ]


def flow_pictures(results: Results) -> list[Picture]:
    """Where tasks ran; none where it was not kept."""
    if results.details is None:
        return []
    ranked = [name for name in results.names if name in results.details["policies"]]
    groups = list(
        dict.fromkeys([*ranked[:1], *(name for name in (results.reference,) if name in ranked)])
    )
    return [places(results, ranked), *(flow(results, name) for name in groups)] if ranked else []


# --- latency


def latency(results: Results, look: dict[str, Look]) -> Picture:
    """Share of all released tasks delivered within a time, log time axis."""
    figure, axes = subplots(height_in=3.5)
    for name in reversed(list(look)):
        counts, released = _latencies(results, name)
        axes.plot(
            *_cumulative(results, counts.sum(axis=0), released.sum()),
            label=short(results.label(name)),
            **_line(look[name]),
        )
    _time_axis(axes)
    axes.set_ylabel("released tasks delivered in time")
    axes.set_ylim(bottom=0.0)
    axes.legend(*_handles(axes), loc="center left", bbox_to_anchor=(1.0, 0.5))
    alt = (
        "Rising curves, one per policy: share of released tasks delivered in time against "
        "seconds since release, logarithmic."
    )
    return picture("latency", "Latency", caption("latency"), alt, figure)


def latency_by_class(results: Results, look: dict[str, Look]) -> Picture:
    """The same, one panel per class."""
    assert results.details is not None
    kinds = results.details["classes"]
    columns = min(4, len(kinds))
    rows = -(-len(kinds) // columns)
    figure, grid = subplots(
        rows, columns, height_in=1.75 * rows + 0.7, sharex=True, sharey=True, squeeze=False
    )
    for index, axes in enumerate(grid.flat):
        if index >= len(kinds):
            axes.set_visible(False)
            continue
        for name in reversed(list(look)):
            counts, released = _latencies(results, name)
            axes.plot(
                *_cumulative(results, counts[index], released[index]),
                label=short(results.label(name)),
                **_line(look[name]),
            )
        axes.set_title(kinds[index].replace("_", " "), fontsize=8.5)
        _time_axis(axes, label=None)
        axes.set_ylim(0.0, 1.02)
    figure.supxlabel("seconds from release to delivery (log scale)", fontsize=9)
    figure.supylabel("delivered in time", fontsize=9)
    figure.legend(*_handles(grid.flat[0]), loc="outside upper left", ncols=3)
    alt = (
        "Small panels, one per task class, with a rising curve per policy of the share "
        "delivered in time against seconds since release."
    )
    return picture("latency-classes", "Latency by class", caption("latency-classes"), alt, figure)


def _latencies(results: Results, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Tasks in time by latency, (n_classes, n_bins), and released tasks, (n_classes,)."""
    assert results.details is not None
    item = results.details["policies"][name]
    return np.array(item["latencies"]), np.array(item["outcomes"]).sum(axis=1)


def _cumulative(
    results: Results, counts: np.ndarray, released: float
) -> tuple[np.ndarray, np.ndarray]:
    assert results.details is not None
    return np.array(results.details["latency_edges_s"]), np.append(0.0, np.cumsum(counts)) / max(
        float(released), 1.0
    )


def _time_axis(
    axes: Any, label: str | None = "seconds from release to delivery (log scale)"
) -> None:
    axes.set_xscale("log")
    axes.set_xlim(0.1, 1e4)
    axes.set_xticks([0.1, 1.0, 10.0, 100.0, 1e3, 1e4], ["0.1", "1", "10", "100", "1k", "10k"])
    axes.minorticks_off()
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.grid()
    if label:
        axes.set_xlabel(label)


# --- over time


def over_time(results: Results, look: dict[str, Look]) -> Picture:
    """Use of accelerators and charge of batteries over the episode."""
    assert results.details is not None
    minutes = np.array(results.details["times_s"]) / MINUTE_S
    figure, grid = subplots(3, 1, height_in=5.6, sharex=True)
    for axes, (series, title) in zip(grid, SERIES):
        for name in reversed(list(look)):
            item = results.details["policies"][name][series]
            at = (
                minutes if len(item["mean"]) == len(minutes) else 0.5 * (minutes[1:] + minutes[:-1])
            )
            axes.plot(at, item["mean"], label=short(results.label(name)), **_line(look[name]))
            if name in (results.reference, results.names[0]):
                axes.fill_between(
                    at,
                    item["low"],
                    item["high"],
                    color=look[name].colour,
                    alpha=0.13,
                    linewidth=0.0,
                )
        axes.set_title(title)
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        axes.grid()
    grid[0].set_ylim(0.0, 1.02)
    grid[-1].set_xlabel("minutes since the episode began")
    grid[-1].set_xlim(0.0, minutes[-1])
    figure.legend(*_handles(grid[0]), loc="outside upper left", ncols=3)
    alt = (
        "Three panels over the minutes of an episode, a line per policy: accelerators in use, "
        "mean charge, least charge."
    )
    return picture("over-time", "Use and charge over time", caption("over-time"), alt, figure)


def one_episode(results: Results, name: str) -> Picture:
    """Use and charge of every satellite in the first episode of one policy."""
    assert results.details is not None
    example, groups = results.details["policies"][name]["example"], results.details["groups"]
    minutes = np.array(results.details["times_s"]) / MINUTE_S
    figure, grid = subplots(
        3,
        1,
        height_in=0.36 * len(groups) + 1.9,
        sharex=True,
        height_ratios=[len(groups), len(groups), 2.0],
    )
    use, charge = np.array(example["group_utilisation"]), np.array(example["group_charge"])
    _heat(figure, grid[0], minutes, use, groups, "accelerator in use", (0.0, 1.0))
    low = float(np.floor(charge.min() * 20.0) / 20.0)
    _heat(
        figure,
        grid[1],
        minutes,
        0.5 * (charge[:, 1:] + charge[:, :-1]),
        groups,
        "battery charge",
        (low, 1.0),
    )
    grid[2].stairs(example["sunlit"], minutes, fill=True, color=ORANGE, alpha=0.7)
    grid[2].set(
        ylim=(0.0, 1.0), xlabel="minutes since the episode began", title="satellites in sunlight"
    )
    grid[2].yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    words = caption("one-episode", seed=example["seed"], policy=results.label(name))
    alt = (
        "Heat maps of accelerator use and battery charge, a row per satellite over the minutes "
        f"of one episode of {name}."
    )
    return picture("one-episode", "One episode, satellite by satellite", words, alt, figure)


def _heat(
    figure: Any,
    axes: Any,
    minutes: np.ndarray,
    table: np.ndarray,
    groups: list[str],
    title: str,
    span: tuple[float, float],
) -> None:
    mesh = axes.pcolormesh(
        minutes,
        np.arange(len(groups) + 1),
        table,
        cmap=SEQUENTIAL,
        vmin=span[0],
        vmax=span[1],
        rasterized=True,
    )
    axes.set_yticks(np.arange(len(groups)) + 0.5, groups, fontsize=7)
    axes.tick_params(axis="y", length=0)
    axes.invert_yaxis()
    axes.set_title(title)
    figure.colorbar(mesh, ax=axes, format=PercentFormatter(1.0, decimals=0), pad=0.01, aspect=18)


# --- where tasks ran


def places(results: Results, names: list[str]) -> Picture:
    """Where tasks ran, stacked to 100 %, one bar per policy."""
    assert results.details is not None
    counts = np.array(
        [np.sum(results.details["policies"][name]["places"], axis=0) for name in names], dtype=float
    )
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1.0)
    figure, axes = subplots(height_in=ROW_IN * len(names) + 1.2)
    left = np.zeros(len(names))
    for index, place in enumerate(results.details["place_names"]):
        bars = axes.barh(
            range(len(names)),
            shares[:, index],
            left=left,
            color=PLACE_COLOURS[index],
            edgecolor=SURFACE,
            label=place,
        )
        for bar, share in zip(bars, shares[:, index]):
            if share >= 0.07:
                colour = ("#ffffff", "#000000", "#000000", INK)[index]
                middle = bar.get_x() + share / 2
                axes.text(
                    middle,
                    bar.get_y() + bar.get_height() / 2,
                    f"{100 * share:.0f}",
                    ha="center",
                    va="center",
                    color=colour,
                    fontsize=8,
                )
        left += shares[:, index]
    axes.set_yticks(range(len(names)), [short(results.label(name)) for name in names])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set(xlim=(0.0, 1.0), xlabel="share of the released tasks")
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    figure.legend(loc="outside upper left", ncols=4)
    alt = "Stacked bars of places, one per policy, in per cent of the released tasks."
    return picture("places", "Where tasks ran", caption("places"), alt, figure)


def flow(results: Results, name: str) -> Picture:
    """Origin to node, as a matrix."""
    assert results.details is not None
    counts = (
        np.array(results.details["policies"][name]["flow"], dtype=float)
        / results.details["policies"][name]["n_episodes"]
    )
    rows, columns = (
        [*results.details["groups"], "users"],
        [*results.details["groups"], *results.details["datacentres"], "rejected"],
    )
    has_counts = counts.sum(axis=1) > 0.0
    counts, rows = counts[has_counts], [row for row, is_kept in zip(rows, has_counts) if is_kept]
    figure, axes = subplots(height_in=0.3 * len(rows) + 1.8)
    scale = plt.matplotlib.colors.PowerNorm(0.5, 0.0, max(float(counts.max(initial=0.0)), 1.0))
    mesh = axes.pcolormesh(
        np.ma.masked_equal(counts, 0.0),
        cmap=SEQUENTIAL,
        norm=scale,
        edgecolors=SURFACE,
        linewidth=1.0,
    )
    for (row, column), value in np.ndenumerate(counts):
        if value > 0.0:
            label = f"{value:.0f}" if value >= 9.5 else f"{value:.1f}"
            colour = text_colour(float(scale(value)))
            axes.text(
                column + 0.5, row + 0.5, label, ha="center", va="center", fontsize=6.5, color=colour
            )
    axes.invert_yaxis()
    axes.set_yticks(np.arange(len(rows)) + 0.5, rows, fontsize=7.5)
    axes.set_xticks(np.arange(len(columns)) + 0.5, columns, rotation=45, ha="right", fontsize=7.5)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set(xlabel="placed on", ylabel="appeared at")
    figure.colorbar(mesh, ax=axes, label="tasks per episode", pad=0.01, aspect=30)
    words = caption("flow", policy=results.label(name))
    alt = (
        f"Matrix of tasks per episode from origin to node under {name}; the numbers are in the "
        "cells."
    )
    role = "best" if name == results.names[0] else "reference"
    return picture(f"flow-{role}", f"Origin to node: {results.label(name)}", words, alt, figure)


def _line(look: Look) -> dict[str, Any]:
    return {"color": look.colour, "linestyle": look.dashes, "linewidth": 1.7}


def _handles(axes: Any) -> tuple[list[Any], list[str]]:
    """Handles and labels in rank order: curves are drawn worst first."""
    handles, labels = axes.get_legend_handles_labels()
    return handles[::-1], labels[::-1]
