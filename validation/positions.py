"""Earth-fixed positions of twelve real satellites over 24 h against Skyfield's ITRS."""

import csv
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
from skyfield.framelib import itrs

from orbit_gym.physics.geometry import EARTH_ROTATION_RAD_PER_S
from orbit_gym.utils.units import M_PER_KM
from validation import sky
from validation.rows import Row, judged_row, skipped_row

QUANTITY = "Earth-fixed positions, 12 satellites, 24 h"
FILE_AUTHORITY = "Skyfield 1.55 ITRS, stored positions"
LIVE_AUTHORITY = "Skyfield ITRS, live"
# we take UTC for UT1, which turns the Earth by 64 ms at this date: 32 m at 500 km
TOLERANCE_M = 50.0
TURNED_TOLERANCE_M = (
    1.0  # what is left once that is undone: nutation and precession of TEME against Skyfield's
)
STEP_S = 60


@cache
def our_positions_m() -> np.ndarray:
    """Our Earth-fixed positions each minute, (12, 1440, 3): samples of the World's grid."""
    ephemeris = sky.ephemeris()
    every = round(STEP_S / ephemeris.grid_s)
    return ephemeris.positions_m[:, ::every][:, : sky.SECONDS_OF_DAY // STEP_S]


def file_positions_m(data: Path) -> np.ndarray:
    """The stored positions, in the same shape."""
    theirs_m = np.full_like(our_positions_m(), np.nan)
    with (data / "reference_skyfield" / "positions_itrs_20250802.csv").open() as file:
        for row in csv.DictReader(file):
            place = sky.names().index(row["sat"]), int(row["utc_seconds_of_day"]) // STEP_S
            theirs_m[place] = [M_PER_KM * float(row[f"{axis}_itrs_km"]) for axis in "xyz"]
    return theirs_m


def live_positions_m(satellites: Sequence[int]) -> np.ndarray:
    """Skyfield's positions of some of the twelve, (n, 1440, 3)."""
    times = sky.utc(np.arange(0.0, sky.SECONDS_OF_DAY, STEP_S))
    return np.array([sky.satellite(number).at(times).frame_xyz(itrs).m.T for number in satellites])


def largest_m(ours_m: np.ndarray, theirs_m: np.ndarray) -> float:
    """Largest distance; NaN, which is no agreement, where a position is missing."""
    return float(np.linalg.norm(ours_m - theirs_m, axis=-1).max())


def turned_m(satellites: Sequence[int]) -> np.ndarray:
    """Return our positions of some of the twelve, had we known UT1 - UTC.

    Turned about the axis by Skyfield's value of it.
    """
    angle_rad = EARTH_ROTATION_RAD_PER_S * sky.utc(0.0).dut1
    x_m, y_m, z_m = np.moveaxis(our_positions_m()[list(satellites)], -1, 0)
    cosine, sine = np.cos(angle_rad), np.sin(angle_rad)
    return np.stack([cosine * x_m + sine * y_m, cosine * y_m - sine * x_m, z_m], axis=-1)


def measure(data: Path | None) -> list[Row]:
    """Return three rows: stored, live, and live with UT1 - UTC undone."""
    note, theirs_m = f"{our_positions_m()[..., 0].size} positions", live_positions_m(sky.ALL)
    live = [
        judged_row(
            QUANTITY, LIVE_AUTHORITY, largest_m(our_positions_m(), theirs_m), TOLERANCE_M, "m", note
        ),
        judged_row(
            "the same, turned by UT1 - UTC",
            LIVE_AUTHORITY,
            largest_m(turned_m(sky.ALL), theirs_m),
            TURNED_TOLERANCE_M,
            "m",
            note,
        ),
    ]
    if data is None:
        return [skipped_row(QUANTITY, FILE_AUTHORITY, f"{TOLERANCE_M:g} m"), *live]
    stored_m = largest_m(our_positions_m(), file_positions_m(data))
    return [judged_row(QUANTITY, FILE_AUTHORITY, stored_m, TOLERANCE_M, "m", note), *live]
