"""The picture: map, close-up, panel and cards of one moment, as an array of pixels."""

import numpy as np

from orbit_gym.views.map import palette
from orbit_gym.views.map.coastlines import coasts_deg
from orbit_gym.views.map.ground_layers import Ground
from orbit_gym.views.map.layers import Layers, style_for
from orbit_gym.views.map.panels import Page
from orbit_gym.views.map.projection import Box, CloseUp, WorldView, geodetic_deg
from orbit_gym.views.map.raster import Pen
from orbit_gym.views.map.snapshot import Snapshot
from orbit_gym.world.layout import World
from orbit_gym.world.nodes import n_satellites, n_stations, n_users

WIDTH, HEIGHT = 1280, 720  # both even, as video codecs want
TITLE = Box(0.0, 680.0, 1280.0, 40.0)
MAP = Box(0.0, 180.0, 1000.0, 500.0)
CLOSE_UP_BOX = Box(1000.0, 400.0, 280.0, 280.0)
PANEL = Box(1000.0, 0.0, 280.0, 400.0)
PLACEMENT, AT_HAND, LEGEND = (
    Box(6.0, 6.0, 344.0, 168.0),
    Box(356.0, 6.0, 344.0, 168.0),
    Box(706.0, 6.0, 290.0, 168.0),
)

BUNCH_DEG, BUNCH = (
    7.0,
    3,
)  # so many satellites within so far of one call for a close-up that stays with them (choice)
# satellites closer than this hide each other on the map: their bunch is the one to enlarge (choice)
TIGHT_DEG = 3.0
FEW_SATELLITES = 40  # satellites, up to which bunches are looked for and names are shown
RADII_DEG = (
    8.0,
    15.0,
    30.0,
)  # of a close-up (choice): the first that holds the route, or the last;
NEAR_COUNT = (
    20  # where more than FEW fly, the first in which so many would be if they flew evenly spread
)


class Canvas:
    """Draws the moments of one World; everything that stands still is drawn once."""

    def __init__(
        self, world: World, names: tuple[str, ...], title: str, ground: Ground | None = None
    ) -> None:
        """Draw page, cards and legend; ground may be shared by canvases."""
        self._pen = Pen(WIDTH, HEIGHT)
        self._layers, self._page = Layers(self._pen, world, names), Page(self._pen, names)
        self._world, self._title = world, title
        self.ground = ground or Ground(MAP)
        self._count = n_satellites(world)
        self._background = self._draw_page()

    def _draw_page(self) -> np.ndarray:
        self._pen.rectangle(Box(0.0, 0.0, WIDTH, HEIGHT), palette.PAGE)
        for box in (PLACEMENT, AT_HAND, LEGEND):
            self._pen.rectangle(box, palette.CARD)
        self._page.legend(LEGEND)
        return self._pen.pixels.copy()

    def frame(self, snapshot: Snapshot, utc: str) -> np.ndarray:
        """Return the picture of a moment, (HEIGHT, WIDTH, 3) uint8, a fresh array."""
        places_deg = geodetic_deg(snapshot.positions_m)
        world, bunch = WorldView(MAP), bunch_of(places_deg[: self._count])
        close_up = CloseUp(CLOSE_UP_BOX, *self._aim(snapshot, places_deg, bunch))
        self._pen.pixels[:] = self._background
        self._paste(MAP, self.ground.world(snapshot.sun))
        self._paste(CLOSE_UP_BOX, self.ground.around(close_up, snapshot.sun))
        self._coasts(close_up)
        self._layers.draw(world, snapshot, style_for(self._count, False), bunch)
        self._layers.draw(
            close_up, snapshot, style_for(self._count, True), np.zeros(self._count, np.bool_)
        )
        self._frame_of(world, close_up)
        self._page.title(TITLE, self._title, utc, snapshot)
        counts = n_stations(self._world), n_users(self._world)
        self._page.panel(PANEL, snapshot, counts)
        self._page.placement(PLACEMENT, snapshot)
        self._page.at_hand(AT_HAND, snapshot)
        return self._pen.pixels[..., :3].copy()

    def _paste(self, box: Box, pixels: np.ndarray) -> None:
        top, left = round(HEIGHT - box.bottom - box.height), round(box.left)
        self._pen.pixels[top : top + pixels.shape[0], left : left + pixels.shape[1], :3] = pixels

    def _coasts(self, close_up: CloseUp) -> None:
        pieces = close_up.pixels(coasts_deg())
        self._pen.lines(
            pieces[CLOSE_UP_BOX.holds(pieces).any(axis=1)], palette.COAST, 0.8, 0.55, CLOSE_UP_BOX
        )

    def _aim(
        self, snapshot: Snapshot, places_deg: np.ndarray, bunch: np.ndarray
    ) -> tuple[np.ndarray, float]:
        """Return middle and radius of the close-up.

        The bunch, else where the task placed last (or at hand) appeared, with its route.
        """
        if bunch.any():
            return middle_deg(snapshot.positions_m[: self._count][bunch]), RADII_DEG[0]
        placement, task = snapshot.placement, snapshot.task
        if placement is None and task is None:
            return np.zeros(2), RADII_DEG[-1]
        origin = int(placement.task["origin"]) if placement is not None else int(task["origin"])  # type: ignore[index]
        if self._count > FEW_SATELLITES:
            return places_deg[origin], radius_of(self._count)
        nodes = [origin]
        if placement is not None and placement.plan is not None:
            nodes += [
                hop.to_node for hop in (*placement.plan.input_hops, *placement.plan.result_hops)
            ]
        up = snapshot.positions_m / np.linalg.norm(snapshot.positions_m, axis=-1, keepdims=True)
        off_deg = np.degrees(np.arccos(np.clip(up[nodes] @ up[origin], -1.0, 1.0))).max()
        return places_deg[origin], next(
            (radius for radius in RADII_DEG if off_deg < 0.9 * radius), RADII_DEG[-1]
        )

    def _frame_of(self, world: WorldView, close_up: CloseUp) -> None:
        """The circle on the map that the close-up shows, and its scale."""
        self._pen.lines(
            world.lines(circle_deg(close_up.middle_deg, close_up.radius_deg)),
            palette.TEXT,
            1.0,
            0.6,
            MAP,
            dashes=(4.0, 4.0),
        )
        edge = np.array([[0.0, 0.0], [0.0, CLOSE_UP_BOX.height]]) + np.array(
            [CLOSE_UP_BOX.left, CLOSE_UP_BOX.bottom]
        )
        self._pen.lines(edge[None], palette.PAGE, 3.0)
        text = (
            f"the dashed circle enlarged, {2.0 * close_up.radius_deg * KM_PER_DEG:,.0f} km across"
        )
        self._pen.text(
            (CLOSE_UP_BOX.left + 14.0, CLOSE_UP_BOX.bottom - 16.0), text, 11.0, palette.TEXT_QUIET
        )


