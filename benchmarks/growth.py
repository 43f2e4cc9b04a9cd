"""How time and memory grow: python -m benchmarks.growth [--write] [--remeasure]. Satellites,
candidates, load and horizon, one at a time.

Every point is measured in a process of its own and kept in docs/figures/growth.json; points that
are there are not measured again, so that a run that was stopped goes on where it was. Processor
seconds, which other work on the machine disturbs little.
"""

import json
import math
import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tyro
from rich.console import Console
from rich.table import Table
from tqdm import tqdm

from benchmarks.growth_plots import Points, draw, exponent
from benchmarks.growth_points import CURVES, is_there, measure
from orbit_gym.utils.errors import fail_cleanly
from orbit_gym.views.describe.docs_pages import replace_blocks
from orbit_gym.views.describe.docs_tables import markdown

ROOT = Path(__file__).resolve().parent.parent
HEADER = (
    "curve",
    "value",
    "µs a step",
    "decisions",
    "World",
    "State",
    "in use",
    "peak of the process",
    "World opened and load measured",
)
FIT_HEADER = (
    "against",
    "points",
    "µs a step, first to last",
    "exponent of time",
    "exponent of World",
    "exponent of State in use",
)
BLOCK = "growth"


@dataclass(frozen=True)
class Options:
    """Measure how time and memory grow, draw the curves and fit exponents."""

    curves: tuple[str, ...] = tuple(CURVES)
    """Which of them."""
    values: tuple[float, ...] = ()
    """Only these points of them; none: all."""
    remeasure: bool = False
    """Measure points that are there already."""
    draw_only: bool = False
    """Measure nothing; draw and print what is there."""
    write: bool = False
    """Put the table of exponents into the document."""
    seconds: float = 15.0
    """Most processor time for choosing a point's actions."""
    figures: Path = ROOT / "docs" / "figures" / "growth.json"
    """File of the points."""
    images: Path = ROOT / "docs" / "images"
    """Folder of the pictures."""
    document: Path = ROOT / "docs" / "lab" / "performance.md"
    """Page with the generated block."""


def check(options: Options) -> None:
    """ValueError naming what cannot be done."""
    for name in options.curves:
        if name not in CURVES:
            raise ValueError(f"there is no curve {name!r}; choose from {', '.join(CURVES)}")
    allowed = {value for name in options.curves for value in CURVES[name].values}
    for value in options.values:
        if value not in allowed:
            raise ValueError(
                f"no curve has a point at {value:g}; choose from "
                f"{', '.join(f'{one:g}' for one in sorted(allowed))}"
            )
    if not options.seconds > 0.0:
        raise ValueError(f"seconds must be positive, got {options.seconds:g}")


def read(path: Path) -> dict[str, Points]:
    """Points measured so far, by curve and value; ValueError where the file is not one of ours."""
    if not path.exists():
        return {}
    try:
        curves = json.loads(path.read_text(encoding="utf-8"))
        return {
            name: {float(value): point for value, point in points.items()}
            for name, points in curves.items()
        }
    except (ValueError, AttributeError) as error:
        raise ValueError(
            f"{path} must be a file of figures that this benchmark wrote; move it away ({error})"
        ) from None


def write(path: Path, figures: dict[str, Points]) -> None:
    """Write every point; at every moment the file is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    plain = {
        name: {f"{value:g}": figures[name][value] for value in sorted(figures[name])}
        for name in CURVES
        if figures.get(name)
    }
    part_path = path.with_suffix(".part")
    part_path.write_text(json.dumps(plain, indent=1) + "\n", encoding="utf-8")
    os.replace(part_path, path)


def missing(options: Options, figures: dict[str, Points]) -> Iterator[tuple[str, float]]:
    """Points to measure, cheap ones first as the curves list them."""
    for name in options.curves:
        for value in CURVES[name].values:
            is_asked = not options.values or value in options.values
            if (
                is_asked
                and is_there(name, value)
                and (options.remeasure or float(value) not in figures.get(name, {}))
            ):
                yield name, float(value)


def in_own_process(name: str, value: float, seconds: float) -> dict[str, Any]:
    """Measure a point in a new process, whose peak memory is then its own."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(measure, name, value, seconds).result()


