"""How a part of a scenario declares its fields: range, meaning and source.

`meaning` says what a field is, `source` whence its default comes: "fact: ...", "assumption: ..." or
"choice: ..." (a setting of ours). Both feed the generated reference page. Numbers are checked when
an object is made.
"""

import math
from dataclasses import MISSING, field, fields
from typing import Any

INFINITY = math.inf
NO_DEFAULT = "choice: typed by whoever writes the scenario"  # source of a required field
# As typed in TOML, where a class is called otherwise.
TABLE_NAMES = {"LaserLinks": "lasers", "AlertChannel": "alerts", "TaskClass": "task_class"}


def text_field(meaning: str, source: str, default: Any = MISSING) -> Any:
    """Declare a field that holds text."""
    return field(default=default, metadata={"meaning": meaning, "source": source})


def path_field(meaning: str, source: str, default: Any = MISSING) -> Any:
    """Declare the path of a file, relative to the TOML file that names it."""
    metadata = {"meaning": meaning, "source": source, "is_path": True}
    return field(default=default, metadata=metadata)


def switch_field(meaning: str, source: str, default: bool) -> Any:
    """Declare a field that is true or false."""
    return field(default=default, metadata={"meaning": meaning, "source": source})


def part_field(meaning: str, source: str, default: Any = MISSING, factory: Any = MISSING) -> Any:
    """Declare a field that holds another part of the scenario, an array or a table."""
    metadata = {"meaning": meaning, "source": source}
    return field(default=default, default_factory=factory, metadata=metadata)


def number_field(
    default: Any = None,
    low: float = 0.0,
    high: float = INFINITY,
    open_low: bool = False,
    meaning: str = "",
    source: str = "",
    **options: Any,
) -> Any:
    """Declare a finite number with low (excluded if open_low) <= value <= high.

    An array of numbers is checked element by element. `options` go to dataclasses.field.
    """
    limits = {"low": low, "high": high, "open_low": open_low}
    metadata = {**limits, "meaning": meaning, "source": source}
    if default is None:
        return field(metadata=metadata, **options)
    return field(default=default, metadata=metadata, **options)


def positive_field(default: Any = None, meaning: str = "", source: str = "") -> Any:
    """Declare a number above zero."""
    return number_field(default, open_low=True, meaning=meaning, source=source)


def fraction_field(default: Any = None, meaning: str = "", source: str = "") -> Any:
    """Declare a number from 0 to 1."""
    return number_field(default, high=1.0, meaning=meaning, source=source)


def check_number(path: str, value: Any, low: float, high: float, open_low: bool = False) -> None:
    """Raise ValueError, naming path, value and range, unless value is a finite number in range."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{path} must be a number, got {value!r}")
    if not math.isfinite(value):
        raise ValueError(f"{path} must be finite, got {value}")
    if value < low or value > high or (open_low and value == low):
        if open_low and low == 0.0 and high == INFINITY:
            raise ValueError(f"{path} must be positive, got {value}")
        upper = "" if high == INFINITY else f" and at most {high:g}"
        raise ValueError(
            f"{path} must be {'above' if open_low else 'at least'} {low:g}{upper}, got {value}"
        )


class Checked:
    """Base of every scenario part: numbers are checked when an object is made."""

    def __post_init__(self) -> None:
        """Check each declared number; subclasses extend it with conditions between fields."""
        table = TABLE_NAMES.get(type(self).__name__, type(self).__name__.lower())
        for item in fields(self):  # type: ignore[arg-type]
            value = getattr(self, item.name)
            if value is None or "low" not in item.metadata:
                continue
            limits = (item.metadata["low"], item.metadata["high"], item.metadata["open_low"])
            for element in value if isinstance(value, tuple) else (value,):
                check_number(f"{table}.{item.name}", element, *limits)
