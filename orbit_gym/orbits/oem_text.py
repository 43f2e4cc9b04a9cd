"""The text of an orbit ephemeris message, line by line: header, metadata, rows.

Form: CCSDS 502.0-B, key = value; versions 1.0 to 3.0, whose rows are alike. Covariances and
accelerations are passed over.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

import numpy as np

from orbit_gym.orbits.interpolation import (
    DEFAULT_DEGREE,
    DEFAULT_METHOD,
    HERMITE,
    LAGRANGE,
    MOST_DEGREE,
    rows_needed,
)

VERSION_KEY, VERSIONS = "CCSDS_OEM_VERS", ("1.0", "2.0", "3.0")
NEEDED_KEYS = ("OBJECT_NAME", "CENTER_NAME", "REF_FRAME", "TIME_SYSTEM")
ROW_EXAMPLE = "2025-08-03T00:00:00.000 6878.137 0.0 0.0 0.0 -1.0 7.5"
EPOCH = re.compile(r"(\d{4})-(?:(\d{2})-(\d{2})|(\d{3}))T(\d{2}):(\d{2}):(\d{2})(\.\d{1,12})?Z?")

Line = tuple[int, str]


class OemSegment(NamedTuple):
    """Rows of one satellite in one frame, as they stand in the file."""

    line: int  # of its META_START
    name: str
    object_id: str
    center: str
    frame: str
    time_system: str
    method: str
    n_rows: int  # that a polynomial goes through
    usable_ns: tuple[int | None, int | None]  # since 1970 in its time system
    epochs_ns: np.ndarray  # (N,) int64, since 1970 in its time system
    states_km: np.ndarray  # (N, 6) km, km/s
    row_lines: list[int]


def segments_of(text: str) -> Iterator[OemSegment]:
    """Yield the segments of a message; ValueError, with the line, where it is not of its form."""
    if text.lstrip().startswith("<"):
        raise ValueError("is XML; only messages as text of key = value (KVN) are read: convert it")
    lines = [
        (number, line.strip())
        for number, line in enumerate(text.splitlines(), 1)
        if line.strip() and not line.strip().startswith("COMMENT")
    ]
    _check_version(lines)
    starts = [k for k, (_, line) in enumerate(lines) if line == "META_START"]
    for first, end in zip(starts, [*starts[1:], len(lines)], strict=False):
        yield _segment(lines[first:end])


def _check_version(lines: list[Line]) -> None:
    number, line = lines[0] if lines else (1, "")
    key, _, value = (part.strip() for part in line.partition("="))
    if key != VERSION_KEY:
        raise ValueError(f"line {number}: must begin with '{VERSION_KEY} = 2.0', got {line!r}")
    if value not in VERSIONS:
        raise ValueError(
            f"line {number}: {VERSION_KEY} must be one of {', '.join(VERSIONS)}, got {value!r}"
        )


def _segment(lines: list[Line]) -> OemSegment:
    """The segment of its lines, from META_START on."""
    first_line = lines[0][0]
    stop = next((k for k, (_, line) in enumerate(lines) if line == "META_STOP"), None)
    if stop is None:
        raise ValueError(f"line {first_line}: META_START without META_STOP")
    meta = _metadata(first_line, lines[1:stop])
    values = {key: value for key, (_, value) in meta.items()}
    name, rows = values["OBJECT_NAME"], _row_lines(lines[stop + 1 :])
    method, n_rows = _polynomial(name, meta)
    epochs_ns, states_km = _table(name, rows)
    if len(rows) < n_rows:
        raise ValueError(
            f"line {first_line}: satellite {name!r}: the segment has {len(rows)} rows, and its "
            f"interpolation needs {n_rows}"
        )
    return OemSegment(
        first_line,
        name,
        values.get("OBJECT_ID", ""),
        values["CENTER_NAME"].upper(),
        values["REF_FRAME"].upper(),
        values["TIME_SYSTEM"].upper(),
        method,
        n_rows,
        (_limit_ns(meta, "USEABLE_START_TIME"), _limit_ns(meta, "USEABLE_STOP_TIME")),
        epochs_ns,
        states_km,
        [number for number, _ in rows],
    )


def _metadata(first_line: int, lines: list[Line]) -> dict[str, Line]:
    """Line number and value of each key."""
    meta: dict[str, Line] = {}
    for number, line in lines:
        key, equals, value = (part.strip() for part in line.partition("="))
        if not equals:
            raise ValueError(f"line {number}: must be KEY = value before META_STOP, got {line!r}")
        meta[key] = (number, value)
    missing = [key for key in NEEDED_KEYS if not meta.get(key, (0, ""))[1]]
    if missing:
        raise ValueError(
            f"line {first_line}: the metadata lack {missing[0]}; needed are "
            f"{', '.join(NEEDED_KEYS)}"
        )
    return meta


def _row_lines(lines: list[Line]) -> list[Line]:
    """Lines of states, without covariances."""
    rows, in_covariance = [], False
    for number, line in lines:
        if line in ("COVARIANCE_START", "COVARIANCE_STOP"):
            in_covariance = line == "COVARIANCE_START"
        elif not in_covariance:
            rows.append((number, line))
    return rows


def _polynomial(name: str, meta: dict[str, Line]) -> tuple[str, int]:
    """Method and rows of the polynomials that the metadata ask for."""
    number, method = meta.get("INTERPOLATION", (0, DEFAULT_METHOD))
    method = method.upper()
    if method not in (HERMITE, LAGRANGE):
        raise ValueError(
            f"line {number}: satellite {name!r}: INTERPOLATION must be {HERMITE} or {LAGRANGE}, "
            f"got {method!r}"
        )
    number, text = meta.get("INTERPOLATION_DEGREE", (number, str(DEFAULT_DEGREE)))
    degree = int(text) if text.isdecimal() else 0
    if not 1 <= degree <= MOST_DEGREE:
        raise ValueError(
            f"line {number}: satellite {name!r}: INTERPOLATION_DEGREE must be a whole number from "
            f"1 to {MOST_DEGREE}, got {text!r}"
        )
    return method, rows_needed(method, degree)


def _table(name: str, rows: list[Line]) -> tuple[np.ndarray, np.ndarray]:
    """Epochs (N,) in ns since 1970 and states (N, 6) in km and km/s; times must rise."""
    epochs_ns = np.empty(len(rows), np.int64)
    states_km = np.empty((len(rows), 6))
    for k, (number, line) in enumerate(rows):
        epoch_text, *numbers = line.split()
        epoch = _epoch_ns(epoch_text)
        if epoch is None or len(numbers) not in (6, 9):
            raise ValueError(
                f"line {number}: satellite {name!r}: a row is a time, x, y, z in km and their "
                f"rates in km/s, like {ROW_EXAMPLE!r}, got {line!r}"
            )
        try:
            states_km[k] = [float(text) for text in numbers[:6]]
        except ValueError:
            states_km[k] = np.nan
        if not np.isfinite(states_km[k]).all():
            raise ValueError(
                f"line {number}: satellite {name!r}: position and velocity must be finite numbers, "
                f"got {line!r}"
            )
        epochs_ns[k] = epoch
        if k and epochs_ns[k] <= epochs_ns[k - 1]:
            raise ValueError(
                f"line {number}: satellite {name!r}: times must rise from row to row, got "
                f"{epoch_text!r}"
            )
    return epochs_ns, states_km


def _limit_ns(meta: dict[str, Line], key: str) -> int | None:
    if key not in meta:
        return None
    number, text = meta[key]
    limit_ns = _epoch_ns(text)
    if limit_ns is None:
        raise ValueError(
            f"line {number}: {key} must be a time like '2025-08-03T00:00:00.000', got {text!r}"
        )
    return limit_ns


def _epoch_ns(text: str) -> int | None:
    """A time of calendar or day of year in nanoseconds since 1970; None for anything else."""
    match = EPOCH.fullmatch(text)
    if not match:
        return None
    year, month, day, day_of_year, hour, minute, second, fraction = match.groups()
    try:
        date = (
            datetime.strptime(f"{year} {day_of_year}", "%Y %j")
            if day_of_year
            else datetime(int(year), int(month), int(day))
        )
        datetime(2000, 1, 1, int(hour), int(minute), int(second))
    except ValueError:
        return None
    days = date.toordinal() - datetime(1970, 1, 1).toordinal()
    seconds = days * 86_400 + int(hour) * 3_600 + int(minute) * 60 + int(second)
    return seconds * 1_000_000_000 + round(float(fraction or 0.0) * 1e9)
