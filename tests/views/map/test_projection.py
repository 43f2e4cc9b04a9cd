"""The map's geometry: places by WGS84's closed form, lines that cross the date line, the close-up,
day and night.
"""

import numpy as np
import pytest

from orbit_gym.physics.geometry import geodetic_to_earth_fixed_m
from orbit_gym.views.map.coastlines import coasts_deg, land_rings_deg
from orbit_gym.views.map.daylight import darkness, sun_at, sun_sine
from orbit_gym.views.map.projection import (
    Box,
    CloseUp,
    WorldView,
    geodetic_deg,
    split_at_date_line,
    tracks_deg,
)

BOX = Box(0.0, 180.0, 1000.0, 500.0)
JD = 2_460_889.5  # 2025-08-02 00:00 UTC


def test_places_invert_the_ellipsoid() -> None:
    """Random geodetic places up to 1,000 km, to metres and back."""
    rng = np.random.default_rng(0)
    longitude, latitude = rng.uniform(-180.0, 180.0, 500), rng.uniform(-90.0, 90.0, 500)
    positions_m = geodetic_to_earth_fixed_m(
        np.radians(latitude), np.radians(longitude), rng.uniform(0.0, 1e6, 500)
    )
    assert np.allclose(
        geodetic_deg(positions_m), np.stack([longitude, latitude], axis=-1), atol=1e-5
    )


def test_the_map_is_equirectangular() -> None:
    corners = WorldView(BOX).pixels(np.array([[-180.0, -90.0], [0.0, 0.0], [180.0, 90.0]]))
    assert corners.tolist() == [[0.0, 180.0], [500.0, 430.0], [1000.0, 680.0]]


def test_a_line_over_the_date_line_is_split() -> None:
    """From 170 E to 170 W, 20 degrees: two copies, neither jumps, one ends at 190 and one begins at
    -190.
    """
    ends_m = geodetic_to_earth_fixed_m(np.zeros(2), np.radians([170.0, -170.0]), 5e5)
    lines = split_at_date_line(tracks_deg(ends_m[:1], ends_m[1:], 9))
    assert lines.shape == (2, 9, 2)
    assert np.abs(np.diff(lines[..., 0], axis=1)).max() < 20.0
    assert np.allclose(lines[:, [0, -1], 0], [[170.0, 190.0], [-190.0, -170.0]])


def test_other_lines_stay_single_and_bend_towards_the_pole() -> None:
    """Along 60 N over 60 degrees of longitude the straight line in space runs north of both
    ends.
    """
    ends_m = geodetic_to_earth_fixed_m(np.radians([60.0, 60.0]), np.radians([0.0, 60.0]), 5e5)
    lines = split_at_date_line(tracks_deg(ends_m[:1], ends_m[1:], 9))
    assert lines.shape == (1, 9, 2) and lines[0, 4, 1] > 62.0


def test_the_close_up_keeps_distances_and_directions_from_its_middle() -> None:
    """Over the north pole: places 10 degrees away on four meridians stand at the same distance, a
    quarter turn apart.
    """
    view = CloseUp(Box(0.0, 0.0, 280.0, 280.0), np.array([0.0, 90.0]), 20.0)
    places = (
        view.pixels(np.array([[0.0, 80.0], [90.0, 80.0], [180.0, 80.0], [-90.0, 80.0]])) - 140.0
    )
    assert np.allclose(places, [[0.0, -70.0], [70.0, 0.0], [0.0, 70.0], [-70.0, 0.0]], atol=1e-6)


def terminator_deg(sun: np.ndarray, longitude_deg: np.ndarray) -> np.ndarray:
    """Return the geodetic latitude (N,) at which the Sun's centre is on the horizon.

    tan(lat) = -cos(lon - sun's) / tan(declination).
    """
    hour = np.cos(np.radians(longitude_deg)) * sun[0] + np.sin(np.radians(longitude_deg)) * sun[1]
    return np.degrees(np.arctan(-hour / np.copysign(max(abs(sun[2]), 1e-12), sun[2])))


@pytest.mark.parametrize("time_s", [0.0, 33_333.0, 63_600.0])
def test_the_terminator_is_where_the_sun_stands_on_the_horizon(time_s: float) -> None:
    """The shading's own sine of the Sun's elevation changes sign at the closed form, to the step of
    the grid.
    """
    sun = sun_at(JD, time_s)
    longitude, latitude = np.linspace(-179.5, 179.5, 360), np.linspace(89.95, -89.95, 1800)
    is_dark = darkness(sun_sine(sun, longitude, latitude)) > 0.0
    edge = terminator_deg(sun, longitude)
    for column, boundary in enumerate(edge):
        is_below = latitude < boundary
        assert (is_dark[:, column] == (is_below if sun[2] > 0.0 else ~is_below))[
            np.abs(latitude - boundary) > 0.1
        ].all()


def test_the_sun_stands_where_the_clock_says() -> None:
    """On 2025-08-02 at 12:00 UTC: right ascension 132.42 + 0.48 deg (StarCompute2800.toml, half a
    day on), so a declination of atan(tan 23.44 sin 132.90) = 17.62 deg; noon comes 6.3 min late
    (equation of time), so the Sun is at longitude +1.6 deg.
    """
    x, y, z = sun_at(JD, 43_200.0)
    assert np.degrees(np.arctan2(y, x)) == pytest.approx(1.57, abs=0.05)
    assert np.degrees(np.arcsin(z)) == pytest.approx(17.62, abs=0.02)


def test_coasts_are_whole() -> None:
    """Closed rings on the Earth.

    Known land is inside one, known sea and a lake are not (even-odd rule).
    """
    rings = land_rings_deg()
    assert all(
        np.allclose(ring[0], ring[-1]) and np.abs(ring[:, 1]).max() <= 90.0 for ring in rings
    )
    for place, is_land in (
        ((10.0, 50.0), True),
        ((-60.0, -10.0), True),
        ((0.0, -85.0), True),
        ((-175.0, 67.0), True),  # Chukotka on both sides of the date line
        ((179.0, 68.0), True),
        ((-30.0, 30.0), False),
        ((51.0, 42.0), False),
    ):
        assert sum(is_inside(ring, *place) for ring in rings) % 2 == is_land, place


def test_cuts_along_the_edges_of_the_map_are_no_coasts() -> None:
    pieces, n_sides = coasts_deg(), sum(len(ring) - 1 for ring in land_rings_deg())
    assert 0 < n_sides - len(pieces) < 50
    assert not (pieces[..., 1] <= -90.0).all(axis=1).any()  # the pole that closes Antarctica
    assert not (np.abs(pieces[..., 0]) >= 180.0).all(axis=1).any()  # the date line through Chukotka
    assert (
        len(pieces[(np.abs(pieces[..., 0]) >= 180.0).any(axis=1)]) > 4
    )  # what meets the date line is kept


def is_inside(ring: np.ndarray, x: float, y: float) -> bool:
    """Even-odd rule by edges that a ray to the east crosses."""
    a, b = ring[:-1], ring[1:]
    crosses = (a[:, 1] > y) != (b[:, 1] > y)
    at = a[crosses, 0] + (y - a[crosses, 1]) / (b[crosses, 1] - a[crosses, 1]) * (
        b[crosses, 0] - a[crosses, 0]
    )
    return bool((at > x).sum() % 2)
