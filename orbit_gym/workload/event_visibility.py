"""Which satellite sees an event first, on the ground or on the sky.

Times are those of the World's grid (10 s, or 30 s).
"""

import math

import numpy as np

from orbit_gym.physics.geometry import (
    geodetic_to_earth_fixed_m,
    geodetic_up,
    gmst_rad,
    rotate_to_earth_fixed,
    sine_of_elevation,
)
from orbit_gym.utils.units import DAY_S, EARTH_EQUATORIAL_RADIUS_M
from orbit_gym.world.layout import World

# Air below this height hides a burst: at 2-10 keV the horizon is opaque to some 100 km
# (assumption).
SKY_LIMIT_RADIUS_M = EARTH_EQUATORIAL_RADIUS_M + 100e3
NO_SATELLITE = -1


def first_satellite_over(
    world: World, place_deg: np.ndarray, mask_deg: float, time_s: float, wait_s: float
) -> tuple[float, int]:
    """Return when and which satellite first stands mask_deg over a place within wait_s.

    place_deg holds latitude and longitude. The highest if several stand there at once;
    (time_s, NO_SATELLITE) if none does.
    """
    grid_s = float(world.sizes["grid_s"][0])
    first, last = _grid_span(world, time_s, wait_s)
    latitude, longitude = np.radians(place_deg)
    site_m, up = (
        geodetic_to_earth_fixed_m(latitude, longitude, 0.0),
        geodetic_up(latitude, longitude),
    )
    sine = sine_of_elevation(site_m, up, world.positions_m[first : last + 1])
    is_visible = sine >= math.sin(math.radians(mask_deg))
    rows = np.flatnonzero(is_visible.any(axis=1))
    if not rows.size:
        return time_s, NO_SATELLITE
    return max(time_s, (first + int(rows[0])) * grid_s), int(sine[rows[0]].argmax())


def satellite_facing(
    world: World, midnight_jd: float, place_deg: np.ndarray, satellites: list[int], time_s: float
) -> int:
    """Return which of the satellites sees a direction at a time, NO_SATELLITE if none does.

    place_deg holds right ascension and declination. If several see it, the one that has it farthest
    from the Earth. Precession since J2000 (0.4 deg by 2026) is left out.
    """
    row, _ = _grid_span(world, time_s, 0.0)
    ascension, declination = np.radians(place_deg)
    inertial = geodetic_up(declination, ascension)
    toward = rotate_to_earth_fixed(
        inertial[None], gmst_rad(midnight_jd, np.array([time_s / DAY_S]))
    )[0]
    positions_m = world.positions_m[row, satellites]
    along_m = positions_m @ toward
    # distance of the ray's line from the Earth's centre
    miss_m = np.sqrt(np.maximum((positions_m**2).sum(axis=-1) - along_m**2, 0.0))
    is_seen = (along_m >= 0.0) | (miss_m > SKY_LIMIT_RADIUS_M)
    return (
        satellites[int(np.where(is_seen, along_m, -np.inf).argmax())]
        if is_seen.any()
        else NO_SATELLITE
    )


def _grid_span(world: World, time_s: float, wait_s: float) -> tuple[int, int]:
    """Return the nearest grid row at a time, and the last one at most wait_s later."""
    grid_s, last = float(world.sizes["grid_s"][0]), len(world.positions_m) - 1
    first = min(max(round(time_s / grid_s), 0), last)
    return first, min(max(int((time_s + wait_s) // grid_s), first), last)
