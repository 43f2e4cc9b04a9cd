"""Frames, sites and line of sight against Skyfield and closed forms."""

import math

import numpy as np
import pytest
from skyfield.api import EarthSatellite, load, wgs84
from skyfield.constants import ERAD
from skyfield.geometry import intersect_line_and_sphere
from skyfield.sgp4lib import theta_GMST1982

from orbit_gym.physics.geometry import (
    EARTH_ROTATION_RAD_PER_S,
    distance_m,
    earth_fixed_velocity_mps,
    elevation_rad,
    geodetic_to_earth_fixed_m,
    geodetic_up,
    gmst_rad,
    hermite_m,
    rotate_to_earth_fixed,
    sight_margin_m,
)
from orbit_gym.utils.units import EARTH_EQUATORIAL_RADIUS_M
from tests.helpers.sight import longest_sight_m

PLACES = [
    (0.0, 0.0, 0.0),
    (40.45, 116.86, 0.0),
    (-77.85, 166.67, 250.0),
    (90.0, 0.0, 0.0),
    (18.31, -109.31, 8_000.0),
]


@pytest.mark.parametrize("latitude_deg, longitude_deg, altitude_m", PLACES)
def test_sites_stand_where_skyfield_puts_them(latitude_deg, longitude_deg, altitude_m):
    """Authority: Skyfield's wgs84.latlon; tolerance 1 mm, both being closed forms."""
    ours_m = geodetic_to_earth_fixed_m(
        np.radians(latitude_deg), np.radians(longitude_deg), altitude_m
    )
    theirs_m = wgs84.latlon(latitude_deg, longitude_deg, elevation_m=altitude_m).itrs_xyz.m
    assert np.allclose(ours_m, theirs_m, rtol=0.0, atol=1e-3)


def test_straight_up_is_ninety_degrees_and_the_horizon_zero():
    latitude_rad, longitude_rad = np.radians(47.0), np.radians(11.0)
    site_m, up = (
        geodetic_to_earth_fixed_m(latitude_rad, longitude_rad, 0.0),
        geodetic_up(latitude_rad, longitude_rad),
    )
    north = np.array(
        [
            -np.sin(latitude_rad) * np.cos(longitude_rad),
            -np.sin(latitude_rad) * np.sin(longitude_rad),
            np.cos(latitude_rad),
        ]
    )
    targets_m = np.array(
        [
            site_m + 1e6 * up,
            site_m + 1e6 * north,
            site_m + 1e6 * (math.cos(0.3) * north + math.sin(0.3) * up),
        ]
    )
    assert np.allclose(elevation_rad(site_m, up, targets_m), [math.pi / 2, 0.0, 0.3], atol=2e-8)


def test_sidereal_time_is_that_of_1982():
    """Authority: Skyfield's theta_GMST1982 (Spacetrack Report 3 revisited).

    Tolerance 1e-9 rad = 7 mm in orbit.
    """
    for jd, fraction in ((2_460_889.5, 0.0), (2_460_889.5, 0.7315), (2_462_000.5, 1.14)):
        theirs, _ = theta_GMST1982(jd, fraction)
        difference = (gmst_rad(jd, np.array(fraction)) - theirs + math.pi) % (
            2.0 * math.pi
        ) - math.pi
        assert abs(difference) < 1e-9


def test_sidereal_day_is_the_textbook_one():
    """86,164.0905 s (IAU): after it the Earth-fixed axes point the same way; tolerance 1e-7 rad."""
    turn = gmst_rad(2_460_889.5, np.array([0.0, 86_164.0905 / 86_400.0]))
    assert abs(turn[1] - turn[0]) < 1e-7
    assert EARTH_ROTATION_RAD_PER_S == pytest.approx(7.292115e-5, rel=2e-7)  # WGS84 gives 7 digits


def test_earth_fixed_velocity_is_the_derivative_of_position():
    """A straight line in the inertial frame, differentiated numerically in the turning one.

    Tolerance 1 mm/s.
    """
    times_s = np.array([999.0, 1_000.0, 1_001.0])
    velocity_mps = np.array([3_000.0, -5_000.0, 4_000.0])
    inertial_m = np.array([7e6, 1e6, -2e6]) + times_s[:, None] * velocity_mps
    gmst = gmst_rad(2_460_889.5, times_s / 86_400.0)
    fixed_m = rotate_to_earth_fixed(inertial_m, gmst)
    ours_mps = earth_fixed_velocity_mps(
        fixed_m, rotate_to_earth_fixed(np.tile(velocity_mps, (3, 1)), gmst)
    )
    assert np.allclose(
        ours_mps[1], (fixed_m[2] - fixed_m[0]) / 2.0, atol=5e-3
    )  # the day fraction resolves 1e-11 days, so 1e-6 s


