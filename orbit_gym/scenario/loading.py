"""Reading scenarios: catalogue names, TOML files, plain dicts.

``extends``, overrides, and the way back to a dict.

A builder goes over the dataclass fields and their types, so that a new field of a Scenario is read,
checked and written back without a line here.
"""

import dataclasses
import difflib
import os
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from numbers import Integral, Real
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from orbit_gym.scenario.scenario import Scenario

FOLDER = Path(__file__).resolve().parent / "catalogue"
FILE_KEYS = (
    "extends",
    "registered",
    "abstract",
)  # keys of a scenario file that are no fields of a Scenario
PATHS = (
    ("constellation", "tle_file"),
    ("constellation", "omm_file"),
    ("", "stations_file"),
)  # relative to the file that names them
NOT_INHERITED = ("name", "description", "registered", "abstract")

ScenarioSource = str | os.PathLike[str] | Mapping[str, Any] | Scenario

# What to type for a missing required key, where the type alone does not say it.
EXAMPLES = {
    "latitude_deg": "type it in degrees, north positive",
    "longitude_deg": "type it in degrees, east positive",
    "line1": "type the first line of its TLE, which begins with '1 '",
    "line2": "type the second line of its TLE, which begins with '2 '",
    "release_s": "type the seconds after the episode's start, for example release_s = 30.0",
    "task_class": 'type for example task_class = "language_request"',
    "file": 'type its path, for example file = "trace.csv"',
    "form": 'type form = "azure" or form = "mooncake"',
    "task_classes": 'type for example task_classes = ["wildfire_alert"]',
    "constellation": "give [[constellation.satellites]], [[constellation.shells]], "
    "constellation.tle_file or constellation.omm_file",
    "name": 'type for example name = "Kiruna"',
}


def scenario_names() -> tuple[str, ...]:
    """Names that load_scenario knows: the registered ones first, then the variants."""
    return REGISTERED + VARIANTS


def load_scenario(source: ScenarioSource, overrides: Mapping[str, Any] | None = None) -> Scenario:
    """Scenario of a catalogue name, a path ending in .toml, a dict or a Scenario, with dotted
    overrides like workload.load.

    Raises ValueError with one sentence that names what is wrong and what is allowed.

    """
    if isinstance(source, Scenario):
        if not overrides:
            return source
        source = scenario_to_dict(source)
    if isinstance(source, Mapping):
        return _finish(_inherit(dict(source), Path.cwd(), ()), overrides)
    path = _locate(source, Path.cwd())
    try:
        return _finish(_read(path, ()), overrides)
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from error


def scenario_to_dict(scenario: Scenario) -> dict[str, Any]:
    """Plain dict of lists, dicts, text and numbers that JSON carries and load_scenario turns back
    exactly.
    """
    plain = _plain(dataclasses.asdict(scenario))
    assert isinstance(plain, dict)
    return plain


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    return value


# --- files and extends


def _locate(source: str | os.PathLike[str], folder: Path) -> Path:
    text = os.fspath(source)
    if text.endswith(".toml"):
        path = folder / text
        if not path.is_file():
            raise ValueError(f"scenario file {text!r} does not exist")
        return path
    path = FOLDER / f"{text}.toml"
    if text not in _catalogue_files():
        raise ValueError(
            f"unknown scenario {text!r}; {choices(text, scenario_names())}, or give a path ending "
            "in .toml"
        )
    return path


