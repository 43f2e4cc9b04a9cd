"""Propagation through our own loading path (a TLE file, Orbits) against the SGP4 verification set.

Authority: Vallado, Crawford, Hujsak and Kelso, "Revisiting Spacetrack Report #3" (AIAA 2006-6753):
SGP4-VER.TLE and tcppver.out.
"""

import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from orbit_gym.orbits.elements import read_elements
from orbit_gym.orbits.sgp4_source import Sgp4Source
from orbit_gym.orbits.tle import checksum
from orbit_gym.utils.units import M_PER_KM
from validation.rows import Row, judged_row, skipped_row

QUANTITY = "positions, elements read from a TLE file"
AUTHORITY = "SGP4 verification set (Vallado 2006)"
TOLERANCE_KM = (
    1e-6  # tcppver.out is printed to 1e-8 km; python-sgp4 itself reproduces it to 1.2e-7 km
)
MINUTES_PER_DAY = 1_440.0
FAILING_OBJECT = (
    33334  # the one object that the set means to fail: a mean motion of 1e-5 revolutions a day
)


class Case(NamedTuple):
    """Hold one run of one object.

    Its two lines, and (minutes, x, y, z, vx, vy, vz) rows in km and km/s.
    """

    lines: tuple[str, str]
    states: np.ndarray


def read_cases(data: Path) -> list[Case]:
    """Return the runs of the set in file order; one object stands in it twice."""
    folder = data / "sgp4_verification"
    lines = [
        line
        for line in (folder / "SGP4-VER.TLE").read_text().splitlines()
        if line[:2] in ("1 ", "2 ")
    ]
    blocks: list[list[list[float]]] = []
    for row in (folder / "tcppver.out").read_text().splitlines():
        if row.endswith("xx"):
            blocks.append([])
        else:
            blocks[-1].append([float(word) for word in row.split()[:7]])
    pairs = zip(lines[::2], lines[1::2], strict=True)
    return [Case((a, b), np.array(block)) for (a, b), block in zip(pairs, blocks, strict=True)]


def repaired(line: str) -> str:
    """The 69 characters of a line (the set appends the times to compute), its last the checksum.

    The objects 33333 to 33335 are real ones edited by hand, with checksums that no longer fit.
    """
    return f"{line[:68]}{checksum(line)}"


def case_error_km(case: Case) -> float:
    """Return the largest distance in km between our positions and the set's.

    Through the same path as a user's TLE file.
    """
    lines = (repaired(case.lines[0]), repaired(case.lines[1]))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "one.tle"
        path.write_text("\n".join(lines))
        elements = read_elements(path, "tle_file", strict=True)
    # not by load_orbits: it refuses what decays within the days of the splits, as some objects of
    # the set do
    source = Sgp4Source(elements.names, elements.records)
    record = source.records[0]
    minutes = case.states[:, 0]
    day_fraction = record.jdsatepochF + minutes / MINUTES_PER_DAY
    position_m, _ = source.states_teme(np.full(len(minutes), record.jdsatepoch), day_fraction)
    return float(np.linalg.norm(position_m[0] / M_PER_KM - case.states[:, 1:4], axis=1).max())


def is_refused(case: Case) -> bool:
    """Say whether the object that the set means to fail is refused.

    In words that name it and SGP4's reason.
    """
    try:
        case_error_km(case)
    except ValueError as error:
        return f"'{FAILING_OBJECT}'" in str(error)
    return False


def number_of(case: Case) -> int:
    """The object's catalogue number."""
    return int(case.lines[0][2:7])


def measure(data: Path | None) -> list[Row]:
    """Return one row: all states of the set, and the intended error."""
    if data is None:
        return [skipped_row(QUANTITY, AUTHORITY, f"{TOLERANCE_KM:g} km")]
    cases = read_cases(data)
    good = [case for case in cases if number_of(case) != FAILING_OBJECT]
    all_refused = all(is_refused(case) for case in cases if number_of(case) == FAILING_OBJECT)
    note = (
        f"{len({number_of(case) for case in cases})} objects, "
        f"{sum(len(case.states) for case in good)} states"
    )
    note += ", the intended error refused" if all_refused else ", the intended error NOT refused"
    row = judged_row(
        QUANTITY, AUTHORITY, max(case_error_km(case) for case in good), TOLERANCE_KM, "km", note
    )
    return [row._replace(ok=row.ok and all_refused)]
