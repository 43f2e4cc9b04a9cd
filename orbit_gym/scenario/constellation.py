"""What flies and how it is linked: elements, shells, laser terminals."""

import re
from dataclasses import dataclass

from orbit_gym.scenario.field_types import (
    NO_DEFAULT,
    Checked,
    number_field,
    part_field,
    positive_field,
    switch_field,
    text_field,
)

WALKER = re.compile(
    r"\s*(?P<inclination>\d+(\.\d*)?)\s*:\s*(?P<total>\d+)\s*/\s*(?P<planes>\d+)\s*/\s*(?P<phasing>\d+)\s*",
    re.ASCII,
)
PATTERN_SPREAD_DEG = {"delta": 360.0, "star": 180.0}
SHELL_EXAMPLES = {
    "inclination_deg": '97.4, or walker = "97.4:12/1/0"',
    "altitude_m": "500e3",
    "planes": '1, or walker = "97.4:12/1/0"',
    "per_plane": '12, or walker = "97.4:12/1/0"',
}


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


def _not_given() -> None:
    """Return None: the default of a field that walker may stand for.

    Shell refuses a None that stays.
    """


@dataclass(frozen=True)
class Shell(Checked):
    """Evenly spaced circular orbits. raan_spread_deg 360 is a Walker delta, 180 a star.

    slot_spacing_deg makes strings.

    walker = "i:T/P/F" stands for inclination_deg, planes, per_plane and phasing, pattern for
    raan_spread_deg; a made Shell holds those numbers, and an empty walker and pattern.
    """

    inclination_deg: float = number_field(
        high=180.0,
        default_factory=_not_given,
        meaning="inclination of every orbit",
        source=NO_DEFAULT,
    )
    altitude_m: float = number_field(
        low=150e3,
        high=2_000e3,
        default_factory=_not_given,
        meaning="mean semi-major axis minus SGP4's Earth radius (WGS72, 6,378,135 m)",
        source="choice: typed by whoever writes the scenario; low Earth orbit only",
    )
    planes: int = number_field(
        low=1,
        high=10_000,
        default_factory=_not_given,
        meaning="number of orbit planes",
        source=NO_DEFAULT,
    )
    per_plane: int = number_field(
        low=1,
        high=10_000,
        default_factory=_not_given,
        meaning="satellites in each plane",
        source=NO_DEFAULT,
    )
    phasing: int = number_field(
        0,
        high=10_000,
        meaning="Walker's F: each plane is shifted along its orbit by F * 360 / satellites against "
        "the one before",
        source="choice: no shift; Walker (1984) for the meaning",
    )
    raan_spread_deg: float = number_field(
        360.0,
        high=360.0,
        meaning="arc over which ascending nodes are spread, plane k at k / planes of it: 360 a "
        "Walker delta, 180 a star",
        source="choice: Walker delta",
    )
    raan_deg: float = number_field(
        0.0,
        high=360.0,
        meaning="right ascension of the first plane's ascending node",
        source="choice: zero",
    )
    slot_spacing_deg: float = number_field(
        0.0,
        high=360.0,
        meaning="angle between neighbours in a plane; 0 fills the plane evenly",
        source="choice: an even ring",
    )
    argument_of_latitude_deg: float = number_field(
        0.0,
        high=360.0,
        meaning="angle of the first satellite from its ascending node, at the epoch",
        source="choice: zero",
    )
    walker: str = text_field(
        'Walker\'s notation "inclination:satellites/planes/phasing", for example "53:24/6/1" '
        "(Walker, J. Brit. Interplanet. Soc. 37, 1984)",
        "choice: none, the numbers are typed",
        default="",
    )
    pattern: str = text_field(
        '"delta": nodes of the planes spread over 360 degrees; "star": over 180, all planes rise '
        "on one side of the Earth",
        "choice: none, raan_spread_deg says it",
        default="",
    )
    peak_op_per_s: float = number_field(
        0.0,
        meaning="peak speed of each accelerator of this shell; 0: that of [accelerator]",
        source="choice: satellites are alike",
    )

    def __post_init__(self) -> None:
        """Put the numbers that walker and pattern stand for into their fields; then check them."""
        if self.walker:
            self._read_walker()
        for name, example in SHELL_EXAMPLES.items():
            if getattr(self, name) is None:
                raise ValueError(f"shell has no {name}; type for example {name} = {example}")
        if self.pattern:
            self._read_pattern()
        super().__post_init__()

    def _read_walker(self) -> None:
        found = WALKER.fullmatch(self.walker)
        if not found:
            raise ValueError(
                "shell.walker must be 'inclination:satellites/planes/phasing' like '53:24/6/1', "
                f"got {self.walker!r}"
            )
        given = [
            name
            for name in ("inclination_deg", "planes", "per_plane")
            if getattr(self, name) is not None
        ]
        given += ["phasing"] if self.phasing else []
        if given:
            raise ValueError(
                f"shell.walker = {self.walker!r} already says {given[0]}; give one of them"
            )
        total, planes, phasing = (int(found[group]) for group in ("total", "planes", "phasing"))
        if planes < 1 or total < 1 or total % planes:
            raise ValueError(
                f"shell.walker {self.walker!r}: {total} satellites must be one or more times the "
                f"number of planes, {planes}"
            )
        if phasing >= planes:
            raise ValueError(
                f"shell.walker {self.walker!r}: phasing must be from 0 to {planes - 1}, below the "
                f"number of planes; got {phasing}"
            )
        named = {
            "inclination_deg": float(found["inclination"]),
            "planes": planes,
            "per_plane": total // planes,
            "phasing": phasing,
        }
        for name, value in (named | {"walker": ""}).items():
            object.__setattr__(self, name, value)

    def _read_pattern(self) -> None:
        if self.pattern not in PATTERN_SPREAD_DEG:
            raise ValueError(f"shell.pattern must be 'delta' or 'star', got {self.pattern!r}")
        spread_deg = PATTERN_SPREAD_DEG[self.pattern]
        if self.raan_spread_deg not in (
            360.0,
            spread_deg,
        ):  # 360 is also what stands there if nothing was typed
            raise ValueError(
                f"shell.pattern {self.pattern!r} means raan_spread_deg = {spread_deg:g}, got "
                f"{self.raan_spread_deg:g}; give one"
            )
        object.__setattr__(self, "raan_spread_deg", spread_deg)
        object.__setattr__(self, "pattern", "")


@dataclass(frozen=True)
class Constellation(Checked):
    """Satellites typed one by one, evenly spaced shells, files of elements, or any mixture of
    them.
    """

    satellites: tuple[Satellite, ...] = part_field(
        default=(), meaning="satellites typed one by one", source="choice: none"
    )
    shells: tuple[Shell, ...] = part_field(
        default=(), meaning="evenly spaced shells", source="choice: none"
    )
    tle_file: str = text_field(
        "file of two- or three-line elements, also .gz; a path relative to the TOML that names it",
        "choice: no file",
        default="",
    )
    omm_file: str = text_field(
        "file of orbit mean-elements messages, .csv or .json as CelesTrak's GP data, also .gz; "
        "relative like tle_file",
        "choice: no file",
        default="",
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
        if not (self.satellites or self.shells or self.tle_file or self.omm_file):
            raise ValueError(
                "constellation is empty: give satellites, shells, tle_file or omm_file"
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
