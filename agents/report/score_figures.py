"""Pictures of scores over episodes: intervals, paired differences, performance profile, outcomes,
classes.
"""

from typing import Any

import numpy as np
from matplotlib.ticker import PercentFormatter

from agents.report.captions import caption
from agents.report.figure_style import (
    GREEN,
    GRID,
    INK,
    MUTED,
    ORANGE,
    PURPLE,
    SEQUENTIAL,
    SURFACE,
    Look,
    Picture,
    picture,
    plt,
    subplots,
    text_colour,
)
from agents.report.formatting import plural
from agents.report.results import Results
from agents.utils.statistics import profile_steps
from orbit_gym.simulation.metric_table import HEADLINE, SHARES
from orbit_gym.simulation.outcomes import TaskOutcome

ROW_IN = 0.27  # height of one policy's row
OUTCOME_COLOURS = {
    "in_time_share": GREEN,
    "late_share": ORANGE,
    "revoked_share": PURPLE,
    "rejected_share": GRID,
}
OUTCOME_LABELS = {
    "in_time_share": TaskOutcome.DELIVERED.word,
    "late_share": TaskOutcome.LATE.word,
    "revoked_share": TaskOutcome.LOST.word,
    "rejected_share": TaskOutcome.REJECTED.word,
}


def score_pictures(results: Results, look: dict[str, Look]) -> list[Picture]:
    """Every picture of scores that these results have the numbers for."""
    pictures = [served_value(results, look)]
    if len(results.names) > 1:
        pictures.append(differences(results, look))
    pictures.append(profile(results, look))
    return pictures


def served_value(results: Results, look: dict[str, Look]) -> Picture:
    """Headline of every policy: each episode, mean and interval, interquartile mean."""
    names = results.names
    figure, axes = subplots(height_in=ROW_IN * len(names) + 1.1)
    for row, name in enumerate(names):
        colour = look[name].colour if name in look else MUTED
        values, item = results.values(name, HEADLINE), results.estimate(name, HEADLINE)
        axes.plot(values, np.full(values.size, row), "|", color=colour, alpha=0.45, markersize=8)
        _interval(axes, row, item, colour)
        axes.plot(
            item.iqm,
            row,
            "D",
            markersize=4.5,
            markerfacecolor=SURFACE,
            markeredgecolor=colour,
            zorder=4,
        )
    _rows(axes, results, names)
    axes.set_xlabel("served value (value in time / relaxed bound)")
    axes.set_xlim(
        max(axes.get_xlim()[0], -0.02), min(axes.get_xlim()[1], 1.02)
    )  # intervals of few episodes reach beyond what can be
    words = caption("served-value", episodes=plural(results.n_episodes, "episode"))
    best = results.estimate(names[0], HEADLINE)
    alt = (
        f"Dots with intervals, one row per policy; the highest is {results.label(names[0])} at "
        f"{best.mean:.3f}."
    )
    return picture("served-value", "Served value", words, alt, figure)


def differences(results: Results, look: dict[str, Look]) -> Picture:
    """Paired difference of every policy from the reference, with each episode."""
    names = [name for name in results.names if name != results.reference]
    figure, axes = subplots(height_in=ROW_IN * len(names) + 1.1)
    axes.axvline(0.0, color=INK, linewidth=1.0)
    for row, name in enumerate(names):
        colour = look[name].colour if name in look else MUTED
        own_values, theirs = (
            results.by_seed(name, HEADLINE),
            results.by_seed(results.reference, HEADLINE),
        )
        differences = [own_values[seed] - theirs[seed] for seed in own_values if seed in theirs]
        axes.plot(
            differences, np.full(len(differences), row), "|", color=colour, alpha=0.45, markersize=8
        )
        _interval(axes, row, results.paired(name, results.reference), colour)
    _rows(axes, results, names)
    axes.set_xlabel(f"served value minus that of {results.label(results.reference)}, same episode")
    words = caption(
        "differences", reference=results.label(results.reference), comparisons=len(names)
    )
    shares = [
        results.label(name) for name in names if results.paired(name, results.reference).low > 0.0
    ]
    alt = (
        f"Paired differences from {results.reference}; surely above zero: "
        f"{', '.join(shares) or 'none'}."
    )
    return picture("differences", "Paired differences", words, alt, figure)


