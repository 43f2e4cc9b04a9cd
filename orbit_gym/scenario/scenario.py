"""Scenario: what a person writes, as frozen dataclasses that check themselves.

Every number is SI with its unit in the name; every field is checked when it is made. The parts
stand in modules of their own; :mod:`orbit_gym.scenario.loading` reads TOML, ``extends`` and
overrides.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from orbit_gym.scenario.constellation import Constellation, LaserLinks, Satellite
from orbit_gym.scenario.fault_settings import Faults
from orbit_gym.scenario.field_types import (
    NO_DEFAULT,
    Checked,
    number_field,
    part_field,
    path_field,
    positive_field,
    text_field,
)
from orbit_gym.scenario.ground_segment import AlertChannel, Datacentre, Station, Users, UserSite
from orbit_gym.scenario.models import MODEL_BYTES
from orbit_gym.scenario.recorded_work import EventList, RequestTrace, TaskFile
from orbit_gym.scenario.reward import Reward
from orbit_gym.scenario.satellite_hardware import Accelerator, Power, Thermal
from orbit_gym.scenario.shell import Shell
from orbit_gym.scenario.station_csv import read_stations
from orbit_gym.scenario.task_classes import TASK_CLASSES
from orbit_gym.scenario.workload import ScriptedTask, Workload

__all__ = [
    "Accelerator",
    "AlertChannel",
    "Checked",
    "Constellation",
    "Datacentre",
    "EventList",
    "Faults",
    "LaserLinks",
    "Power",
    "RequestTrace",
    "Reward",
    "Satellite",
    "Scenario",
    "ScriptedTask",
    "Shell",
    "Station",
    "TaskFile",
    "Thermal",
    "UserSite",
    "Users",
    "Workload",
]


@dataclass(frozen=True)
class Scenario(Checked):
    """A whole problem: who flies, what they carry, who asks, and for how long we look."""

    name: str = text_field(
        meaning="name in tables and results",
        source="choice: a file without one takes the file's name",
    )
    constellation: Constellation = part_field(meaning="what flies", source=NO_DEFAULT)
    description: str = text_field(
        default="", meaning="one sentence for people", source="choice: none"
    )
    epoch_utc: str = text_field(
        default="2025-08-02T00:00:00",
        meaning="ISO 8601; day 0 of the splits, and the instant at which shells have their typed "
        "angles",
        source="choice: the date of the Three-Body elements",
    )
    episode_s: float = positive_field(
        5_700.0,
        meaning="length of an episode",
        source="choice: one orbit of 94.6 min at 500 km (derived)",
    )
    look_ahead_s: float = positive_field(
        7_200.0,
        meaning="a plan must deliver within this after its task's release; at least the largest "
        "slack",
        source="choice: the largest slack of task_classes.py, 2 h",
    )
    candidates: int = number_field(
        0,
        high=100_000,
        meaning="satellites shown, nearest first by empty-network delay; 0 shows all",
        source="choice: all",
    )
    information: str = text_field(
        default="global",
        meaning="what the decider knows of queues; only 'global', all of them at once",
        source="choice: idealised in this version",
    )
    calendar_chunks: int = number_field(
        1_024,
        low=4,
        high=10_000_000,
        meaning="pool of reservations that all calendars share, 16 to a chunk",
        source="choice: a full pool loses plans, which metrics count as plans_lost",
    )
    profile_segments: int = number_field(
        4_096,
        low=16,
        high=10_000_000,
        meaning="pool that the lane profiles of all accelerators share",
        source="choice: as calendar_chunks",
    )
    reservation_records: int = number_field(
        65_536,
        low=64,
        high=100_000_000,
        meaning="pool of reservations that a fault may strike; used with faults on only",
        source="choice: as calendar_chunks",
    )
    lasers: LaserLinks = part_field(
        factory=LaserLinks,
        meaning="laser terminals of every satellite",
        source="choice: the defaults of the section",
    )
    stations: tuple[Station, ...] = part_field(
        default=(), meaning="ground stations", source="choice: none unless typed"
    )
    stations_file: str = path_field(
        default="",
        meaning="CSV of more stations: name, latitude_deg, longitude_deg, and if wanted "
        "altitude_m, mask_deg, bands, datacentre; relative to the TOML that names it; a made "
        "Scenario holds them in stations, and this empty",
        source="choice: no file",
    )
    datacentres: tuple[Datacentre, ...] = part_field(
        default=(), meaning="ground datacentres", source="choice: none unless typed"
    )
    users: Users = part_field(
        factory=Users, meaning="users on the ground", source="choice: the defaults of the section"
    )
    alerts: AlertChannel = part_field(
        factory=AlertChannel,
        meaning="relay short messages",
        source="choice: the defaults of the section",
    )
    accelerator: Accelerator = part_field(
        factory=Accelerator,
        meaning="accelerator of every satellite",
        source="choice: the defaults of the section",
    )
    peak_op_per_s_each: tuple[float, ...] = positive_field(
        (),
        meaning="peak speed of each satellite in order, where they are unequal; empty: all alike",
        source="choice: all alike; 5 x 744 and 7 x 183 TOPS would meet the fleet's 5 POPS "
        "(ThreeBody12-unequal)",
    )
    power: Power = part_field(
        factory=Power,
        meaning="power and battery of every satellite",
        source="choice: the defaults of the section",
    )
    thermal: Thermal = part_field(
        factory=Thermal,
        meaning="heat of every satellite",
        source="choice: the defaults of the section",
    )
    faults: Faults = part_field(
        factory=Faults,
        meaning="what can go wrong",
        source="choice: the defaults of the section, off",
    )
    workload: Workload = part_field(
        factory=Workload,
        meaning="what is asked",
        source="choice: the defaults of the section; mix or script must be given",
    )
    reward: Reward = part_field(
        factory=Reward,
        meaning="weights of the reward terms",
        source="choice: the defaults of the section",
    )

    def __post_init__(self) -> None:
        """Read stations_file into stations, then check what lies between parts."""
        super().__post_init__()
        if self.stations_file:  # so that a Scenario holds all that it is
            stations = self.stations + read_stations(Path(self.stations_file))
            object.__setattr__(self, "stations", stations)
            object.__setattr__(self, "stations_file", "")
        self._check_words()
        self._check_names()
        self._check_fibres()
        self._check_horizon()
        self._check_memory()

    def _check_words(self) -> None:
        try:
            datetime.fromisoformat(self.epoch_utc)
        except ValueError as error:
            raise ValueError(
                "scenario.epoch_utc must be ISO 8601 like '2025-08-02T00:00:00', got "
                f"{self.epoch_utc!r}"
            ) from error
        if self.information != "global":
            raise ValueError(
                f"scenario.information must be 'global' in this version, got {self.information!r}"
            )

    def _check_names(self) -> None:
        names = [station.name for station in self.stations]
        names += [centre.name for centre in self.datacentres]
        names += [site.name for site in self.users.sites]
        counts = Counter(names)
        twice = sorted(name for name, count in counts.items() if count > 1)
        if twice:
            raise ValueError(
                f"stations, datacentres and user sites need distinct names; {twice[0]!r} stands "
                "twice"
            )

    def _check_fibres(self) -> None:
        centres = [centre.name for centre in self.datacentres]
        for station in self.stations:
            for name in station.wired_to:
                if name not in centres:
                    raise ValueError(
                        f"station {station.name!r} names an unknown datacentre {name!r}; choose "
                        f"from {', '.join(centres)}"
                    )
            if len(set(station.wired_to)) < len(station.wired_to):
                raise ValueError(
                    f"station {station.name!r} names a datacentre twice: "
                    f"{', '.join(station.wired_to)}"
                )

    def _check_memory(self) -> None:
        """Check that every accelerator can hold each model alone, or it could never be loaded."""
        models = sorted({TASK_CLASSES[name].model for name in self.workload.class_names})
        accelerators = [("accelerator", self.accelerator)]
        accelerators += [
            (f"datacentre {centre.name!r} accelerator", centre.accelerator)
            for centre in self.datacentres
        ]
        for path, accelerator in accelerators:
            for model in models:
                if MODEL_BYTES[model] > accelerator.memory_bytes:
                    raise ValueError(
                        f"{path}.memory_bytes must hold the model {model}, "
                        f"{MODEL_BYTES[model]:g} bytes; got {accelerator.memory_bytes:g}"
                    )

    def _check_horizon(self) -> None:
        """Check that the look-ahead covers the largest slack, or tasks could go unscored."""
        for name, slack_s in sorted(self.workload.largest_slacks().items()):
            if slack_s > self.look_ahead_s:
                raise ValueError(
                    f"scenario.look_ahead_s must be at least the largest slack, {slack_s:g} s of "
                    f"{name}; got {self.look_ahead_s:g}"
                )
