"""Frames, sites, elevation and line of sight."""

import math

import numpy as np
from numba import njit

from orbit_gym.utils.units import DAY_S, EARTH_EQUATORIAL_RADIUS_M, EARTH_FLATTENING

JD_J2000 = 2_451_545.0
SIDEREAL_DAYS_PER_DAY = 1.00273790935  # IAU 1982, rate of mean sidereal time
EARTH_ROTATION_RAD_PER_S = SIDEREAL_DAYS_PER_DAY * 2.0 * math.pi / DAY_S


def geodetic_up(latitude_rad: np.ndarray, longitude_rad: np.ndarray) -> np.ndarray:
    """Return the unit normal (..., 3) of the ellipsoid, Earth-fixed.

    At geodetic latitude and longitude (...).
    """
    cos_latitude = np.cos(latitude_rad)
    return np.stack(
        [
            cos_latitude * np.cos(longitude_rad),
            cos_latitude * np.sin(longitude_rad),
            np.sin(latitude_rad),
        ],
        axis=-1,
    )


def geodetic_to_earth_fixed_m(
    latitude_rad: np.ndarray, longitude_rad: np.ndarray, altitude_m: np.ndarray | float
) -> np.ndarray:
    """Return Earth-fixed positions (..., 3) of WGS84 geodetic coordinates (...).

    Closed form, NIMA TR8350.2.
    """
    eccentricity_2 = EARTH_FLATTENING * (2.0 - EARTH_FLATTENING)
    normal_m = EARTH_EQUATORIAL_RADIUS_M / np.sqrt(1.0 - eccentricity_2 * np.sin(latitude_rad) ** 2)
    scale_m = np.stack(
        [
            normal_m + altitude_m,
            normal_m + altitude_m,
            normal_m * (1.0 - eccentricity_2) + altitude_m,
        ],
        axis=-1,
    )
    return scale_m * geodetic_up(latitude_rad, longitude_rad)


def sine_of_elevation(site_m: np.ndarray, up: np.ndarray, target_m: np.ndarray) -> np.ndarray:
    """Return the sine of the geometric elevation, without refraction.

    Of targets (..., 3) over a site (..., 3) with unit normal up.
    """
    line_m = target_m - site_m
    along_m = np.einsum("...i,...i->...", line_m, np.broadcast_to(up, line_m.shape))
    return along_m / np.sqrt(np.einsum("...i,...i->...", line_m, line_m))


def elevation_rad(site_m: np.ndarray, up: np.ndarray, target_m: np.ndarray) -> np.ndarray:
    """Return the geometric elevation (...) of targets over a site.

    Targets (..., 3), site (..., 3) with unit normal up.
    """
    return np.arcsin(np.clip(sine_of_elevation(site_m, up, target_m), -1.0, 1.0))


def gmst_rad(jd: float, day_fraction: np.ndarray) -> np.ndarray:
    """Return Greenwich mean sidereal time at jd + day_fraction.

    IAU 1982 (Vallado, eq. 3-45). UT1 is asked for and UTC is given, less than 1 s apart.
    """
    centuries = ((jd - JD_J2000) + day_fraction) / 36_525.0
    seconds = (
        67_310.54841
        + (876_600.0 * 3_600.0 + 8_640_184.812866) * centuries
        + 0.093104 * centuries**2
        - 6.2e-6 * centuries**3
    )
    return np.mod(seconds, DAY_S) * (2.0 * math.pi / DAY_S)


def rotate_to_earth_fixed(vectors: np.ndarray, gmst: np.ndarray) -> np.ndarray:
    """Rotate vectors (..., T, 3) of the true-of-date frame by sidereal time gmst (T,).

    Polar motion (below 15 m) is left out.
    """
    cos_gmst, sin_gmst = np.cos(gmst), np.sin(gmst)
    rotated = np.empty_like(vectors)
    rotated[..., 0] = cos_gmst * vectors[..., 0] + sin_gmst * vectors[..., 1]
    rotated[..., 1] = cos_gmst * vectors[..., 1] - sin_gmst * vectors[..., 0]
    rotated[..., 2] = vectors[..., 2]
    return rotated


def earth_fixed_velocity_mps(
    position_m: np.ndarray, rotated_velocity_mps: np.ndarray
) -> np.ndarray:
    """Return the velocity (..., 3) seen from the turning Earth.

    Given the inertial one, rotated to the Earth-fixed axes.
    """
    velocity_mps = rotated_velocity_mps.copy()
    velocity_mps[..., 0] += EARTH_ROTATION_RAD_PER_S * position_m[..., 1]
    velocity_mps[..., 1] -= EARTH_ROTATION_RAD_PER_S * position_m[..., 0]
    return velocity_mps


def inertial_velocity_mps(position_m: np.ndarray, velocity_mps: np.ndarray) -> np.ndarray:
    """Return the velocity (..., 3) seen from axes that do not turn, along the Earth-fixed axes.

    Of Earth-fixed positions and velocities; undoes earth_fixed_velocity_mps.
    """
    inertial_mps = velocity_mps.copy()
    inertial_mps[..., 0] -= EARTH_ROTATION_RAD_PER_S * position_m[..., 1]
    inertial_mps[..., 1] += EARTH_ROTATION_RAD_PER_S * position_m[..., 0]
    return inertial_mps


def hermite_m(
    positions_m: np.ndarray,
    velocities_mps: np.ndarray,
    rows: np.ndarray,
    times_s: np.ndarray,
    grid_s: float,
) -> np.ndarray:
    """Return positions (N, 3) between samples (S, T, 3) every grid_s.

    Of satellites rows (N,) at times_s (N,), by cubics through positions and velocities.

    Cubic Hermite: error r h^4 w^4 / 384, below 1 mm at 10 s and 30 mm at 30 s in a 500 km orbit,
    plus h/8 of SGP4's velocity error.
    """
    index = np.clip((times_s / grid_s).astype(np.int64), 0, positions_m.shape[1] - 2)
    u = (times_s / grid_s - index)[:, None]
    start_m, end_m = positions_m[rows, index], positions_m[rows, index + 1]
    start_slope_m, end_slope_m = (
        velocities_mps[rows, index] * grid_s,
        velocities_mps[rows, index + 1] * grid_s,
    )
    step_m = end_m - start_m
    cubic_m = start_slope_m + end_slope_m - 2.0 * step_m
    square_m = 3.0 * step_m - 2.0 * start_slope_m - end_slope_m
    return start_m + u * (start_slope_m + u * (square_m + u * cubic_m))


@njit(cache=True)
def distance_m(a_m: np.ndarray, b_m: np.ndarray) -> float:
    """Return the distance between two points (3,)."""
    x, y, z = b_m[0] - a_m[0], b_m[1] - a_m[1], b_m[2] - a_m[2]
    return math.sqrt(x * x + y * y + z * z)


@njit(cache=True)
def sight_margin_m(a_m: np.ndarray, b_m: np.ndarray, limit_radius_m: float) -> float:
    """Return how far a segment stays outside a sphere about the Earth's centre.

    Between points a and b (3,); negative if it is blocked.
    """
    x, y, z = b_m[0] - a_m[0], b_m[1] - a_m[1], b_m[2] - a_m[2]
    length_2 = x * x + y * y + z * z
    fraction = -(a_m[0] * x + a_m[1] * y + a_m[2] * z) / length_2 if length_2 > 0.0 else 0.0
    fraction = min(max(fraction, 0.0), 1.0)
    x, y, z = a_m[0] + fraction * x, a_m[1] + fraction * y, a_m[2] + fraction * z
    return math.sqrt(x * x + y * y + z * z) - limit_radius_m
