"""What to type instead of an unknown word."""

import difflib
from collections.abc import Iterable


def did_you_mean(word: str, names: Iterable[str]) -> str:
    """Return "did you mean 'x'? " with the nearest name, or an empty text."""
    close = difflib.get_close_matches(word, list(names), n=1)
    return f"did you mean {close[0]!r}? " if close else ""


def choices(word: str, names: Iterable[str]) -> str:
    """Return what may be typed for an unknown word: the nearest name, and all."""
    names = list(names)
    return f"{did_you_mean(word, names)}choose from {', '.join(names)}"
