"""Draw the constellation at one instant on a plain map: python -m benchmarks.picture. Writes docs/images/<scenario>.png.

No coastline is drawn: the grey boxes are the land that the arrival processes use (orbit_gym.opportunities.LAND_DEG, an assumption).
"""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
import networkx as nx  # noqa: E402
import numpy as np  # noqa: E402
import tyro  # noqa: E402
from matplotlib.lines import Line2D  # noqa: E402
from matplotlib.patches import Patch, Rectangle  # noqa: E402

from orbit_gym.catalogue import load_scenario  # noqa: E402
from orbit_gym.cli import fail_cleanly  # noqa: E402
from orbit_gym.compiler import graph_names  # noqa: E402
from orbit_gym.flight import midnight_of  # noqa: E402
from orbit_gym.opportunities import LAND_DEG  # noqa: E402
from orbit_gym.orbits import julian_date  # noqa: E402
from orbit_gym.physics.geometry import gmst_rad, rotate_to_earth_fixed  # noqa: E402
from orbit_gym.physics.sun import sun_direction_of_date  # noqa: E402
from orbit_gym.scenario import Scenario  # noqa: E402
from orbit_gym.topology import topology  # noqa: E402
from orbit_gym.units import DAY_S  # noqa: E402
from orbit_gym.world import World  # noqa: E402
from orbit_gym.worlds import get_world  # noqa: E402

INK = "#22303c"
LINKS = {  # kind of edge: colour, width, name in the legend
    "laser": ("#d1495b", 2.0, "laser link"),
    "downlink": ("#1f7a8c", 2.0, "station contact"),
    "user_up": ("#e09f3e", 1.2, "user in view"),
}
Box = tuple[tuple[float, float], tuple[float, float]]  # west and east, south and north, degrees
ZOOM_DEG = 26.0  # side of the enlarged box
SIDES = ((-9.0, -9.0), (9.0, -3.0), (-9.0, -3.0), (9.0, 3.0))  # where names stand, in points
CROWD = 4  # satellites in one box that call for enlarging it


@dataclass(frozen=True)
class Options:
    """What to draw."""

    scenario: str = "ThreeBody12"
    day: int = 1
    """Days after the scenario's epoch."""
    time_s: float = 63_600.0
    """Seconds since 00:00 UTC of that day."""
    out: str = ""
    """File to write; empty: docs/images/<scenario>.png."""


def place_deg(position_m: np.ndarray) -> tuple[float, float]:
    """Longitude and geocentric latitude of an Earth-fixed position (3,)."""
    x, y, z = (float(value) for value in position_m)
    return float(np.degrees(np.arctan2(y, x))), float(np.degrees(np.arctan2(z, np.hypot(x, y))))


def node_places(world: World, time_s: float) -> list[tuple[float, float]]:
    """Longitude and latitude of every graph node, satellites at the nearest step of the grid."""
    satellites = world.positions_m[round(time_s / float(world.sizes["grid_s"][0]))]
    return [place_deg(position) for position in (*satellites, *world.site_positions_m)]


def sun_at(scenario: Scenario, day: int, time_s: float) -> np.ndarray:
    """Earth-fixed unit vector (3,) to the Sun."""
    jd, _ = julian_date(midnight_of(scenario, day))
    fraction = np.array([time_s / DAY_S])
    return rotate_to_earth_fixed(sun_direction_of_date(jd, fraction), gmst_rad(jd, fraction))[0]


def is_sunlit(world: World, satellite: int, time_s: float) -> bool:
    """True in sunlight, from the World's power table."""
    rows = world.power[world.power_offsets[satellite] : world.power_offsets[satellite + 1]]
    return bool(rows["is_sunlit"][np.searchsorted(rows["start_s"], time_s, side="right") - 1])


