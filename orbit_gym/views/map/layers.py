"""What moves on the map: links, routes, sites, satellites, the task at hand.

One function draws into either view.
"""

from dataclasses import dataclass

import numpy as np

from orbit_gym.views.map import palette
from orbit_gym.views.map.active_links import Links
from orbit_gym.views.map.projection import Box, CloseUp, WorldView, geodetic_deg, tracks_deg
from orbit_gym.views.map.raster import Pen
from orbit_gym.views.map.snapshot import Snapshot
from orbit_gym.world.layout import World
from orbit_gym.world.nodes import first_datacentre, first_station, first_user

# Width in pixels and opacity of a link by its use, up to each fraction; what is not used at all is
# faint (choices).
USE_STEPS = (0.0, 0.02, 0.2, 1.0)
USE_WIDTHS, USE_ALPHAS = (0.8, 1.4, 2.6, 4.2), (0.40, 0.85, 0.95, 1.0)
MANY_WIDTHS, MANY_ALPHAS = (
    (0.0, 0.7, 1.3, 2.2),
    (0.0, 0.28, 0.7, 1.0),
)  # where thousands share a map
LABEL_SIZE = 10.5


@dataclass(frozen=True)
class Style:
    """How large and how detailed things are drawn.

    Chosen by how many satellites share the picture.
    """

    dot: float  # diameter of a satellite in pixels
    has_labels: bool  # of all satellites, else only of those that the tasks shown concern
    has_charge: bool  # a ring around each satellite
    is_thin: bool  # links in use alone, and thin
    line_points: int  # samples along a link: it bends on the map


def style_for(n_satellites: int, is_close: bool) -> Style:
    """Return the style of a view by its number of satellites (choices).

    Up to 40 everything, up to 400 dots and links, beyond that small dots and links in use.
    """
    if n_satellites <= 40:
        return Style(11.0, True, True, False, 24)
    if n_satellites <= 400:
        return (
            Style(10.0, False, True, False, 16) if is_close else Style(6.5, False, False, False, 16)
        )
    return Style(8.0, False, True, False, 8) if is_close else Style(3.0, False, False, True, 8)


