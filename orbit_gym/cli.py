"""Command line: ``python -m orbit_gym describe Ring12``, ``... list``, ``... replay episode.log``
and ``... tables``.

Users' mistakes end as one line "error: ..." and exit code 2, never as a traceback.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import tyro

from orbit_gym.scenario import loading
from orbit_gym.utils.errors import fail_cleanly
from orbit_gym.views.describe.docs_pages import tables
from orbit_gym.views.describe.overview import UNBROKEN, description, list_table, show
from orbit_gym.views.episode_log import read_log
from orbit_gym.views.replay import write_czml, write_page

DEFAULT_SCENARIO = "ThreeBody12"


def list_scenarios() -> None:
    """Print every catalogue scenario with its description."""
    show(list_table(), UNBROKEN)


def describe(name: tyro.conf.Positional[str] = "", scenario: str = "", graph: bool = True) -> None:
    """Print what a scenario holds and what follows from it: eclipses, contacts, laser graph, load.

    ThreeBody12 if none is named.

    Args:
        name: a catalogue name, or a path ending in .toml
        scenario: the same, as an option
        graph: compile the first training day (some seconds) and print what follows from it

    """
    if name and scenario and name != scenario:
        raise ValueError(f"name one scenario, {name!r} or --scenario {scenario!r}")
    scenario_ = loading.load_scenario(name or scenario or DEFAULT_SCENARIO)
    for part in description(
        scenario_, graph
    ):  # made whole before the first line: a scenario that cannot be flown prints only its error
        show(part)


def replay(
    logs: tyro.conf.Positional[tuple[str, ...]], out: str = "replay.html", czml: str = ""
) -> None:
    """Write a page with a globe that plays one episode log, or two side by side.

    Two logs must be of the same episode.

    Args:
        logs: one or two files that agents.evaluate --record or RecordEpisode wrote
        out: the page to write: one file, no network needed to view it
        czml: also write the episode for Cesium to this file; one log only
    """
    if czml and len(logs) != 1:
        raise ValueError(f"--czml takes one episode log, got {len(logs)}")
    for path in filter(None, (out, czml)):
        if Path(path).is_dir():
            raise ValueError(f"cannot write {path}: it is a folder; name a file")
    read = [read_log(path) for path in logs]
    outputs = [write_page(out, read)]
    if czml:
        outputs.append(write_czml(czml, read[0]))
    print("\n".join(f"wrote {path} ({_size_text(path)})" for path in outputs))


def _size_text(path: Path) -> str:
    return f"{path.stat().st_size / 1e6:.2f} MB"


def main() -> None:
    """Entry point of the command ``orbit-gym`` and of ``python -m orbit_gym``."""
    commands: dict[str, Callable[..., Any]] = {
        "describe": describe,
        "list": list_scenarios,
        "replay": replay,
        "tables": tables,
    }
    fail_cleanly(
        lambda: tyro.extras.subcommand_cli_from_dict(
            commands, prog="orbit-gym", description="Scenarios, replays and tables of OrbitGym."
        )
    )