def measure_missing(options: Options, figures: dict[str, Points]) -> None:
    """Measure what is not there, and write after every point.

    One that fails is told and left out.
    """
    todo = list(missing(options, figures))
    bar = tqdm(todo, unit="point", disable=None)
    for name, value in bar:
        bar.set_description(f"{name} {value:g}")
        try:
            point = in_own_process(name, value, options.seconds)
        except (BrokenProcessPool, MemoryError, ValueError) as error:
            print(f"{name} {value:g} is left out: {str(error) or type(error).__name__}", flush=True)
            continue
        figures.setdefault(name, {})[value] = _with_longest_opening(
            point, figures.get(name, {}).get(value)
        )
        write(options.figures, figures)


def _with_longest_opening(point: dict[str, Any], earlier: dict[str, Any] | None) -> dict[str, Any]:
    """The point, with the slowest opening known so far: the first compiles the World, later ones
    find it on disk.
    """
    slowest = max(
        (one for one in (point, (earlier or {}).get("first", earlier)) if one),
        key=lambda one: one["ready_s"],
    )
    return (
        point
        if slowest is point
        else {**point, "first": {key: slowest[key] for key in ("ready_s", "peak_rss_bytes")}}
    )


def megabytes(size: float) -> str:
    """Size in MB, three digits."""
    return f"{size / 1e6:,.3g} MB" if size < 999.5e6 else f"{size / 1e6:,.0f} MB"


def rows(figures: dict[str, Points]) -> Iterator[tuple[str, ...]]:
    """One row a point."""
    for name, points in figures.items():
        for value, point in sorted(points.items()):
            yield (
                name.replace("_", "-"),
                f"{value:,g}",
                f"{point['step_us']:,.1f}",
                f"{point['decisions']:,}"
                + (
                    ""
                    if point["decisions"] == point["of_decisions"]
                    else f" of {point['of_decisions']:,}"
                ),
                *(
                    megabytes(point[key])
                    for key in ("world_bytes", "state_bytes", "used_bytes", "peak_rss_bytes")
                ),
                f"{point['ready_s']:.1f} s",
            )


def fits(figures: dict[str, Points]) -> Iterator[tuple[str, ...]]:
    """One row a curve: its range and exponents."""
    for name, points in figures.items():
        curve = CURVES[name]
        fitted_values = [
            value for value in sorted(points) if curve.fit_from <= value <= curve.fit_to
        ]
        if len(fitted_values) < 2:
            continue
        first, last = points[fitted_values[0]], points[fitted_values[-1]]
        slopes = [
            exponent(curve, points, figure) for figure in ("step_us", "world_bytes", "used_bytes")
        ]
        yield (
            curve.label,
            f"{fitted_values[0]:,g} to {fitted_values[-1]:,g}",
            f"{first['step_us']:,.1f} to {last['step_us']:,.1f}",
            *("-" if math.isnan(slope) else f"{slope:.2f}" for slope in slopes),
        )


def print_table(header: tuple[str, ...], lines: list[tuple[str, ...]]) -> None:
    """To the terminal."""
    table = Table(*header)
    for line in lines:
        table.add_row(*line)
    Console().print(table)


def main() -> None:
    """Measure, draw, print, write."""
    options = tyro.cli(Options, description=__doc__)
    check(options)
    figures = read(options.figures)
    if not options.draw_only:
        measure_missing(options, figures)
    for name in figures:
        draw(name, figures[name], options.images)
    print_table(HEADER, list(rows(figures)))
    lines = list(fits(figures))
    print_table(FIT_HEADER, lines)
    lost = [
        f"{name} {value:g}"
        for name, points in figures.items()
        for value, point in points.items()
        if point["plans_lost"]
    ]
    if lost:
        print(
            "a pool was full, plans were lost, and the step looks cheaper than it is: "
            f"{', '.join(lost)}"
        )
    if options.write:
        text = options.document.read_text(encoding="utf-8")
        options.document.write_text(
            replace_blocks(text, {BLOCK: markdown(FIT_HEADER, lines)}), encoding="utf-8"
        )
        print(f"wrote {BLOCK} into {options.document}")


if __name__ == "__main__":
    fail_cleanly(main)
