"""Entry into and exit from the Earth's shadow, twelve real satellites over 24 h, against Skyfield
with DE421.
"""

import csv
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from skyfield.almanac import find_discrete
from skyfield.api import EarthSatellite
from skyfield.jpllib import SpiceKernel

from orbit_gym.world.ephemeris import Passes, sunlit_intervals
from validation import sky
from validation.rows import Row, judged_row, skipped_row
from validation.sun import de421

QUANTITY = "eclipse entry and exit, 12 satellites, 24 h"
FILE_AUTHORITY = "Skyfield is_sunlit with DE421, stored to the second"
LIVE_AUTHORITY = "Skyfield is_sunlit with DE421, live"
# the almanac Sun is 0.01 degrees off DE421, which turns a shadow edge by 0.15 s; grazing entries
# magnify it
TOLERANCE_S = 1.0
SCAN_S = 120.0  # an orbit's shadow lasts half an hour
EPSILON_S = 1e-3


class Edges(NamedTuple):
    """Shadow edges of one satellite inside the day, seconds of the day."""

    enter_s: np.ndarray
    exit_s: np.ndarray


@cache
def our_lit() -> Passes:
    """Our sunlit intervals of the day."""
    return sunlit_intervals(sky.ephemeris())


def our_edges(number: int) -> Edges:
    """Ours of one satellite."""
    lit, day_s = our_lit(), sky.SECONDS_OF_DAY
    is_own = lit.satellite == number
    enter_s, exit_s = lit.end_s[is_own], lit.start_s[is_own]
    return Edges(enter_s[enter_s < day_s], exit_s[(exit_s > 0.0) & (exit_s < day_s)])


def live_edges(numbers: Sequence[int]) -> list[Edges]:
    """Skyfield's, to EPSILON_S."""
    ephemeris = de421()
    edges = [_edges_of(sky.satellite(number), ephemeris) for number in numbers]
    ephemeris.close()
    return edges


def _edges_of(satellite: EarthSatellite, ephemeris: SpiceKernel) -> Edges:
    def is_lit(times):
        return satellite.at(times).is_sunlit(ephemeris)

    is_lit.step_days = SCAN_S / sky.SECONDS_OF_DAY
    times, values = find_discrete(
        sky.utc(0.0),
        sky.utc(float(sky.SECONDS_OF_DAY)),
        is_lit,
        epsilon=EPSILON_S / sky.SECONDS_OF_DAY,
    )
    edges_s = sky.seconds_of(times)
    return Edges(edges_s[values == 0], edges_s[values == 1])


def file_edges(data: Path) -> list[Edges]:
    """The stored edges of all twelve: the first whole second in the new condition."""
    with (data / "reference_skyfield" / "eclipse_transitions_20250802.csv").open() as file:
        rows = list(csv.DictReader(file))

    def of(name: str, event: str) -> np.ndarray:
        return np.array(
            [
                float(row["utc_seconds_of_day"])
                for row in rows
                if row["sat"] == name and row["event"] == event
            ]
        )

    return [Edges(of(name, "enter_eclipse"), of(name, "exit_eclipse")) for name in sky.names()]


def differences_s(a_edges: Edges, b_edges: Edges) -> np.ndarray:
    """Ours minus theirs, edge by edge in order of time.

    ValueError where one side has an edge that the other lacks.
    """
    if [len(part) for part in a_edges] != [len(part) for part in b_edges]:
        raise ValueError(
            f"{[len(part) for part in a_edges]} edges against {[len(part) for part in b_edges]}"
        )
    return np.concatenate([a - b for a, b in zip(a_edges, b_edges, strict=True)])


def beyond_the_second_s(differences: np.ndarray) -> np.ndarray:
    """Return how far our edges lie outside the second in which they must have been.

    That is the second before the stored edge.
    """
    return np.maximum(np.maximum(differences, -1.0 - differences), 0.0)


def measure(data: Path | None) -> list[Row]:
    """Return two rows: stored and live."""
    live_s = np.concatenate(
        [
            differences_s(our_edges(k), theirs)
            for k, theirs in zip(sky.ALL, live_edges(sky.ALL), strict=True)
        ]
    )
    live = judged_row(
        QUANTITY, LIVE_AUTHORITY, np.abs(live_s).max(), TOLERANCE_S, "s", f"{len(live_s)} edges"
    )
    if data is None:
        return [skipped_row(QUANTITY, FILE_AUTHORITY, f"{TOLERANCE_S:g} s"), live]
    file_s = beyond_the_second_s(
        np.concatenate(
            [differences_s(our_edges(k), theirs) for k, theirs in enumerate(file_edges(data))]
        )
    )
    return [
        judged_row(
            QUANTITY, FILE_AUTHORITY, file_s.max(), TOLERANCE_S, "s", f"{len(file_s)} edges"
        ),
        live,
    ]
