"""The pen: lines, dots and words in pixels on matplotlib's Agg canvas, without figures and axes:
they cost ten times the drawing.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.backend_bases import GraphicsContextBase
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.markers import MarkerStyle
from matplotlib.path import Path
from matplotlib.transforms import Affine2D, Bbox, IdentityTransform

from orbit_gym.views.map import text as lettering
from orbit_gym.views.map.palette import Colour
from orbit_gym.views.map.projection import Box

PLAIN = IdentityTransform()


class Pen:
    """Draws on an array of pixels; places are (x, y) in pixels from the lower left corner."""

    def __init__(self, width: int, height: int) -> None:
        """A transparent canvas."""
        self.width, self.height = width, height
        self._renderer = RendererAgg(width, height, lettering.DPI)
        self.pixels = np.asarray(
            self._renderer.buffer_rgba()
        )  # (height, width, 4) uint8, rows from the top; writing draws

    def _context(
        self,
        colour: Colour,
        alpha: float,
        line_width: float,
        box: Box | None,
        dashes: Sequence[float] | None = None,
    ) -> GraphicsContextBase:
        context = self._renderer.new_gc()
        context.set_foreground((*colour, alpha), isRGBA=True)
        context.set_alpha(alpha)
        context.set_linewidth(line_width)
        context.set_capstyle("round")
        context.set_joinstyle("round")
        if dashes:
            context.set_dashes(0.0, list(dashes))
        if box:
            context.set_clip_rectangle(
                Bbox.from_bounds(box.left, box.bottom, box.width, box.height)
            )
        return context

    def lines(
        self,
        lines: np.ndarray,
        colour: Colour,
        line_width: float = 1.0,
        alpha: float = 1.0,
        box: Box | None = None,
        dashes: Sequence[float] | None = None,
    ) -> None:
        """Draw lines (N, P, 2) of one kind in one call."""
        if not lines.size:
            return
        codes = np.full(lines.shape[:2], Path.LINETO, np.uint8)
        codes[:, 0] = Path.MOVETO
        self._draw(
            Path(lines.reshape(-1, 2), codes.ravel()), None, colour, line_width, alpha, box, dashes
        )

    def outlines(
        self,
        rings: Sequence[np.ndarray],
        colour: Colour,
        line_width: float,
        alpha: float,
        box: Box | None = None,
    ) -> None:
        """Draw open or closed rings (N, 2)."""
        self._draw(_compound(rings), None, colour, line_width, alpha, box)

    def areas(
        self,
        rings: Sequence[np.ndarray],
        colour: Colour,
        alpha: float = 1.0,
        box: Box | None = None,
    ) -> None:
        """Fill closed rings (N, 2); one inside another that turns the other way is a hole."""
        self._draw(_compound(rings), colour, colour, 0.0, alpha, box)

    def rectangle(self, box: Box, colour: Colour, alpha: float = 1.0) -> None:
        """Fill a rectangle."""
        right, top = box.left + box.width, box.bottom + box.height
        self.areas(
            [
                np.array(
                    [[box.left, box.bottom], [right, box.bottom], [right, top], [box.left, top]]
                )
            ],
            colour,
            alpha,
        )

    def _draw(
        self,
        path: Path,
        face: Colour | None,
        colour: Colour,
        line_width: float,
        alpha: float,
        box: Box | None,
        dashes: Sequence[float] | None = None,
    ) -> None:
        context = self._context(colour, alpha, line_width, box, dashes)
        self._renderer.draw_path(context, path, PLAIN, (*face, alpha) if face else None)
        context.restore()

    def marks(
        self,
        places: np.ndarray,
        marker: str,
        size: float,
        face: Colour | None,
        rim: Colour,
        rim_width: float = 1.0,
        alpha: float = 1.0,
        box: Box | None = None,
    ) -> None:
        """Draw one of matplotlib's markers at places (N, 2), size pixels across.

        Face None leaves it hollow.
        """
        if not len(places):
            return
        style = MarkerStyle(marker)
        shape = style.get_transform() + Affine2D().scale(size)
        context = self._context(rim, alpha, rim_width, box)
        self._renderer.draw_markers(
            context, style.get_path(), shape, Path(places), PLAIN, (*face, alpha) if face else None
        )
        context.restore()

    def text_width(self, text: str, size: float, bold: bool = False) -> float:
        """Return how many pixels wide a text is."""
        return lettering.text_width(text, size, bold)

    def text(
        self,
        place: tuple[float, float],
        text: str,
        size: float,
        colour: Colour,
        bold: bool = False,
        align: str = "left",
        halo: bool = False,
    ) -> None:
        """Write a text whose base line begins or ends ("right") at a place.

        Halo darkens the ground under it.
        """
        x, y = place
        if align == "right" or halo:
            wide = self.text_width(text, size, bold)
            x -= wide if align == "right" else 0.0
            if halo:
                self.rectangle(
                    Box(x - 2.0, y - 0.25 * size, wide + 4.0, 1.2 * size), (0.0, 0.0, 0.0), 0.45
                )
        lettering.write(self.pixels, x, self.height - y, text, size, bold, colour)


def _compound(rings: Sequence[np.ndarray]) -> Path:
    """One path of several rings."""
    codes = [
        np.r_[Path.MOVETO, np.full(len(ring) - 1, Path.LINETO)].astype(np.uint8) for ring in rings
    ]
    return Path(np.concatenate(rings), np.concatenate(codes))
