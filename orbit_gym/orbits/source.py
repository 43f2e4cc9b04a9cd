"""What a source of orbits is: satellites by name, and their states at any time of a span.

Forms of orbit files are entries of one table. A package of its own adds one by
`register_orbit_source` or by an entry point (see `orbit_gym.utils.plugins`):

    [project.entry-points."orbit_gym.orbit_sources"]
    my_form = "my_package.orbits:read_my_form"
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

import numpy as np

from orbit_gym.orbits.epochs import Span
from orbit_gym.orbits.tle import RefusedElements
from orbit_gym.utils.plugins import install_plugins
from orbit_gym.utils.suggestions import choices


class OrbitSource(Protocol):
    """Satellites of one kind, ready to be flown."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the satellites, (S)."""

    def states_teme(
        self, jd: np.ndarray, day_fraction: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return positions in m and velocities in m/s (S, T, 3) at UTC Julian dates (T,).

        In the TEME frame that `orbit_gym.physics.geometry.gmst_rad` turns to Earth-fixed axes.
        ValueError names a satellite that has no state then.
        """

    def plane_elements(self, epoch: datetime) -> np.ndarray:
        """Return mean inclination, node (rad) and semi-major axis (m) at the epoch, (S, 3)."""

    def fingerprint(self) -> bytes:
        """Return bytes that are equal only for sources whose states are equal."""

    def subset(self, members: np.ndarray) -> "OrbitSource":
        """Return the satellites of these numbers (M,) alone."""


@dataclass(frozen=True)
class OrbitRequest:
    """What a reader of orbit files is to deliver."""

    label: str  # how errors begin: field and path
    span: Span  # positions are needed from its start to its end, UTC
    strict: bool  # whether one bad satellite is an error
    refusals: list[RefusedElements] = field(default_factory=list)

    def refuse(self, sentence: str, reason: str) -> None:
        """Leave a satellite out, counted by reason; ValueError if the request is strict."""
        if self.strict:
            raise ValueError(
                f"{sentence}; constellation.strict = false leaves such satellites of files out"
            )
        self.refusals.append(RefusedElements(sentence, reason))


OrbitReader = Callable[[Path, OrbitRequest], OrbitSource]
GROUP = "orbit_gym.orbit_sources"
_readers: dict[str, OrbitReader] = {}


def register_orbit_source(form: str, reader: OrbitReader) -> None:
    """Add a form of orbit files: `[[constellation.orbit_files]]` with this `form` are read by it.

    Registering the same again changes nothing. ValueError for a form that has another reader.
    """
    if not callable(reader):
        raise TypeError(f"orbit source {form!r} must be a function of path and request")
    if _readers.setdefault(form, reader) is not reader:
        raise ValueError(f"there is an orbit source {form!r} already; choose another form")


def orbit_reader(form: str) -> OrbitReader:
    """Return the reader of a form; ValueError says which forms there are."""
    install_plugins(GROUP, register_orbit_source)
    if form not in _readers:
        raise ValueError(
            f"constellation.orbit_files: unknown form {form!r}; {choices(form, sorted(_readers))}"
        )
    return _readers[form]
