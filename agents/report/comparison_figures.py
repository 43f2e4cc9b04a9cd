"""Pictures across several folders of results: scenarios or loads side by side."""

import numpy as np

from agents.report.captions import caption
from agents.report.figure_style import (
    MUTED,
    SEQUENTIAL,
    SURFACE,
    Picture,
    looks,
    picture,
    subplots,
    text_colour,
)
from agents.report.results import Results
from agents.report.score_figures import ROW_IN, short
from orbit_gym.simulation.metric_table import HEADLINE

LOAD = "workload.load"


def comparison_pictures(all_results: list[Results]) -> list[Picture]:
    """Served value by policy and folder; by load too where the folders differ in nothing else."""
    pictures = [side_by_side(all_results)]
    if loads_of(all_results):
        pictures.append(by_load(all_results))
    return pictures


def loads_of(all_results: list[Results]) -> list[float]:
    """Load of each folder if they are one scenario at different loads, else an empty list."""
    scenarios = {results.content["scenario"] for results in all_results}
    other_names = {
        tuple(sorted((k, v) for k, v in results.content.get("overrides", {}).items() if k != LOAD))
        for results in all_results
    }
    loads = [_load(results) for results in all_results]
    is_one = (
        len(scenarios) == 1
        and len(other_names) == 1
        and np.isfinite(loads).all()
        and len(set(loads)) == len(loads)
    )
    return loads if is_one else []


def _load(results: Results) -> float:
    """Load that was typed or that the scenario has; NaN if neither is known."""
    scenario_fields = (results.content.get("about") or {}).get("scenario") or {}
    return float(
        results.content.get("overrides", {}).get(
            LOAD, scenario_fields.get("workload", {}).get("load", float("nan"))
        )
    )


def policies_of(all_results: list[Results]) -> list[str]:
    """Policies of all folders, best mean of means first."""
    names = dict.fromkeys(name for results in all_results for name in results.names)
    return sorted(
        names,
        key=lambda name: (
            -np.mean([r.estimate(name, HEADLINE).mean for r in all_results if name in r.names])
        ),
    )


def side_by_side(all_results: list[Results]) -> Picture:
    """Mean served value, a row per policy and a column per folder."""
    names = policies_of(all_results)
    table = np.array(
        [
            [r.estimate(name, HEADLINE).mean if name in r.names else np.nan for r in all_results]
            for name in names
        ]
    )
    figure, axes = subplots(height_in=ROW_IN * len(names) + 1.6)
    axes.pcolormesh(
        np.ma.masked_invalid(table),
        cmap=SEQUENTIAL,
        vmin=0.0,
        vmax=1.0,
        edgecolors=SURFACE,
        linewidth=1.5,
    )
    for (row, column), value in np.ndenumerate(table):
        if np.isfinite(value):
            axes.text(
                column + 0.5,
                row + 0.5,
                f"{value:.3f}",
                ha="center",
                va="center",
                color=text_colour(value),
                fontsize=8,
            )
    axes.invert_yaxis()
    axes.set_yticks(np.arange(len(names)) + 0.5, [short(name) for name in names])
    axes.set_xticks(
        np.arange(len(all_results)) + 0.5,
        [short(r.title) for r in all_results],
        rotation=20,
        ha="right",
    )
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    alt = "Table of mean served values; the numbers are in the cells."
    return picture(
        "side-by-side", "Served value side by side", caption("side-by-side"), alt, figure
    )


def by_load(all_results: list[Results]) -> Picture:
    """Served value against load, with intervals."""
    loads = loads_of(all_results)
    order = np.argsort(loads)
    first = all_results[0]
    look = looks(first.focus(), first.reference)
    figure, axes = subplots(height_in=3.5)
    for name in reversed(policies_of(all_results)):
        items = [
            (loads[i], all_results[i].estimate(name, HEADLINE))
            for i in order
            if name in all_results[i].names
        ]
        at, means = [load for load, _ in items], [item.mean for _, item in items]
        if name not in look:
            axes.plot(at, means, color=MUTED, linewidth=0.8, alpha=0.5)
            continue
        errors = np.abs(np.array([[item.low, item.high] for _, item in items]).T - means)
        own_look = look[name]
        axes.errorbar(
            at,
            means,
            errors,
            color=own_look.colour,
            linestyle=own_look.dashes,
            marker=own_look.marker,
            capsize=3,
            label=short(first.label(name)),
        )
    axes.set(xlabel="load (offered node-seconds / available)", ylabel="served value")
    axes.set_ylim(max(axes.get_ylim()[0], -0.02), min(axes.get_ylim()[1], 1.02))
    axes.grid()
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(handles[::-1], labels[::-1], loc="center left", bbox_to_anchor=(1.0, 0.5))
    return picture(
        "by-load",
        "Served value by load",
        caption("by-load"),
        "Lines of served value against load, one per policy.",
        figure,
    )
