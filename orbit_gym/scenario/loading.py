"""Reading scenarios: catalogue names, TOML files, plain dicts, ``extends`` and overrides."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args, get_origin

from orbit_gym.scenario.building import (
    build_scenario,
    element_part,
    field_types,
    is_part,
    root_paths,
    scenario_to_dict,
    unknown_key,
)
from orbit_gym.scenario.inheritance import EVERY, merge, with_arrays
from orbit_gym.scenario.names import (
    FOLDER,
    REGISTERED,
    VARIANTS,
    ScenarioSource,
    add_scenario,
    added_scenarios,
    catalogue_files,
    parse_toml,
    scenario_names,
)
from orbit_gym.scenario.scenario import Scenario
from orbit_gym.utils.suggestions import choices

__all__ = [
    "FOLDER",
    "REGISTERED",
    "VARIANTS",
    "ScenarioSource",
    "add_scenario",
    "load_scenario",
    "scenario_names",
    "scenario_to_dict",
]

# keys of a scenario file that are no fields of a Scenario
FILE_KEYS = ("extends", "registered", "abstract")
NOT_INHERITED = ("name", "description", "registered", "abstract")


def load_scenario(source: ScenarioSource, overrides: Mapping[str, Any] | None = None) -> Scenario:
    """Return the Scenario of a catalogue name, a path ending in .toml, a dict or a Scenario.

    Overrides are dotted, like workload.load or stations.Kiruna.mask_deg. ValueError names what is
    wrong and what is allowed, in one sentence.
    """
    if isinstance(source, Scenario):
        if not overrides:
            return source
        source = scenario_to_dict(source)
    if isinstance(source, Mapping):
        return _finish(_inherit(dict(source), Path.cwd(), ()), overrides)
    origin = _locate(os.fspath(source), Path.cwd())
    try:
        return _finish(_read(origin, ()), overrides)
    except ValueError as error:
        raise ValueError(f"{_label(origin)}: {error}") from error


# --- files and extends

Origin = Path | str  # a file, or the name of a scenario that a package has added


def _locate(text: str, folder: Path) -> Origin:
    if text.endswith(".toml"):
        path = folder / text
        if not path.is_file():
            raise ValueError(f"scenario file {text!r} does not exist")
        return path.resolve()
    if text in catalogue_files():
        return FOLDER / f"{text}.toml"
    if text in added_scenarios():
        return text
    raise ValueError(
        f"unknown scenario {text!r}; {choices(text, scenario_names())}, or give a path ending "
        "in .toml"
    )


def _label(origin: Origin) -> str:
    return origin.name if isinstance(origin, Path) else origin


def _read(origin: Origin, ancestors: tuple[Origin, ...]) -> dict[str, Any]:
    """Return the merged table of a scenario and of what it extends."""
    chain = (*ancestors, origin)
    if origin in ancestors:
        raise ValueError(f"extends goes in a circle: {' -> '.join(map(_label, chain))}")
    if isinstance(origin, Path):
        return _inherit(_read_file(origin), origin.parent, chain)
    source = added_scenarios()[origin]
    if isinstance(source, Scenario):
        return scenario_to_dict(source) | {"name": origin}
    if isinstance(source, Mapping):
        return _inherit(dict(source), Path.cwd(), chain) | {"name": origin}
    return _read(_locate(os.fspath(source), Path.cwd()), chain) | {"name": origin}


def _read_file(path: Path) -> dict[str, Any]:
    """Return the table of a file, with its paths and, if it has no name, a name from there."""
    return {"name": path.stem, **root_paths(parse_toml(path), path.parent)}


def _inherit(table: dict[str, Any], folder: Path, chain: tuple[Origin, ...]) -> dict[str, Any]:
    if "extends" not in table:
        return with_arrays(table)
    if not isinstance(table["extends"], str):
        raise ValueError(
            f"extends must be a catalogue name or a path ending in .toml, got {table['extends']!r}"
        )
    base = _read(_locate(table["extends"], folder), chain)
    inherited = {key: value for key, value in base.items() if key not in NOT_INHERITED}
    return with_arrays(merge(inherited, table))


def _finish(table: dict[str, Any], overrides: Mapping[str, Any] | None) -> Scenario:
    for path, value in (overrides or {}).items():
        table = with_arrays(merge(table, _override(path, value, table)))
    return build_scenario({key: value for key, value in table.items() if key not in FILE_KEYS})


def _override(path: str, value: Any, table: Mapping[str, Any]) -> dict[str, Any]:
    """Return {a: {b: value}} for the dotted path "a.b", checked against a Scenario's fields."""
    kind: Any = Scenario
    parent, current = "scenario", table
    for key in path.split("."):
        if is_part(kind):
            if key not in field_types(kind):
                raise ValueError(f"override {path!r}: {unknown_key(key, parent, kind)}")
            kind = field_types(kind)[key]
        elif get_origin(kind) is dict:
            kind = get_args(kind)[1]
        else:
            kind = element_part(kind)
            _check_element(path, key, parent, kind, current)
        parent = key if parent == "scenario" else f"{parent}.{key}"
        current = current.get(key, {}) if isinstance(current, Mapping) else {}
    nested = value
    for key in reversed(path.split(".")):
        nested = {key: nested}
    assert isinstance(nested, dict)
    return nested


def _check_element(path: str, key: str, parent: str, part: Any, elements: Any) -> None:
    """Raise ValueError unless a key names an element of an array."""
    if part is None or "name" not in field_types(part):
        raise ValueError(f"override {path!r}: {parent} has no parts to name; give it whole")
    names = [element["name"] for element in elements] if isinstance(elements, list) else []
    if key not in (*names, EVERY):
        raise ValueError(
            f"override {path!r}: {parent} has no {key!r}; {choices(key, names)}, or give "
            f"{parent} whole"
        )
