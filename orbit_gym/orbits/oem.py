"""Orbit ephemeris messages (CCSDS 502.0-B) as text of key = value: satellites as tables.

One file may hold several segments of several satellites, and a path may name a folder or a pattern.
Of a segment's rows only those about the needed span are kept. Positions are turned to the TEME axes
that the rest of the package uses, so that Earth-fixed ones come out as the file or Skyfield says.
"""

import glob
import re
from datetime import timedelta
from pathlib import Path

import numpy as np

from orbit_gym.orbits.elements import read_text
from orbit_gym.orbits.epochs import Span
from orbit_gym.orbits.oem_text import OemSegment, segments_of
from orbit_gym.orbits.position_table import JOIN_S, PositionTable, Segment, seconds_since
from orbit_gym.orbits.source import OrbitRequest, register_orbit_source
from orbit_gym.orbits.time_and_frames import (
    CELESTIAL_FRAMES,
    GPS_MINUS_TAI_S,
    TT_MINUS_TAI_S,
    celestial_to_earth_fixed,
    leap_seconds,
)
from orbit_gym.orbits.tle import RefusedElements
from orbit_gym.physics.geometry import gmst_rad, inertial_velocity_mps, rotate_to_earth_fixed
from orbit_gym.utils.units import DAY_S, M_PER_KM

ENDINGS = (".oem", ".oem.gz")  # of the files of a folder
FIXED_FRAME = re.compile(r"ITRF[- ]?\d{0,4}")
FRAMES = ("TEME", *CELESTIAL_FRAMES, "ITRF (with or without a year)")
MINUS_TAI_S = {"TAI": 0.0, "TT": TT_MINUS_TAI_S, "GPS": GPS_MINUS_TAI_S}
TIME_SYSTEMS = ("UTC", *MINUS_TAI_S)
UNIX_JD = 2_440_587.5  # of 1970-01-01
NS_PER_DAY = 86_400_000_000_000
# Where a satellite of the Earth can be, km: anything else is another unit or another centre.
LEAST_KM, MOST_KM = 6_400.0, 1_000_000.0
MARGIN_ROWS = 16  # kept beyond the span: as many as the highest degree looks at


def read_oem(path: Path, request: OrbitRequest) -> PositionTable:
    """Return the satellites of an OEM file, a folder of them or a pattern.

    ValueError with file, line and value; a bad satellite is left out if the request is not strict.
    """
    satellites: dict[str, list[Segment]] = {}
    object_ids: dict[str, str] = {}
    bad_names: set[str] = set()
    for file in _files(path, request.label):
        label = request.label if file == path else f"{request.label}: {file.name}"
        for segment in _parse(file, label):
            try:
                _check(segment, object_ids.setdefault(segment.name, segment.object_id))
                satellites.setdefault(segment.name, []).extend(_clip(segment, request.span))
            except RefusedElements as error:
                bad_names.add(segment.name)
                request.refuse(f"{label}, {error}", error.reason)
    return _covering(request, {k: v for k, v in satellites.items() if k not in bad_names})


def _parse(file: Path, label: str) -> list[OemSegment]:
    """Segments of one file; ValueError names it."""
    try:
        return list(segments_of(read_text(file)))
    except ValueError as error:
        comma = "," if str(error).startswith("line ") else ""
        raise ValueError(f"{label}{comma} {error}") from error


def _files(path: Path, label: str) -> list[Path]:
    """Files of a path, a folder or a pattern, in order of their names."""
    if path.is_dir():
        files = sorted(item for item in path.iterdir() if item.name.lower().endswith(ENDINGS))
        if not files:
            raise ValueError(f"{label} is a folder without a file ending in {' or '.join(ENDINGS)}")
        return files
    if path.is_file() or not glob.has_magic(str(path)):
        return [path]
    files = [Path(item) for item in sorted(glob.glob(str(path)))]
    if not files:
        raise ValueError(f"{label} fits no file")
    return files


def _covering(request: OrbitRequest, satellites: dict[str, list[Segment]]) -> PositionTable:
    """The satellites whose segments cover the span without overlap."""
    names, tables = [], []
    for name, unsorted in satellites.items():
        segments = sorted(unsorted, key=lambda segment: segment.start_s)
        try:
            _check_cover(name, segments, request.span)
        except RefusedElements as error:
            request.refuse(f"{request.label}: {error}", error.reason)
            continue
        names.append(name)
        tables.append(segments)
    if not names and not request.refusals:
        raise ValueError(f"{request.label} holds no segment; one begins with META_START")
    return PositionTable(names, tables, request.span)


def _check_cover(name: str, segments: list[Segment], span: Span) -> None:
    """Refuse segments that overlap or leave a part of the span uncovered."""

    def at(seconds: float) -> str:
        return (span.start + timedelta(seconds=round(seconds, 3))).isoformat()

    for segment, following in zip(segments, segments[1:], strict=False):
        if following.start_s < segment.end_s - JOIN_S:
            raise RefusedElements(
                f"satellite {name!r}: segments overlap from {at(following.start_s)} to "
                f"{at(segment.end_s)}; set USEABLE_START_TIME and USEABLE_STOP_TIME so that one "
                "ends where the next begins",
                "OEM segments overlap",
            )
    length_s = (span.end - span.start).total_seconds()
    covered_s = 0.0
    for segment in segments:
        if segment.start_s <= covered_s + JOIN_S:
            covered_s = max(covered_s, segment.end_s)
    if covered_s < length_s - JOIN_S:
        ranges = ", ".join(f"{at(item.start_s)} to {at(item.end_s)}" for item in segments[:3])
        raise RefusedElements(
            f"satellite {name!r}: positions are needed from {span}, and the file covers "
            f"{ranges or 'none of it'}; give a longer file or another epoch_utc",
            "OEM does not cover the days",
        )


