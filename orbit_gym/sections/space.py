"""What flies and how it is linked: elements, shells, laser terminals."""

from dataclasses import dataclass

from orbit_gym.sections.fields import Checked, number, positive, told


@dataclass(frozen=True)
class Satellite(Checked):
    """One satellite by its mean elements, as the two lines of a TLE (SGP4's own form)."""

    name: str
    line1: str
    line2: str


@dataclass(frozen=True)
class Shell(Checked):
    """Evenly spaced circular orbits. raan_spread_deg 360 is a Walker delta, 180 a star; slot_spacing_deg makes strings."""

    inclination_deg: float = number(high=180.0)
    altitude_m: float = number(low=150e3, high=2_000e3)
    planes: int = number(low=1, high=10_000)
    per_plane: int = number(low=1, high=10_000)
    phasing: int = number(0, high=10_000)  # Walker F: planes are shifted by F * 360 / satellites
    raan_spread_deg: float = number(360.0, high=360.0)
    raan_deg: float = number(0.0, high=360.0)  # of the first plane
    slot_spacing_deg: float = number(0.0, high=360.0)  # 0: the plane is filled evenly
    argument_of_latitude_deg: float = number(0.0, high=360.0)  # of the first satellite


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
