"""What flies and how it is linked: elements, shells, laser terminals."""

from dataclasses import dataclass

from orbit_gym.scenario.field_types import (
    NO_DEFAULT,
    Checked,
    number_field,
    part_field,
    path_field,
    positive_field,
    switch_field,
    text_field,
)
from orbit_gym.scenario.shell import Shell


@dataclass(frozen=True)
class Satellite(Checked):
    """One satellite by its mean elements, as the two lines of a TLE (SGP4's own form)."""

    name: str = text_field(meaning="name, distinct from all other names", source=NO_DEFAULT)
    line1: str = text_field(
        meaning="first line of its two-line elements; the checksum is checked",
        source="choice: the form in which CelesTrak publishes elements and SGP4 reads them",
    )
    line2: str = text_field(
        meaning="second line of its two-line elements", source="choice: as line1"
    )


@dataclass(frozen=True)
class OrbitFile(Checked):
    """A file of satellites in a form by name, ours or one that a package adds."""

    form: str = text_field(
        meaning="tle, omm, oem, or what a package registers as an orbit source",
        source=NO_DEFAULT,
    )
    file: str = path_field("path of the file, relative like tle_file", NO_DEFAULT)


@dataclass(frozen=True)
class Constellation(Checked):
    """Satellites typed one by one, evenly spaced shells, orbit files, or a mixture."""

    satellites: tuple[Satellite, ...] = part_field(
        default=(), meaning="satellites typed one by one", source="choice: none"
    )
    shells: tuple[Shell, ...] = part_field(
        default=(), meaning="evenly spaced shells", source="choice: none"
    )
    tle_file: str = path_field(
        "file of two- or three-line elements, also .gz; a path relative to the TOML that names it",
        "choice: no file",
        default="",
    )
    omm_file: str = path_field(
        "file of orbit mean-elements messages, .csv or .json as CelesTrak's GP data, also .gz; "
        "relative like tle_file",
        "choice: no file",
        default="",
    )
    oem_file: str = path_field(
        "file of orbit ephemeris messages (CCSDS OEM as text), also .gz, a folder of them, or a "
        "pattern like data/*.oem; relative like tle_file",
        "choice: no file",
        default="",
    )
    orbit_files: tuple[OrbitFile, ...] = part_field(
        default=(), meaning="further files, each in a form by name", source="choice: none"
    )
    strict: bool = switch_field(
        "true: an error for any satellite of a file that cannot be read or flown; false: it is "
        "left out, and a warning counts by reason",
        "choice: nothing is left out unless asked for",
        default=True,
    )

    def __post_init__(self) -> None:
        """Refuse an empty constellation."""
        super().__post_init__()
        files = (self.tle_file, self.omm_file, self.oem_file, self.orbit_files)
        if not (self.satellites or self.shells or any(files)):
            raise ValueError(
                "constellation is empty: give satellites, shells, tle_file, omm_file, oem_file or "
                "orbit_files"
            )


@dataclass(frozen=True)
class LaserLinks(Checked):
    """Laser terminals and their pointing rule."""

    terminals: int = number_field(
        2,
        low=0,
        high=16,
        meaning="laser terminals of each satellite: the first points fore, the second aft, others "
        "to other planes; 0 for no lasers",
        source="assumption: fore and aft; how many fly is not published (Kepler's relay "
        "satellites carry four, a fact)",
    )
    mode_range_m: tuple[float, ...] = positive_field(
        (3_000e3, 4_000e3, 5_000e3),
        meaning="mode k is usable up to this range; must rise",
        source="assumption: the rate falls with range from 3,000 to 5,000 km on; Starlink's links "
        "reach 5,400 km (a fact)",
    )
    mode_rate_bps: tuple[float, ...] = positive_field(
        (100e9, 10e9, 2.5e9),
        meaning="rate of mode k in each direction; must fall",
        source="fact: up to 100 Gbit/s (Three-Body, press), 10 (HiStarlink's terminal of 2024), "
        "2.5 (Kepler, SDA-compatible)",
    )
    grazing_altitude_m: float = number_field(
        80e3,
        meaning="a line of sight must stay this far above the equatorial radius",
        source="fact: the limit in Hypatia (Kassing et al., IMC 2020; main_starlink_550.py)",
    )
    acquisition_s: float = number_field(
        15.0,
        meaning="time to acquire a new partner, both terminals down meanwhile",
        source="fact: 15 s for HiStarlink's terminals (a blog); Starlink's fastest is 12 s",
    )
    hysteresis_s: float = number_field(
        60.0,
        meaning="a link between planes changes to a nearer partner only after that has been nearer "
        "for so long, in whole grid steps",
        source="assumption: a few acquisition times, so that links do not flicker",
    )
    polar_cutoff_deg: float = number_field(
        68.0,
        high=90.0,
        meaning="links between planes are off poleward of this latitude",
        source="fact: Iridium's practice, about 68 deg",
    )
    hold_w: float = number_field(
        12.0,
        meaning="draw of one terminal while it holds or acquires a link",
        source="assumption: 10-15 W idle, between terminals flown (CubeLCT 8.5 W, CLICK-A 15 W, "
        "TBIRD 100 W)",
    )
    transmit_w: float = number_field(
        45.0,
        meaning="additional draw while sending; counted in a plan's joules, not taken from the "
        "battery",
        source="assumption: 40-80 W active for 10-100 Gbit/s, between the same terminals",
    )

    def __post_init__(self) -> None:
        """Ranges must rise and rates must fall."""
        super().__post_init__()
        if len(self.mode_range_m) != len(self.mode_rate_bps) or not self.mode_range_m:
            raise ValueError(
                "lasers.mode_range_m and mode_rate_bps must have the same length, at least 1"
            )
        if list(self.mode_range_m) != sorted(self.mode_range_m):
            raise ValueError(f"lasers.mode_range_m must rise, got {self.mode_range_m}")
        if list(self.mode_rate_bps) != sorted(self.mode_rate_bps, reverse=True):
            raise ValueError(f"lasers.mode_rate_bps must fall, got {self.mode_rate_bps}")
