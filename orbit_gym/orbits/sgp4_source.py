"""A source of orbits that is SGP4: mean elements, propagated. km become metres here."""

import warnings
from collections.abc import Sequence
from datetime import datetime, time
from pathlib import Path

import numpy as np
from sgp4.api import SGP4_ERRORS, Satrec, SatrecArray

from orbit_gym.orbits.elements import read_elements
from orbit_gym.orbits.epochs import julian_date
from orbit_gym.orbits.source import OrbitRequest, register_orbit_source
from orbit_gym.orbits.tle import RefusedElements
from orbit_gym.utils.units import DAY_S, M_PER_KM

# the constants SGP4 elements are made for (Spacetrack Report 3; Vallado 2006)
WGS72_RADIUS_M = 6_378_135.0
WGS72_MU_M3_PER_S2 = 3.986008e14
# elements near 500 km are kilometres wrong after about two weeks of drag (the Three-Body elements,
# B* to 9e-4)
GOOD_FOR_DAYS = 14.0
FLOWN_DAYS = 9  # the splits fly days +1 to +7 and the look-ahead after them
# below this drag may end an orbit within days: looked at every CHECK_STEP_S instead of once a day
# (choice)
LOW_M = 300e3
CHECK_STEP_S = 120.0
MINUTES_PER_DAY = 1_440.0  # the sgp4 library counts in minutes
# What the records hold of a satellite's own, in SGP4's own units.
ELEMENTS = (
    "jdsatepoch",
    "jdsatepochF",
    "bstar",
    "ecco",
    "argpo",
    "inclo",
    "mo",
    "no_kozai",
    "nodeo",
)


