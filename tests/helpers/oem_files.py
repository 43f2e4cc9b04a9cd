"""Orbit ephemeris messages as text, written from states."""

from datetime import datetime, timedelta

import numpy as np

START = datetime(2025, 8, 2)


def oem_text(*segments: str, version: str = "2.0") -> str:
    header = f"CCSDS_OEM_VERS = {version}\nCREATION_DATE = 2025-08-01T00:00:00\nORIGINATOR = TEST\n"
    return header + "".join(segments)


def oem_segment(
    name: str,
    times_s: np.ndarray,
    position_m: np.ndarray,
    velocity_mps: np.ndarray,
    start: datetime = START,
    digits: int = 6,
    **changes: str | None,
) -> str:
    """One segment with rows at seconds after `start`; `changes` are metadata, None for no key.

    Positions in km with `digits` decimals, velocities with three more.
    """
    rows = [(start + timedelta(seconds=float(time_s))).isoformat() for time_s in times_s]
    meta: dict[str, str | None] = {
        "OBJECT_NAME": name,
        "OBJECT_ID": f"2025-001{name}",
        "CENTER_NAME": "EARTH",
        "REF_FRAME": "TEME",
        "TIME_SYSTEM": "UTC",
        "START_TIME": rows[0],
        "STOP_TIME": rows[-1],
        "INTERPOLATION": "HERMITE",
        "INTERPOLATION_DEGREE": "7",
    } | changes
    lines = ["META_START", *(f"{key} = {text}" for key, text in meta.items() if text), "META_STOP"]
    for row, r, v in zip(rows, position_m / 1e3, velocity_mps / 1e3, strict=True):
        numbers = [f"{x:.{digits}f}" for x in r] + [f"{x:.{digits + 3}f}" for x in v]
        lines.append(" ".join([row, *numbers]))
    return "\n".join(lines) + "\n"
