"""Where everything is on one day: satellites and Sun in Earth-fixed axes on the time grid, sites,
and who sees whom when.
"""

import math
from collections.abc import Callable, Iterator
from datetime import datetime, time, timedelta
from typing import NamedTuple

import numpy as np

from orbit_gym.orbits.epochs import epoch_of, julian_date
from orbit_gym.orbits.positions import Orbits
from orbit_gym.physics.geometry import (
    earth_fixed_velocity_mps,
    geodetic_to_earth_fixed_m,
    geodetic_up,
    gmst_rad,
    hermite_m,
    rotate_to_earth_fixed,
    sine_of_elevation,
)
from orbit_gym.physics.intervals import positive_intervals
from orbit_gym.physics.pointing import find_next_in_plane
from orbit_gym.physics.sun import shadow_margin_m, sun_direction_of_date
from orbit_gym.scenario.scenario import Scenario
from orbit_gym.utils.units import DAY_S

GRID_S = 10.0
# many satellites: a third of the memory; light time between samples stays good to 3 microseconds
COARSE_GRID_S = 30.0
MANY_SATELLITES = 400
FASTEST_MPS = 11_200.0  # fact: escape speed at the surface, above what any satellite flies
# satellites flown at a time: the working arrays of a block stay in the processor's cache (64
# measured best of 32 to 256)
BLOCK = 64


class Ephemeris(NamedTuple):
    """One day's motion, Earth-fixed; a compile-time value that the World keeps the positions of."""

    jd: float  # 00:00 UTC of the day
    horizon_s: float
    grid_s: float
    times_s: np.ndarray  # (T,) the last one past the horizon
    positions_m: np.ndarray  # (S, T, 3)
    velocities_mps: np.ndarray  # (S, T, 3)
    radii_m: np.ndarray  # (S, T)
    sun: np.ndarray  # (T, 3) unit vectors
    next_in_plane: np.ndarray  # (T, S) int32, next satellite ahead in plane


class Passes(NamedTuple):
    """Intervals in which a satellite sees one site, clipped to the horizon.

    Sorted by satellite and time.
    """

    satellite: np.ndarray  # (N,)
    start_s: np.ndarray  # (N,)
    end_s: np.ndarray  # (N,)


class GroundSite(NamedTuple):
    """A site and the elevation above which it sees satellites."""

    site_m: np.ndarray  # (3,) Earth-fixed
    up: np.ndarray  # (3,) unit normal
    mask_deg: float


class DayGeometry(NamedTuple):
    """What a World needs to know of the day's motion."""

    horizon_s: float
    grid_s: float
    positions_m: np.ndarray  # (T, S, 3) Earth-fixed
    next_in_plane: np.ndarray  # (T, S) int32, next satellite ahead in plane
    sunlit: Passes  # when each satellite is in sunlight
    passes: list[Passes]  # of each site


def midnight_of(scenario: Scenario, day: int) -> datetime:
    """Return 00:00 UTC of the day that lies day days after the epoch's date."""
    return datetime.combine(epoch_of(scenario).date(), time()) + timedelta(days=day)


def time_grid(scenario: Scenario, n_satellites: int) -> tuple[float, float, int]:
    """Return horizon_s, grid_s and the number of samples, the last one past the horizon."""
    horizon_s = DAY_S + scenario.episode_s + scenario.look_ahead_s
    grid_s = GRID_S if n_satellites <= MANY_SATELLITES else COARSE_GRID_S
    return horizon_s, grid_s, math.ceil(horizon_s / grid_s) + 2


def propagate_day(
    scenario: Scenario, orbits: Orbits, day: int, members: np.ndarray | None = None
) -> Ephemeris:
    """Return the motion of satellites and Sun, past the horizon.

    Of all satellites, or of members, which are whole planes. ValueError where SGP4 fails.
    """
    horizon_s, grid_s, n_times = time_grid(scenario, len(orbits.names))
    orbits = orbits if members is None else orbits.subset(members)
    times_s = np.arange(n_times) * grid_s
    jd, start_fraction = julian_date(midnight_of(scenario, day))
    day_fraction = start_fraction + times_s / DAY_S
    position_m, velocity_mps = orbits.propagate(np.full(len(times_s), jd), day_fraction)
    next_in_plane = find_next_in_plane(position_m, velocity_mps, orbits.planes)
    gmst = gmst_rad(jd, day_fraction)
    fixed_m = rotate_to_earth_fixed(position_m, gmst)
    fixed_mps = earth_fixed_velocity_mps(fixed_m, rotate_to_earth_fixed(velocity_mps, gmst))
    sun = rotate_to_earth_fixed(sun_direction_of_date(jd, day_fraction), gmst)
    radii_m = np.sqrt(np.einsum("sti,sti->st", fixed_m, fixed_m))
    return Ephemeris(
        jd + start_fraction,
        horizon_s,
        grid_s,
        times_s,
        fixed_m,
        fixed_mps,
        radii_m,
        sun,
        next_in_plane,
    )