@dataclass(frozen=True)
class Layers:
    """Draws the moments of one World with one pen."""

    pen: Pen
    world: World
    names: tuple[str, ...]  # of the graph nodes

    def draw(
        self, view: WorldView | CloseUp, snapshot: Snapshot, style: Style, is_hidden: np.ndarray
    ) -> None:
        """Draw a moment into a view.

        hidden (S,) bool are satellites that get no label and no charge ring here.
        """
        places = view.pixels(geodetic_deg(snapshot.positions_m))
        self._links(view, snapshot, style)
        self._route(view, snapshot, places, style)
        self._sites(view, snapshot, places, style)
        self._satellites(view, snapshot, places, style, is_hidden)
        self._task(view, snapshot, places, style)
        self._labels(view, snapshot, places, style, is_hidden)

    # --- links

    def _links(self, view: WorldView | CloseUp, snapshot: Snapshot, style: Style) -> None:
        widths, alphas = (MANY_WIDTHS, MANY_ALPHAS) if style.is_thin else (USE_WIDTHS, USE_ALPHAS)
        for links, colour in (
            (snapshot.beams, palette.USER),
            (snapshot.passes, palette.STATION),
            (snapshot.lasers, palette.LASER),
        ):
            for low, high, width, alpha in zip((-1.0, *USE_STEPS[:-1]), USE_STEPS, widths, alphas):
                is_mine = (links.use_fraction > low) & (links.use_fraction <= high)
                if width > 0.0:
                    self.pen.lines(
                        self._lines(view, snapshot, links.ends[is_mine], style),
                        colour,
                        width,
                        alpha,
                        view.box,
                    )
        if not style.is_thin:
            outage_lines = self._lines(view, snapshot, snapshot.lasers_down, style)
            self.pen.lines(outage_lines, palette.BAD, 1.2, 0.9, view.box, dashes=(2.0, 4.0))

    def _lines(
        self, view: WorldView | CloseUp, snapshot: Snapshot, ends: np.ndarray, style: Style
    ) -> np.ndarray:
        """Lines (N, P, 2) in pixels between pairs (N, 2) of nodes, straight in space."""
        if isinstance(view, CloseUp) and len(ends) > 100:  # most are far outside
            in_view = self._in_view(view, snapshot)
            ends = ends[in_view[ends[:, 0]] | in_view[ends[:, 1]]]
        return view.lines(
            tracks_deg(
                snapshot.positions_m[ends[:, 0]],
                snapshot.positions_m[ends[:, 1]],
                style.line_points,
            )
        )

    def _in_view(self, view: CloseUp, snapshot: Snapshot) -> np.ndarray:
        return view.box.holds(view.pixels(geodetic_deg(snapshot.positions_m)))

    def _route(
        self, view: WorldView | CloseUp, snapshot: Snapshot, places: np.ndarray, style: Style
    ) -> None:
        """Input and result of the task placed last, between where their ends are now."""
        if snapshot.placement is None:
            return
        plan, origin = snapshot.placement.plan, int(snapshot.placement.task["origin"])
        if plan is None:
            self.pen.marks(places[[origin]], "x", 15.0, None, palette.BAD, 3.0, box=view.box)
            return
        for hops, colour, width in (
            (plan.input_hops, palette.INPUT, 5.0),
            (plan.result_hops, palette.RESULT, 2.4),
        ):
            ends = np.array([(hop.from_node, hop.to_node) for hop in hops], dtype=np.int64).reshape(
                -1, 2
            )
            self.pen.lines(self._lines(view, snapshot, ends, style), colour, width, 0.95, view.box)
        size = style.dot + 8.0
        self.pen.marks(places[[origin]], "o", size + 5.0, None, palette.INPUT, 2.2, box=view.box)
        if plan.result_hops:
            self.pen.marks(
                places[[plan.result_hops[-1].to_node]],
                "o",
                size + 5.0,
                None,
                palette.RESULT,
                2.2,
                box=view.box,
            )
        self.pen.marks(places[[plan.node]], "s", size, None, palette.TASK, 2.2, box=view.box)

    # --- what stands still

    def _sites(
        self, view: WorldView | CloseUp, snapshot: Snapshot, places: np.ndarray, style: Style
    ) -> None:
        first_centre, first_site = first_datacentre(self.world), first_user(self.world)
        is_served = np.zeros(len(places), np.bool_)
        is_served[snapshot.beams.ends[:, 1]] = is_served[snapshot.passes.ends[:, 1]] = True
        users, stations = (
            np.arange(first_site, len(places)),
            np.arange(first_station(self.world), first_centre),
        )
        box = view.box
        self.pen.marks(
            places[users[~is_served[users]]],
            "o",
            3.6,
            palette.TEXT_QUIET,
            palette.PAGE,
            0.6,
            0.8,
            box,
        )
        self.pen.marks(
            places[users[is_served[users]]], "o", 6.0, palette.USER, palette.PAGE, 0.8, 1.0, box
        )
        self.pen.marks(
            places[stations[~is_served[stations]]],
            "^",
            9.0,
            palette.PAGE,
            palette.STATION,
            1.6,
            1.0,
            box,
        )
        self.pen.marks(
            places[stations[is_served[stations]]],
            "^",
            10.0,
            palette.STATION,
            palette.PAGE,
            0.9,
            1.0,
            box,
        )
        self.pen.marks(
            places[first_centre:first_site], "s", 8.0, palette.STATION, palette.PAGE, 0.9, 1.0, box
        )

    # --- satellites

    def _satellites(
        self,
        view: WorldView | CloseUp,
        snapshot: Snapshot,
        places: np.ndarray,
        style: Style,
        is_hidden: np.ndarray,
    ) -> None:
        count = len(snapshot.queue_s)
        places, classes = places[:count], palette.queue_class(snapshot.queue_s)
        is_inside = view.box.holds(places)
        rim_width = 0.4 if style.is_thin else 1.3
        for number, colour in enumerate(palette.QUEUE_COLOURS):  # the busiest on top
            for is_lit, rim in ((False, palette.ECLIPSED), (True, palette.SUNLIT)):
                of_style = is_inside & (classes == number) & (snapshot.is_sunlit == is_lit)
                edge, size = (
                    (colour, style.dot + 1.4 * (number > 0)) if style.is_thin else (rim, style.dot)
                )
                self.pen.marks(places[of_style], "o", size, colour, edge, rim_width, box=view.box)
        self.pen.marks(
            places[is_inside & snapshot.is_rebooting],
            "x",
            style.dot,
            None,
            palette.BAD,
            2.0,
            box=view.box,
        )
        if style.has_charge:
            self._charge(view, snapshot, places, is_inside & ~is_hidden, style)

    def _charge(
        self,
        view: WorldView | CloseUp,
        snapshot: Snapshot,
        places: np.ndarray,
        in_view: np.ndarray,
        style: Style,
    ) -> None:
        """A ring around each satellite, filled clockwise from the top by charge.

        Of another colour near the floor.
        """
        radius = 0.5 * style.dot + 3.0
        full, is_low = (
            np.ones(len(places)),
            snapshot.charge_fraction < snapshot.floor_fraction + 0.1,
        )
        self.pen.lines(
            arcs(places[in_view], full[in_view], radius), palette.PAGE, 3.2, 0.7, view.box
        )
        for of_style, colour in (
            (in_view & ~is_low, palette.CHARGE),
            (in_view & is_low, palette.CHARGE_LOW),
        ):
            self.pen.lines(
                arcs(places[of_style], snapshot.charge_fraction[of_style], radius),
                colour,
                1.9,
                1.0,
                view.box,
            )

    def _task(
        self, view: WorldView | CloseUp, snapshot: Snapshot, places: np.ndarray, style: Style
    ) -> None:
        """The task at hand: a diamond around its origin."""
        if snapshot.task is not None:
            origin = [int(snapshot.task["origin"])]
            self.pen.marks(
                places[origin], "D", style.dot + 12.0, None, palette.PAGE, 4.0, 0.7, view.box
            )
            self.pen.marks(
                places[origin], "D", style.dot + 12.0, None, palette.TASK, 2.0, 1.0, view.box
            )

    # --- words

    def _labels(
        self,
        view: WorldView | CloseUp,
        snapshot: Snapshot,
        places: np.ndarray,
        style: Style,
        is_hidden: np.ndarray,
    ) -> None:
        """Names of stations, datacentres and satellites in the view, where there is room.

        Of a satellite the last word.
        """
        count, end = len(is_hidden), first_user(self.world)
        is_named = np.ones(end, np.bool_)
        is_named[:count] = ~is_hidden if style.has_labels else False
        for node in concerned(snapshot):
            is_named[node] |= not is_hidden[node]
        boxes: list[tuple[float, float, float]] = []
        for node in np.flatnonzero(is_named & view.box.holds(places[:end]))[::-1].tolist():
            is_satellite = node < count
            text = self.names[node].split()[-1] if is_satellite else self.names[node]
            width = self.pen.text_width(text, LABEL_SIZE, is_satellite)
            place = free_place(places[node], width, view.box, boxes)
            if place is not None:
                boxes.append((*place, width))
                self.pen.text(
                    place,
                    text,
                    LABEL_SIZE,
                    palette.TEXT if is_satellite else palette.STATION,
                    is_satellite,
                    halo=True,
                )


