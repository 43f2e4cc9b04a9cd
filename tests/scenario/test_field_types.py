"""Every field of every section says what it means and whence its default comes."""

import dataclasses

import pytest

from orbit_gym.scenario import scenario as scenario_module
from orbit_gym.scenario.scenario import Checked

SECTIONS = [
    item
    for item in vars(scenario_module).values()
    if isinstance(item, type) and issubclass(item, Checked) and item is not Checked
]
FIELDS = [(section, item) for section in SECTIONS for item in dataclasses.fields(section)]  # type: ignore[arg-type]


def test_all_sections_are_here() -> None:
    """The scenario's own fields lead to no section that the list lacks."""
    assert len(FIELDS) > 80 and {item.__name__ for item in SECTIONS} == set(
        scenario_module.__all__
    ) - {"Checked"}


@pytest.mark.parametrize(
    ("section", "item"), FIELDS, ids=[f"{section.__name__}.{item.name}" for section, item in FIELDS]
)
def test_field_says_meaning_and_source(section: type, item: "dataclasses.Field[object]") -> None:
    about, source = item.metadata.get("about", ""), item.metadata.get("source", "")
    assert about.strip() and not about.endswith("."), (
        f"{section.__name__}.{item.name} needs about=, a short sentence without a full stop"
    )
    kind, _, reason = source.partition(": ")
    assert kind in ("fact", "assumption", "choice") and reason.strip(), (
        f"{section.__name__}.{item.name} needs source='fact: <source>', 'assumption: <why>' or "
        f"'choice: <why>', got {source!r}"
    )