def draw_ground(axes: Any, sun: np.ndarray) -> None:
    """Land boxes and the night side."""
    for south, north, west, east in LAND_DEG:
        axes.add_patch(Rectangle((west, south), east - west, north - south, color="#dfe3da", lw=0, zorder=0))
    longitude, latitude = np.meshgrid(np.radians(np.linspace(-180, 180, 361)), np.radians(np.linspace(-90, 90, 181)))
    up = np.stack([np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude), np.sin(latitude)], axis=-1)
    axes.contourf(np.degrees(longitude), np.degrees(latitude), up @ sun, levels=[-1.0, 0.0], colors=["#3b4a6b"], alpha=0.28, zorder=1)


def draw_line(axes: Any, one: tuple[float, float], other: tuple[float, float], **style: Any) -> None:
    """Straight line on the map the short way round, drawn twice where it crosses the date line."""
    turn = 360.0 * round((one[0] - other[0]) / 360.0)
    for shift in {0.0, -turn}:
        axes.plot([one[0] + shift, other[0] + turn + shift], [one[1], other[1]], **style)


def draw_links(axes: Any, graph: nx.MultiDiGraph, places: list[tuple[float, float]]) -> None:
    """Every link that is up, once for its two directions."""
    for one, other, kind in {(min(a, b), max(a, b), data["kind"]) for a, b, data in graph.edges(data=True)}:
        if kind in LINKS:
            colour, width, _ = LINKS[kind]
            draw_line(axes, places[one], places[other], color=colour, lw=width, zorder=3, solid_capstyle="round")


def bunch(world: World, places: list[tuple[float, float]]) -> tuple[float, float] | None:
    """Middle of the box that holds most satellites, if it holds so many that they need a larger drawing."""
    satellites = np.array(places[: int(world.sizes["n_satellites"][0])])
    near = (np.abs(satellites[:, None] - satellites[None]) < ZOOM_DEG / 2.0).all(axis=-1)
    most = int(near.sum(axis=1).argmax())
    if near[most].sum() < CROWD:
        return None
    middle = satellites[near[most]].mean(axis=0)
    return float(middle[0]), float(middle[1])


def draw_sites(axes: Any, graph: nx.MultiDiGraph, places: list[tuple[float, float]], name_users: bool) -> None:
    """Users, stations and datacentres; stations and datacentres by name, users in view too if asked."""
    busy = {node for a, b, data in graph.edges(data=True) if data["kind"] == "user_up" for node in (a, b)}
    for node, data in graph.nodes(data=True):
        x, y = places[node]
        if data["kind"] == "user":
            colour, size = ("#e09f3e", 5.0) if node in busy else ("#8d8d86", 2.6)
            axes.plot(x, y, "o", ms=size, color=colour, mec="white", mew=0.4, zorder=4)
            if node in busy and name_users:
                note(axes, data["name"], (x, y), (6, -9), 7.5, "#8a5a12")
        elif data["kind"] in ("station", "datacentre"):
            marker = "^" if data["kind"] == "station" else "s"
            axes.plot(x, y, marker, ms=8, color="#1f7a8c", mec="white", mew=0.8, zorder=5)
            is_near_the_edge = x > 0.9 * axes.get_xlim()[1] + 0.1 * axes.get_xlim()[0]
            note(axes, data["name"], (x, y), (-7, -11) if is_near_the_edge else (6, -10 if y < 72.0 else 4), 8.0, "#0f4c5c")


def note(
    axes: Any, text: str, place: tuple[float, float], offset: tuple[float, float], size: float, colour: str, bold: bool = False
) -> None:
    """Text beside a place, kept inside the axes."""
    align = "left" if offset[0] >= 0 else "right"
    weight = "bold" if bold else "normal"
    axes.annotate(
        text, place, xytext=offset, textcoords="offset points", ha=align, fontsize=size, color=colour, weight=weight, zorder=8, clip_on=True
    )


def draw_satellites(
    axes: Any, world: World, names: tuple[str, ...], places: list[tuple[float, float]], time_s: float, hidden: set[int]
) -> None:
    """Satellites, yellow in sunlight, with the last word of their names on alternating sides, except the hidden ones."""
    order = sorted(range(int(world.sizes["n_satellites"][0])), key=lambda node: places[node][1])
    for rank, node in enumerate(order):
        axes.plot(*places[node], "o", ms=9, color="#f6c945" if is_sunlit(world, node, time_s) else "#3b4a6b", mec=INK, mew=0.9, zorder=7)
        if node not in hidden:
            note(
                axes,
                names[node].split()[-1],
                places[node],
                (SIDES if hidden else SIDES[1:3])[rank % (4 if hidden else 2)],
                8.5,
                INK,
                bold=True,
            )


