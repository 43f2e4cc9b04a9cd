"""Range checks of command-line options, declared by the option's type."""

from dataclasses import dataclass
from typing import Annotated, Any, get_type_hints


@dataclass(frozen=True)
class AtLeast:
    """Mark of an option's type: the smallest value that it takes."""

    minimum: int


PositiveInt = Annotated[int, AtLeast(1)]
NonNegativeInt = Annotated[int, AtLeast(0)]


def check_ranges(options: Any) -> None:
    """Check every option of a dataclass whose type has a minimum.

    ValueError names the first that is below it.
    """
    for name, hint in get_type_hints(type(options), include_extras=True).items():
        for mark in getattr(hint, "__metadata__", ()):
            value = getattr(options, name)
            if isinstance(mark, AtLeast) and value < mark.minimum:
                raise ValueError(
                    f"--{name.replace('_', '-')} must be at least {mark.minimum}, got {value}"
                )
