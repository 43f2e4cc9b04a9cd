"""Spawn sites: at which times and nodes of a day the tasks of each kind of origin can appear."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from orbit_gym.orbits.epochs import julian_date
from orbit_gym.physics.geometry import gmst_rad, rotate_to_earth_fixed
from orbit_gym.physics.sun import sun_direction_of_date
from orbit_gym.scenario.origins import ORIGINS, DayCells
from orbit_gym.scenario.scenario import Scenario, Workload
from orbit_gym.utils.sampling import Random, weighted_choice
from orbit_gym.utils.units import DAY_S
from orbit_gym.world.ephemeris import midnight_of
from orbit_gym.world.layout import USER_UP, World
from orbit_gym.world.nodes import first_user

CELL_S = 30.0  # the sites of satellites are sampled on this grid
DAYLIGHT_SINE = 0.17  # Sun 10 degrees above the horizon: light enough for a camera (assumption)


class Sites(Protocol):
    """Where tasks of one origin can appear."""

    def weighted_s(self, start_s: float, end_s: float) -> float:
        """Return the weighted seconds in which tasks can appear within a span."""

    def sample(
        self, count: int, start_s: float, end_s: float, rng: Random
    ) -> tuple[np.ndarray, np.ndarray]:
        """Draw times (count,) and origin graph nodes (count,) by weight within a span."""

    def sample_origin(self, times_s: np.ndarray, rng: Random) -> np.ndarray:
        """Draw origin graph nodes (n,) at times (n,) by weight; -1 where no task can appear."""


@dataclass(frozen=True)
class CellSites:
    """Satellites, by the weights of cells of time."""

    weights: np.ndarray  # (n_cells, n_satellites)

    def weighted_s(self, start_s: float, end_s: float) -> float:
        """Return the weighted seconds in which tasks can appear within a span."""
        overlap_s = cell_overlap_s(len(self.weights), start_s, end_s)
        return float((self.weights * overlap_s[:, None]).sum())

    def sample(
        self, count: int, start_s: float, end_s: float, rng: Random
    ) -> tuple[np.ndarray, np.ndarray]:
        """Draw times (count,) and satellites (count,) by weight within a span."""
        n_cells, n_satellites = self.weights.shape
        overlap_s = cell_overlap_s(n_cells, start_s, end_s)
        picks = weighted_choice((self.weights * overlap_s[:, None]).ravel(), rng.random(count))
        cells = picks // n_satellites
        low_s = np.maximum(cells * CELL_S, start_s)
        high_s = np.minimum((cells + 1) * CELL_S, end_s)
        return low_s + rng.random(count) * (high_s - low_s), picks % n_satellites

    def sample_origin(self, times_s: np.ndarray, rng: Random) -> np.ndarray:
        """Draw satellites (n,) at times (n,) by weight; -1 where no task can appear."""
        n_cells, n_satellites = self.weights.shape
        satellites = np.arange(n_satellites)

        def candidates(time_s: float) -> tuple[np.ndarray, np.ndarray]:
            return satellites, self.weights[min(int(time_s // CELL_S), n_cells - 1)]

        return _sample_origin(times_s, candidates, rng)


@dataclass(frozen=True)
class UserSites:
    """Users, by the windows in which they see a satellite."""

    windows: np.ndarray  # (n, 4): user index, start_s, end_s, weight
    first_user: int  # graph node of the first user site

    def weighted_s(self, start_s: float, end_s: float) -> float:
        """Return the weighted seconds in which tasks can appear within a span."""
        return float((self._overlap_s(start_s, end_s) * self.windows[:, 3]).sum())

    def sample(
        self, count: int, start_s: float, end_s: float, rng: Random
    ) -> tuple[np.ndarray, np.ndarray]:
        """Draw times (count,) and user nodes (count,) by weight within a span."""
        low_s = np.maximum(self.windows[:, 1], start_s)
        length_s = self._overlap_s(start_s, end_s)
        picks = weighted_choice(length_s * self.windows[:, 3], rng.random(count))
        return low_s[picks] + rng.random(count) * length_s[picks], self._nodes(self.windows[picks])

    def sample_origin(self, times_s: np.ndarray, rng: Random) -> np.ndarray:
        """Draw user nodes (n,) at times (n,) by weight; -1 where nobody sees a satellite."""

        def candidates(time_s: float) -> tuple[np.ndarray, np.ndarray]:
            is_open = (self.windows[:, 1] <= time_s) & (time_s < self.windows[:, 2])
            windows = self.windows[is_open]
            return self._nodes(windows), windows[:, 3]

        return _sample_origin(times_s, candidates, rng)

    def _overlap_s(self, start_s: float, end_s: float) -> np.ndarray:
        """Seconds of each window within a span. (n,)."""
        low_s = np.maximum(self.windows[:, 1], start_s)
        return np.clip(np.minimum(self.windows[:, 2], end_s) - low_s, 0.0, None)

    def _nodes(self, windows: np.ndarray) -> np.ndarray:
        return self.first_user + windows[:, 0].astype(np.int64)


def _sample_origin(
    times_s: np.ndarray,
    candidates: Callable[[float], tuple[np.ndarray, np.ndarray]],
    rng: Random,
) -> np.ndarray:
    """Draw one of the candidates (nodes, weights) of each time, -1 where all weigh nothing."""
    uniforms = rng.random(times_s.size)
    origins = np.full(times_s.size, -1, np.int64)
    for row, (time_s, uniform) in enumerate(zip(times_s, uniforms)):
        nodes, weights = candidates(time_s)
        if weights.sum() > 0.0:
            origins[row] = nodes[weighted_choice(weights, uniform)]
    return origins


@dataclass
class SpawnSites:
    """Where tasks of each origin can appear in one World."""

    scenario: Scenario
    world: World
    satellite_names: tuple[str, ...]
    sunlit_ground: np.ndarray  # (n_cells, n_satellites) bool: the ground below is in daylight
    cell_weights: dict[str, np.ndarray] = field(init=False)  # origin -> (n_cells, n_satellites)
    user_windows: np.ndarray = field(init=False)  # (n, 4): user index, start_s, end_s, weight

    def __post_init__(self) -> None:
        """Weigh the cells of every origin, and find when users see a satellite."""
        positions_m = self.world.positions_m[:: _grid_rows_per_cell(self.world)]
        n_cells = min(
            int(self.world.sizes["horizon_s"][0] // CELL_S),
            positions_m.shape[0],
            self.sunlit_ground.shape[0],
        )
        cells = DayCells(_up(positions_m[:n_cells]), self.sunlit_ground[:n_cells])
        self.cell_weights = {
            name: kind.cell_weights(cells)
            for name, kind in ORIGINS.items()
            if kind.cell_weights is not None
        }
        self.user_windows = user_windows(self.scenario, self.world)

    @property
    def first_user(self) -> int:
        """Graph node of the first user site."""
        return int(first_user(self.world))

    def of(self, origin: str, workload: Workload) -> Sites:
        """Return the sites of an origin; ValueError for a polarimeter that does not fly."""
        kind = ORIGINS[origin]
        if kind.cell_weights is None:
            return UserSites(self.user_windows, self.first_user)
        weights = self.cell_weights[origin]
        if kind.needs_polarimeter:
            carries = np.zeros(weights.shape[1])
            carries[self.polarimeters(workload)] = 1.0
            weights = weights * carries
        return CellSites(weights)

    def polarimeters(self, workload: Workload) -> list[int]:
        """Return the satellites that look at the sky; ValueError for a name that does not fly."""
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


def sunlit_ground(scenario: Scenario, world: World, day: int) -> np.ndarray:
    """Mark where the ground below a satellite is in daylight. (n_cells, n_satellites)."""
    positions_m = world.positions_m[:: _grid_rows_per_cell(world)]
    jd, _ = julian_date(midnight_of(scenario, day))
    fraction = np.arange(len(positions_m)) * CELL_S / DAY_S
    sun = rotate_to_earth_fixed(sun_direction_of_date(jd, fraction), gmst_rad(jd, fraction))
    return np.einsum("tsi,ti->ts", _up(positions_m), sun) > DAYLIGHT_SINE


def _grid_rows_per_cell(world: World) -> int:
    return int(round(CELL_S / world.sizes["grid_s"][0]))


def _up(positions_m: np.ndarray) -> np.ndarray:
    return positions_m / np.linalg.norm(positions_m, axis=-1, keepdims=True)


def user_windows(scenario: Scenario, world: World) -> np.ndarray:
    """Return when users see at least one satellite: rows (user index, start_s, end_s, weight)."""
    first = first_user(world)
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
    edges_s = np.arange(n_cells + 1) * CELL_S
    return np.clip(np.minimum(edges_s[1:], end_s) - np.maximum(edges_s[:-1], start_s), 0.0, None)
