"""From plain tables to the dataclasses of a Scenario, and back.

It goes over the dataclass fields and their types, so that a new field of a Scenario is read,
checked and written back without a line here.
"""

import dataclasses
from collections.abc import Mapping
from functools import cache
from numbers import Integral, Real
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from orbit_gym.scenario.scenario import Scenario
from orbit_gym.utils.suggestions import did_you_mean

# What to type for a missing required key, where the type alone does not say it.
EXAMPLES = {
    "latitude_deg": "type it in degrees, north positive",
    "longitude_deg": "type it in degrees, east positive",
    "line1": "type the first line of its TLE, which begins with '1 '",
    "line2": "type the second line of its TLE, which begins with '2 '",
    "release_s": "type the seconds after the episode's start, for example release_s = 30.0",
    "task_class": 'type for example task_class = "language_request"',
    "file": 'type its path, for example file = "trace.csv"',
    "form": 'type form = "azure" or form = "mooncake"; for an orbit file form = "oem"',
    "task_classes": 'type for example task_classes = ["wildfire_alert"]',
    "constellation": "give [[constellation.satellites]], [[constellation.shells]], "
    "constellation.tle_file, omm_file, oem_file or orbit_files",
    "name": 'type for example name = "Kiruna"',
}
TYPE_WORDS = {
    float: "a number",
    int: "a whole number",
    bool: "true or false",
    str: "text in quotes",
}


def scenario_to_dict(scenario: Scenario) -> dict[str, Any]:
    """Return a plain dict that JSON carries and load_scenario turns back exactly."""
    plain = _plain(dataclasses.asdict(scenario))
    assert isinstance(plain, dict)
    return plain


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    return value


def build_scenario(table: Mapping[str, Any]) -> Scenario:
    """Return the Scenario of a table; ValueError says what is wrong and what is allowed."""
    scenario = _build(Scenario, table, "scenario")
    assert isinstance(scenario, Scenario)
    return scenario


@cache
def field_types(part: type) -> dict[str, Any]:
    """Return the annotated type of each field of a part."""
    return get_type_hints(part)


def is_part(kind: Any) -> bool:
    """Tell whether a type is one of the dataclasses that a scenario is made of."""
    return dataclasses.is_dataclass(kind)


def element_part(kind: Any) -> Any:
    """Return the part that the elements of an array are; None for any other type."""
    if get_origin(kind) is tuple and is_part(get_args(kind)[0]):
        return get_args(kind)[0]
    return None


def root_paths(table: Mapping[str, Any], folder: Path, part: type = Scenario) -> dict[str, Any]:
    """Return the table of a part with its relative paths made relative to a folder."""
    rooted = dict(table)
    for item in dataclasses.fields(part):
        kind, value = field_types(part)[item.name], table.get(item.name)
        element = element_part(kind)
        if item.metadata.get("is_path") and isinstance(value, str) and value:
            rooted[item.name] = str(folder / value)
        elif is_part(kind) and isinstance(value, Mapping):
            rooted[item.name] = root_paths(value, folder, kind)
        elif element and isinstance(value, list):
            rooted[item.name] = [
                root_paths(entry, folder, element) if isinstance(entry, Mapping) else entry
                for entry in value
            ]
    return rooted


def unknown_key(key: str, path: str, part: type) -> str:
    """Return a sentence on a key that a part does not have."""
    allowed = list(field_types(part))
    hint = did_you_mean(key, allowed)
    return f"unknown key {key!r} in {path}; {hint}allowed: {', '.join(allowed)}"


def _build(kind: Any, value: Any, path: str) -> Any:
    """Value of the annotated type: dataclasses, tuples and dicts are built inside out."""
    if is_part(kind):
        return _build_part(kind, value, path)
    if get_origin(kind) is tuple:
        if not isinstance(value, (list, tuple)):
            raise ValueError(f"{path} must be an array, got {value!r}")
        return tuple(
            _build(get_args(kind)[0], item, _label(path, index, item))
            for index, item in enumerate(value)
        )
    if get_origin(kind) is dict:
        if not isinstance(value, Mapping):
            raise ValueError(f"{path} must be a table, got {value!r}")
        return {
            str(key): _build(get_args(kind)[1], item, f"{path}.{key}")
            for key, item in value.items()
        }
    return _build_plain(kind, value, path)


def _label(path: str, index: int, item: Any) -> str:
    """How an error names the element of an array: station 'Kiruna', else shells[0]."""
    if isinstance(item, Mapping) and isinstance(item.get("name"), str):
        return f"{path.rpartition('.')[2].removesuffix('s')} {item['name']!r}"
    return f"{path}[{index}]"


def _build_part(part: Any, value: Any, path: str) -> Any:
    if isinstance(value, part):
        return value
    if not isinstance(value, Mapping):
        raise ValueError(f"{path} must be a table, got {value!r}")
    types = field_types(part)
    for key in value:
        if key not in types:
            raise ValueError(unknown_key(str(key), path, part))
    _check_complete(part, value, path)
    prefix = "" if path == "scenario" else f"{path}."
    arguments = {key: _build(types[key], item, f"{prefix}{key}") for key, item in value.items()}
    try:
        return part(**arguments)
    except ValueError as error:
        if "'" in path or "[" in path:  # an element of an array: say which one
            raise ValueError(f"{path}: {error}") from error
        raise


def _check_complete(part: Any, value: Mapping[str, Any], path: str) -> None:
    for item in dataclasses.fields(part):
        is_required = (
            item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING
        )
        if is_required and item.name not in value:
            raise ValueError(
                f"{path} has no {item.name}; "
                f"{EXAMPLES.get(item.name, f'type for example {item.name} = 1.0')}"
            )


def _build_plain(kind: Any, value: Any, path: str) -> Any:
    is_bool = isinstance(value, bool)
    if kind is float and isinstance(value, Real) and not is_bool:
        return float(value)
    if kind is int and isinstance(value, Integral) and not is_bool:
        return int(value)
    if kind is bool and is_bool or kind is str and isinstance(value, str):
        return value
    raise ValueError(f"{path} must be {TYPE_WORDS[kind]}, got {value!r}")
