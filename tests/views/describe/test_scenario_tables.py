"""docs/reference/scenario.md is what the code says: units, defaults as TOML reads them, ranges."""

import dataclasses
import math
import tomllib
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from orbit_gym.scenario.scenario import Scenario, Shell, Station
from orbit_gym.utils.units import SUFFIXES
from orbit_gym.views.describe.scenario_tables import (
    UNITS,
    allowed_text,
    default_text,
    field_table,
    sections,
    toml_text,
    unit_of,
)

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "reference" / "scenario.md"
TEXT = PAGE.read_text(encoding="utf-8")
FIELDS = [(kind, item) for kind in sections() for item in dataclasses.fields(kind)]
NAMES = [f"{kind.__name__}.{item.name}" for kind, item in FIELDS]


def made_by_hand(item: "dataclasses.Field[Any]") -> bool:
    """No default, or none but that another field may stand for it."""
    if item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING:
        return True
    return (
        item.name != "workload"
        and item.default_factory is not dataclasses.MISSING
        and item.default_factory() is None
    )


def test_every_section_stands_where_toml_has_it() -> None:
    paths = {path for names in sections().values() for path in names}
    assert {
        "",
        "lasers",
        "stations[]",
        "users.sites[]",
        "constellation.shells[]",
        "datacentres[].accelerator",
        "workload.script[]",
    } <= paths
    assert (
        "### `[[users.sites]]`\n" in TEXT
        and "### `[datacentres.accelerator]`, `[accelerator]`\n" in TEXT
    )
    assert all(f"| `{item.name}` |" in TEXT for _, item in FIELDS)


def test_every_suffix_has_a_unit() -> None:
    assert set(UNITS) == set(SUFFIXES)


@pytest.mark.parametrize(
    ("name", "hint", "unit"),
    [
        ("load_bytes_per_s", float, "B/s"),
        ("memory_bytes", float, "B"),
        ("peak_op_per_s_each", tuple[float, ...], "op/s"),
        ("resistance_k_per_w", float, "K/W"),
        ("weight", float, "-"),
        ("lanes", int, "-"),
        ("horizon_s", str, "-"),
    ],
)
def test_units_by_hand(name: str, hint: Any, unit: str) -> None:
    assert unit_of(name, hint) == unit


@pytest.mark.parametrize(("kind", "item"), FIELDS, ids=NAMES)
def test_a_default_reads_back(kind: type, item: "dataclasses.Field[Any]") -> None:
    """As TOML the printed default is the default itself.

    Sections are checked by their own fields.
    """
    text = default_text(item)
    if made_by_hand(item) or item.name == "workload":
        assert text == "must be given"
    elif text.startswith("its own"):
        assert dataclasses.is_dataclass(get_type_hints(kind)[item.name])
    else:
        (read,) = tomllib.loads(f"x = {text.strip('`')}").values()
        default = (
            item.default if item.default is not dataclasses.MISSING else item.default_factory()
        )  # type: ignore[misc]
        assert (tuple(read) if isinstance(read, list) else read) == default


def test_a_section_that_differs_says_so() -> None:
    (item,) = [
        item for _, item in FIELDS if item.name == "accelerator" and default_text(item) != "its own"
    ]
    assert default_text(item) == "its own, with `memory_bytes = 8e10`"


@pytest.mark.parametrize(
    ("kind", "name", "text"),
    [
        (Station, "mask_deg", "0 to 90"),
        (Station, "downlink_bps", "above 0"),
        (Station, "antennas", "whole, 1 to 16"),
        (Station, "is_optical", "true or false"),
        (Shell, "altitude_m", "150000 to 2e6"),
        (Scenario, "stations", "an array of tables"),
        (Scenario, "peak_op_per_s_each", "an array of numbers above 0"),
    ],
)
def test_ranges_by_hand(kind: type, name: str, text: str) -> None:
    (item,) = [item for item in dataclasses.fields(kind) if item.name == name]
    assert allowed_text(item, get_type_hints(kind)[name]) == text


def test_a_printed_range_is_the_one_refused() -> None:
    """The mask's ends are allowed; just beyond is not."""
    for mask_deg in (0.0, 90.0):
        Station("A", 0.0, 0.0, mask_deg=mask_deg)
    for mask_deg in (math.nextafter(0.0, -1.0), math.nextafter(90.0, 91.0)):
        with pytest.raises(ValueError, match="station.mask_deg"):
            Station("A", 0.0, 0.0, mask_deg=mask_deg)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (7.44e14, "7.44e14"),
        (80e3, "80000"),
        (0.3, "0.3"),
        (True, "true"),
        ((1.5e9, 2.0), "[1.5e9, 2]"),
    ],
)
def test_values_as_toml(value: Any, text: str) -> None:
    assert toml_text(value) == text


def test_no_cell_breaks_the_table() -> None:
    """A pipe inside a cell would shift the columns: seven cells in each row."""
    for kind in sections():
        assert {line.count("|") for line in field_table(kind).splitlines()} == {8}
