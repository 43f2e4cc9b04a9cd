"""Where the Sun stands over the map, and how dark the ground is."""

import numpy as np

from orbit_gym.physics.geometry import geodetic_up, gmst_rad, rotate_to_earth_fixed
from orbit_gym.physics.sun import sun_direction_of_date
from orbit_gym.utils.units import DAY_S

TWILIGHT_SINE = np.sin(
    np.radians(12.0)
)  # nautical twilight ends with the Sun 12 degrees below the horizon (fact: its definition)
# of the full darkness, at once where the Sun sets, so that the terminator is a visible line
# (choice)
DUSK_FRACTION = 0.45


def sun_at(jd: float, time_s: float) -> np.ndarray:
    """Return the Earth-fixed unit vector (3,) to the Sun, time_s after the midnight jd.

    The formulas that the World is compiled with.
    """
    fraction = np.array([time_s / DAY_S])
    return rotate_to_earth_fixed(sun_direction_of_date(jd, fraction), gmst_rad(jd, fraction))[0]


def darkness(sine: np.ndarray) -> np.ndarray:
    """Return how dark the ground is, 0 by day, 1 after twilight.

    Where the sine of the Sun's elevation is (...).
    """
    dark = np.float32(DUSK_FRACTION) - sine * np.float32((1.0 - DUSK_FRACTION) / TWILIGHT_SINE)
    return np.where(sine < 0.0, np.minimum(dark, np.float32(1.0)), np.float32(0.0))


def sun_sine(sun: np.ndarray, longitude_deg: np.ndarray, latitude_deg: np.ndarray) -> np.ndarray:
    """Return the sine of the Sun's elevation on a grid of geodetic places.

    (latitudes, longitudes) float32.
    """
    up = geodetic_up(np.radians(latitude_deg), np.zeros(len(latitude_deg))).astype(np.float32)
    sun_along = (
        np.cos(np.radians(longitude_deg)) * sun[0] + np.sin(np.radians(longitude_deg)) * sun[1]
    )
    return up[:, :1] * sun_along.astype(np.float32) + up[:, 2:] * np.float32(sun[2])