def concerned(snapshot: Snapshot) -> set[int]:
    """Return the graph nodes of the task at hand and of the one placed last.

    Where they appeared, and where the latter runs; users left out.
    """
    tasks = [
        task
        for task in (snapshot.task, snapshot.placement.task if snapshot.placement else None)
        if task is not None
    ]
    nodes = {int(task["origin"]) for task in tasks}
    if snapshot.placement is not None and snapshot.placement.plan is not None:
        nodes.add(snapshot.placement.plan.node)
    return {node for node in nodes if node < len(snapshot.queue_s)}


def free_place(
    at: np.ndarray, width: float, box: Box, boxes: list[tuple[float, float, float]]
) -> tuple[float, float] | None:
    """Return where a label of this width may stand beside a place (2,), None if nowhere.

    Inside the box, clear of those there (x, y, width).
    """
    x, y = float(at[0]), float(at[1])
    sides = (
        (x + 11.0, y + 4.0),
        (x - 11.0 - width, y + 4.0),
        (x + 11.0, y - 13.0),
        (x - 11.0 - width, y - 13.0),
        (x - 0.5 * width, y + 14.0),
    )
    for left, base in sides:
        is_inside = (
            box.left <= left
            and left + width <= box.left + box.width
            and box.bottom <= base <= box.bottom + box.height - LABEL_SIZE
        )
        is_free = all(
            left > x + w + 4.0 or x > left + width + 4.0 or abs(base - y) > LABEL_SIZE + 3.0
            for x, y, w in boxes
        )
        if is_inside and is_free:
            return left, base
    return None


def arcs(places: np.ndarray, share: np.ndarray, radius: float) -> np.ndarray:
    """Return arcs (N, 25, 2) around places (N, 2), clockwise from the top.

    Of this share (N,) of a circle.
    """
    angle = 0.5 * np.pi - 2.0 * np.pi * np.linspace(0.0, 1.0, 25)[None, :] * share[:, None]
    return places[:, None] + radius * np.stack([np.cos(angle), np.sin(angle)], axis=-1)


def used_share(links: Links) -> tuple[float, float]:
    """Mean and most of the use of links, 0 where there are none."""
    return (
        (float(links.use_fraction.mean()), float(links.use_fraction.max()))
        if len(links.use_fraction)
        else (0.0, 0.0)
    )
