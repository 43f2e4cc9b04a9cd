"""One self-contained HTML page: no script, font, style or picture from outside."""

import json
import math
from typing import Any, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from agents.report.configuration import blocks, facts, summary
from agents.report.figure_style import Picture, for_page
from agents.report.formatting import BOLD, COLUMNS, half_width, number, with_interval
from agents.report.results import Estimate, Results
from orbit_gym.simulation.metric_table import HEADLINE, Metric

TEMPLATE = "page.html.j2"


class Section(NamedTuple):
    """Pictures under one heading; left out of the page where there are none."""

    name: str
    title: str
    pictures: list[Picture]


class Chapter(NamedTuple):
    """Everything about one folder of results."""

    results: Results
    prefix: str  # of anchors
    sections: list[Section]


class Cell(NamedTuple):
    """One cell of the comparison."""

    text: str
    sort: float | None  # exact value; None is sorted last
    is_best: bool = False


def page(chapters: list[Chapter], overview: list[Picture]) -> str:
    """The whole page as text."""
    environment = Environment(
        loader=PackageLoader("agents.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    title = ", ".join(
        dict.fromkeys(str(chapter.results.content["scenario"]) for chapter in chapters)
    )
    return environment.get_template(TEMPLATE).render(
        title=title,
        bold=BOLD,
        overview=[_picture_fields(picture) for picture in overview],
        chapters=[_chapter(chapter) for chapter in chapters],
    )


def shown_columns(results: Results) -> list[Metric]:
    """Columns that these results have.

    A share that is nil everywhere (nothing lost, faults off) is left out.
    """
    columns = [column for column in COLUMNS if results.has(column.name)]
    nil = {
        c.name
        for c in columns
        if c.name == "revoked_share"
        and not any(results.values(n, c.name).any() for n in results.names)
    }
    return [column for column in columns if column.name not in nil]


def rows(results: Results) -> list[dict[str, Any]]:
    """Return one row per policy, best first.

    Cells of the columns, and the difference from the reference.
    """
    columns = shown_columns(results)
    winners = {
        c.name: results.winner(c.name, c.is_high_good)
        for c in columns
        if c.is_high_good is not None
    }
    rows = []
    for name in results.names:
        cells = []
        for column in columns:
            item = results.estimate(name, column.name)
            text = (
                with_interval(item)
                if column.name == HEADLINE
                else number(item.mean, column.kind, _width(item, column))
            )
            cells.append(Cell(text, _finite(item.mean), winners.get(column.name) == name))
        headline = results.estimate(name, HEADLINE)
        rows.append(
            {
                "name": name,
                "label": results.label(name),
                "cells": cells,
                "iqm": Cell(
                    number(headline.iqm, "fraction", half_width(headline)), _finite(headline.iqm)
                ),
                "n": int(headline.n),
                "difference": difference(results, name, results.reference),
            }
        )
    return rows


def difference(results: Results, name: str, other: str) -> dict[str, Any]:
    """A paired difference as the page shows it.

    Bold only where it is above zero with its whole interval.
    """
    item = results.paired(name, other)
    if name == other:
        return {"text": "reference", "better": "", "sort": 0.0, "bold": False}
    if not item.n:
        return {"text": "–", "better": "no common episode", "sort": None, "bold": False}
    return {
        "text": with_interval(item, signed=True),
        "better": f"{item.better} of {item.n}",
        "sort": _finite(item.mean),
        "bold": item.low > 0.0,
    }


def _width(item: Estimate, column: Metric) -> float:
    """Half-widths decide the digits of fractions and shares; counts and seconds have fixed ones."""
    return half_width(item) if column.kind == "fraction" else math.nan


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _picture_fields(picture: Picture) -> dict[str, Any]:
    return {
        "name": picture.name,
        "title": picture.title,
        "caption": picture.caption,
        "svg": Markup(for_page(picture)),
    }


def _chapter(chapter: Chapter) -> dict[str, Any]:
    results = chapter.results
    pairs = {
        other: {name: difference(results, name, other) for name in results.names}
        for other in results.names
    }
    return {
        "prefix": chapter.prefix,
        "title": results.title,
        "summary": summary(results),
        "columns": shown_columns(results),
        "rows": rows(results),
        "reference": results.reference,
        "pairs": Markup(json.dumps(pairs).replace("<", "\\u003c")),
        "n_episodes": results.n_episodes,
        "has_details": results.details is not None,
        "sections": [
            {
                "name": section.name,
                "title": section.title,
                "pictures": [_picture_fields(picture) for picture in section.pictures],
            }
            for section in chapter.sections
            if section.pictures
        ],
        "facts": facts(results),
        "blocks": blocks(results),
    }
