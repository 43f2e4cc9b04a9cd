"""Catalogue names as test parameters: those of many satellites, whose Worlds take long to compile,
are slow and lose nothing else.
"""

from collections.abc import Iterable
from typing import Any

import pytest

from orbit_gym.scenario.loading import load_scenario
from orbit_gym.views.describe.docs_tables import n_satellites

MANY_SATELLITES = 200  # a World of one hundred compiles in seconds, one of thousands in minutes


def by_size(names: Iterable[str]) -> list[Any]:
    """Each name as a parameter, slow if its constellation is large."""
    return [pytest.param(name, marks=marks_of(name)) for name in names]


def marks_of(name: str) -> list[pytest.MarkDecorator]:
    """The mark slow for a large constellation."""
    return (
        [pytest.mark.slow]
        if n_satellites(load_scenario(name).constellation) > MANY_SATELLITES
        else []
    )
