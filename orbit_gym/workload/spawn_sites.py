"""Opportunities: where on the day's orbits each kind of task can appear.

Places are coarse, and assumptions.
"""

from dataclasses import dataclass, field

import numpy as np

from orbit_gym.physics.geometry import geodetic_to_earth_fixed_m
from orbit_gym.scenario.scenario import Scenario, Workload
from orbit_gym.utils.sampling import Random, weighted_choice
from orbit_gym.world.layout import USER_UP, World

CELL_S = 30.0  # opportunities of satellites are sampled on this grid
DAYLIGHT_SINE = 0.17  # Sun 10 degrees above the horizon: light enough for a camera (assumption)
# scenes over the sea for each over land, per second of daylight (assumption: ships, coasts,
# weather)
SEA_WEIGHT = 0.35
HOTSPOT_RADIUS_M = (
    1_000e3  # a satellite sees an event region within this ground distance (assumption)
)

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


@dataclass
class SpawnSites:
    """Where tasks of each origin can appear in one World: weights of cells (time, satellite), and
    windows of users.
    """

    scenario: Scenario
    world: World
    satellite_names: tuple[str, ...]
    sunlit_ground: np.ndarray  # (n_cells, n_satellites) bool: the ground below is in daylight
    cell_weights: dict[str, np.ndarray] = field(init=False)  # origin -> (n_cells, n_satellites)
    user_windows: np.ndarray = field(init=False)  # (n, 4): user index, start, end, weight

    def __post_init__(self) -> None:
        """Find where each origin can appear."""
        ground_m = self.world.positions_m[:: int(round(CELL_S / self.world.sizes["grid_s"][0]))]
        n_cells = min(
            int(self.world.sizes["horizon_s"][0] // CELL_S),
            ground_m.shape[0],
            self.sunlit_ground.shape[0],
        )
        up = ground_m[:n_cells] / np.linalg.norm(ground_m[:n_cells], axis=-1, keepdims=True)
        self.cell_weights = {
            "scene": np.where(over_land(up), 1.0, SEA_WEIGHT) * self.sunlit_ground[:n_cells],
            "hotspot": near_hotspot(up).astype(float),
            "archive": np.ones(up.shape[:2]),
        }
        self.user_windows = user_windows(self.scenario, self.world)

    @property
    def first_user(self) -> int:
        """Graph node of the first user site."""
        sizes = self.world.sizes[0]
        return int(sizes["n_satellites"] + sizes["n_stations"] + sizes["n_datacentres"])

    def polarimeters(self, workload: Workload) -> list[int]:
        """Satellites that look at the sky; ValueError for a name that does not fly."""
        for name in workload.polarimeters:
            if name not in self.satellite_names:
                raise ValueError(
                    f"workload.polarimeters names {name!r}; choose from "
                    f"{', '.join(self.satellite_names)}"
                )
        return [
            self.satellite_names.index(name)
            for name in workload.polarimeters or self.satellite_names
        ]

    def weights(self, origin: str, workload: Workload) -> np.ndarray:
        """Weights of cells (n_cells, n_satellites) of an origin that is no user."""
        if origin != "sky":
            return self.cell_weights[origin]
        weights = np.zeros_like(self.cell_weights["archive"])
        weights[:, self.polarimeters(workload)] = 1.0
        return weights

    def weighted_s(self, origin: str, workload: Workload, start_s: float, end_s: float) -> float:
        """Weighted seconds in which tasks of an origin can appear."""
        if origin == "user":
            windows = self.user_windows
            return float(
                (
                    np.clip(
                        np.minimum(windows[:, 2], end_s) - np.maximum(windows[:, 1], start_s),
                        0.0,
                        None,
                    )
                    * windows[:, 3]
                ).sum()
            )
        weights = self.weights(origin, workload)
        return float((weights * cell_overlap_s(weights.shape[0], start_s, end_s)[:, None]).sum())

    def sample(
        self, origin: str, workload: Workload, count: int, start_s: float, end_s: float, rng: Random
    ) -> tuple[np.ndarray, np.ndarray]:
        """Times (count,) and origin graph nodes (count,) of tasks, weighted by opportunity within
        the span.
        """
        if origin == "user":
            windows = self.user_windows
            low = np.maximum(windows[:, 1], start_s)
            length = np.clip(np.minimum(windows[:, 2], end_s) - low, 0.0, None)
            picks = weighted_choice(length * windows[:, 3], rng.random(count))
            return low[picks] + rng.random(count) * length[picks], self.first_user + windows[
                picks, 0
            ].astype(np.int64)
        weights = self.weights(origin, workload)
        share_s = cell_overlap_s(weights.shape[0], start_s, end_s)
        n_satellites = weights.shape[1]
        picks = weighted_choice((weights * share_s[:, None]).ravel(), rng.random(count))
        cells = picks // n_satellites
        low = np.maximum(cells * CELL_S, start_s)
        high = np.minimum((cells + 1) * CELL_S, end_s)
        return low + rng.random(count) * (high - low), picks % n_satellites

    def sample_origin(
        self, origin: str, workload: Workload, times_s: np.ndarray, rng: Random
    ) -> np.ndarray:
        """Origin graph nodes (n,) of tasks whose times are given, drawn by weight among those that
        can at that time; -1 where none can.
        """
        uniforms = rng.random(times_s.size)
        nodes = np.full(times_s.size, -1, np.int64)
        windows = self.user_windows
        cells = self.weights(origin, workload) if origin != "user" else np.zeros((1, 0))
        for row, (time_s, uniform) in enumerate(zip(times_s, uniforms)):
            if origin == "user":
                open_ = windows[(windows[:, 1] <= time_s) & (time_s < windows[:, 2])]
                choices, weights = self.first_user + open_[:, 0].astype(np.int64), open_[:, 3]
            else:
                weights = cells[min(int(time_s // CELL_S), len(cells) - 1)]
                choices = np.arange(weights.size)
            if weights.sum() > 0.0:
                nodes[row] = choices[weighted_choice(weights, uniform)]
        return nodes


def over_land(up: np.ndarray) -> np.ndarray:
    """True where the point below (unit vectors, (..., 3)) lies in a land box."""
    latitude_deg = np.degrees(np.arcsin(up[..., 2]))
    longitude_deg = np.degrees(np.arctan2(up[..., 1], up[..., 0]))
    land = np.zeros(up.shape[:-1], bool)
    for south, north, west, east in LAND_DEG:
        land |= (
            (latitude_deg >= south)
            & (latitude_deg <= north)
            & (longitude_deg >= west)
            & (longitude_deg <= east)
        )
    return land


def near_hotspot(up: np.ndarray) -> np.ndarray:
    """True where the point below lies within HOTSPOT_RADIUS_M of an event region."""
    places = np.radians(np.array(HOTSPOTS_DEG))
    sites_m = geodetic_to_earth_fixed_m(places[:, 0], places[:, 1], np.zeros(len(places)))
    sites = sites_m / np.linalg.norm(sites_m, axis=-1, keepdims=True)
    least = np.cos(HOTSPOT_RADIUS_M / np.linalg.norm(sites_m, axis=-1).mean())
    near = np.zeros(up.shape[:-1], bool)
    for site in sites:  # one at a time: all at once take gigabytes at thousands of satellites
        near |= up @ site >= least
    return near


def user_windows(scenario: Scenario, world: World) -> np.ndarray:
    """Spans in which a user sees at least one satellite: rows (user index, start_s, end_s,
    weight).
    """
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


def cell_overlap_s(n_cells: int, start_s: float, end_s: float) -> np.ndarray:
    """Seconds of each cell that lie in a span. (n_cells,)."""
    edges = np.arange(n_cells + 1) * CELL_S
    return np.clip(np.minimum(edges[1:], end_s) - np.maximum(edges[:-1], start_s), 0.0, None)
