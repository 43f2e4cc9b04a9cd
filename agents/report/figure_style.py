"""How pictures look: Okabe-Ito colours, one drawing for light and dark pages, SVG whose text is
text.
"""

import io
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

# Stand-ins that no picture uses otherwise; a page replaces them by its own variables, a file by the
# light theme's values.
INK, MUTED, GRID, SURFACE = "#010203", "#040506", "#070809", "#0a0b0c"
VARIABLES = {INK: "var(--ink)", MUTED: "var(--muted)", GRID: "var(--line)", SURFACE: "var(--card)"}
LIGHT = {INK: "#1a2027", MUTED: "#5b6570", GRID: "#d9dee4", SURFACE: "#ffffff"}
# Okabe and Ito, jfly.uni-koeln.de/color: told apart with every common colour blindness. Ink stands
# in for their black; their yellow is left out, too faint on white.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY = PALETTE
DASHES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (7, 2)))
MARKERS = "osD^vP"
SEQUENTIAL = "cividis"  # even in lightness, made for colour-blind viewers (Nuñez et al. 2018)
WIDTH_IN = 7.4
RC: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "svg.fonttype": "none",
    "svg.hashsalt": "orbit_gym",
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "figure.facecolor": "none",
    "figure.constrained_layout.use": True,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "hatch.linewidth": 0.6,
}


class Picture(NamedTuple):
    """One picture of a report."""

    name: str  # of its file and its anchor
    title: str
    caption: str  # what it shows, in words
    alt: str  # for those who cannot see it
    svg: str  # with stand-ins for the theme's colours


class Look(NamedTuple):
    """How a policy is drawn wherever it appears."""

    colour: str
    dashes: Any
    marker: str


def looks(focus: Sequence[str], reference: str) -> dict[str, Look]:
    """A look for each policy in focus: the reference in ink, the others in the palette's order."""
    other_names = [name for name in focus if name != reference]
    looks = {
        name: Look(PALETTE[i % 6], DASHES[i % 6], MARKERS[i % 6])
        for i, name in enumerate(other_names)
    }
    return {name: looks.get(name, Look(INK, "-", "X")) for name in focus}


def styled() -> Any:
    """A context in which everything is drawn in our style."""
    return plt.rc_context(RC)


def subplots(*shape: int, height_in: float, **options: Any) -> tuple[Any, Any]:
    """A figure of the report's width, and its axes; to be drawn within styled()."""
    return plt.subplots(*shape, figsize=(WIDTH_IN, height_in), **options)


def picture(name: str, title: str, caption: str, alt: str, figure: Any) -> Picture:
    """Finish a picture: its SVG, whose ids are its own, so that many fit into one page."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    plt.close(figure)
    return Picture(name, title, caption, alt, _own_ids(_only_svg(buffer.getvalue()), name))


def _only_svg(text: str) -> str:
    """From the opening tag on, without matplotlib's metadata, in a size that the page decides."""
    text = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
    return re.sub(
        r'<svg ([^>]*?)height="[^"]*" ?',
        r"<svg \1",
        re.sub(r'(<svg [^>]*?)width="[^"]*" ?', r"\1", text, count=1),
        count=1,
    )


def _own_ids(text: str, name: str) -> str:
    """Prefix ids that something refers to, drop the others."""
    references = set(re.findall(r"url\(#([^)]+)\)", text)) | set(
        re.findall(r'href="#([^"]+)"', text)
    )
    text = re.sub(
        r' id="([^"]+)"',
        lambda match: f' id="{name}-{match[1]}"' if match[1] in references else "",
        text,
    )
    return re.sub(r"(url\(#|href=\"#)", rf"\g<1>{name}-", text)


def for_page(picture: Picture) -> str:
    """Make an SVG fit to be put into a page.

    Its colours follow the page's theme, and screen readers read the alternative text.
    """
    label = picture.alt.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    return _with_colours(picture.svg, VARIABLES).replace(
        "<svg ", f'<svg role="img" aria-label="{label}" ', 1
    )


def for_file(picture: Picture) -> str:
    """SVG that stands alone, on white."""
    text = _with_colours(picture.svg, LIGHT)
    return re.sub(
        r"(<svg [^>]*>)", r'\1<rect width="100%" height="100%" fill="#ffffff"/>', text, count=1
    )


def _with_colours(text: str, colours: dict[str, str]) -> str:
    return re.sub("|".join(colours), lambda match: colours[match[0]], text)


def text_colour(value: float) -> str:
    """Black or white, whichever reads better on SEQUENTIAL at value (0 to 1)."""
    red, green, blue, _ = plt.get_cmap(SEQUENTIAL)(value)
    return "#000000" if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.4 else "#ffffff"