KM_PER_DEG = 111.2  # fact: mean radius of the Earth, 6,371 km, times one degree


def radius_of(count: int) -> float:
    """Return the radius of a close-up of so many satellites.

    A cap of angle r holds (1 - cos r) / 2 of them.
    """
    expected_counts = 0.5 * count * (1.0 - np.cos(np.radians(RADII_DEG)))
    return next(
        (radius for radius, expected in zip(RADII_DEG, expected_counts) if expected >= NEAR_COUNT),
        RADII_DEG[-1],
    )


def bunch_of(places_deg: np.ndarray) -> np.ndarray:
    """Return which satellites (S,) bool stand in the densest place, places_deg (S, 2).

    If they are so many that they need a larger drawing.
    """
    count = len(places_deg)
    if count > FEW_SATELLITES:
        return np.zeros(count, np.bool_)
    east, north = np.radians(places_deg).T
    up = np.stack(
        [np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)], axis=-1
    )
    off_deg = np.degrees(np.arccos(np.clip(up @ up.T, -1.0, 1.0)))
    is_near = off_deg < BUNCH_DEG
    tightness = (is_near * np.exp(-off_deg / TIGHT_DEG)).sum(axis=1) * (
        is_near.sum(axis=1) >= BUNCH
    )
    return is_near[int(tightness.argmax())] & (tightness.max() > 0.0)


def middle_deg(positions_m: np.ndarray) -> np.ndarray:
    """Return the place (2,) below the mean of positions (N, 3)."""
    return geodetic_deg(positions_m.mean(axis=0))


def circle_deg(middle: np.ndarray, radius_deg: float) -> np.ndarray:
    """Return places (1, 73, 2) at one angle around a place (2,), on a sphere."""
    east, north = np.radians(middle)
    angle, turn = np.radians(radius_deg), np.linspace(0.0, 2.0 * np.pi, 73)
    sine = np.sin(north) * np.cos(angle) + np.cos(north) * np.sin(angle) * np.cos(turn)
    angle_deg = np.arctan2(
        np.sin(turn) * np.sin(angle) * np.cos(north), np.cos(angle) - np.sin(north) * sine
    )
    longitude = np.mod(np.degrees(east + angle_deg) + 180.0, 360.0) - 180.0
    return np.stack([longitude, np.degrees(np.arcsin(np.clip(sine, -1.0, 1.0)))], axis=-1)[None]
