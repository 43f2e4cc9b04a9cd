"""The one door to Skyfield: leap seconds, and celestial axes turned to Earth-fixed ones.

Skyfield is imported when first needed, since that takes a quarter of a second. Its built-in tables
are used, so nothing is downloaded: UT1 is measured, and a prediction after the tables end; polar
motion, below 15 m, is left out.
"""

from functools import cache
from typing import Any

import numpy as np

from orbit_gym.utils.units import DAY_S, M_PER_KM

TT_MINUS_TAI_S = 32.184  # exact, by definition (IAU 1991)
GPS_MINUS_TAI_S = -19.0  # exact, by definition (IS-GPS-200)
CELESTIAL_FRAMES = ("EME2000", "ICRF", "GCRF")  # names of CCSDS 502.0-B and the SANA registry


@cache
def _timescale() -> Any:
    from skyfield.api import load

    return load.timescale(builtin=True)


def leap_seconds(jd_utc: np.ndarray) -> np.ndarray:
    """Return TAI - UTC in seconds at UTC Julian dates (N,), from 1972 on."""
    scale = _timescale()
    index = np.searchsorted(scale.leap_dates, np.asarray(jd_utc), side="right") - 1
    return np.asarray(scale.leap_offsets, dtype=np.float64)[np.maximum(index, 0)]


def celestial_to_earth_fixed(
    frame: str,
    jd_utc: np.ndarray,
    day_fraction: np.ndarray,
    position_m: np.ndarray,
    velocity_mps: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return Earth-fixed positions and velocities (N, 3) of states (N, 3) in a celestial frame.

    By Skyfield's precession, nutation (IAU 2000A), sidereal time and UT1.
    """
    from skyfield.framelib import ICRS, ICRS_to_J2000, itrs
    from skyfield.positionlib import ICRF
    from skyfield.units import Distance, Velocity

    class MeanEquatorOf2000:
        """Axes of EME2000: ICRS turned by the frame bias, 0.02 arcseconds."""

        @staticmethod
        def rotation_at(_: Any) -> np.ndarray:
            return ICRS_to_J2000

    tt_s = leap_seconds(jd_utc) + TT_MINUS_TAI_S
    time = _timescale().tt_jd(np.asarray(jd_utc), day_fraction + tt_s / DAY_S)
    state = ICRF.from_time_and_frame_vectors(
        time,
        MeanEquatorOf2000 if frame == "EME2000" else ICRS,
        Distance(m=np.transpose(position_m)),
        Velocity(km_per_s=np.transpose(velocity_mps) / M_PER_KM),
    )
    fixed, fixed_velocity = state.frame_xyz_and_velocity(itrs)
    return fixed.m.T, fixed_velocity.m_per_s.T
