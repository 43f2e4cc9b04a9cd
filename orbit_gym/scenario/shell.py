"""Evenly spaced circular orbits: Walker shells and strings of satellites."""

import re
from dataclasses import dataclass

from orbit_gym.scenario.field_types import NO_DEFAULT, Checked, number_field, text_field

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


def _none() -> None:
    """Return the default of a field that walker may stand for; Shell refuses one that stays."""


@dataclass(frozen=True)
class Shell(Checked):
    """Evenly spaced circular orbits. raan_spread_deg 360 is a Walker delta, 180 a star.

    slot_spacing_deg makes strings.

    walker = "i:T/P/F" stands for inclination_deg, planes, per_plane and phasing, pattern for
    raan_spread_deg; a made Shell holds those numbers, and an empty walker and pattern.
    """

    inclination_deg: float = number_field(
        high=180.0,
        default_factory=_none,
        meaning="inclination of every orbit",
        source=NO_DEFAULT,
    )
    altitude_m: float = number_field(
        low=150e3,
        high=2_000e3,
        default_factory=_none,
        meaning="mean semi-major axis minus SGP4's Earth radius (WGS72, 6,378,135 m)",
        source="choice: typed by whoever writes the scenario; low Earth orbit only",
    )
    planes: int = number_field(
        low=1,
        high=10_000,
        default_factory=_none,
        meaning="number of orbit planes",
        source=NO_DEFAULT,
    )
    per_plane: int = number_field(
        low=1,
        high=10_000,
        default_factory=_none,
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
        match = WALKER.fullmatch(self.walker)
        if not match:
            raise ValueError(
                "shell.walker must be 'inclination:satellites/planes/phasing' like '53:24/6/1', "
                f"got {self.walker!r}"
            )
        clashes = [
            name
            for name in ("inclination_deg", "planes", "per_plane")
            if getattr(self, name) is not None
        ]
        clashes += ["phasing"] if self.phasing else []
        if clashes:
            raise ValueError(
                f"shell.walker = {self.walker!r} already says {clashes[0]}; give one of them"
            )
        total, planes, phasing = (int(match[group]) for group in ("total", "planes", "phasing"))
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
        values = {
            "inclination_deg": float(match["inclination"]),
            "planes": planes,
            "per_plane": total // planes,
            "phasing": phasing,
        }
        for name, value in (values | {"walker": ""}).items():
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