def profile(results: Results, look: dict[str, Look]) -> Picture:
    """Draw performance profiles: the share of episodes above each score.

    Agarwal et al., arXiv 2108.13264.
    """
    figure, axes = subplots(height_in=3.5)
    for name in reversed(results.names):
        scores, shares = profile_steps(results.values(name, HEADLINE))
        style: dict[str, Any] = {"color": MUTED, "linewidth": 0.8, "alpha": 0.5}
        if name in look:
            style = {
                "color": look[name].colour,
                "linestyle": look[name].dashes,
                "linewidth": 1.8,
                "label": short(results.label(name)),
            }
        axes.step(np.append(scores, 1.0), np.append(shares, 0.0), where="post", **style)
    axes.set(
        xlim=(0.0, 1.0),
        ylim=(0.0, 1.03),
        xlabel="served value τ",
        ylabel="episodes with a served value above τ",
    )
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.grid()
    _legend(axes, results, look)
    alt = "Falling step curves, one per policy, of the share of episodes above each served value."
    return picture("profile", "Performance profile", caption("profile"), alt, figure)


def outcomes(results: Results) -> Picture | None:
    """What became of the tasks, stacked to 100 %; None where the counts are missing."""
    kinds = [kind for kind in SHARES if results.has(kind)]
    if not {"in_time_share", "rejected_share"} <= set(kinds):
        return None
    names = results.names
    figure, axes = subplots(height_in=ROW_IN * len(names) + 1.2)
    left = np.zeros(len(names))
    for kind in ("in_time_share", "late_share", "revoked_share", "rejected_share"):
        means = (
            np.nan_to_num([results.estimate(name, kind).mean for name in names])
            if kind in kinds
            else np.zeros(len(names))
        )
        if not means.any():
            continue
        hatch = {"late_share": "////", "revoked_share": "xxx"}.get(kind)
        bars = axes.barh(
            range(len(names)),
            means,
            left=left,
            color=OUTCOME_COLOURS[kind],
            hatch=hatch,
            edgecolor=SURFACE,
            label=OUTCOME_LABELS[kind],
        )
        for bar, mean in zip(bars, means):
            if mean >= 0.07:
                colour, box = (INK, None) if kind == "rejected_share" else ("#000000", None)
                if hatch:
                    box = {"facecolor": OUTCOME_COLOURS[kind], "edgecolor": "none", "pad": 1.0}
                axes.text(
                    bar.get_x() + mean / 2, bar.get_y() + bar.get_height() / 2, f"{100 * mean:.0f}",
                    ha="center", va="center", color=colour,
                    fontsize=8, bbox=box,
                )  # fmt: skip
        left += means
    _rows(axes, results, names)
    axes.grid(visible=False)
    axes.set(xlim=(0.0, 1.0), xlabel="share of the released tasks")
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    figure.legend(loc="outside upper left", ncols=4)
    alt = "Stacked bars of outcomes, one per policy, in per cent of the released tasks."
    return picture("outcomes", "Outcomes", caption("outcomes"), alt, figure)


