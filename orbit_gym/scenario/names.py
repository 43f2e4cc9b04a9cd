"""Names of scenarios: those of the catalogue, and those that packages add."""

import os
import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from orbit_gym.scenario.scenario import Scenario
from orbit_gym.utils.plugins import install_plugins

FOLDER = Path(__file__).resolve().parent / "catalogue"

ScenarioSource = str | os.PathLike[str] | Mapping[str, Any] | Scenario


def parse_toml(path: Path) -> dict[str, Any]:
    """Return the table of a TOML file; ValueError names file and line of a syntax error."""
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not valid TOML: {error}") from error


@cache
def catalogue_files() -> dict[str, dict[str, Any]]:
    """Return the tables of all catalogue files by name, those that are no scenario too."""
    return {path.stem: parse_toml(path) for path in sorted(FOLDER.glob("*.toml"))}


REGISTERED = tuple(name for name, table in catalogue_files().items() if table.get("registered"))
VARIANTS = tuple(
    name
    for name, table in catalogue_files().items()
    if not (table.get("registered") or table.get("abstract"))
)
_added: dict[str, ScenarioSource] = {}


def scenario_names() -> tuple[str, ...]:
    """Return the names that load_scenario knows.

    The registered ones come first, then the variants, then those of packages.
    """
    return REGISTERED + VARIANTS + tuple(added_scenarios())


def added_scenarios() -> dict[str, ScenarioSource]:
    """Return the scenarios that packages have added, by name."""
    install_plugins("orbit_gym.scenarios", _add_plugin)
    return _added


def add_scenario(name: str, source: ScenarioSource) -> None:
    """Let a source be found under a name; ValueError for a name that another scenario has."""
    if name in catalogue_files() or _added.get(name, source) != source:
        raise ValueError(f"there is a scenario {name!r} already; choose another name")
    if not name or name.endswith(".toml") or "/" in name:
        raise ValueError(
            f"a scenario's name must be a word that is no path, for example 'MyRing'; got {name!r}"
        )
    _added[name] = source


def _add_plugin(name: str, value: ScenarioSource | Callable[[], ScenarioSource]) -> None:
    source = value() if callable(value) else value
    if not isinstance(source, (str, os.PathLike, Mapping, Scenario)):
        raise TypeError(
            "a scenario must be a path ending in .toml, a dict, a Scenario or a function that "
            f"returns one, got {source!r}"
        )
    add_scenario(name, source)
