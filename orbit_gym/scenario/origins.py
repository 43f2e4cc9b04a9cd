"""Kinds of origin: where on a day's orbits the tasks of a class can appear, each declared once.

Land and event regions are coarse, and assumptions.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from orbit_gym.physics.geometry import geodetic_to_earth_fixed_m

# scenes over the sea for each over land, per second of daylight (assumption: ships, coasts,
# weather)
SEA_WEIGHT = 0.35
# a satellite sees an event region within this ground distance (assumption)
HOTSPOT_RADIUS_M = 1_000e3

# Land as boxes (south, north, west, east) in degrees: an assumption, coarse, good to weigh orbits
# over land.
LAND_DEG = (
    (15, 70, -125, -60),
    (8, 22, -105, -80),
    (-35, 8, -78, -38),
    (-54, -35, -74, -58),
    (36, 70, -9, 40),
    (50, 72, 40, 175),
    (22, 50, 40, 122),
    (8, 22, 73, 88),
    (10, 22, 95, 109),
    (-34, 15, 12, 40),
    (5, 35, -16, 34),
    (-10, 5, 98, 140),
    (-38, -12, 115, 153),
    (60, 80, -55, -20),
)
# Regions of frequent fires, floods and earthquakes (latitude, longitude in degrees): an assumption.
HOTSPOTS_DEG = (
    (38.0, -121.0),
    (54.0, -115.0),
    (19.0, -99.0),
    (-8.0, -55.0),
    (-33.0, -71.0),
    (-15.0, 25.0),
    (7.0, 18.0),
    (38.5, 23.0),
    (40.0, -6.0),
    (38.0, 38.0),
    (28.0, 84.0),
    (31.0, 103.0),
    (23.0, 96.0),
    (-2.0, 113.0),
    (62.0, 129.0),
    (36.0, 140.0),
    (-34.0, 149.0),
    (13.0, 122.0),
    (64.0, -19.0),
    (66.0, -150.0),
)


class DayCells(NamedTuple):
    """What places are weighed by, on a grid of times and satellites."""

    up: np.ndarray  # (n_cells, n_satellites, 3) unit vectors from the Earth's centre
    is_sunlit: np.ndarray  # (n_cells, n_satellites) bool: the ground below is in daylight


@dataclass(frozen=True)
class OriginKind:
    """Where tasks appear: at satellites by the weights of cells, or at users while they see one."""

    meaning: str
    cell_weights: Callable[[DayCells], np.ndarray] | None  # (n_cells, n_satellites); None: users
    # Which event lists can release its tasks, those of places on the ground or on the sky.
    event_lists: Literal["ground", "sky", "none"]
    needs_polarimeter: bool = False  # only the satellites of workload.polarimeters count


def over_land(up: np.ndarray) -> np.ndarray:
    """Mark where the point below (unit vectors, (..., 3)) lies in a land box."""
    latitude_deg = np.degrees(np.arcsin(up[..., 2]))
    longitude_deg = np.degrees(np.arctan2(up[..., 1], up[..., 0]))
    is_land = np.zeros(up.shape[:-1], bool)
    for south, north, west, east in LAND_DEG:
        is_land |= (
            (latitude_deg >= south)
            & (latitude_deg <= north)
            & (longitude_deg >= west)
            & (longitude_deg <= east)
        )
    return is_land


def near_hotspot(up: np.ndarray) -> np.ndarray:
    """Mark where the point below lies within HOTSPOT_RADIUS_M of an event region."""
    places = np.radians(np.array(HOTSPOTS_DEG))
    sites_m = geodetic_to_earth_fixed_m(places[:, 0], places[:, 1], np.zeros(len(places)))
    sites = sites_m / np.linalg.norm(sites_m, axis=-1, keepdims=True)
    least_cosine = np.cos(HOTSPOT_RADIUS_M / np.linalg.norm(sites_m, axis=-1).mean())
    is_near = np.zeros(up.shape[:-1], bool)
    for site in sites:  # one at a time: all at once take gigabytes at thousands of satellites
        is_near |= up @ site >= least_cosine
    return is_near


def _sunlit_scenes(cells: DayCells) -> np.ndarray:
    return np.where(over_land(cells.up), 1.0, SEA_WEIGHT) * cells.is_sunlit


def _hotspots(cells: DayCells) -> np.ndarray:
    return near_hotspot(cells.up).astype(float)


def _all_the_time(cells: DayCells) -> np.ndarray:
    return np.broadcast_to(1.0, cells.up.shape[:2])


ORIGINS: dict[str, OriginKind] = {
    "scene": OriginKind(
        "a satellite over sunlit land or, less often, sea", _sunlit_scenes, "ground"
    ),
    "hotspot": OriginKind("a satellite that sees an event region", _hotspots, "ground"),
    "sky": OriginKind(
        "a satellite that carries a polarimeter", _all_the_time, "sky", needs_polarimeter=True
    ),
    "archive": OriginKind("any satellite, at any time", _all_the_time, "ground"),
    "user": OriginKind("a user site that sees a satellite", None, "none"),
}