def classes(results: Results) -> Picture | None:
    """On-time rate of every class and policy, with the relaxed bound.

    None where the counts are missing.
    """
    names, kinds = results.names, results.classes
    if not kinds or f"{kinds[0]}.n_released" not in results.content["policies"][names[0]]:
        return None
    rates = np.array([[on_time_rate(results, name, kind) for kind in kinds] for name in names])
    bound = np.array([bound_of(results, kind) for kind in kinds])
    table = np.vstack([bound, rates])
    figure, axes = subplots(height_in=ROW_IN * len(table) + 1.7)
    axes.pcolormesh(
        np.ma.masked_invalid(table),
        cmap=SEQUENTIAL,
        vmin=0.0,
        vmax=1.0,
        edgecolors=SURFACE,
        linewidth=1.5,
    )
    for row, values in enumerate(table):
        for column, value in enumerate(values):
            if np.isfinite(value):
                label = f"{100 * value:.0f}"
                axes.text(
                    column + 0.5,
                    row + 0.5,
                    label,
                    ha="center",
                    va="center",
                    color=text_colour(value),
                    fontsize=8,
                )
    axes.axhline(1.0, color=INK, linewidth=1.5)
    axes.invert_yaxis()
    axes.set_yticks(
        np.arange(len(table)) + 0.5,
        ["relaxed bound", *(short(results.label(name)) for name in names)],
    )
    axes.set_xticks(
        np.arange(len(kinds)) + 0.5,
        [f"{kind}\n{_released(results, kind):,.0f}" for kind in kinds],
        rotation=35,
        ha="right",
    )
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    figure.colorbar(
        _scale(),
        ax=axes,
        format=PercentFormatter(1.0, decimals=0),
        label="delivered in time / released",
        pad=0.01,
        aspect=30,
    )
    alt = (
        "Table coloured by on-time rate, one row per policy and one column per task class; the "
        "numbers are in the cells."
    )
    return picture("classes", "On-time rate by class", caption("classes"), alt, figure)


def on_time_rate(results: Results, name: str, kind: str) -> float:
    """Tasks of a class delivered in time / released, over all episodes.

    NaN if none was released.
    """
    delivered, released = (
        np.nansum(results.values(name, f"{kind}.{count}"))
        for count in ("n_delivered", "n_released")
    )
    return float(delivered / released) if released else float("nan")


def bound_of(results: Results, kind: str) -> float:
    """Return the share of a class's released tasks that are feasible on the relaxed system.

    Over the episodes of the policy that played most.
    """
    name = max(results.names, key=lambda policy: results.values(policy, HEADLINE).size)
    feasible, released = (
        results.values(name, f"{kind}.{metric}") for metric in ("feasible_fraction", "n_released")
    )
    return (
        float(np.nansum(feasible * released) / np.nansum(released))
        if feasible.size and np.nansum(released)
        else float("nan")
    )


def _released(results: Results, kind: str) -> float:
    """Mean over the episodes; the same for every policy."""
    values = results.values(results.names[0], f"{kind}.n_released")
    return float(np.nansum(values) / max(values.size, 1))


def short(label: str, n_characters: int = 30) -> str:
    """A label that fits beside a picture: the end of a path says most."""
    return label if len(label) <= n_characters else f"…{label[-n_characters + 1 :]}"


def _interval(axes: Any, row: int, item: Any, colour: str) -> None:
    """Mean and interval in one row."""
    if np.isfinite(item.low):
        axes.plot(
            [item.low, item.high],
            [row, row],
            color=colour,
            linewidth=2.2,
            solid_capstyle="butt",
            zorder=3,
        )
    axes.plot(item.mean, row, "o", color=colour, markersize=6, zorder=3)


def _rows(axes: Any, results: Results, names: list[str]) -> None:
    """One row per policy, the best above."""
    axes.set_yticks(range(len(names)), [short(results.label(name)) for name in names])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")


def _legend(axes: Any, results: Results, look: dict[str, Look]) -> None:
    """Policies in rank order beside the curves; those in grey share one entry."""
    handles, labels = axes.get_legend_handles_labels()
    pairs = list(zip(handles, labels))[::-1]
    if len(results.names) > len(look):
        pairs.append(
            (
                plt.Line2D([], [], color=MUTED, linewidth=0.8),
                f"{len(results.names) - len(look)} others",
            )
        )
    axes.legend(*zip(*pairs), loc="center left", bbox_to_anchor=(1.0, 0.5))


def _scale() -> Any:
    return plt.cm.ScalarMappable(plt.Normalize(0.0, 1.0), SEQUENTIAL)
