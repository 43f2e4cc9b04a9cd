"""Event lists: when and where something happened, and how strong it was.

The header says which list it is.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from orbit_gym.scenario.readers.lines import (
    TIME_UTC,
    number_column,
    read_csv,
    read_header,
    sort_by_time,
)


class Form(NamedTuple):
    """A known header: its columns for time, the two angles of the place, and strength."""

    name: str
    time: str
    first: str  # latitude, or right ascension
    second: str  # longitude, or declination
    strength: str
    is_sky: bool

    @property
    def columns(self) -> str:
        """Names of the columns it needs."""
        return ",".join((self.time, self.first, self.second, self.strength))


FORMS = (
    Form("places on the ground", "time_utc", "latitude_deg", "longitude_deg", "strength", False),
    Form("places on the sky", "time_utc", "ra_deg", "dec_deg", "strength", True),
    Form(
        "NASA FIRMS active fires (strength: radiative power, MW)",
        "acq_utc",
        "lat",
        "lon",
        "frp_MW",
        False,
    ),
    Form("USGS earthquakes (strength: magnitude)", "time_utc", "lat", "lon", "mag", False),
    Form(
        "Fermi-GBM bursts (strength: fluence, erg/cm2)",
        "trigger_utc",
        "ra_deg",
        "dec_deg",
        "fluence_erg_cm2",
        True,
    ),
)


class Events(NamedTuple):
    """An event list in order of time."""

    times_s: np.ndarray  # (n,) from the first event on
    places_deg: np.ndarray  # (n, 2) latitude and longitude, or right ascension and declination
    strengths: np.ndarray  # (n,) in the unit of the file
    is_sky: bool
    n_skipped: int


def read_events(path: Path, strict: bool) -> Events:
    """Read an event list in any of FORMS; ValueError names a bad line or an unknown header."""
    header = read_header(path)
    form = next(
        (
            form
            for form in FORMS
            if {form.time, form.first, form.second, form.strength} <= set(header)
        ),
        None,
    )
    if form is None:
        headers = "; or ".join(f"{item.columns} for {item.name}" for item in FORMS)
        raise ValueError(
            f"{path}, line 1: the header {','.join(header)} is not known, expected {headers}"
        )
    first, second = (
        (number_column(0.0, 360.0), number_column(-90.0, 90.0))
        if form.is_sky
        else (number_column(-90.0, 90.0), number_column(-180.0, 360.0))
    )
    columns = {
        form.time: TIME_UTC,
        form.first: first,
        form.second: second,
        form.strength: number_column(),
    }
    table = read_csv(path, columns, strict)
    times_s, first_deg, second_deg, strengths = sort_by_time(*table.columns.values())
    return Events(
        times_s, np.stack([first_deg, second_deg], axis=-1), strengths, form.is_sky, table.n_skipped
    )


def select_strong(events: Events, minimum: float) -> Events:
    """Return the events of at least this strength.

    Times still count from the first event of the file.
    """
    keep = events.strengths >= minimum
    return events._replace(
        times_s=events.times_s[keep],
        places_deg=events.places_deg[keep],
        strengths=events.strengths[keep],
    )
