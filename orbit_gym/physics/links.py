"""Rates of links by range, and how far sight reaches."""

import math

import numpy as np
from numba import njit

from orbit_gym.utils.units import EARTH_EQUATORIAL_RADIUS_M


@njit(cache=True)
def mode_rate_bps(range_m: float, mode_range_m: np.ndarray, mode_bps: np.ndarray) -> float:
    """Return the data rate at a range, 0 beyond the last mode.

    It is that of the first mode whose range, in rising order, reaches that far.
    """
    for mode in range(len(mode_range_m)):
        if range_m <= mode_range_m[mode]:
            return mode_bps[mode]
    return 0.0


def longest_sight_m(altitude_a_m: float, altitude_b_m: float, grazing_altitude_m: float) -> float:
    """Return the longest line of sight between two altitudes that stays above a grazing altitude.

    Spherical Earth, closed form.
    """
    limit_m = EARTH_EQUATORIAL_RADIUS_M + grazing_altitude_m
    return sum(
        math.sqrt((EARTH_EQUATORIAL_RADIUS_M + altitude_m) ** 2 - limit_m**2)
        for altitude_m in (altitude_a_m, altitude_b_m)
    )
