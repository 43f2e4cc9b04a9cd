"""Writing a report: from folders of results to report.html, report.md, pictures and tables."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agents.report.comparison_figures import comparison_pictures
from agents.report.episode_figures import detail_pictures, flow_pictures
from agents.report.figure_style import Picture, for_file, looks, styled
from agents.report.html import Chapter, Section, page
from agents.report.markdown import markdown
from agents.report.results import DETAILS, Results, load
from agents.report.score_figures import classes, outcomes, score_pictures
from agents.report.tables import write_tables
from agents.report.training_figures import curve_pictures
from agents.utils.checkpoints import write_atomically

PAGE, TEXT, FIGURES, TABLES = "report.html", "report.md", "figures", "tables"


def write_details(folder: Path, details: dict[str, Any] | None) -> None:
    """Write details.json on one line per policy, or take away an old one where there are none."""
    path = folder / DETAILS
    if details is None:
        path.unlink(missing_ok=True)
        return
    text = json.dumps(details, allow_nan=False, separators=(",", ":"))
    write_atomically(path, lambda temporary: temporary.write_text(text + "\n", encoding="utf-8"))


def write_report(
    folders: Sequence[Path], out: Path | None = None, reference: str | None = None
) -> list[Path]:
    """Write report.html, report.md, figures/ and tables/, and return page and text.

    Into `out`, the folder itself if there is one.

    ValueError with one sentence, before anything is written, for a folder without results.
    """
    all_results = [load(folder, reference) for folder in folders]
    if out is None:
        if len(all_results) != 1:
            raise ValueError(
                f"{len(all_results)} folders of results make one report: say where with --out"
            )
        out = folders[0]
    out.mkdir(parents=True, exist_ok=True)
    with styled():
        chapters = [
            chapter(results, f"{index}-" if len(all_results) > 1 else "")
            for index, results in enumerate(all_results, 1)
        ]
        overview = comparison_pictures(all_results) if len(all_results) > 1 else []
    _write_pictures(
        out / FIGURES,
        [
            *overview,
            *(
                picture
                for chapter in chapters
                for section in chapter.sections
                for picture in section.pictures
            ),
        ],
    )
    for index, results in enumerate(all_results, 1):
        write_tables(results, out / TABLES / str(index) if len(all_results) > 1 else out / TABLES)
    html, text = page(chapters, overview), markdown(chapters, overview, FIGURES)
    write_atomically(out / TEXT, lambda temporary: temporary.write_text(text, encoding="utf-8"))
    write_atomically(out / PAGE, lambda temporary: temporary.write_text(html, encoding="utf-8"))
    return [out / PAGE, out / TEXT]


def chapter(results: Results, prefix: str = "") -> Chapter:
    """Everything about one folder of results; the prefix keeps names of pictures apart."""
    look = looks(results.focus(), results.reference)
    tasks = [picture for picture in (outcomes(results), classes(results)) if picture is not None]
    details = detail_pictures(results, look)
    sections = [
        Section("scores", "Scores", score_pictures(results, look)),
        Section("tasks", "What became of the tasks", tasks),
        Section("latencies", "Latency", details[:2]),
        Section("time", "Use and charge over time", details[2:]),
        Section("flow", "Where tasks ran", flow_pictures(results)),
        Section("learning", "Learning curves", curve_pictures(results)),
    ]
    return Chapter(results, prefix, [_prefixed(section, prefix) for section in sections])


def _prefixed(section: Section, prefix: str) -> Section:
    """Pictures get names of their own where a report has several chapters."""

    def renamed(picture: Picture) -> Picture:
        old, new = picture.name, prefix + picture.name
        svg = (
            picture.svg.replace(f'id="{old}-', f'id="r{new}-')
            .replace(f"url(#{old}-", f"url(#r{new}-")
            .replace(f'href="#{old}-', f'href="#r{new}-')
        )
        return picture._replace(name=new, svg=svg)

    return (
        section._replace(pictures=[renamed(picture) for picture in section.pictures])
        if prefix
        else section
    )


def _write_pictures(folder: Path, pictures: Sequence[Picture]) -> None:
    """Write every picture as an SVG file, and take away those of an earlier report."""
    folder.mkdir(exist_ok=True)
    for picture in pictures:
        text = for_file(picture)
        write_atomically(
            folder / f"{picture.name}.svg",
            lambda temporary, text=text: temporary.write_text(  # type: ignore[misc]
                text, encoding="utf-8"
            ),
        )
    for old in set(folder.glob("*.svg")) - {folder / f"{picture.name}.svg" for picture in pictures}:
        old.unlink()
