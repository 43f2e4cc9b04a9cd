"""A source of orbits that is a table: positions and velocities at times, polynomials between."""

import hashlib
import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np

from orbit_gym.orbits.epochs import Span, julian_date
from orbit_gym.orbits.interpolation import interpolate
from orbit_gym.orbits.time_and_frames import leap_seconds
from orbit_gym.utils.units import DAY_S

# Earth as SGP4 has it (WGS72; Spacetrack Report 3): what planes are grouped by
MU_M3_PER_S2, RADIUS_M, J2 = 3.986008e14, 6_378_135.0, 0.001082616
SAMPLES_PER_ORBIT = 64
JOIN_S = 1e-6  # segments that end and begin within this meet


class Segment(NamedTuple):
    """Rows of one satellite that one polynomial may go through.

    Times are SI seconds since the start of the span that was asked for.
    """

    start_s: float  # usable from
    end_s: float  # to
    rows_s: np.ndarray  # (N,)
    position_m: np.ndarray  # (N, 3) TEME
    velocity_mps: np.ndarray  # (N, 3) TEME
    method: str
    n_rows: int  # of a polynomial


class PositionTable:
    """Satellites whose segments cover a span."""

    def __init__(
        self, names: Sequence[str], segments: Sequence[Sequence[Segment]], span: Span
    ) -> None:
        """Take each satellite's segments, in order of time."""
        self.names = tuple(names)
        self._segments, self._span = tuple(tuple(part) for part in segments), span

    def subset(self, members: np.ndarray) -> "PositionTable":
        """Return the satellites of these numbers (M,) alone."""
        return PositionTable(
            [self.names[k] for k in members], [self._segments[k] for k in members], self._span
        )

    def states_teme(
        self, jd: np.ndarray, day_fraction: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return TEME positions in m and velocities in m/s (S, T, 3) at UTC Julian dates (T,).

        ValueError names a satellite whose table has no rows about such a time.
        """
        times_s = seconds_since(self._span.start, np.asarray(jd), np.asarray(day_fraction))
        position_m = np.empty((len(self.names), len(times_s), 3))
        velocity_mps = np.empty_like(position_m)
        for number, segments in enumerate(self._segments):
            index = self._segment_index(number, times_s)
            for k, segment in enumerate(segments):
                in_segment = index == k
                position_m[number, in_segment], velocity_mps[number, in_segment] = interpolate(
                    segment.method,
                    segment.n_rows,
                    segment.rows_s,
                    segment.position_m,
                    segment.velocity_mps,
                    times_s[in_segment],
                )
        return position_m, velocity_mps

    def _segment_index(self, number: int, times_s: np.ndarray) -> np.ndarray:
        """Return the segment (T,) that covers each time."""
        segments = self._segments[number]
        starts_s = np.array([segment.start_s for segment in segments])
        ends_s = np.array([segment.end_s for segment in segments])
        index = np.searchsorted(starts_s - JOIN_S, times_s, side="right") - 1
        is_outside = (index < 0) | (times_s > ends_s[index] + JOIN_S)
        if is_outside.any():
            instant = self._span.start + timedelta(seconds=float(times_s[np.argmax(is_outside)]))
            raise ValueError(
                f"satellite {self.names[number]!r} has no position at {instant.isoformat()}: its "
                "table does not cover that time"
            )
        return index

    def plane_elements(self, epoch: datetime) -> np.ndarray:
        """Return inclination, node (rad) and semi-major axis (m) of each satellite, (S, 3).

        Means over the first revolution of the span; the node carried to the epoch by J2's secular
        rate (Vallado, eq. 9-37).
        """
        jd, fraction = julian_date(self._span.start)
        first_m, first_mps = self.states_teme(np.array([jd]), np.array([fraction]))
        period_s = 2.0 * math.pi * np.sqrt(_axis_m(first_m, first_mps)[:, 0] ** 3 / MU_M3_PER_S2)
        since_epoch_s = (self._span.start - epoch).total_seconds()
        rows = []
        for number, length_s in enumerate(period_s):
            steps = np.arange(SAMPLES_PER_ORBIT) / SAMPLES_PER_ORBIT * length_s / DAY_S
            one = self.subset(np.array([number]))
            position_m, velocity_mps = one.states_teme(np.full(len(steps), jd), fraction + steps)
            rows.append(_mean_elements(position_m, velocity_mps, since_epoch_s + 0.5 * length_s))
        return np.array(rows).reshape(-1, 3)

    def fingerprint(self) -> bytes:
        """Return a hash of all rows and how they are interpolated."""
        digest = hashlib.sha256(str(self._span).encode())
        for segments in self._segments:
            for segment in segments:
                digest.update(
                    repr((segment.start_s, segment.end_s, segment.method, segment.n_rows)).encode()
                )
                for array in (segment.rows_s, segment.position_m, segment.velocity_mps):
                    digest.update(np.ascontiguousarray(array).tobytes())
        return digest.digest()


def seconds_since(start: datetime, jd: np.ndarray, day_fraction: np.ndarray) -> np.ndarray:
    """Return SI seconds (T,) from a UTC instant to UTC Julian dates jd + day_fraction (T,)."""
    start_jd, start_fraction = julian_date(start)
    days = (jd - start_jd) + (day_fraction - start_fraction)
    leaps_s = leap_seconds(jd + day_fraction) - leap_seconds(np.array([start_jd + start_fraction]))
    return days * DAY_S + leaps_s


def _axis_m(position_m: np.ndarray, velocity_mps: np.ndarray) -> np.ndarray:
    """Osculating semi-major axis (...) by the vis-viva equation."""
    radius_m = np.linalg.norm(position_m, axis=-1)
    return 1.0 / (2.0 / radius_m - (velocity_mps**2).sum(axis=-1) / MU_M3_PER_S2)


def _mean_elements(
    position_m: np.ndarray, velocity_mps: np.ndarray, since_epoch_s: float
) -> tuple[float, float, float]:
    """Inclination, node and axis of the mean of one revolution, states (1, T, 3)."""
    normal = np.cross(position_m[0], velocity_mps[0])
    normal = (normal / np.linalg.norm(normal, axis=-1, keepdims=True)).mean(axis=0)
    inclination_rad = math.acos(normal[2] / np.linalg.norm(normal))
    axis_m = float(_axis_m(position_m, velocity_mps).mean())
    motion_rad_per_s = math.sqrt(MU_M3_PER_S2 / axis_m**3)
    rate_rad_per_s = (
        -1.5 * J2 * (RADIUS_M / axis_m) ** 2 * motion_rad_per_s * math.cos(inclination_rad)
    )
    node_rad = math.atan2(normal[0], -normal[1]) - rate_rad_per_s * since_epoch_s
    return inclination_rad, node_rad, axis_m
