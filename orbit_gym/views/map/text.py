"""Words as masks, each drawn once: matplotlib lays a text out glyph by glyph, which would be three
quarters of a frame's time.
"""

from functools import lru_cache

import numpy as np
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.font_manager import FontProperties

DPI = 72.0  # so that a point is a pixel
FAMILY = "DejaVu Sans"  # comes with matplotlib
MOST_WORDS = 8_192  # numbers change from frame to frame; what has not been used for long goes


@lru_cache(MOST_WORDS)
def word_mask(word: str, size: float, bold: bool) -> tuple[np.ndarray, float, int]:
    """Return how much ink a word puts on each pixel (h, w) float32 from 0 to 1.

    And its advance, and rows of the mask above its base line.
    """
    font = _font(size, bold)
    advance, height, descent = _measure().get_text_width_height_descent(word, font, False)
    rows_up = int(np.ceil(height - descent)) + 2
    renderer = RendererAgg(int(np.ceil(advance)) + 4, rows_up + int(np.ceil(descent)) + 2, DPI)
    context = renderer.new_gc()
    context.set_foreground((1.0, 1.0, 1.0))
    renderer.draw_text(context, 0, rows_up, word, font, 0.0)
    return (
        np.asarray(renderer.buffer_rgba())[..., 3].astype(np.float32) / 255.0,
        float(advance),
        rows_up,
    )


@lru_cache(None)
def space(size: float, bold: bool) -> float:
    """Width of a space in pixels."""
    return word_mask("a a", size, bold)[1] - 2.0 * word_mask("a", size, bold)[1]


def text_width(text: str, size: float, bold: bool) -> float:
    """Return how many pixels wide a text is."""
    words = text.split(" ")
    return sum(word_mask(word, size, bold)[1] for word in words if word) + space(size, bold) * (
        len(words) - 1
    )


def write(
    pixels: np.ndarray,
    x: float,
    y: float,
    text: str,
    size: float,
    bold: bool,
    colour: tuple[float, ...],
) -> None:
    """Write a text into pixels (h, w, 4) uint8, whose rows count from the top.

    Its base line begins at column x, row y.
    """
    ink = 255.0 * np.array(colour, np.float32)
    for word in text.split(" "):
        if word:
            mask, advance, rows_up = word_mask(word, size, bold)
            _blend(pixels, round(x), round(y) - rows_up, mask, ink)
            x += advance
        x += space(size, bold)


def _blend(pixels: np.ndarray, left: int, top: int, mask: np.ndarray, ink: np.ndarray) -> None:
    """Mix ink (3,) into the part of the pixels that a mask (h, w) covers."""
    cut_left, cut_top = max(-left, 0), max(-top, 0)
    mask = mask[
        cut_top : max(pixels.shape[0] - top, 0), cut_left : max(pixels.shape[1] - left, 0), None
    ]
    part = pixels[
        top + cut_top : top + cut_top + mask.shape[0],
        left + cut_left : left + cut_left + mask.shape[1],
        :3,
    ]
    part[:] = part + (ink - part) * mask


@lru_cache(None)
def _font(size: float, bold: bool) -> FontProperties:
    return FontProperties(family=FAMILY, size=size, weight="bold" if bold else "normal")


@lru_cache(None)
def _measure() -> RendererAgg:
    return RendererAgg(4, 4, DPI)
