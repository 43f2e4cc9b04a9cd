"""Around the map: title and clock, running totals, the task placed and the task at hand, the
legend.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from orbit_gym.simulation.outcomes import TaskOutcome
from orbit_gym.views.map import palette
from orbit_gym.views.map.layers import USE_WIDTHS, arcs, used_share
from orbit_gym.views.map.projection import Box
from orbit_gym.views.map.raster import Pen
from orbit_gym.views.map.snapshot import Snapshot
from orbit_gym.views.map.text_blocks import amount, duration, plan_lines, task_lines

SIZE, SMALL = 12.0, 11.0
PITCH = 17.0  # pixels from line to line


@dataclass(frozen=True)
class Page:
    """Draws words and bars; names are those of the graph nodes."""

    pen: Pen
    names: tuple[str, ...]

    def title(self, box: Box, name: str, utc: str, snapshot: Snapshot) -> None:
        """Scenario at the left, clock at the right."""
        y = box.bottom + 14.0
        elapsed_s, length_s = (
            snapshot.time_s - snapshot.span_s[0],
            snapshot.span_s[1] - snapshot.span_s[0],
        )
        self.pen.text((12.0, y), f"OrbitGym  {name}", 16.0, palette.TEXT, bold=True)
        self.pen.text(
            (box.width - 12.0, y), f"{utc} UTC", 16.0, palette.TEXT, bold=True, align="right"
        )
        self.pen.text(
            (box.width - 250.0, y),
            f"{elapsed_s:,.0f} of {length_s:,.0f} s",
            SIZE,
            palette.TEXT_QUIET,
            align="right",
        )

    # --- the panel

    def panel(self, box: Box, snapshot: Snapshot, n_sites: tuple[int, int]) -> None:
        """Running totals; n_sites are stations and users."""
        totals, y = snapshot.totals, box.bottom + box.height - 42.0
        y = self._heading(box, y, "SO FAR")
        y = self._row(box, y, "decisions", f"{totals.decisions:,}")
        y = self._row(
            box,
            y,
            "value in time",
            f"{totals.delivered_value:,.1f} of {totals.released_value:,.1f}",
        )
        y = self._outcomes(box, y, snapshot)
        y = self._heading(box, y - 7.0, f"SATELLITES ({len(snapshot.queue_s):,})")
        middle, high, longest = np.quantile(snapshot.queue_s, [0.5, 0.9, 1.0])
        y = self._row(box, y, "work ahead, median", duration(middle))
        y = self._row(box, y, "90 % of them below", duration(high))
        y = self._row(box, y, "most", duration(longest))
        y = self._row(
            box,
            y,
            "lanes in use",
            f"{snapshot.busy_fraction.mean():.0%}",
            snapshot.busy_fraction.mean(),
            palette.QUEUE_COLOURS[3],
        )
        charge = snapshot.charge_fraction
        y = self._row(box, y, "charge, mean", f"{charge.mean():.0%}", charge.mean(), palette.CHARGE)
        y = self._row(box, y, "charge, least", f"{charge.min():.0%}", charge.min(), palette.CHARGE)
        y = self._row(
            box,
            y,
            "in sunlight",
            f"{snapshot.is_sunlit.mean():.0%}",
            snapshot.is_sunlit.mean(),
            palette.SUNLIT,
        )
        y = self._heading(box, y - 7.0, "LINKS (use: booked in the last minute)")
        mean, longest = used_share(snapshot.lasers)
        y = self._row(box, y, "lasers up", f"{len(snapshot.lasers.ends):,}")
        y = self._row(
            box, y, "laser use, mean, most", f"{mean:.1%}, {longest:.1%}", longest, palette.LASER
        )
        stations, users = (
            len(np.unique(links.ends[:, 1])) for links in (snapshot.passes, snapshot.beams)
        )
        y = self._row(box, y, "stations with a pass", f"{stations} of {n_sites[0]}")
        self._row(box, y, "user sites in view", f"{users} of {n_sites[1]}")

    def _heading(self, box: Box, y: float, text: str) -> float:
        self.pen.text((box.left + 14.0, y), text, SMALL, palette.TEXT_QUIET, bold=True)
        return y - PITCH

    def _row(
        self,
        box: Box,
        y: float,
        name: str,
        value: str,
        share: float | None = None,
        colour: palette.Colour = palette.TEXT,
    ) -> float:
        """A name at the left, its value at the right, and a thin bar of a share below."""
        right = box.left + box.width - 14.0
        self.pen.text((box.left + 14.0, y), name, SIZE, palette.TEXT)
        self.pen.text((right, y), value, SIZE, palette.TEXT, bold=True, align="right")
        if share is None:
            return y - PITCH
        width = box.width - 28.0
        self.pen.rectangle(Box(box.left + 14.0, y - 6.0, width, 2.5), palette.TRACK)
        self.pen.rectangle(
            Box(box.left + 14.0, y - 6.0, width * min(max(share, 0.0), 1.0), 2.5), colour
        )
        return y - PITCH - 3.0

    def _outcomes(self, box: Box, y: float, snapshot: Snapshot) -> float:
        """How decisions ended, as one bar and in numbers."""
        totals = snapshot.totals
        parts = [
            (TaskOutcome.DELIVERED.word, totals.n_delivered, palette.GOOD),
            (TaskOutcome.LATE.word, totals.n_late, palette.INPUT),
            (TaskOutcome.REJECTED.word, totals.n_rejected, palette.BAD),
        ]
        parts += [(TaskOutcome.LOST.word, totals.n_lost, palette.USER)] if totals.n_lost else []
        left, width = box.left + 14.0, box.width - 28.0
        self.pen.rectangle(Box(left, y - 1.0, width, 7.0), palette.TRACK)
        for _, count, colour in parts:
            part = width * count / max(totals.decisions, 1)
            self.pen.rectangle(Box(left, y - 1.0, part, 7.0), colour)
            left += part
        y, left = y - PITCH, box.left + 14.0
        for name, count, colour in parts:
            self.pen.marks(np.array([[left + 4.0, y + 4.0]]), "s", 8.0, colour, colour)
            text = f"{count:,} {name}"
            self.pen.text((left + 12.0, y), text, SMALL, palette.TEXT)
            left += 20.0 + self.pen.text_width(text, SMALL)
        return y - PITCH

    # --- the cards

    def placement(self, box: Box, snapshot: Snapshot) -> None:
        """The decision before this moment."""
        placement, x, y = snapshot.placement, box.left + 12.0, box.bottom + box.height - 20.0
        if placement is None:
            self.pen.text((x, y), "JUST PLACED: nothing yet", SMALL, palette.TEXT_QUIET, bold=True)
            return
        plan = placement.plan
        ending, colour = (
            (TaskOutcome.REJECTED.word, palette.BAD)
            if plan is None
            else (TaskOutcome.DELIVERED.word, palette.GOOD)
            if plan.on_time
            else (TaskOutcome.LATE.word, palette.INPUT)
        )
        self.pen.text(
            (x, y),
            f"JUST PLACED: task {placement.number + 1:,}",
            SMALL,
            palette.TEXT_QUIET,
            bold=True,
        )
        self.pen.text(
            (box.left + box.width - 12.0, y), ending, SIZE, colour, bold=True, align="right"
        )
        lines = [*task_lines(placement.task, self.names), *plan_lines(placement, self.names)]
        if plan is not None:
            lines.append(f"costs {amount(plan.energy_j, 'J')} of energy")
        self._lines(box, x, y - PITCH - 2.0, lines)

    def at_hand(self, box: Box, snapshot: Snapshot) -> None:
        """The task that waits for a decision."""
        x, y = box.left + 12.0, box.bottom + box.height - 20.0
        if snapshot.task is None:
            self.pen.text((x, y), "AT HAND: no task", SMALL, palette.TEXT_QUIET, bold=True)
            return
        is_after = snapshot.time_s >= snapshot.span_s[1]
        heading = "AFTER THE END: " if is_after else "TO PLACE NOW: "
        self.pen.text(
            (x, y), f"{heading}task {snapshot.task_index + 1:,}", SMALL, palette.TASK, bold=True
        )
        choice = (
            f"{snapshot.n_plans} of {len(snapshot.candidates)} candidates can deliver it, "
            f"{snapshot.n_plans_on_time} in time"
        )
        self._lines(box, x, y - PITCH - 2.0, [*task_lines(snapshot.task, self.names), choice])

    def _lines(self, box: Box, x: float, y: float, lines: list[str]) -> None:
        for line in lines:
            self.pen.text((x, y), self._fitting(line, box.width - 24.0), SMALL, palette.TEXT)
            y -= PITCH

    def _fitting(self, text: str, width: float) -> str:
        """The text, cut where it would leave its card."""
        if self.pen.text_width(text, SMALL) <= width:
            return text
        while text and self.pen.text_width(text + "…", SMALL) > width:
            text = text[:-1]
        return text + "…"

    # --- the legend

    def legend(self, box: Box) -> None:
        """What the signs mean; drawn once."""
        x, y = box.left + 12.0, box.bottom + box.height - 20.0
        self.pen.text(
            (x, y), "WORK BOOKED AHEAD ON A SATELLITE", SMALL, palette.TEXT_QUIET, bold=True
        )
        for number, (name, colour) in enumerate(
            zip(palette.QUEUE_NAMES, palette.QUEUE_COLOURS, strict=True)
        ):
            place = (x + 88.0 * (number % 3), y - PITCH * (1 + number // 3))
            self._sign(
                place,
                name,
                lambda at, c=colour: self.pen.marks(  # type: ignore[misc]
                    at, "o", 10.0, c, palette.SUNLIT, 1.2
                ),
            )
        y -= 3.0 * PITCH + 3.0
        for number, (name, sign) in enumerate(self._signs()):
            self._sign((x + 134.0 * (number % 2), y - PITCH * (number // 2)), name, sign)

    def _sign(
        self, place: tuple[float, float], name: str, draw: Callable[[np.ndarray], None]
    ) -> None:
        draw(np.array([[place[0] + 8.0, place[1] + 4.0]]))
        self.pen.text((place[0] + 22.0, place[1]), name, SMALL, palette.TEXT)

    def _signs(self) -> list[tuple[str, Callable[[np.ndarray], None]]]:
        pen, left, right = self.pen, np.array([5.0, 0.0]), np.array([6.0, 0.0])

        def line(
            colour: palette.Colour, width: float, dashes: tuple[float, ...] = ()
        ) -> Callable[[np.ndarray], None]:
            return lambda at: pen.lines(
                at[:, None] + np.array([[[-8.0, 0.0], [8.0, 0.0]]]), colour, width, dashes=dashes
            )

        def pair(
            marker: str, size: float, colours: tuple[palette.Colour, ...]
        ) -> Callable[[np.ndarray], None]:
            def draw(at: np.ndarray) -> None:
                pen.marks(at - left, marker, size, colours[0], colours[1], 1.3)
                pen.marks(at + right, marker, size, colours[2], colours[3], 1.3)

            return draw

        def mark(
            marker: str, size: float, face: palette.Colour | None, rim: palette.Colour, width: float
        ) -> Callable[[np.ndarray], None]:
            return lambda at: pen.marks(at, marker, size, face, rim, width)

        def charges(at: np.ndarray) -> None:
            pen.lines(arcs(at - left, np.array([0.8]), 4.5), palette.CHARGE, 1.9)
            pen.lines(arcs(at + right, np.array([0.6]), 4.5), palette.CHARGE_LOW, 1.9)

        queue, page = palette.QUEUE_COLOURS[2], palette.PAGE
        return [
            ("sunlit, eclipsed", pair("o", 9.0, (queue, palette.SUNLIT, queue, palette.ECLIPSED))),
            ("charge, near floor", charges),
            ("laser, by use", line(palette.LASER, USE_WIDTHS[2])),
            ("laser down", line(palette.BAD, 1.4, (2.0, 4.0))),
            ("station, in a pass", pair("^", 8.5, (page, palette.STATION, palette.STATION, page))),
            ("user, in view", pair("o", 6.0, (palette.TEXT_QUIET, page, palette.USER, page))),
            ("datacentre", mark("s", 8.0, palette.STATION, page, 0.9)),
            ("task to place", mark("D", 9.0, None, palette.TASK, 2.0)),
            ("input's route", line(palette.INPUT, 4.5)),
            ("result's route", line(palette.RESULT, 2.4)),
            ("where it runs", mark("s", 11.0, None, palette.TASK, 2.0)),
            ("rejected", mark("x", 9.0, None, palette.BAD, 2.5)),
        ]
