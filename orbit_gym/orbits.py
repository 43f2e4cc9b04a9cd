"""Orbits: typed elements, shells and TLE files become positions. The only importer of sgp4; km become metres here."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from sgp4.api import SGP4_ERRORS, WGS72, Satrec, SatrecArray, jday

from orbit_gym.scenario import Satellite, Scenario, Shell
from orbit_gym.units import M_PER_KM

WGS72_RADIUS_M = 6_378_135.0  # the constants SGP4 elements are made for (Spacetrack Report 3; Vallado 2006)
WGS72_MU_M3_PER_S2 = 3.986008e14
WGS72_J2 = 0.001082616
JD_1949_12_31 = 2_433_281.5  # sgp4init counts days from here
SAME_PLANE_RAD = math.radians(2.0)
TLE_LENGTH = 69
NUMBER_CHARACTERS = set("0123456789 .+-")
NUMBERS_FROM = {1: 18, 2: 7}  # columns from which a line holds only numbers
TLE_TEMPLATE = (
    "1 NNNNNC NNNNNAAA NNNNN.NNNNNNNN +.NNNNNNNN +NNNNN-N +NNNNN-N N NNNNN",
    "2 NNNNN NNN.NNNN NNN.NNNN NNNNNNN NNN.NNNN NNN.NNNN NN.NNNNNNNNNNNNNN",
)


@dataclass(frozen=True)
class Orbits:
    """Satellites ready to propagate: names, plane of each, and SGP4 records."""

    names: tuple[str, ...]
    planes: np.ndarray  # (S,) int32
    records: tuple[Satrec, ...]

    def some(self, members: np.ndarray) -> "Orbits":
        """Return the satellites of these numbers (M,) alone."""
        return Orbits(tuple(self.names[k] for k in members), self.planes[members], tuple(self.records[k] for k in members))

    def propagate(self, jd: np.ndarray, day_fraction: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return TEME positions in m and velocities in m/s (S, T, 3) at UTC Julian dates jd + day_fraction (T,).

        Raises ValueError naming the satellite whose elements SGP4 cannot propagate.
        """
        errors, position_km, velocity_km_per_s = SatrecArray(list(self.records)).sgp4(np.asarray(jd), np.asarray(day_fraction))
        bad = np.argwhere(errors != 0)
        if len(bad):
            satellite, when = bad[0]
            reason = SGP4_ERRORS.get(int(errors[satellite, when]), "unknown error")
            raise ValueError(f"satellite {self.names[satellite]!r} cannot be propagated to the asked day: {reason}")
        position_km *= M_PER_KM  # from here on metres
        velocity_km_per_s *= M_PER_KM
        return position_km, velocity_km_per_s


def elements_of(orbits: Orbits) -> np.ndarray:
    """Return the mean elements (S, 9) that SGP4 flies, in its own units: all that its records hold of a satellite's own."""
    names = ("jdsatepoch", "jdsatepochF", "bstar", "ecco", "argpo", "inclo", "mo", "no_kozai", "nodeo")
    return np.array([[getattr(record, name) for name in names] for record in orbits.records])


def epoch_of(scenario: Scenario) -> datetime:
    """Return the scenario's epoch as a naive datetime in UTC."""
    epoch = datetime.fromisoformat(scenario.epoch_utc)
    return epoch.astimezone(UTC).replace(tzinfo=None) if epoch.tzinfo else epoch


def julian_date(when: datetime) -> tuple[float, float]:
    """Return UTC as Julian date and fraction of a day."""
    return jday(when.year, when.month, when.day, when.hour, when.minute, when.second + when.microsecond / 1e6)


def load_orbits(scenario: Scenario) -> Orbits:
    """Return the satellites of a scenario: typed elements, then those of tle_file, then shells; ValueError on bad elements."""
    constellation = scenario.constellation
    typed = list(constellation.satellites)
    if constellation.tle_file:
        typed += read_tle_file(Path(constellation.tle_file))
    names, records = [satellite.name for satellite in typed], [record_of(satellite) for satellite in typed]
    planes = group_planes(Orbits(tuple(names), np.zeros(len(names), np.int32), tuple(records)), scenario)
    for number, shell in enumerate(constellation.shells):
        prefix = f"{chr(ord('A') + number % 26)}-" if len(constellation.shells) > 1 else ""
        shell_names, shell_planes, shell_records = build_shell(shell, epoch_of(scenario), prefix)
        first = max(planes, default=-1) + 1
        names, records, planes = names + shell_names, records + shell_records, planes + [first + plane for plane in shell_planes]
    twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if twice:
        raise ValueError(f"satellites need distinct names; {twice[0]!r} stands twice")
    return Orbits(tuple(names), np.array(planes, dtype=np.int32), tuple(records))


