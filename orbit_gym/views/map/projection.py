"""From Earth-fixed metres to degrees to pixels: the world map, and a close-up around one place."""

from dataclasses import dataclass

import numpy as np

from orbit_gym.utils.units import EARTH_EQUATORIAL_RADIUS_M, EARTH_FLATTENING

MAP_SPAN_DEG = (360.0, 180.0)


def geodetic_deg(positions_m: np.ndarray) -> np.ndarray:
    """Return longitude and geodetic latitude (..., 2) below Earth-fixed positions (..., 3).

    Bowring 1976, below 1e-6 deg in low orbit.
    """
    x, y, z = np.moveaxis(positions_m, -1, 0)
    equatorial = np.sqrt(x * x + y * y)
    polar_m = EARTH_EQUATORIAL_RADIUS_M * (1.0 - EARTH_FLATTENING)
    square = EARTH_FLATTENING * (2.0 - EARTH_FLATTENING)
    reduced = np.arctan2(z * EARTH_EQUATORIAL_RADIUS_M, equatorial * polar_m)
    rise = z + square / (1.0 - square) * polar_m * np.sin(reduced) ** 3
    reach = equatorial - square * EARTH_EQUATORIAL_RADIUS_M * np.cos(reduced) ** 3
    return np.stack([np.degrees(np.arctan2(y, x)), np.degrees(np.arctan2(rise, reach))], axis=-1)


def tracks_deg(from_m: np.ndarray, to_m: np.ndarray, points: int) -> np.ndarray:
    """Return what lies below straight lines (N, 3) to (N, 3).

    As longitude and latitude (N, points, 2).
    """
    share = np.linspace(0.0, 1.0, points)[None, :, None]
    return geodetic_deg(from_m[:, None] * (1.0 - share) + to_m[:, None] * share)


def split_at_date_line(lines_deg: np.ndarray) -> np.ndarray:
    """Return lines (M, P, 2) without jumps, of N given ones (N, P, 2).

    One that crosses 180 degrees stands there twice, a turn apart.

    Each copy leaves the map on its side, and a picture clipped to the map shows the two parts.

    """
    if not len(lines_deg):
        return lines_deg
    lines = lines_deg.copy()
    lines[..., 0] = np.unwrap(lines_deg[..., 0], axis=1, period=360.0)
    copies = [lines]
    for is_beyond, turn in (
        (lines[..., 0].max(axis=1) > 180.0, -360.0),
        (lines[..., 0].min(axis=1) < -180.0, 360.0),
    ):
        copies.append(lines[is_beyond] + np.array([turn, 0.0]))
    return np.concatenate(copies)


@dataclass(frozen=True)
class Box:
    """A rectangle of the picture in pixels, from its lower left corner."""

    left: float
    bottom: float
    width: float
    height: float

    def holds(self, pixels: np.ndarray) -> np.ndarray:
        """True where a point (..., 2) lies inside."""
        offsets = pixels - np.array([self.left, self.bottom])
        return (offsets >= 0.0).all(axis=-1) & (offsets <= np.array([self.width, self.height])).all(
            axis=-1
        )


@dataclass(frozen=True)
class WorldView:
    """The whole Earth, equirectangular."""

    box: Box

    def pixels(self, places_deg: np.ndarray) -> np.ndarray:
        """Return pixels (..., 2) of longitudes and latitudes (..., 2)."""
        corner, size = (
            np.array([self.box.left, self.box.bottom]),
            np.array([self.box.width, self.box.height]),
        )
        return corner + size * (places_deg / np.array(MAP_SPAN_DEG) + 0.5)

    def lines(self, lines_deg: np.ndarray) -> np.ndarray:
        """Return lines (M, P, 2) in pixels of lines (N, P, 2) in degrees.

        Split at the date line.
        """
        return self.pixels(split_at_date_line(lines_deg))


@dataclass(frozen=True)
class CloseUp:
    """Project around one place, azimuthal and equidistant.

    Directions and distances from the middle are true, at the poles too.
    """

    box: Box
    middle_deg: np.ndarray  # (2,) longitude and latitude
    radius_deg: float  # from the middle to the nearest edge

    def pixels(self, places_deg: np.ndarray) -> np.ndarray:
        """Return pixels (..., 2) of longitudes and latitudes (..., 2)."""
        east = np.radians(places_deg[..., 0] - self.middle_deg[0])
        north, middle = np.radians(places_deg[..., 1]), np.radians(self.middle_deg[1])
        right = np.cos(north) * np.sin(east)
        up = np.cos(middle) * np.sin(north) - np.sin(middle) * np.cos(north) * np.cos(east)
        forward = np.sin(middle) * np.sin(north) + np.cos(middle) * np.cos(north) * np.cos(east)
        distance = np.hypot(right, up)
        stretch = np.degrees(np.arctan2(distance, forward)) / np.maximum(distance, 1e-12)
        scale = 0.5 * min(self.box.width, self.box.height) / self.radius_deg
        centre = np.array(
            [self.box.left + 0.5 * self.box.width, self.box.bottom + 0.5 * self.box.height]
        )
        return centre + scale * np.stack([right * stretch, up * stretch], axis=-1)

    def lines(self, lines_deg: np.ndarray) -> np.ndarray:
        """Return those of the lines (N, P, 2) in pixels that lie on this side of the Earth."""
        lines = self.pixels(lines_deg)
        is_near = (
            np.linalg.norm(np.diff(lines, axis=1), axis=-1).max(axis=1, initial=0.0)
            < 2.0 * self.box.width
        )
        return lines[is_near]
