"""Every field of every scenario part says what it means and whence its default comes."""

import dataclasses

import pytest

from orbit_gym.scenario import scenario as scenario_module
from orbit_gym.scenario.scenario import Checked

PARTS = [
    item
    for item in vars(scenario_module).values()
    if isinstance(item, type) and issubclass(item, Checked) and item is not Checked
]
FIELDS = [(part, item) for part in PARTS for item in dataclasses.fields(part)]  # type: ignore[arg-type]


def test_all_parts_are_here() -> None:
    """The scenario's own fields lead to no part that the list lacks."""
    assert len(FIELDS) > 80 and {item.__name__ for item in PARTS} == set(
        scenario_module.__all__
    ) - {"Checked"}


@pytest.mark.parametrize(
    ("part", "item"), FIELDS, ids=[f"{part.__name__}.{item.name}" for part, item in FIELDS]
)
def test_field_says_meaning_and_source(part: type, item: "dataclasses.Field[object]") -> None:
    meaning, source = item.metadata.get("meaning", ""), item.metadata.get("source", "")
    assert meaning.strip() and not meaning.endswith("."), (
        f"{part.__name__}.{item.name} needs meaning=, a short sentence without a full stop"
    )
    kind, _, reason = source.partition(": ")
    assert kind in ("fact", "assumption", "choice") and reason.strip(), (
        f"{part.__name__}.{item.name} needs source='fact: <source>', 'assumption: <why>' or "
        f"'choice: <why>', got {source!r}"
    )