def choices(word: str, names: Iterable[str]) -> str:
    """What may be typed in place of a word that is not among the names: the nearest of them, and
    all.
    """
    names = list(names)
    close = difflib.get_close_matches(word, names, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"{hint}choose from {', '.join(names)}"


def _parse(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not valid TOML: {error}") from error


def _read(path: Path, seen: tuple[Path, ...]) -> dict[str, Any]:
    """Merged table of a file and of what it extends; a file without a name takes the file's."""
    path = path.resolve()
    if path in seen:
        raise ValueError(
            f"extends goes in a circle: {' -> '.join(item.name for item in (*seen, path))}"
        )
    table = _parse(path)
    table.setdefault("name", path.stem)
    for section, key in PATHS:
        holder = table.get(section) if section else table
        if isinstance(holder, dict) and isinstance(holder.get(key), str) and holder[key]:
            holder[key] = str(path.parent / holder[key])
    _root_recordings(table.get("workload"), path.parent)
    return _inherit(table, path.parent, (*seen, path))


def _root_recordings(workload: Any, folder: Path) -> None:
    """Make the files of recorded work relative to the scenario file that names them."""
    for kind in ("traces", "events", "task_files"):
        entries = workload.get(kind) if isinstance(workload, dict) else None
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, dict) and isinstance(entry.get("file"), str) and entry["file"]:
                entry["file"] = str(folder / entry["file"])


def _inherit(table: dict[str, Any], folder: Path, seen: tuple[Path, ...]) -> dict[str, Any]:
    if "extends" not in table:
        return table
    if not isinstance(table["extends"], str):
        raise ValueError(
            f"extends must be a catalogue name or a path ending in .toml, got {table['extends']!r}"
        )
    base = _read(_locate(table["extends"], folder), seen)
    return _merge({key: value for key, value in base.items() if key not in NOT_INHERITED}, table)


def _merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Tables merge deeply; anything else, arrays too, is replaced."""
    merged = dict(base)
    for key, value in over.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _merge(merged[key], value) if both else value
    return merged


def _finish(table: dict[str, Any], overrides: Mapping[str, Any] | None) -> Scenario:
    for path, value in (overrides or {}).items():
        table = _merge(table, _override(path, value))
    scenario = _build(
        Scenario, {key: value for key, value in table.items() if key not in FILE_KEYS}, "scenario"
    )
    assert isinstance(scenario, Scenario)
    return scenario


def _override(path: str, value: Any) -> dict[str, Any]:
    """The table {a: {b: value}} of the dotted path "a.b", checked against the fields of a
    Scenario.
    """
    kind: Any = Scenario
    where = "scenario"
    for part in path.split("."):
        if _is_section(kind):
            allowed = _hints(kind)
            if part not in allowed:
                raise ValueError(f"override {path!r}: {_unknown(part, where, allowed)}")
            kind = allowed[part]
        elif get_origin(kind) is dict:
            kind = get_args(kind)[1]
        else:
            raise ValueError(f"override {path!r}: {where} has no parts to name; give it whole")
        where = part if where == "scenario" else f"{where}.{part}"
    table = value
    for part in reversed(path.split(".")):
        table = {part: table}
    assert isinstance(table, dict)
    return table


# --- dict -> dataclass


def _is_section(kind: Any) -> bool:
    return dataclasses.is_dataclass(kind)


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _unknown(key: str, where: str, allowed: Iterable[str]) -> str:
    allowed = list(allowed)
    close = difflib.get_close_matches(key, allowed, n=1)
    hint = f" did you mean {close[0]!r}?" if close else ""
    return f"unknown key {key!r} in {where};{hint} allowed: {', '.join(allowed)}"


def _build(kind: Any, value: Any, where: str) -> Any:
    """Value of the annotated type: dataclasses, tuples and dicts are built inside out."""
    if _is_section(kind):
        return _build_section(kind, value, where)
    if get_origin(kind) is tuple:
        if not isinstance(value, (list, tuple)):
            raise ValueError(f"{where} must be an array, got {value!r}")
        return tuple(
            _build(get_args(kind)[0], item, _label(where, index, item))
            for index, item in enumerate(value)
        )
    if get_origin(kind) is dict:
        if not isinstance(value, Mapping):
            raise ValueError(f"{where} must be a table, got {value!r}")
        return {
            str(key): _build(get_args(kind)[1], item, f"{where}.{key}")
            for key, item in value.items()
        }
    return _build_plain(kind, value, where)


def _label(where: str, index: int, item: Any) -> str:
    """How an error names the element of an array: station 'Kiruna', or shells[0] where it has no
    name.
    """
    if isinstance(item, Mapping) and isinstance(item.get("name"), str):
        return f"{where.rpartition('.')[2].removesuffix('s')} {item['name']!r}"
    return f"{where}[{index}]"


def _build_section(kind: Any, value: Any, where: str) -> Any:
    if isinstance(value, kind):
        return value
    if not isinstance(value, Mapping):
        raise ValueError(f"{where} must be a table, got {value!r}")
    hints = _hints(kind)
    for key in value:
        if key not in hints:
            raise ValueError(_unknown(str(key), where, hints))
    _check_complete(kind, value, where)
    inner = "" if where == "scenario" else f"{where}."
    built = {key: _build(hints[key], item, f"{inner}{key}") for key, item in value.items()}
    try:
        return kind(**built)
    except ValueError as error:
        if "'" in where or "[" in where:  # an element of an array: say which one
            raise ValueError(f"{where}: {error}") from error
        raise


def _check_complete(kind: Any, value: Mapping[str, Any], where: str) -> None:
    for item in dataclasses.fields(kind):
        is_required = (
            item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING
        )
        if is_required and item.name not in value:
            raise ValueError(
                f"{where} has no {item.name}; "
                f"{EXAMPLES.get(item.name, f'type for example {item.name} = 1.0')}"
            )


def _build_plain(kind: Any, value: Any, where: str) -> Any:
    is_bool = isinstance(value, bool)
    if kind is float and isinstance(value, Real) and not is_bool:
        return float(value)
    if kind is int and isinstance(value, Integral) and not is_bool:
        return int(value)
    if kind is bool and is_bool or kind is str and isinstance(value, str):
        return value
    wanted = {
        float: "a number",
        int: "a whole number",
        bool: "true or false",
        str: "text in quotes",
    }[kind]
    raise ValueError(f"{where} must be {wanted}, got {value!r}")


# --- the catalogue


@cache
def _catalogue_files() -> dict[str, dict[str, Any]]:
    return {path.stem: _parse(path) for path in sorted(FOLDER.glob("*.toml"))}


REGISTERED = tuple(name for name, table in _catalogue_files().items() if table.get("registered"))
VARIANTS = tuple(
    name
    for name, table in _catalogue_files().items()
    if not (table.get("registered") or table.get("abstract"))
)