class Sgp4Source:
    """Satellites as SGP4 records."""

    def __init__(self, names: Sequence[str], records: Sequence[Satrec]) -> None:
        """Take a record for each name."""
        self.names, self.records = tuple(names), tuple(records)

    def subset(self, members: np.ndarray) -> "Sgp4Source":
        """Return the satellites of these numbers (M,) alone."""
        return Sgp4Source([self.names[k] for k in members], [self.records[k] for k in members])

    def states_teme(
        self, jd: np.ndarray, day_fraction: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return TEME positions in m and velocities in m/s (S, T, 3) at UTC Julian dates (T,).

        ValueError names the satellite whose elements SGP4 cannot propagate.
        """
        errors, position_km, velocity_km_per_s = SatrecArray(list(self.records)).sgp4(
            np.asarray(jd), np.asarray(day_fraction)
        )
        bad = np.argwhere(errors != 0)
        if len(bad):
            satellite, step = bad[0]
            reason = SGP4_ERRORS.get(int(errors[satellite, step]), "unknown error")
            raise ValueError(
                f"satellite {self.names[satellite]!r} cannot be propagated to the asked day: "
                f"{reason}"
            )
        position_km *= M_PER_KM  # from here on metres
        velocity_km_per_s *= M_PER_KM
        return position_km, velocity_km_per_s

    def plane_elements(self, epoch: datetime) -> np.ndarray:
        """Return mean inclination, node (rad) and semi-major axis (m) at the epoch, (S, 3).

        Nodes are carried there by SGP4's secular rate.
        """
        jd, fraction = julian_date(epoch)
        rows = [
            (
                r.inclo,
                r.nodeo
                + r.nodedot * (jd - r.jdsatepoch + fraction - r.jdsatepochF) * MINUTES_PER_DAY,
                r.a * WGS72_RADIUS_M,
            )
            for r in self.records
        ]
        return np.array(rows, dtype=np.float64).reshape(-1, 3)

    def fingerprint(self) -> bytes:
        """Return the mean elements that SGP4 flies, (S, 9) in its own units, as bytes."""
        return np.array(
            [[getattr(record, name) for name in ELEMENTS] for record in self.records]
        ).tobytes()


def join(sources: Sequence[Sgp4Source]) -> Sgp4Source:
    """Return the satellites of all sources, one source after the other."""
    return Sgp4Source(
        [name for source in sources for name in source.names],
        [record for source in sources for record in source.records],
    )


def _read_tle_file(path: Path, request: OrbitRequest) -> Sgp4Source:
    return _read(path, "tle_file", request)


def _read_omm_file(path: Path, request: OrbitRequest) -> Sgp4Source:
    return _read(path, "omm_file", request)


def _read(path: Path, source_field: str, request: OrbitRequest) -> Sgp4Source:
    elements = read_elements(path, source_field, request.strict)
    request.refusals.extend(elements.refusals)
    return Sgp4Source(elements.names, elements.records)


register_orbit_source("tle", _read_tle_file)
register_orbit_source("omm", _read_omm_file)


def select_propagatable(
    source: Sgp4Source, epoch: datetime, n_strict: int | None, refusals: list[RefusedElements]
) -> Sgp4Source:
    """Return the satellites that SGP4 can fly on every day of the splits, each name once.

    One that it cannot is an error among the first n_strict (None: any), a refusal otherwise.
    """
    codes, reported, passing = sgp4_errors(source.records, epoch), set(), []
    for number, name in enumerate(source.names):
        reason, sentence = "", ""
        if code := int(codes[number]):
            reason = f"SGP4: {SGP4_ERRORS.get(code, 'unknown error')}"
            span = f"{FLOWN_DAYS} days after {epoch:%Y-%m-%d}"
            sentence = (
                f"satellite {name!r} cannot be propagated from the epoch to {span}: "
                f"{SGP4_ERRORS.get(code, 'unknown error')}"
            )
        elif name in reported:
            reason, sentence = (
                "name stands twice",
                f"satellites need distinct names; {name!r} stands twice",
            )
        if reason and (n_strict is None or number < n_strict):
            raise ValueError(
                f"{sentence}; constellation.strict = false leaves such satellites of files out"
            )
        if reason:
            refusals.append(RefusedElements(sentence, reason))
        else:
            reported.add(name)
            passing.append(number)
    if source.names and not passing:
        raise ValueError(
            f"no satellite is left to fly; the first of {len(refusals)} left out: {refusals[0]}"
        )
    return source.subset(np.array(passing, np.int64))


def sgp4_errors(records: Sequence[Satrec], epoch: datetime) -> np.ndarray:
    """Return SGP4's first error code (S,) over the days flown, 0 where there is none.

    Satellites are flown from the epoch's midnight over FLOWN_DAYS.

    All satellites are looked at once a day, low ones every CHECK_STEP_S.
    """
    if not records:
        return np.zeros(0, np.int64)
    jd, fraction = julian_date(datetime.combine(epoch.date(), time()))
    codes, lowest_km = _propagation_codes(records, jd, fraction + np.arange(FLOWN_DAYS + 1.0))
    perigee_km = np.array([record.altp for record in records]) * WGS72_RADIUS_M / M_PER_KM
    low_km = LOW_M / M_PER_KM
    low = np.flatnonzero(
        (codes == 0) & ((lowest_km < WGS72_RADIUS_M / M_PER_KM + low_km) | (perigee_km < low_km))
    )
    if len(low):
        days = np.arange(0.0, FLOWN_DAYS, CHECK_STEP_S / DAY_S)
        codes[low], _ = _propagation_codes(
            [records[number] for number in low.tolist()], jd, fraction + days
        )
    return codes


def _propagation_codes(
    records: Sequence[Satrec], jd: float, day_fraction: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the first error code (S,) and the smallest radius in km (S,) over the times (T,)."""
    errors, position_km, _ = SatrecArray(list(records)).sgp4(
        np.full(len(day_fraction), jd), day_fraction
    )
    first = np.argmax(errors != 0, axis=1)
    radius_km = np.sqrt(np.einsum("sti,sti->st", position_km, position_km))
    return errors[np.arange(len(records)), first].astype(np.int64), np.where(
        errors == 0, radius_km, np.inf
    ).min(axis=1)


def warn_of_age(source: Sgp4Source, epoch: datetime) -> None:
    """Warn once if elements are older, or newer, than GOOD_FOR_DAYS at the scenario's epoch."""
    jd, fraction = julian_date(epoch)
    days = np.abs(
        [jd - record.jdsatepoch + fraction - record.jdsatepochF for record in source.records]
    )
    n_old = int(np.count_nonzero(days > GOOD_FOR_DAYS))
    if n_old:
        oldest = int(np.argmax(days))
        warnings.warn(
            f"elements of {n_old} of {len(source.names)} satellites lie more than "
            f"{GOOD_FOR_DAYS:g} days from the scenario's epoch {epoch.isoformat()}, at most "
            f"{days[oldest]:.1f} days ({source.names[oldest]}): positions are then kilometres "
            "wrong; set epoch_utc near the elements, or use newer elements",
            UserWarning,
            stacklevel=1,  # orbits are loaded more than once: shown once for each place
        )