def _check(segment: OemSegment, object_id: str) -> None:
    """Refuse frames, time systems and numbers that are not a satellite's of the Earth."""
    label = f"line {segment.line}: satellite {segment.name!r}: "
    if segment.object_id != object_id:
        raise RefusedElements(
            f"line {segment.line}: satellites need distinct names; {segment.name!r} is object "
            f"{object_id!r} and {segment.object_id!r}",
            "name stands twice",
        )
    if segment.center != "EARTH":
        raise RefusedElements(
            f"{label}CENTER_NAME must be EARTH, got {segment.center!r}", "OEM of another centre"
        )
    is_fixed = FIXED_FRAME.fullmatch(segment.frame)
    if segment.frame not in ("TEME", *CELESTIAL_FRAMES) and not is_fixed:
        raise RefusedElements(
            f"{label}REF_FRAME must be one of {', '.join(FRAMES)}, got {segment.frame!r}",
            "OEM of another frame",
        )
    if segment.time_system not in TIME_SYSTEMS:
        raise RefusedElements(
            f"{label}TIME_SYSTEM must be one of {', '.join(TIME_SYSTEMS)}, got "
            f"{segment.time_system!r}",
            "OEM of another time system",
        )
    radius_km = np.linalg.norm(segment.states_km[:, :3], axis=1)
    wrong = (radius_km < LEAST_KM) | (radius_km > MOST_KM)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise RefusedElements(
            f"line {segment.row_lines[row]}: satellite {segment.name!r}: positions must be km from "
            f"the Earth's centre, {LEAST_KM:,.0f} to {MOST_KM:,.0f}, got {radius_km[row]:,.0f}",
            "OEM position out of range",
        )


def _clip(segment: OemSegment, span: Span) -> list[Segment]:
    """The usable part of a segment about the span; empty where it lies beside it."""
    days, fraction = np.divmod(segment.epochs_ns, NS_PER_DAY)
    jd_utc, day_fraction = _to_utc(segment.time_system, UNIX_JD + days, fraction / NS_PER_DAY)
    rows_s = seconds_since(span.start, jd_utc, day_fraction)
    start_s, end_s = (_usable_s(segment, bound, span, rows_s) for bound in (0, 1))
    length_s = (span.end - span.start).total_seconds()
    if end_s < 0.0 or start_s > length_s:
        return []
    first = max(int(np.searchsorted(rows_s, 0.0)) - MARGIN_ROWS, 0)
    end = int(np.searchsorted(rows_s, length_s, side="right")) + MARGIN_ROWS
    part = slice(first, end)
    position_m, velocity_mps = _to_teme(
        segment.frame,
        jd_utc[part],
        day_fraction[part],
        segment.states_km[part, :3] * M_PER_KM,
        segment.states_km[part, 3:] * M_PER_KM,
    )
    polynomial = segment.method, segment.n_rows
    return [Segment(start_s, end_s, rows_s[part], position_m, velocity_mps, *polynomial)]


def _to_utc(
    time_system: str, jd: np.ndarray, day_fraction: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Julian dates of a time system in UTC."""
    if time_system == "UTC":
        return jd, day_fraction
    tai_fraction = day_fraction - MINUS_TAI_S[time_system] / DAY_S
    # leap seconds are looked up by UTC, half a minute behind TAI
    leap_s = leap_seconds(jd + tai_fraction - leap_seconds(jd + tai_fraction) / DAY_S)
    return jd, tai_fraction - leap_s / DAY_S


def _usable_s(segment: OemSegment, bound: int, span: Span, rows_s: np.ndarray) -> float:
    """Where the usable part of a segment begins (0) or ends (1): as it says, within its rows."""
    limit_ns = segment.usable_ns[bound]
    edge_s = float(rows_s[-1] if bound else rows_s[0])
    if limit_ns is None:
        return edge_s
    days, fraction = divmod(limit_ns, NS_PER_DAY)
    jd_utc, day_fraction = _to_utc(
        segment.time_system, np.array([UNIX_JD + days]), np.array([fraction / NS_PER_DAY])
    )
    limit_s = float(seconds_since(span.start, jd_utc, day_fraction)[0])
    return min(limit_s, edge_s) if bound else max(limit_s, edge_s)


def _to_teme(
    frame: str,
    jd_utc: np.ndarray,
    day_fraction: np.ndarray,
    position_m: np.ndarray,
    velocity_mps: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """States (N, 3) in the axes that sidereal time turns to Earth-fixed ones."""
    if frame == "TEME":
        return position_m, velocity_mps
    if frame in CELESTIAL_FRAMES:
        position_m, velocity_mps = celestial_to_earth_fixed(
            frame, jd_utc, day_fraction, position_m, velocity_mps
        )
    angle_rad = np.empty(len(jd_utc))
    for jd in np.unique(jd_utc):
        at_day = jd_utc == jd
        angle_rad[at_day] = gmst_rad(float(jd), day_fraction[at_day])
    velocity_mps = inertial_velocity_mps(position_m, velocity_mps)
    return (
        rotate_to_earth_fixed(position_m, -angle_rad),
        rotate_to_earth_fixed(velocity_mps, -angle_rad),
    )


register_orbit_source("oem", read_oem)
