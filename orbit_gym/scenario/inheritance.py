"""How a scenario file changes what it extends.

Tables merge deeply. An array replaces the inherited one. A table in place of an array of named
elements, like [stations.Kiruna] for [[stations]], changes the element of that name, or adds it;
["*"] changes every inherited element.
"""

from collections.abc import Mapping
from typing import Any

from orbit_gym.scenario.building import element_part, field_types, is_part
from orbit_gym.scenario.scenario import Scenario

EVERY = "*"

Table = Mapping[str, Any]


def merge(base: Table, changes: Table) -> dict[str, Any]:
    """Return the base with changes; ValueError where a named element is no table."""
    merged = dict(base)
    for key, value in changes.items():
        if isinstance(value, Mapping) and isinstance(merged.get(key), Mapping):
            merged[key] = merge(merged[key], value)
        elif isinstance(value, Mapping) and _has_names(merged.get(key)):
            merged[key] = _merge_elements(merged[key], value, key)
        else:
            merged[key] = value
    return merged


def _has_names(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(item, Mapping) and isinstance(item.get("name"), str) for item in value
    )


def _merge_elements(elements: list[Table], changes: Table, path: str) -> list[dict[str, Any]]:
    for name, table in changes.items():
        if not isinstance(table, Mapping):
            raise ValueError(f"{path}.{name} must be a table, got {table!r}")
    merged = [
        merge(merge(element, changes.get(EVERY, {})), changes.get(element["name"], {}))
        for element in elements
    ]
    names = {element["name"] for element in elements}
    added = {name: table for name, table in changes.items() if name not in names | {EVERY}}
    return merged + [{"name": name, **table} for name, table in added.items()]


def with_arrays(table: Table, part: type = Scenario) -> dict[str, Any]:
    """Return the table of a part with every table of named elements as an array.

    ValueError for ["*"] where nothing is inherited.
    """
    arrays = dict(table)
    for key, value in table.items():
        kind = field_types(part).get(key)
        if not isinstance(value, Mapping) or kind is None:
            continue
        if is_part(kind):
            arrays[key] = with_arrays(value, kind)
        elif (element := element_part(kind)) and "name" in field_types(element):
            if EVERY in value:
                raise ValueError(
                    f'{key}."{EVERY}" changes every inherited element, but none is inherited; '
                    f"name one, as in [{key}.Kiruna]"
                )
            arrays[key] = _merge_elements([], value, key)
    return arrays
