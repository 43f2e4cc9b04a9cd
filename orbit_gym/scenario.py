"""Scenario: what a person writes, as frozen dataclasses that argue back.

Every number is SI with its unit in the name; every field is checked when it is made; an unknown key names its neighbours.
The sections live in :mod:`orbit_gym.sections`; reading TOML, ``extends`` and overrides in :mod:`orbit_gym.catalogue`.
"""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from orbit_gym.sections.fields import Checked, number, positive, told
from orbit_gym.sections.ground import AlertChannel, Datacentre, Station, Users, UserSite
from orbit_gym.sections.node import Accelerator, Power, Thermal
from orbit_gym.sections.space import Constellation, LaserLinks, Satellite, Shell
from orbit_gym.sections.station_file import read_stations
from orbit_gym.sections.work import Reward, ScriptedTask, Workload
from orbit_gym.tasks import MODEL_BYTES, TASK_CLASSES

__all__ = [
    "Accelerator",
    "AlertChannel",
    "Checked",
    "Constellation",
    "Datacentre",
    "LaserLinks",
    "Power",
    "Reward",
    "Satellite",
    "Scenario",
    "ScriptedTask",
    "Shell",
    "Station",
    "Thermal",
    "UserSite",
    "Users",
    "Workload",
]


@dataclass(frozen=True)
class Scenario(Checked):
    """A whole problem: who flies, what they carry, who asks, and for how long we look."""

    name: str
    constellation: Constellation
    description: str = ""
    epoch_utc: str = "2025-08-02T00:00:00"
    episode_s: float = positive(5_700.0)
    look_ahead_s: float = positive(7_200.0)
    candidates: int = number(0, high=100_000)  # K nearest satellites shown; 0 shows all
    information: str = "global"
    calendar_chunks: int = number(1_024, low=4, high=10_000_000)  # pool of reservations, 16 to a chunk, shared by all calendars
    profile_segments: int = number(4_096, low=16, high=10_000_000)  # pool shared by the lane profiles of all accelerators
    lasers: LaserLinks = field(default_factory=LaserLinks)
    stations: tuple[Station, ...] = ()
    stations_file: str = told(
        "CSV of more stations: name, latitude_deg, longitude_deg, and if wanted altitude_m, mask_deg, bands, datacentre; relative to "
        "the TOML that names it; a made Scenario holds them in stations, and this empty",
        "choice: no file",
        default="",
    )
    datacentres: tuple[Datacentre, ...] = ()
    users: Users = field(default_factory=Users)
    alerts: AlertChannel = field(default_factory=AlertChannel)
    accelerator: Accelerator = field(default_factory=Accelerator)
    peak_op_per_s_each: tuple[float, ...] = positive(())  # one per satellite: unequal nodes; empty: all alike
    power: Power = field(default_factory=Power)
    thermal: Thermal = field(default_factory=Thermal)
    workload: Workload = field(default_factory=Workload)
    reward: Reward = field(default_factory=Reward)

    def __post_init__(self) -> None:
        """Read stations_file into stations, so that a Scenario is whole in itself; check what lies between sections."""
        super().__post_init__()
        if self.stations_file:
            object.__setattr__(self, "stations", self.stations + read_stations(Path(self.stations_file)))
            object.__setattr__(self, "stations_file", "")
        try:
            datetime.fromisoformat(self.epoch_utc)
        except ValueError as error:
            raise ValueError(f"scenario.epoch_utc must be ISO 8601 like '2025-08-02T00:00:00', got {self.epoch_utc!r}") from error
        if self.information != "global":
            raise ValueError(f"scenario.information must be 'global' in this version, got {self.information!r}")
        names = [station.name for station in self.stations] + [centre.name for centre in self.datacentres]
        names += [site.name for site in self.users.sites]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"stations, datacentres and user sites need distinct names; {twice[0]!r} stands twice")
        known = [centre.name for centre in self.datacentres]
        for station in self.stations:
            if station.datacentre and station.datacentre not in known:
                raise ValueError(
                    f"station {station.name!r} names an unknown datacentre {station.datacentre!r}; choose from {', '.join(known)}"
                )
        self._check_horizon()
        self._check_memory()

    @property
    def _asked(self) -> list[str]:
        """Task classes that the workload names."""
        return sorted(set(self.workload.mix) | {task.task_class for task in self.workload.script})

    def _check_memory(self) -> None:
        """Every accelerator must be able to hold each model alone, or it could never be loaded."""
        accelerators = [("accelerator", self.accelerator)]
        accelerators += [(f"datacentre {centre.name!r} accelerator", centre.accelerator) for centre in self.datacentres]
        for where, accelerator in accelerators:
            for model in sorted({TASK_CLASSES[name].model for name in self._asked}):
                if MODEL_BYTES[model] > accelerator.memory_bytes:
                    raise ValueError(
                        f"{where}.memory_bytes must hold the model {model}, {MODEL_BYTES[model]:g} bytes; got {accelerator.memory_bytes:g}"
                    )

    def _check_horizon(self) -> None:
        """The look-ahead must cover the largest slack, or released tasks could go unscored."""
        for name in self._asked:
            slack_s = TASK_CLASSES[name].slack_s[1] * self.workload.slack_scale.get(name, 1.0)
            if slack_s > self.look_ahead_s:
                raise ValueError(
                    f"scenario.look_ahead_s must be at least the largest slack, {slack_s:g} s of {name}; got {self.look_ahead_s:g}"
                )
