"""Orbit mean-elements messages (CCSDS 502.0-B), as CelesTrak's GP data have them: their fields
checked, and their SGP4 record.
"""

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sgp4 import omm
from sgp4.api import Satrec

from orbit_gym.orbits.tle import RefusedElements, checked_record

# The fields of an OMM that fix the orbit, with their ranges (CCSDS 502.0-B; units of CelesTrak's GP
# data: degrees, revolutions per day).
OMM_RANGES = {
    "MEAN_MOTION": (0.0, 20.0),
    "ECCENTRICITY": (0.0, 1.0),
    "INCLINATION": (0.0, 180.0),
    "RA_OF_ASC_NODE": (-360.0, 360.0),
    "ARG_OF_PERICENTER": (-360.0, 360.0),
    "MEAN_ANOMALY": (-360.0, 360.0),
    "BSTAR": (-math.inf, math.inf),
}
# Fields that sgp4.omm wants and the orbit does not depend on.
OMM_REST = {
    "CLASSIFICATION_TYPE": "U",
    "OBJECT_ID": "",
    "EPHEMERIS_TYPE": 0,
    "ELEMENT_SET_NO": 0,
    "REV_AT_EPOCH": 0,
    "MEAN_MOTION_DOT": 0.0,
    "MEAN_MOTION_DDOT": 0.0,
    "NORAD_CAT_ID": 0,
}
# EPHEMERIS_TYPE of elements made for SGP4-XP, which SGP4 would fly wrongly (Space-Track
# documentation)
OMM_SGP4_XP = 4


def record_of_omm(fields: Mapping[str, Any]) -> tuple[str, Satrec]:
    """Return name and SGP4 record of an OMM's fields (CelesTrak's GP data).

    Refused, naming the field, its value and the range.
    """
    number = _plain(fields.get("NORAD_CAT_ID"))
    name = _plain(fields.get("OBJECT_NAME")) or number
    if not name:
        raise RefusedElements(
            "OBJECT_NAME and NORAD_CAT_ID are both empty; give one of them", "OMM without a name"
        )
    theory = _plain(fields.get("MEAN_ELEMENT_THEORY")) or "SGP4"
    if theory != "SGP4" or _plain(fields.get("EPHEMERIS_TYPE")) == str(OMM_SGP4_XP):
        got = theory if theory != "SGP4" else f"EPHEMERIS_TYPE {OMM_SGP4_XP}, SGP4-XP"
        raise RefusedElements(
            f"satellite {name!r}: mean elements must be made for SGP4, got {got}",
            "OMM of another theory",
        )
    values: dict[str, Any] = {
        key: _number(name, fields, key, *limits) for key, limits in OMM_RANGES.items()
    }
    if values["MEAN_MOTION"] <= 0.0 or values["ECCENTRICITY"] >= 1.0:
        wrong = (
            "MEAN_MOTION must be above 0"
            if values["MEAN_MOTION"] <= 0.0
            else "ECCENTRICITY must be below 1"
        )
        raise RefusedElements(
            f"satellite {name!r}: {wrong}, got {fields[wrong.split()[0]]!r}",
            f"OMM {wrong.split()[0]} out of range",
        )
    record = Satrec()
    # Catalogue numbers of nine digits do not fit the record, and the orbit does not need them.
    omm.initialize(record, OMM_REST | values | {"EPOCH": _epoch(name, fields)})
    return name, checked_record(name, record)


def _plain(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _number(name: str, fields: Mapping[str, Any], key: str, low: float, high: float) -> float:
    """Return a finite number of an OMM within its range."""
    text = fields.get(key)
    try:
        value = float(text) if text is not None and not isinstance(text, bool) else math.nan
    except (TypeError, ValueError):
        value = math.nan
    if not math.isfinite(value):
        raise RefusedElements(
            f"satellite {name!r}: {key} must be a finite number, got {text!r}",
            f"OMM {key} is no number",
        )
    if not low <= value <= high:
        raise RefusedElements(
            f"satellite {name!r}: {key} must be from {low:g} to {high:g}, got {text!r}",
            f"OMM {key} out of range",
        )
    return value


def _epoch(name: str, fields: Mapping[str, Any]) -> str:
    """Return the epoch as sgp4.omm reads it.

    OMM epochs are UTC, with or without a fraction or a Z.
    """
    epoch_text = _plain(fields.get("EPOCH"))
    try:
        epoch = datetime.fromisoformat(epoch_text.removesuffix("Z"))
    except ValueError:
        epoch = None
    if epoch is None or epoch.tzinfo is not None:
        sentence = (
            f"satellite {name!r}: EPOCH must be UTC like '2026-06-26T22:27:28.030000', got "
            f"{fields.get('EPOCH')!r}"
        )
        raise RefusedElements(sentence, "OMM EPOCH is no time")
    return epoch.isoformat(timespec="microseconds")
