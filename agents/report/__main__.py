"""Make a report again from stored results: ``python -m agents.report results/``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from agents.report.results import folders_of_results
from agents.report.write import write_report
from orbit_gym.utils.errors import fail_cleanly


@dataclass(frozen=True)
class Report:
    """Make report.html, report.md, figures/ and tables/ from stored results.

    Nothing is played again.
    """

    folders: Annotated[tuple[str, ...], tyro.conf.Positional]
    """Folders with a results.json, or one that holds such folders.

    Several make one report that compares them.
    """
    out: str = ""
    """Folder to write to; the folder itself if there is one."""
    reference: str = ""
    """Policy that paired differences are taken from; the evaluation's own if not given."""


def remake(options: Report) -> None:
    """Write the report and say where it is."""
    if not options.folders:
        raise ValueError("give a folder of results, such as: python -m agents.report results/")
    folders = folders_of_results(options.folders)
    out = (
        Path(options.out)
        if options.out
        else Path(options.folders[0])
        if len(options.folders) == 1
        else None
    )
    pages = write_report(folders, out, options.reference or None)
    print(f"wrote {' and '.join(str(path) for path in pages)}")


def main() -> None:
    """Command line."""
    fail_cleanly(lambda: remake(tyro.cli(Report)))


if __name__ == "__main__":
    main()
