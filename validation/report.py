"""Agreement with authorities: python -m validation runs every comparison of validation
and prints one table.

--write puts the table into docs/results/validation.md. Ends with status 1 where a comparison lies
    beyond its tolerance.
"""

import importlib
import pkgutil
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro
from rich.console import Console
from rich.progress import track
from rich.table import Table

import validation
from orbit_gym.utils.errors import fail_cleanly
from orbit_gym.views.describe.docs_pages import replace_blocks
from orbit_gym.views.describe.docs_tables import markdown
from validation.rows import ABSENT, Row

ROOT = Path(__file__).resolve().parent.parent
HEADER = ("subject", "what is compared", "authority", "largest error", "tolerance", "holds")
BLOCK = "validation"


@dataclass(frozen=True)
class Options:
    """Compare the models with authorities, and print one table."""

    subjects: Annotated[tuple[str, ...], tyro.conf.Positional] = ()
    """Subjects to compare; none: all."""
    write: bool = False
    """Put the table into the document."""
    document: str = str(ROOT / "docs" / "results" / "validation.md")
    """Page with the generated block."""
    data: str = str(ROOT.parent / "shared" / "data")
    """Folder of reference data; rows that need it are skipped where it is absent."""


def measures() -> dict[str, Callable[[Path | None], list[Row]]]:
    """The measure of every subject: each module of validation that has one, by name."""
    measure_of = {}
    for module in pkgutil.iter_modules(validation.__path__):
        if not module.name.startswith("test_"):
            subject_module = importlib.import_module(f"{validation.__name__}.{module.name}")
            if hasattr(subject_module, "measure"):
                measure_of[module.name] = subject_module.measure
    return measure_of


def select_measures(subjects: Iterable[str]) -> dict[str, Callable[[Path | None], list[Row]]]:
    """The measures asked for; ValueError naming those that do not exist."""
    all_measures = measures()
    unknown = sorted(set(subjects) - set(all_measures))
    if unknown:
        raise ValueError(
            f"there is no subject {unknown[0]!r}; choose from {', '.join(all_measures)}"
        )
    return {name: all_measures[name] for name in subjects} if subjects else all_measures


def verdict(row: Row) -> str:
    """One word."""
    return "skipped" if row.error == ABSENT else "yes" if row.ok else "NO"


def cells(results: dict[str, list[Row]]) -> list[tuple[str, ...]]:
    """The table without its header."""
    return [
        (
            subject.replace("_", " "),
            row.quantity,
            row.authority,
            row.error,
            row.tolerance,
            verdict(row),
        )
        for subject, rows in results.items()
        for row in rows
    ]


def print_table(rows: Iterable[tuple[str, ...]]) -> None:
    """Print to the terminal, whole words however narrow it is."""
    table = Table(*HEADER, show_lines=False)
    for row in rows:
        table.add_row(
            *row, style="red" if row[-1] == "NO" else "yellow" if row[-1] == "skipped" else ""
        )
    Console().print(table)


def main() -> None:
    """Measure, print, write."""
    options = tyro.cli(Options)
    selection = select_measures(options.subjects)
    if options.write and options.subjects:
        raise ValueError("--write needs every subject: leave the subjects out")
    data = Path(options.data) if Path(options.data).is_dir() else None
    results = {
        name: measure(data)
        for name, measure in track(selection.items(), "comparing", transient=True)
    }
    rows = cells(results)
    print_table(rows)
    if options.write:
        path = Path(options.document)
        path.write_text(
            replace_blocks(path.read_text(encoding="utf-8"), {BLOCK: markdown(HEADER, rows)}),
            encoding="utf-8",
        )
        print(f"wrote {BLOCK} into {path}")
    if any(row[-1] == "NO" for row in rows):
        sys.exit(1)


if __name__ == "__main__":
    fail_cleanly(main)