def legend(axes: Any) -> None:
    """What the signs mean, under the map."""

    def sign(marker: str, face: str, name: str, size: float = 7.0) -> Line2D:
        return Line2D([], [], ls="", marker=marker, ms=size, color=face, mec=INK, mew=0.6, label=name)

    handles = [
        sign("o", "#f6c945", "satellite in sunlight"),
        sign("o", "#3b4a6b", "satellite in eclipse"),
        *(Line2D([], [], color=colour, lw=2, label=name) for colour, _, name in LINKS.values()),
        sign("^", "#1f7a8c", "ground station"),
        sign("s", "#1f7a8c", "datacentre"),
        sign("o", "#8d8d86", "user site", 4.5),
        Patch(color="#3b4a6b", alpha=0.28, label="night"),
        Patch(color="#dfe3da", label="land (boxes)"),
    ]
    axes.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.05), ncol=5, frameon=False, fontsize=8)


def is_inside(place: tuple[float, float], box: Box) -> bool:
    """True where longitude and latitude lie in the box."""
    return all(low <= value <= high for value, (low, high) in zip(place, box))


def draw(options: Options) -> Path:
    """Draw one instant and return the file."""
    scenario = load_scenario(options.scenario)
    world = get_world(scenario, options.day)
    names = graph_names(scenario)
    graph, places = topology(world, names, options.time_s), node_places(world, options.time_s)
    figure = plt.figure(figsize=(12.6, 5.2))
    middle = bunch(world, places)
    panels = list(figure.subplots(1, 2, width_ratios=(2.6, 1.0))) if middle else [figure.subplots()]
    boxes: list[Box] = [((-180.0, 180.0), (-90.0, 90.0))]
    if middle:
        west, south = (round(value - ZOOM_DEG / 2.0, 1) for value in middle)
        boxes.append(((west, west + ZOOM_DEG), (south, south + ZOOM_DEG)))
        panels[0].add_patch(Rectangle((west, south), ZOOM_DEG, ZOOM_DEG, fill=False, ec=INK, lw=0.9, ls="--", zorder=9))
        panels[1].set_title("the dashed box, enlarged", fontsize=10, color=INK)
    sun = sun_at(scenario, options.day, options.time_s)
    crowd = {node for node in range(int(world.sizes["n_satellites"][0])) if middle and is_inside(places[node], boxes[1])}
    for axes, box in zip(panels, boxes):
        is_zoom = axes is not panels[0]
        axes.set(xlim=box[0], ylim=box[1], aspect="equal")
        draw_ground(axes, sun)
        draw_links(axes, graph, places)
        draw_sites(axes, graph, places, name_users=is_zoom)
        draw_satellites(axes, world, names, places, options.time_s, hidden=set() if is_zoom else crowd)
        axes.tick_params(labelsize=7, color="#999999", labelcolor="#666666")
        axes.grid(alpha=0.25, lw=0.5)
        axes.set(xlim=box[0], ylim=box[1])
    panels[0].set(xticks=range(-180, 181, 60), yticks=range(-90, 91, 30))
    moment = midnight_of(scenario, options.day) + timedelta(seconds=options.time_s)
    panels[0].set_title(f"OrbitGym {scenario.name}, {moment:%Y-%m-%d %H:%M} UTC", fontsize=11, color=INK)
    legend(panels[0])
    out = Path(options.out or f"docs/images/{scenario.name}.png")
    out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(out, dpi=110, bbox_inches="tight", metadata={"Software": None})
    plt.close(figure)
    return out


def main() -> None:
    """Command line."""
    fail_cleanly(lambda: print(f"wrote {draw(tyro.cli(Options, description=__doc__))}"))


if __name__ == "__main__":
    main()
