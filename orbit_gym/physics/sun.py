"""Where the Sun stands, and who is in the Earth's shadow."""

import numpy as np

from orbit_gym.physics.geometry import JD_J2000
from orbit_gym.utils.units import EARTH_EQUATORIAL_RADIUS_M


def sun_direction_of_date(jd: float, day_fraction: np.ndarray) -> np.ndarray:
    """Return unit vectors (T, 3) to the Sun, true-of-date frame, at jd + day_fraction (T,).

    Low-precision almanac formula (Vallado, algorithm 29): within 0.010 degrees of DE421, 2025-2029,
    in this frame.
    """
    centuries = ((jd - JD_J2000) + np.asarray(day_fraction, dtype=np.float64)) / 36_525.0
    mean_longitude_deg = 280.460 + 36_000.771 * centuries
    anomaly_rad = np.radians(np.mod(357.5291092 + 35_999.05034 * centuries, 360.0))
    longitude_deg = (
        mean_longitude_deg
        + 1.914666471 * np.sin(anomaly_rad)
        + 0.019994643 * np.sin(2.0 * anomaly_rad)
    )
    longitude_rad = np.radians(np.mod(longitude_deg, 360.0))
    obliquity_rad = np.radians(23.439291 - 0.0130042 * centuries)
    sine = np.sin(longitude_rad)
    return np.stack(
        [np.cos(longitude_rad), np.cos(obliquity_rad) * sine, np.sin(obliquity_rad) * sine], axis=-1
    )


def shadow_margin_m(position_m: np.ndarray, sun: np.ndarray) -> np.ndarray:
    """Return how far positions lie outside the Earth's cylindrical shadow.

    Positions (..., 3), sun (..., 3) unit vectors; negative in eclipse.
    """
    along_m = np.einsum("...i,...i->...", position_m, np.broadcast_to(sun, position_m.shape))
    radius_2 = np.einsum("...i,...i->...", position_m, position_m)
    off_axis_2 = (
        radius_2 - np.minimum(along_m, 0.0) ** 2
    )  # on the day side the shadow is as far as the Earth's centre
    return np.sqrt(np.maximum(off_axis_2, 0.0)) - EARTH_EQUATORIAL_RADIUS_M
