"""How a section declares its fields: range, meaning and source; checked when an object is made.

`about` says what a field means, `source` whence its default comes: "fact: ..." or "assumption: ..."
or "choice: ..." (a setting of ours). Both feed the generated reference page.
"""

import math
from dataclasses import MISSING, field, fields
from typing import Any

INFINITY = math.inf
SECTION_NAMES = {
    "LaserLinks": "lasers",
    "AlertChannel": "alerts",
}  # as typed in TOML, where a class is called otherwise
TYPED = "choice: typed by whoever writes the scenario"  # source of what has no default


def told(about: str, source: str, default: Any = MISSING, factory: Any = MISSING) -> Any:
    """Declare a field that is no number: text, a switch, a section or an array of sections."""
    return field(
        default=default, default_factory=factory, metadata={"about": about, "source": source}
    )


def number(
    default: Any = None,
    low: float = 0.0,
    high: float = INFINITY,
    open_low: bool = False,
    about: str = "",
    source: str = "",
    **kw: Any,
) -> Any:
    """Declare a checked float field: low (excluded if open_low) <= value <= high, finite."""
    metadata = {"low": low, "high": high, "open_low": open_low, "about": about, "source": source}
    if default is None:
        return field(metadata=metadata, **kw)
    return field(default=default, metadata=metadata, **kw)


def positive(default: Any = None, about: str = "", source: str = "") -> Any:
    """Declare a field that must be above zero."""
    return number(default, open_low=True, about=about, source=source)


def fraction(default: Any = None, about: str = "", source: str = "") -> Any:
    """Declare a field between 0 and 1."""
    return number(default, high=1.0, about=about, source=source)


def check_number(path: str, value: Any, low: float, high: float, open_low: bool = False) -> None:
    """Raise ValueError unless value is a finite number in range.

    The message names path, value and range.
    """
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
    """Base of every scenario dataclass: numbers declared with a range are checked when the object
    is made.
    """

    def __post_init__(self) -> None:
        """Check each declared number; subclasses extend it with conditions between fields."""
        for item in fields(self):  # type: ignore[arg-type]
            value = getattr(self, item.name)
            if value is None or "low" not in item.metadata:
                continue
            limits = (item.metadata["low"], item.metadata["high"], item.metadata["open_low"])
            section = SECTION_NAMES.get(type(self).__name__, type(self).__name__.lower())
            for element in value if isinstance(value, tuple) else (value,):
                check_number(f"{section}.{item.name}", element, *limits)
