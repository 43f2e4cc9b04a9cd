"""Orbits: typed elements, element files and shells become positions. km become metres here."""

import math
import warnings
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from pathlib import Path

import numpy as np
from sgp4.api import SGP4_ERRORS, WGS72, Satrec, SatrecArray, jday

from orbit_gym.orbits.elements import SkippedElements, read_elements, summary
from orbit_gym.orbits.planes import group_planes
from orbit_gym.orbits.tle import RefusedElements, record_of
from orbit_gym.scenario.scenario import Scenario, Shell
from orbit_gym.utils.units import DAY_S, M_PER_KM

WGS72_RADIUS_M = (
    6_378_135.0  # the constants SGP4 elements are made for (Spacetrack Report 3; Vallado 2006)
)
WGS72_MU_M3_PER_S2 = 3.986008e14
WGS72_J2 = 0.001082616
JD_1949_12_31 = 2_433_281.5  # sgp4init counts days from here
# elements near 500 km are kilometres wrong after about two weeks of drag (the Three-Body elements,
# B* to 9e-4)
GOOD_FOR_DAYS = 14.0
FLOWN_DAYS = 9  # the splits fly days +1 to +7 and the look-ahead after them (worlds.SPLIT_DAYS)
# below this drag may end an orbit within days: looked at every LOOK_S instead of once a day
# (choice)
LOW_M = 300e3
LOOK_S = 120.0
MINUTES_PER_DAY = 1_440.0  # the sgp4 library counts in minutes


