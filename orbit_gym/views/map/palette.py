"""Colours of the map.

Hues by Okabe and Ito (2008), and near viridis, also for colour-blind readers; all stand on a dark
Earth.
"""

import numpy as np

Colour = tuple[float, float, float]


def rgb(code: str) -> Colour:
    """Return "#rrggbb" as three numbers from 0 to 1."""
    return int(code[1:3], 16) / 255.0, int(code[3:5], 16) / 255.0, int(code[5:7], 16) / 255.0


def luminance(colour: Colour) -> float:
    """Return the relative luminance of a colour, 0 to 1 (WCAG 2.1)."""
    linear = [
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in colour
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: Colour, other: Colour) -> float:
    """Return the contrast ratio of two colours, 1 to 21 (WCAG 2.1; plain text needs 4.5)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


# The Earth
OCEAN_DAY, LAND_DAY = rgb("#2c4a66"), rgb("#56705f")
OCEAN_NIGHT, LAND_NIGHT = rgb("#0d1726"), rgb("#1f2b2f")
COAST = rgb("#8ba39a")
# The page around it, and text on it
PAGE, CARD = rgb("#0b111b"), rgb("#141d2b")
TEXT, TEXT_QUIET = rgb("#edf2f7"), rgb("#a9b7c6")
GRID = rgb("#ffffff")
# What stands on the Earth
SUNLIT, ECLIPSED = rgb("#ffffff"), rgb("#05080d")  # rims of satellites
LASER = rgb("#c3d2e2")
STATION = rgb("#2fd0a0")  # bluish green, lighter than Okabe and Ito's to read on a dark ground
USER = rgb("#e59ac4")  # reddish purple, lighter too
INPUT, RESULT = rgb("#f5a623"), rgb("#5cc3f2")  # orange and sky blue
TASK = rgb("#fff07a")
BAD = rgb("#ff7a4d")  # vermilion
GOOD = rgb("#2fd0a0")
CHARGE, CHARGE_LOW = rgb("#e8f0a0"), rgb("#ff7a4d")
TRACK = rgb("#51606f")

# Work booked ahead on a satellite, in classes that an eye can tell apart: seconds of its whole
# accelerator (choice).
QUEUE_STEPS_S = (
    0.0,
    10.0,
    60.0,
    600.0,
    3_600.0,
)  # a class ends at each of these, the last one is open
QUEUE_NAMES = ("idle", "to 10 s", "to 1 min", "to 10 min", "to 1 h", "over 1 h")
# Idle is grey; then from blue to yellow as viridis goes, but lighter at its dark end, to be seen on
# the night side.
QUEUE_COLOURS = (
    rgb("#8492a0"),
    rgb("#4f7fe0"),
    rgb("#23a8a8"),
    rgb("#5ccb66"),
    rgb("#bfe02f"),
    rgb("#fde725"),
)


def queue_class(queue_s: np.ndarray) -> np.ndarray:
    """Return the index (N,) into QUEUE_NAMES of work booked ahead (N,)."""
    return np.searchsorted(np.array(QUEUE_STEPS_S), queue_s, side="left")
