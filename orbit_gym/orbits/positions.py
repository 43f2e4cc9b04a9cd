"""The satellites of a scenario: elements, orbit files and shells become states at any time."""

import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path

import numpy as np
from sgp4.api import Satrec

# Importing the module of a form of files registers it.
import orbit_gym.orbits.oem  # noqa: F401
from orbit_gym.orbits.elements import SkippedElements, summary
from orbit_gym.orbits.epochs import epoch_of, span_of_worlds
from orbit_gym.orbits.planes import group_planes
from orbit_gym.orbits.sgp4_source import Sgp4Source, join, select_propagatable, warn_of_age
from orbit_gym.orbits.source import OrbitRequest, OrbitSource, orbit_reader
from orbit_gym.orbits.tle import RefusedElements, record_of
from orbit_gym.orbits.walker_shells import build_shell
from orbit_gym.scenario.scenario import Constellation, Scenario

FILE_FIELDS = {"tle_file": "tle", "omm_file": "omm", "oem_file": "oem"}  # field: form


@dataclass(frozen=True)
class Orbits:
    """Hold satellites ready to propagate."""

    sources: tuple[OrbitSource, ...]
    planes: np.ndarray  # (S,) int32
    # (S,) number in constellation.shells, -1 for typed and read
    shells: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int32))
    skipped: tuple[SkippedElements, ...] = ()  # empty unless constellation.strict is false
    # (S,) row of each satellite where sources follow each other; None where that is their order
    source_rows: np.ndarray | None = None

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of all satellites, (S)."""
        names = [name for source in self.sources for name in source.names]
        return tuple(names if self.source_rows is None else [names[k] for k in self.source_rows])

    def subset(self, members: np.ndarray) -> "Orbits":
        """Return the satellites of these numbers (M,) alone, in this order."""
        rows = members if self.source_rows is None else self.source_rows[members]
        ends = np.cumsum([len(source.names) for source in self.sources])
        source_index = np.searchsorted(ends, rows, side="right")
        parts = [
            source.subset(rows[source_index == k] - (ends[k] - len(source.names)))
            for k, source in enumerate(self.sources)
            if (source_index == k).any()
        ]
        by_source = np.argsort(source_index, kind="stable")
        return Orbits(
            tuple(parts),
            self.planes[members],
            self.shells[members] if self.shells.size else self.shells,
            source_rows=np.argsort(by_source) if len(parts) > 1 else None,
        )

    def propagate(self, jd: np.ndarray, day_fraction: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return TEME positions in m and velocities in m/s (S, T, 3) at UTC Julian dates (T,).

        ValueError names a satellite that has no state then.
        """
        states = [source.states_teme(jd, day_fraction) for source in self.sources]
        if len(states) == 1:
            return states[0]
        position_m = np.concatenate([part_m for part_m, _ in states])
        velocity_mps = np.concatenate([part_mps for _, part_mps in states])
        if self.source_rows is None:
            return position_m, velocity_mps
        return position_m[self.source_rows], velocity_mps[self.source_rows]

    def fingerprint(self) -> bytes:
        """Return bytes that are equal only for satellites that fly alike."""
        order = b"" if self.source_rows is None else self.source_rows.tobytes()
        return b"".join([source.fingerprint() for source in self.sources] + [order])


def load_orbits(scenario: Scenario) -> Orbits:
    """Return the satellites of a scenario: typed, of element files, of shells, of other files.

    ValueError on bad ones; with constellation.strict = false, bad satellites of files are left out
    and counted in a warning.
    """
    constellation, epoch = scenario.constellation, epoch_of(scenario)
    refusals: list[RefusedElements] = []
    typed_source = Sgp4Source(
        [satellite.name for satellite in constellation.satellites],
        [record_of(item.name, item.line1, item.line2) for item in constellation.satellites],
    )
    sources = list(_read_files(scenario, refusals))
    elements = [typed_source, *(source for source in sources if isinstance(source, Sgp4Source))]
    tables = [source for source in sources if not isinstance(source, Sgp4Source)]
    n_strict = None if constellation.strict else len(typed_source.names)
    sgp4_source = select_propagatable(join(elements), epoch, n_strict, refusals)
    warn_of_age(sgp4_source, epoch)
    n_elements = len(sgp4_source.names)
    rows = [source.plane_elements(epoch) for source in (sgp4_source, *tables)]
    planes = group_planes(*np.concatenate(rows).T)
    shells, shell_planes, shell_numbers = _build_shells(constellation, epoch, planes)
    orbits = Orbits(
        tuple(source for source in (join([sgp4_source, shells]), *tables) if source.names),
        np.concatenate([planes[:n_elements], shell_planes, planes[n_elements:]]).astype(np.int32),
        np.array([-1] * n_elements + shell_numbers + [-1] * len(planes[n_elements:]), np.int32),
        summary(refusals),
    )
    _check_names(orbits.names, refusals)
    _warn_of_skipped(orbits, len(refusals))
    return orbits


def _read_files(scenario: Scenario, refusals: list[RefusedElements]) -> Iterator[OrbitSource]:
    """Yield what each orbit file of a constellation holds."""
    constellation = scenario.constellation
    files = [
        (f"constellation.{name}", form, getattr(constellation, name))
        for name, form in FILE_FIELDS.items()
        if getattr(constellation, name)
    ]
    files += [
        ("constellation.orbit_files", item.form, item.file) for item in constellation.orbit_files
    ]
    for label, form, path in files:
        request = OrbitRequest(
            f"{label} {path!r}", span_of_worlds(scenario), constellation.strict, refusals
        )
        yield orbit_reader(form)(Path(path), request)


def _build_shells(
    constellation: Constellation, epoch: datetime, planes: np.ndarray
) -> tuple[Sgp4Source, list[int], list[int]]:
    """Satellites of all shells, their planes, numbered on from `planes`, and their shells."""
    names: list[str] = []
    records: list[Satrec] = []
    shell_planes: list[int] = []
    numbers: list[int] = []
    for number, shell in enumerate(constellation.shells):
        prefix = f"{chr(ord('A') + number % 26)}-" if len(constellation.shells) > 1 else ""
        new_names, new_planes, new_records = build_shell(shell, epoch, prefix)
        first = max([*planes, *shell_planes], default=-1) + 1
        names += new_names
        records += new_records
        shell_planes += [first + plane for plane in new_planes]
        numbers += [number] * len(new_names)
    return Sgp4Source(names, records), shell_planes, numbers


def _check_names(names: Sequence[str], refusals: Sequence[RefusedElements]) -> None:
    """Refuse a name that stands twice, and a constellation of which nothing is left."""
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise ValueError(f"satellites need distinct names; {repeated[0]!r} stands twice")
    if not names:
        raise ValueError(
            f"no satellite is left to fly; the first of {len(refusals)} left out: {refusals[0]}"
        )


def _warn_of_skipped(orbits: Orbits, n_refusals: int) -> None:
    """Count in one warning what was left out."""
    if not orbits.skipped:
        return
    reasons = "; ".join(
        f"{item.count} x {item.reason} (first: {item.first})" for item in orbits.skipped
    )
    warnings.warn(
        f"{n_refusals} satellites left out, {len(orbits.names)} fly: {reasons}",
        UserWarning,
        stacklevel=1,  # orbits are loaded more than once: shown once for each place
    )
