"""Direction of the Sun over four years against DE421 through Skyfield: what eclipses rest on."""

import warnings
from pathlib import Path

import numpy as np
from skyfield.api import Loader
from skyfield.framelib import true_equator_and_equinox_of_date
from skyfield.jpllib import SpiceKernel
from skyfield_data import get_skyfield_data_path

from orbit_gym.physics.sun import sun_direction_of_date
from validation import sky
from validation.rows import Row, judged_row

AUTHORITY = "Skyfield with DE421, apparent place of date"
# The Astronomical Almanac gives its low-precision formula as good to 0.01 degrees (section C);
# against DE421 in 2025-2029 it stays within 0.0103, which rounding must not refuse.
TOLERANCE_DEG = 0.0105
FIRST_JD = 2_460_676.5  # 2025-01-01
DAYS = np.arange(0.0, 1_600.0, 7.3)


def de421() -> SpiceKernel:
    """The ephemeris that the skyfield-data package carries; the caller closes it."""
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", ".*finals2000A.*"
        )  # its Earth orientation file ages; nothing here reads it
        return Loader(get_skyfield_data_path(), verbose=False)("de421.bsp")


def largest_deg() -> float:
    """Largest angle between our Sun and DE421's; small, so the chord is the angle."""
    ephemeris = de421()
    place = (
        ephemeris["earth"]
        .at(sky.timescale().utc(2025, 1, 1 + DAYS))
        .observe(ephemeris["sun"])
        .apparent()
    )
    theirs = place.frame_xyz(true_equator_and_equinox_of_date).au.T
    theirs /= np.linalg.norm(theirs, axis=1, keepdims=True)
    ephemeris.close()
    return float(
        np.degrees(np.linalg.norm(sun_direction_of_date(FIRST_JD, DAYS) - theirs, axis=1)).max()
    )


def measure(data: Path | None) -> list[Row]:
    """Return one row."""
    return [
        judged_row(
            "direction of the Sun, 2025 to 2029",
            AUTHORITY,
            largest_deg(),
            TOLERANCE_DEG,
            "deg",
            f"{len(DAYS)} instants",
        )
    ]