@dataclass(frozen=True)
class Orbits:
    """Hold satellites ready to propagate.

    Names, plane of each, SGP4 records, shell of each, and what was left out.
    """

    names: tuple[str, ...]
    planes: np.ndarray  # (S,) int32
    records: tuple[Satrec, ...]
    shells: np.ndarray = field(
        default_factory=lambda: np.zeros(0, np.int32)
    )  # (S,) number in constellation.shells, -1 for typed and read
    skipped: tuple[SkippedElements, ...] = ()  # empty unless constellation.strict is false

    def subset(self, members: np.ndarray) -> "Orbits":
        """Return the satellites of these numbers (M,) alone."""
        names, records = (
            tuple(self.names[k] for k in members),
            tuple(self.records[k] for k in members),
        )
        return Orbits(
            names,
            self.planes[members],
            records,
            self.shells[members] if self.shells.size else self.shells,
        )

    def propagate(self, jd: np.ndarray, day_fraction: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return TEME positions in m and velocities in m/s (S, T, 3).

        At UTC Julian dates jd + day_fraction (T,).

        Raises ValueError naming the satellite whose elements SGP4 cannot propagate.
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


def elements_of(orbits: Orbits) -> np.ndarray:
    """Return the mean elements (S, 9) that SGP4 flies, in its own units.

    They are all that its records hold of a satellite's own.
    """
    names = (
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
    return np.array([[getattr(record, name) for name in names] for record in orbits.records])


def epoch_of(scenario: Scenario) -> datetime:
    """Return the scenario's epoch as a naive datetime in UTC."""
    epoch = datetime.fromisoformat(scenario.epoch_utc)
    return epoch.astimezone(UTC).replace(tzinfo=None) if epoch.tzinfo else epoch


def julian_date(instant: datetime) -> tuple[float, float]:
    """Return UTC as Julian date and fraction of a day."""
    return jday(
        instant.year,
        instant.month,
        instant.day,
        instant.hour,
        instant.minute,
        instant.second + instant.microsecond / 1e6,
    )


def load_orbits(scenario: Scenario) -> Orbits:
    """Return the satellites of a scenario.

    Typed elements first, then those of tle_file and omm_file, then shells.

    ValueError on bad elements; with constellation.strict = false, bad satellites of files are left
    out and counted in a warning.
    """
    constellation, epoch = scenario.constellation, epoch_of(scenario)
    names = [satellite.name for satellite in constellation.satellites]
    records = [
        record_of(satellite.name, satellite.line1, satellite.line2)
        for satellite in constellation.satellites
    ]
    refusals: list[RefusedElements] = []
    for source_field in ("tle_file", "omm_file"):
        if path := getattr(constellation, source_field):
            elements = read_elements(Path(path), source_field, constellation.strict)
            names, records, refusals = (
                names + elements.names,
                records + elements.records,
                refusals + elements.refusals,
            )
    n_strict = (
        len(names) if constellation.strict else len(constellation.satellites)
    )  # what a person types is never left out
    names, records = _fit_to_fly(names, records, epoch, n_strict, refusals)
    _warn_of_age(names, records, epoch)
    planes = _planes_of(records, epoch)
    shells = [-1] * len(names)
    for number, shell in enumerate(constellation.shells):
        prefix = f"{chr(ord('A') + number % 26)}-" if len(constellation.shells) > 1 else ""
        shell_names, shell_planes, shell_records = build_shell(shell, epoch, prefix)
        first = max(planes, default=-1) + 1
        names, records, planes = (
            names + shell_names,
            records + shell_records,
            planes + [first + plane for plane in shell_planes],
        )
        shells += [number] * len(shell_names)
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise ValueError(f"satellites need distinct names; {twice[0]!r} stands twice")
    skipped = summary(refusals)
    if skipped:
        reasons = "; ".join(
            f"{item.count} x {item.reason} (first: {item.first})" for item in skipped
        )
        warnings.warn(
            f"{len(refusals)} satellites left out, {len(names)} fly: {reasons}",
            UserWarning,
            stacklevel=1,
        )
    return Orbits(
        tuple(names),
        np.array(planes, np.int32),
        tuple(records),
        np.array(shells, np.int32),
        skipped,
    )


# stacklevel 1 in both warnings: an environment loads its orbits several times, and Python shows a
# warning once for each place.


def _fit_to_fly(
    names: list[str],
    records: list[Satrec],
    epoch: datetime,
    n_strict: int,
    refusals: list[RefusedElements],
) -> tuple[list[str], list[Satrec]]:
    """Return the satellites that SGP4 can fly on every day of the splits, each name once.

    One that is not is raised if it is among the first n_strict, and added to refused otherwise.
    """
    codes, reported, passing = sgp4_errors(records, epoch), set(), []
    for number, name in enumerate(names):
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
        if reason and number < n_strict:
            raise ValueError(
                f"{sentence}; constellation.strict = false leaves such satellites of files out"
            )
        if reason:
            refusals.append(RefusedElements(sentence, reason))
        else:
            reported.add(name)
            passing.append(number)
    if names and not passing:
        raise ValueError(
            f"no satellite is left to fly; the first of {len(refusals)} left out: {refusals[0]}"
        )
    return [names[number] for number in passing], [records[number] for number in passing]


def sgp4_errors(records: list[Satrec], epoch: datetime) -> np.ndarray:
    """Return SGP4's first error code (S,) over the days flown, 0 where there is none.

    Satellites are flown from the epoch's midnight over FLOWN_DAYS.

    All satellites are looked at once a day, low ones every LOOK_S.
    """
    if not records:
        return np.zeros(0, np.int64)
    jd, fraction = julian_date(datetime.combine(epoch.date(), time()))
    codes, lowest_km = _look(records, jd, fraction + np.arange(FLOWN_DAYS + 1.0))
    perigee_km = np.array([record.altp for record in records]) * WGS72_RADIUS_M / M_PER_KM
    low_km = LOW_M / M_PER_KM
    low = np.flatnonzero(
        (codes == 0) & ((lowest_km < WGS72_RADIUS_M / M_PER_KM + low_km) | (perigee_km < low_km))
    )
    if len(low):
        days = np.arange(0.0, FLOWN_DAYS, LOOK_S / DAY_S)
        codes[low], _ = _look([records[number] for number in low], jd, fraction + days)
    return codes


def _look(
    records: list[Satrec], jd: float, day_fraction: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the first error code (S,) and the smallest radius in km (S,) over the times (T,)."""
    errors, position_km, _ = SatrecArray(records).sgp4(np.full(len(day_fraction), jd), day_fraction)
    first = np.argmax(errors != 0, axis=1)
    radius_km = np.sqrt(np.einsum("sti,sti->st", position_km, position_km))
    return errors[np.arange(len(records)), first].astype(np.int64), np.where(
        errors == 0, radius_km, np.inf
    ).min(axis=1)


def _warn_of_age(names: list[str], records: list[Satrec], epoch: datetime) -> None:
    """Warn once if elements are older, or newer, than GOOD_FOR_DAYS at the scenario's epoch."""
    jd, fraction = julian_date(epoch)
    days = np.abs([jd - record.jdsatepoch + fraction - record.jdsatepochF for record in records])
    n_old = int(np.count_nonzero(days > GOOD_FOR_DAYS))
    if n_old:
        oldest = int(np.argmax(days))
        warnings.warn(
            f"elements of {n_old} of {len(names)} satellites lie more than {GOOD_FOR_DAYS:g} days "
            "from the scenario's epoch "
            f"{epoch.isoformat()}, at most {days[oldest]:.1f} days ({names[oldest]}): positions "
            "are then kilometres wrong; "
            "set epoch_utc near the elements, or use newer elements",
            UserWarning,
            stacklevel=1,
        )


def _planes_of(records: list[Satrec], epoch: datetime) -> list[int]:
    """Return the plane of each satellite from its mean elements.

    Nodes are carried to the scenario's epoch by SGP4's secular rate.
    """
    jd, fraction = julian_date(epoch)
    rows = [
        (
            r.inclo,
            r.nodeo + r.nodedot * (jd - r.jdsatepoch + fraction - r.jdsatepochF) * MINUTES_PER_DAY,
            r.a * WGS72_RADIUS_M,
        )
        for r in records
    ]
    inclination_rad, raan_rad, axis_m = np.array(rows, dtype=np.float64).reshape(-1, 3).T
    return [int(plane) for plane in group_planes(inclination_rad, raan_rad, axis_m)]


def build_shell(
    shell: Shell, epoch: datetime, prefix: str = ""
) -> tuple[list[str], list[int], list[Satrec]]:
    """Return names, planes and SGP4 records of a shell of circular orbits, plane by plane.

    Walker 1984 has the phasing.
    """
    planes, per_plane = int(shell.planes), int(shell.per_plane)
    spacing_deg = shell.slot_spacing_deg or 360.0 / per_plane
    names: list[str] = []
    numbers: list[int] = []
    records: list[Satrec] = []
    for plane in range(planes):
        raan_deg = shell.raan_deg + plane * shell.raan_spread_deg / planes
        first_deg = shell.argument_of_latitude_deg + plane * shell.phasing * 360.0 / (
            planes * per_plane
        )
        for slot in range(per_plane):
            names.append(f"{prefix}P{plane + 1:02d}S{slot + 1:02d}")
            numbers.append(plane)
            records.append(
                circular_record(
                    shell,
                    raan_deg % 360.0,
                    (first_deg + slot * spacing_deg) % 360.0,
                    epoch,
                    len(records) + 1,
                )
            )
    return names, numbers, records


def circular_record(
    shell: Shell, raan_deg: float, argument_of_latitude_deg: float, epoch: datetime, number: int
) -> Satrec:
    """Return the SGP4 record of a circular orbit without drag.

    Its mean semi-major axis is radius plus altitude.
    """
    axis = 1.0 + shell.altitude_m / WGS72_RADIUS_M  # in Earth radii
    inclination_rad = math.radians(shell.inclination_deg)
    motion_rad_per_s = math.sqrt(WGS72_MU_M3_PER_S2 / (axis * WGS72_RADIUS_M) ** 3)
    kozai = (
        1.0 + 0.75 * WGS72_J2 * (3.0 * math.cos(inclination_rad) ** 2 - 1.0) / axis**2
    )  # undoes what SGP4 undoes first
    jd, day_fraction = julian_date(epoch)
    record = Satrec()
    record.sgp4init(
        WGS72,
        "i",
        number,
        jd - JD_1949_12_31 + day_fraction,
        0.0,  # drag term: none, so a shell stays evenly spaced
        0.0,
        0.0,
        1e-7,  # eccentricity: SGP4 needs one above zero
        0.0,
        inclination_rad,
        math.radians(argument_of_latitude_deg),
        motion_rad_per_s * kozai * 60.0,
        math.radians(raan_deg),
    )
    return record
