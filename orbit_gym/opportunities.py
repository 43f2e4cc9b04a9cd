"""Opportunities: where on the day's orbits each kind of task can appear. Places are coarse, and assumptions."""

import numpy as np

from orbit_gym.physics.geometry import geodetic_to_earth_fixed_m
from orbit_gym.scenario import Scenario
from orbit_gym.world import USER_UP, World

DAYLIGHT_SINE = 0.17  # Sun 10 degrees above the horizon: light enough for a camera (assumption)
SEA_WEIGHT = 0.35  # scenes over the sea for each over land, per second of daylight (assumption: ships, coasts, weather)
HOTSPOT_RADIUS_M = 1_000e3  # a satellite sees an event region within this ground distance (assumption)

# Land as boxes (south, north, west, east) in degrees: an assumption, coarse, good to weigh orbits over land.
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


def over_land(up: np.ndarray) -> np.ndarray:
    """True where the point below (unit vectors, (..., 3)) lies in a land box."""
    latitude_deg = np.degrees(np.arcsin(up[..., 2]))
    longitude_deg = np.degrees(np.arctan2(up[..., 1], up[..., 0]))
    land = np.zeros(up.shape[:-1], bool)
    for south, north, west, east in LAND_DEG:
        land |= (latitude_deg >= south) & (latitude_deg <= north) & (longitude_deg >= west) & (longitude_deg <= east)
    return land


def near_hotspot(up: np.ndarray) -> np.ndarray:
    """True where the point below lies within HOTSPOT_RADIUS_M of an event region."""
    places = np.radians(np.array(HOTSPOTS_DEG))
    sites_m = geodetic_to_earth_fixed_m(places[:, 0], places[:, 1], np.zeros(len(places)))
    sites = sites_m / np.linalg.norm(sites_m, axis=-1, keepdims=True)
    return (up @ sites.T).max(axis=-1) >= np.cos(HOTSPOT_RADIUS_M / np.linalg.norm(sites_m, axis=-1).mean())


def user_windows(scenario: Scenario, world: World) -> np.ndarray:
    """Spans in which a user sees at least one satellite: rows (user index, start_s, end_s, weight)."""
    sizes = world.sizes[0]
    first = int(sizes["n_satellites"] + sizes["n_stations"] + sizes["n_datacentres"])
    rows: list[tuple[float, float, float, float]] = []
    for user, site in enumerate(scenario.users.sites):
        edges = world.edges[world.edge_offsets[first + user] : world.edge_offsets[first + user + 1]]
        spans = [
            (contact["start_s"], contact["end_s"])
            for edge in edges[edges["kind"] == USER_UP]
            for contact in world.contacts[edge["first_contact"] : edge["end_contact"]]
        ]
        rows.extend((float(user), start_s, end_s, site.weight) for start_s, end_s in _union(spans))
    return np.array(rows).reshape(-1, 4)


def _union(spans: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Union of spans, in order."""
    merged: list[tuple[float, float]] = []
    for start_s, end_s in sorted(spans):
        if merged and start_s <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end_s))
        else:
            merged.append((start_s, end_s))
    return merged