def compute_day_geometry(
    scenario: Scenario,
    orbits: Orbits,
    day: int,
    sites: list[GroundSite],
    tell: Callable[[float], None],
) -> DayGeometry:
    """Return positions, neighbours, sunlight and passes of all satellites, propagated in blocks.

    Tell hears the fraction done.
    """
    n_satellites = len(orbits.names)
    horizon_s, grid_s, n_times = time_grid(scenario, n_satellites)
    positions_m = np.empty((n_times, n_satellites, 3))
    next_in_plane = np.empty((n_times, n_satellites), np.int32)
    sunlit: list[Passes] = []
    passes: list[list[Passes]] = [[] for _ in sites]
    n_done = 0
    for members in _blocks(orbits.planes):
        ephemeris = propagate_day(scenario, orbits, day, members)
        positions_m[:, members] = ephemeris.positions_m.transpose(1, 0, 2)
        next_in_plane[:, members] = np.where(
            ephemeris.next_in_plane >= 0, members[ephemeris.next_in_plane], -1
        )
        sunlit.append(_renumber(sunlit_intervals(ephemeris), members))
        for parts, site in zip(passes, sites, strict=True):
            parts.append(_renumber(passes_over(ephemeris, *site), members))
        n_done += len(members)
        tell(n_done / n_satellites)
    return DayGeometry(
        horizon_s,
        grid_s,
        positions_m,
        next_in_plane,
        _join(sunlit),
        [_join(parts) for parts in passes],
    )


def _blocks(planes: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the satellites of some whole planes at a time, about BLOCK of them, plane by plane."""
    order = np.argsort(planes, kind="stable")
    _, first, counts = np.unique(planes[order], return_index=True, return_counts=True)
    block = np.repeat(first // BLOCK, counts)
    yield from np.split(order, np.flatnonzero(np.diff(block)) + 1)


def _renumber(passes: Passes, members: np.ndarray) -> Passes:
    """Number satellites as the whole constellation does."""
    return passes._replace(satellite=members[passes.satellite])


def _join(parts: list[Passes]) -> Passes:
    """Put passes of different satellites together, by satellite and time."""
    satellite, start_s, end_s = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    order = np.argsort(satellite, kind="stable")
    return Passes(satellite[order], start_s[order], end_s[order])


def site_geometry(
    latitude_deg: float, longitude_deg: float, altitude_m: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return Earth-fixed position (3,) and unit normal (3,) of a site."""
    latitude_rad, longitude_rad = np.radians(latitude_deg), np.radians(longitude_deg)
    return geodetic_to_earth_fixed_m(latitude_rad, longitude_rad, altitude_m), geodetic_up(
        latitude_rad, longitude_rad
    )


def passes_over(
    ephemeris: Ephemeris, site_m: np.ndarray, up: np.ndarray, mask_deg: float
) -> Passes:
    """Return when each satellite stands above mask_deg over a site (3,) with unit normal up (3,).

    Edges good to 2 ms.
    """
    sine = math.sin(math.radians(mask_deg))

    def evaluate(rows: np.ndarray, times_s: np.ndarray) -> np.ndarray:
        return (
            sine_of_elevation(
                site_m,
                up,
                hermite_m(
                    ephemeris.positions_m, ephemeris.velocities_mps, rows, times_s, ephemeris.grid_s
                ),
            )
            - sine
        )

    # Elsewhere neither a sample nor the ones beside it are above the site's horizontal plane.
    is_near = ephemeris.positions_m @ up > (
        site_m @ up - 2.0 * FASTEST_MPS * ephemeris.grid_s if sine >= 0.0 else -math.inf
    )
    along_m, onto_site = (
        ephemeris.positions_m[is_near] @ np.stack([up, site_m], axis=-1)
    ).T  # the law of cosines: one product
    range_m = np.sqrt(ephemeris.radii_m[is_near] ** 2 - 2.0 * onto_site + site_m @ site_m)
    margins = np.full(is_near.shape, -1.0)
    margins[is_near] = (along_m - site_m @ up) / range_m - sine
    return _clip(ephemeris, *positive_intervals(margins, ephemeris.times_s, evaluate))


def sunlit_intervals(ephemeris: Ephemeris) -> Passes:
    """Return when each satellite is outside the Earth's cylindrical shadow."""

    def evaluate(rows: np.ndarray, times_s: np.ndarray) -> np.ndarray:
        nearest = np.clip(
            np.rint(times_s / ephemeris.grid_s).astype(np.int64), 0, len(ephemeris.times_s) - 1
        )
        turn_rad = (
            -2.0 * math.pi / DAY_S * (times_s - ephemeris.times_s[nearest])
        )  # the Sun moves with mean solar time: 1e-8 rad in 10 s
        sun = ephemeris.sun[nearest].copy()
        sun[:, 0], sun[:, 1] = (
            np.cos(turn_rad) * sun[:, 0] - np.sin(turn_rad) * sun[:, 1],
            np.sin(turn_rad) * sun[:, 0] + np.cos(turn_rad) * sun[:, 1],
        )
        return shadow_margin_m(
            hermite_m(
                ephemeris.positions_m, ephemeris.velocities_mps, rows, times_s, ephemeris.grid_s
            ),
            sun,
        )

    return _clip(
        ephemeris,
        *positive_intervals(
            shadow_margin_m(ephemeris.positions_m, ephemeris.sun), ephemeris.times_s, evaluate
        ),
    )


def _clip(
    ephemeris: Ephemeris, satellite: np.ndarray, start_s: np.ndarray, end_s: np.ndarray
) -> Passes:
    """Keep what lies inside [0, horizon]."""
    end_s = np.minimum(end_s, ephemeris.horizon_s)
    keep = end_s > start_s
    return Passes(satellite[keep], start_s[keep], end_s[keep])
