"""How far sight reaches over a sphere, which tests of geometry and contacts compare with."""

import math

from orbit_gym.utils.units import EARTH_EQUATORIAL_RADIUS_M


def longest_sight_m(altitude_a_m: float, altitude_b_m: float, grazing_altitude_m: float) -> float:
    """Return the longest line of sight between two altitudes that stays above a grazing altitude.

    Spherical Earth, closed form.
    """
    limit_m = EARTH_EQUATORIAL_RADIUS_M + grazing_altitude_m
    return sum(
        math.sqrt((EARTH_EQUATORIAL_RADIUS_M + altitude_m) ** 2 - limit_m**2)
        for altitude_m in (altitude_a_m, altitude_b_m)
    )
