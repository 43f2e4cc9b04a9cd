"""Passes of twelve real satellites over four stations in 24 h, at two masks, against Skyfield's
find_events.
"""

import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from skyfield.api import wgs84
from skyfield.toposlib import GeographicPosition

from orbit_gym.physics.geometry import elevation_rad, hermite_m
from orbit_gym.world.ephemeris import Ephemeris, Passes, passes_over, site_geometry
from validation import sky
from validation.rows import Row, judged_row

AUTHORITY = "Skyfield find_events and altaz, live"
# taking UTC for UT1 moves a site by 30 m, 5 ms of flight; near a grazing pass that counts many
# times over
EDGE_TOLERANCE_S = 1.0
TOP_TOLERANCE_DEG = 0.01
MASKS_DEG = (5.0, 10.0)
STATIONS = ("Miyun", "Kashi", "Sanya", "Svalbard")
GOLDEN_RATIO = 0.5 * (math.sqrt(5.0) - 1.0)
GOLDEN_STEPS = 30  # a pass of 15 min becomes 0.5 ms
RISE, CULMINATE, SET = range(3)
AROUND_S = np.linspace(
    -1.0, 1.0, 81
)  # find_events stops at half a second; its altitudes around there tell the rest


class CompletePasses(NamedTuple):
    """Passes that begin and end inside the day, in order of time: seconds of the day, degrees."""

    rise_s: np.ndarray
    set_s: np.ndarray
    top_deg: np.ndarray


class Differences(NamedTuple):
    """Largest differences from Skyfield, and what was compared."""

    edge_s: float
    top_deg: float
    n_passes: int


@cache
def sites() -> dict[str, GeographicPosition]:
    """The stations of the scenario, as Skyfield has them."""
    return {
        station.name: wgs84.latlon(station.latitude_deg, station.longitude_deg, station.altitude_m)
        for station in sky.scenario().stations
        if station.name in STATIONS
    }


def our_passes(station: str, mask_deg: float) -> list[CompletePasses]:
    """Our passes over a station, one entry a satellite."""
    site = next(site for site in sky.scenario().stations if site.name == station)
    site_m, up = site_geometry(site.latitude_deg, site.longitude_deg, site.altitude_m)
    passes = passes_over(sky.ephemeris(), site_m, up, mask_deg)
    keep = (passes.start_s > 0.0) & (passes.end_s < sky.SECONDS_OF_DAY)
    passes = Passes(*(column[keep] for column in passes))
    top_deg = np.degrees(highest_elevation_rad(sky.ephemeris(), passes, site_m, up))
    return [
        CompletePasses(passes.start_s[own_passes], passes.end_s[own_passes], top_deg[own_passes])
        for own_passes in (passes.satellite == number for number in sky.ALL)
    ]


def highest_elevation_rad(
    ephemeris: Ephemeris, passes: Passes, site_m: np.ndarray, up: np.ndarray
) -> np.ndarray:
    """Return the highest elevation (N,) that each pass reaches over its site.

    The site is (3,), its unit normal up (3,).

    Golden-section search: a low satellite rises, culminates once and sets. Good to rounding, the
    maximum being flat.
    """
    low_s, high_s = passes.start_s.copy(), passes.end_s.copy()
    for _ in range(GOLDEN_STEPS):
        step_s = GOLDEN_RATIO * (high_s - low_s)
        left_s, right_s = high_s - step_s, low_s + step_s
        peak_is_right = _elevation(ephemeris, passes, site_m, up, left_s) < _elevation(
            ephemeris, passes, site_m, up, right_s
        )
        low_s, high_s = (
            np.where(peak_is_right, left_s, low_s),
            np.where(peak_is_right, high_s, right_s),
        )
    return _elevation(ephemeris, passes, site_m, up, 0.5 * (low_s + high_s))


def _elevation(
    ephemeris: Ephemeris, passes: Passes, site_m: np.ndarray, up: np.ndarray, times_s: np.ndarray
) -> np.ndarray:
    return elevation_rad(
        site_m,
        up,
        hermite_m(
            ephemeris.positions_m,
            ephemeris.velocities_mps,
            passes.satellite,
            times_s,
            ephemeris.grid_s,
        ),
    )


def skyfield_passes(number: int, station: str, mask_deg: float) -> CompletePasses:
    """Return Skyfield's passes of one satellite.

    find_events, then the same altitudes every 25 ms around each event.
    """
    satellite, site = sky.satellite(number), sites()[station]
    times, events = satellite.find_events(
        site, sky.utc(0.0), sky.utc(float(sky.SECONDS_OF_DAY)), altitude_degrees=mask_deg
    )
    first = np.array(
        [k for k in range(len(events) - 2) if events[k : k + 3].tolist() == [RISE, CULMINATE, SET]],
        int,
    )
    if not len(first):
        return CompletePasses(*np.zeros((3, 0)))
    around_s = sky.seconds_of(times)[:, None] + AROUND_S  # (events, 81)
    altitudes_deg = (
        (satellite - site).at(sky.utc(around_s.ravel())).altaz()[0].degrees.reshape(around_s.shape)
    )
    rise_s = [np.interp(mask_deg, altitudes_deg[k], around_s[k]) for k in first]
    set_s = [np.interp(mask_deg, altitudes_deg[k][::-1], around_s[k][::-1]) for k in first + 2]
    return CompletePasses(np.array(rise_s), np.array(set_s), altitudes_deg[first + 1].max(axis=1))


def largest(numbers: Sequence[int], stations: Sequence[str] = STATIONS) -> Differences:
    """Compare some of the twelve at both masks.

    ValueError where one side has a pass that the other lacks.
    """
    edges_s, tops_deg = [], []
    for station in stations:
        for mask_deg in MASKS_DEG:
            passes = our_passes(station, mask_deg)
            for number in numbers:
                a, b = passes[number], skyfield_passes(number, station, mask_deg)
                if len(a.rise_s) != len(b.rise_s):
                    raise ValueError(
                        f"{sky.names()[number]} over {station}, {mask_deg:g} deg: {len(a.rise_s)} "
                        f"against {len(b.rise_s)}"
                    )
                edges_s += [np.abs(a.rise_s - b.rise_s), np.abs(a.set_s - b.set_s)]
                tops_deg.append(np.abs(a.top_deg - b.top_deg))
    tops = np.concatenate(tops_deg)
    return Differences(float(np.concatenate(edges_s).max()), float(tops.max()), len(tops))


def measure(data: Path | None) -> list[Row]:
    """Return two rows: rise and set, and highest elevation."""
    differences = largest(sky.ALL)
    note = f"{differences.n_passes} passes"
    quantity = "passes over Miyun, Kashi, Sanya, Svalbard, masks 5 and 10 deg"
    return [
        judged_row(
            f"{quantity}: rise and set", AUTHORITY, differences.edge_s, EDGE_TOLERANCE_S, "s", note
        ),
        judged_row(
            f"{quantity}: highest elevation",
            AUTHORITY,
            differences.top_deg,
            TOP_TOLERANCE_DEG,
            "deg",
            note,
        ),
    ]
