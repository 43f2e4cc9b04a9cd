"""What flies and how it is linked: elements, shells, laser terminals."""

import re
from dataclasses import dataclass

from orbit_gym.sections.fields import Checked, number, positive, told

WALKER = re.compile(r"\s*(?P<inclination>\d+(\.\d*)?)\s*:\s*(?P<total>\d+)\s*/\s*(?P<planes>\d+)\s*/\s*(?P<phasing>\d+)\s*", re.ASCII)
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

    name: str
    line1: str
    line2: str


def _not_given() -> None:
    """Return None: the default of a field that walker may stand for; Shell refuses a None that stays."""


@dataclass(frozen=True)
class Shell(Checked):
    """Evenly spaced circular orbits. raan_spread_deg 360 is a Walker delta, 180 a star; slot_spacing_deg makes strings.

    walker = "i:T/P/F" stands for inclination_deg, planes, per_plane and phasing, pattern for raan_spread_deg; a made Shell holds
    those numbers, and an empty walker and pattern.
    """

    inclination_deg: float = number(high=180.0, default_factory=_not_given)
    altitude_m: float = number(low=150e3, high=2_000e3, default_factory=_not_given)
    planes: int = number(low=1, high=10_000, default_factory=_not_given)
    per_plane: int = number(low=1, high=10_000, default_factory=_not_given)
    phasing: int = number(0, high=10_000)  # Walker F: planes are shifted by F * 360 / satellites
    raan_spread_deg: float = number(360.0, high=360.0)
    raan_deg: float = number(0.0, high=360.0)  # of the first plane
    slot_spacing_deg: float = number(0.0, high=360.0)  # 0: the plane is filled evenly
    argument_of_latitude_deg: float = number(0.0, high=360.0)  # of the first satellite
    walker: str = told(
        'Walker\'s notation "inclination:satellites/planes/phasing", for example "53:24/6/1" (Walker, J. Brit. Interplanet. Soc. 37, 1984)',
        "choice: none, the numbers are typed",
        default="",
    )
    pattern: str = told(
        '"delta": nodes of the planes spread over 360 degrees; "star": over 180, all planes rise on one side of the Earth',
        "choice: none, raan_spread_deg says it",
        default="",
    )
    peak_op_per_s: float = number(
        0.0, about="peak speed of each accelerator of this shell; 0: that of [accelerator]", source="choice: satellites are alike"
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
            raise ValueError(f"shell.walker must be 'inclination:satellites/planes/phasing' like '53:24/6/1', got {self.walker!r}")
        given = [name for name in ("inclination_deg", "planes", "per_plane") if getattr(self, name) is not None]
        given += ["phasing"] if self.phasing else []
        if given:
            raise ValueError(f"shell.walker = {self.walker!r} already says {given[0]}; give one of them")
        total, planes, phasing = (int(found[group]) for group in ("total", "planes", "phasing"))
        if planes < 1 or total < 1 or total % planes:
            raise ValueError(f"shell.walker {self.walker!r}: {total} satellites must be one or more times the number of planes, {planes}")
        if phasing >= planes:
            raise ValueError(
                f"shell.walker {self.walker!r}: phasing must be from 0 to {planes - 1}, below the number of planes; got {phasing}"
            )
        named = {"inclination_deg": float(found["inclination"]), "planes": planes, "per_plane": total // planes, "phasing": phasing}
        for name, value in (named | {"walker": ""}).items():
            object.__setattr__(self, name, value)

    def _read_pattern(self) -> None:
        if self.pattern not in PATTERN_SPREAD_DEG:
            raise ValueError(f"shell.pattern must be 'delta' or 'star', got {self.pattern!r}")
        spread_deg = PATTERN_SPREAD_DEG[self.pattern]
        if self.raan_spread_deg not in (360.0, spread_deg):  # 360 is also what stands there if nothing was typed
            raise ValueError(
                f"shell.pattern {self.pattern!r} means raan_spread_deg = {spread_deg:g}, got {self.raan_spread_deg:g}; give one"
            )
        object.__setattr__(self, "raan_spread_deg", spread_deg)
        object.__setattr__(self, "pattern", "")


@dataclass(frozen=True)
class Constellation(Checked):
    """Satellites typed one by one, evenly spaced shells, files of elements, or any mixture of them."""

    satellites: tuple[Satellite, ...] = ()
    shells: tuple[Shell, ...] = ()
    tle_file: str = told(
        "file of two- or three-line elements, also .gz; a path relative to the TOML that names it", "choice: no file", default=""
    )
    omm_file: str = told(
        "file of orbit mean-elements messages, .csv or .json as CelesTrak's GP data, also .gz; relative like tle_file",
        "choice: no file",
        default="",
    )
    strict: bool = told(
        "true: an error for any satellite of a file that cannot be read or flown; false: it is left out, and a warning counts by reason",
        "choice: nothing is left out unless asked for",
        default=True,
    )

    def __post_init__(self) -> None:
        """Refuse an empty constellation."""
        super().__post_init__()
        if not (self.satellites or self.shells or self.tle_file or self.omm_file):
            raise ValueError("constellation is empty: give satellites, shells, tle_file or omm_file")


@dataclass(frozen=True)
class LaserLinks(Checked):
    """Laser terminals and their pointing rule."""

    terminals: int = number(2, low=0, high=16)
    mode_range_m: tuple[float, ...] = positive((3_000e3, 4_000e3, 5_000e3))  # mode k is usable up to this range
    mode_rate_bps: tuple[float, ...] = positive((100e9, 10e9, 2.5e9))
    grazing_altitude_m: float = number(80e3)
    acquisition_s: float = number(15.0)
    hysteresis_s: float = number(60.0)
    polar_cutoff_deg: float = number(68.0, high=90.0)  # inter-plane links are off poleward of this latitude
    hold_w: float = number(12.0)
    transmit_w: float = number(45.0)

    def __post_init__(self) -> None:
        """Ranges must rise and rates must fall."""
        super().__post_init__()
        if len(self.mode_range_m) != len(self.mode_rate_bps) or not self.mode_range_m:
            raise ValueError("laserlinks.mode_range_m and mode_rate_bps must have the same length, at least 1")
        if list(self.mode_range_m) != sorted(self.mode_range_m):
            raise ValueError(f"laserlinks.mode_range_m must rise, got {self.mode_range_m}")
        if list(self.mode_rate_bps) != sorted(self.mode_rate_bps, reverse=True):
            raise ValueError(f"laserlinks.mode_rate_bps must fall, got {self.mode_rate_bps}")