def check_line(name: str, line: str, number: int) -> str:
    """Return a TLE line without trailing blanks; ValueError naming the satellite and what is wrong, with the template."""
    line = line.rstrip()
    wrong = ""
    if len(line) != TLE_LENGTH:
        wrong = f"has {len(line)} characters instead of {TLE_LENGTH}"
    elif not line.startswith(f"{number} "):
        wrong = f"starts with {line[:2]!r} instead of '{number} '"
    elif not line[68].isdigit() or int(line[68]) != checksum(line):
        wrong = f"ends with checksum {line[68]!r} instead of '{checksum(line)}'"
    elif set(line[NUMBERS_FROM[number] :]) - NUMBER_CHARACTERS:  # sgp4 would read "15.x9" as 15
        wrong = f"holds {min(set(line[NUMBERS_FROM[number] :]) - NUMBER_CHARACTERS)!r} where only numbers stand"
    if wrong:
        raise ValueError(f"satellite {name!r}: line {number} {wrong}; it should look like {TLE_TEMPLATE[number - 1]!r}")
    return line


def checksum(line: str) -> int:
    """Return the checksum of a TLE line: digits as they are, minus signs as 1, modulo 10, over the first 68 characters."""
    return sum(int(character) if character.isdigit() else character == "-" for character in line[: TLE_LENGTH - 1]) % 10


def record_of(satellite: Satellite) -> Satrec:
    """Return the SGP4 record of typed elements; ValueError naming the satellite and what is wrong."""
    line1, line2 = check_line(satellite.name, satellite.line1, 1), check_line(satellite.name, satellite.line2, 2)
    if line1[2:7] != line2[2:7]:
        raise ValueError(f"satellite {satellite.name!r}: line 1 is for object {line1[2:7]} and line 2 for object {line2[2:7]}")
    try:
        record = Satrec.twoline2rv(line1, line2, WGS72)
    except ValueError as error:
        raise ValueError(f"satellite {satellite.name!r}: {error}; lines should look like {' / '.join(TLE_TEMPLATE)!r}") from error
    if record.error:
        raise ValueError(f"satellite {satellite.name!r}: {SGP4_ERRORS.get(record.error, 'SGP4 refuses these elements')}")
    return record


def read_tle_file(path: Path) -> list[Satellite]:
    """Return the satellites of a file of two- or three-line elements; without a name line the object number is the name."""
    if not path.is_file():
        raise ValueError(f"constellation.tle_file {str(path)!r} does not exist")
    lines = [line.rstrip() for line in path.read_text().splitlines() if line.strip()]
    satellites, name = [], ""
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if line.startswith("1 "):
            satellites.append(Satellite(name or line[2:7].strip(), line, following))
            name = ""
        elif not line.startswith("2 "):
            name = line.removeprefix("0 ").strip()
    if not satellites:
        raise ValueError(f"constellation.tle_file {str(path)!r} holds no elements; a pair of lines looks like {' / '.join(TLE_TEMPLATE)!r}")
    return satellites


def group_planes(orbits: Orbits, scenario: Scenario) -> list[int]:
    """Return the plane of each typed satellite: together where orbit normals at the epoch lie within 2 degrees."""
    if not orbits.names:
        return []
    jd, day_fraction = julian_date(epoch_of(scenario))
    position_m, velocity_mps = orbits.propagate(np.array([jd]), np.array([day_fraction]))
    normals = np.cross(position_m[:, 0], velocity_mps[:, 0])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    founders: list[np.ndarray] = []
    planes = []
    for normal in normals:
        near = [plane for plane, founder in enumerate(founders) if normal @ founder >= math.cos(SAME_PLANE_RAD)]
        if not near:
            near = [len(founders)]
            founders.append(normal)
        planes.append(near[0])
    return planes


def build_shell(shell: Shell, epoch: datetime, prefix: str = "") -> tuple[list[str], list[int], list[Satrec]]:
    """Return names, planes and SGP4 records of a shell of circular orbits, plane by plane (Walker 1984 for the phasing)."""
    planes, per_plane = int(shell.planes), int(shell.per_plane)
    spacing_deg = shell.slot_spacing_deg or 360.0 / per_plane
    names: list[str] = []
    numbers: list[int] = []
    records: list[Satrec] = []
    for plane in range(planes):
        raan_deg = shell.raan_deg + plane * shell.raan_spread_deg / planes
        first_deg = shell.argument_of_latitude_deg + plane * shell.phasing * 360.0 / (planes * per_plane)
        for slot in range(per_plane):
            names.append(f"{prefix}P{plane + 1:02d}S{slot + 1:02d}")
            numbers.append(plane)
            records.append(circular_record(shell, raan_deg % 360.0, (first_deg + slot * spacing_deg) % 360.0, epoch, len(records) + 1))
    return names, numbers, records


def circular_record(shell: Shell, raan_deg: float, argument_of_latitude_deg: float, epoch: datetime, number: int) -> Satrec:
    """Return the SGP4 record of a circular orbit without drag whose mean semi-major axis is radius plus altitude."""
    axis = 1.0 + shell.altitude_m / WGS72_RADIUS_M  # in Earth radii
    inclination_rad = math.radians(shell.inclination_deg)
    motion_rad_per_s = math.sqrt(WGS72_MU_M3_PER_S2 / (axis * WGS72_RADIUS_M) ** 3)
    kozai = 1.0 + 0.75 * WGS72_J2 * (3.0 * math.cos(inclination_rad) ** 2 - 1.0) / axis**2  # undoes what SGP4 undoes first
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
