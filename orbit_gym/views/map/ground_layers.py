"""The Earth under the map: land, sea, day and night as pixels, drawn fresh as the Sun moves."""

import numpy as np

from orbit_gym.views.map import palette
from orbit_gym.views.map.coastlines import land_rings_deg
from orbit_gym.views.map.daylight import darkness, sun_sine
from orbit_gym.views.map.projection import Box, CloseUp, WorldView
from orbit_gym.views.map.raster import Pen

FINE = 4  # pixels of the land's texture to one of the map, a side: what a close-up needs
GRID_STEP_DEG = 30.0
# of a unit vector: a sixth of a pixel, as far as the Sun moves in a quarter of a minute; the
# shading is kept so long
SUN_DECIMALS = 3


class Ground:
    """Land and sea of a map box, as they look by day and by night."""

    def __init__(self, box: Box) -> None:
        """Fill the land once, finely; the map takes means of it."""
        self.width, self.height = round(box.width), round(box.height)
        fine = WorldView(Box(0.0, 0.0, FINE * self.width, FINE * self.height))
        pen = Pen(FINE * self.width, FINE * self.height)
        pen.areas([fine.pixels(ring) for ring in land_rings_deg()], (1.0, 1.0, 1.0))
        self._fine = pen.pixels[..., 3].copy()  # (FINE * height, FINE * width) uint8
        land = (
            self._fine.reshape(self.height, FINE, self.width, FINE).mean(axis=(1, 3))[..., None]
            / 255.0
        )
        picture = self._drawing()
        self._day = _composed(land, palette.OCEAN_DAY, palette.LAND_DAY, picture)
        self._deeper = _composed(land, palette.OCEAN_NIGHT, palette.LAND_NIGHT, picture) - self._day
        self._world: np.ndarray | None = None  # as drawn last, under self._sun
        self._sun = np.zeros(3)
        self._longitude_deg = (np.arange(self.width) + 0.5) * 360.0 / self.width - 180.0
        self._latitude_deg = 90.0 - (np.arange(self.height) + 0.5) * 180.0 / self.height

    def _drawing(self) -> np.ndarray:
        """Grid and coasts, as RGBA (height, width, 4)."""
        pen, view = Pen(self.width, self.height), WorldView(Box(0.0, 0.0, self.width, self.height))
        meridians = [[[x, -90.0], [x, 90.0]] for x in np.arange(-150.0, 180.0, GRID_STEP_DEG)]
        parallels = [[[-180.0, y], [180.0, y]] for y in np.arange(-60.0, 90.0, GRID_STEP_DEG)]
        pen.lines(view.pixels(np.array(meridians + parallels)), palette.GRID, 0.6, 0.10)
        pen.outlines([view.pixels(ring) for ring in land_rings_deg()], palette.COAST, 0.8, 0.55)
        return pen.pixels.copy()

    def world(self, sun: np.ndarray) -> np.ndarray:
        """Return the map under a Sun (3,), (height, width, 3) uint8 from the north west."""
        coarse = np.round(sun, SUN_DECIMALS)
        if self._world is None or (coarse != self._sun).any():
            dark = darkness(sun_sine(coarse, self._longitude_deg, self._latitude_deg))
            self._world, self._sun = (
                (self._day + self._deeper * dark[..., None]).astype(np.uint8),
                coarse,
            )
        return self._world

    def around(self, view: CloseUp, sun: np.ndarray) -> np.ndarray:
        """Return a close-up under a Sun (3,), (height, width, 3) uint8.

        Sampled from the fine texture.
        """
        up = _directions(view)
        row = np.clip(
            (0.5 - np.arcsin(np.clip(up[..., 2], -1.0, 1.0)) / np.pi) * self._fine.shape[0],
            0,
            self._fine.shape[0] - 1,
        )
        column = (np.arctan2(up[..., 1], up[..., 0]) / (2.0 * np.pi) + 0.5) * self._fine.shape[1]
        land = (
            self._fine[
                row.astype(np.int32), np.minimum(column.astype(np.int32), self._fine.shape[1] - 1)
            ].astype(np.float32)[..., None]
            / 255.0
        )
        dark = darkness(up @ sun.astype(np.float32))[..., None]
        day = _mix(palette.OCEAN_DAY, palette.LAND_DAY, land)
        return (
            255.0 * (day + (_mix(palette.OCEAN_NIGHT, palette.LAND_NIGHT, land) - day) * dark)
        ).astype(np.uint8)


def _directions(view: CloseUp) -> np.ndarray:
    """Return the geodetic normals (height, width, 3) float32 of a close-up's pixels.

    The projection turned round.
    """
    width, height = round(view.box.width), round(view.box.height)
    scale = np.float32(np.radians(2.0 * view.radius_deg / min(width, height)))
    right = ((np.arange(width, dtype=np.float32) + 0.5 - 0.5 * width) * scale)[None, :]
    upward = ((0.5 * height - 0.5 - np.arange(height, dtype=np.float32)) * scale)[:, None]
    distance = np.sqrt(right * right + upward * upward)
    sine = np.sin(distance) / np.maximum(distance, np.float32(1e-9))
    east, north = np.radians(view.middle_deg)
    middle = np.array(
        [np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)], np.float32
    )
    to_east = np.array([-np.sin(east), np.cos(east), 0.0], np.float32)
    to_north = np.cross(middle, to_east).astype(np.float32)
    return (
        np.cos(distance)[..., None] * middle
        + (sine * right)[..., None] * to_east
        + (sine * upward)[..., None] * to_north
    )


def _mix(low: palette.Colour, high: palette.Colour, share: np.ndarray) -> np.ndarray:
    """Colours (..., 3) float32 between two, by share (..., 1)."""
    start, end = np.array(low, np.float32), np.array(high, np.float32)
    return start + (end - start) * share.astype(np.float32)


def _composed(
    land: np.ndarray, sea: palette.Colour, ground: palette.Colour, picture: np.ndarray
) -> np.ndarray:
    """Return land and sea (height, width, 3) float32 from 0 to 255 with a drawing over them.

    The drawing is (height, width, 4) of straight alpha.
    """
    alpha = picture[..., 3:].astype(np.float32) / 255.0
    return (
        255.0 * _mix(sea, ground, land) * (1.0 - alpha)
        + picture[..., :3].astype(np.float32) * alpha
    )