def test_hermite_follows_a_circle():
    """Circle of 6,878 km in 5,677 s, sampled every 10 s; stated error 1 mm."""
    omega, grid_s = 2.0 * math.pi / 5_677.0, 10.0
    angle = omega * np.arange(20) * grid_s
    circle_m = 6_878e3 * np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=-1)[None]
    speed_mps = (
        6_878e3 * omega * np.stack([-np.sin(angle), np.cos(angle), 0 * angle], axis=-1)[None]
    )
    times_s = np.array([0.0, 3.3, 75.0, 185.0, 190.0])
    expected_m = 6_878e3 * np.stack(
        [np.cos(omega * times_s), np.sin(omega * times_s), 0 * times_s], axis=-1
    )
    assert (
        np.abs(hermite_m(circle_m, speed_mps, np.zeros(5, int), times_s, grid_s) - expected_m).max()
        < 1e-3
    )


@pytest.mark.parametrize("altitude_m, published_m", [(500e3, 4_733e3), (550e3, 5_016e3)])
def test_longest_line_of_sight(altitude_m, published_m):
    """Authority: 2 sqrt((R+h)^2 - (R+80 km)^2), Hypatia's main_starlink_550.py (WGS72 radius).

    Tolerance 2 km.
    """
    assert longest_sight_m(altitude_m, altitude_m, 80e3) == pytest.approx(published_m, abs=2e3)
    radius_m = 6_378_135.0  # WGS72
    assert longest_sight_m(altitude_m, altitude_m, 80e3) == pytest.approx(
        2.0 * math.sqrt((radius_m + altitude_m) ** 2 - (radius_m + 80e3) ** 2), abs=2e3
    )


def pair_apart(distance: float, altitude_m: float) -> tuple[np.ndarray, np.ndarray]:
    half_rad = math.asin(0.5 * distance / (EARTH_EQUATORIAL_RADIUS_M + altitude_m))
    radius_m = EARTH_EQUATORIAL_RADIUS_M + altitude_m
    return tuple(
        radius_m * np.array([math.cos(side * half_rad), 0.0, math.sin(side * half_rad)])
        for side in (-1.0, 1.0)
    )


@pytest.mark.parametrize("compiled", [True, False])
def test_sight_margin_changes_sign_at_the_longest_line(compiled):
    """The closed form again: one metre less is in sight, one metre more is not.

    Plain Python agrees with the compiled kernel.
    """
    margin = sight_margin_m if compiled else sight_margin_m.py_func
    limit_m, longest_m = EARTH_EQUATORIAL_RADIUS_M + 80e3, longest_sight_m(500e3, 500e3, 80e3)
    assert margin(*pair_apart(longest_m - 1.0, 500e3), limit_m) > 0.0
    assert margin(*pair_apart(longest_m + 1.0, 500e3), limit_m) < 0.0


def test_grazing_altitude_of_an_even_ring_of_twelve():
    """Authority: 266 km grazing altitude and 3,560 km hops for 12 evenly spaced at 500 km (facts,
    section 0.4); tolerance 1 km.
    """
    hop_m = 2.0 * (EARTH_EQUATORIAL_RADIUS_M + 500e3) * math.sin(math.radians(15.0))
    assert hop_m == pytest.approx(3_560e3, abs=1e3)
    assert sight_margin_m(*pair_apart(hop_m, 500e3), EARTH_EQUATORIAL_RADIUS_M) == pytest.approx(
        266e3, abs=1e3
    )


def test_sight_between_two_on_the_same_side_is_not_blocked():
    """The nearest point of the segment counts, not of the whole line: one straight above the other
    sees it.
    """
    low_m, high_m = np.array([7e6, 0.0, 0.0]), np.array([8e6, 0.0, 0.0])
    assert sight_margin_m(low_m, high_m, 6.4e6) == pytest.approx(0.6e6)
    assert sight_margin_m(low_m, low_m, 6.4e6) == pytest.approx(0.6e6)
    assert distance_m(low_m, high_m) == 1e6


def test_sight_agrees_with_skyfield():
    """Authority: the line and sphere that Skyfield's is_behind_earth intersects, over two hours of
    two satellites; no sample may differ.
    """
    lines = (
        (
            "1 63982U 25100A   25214.80554412  .00009133  00000+0  43367-3 0  9990",
            "2 63982  97.4033 288.9511 0010590  50.2724 309.9442 15.19411726 12253",
        ),
        (
            "1 63985U 25100D   25214.84796620  .00014914  00000+0  70163-3 0  9993",
            # turned so that they meet
            "2 63985  51.6000 289.0514 0010475 344.3779 267.7131 15.19611647 12241",
        ),
    )
    times = load.timescale(builtin=True).utc(2025, 8, 3, 0, 0, range(0, 7_200, 30))
    first_m, second_m = (EarthSatellite(*pair).at(times).xyz.m for pair in lines)
    with np.errstate(invalid="ignore"):
        near_m, far_m = intersect_line_and_sphere(second_m - first_m, -first_m, ERAD)
    is_behind = (np.nan_to_num(far_m) > 0) & (
        np.nan_to_num(near_m) < np.linalg.norm(second_m - first_m, axis=0)
    )
    margins_m = np.array(
        [sight_margin_m(a, b, ERAD) for a, b in zip(first_m.T, second_m.T, strict=True)]
    )
    assert 0 < is_behind.sum() < len(is_behind)
    assert np.array_equal(margins_m < 0.0, is_behind)
