"""Walker shells become SGP4 records of circular orbits."""

import math
from datetime import datetime

from sgp4.api import WGS72, Satrec

from orbit_gym.orbits.epochs import julian_date
from orbit_gym.orbits.sgp4_source import WGS72_MU_M3_PER_S2, WGS72_RADIUS_M
from orbit_gym.scenario.scenario import Shell

WGS72_J2 = 0.001082616
JD_1949_12_31 = 2_433_281.5  # sgp4init counts days from here


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
