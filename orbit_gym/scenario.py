"""Scenario: what a person writes, as frozen dataclasses that argue back.

Every number is SI with its unit in the name; every field is checked when it is made; an unknown key names its neighbours.
Reading TOML, ``extends`` and overrides live in :mod:`orbit_gym.catalogue`.
"""

import math
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from orbit_gym.tasks import MODEL_BYTES, TASK_CLASSES

INFINITY = math.inf


def number(default: Any = None, low: float = 0.0, high: float = INFINITY, open_low: bool = False, **kw: Any) -> Any:
    """Declare a checked float field: low (excluded if open_low) <= value <= high, finite."""
    metadata = {"low": low, "high": high, "open_low": open_low}
    if default is None:
        return field(metadata=metadata, **kw)
    return field(default=default, metadata=metadata, **kw)


def positive(default: Any = None) -> Any:
    """Declare a field that must be above zero."""
    return number(default, open_low=True)


def fraction(default: Any = None) -> Any:
    """Declare a field between 0 and 1."""
    return number(default, high=1.0)


def check_number(path: str, value: Any, low: float, high: float, open_low: bool = False) -> None:
    """Raise ValueError unless value is a finite number in range; the message names path, value and range."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{path} must be a number, got {value!r}")
    if not math.isfinite(value):
        raise ValueError(f"{path} must be finite, got {value}")
    if value < low or value > high or (open_low and value == low):
        if open_low and low == 0.0 and high == INFINITY:
            raise ValueError(f"{path} must be positive, got {value}")
        upper = "" if high == INFINITY else f" and at most {high:g}"
        raise ValueError(f"{path} must be {'above' if open_low else 'at least'} {low:g}{upper}, got {value}")


class Checked:
    """Base of every scenario dataclass: numbers declared with a range are checked when the object is made."""

    def __post_init__(self) -> None:
        """Check each declared number; subclasses extend it with conditions between fields."""
        for item in fields(self):  # type: ignore[arg-type]
            value = getattr(self, item.name)
            if value is None or "low" not in item.metadata:
                continue
            limits = (item.metadata["low"], item.metadata["high"], item.metadata["open_low"])
            for element in value if isinstance(value, tuple) else (value,):
                check_number(f"{type(self).__name__.lower()}.{item.name}", element, *limits)


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
    """Satellites typed one by one, evenly spaced shells, a TLE file, or any mixture of them."""

    satellites: tuple[Satellite, ...] = ()
    shells: tuple[Shell, ...] = ()
    tle_file: str = ""

    def __post_init__(self) -> None:
        """Refuse an empty constellation."""
        super().__post_init__()
        if not (self.satellites or self.shells or self.tle_file):
            raise ValueError("constellation is empty: give satellites, shells or tle_file")


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


@dataclass(frozen=True)
class Station(Checked):
    """A ground station: its antennas serve one satellite at a time; datacentre names where its fibre ends."""

    name: str
    latitude_deg: float = number(low=-90.0, high=90.0)
    longitude_deg: float = number(low=-180.0, high=180.0)
    altitude_m: float = number(0.0, low=-500.0, high=9_000.0)
    mask_deg: float = number(10.0, high=90.0)
    antennas: int = number(1, low=1, high=16)
    downlink_bps: float = positive(1.2e9)
    uplink_bps: float = positive(50e6)
    datacentre: str = ""


@dataclass(frozen=True)
class Accelerator(Checked):
    """One accelerator: roofline, lanes, memory for weights."""

    peak_op_per_s: float = positive(744e12)
    bandwidth_bytes_per_s: float = positive(400e9)
    memory_bytes: float = positive(24e9)
    load_bytes_per_s: float = positive(1.5e9)
    load_overhead_s: float = number(3.0)
    lanes: int = number(8, low=1, high=64)
    vision_efficiency_fraction: float = fraction(0.3)
    prefill_efficiency_fraction: float = fraction(0.2)
    bandwidth_efficiency_fraction: float = fraction(0.84)


@dataclass(frozen=True)
class Datacentre(Checked):
    """A finite ground datacentre, reached through the stations that name it, by fibre."""

    name: str
    latitude_deg: float = number(low=-90.0, high=90.0)
    longitude_deg: float = number(low=-180.0, high=180.0)
    altitude_m: float = number(0.0, low=-500.0, high=9_000.0)
    accelerator_count: int = number(4, low=1, high=10_000)
    fibre_delay_s: float = number(0.030)
    fibre_bps: float = positive(10e9)
    accelerator: Accelerator = field(default_factory=lambda: Accelerator(memory_bytes=80e9))


@dataclass(frozen=True)
class UserSite(Checked):
    """A place whose users ask while they see a satellite; weight is its share of requests per second in view."""

    name: str
    latitude_deg: float = number(low=-90.0, high=90.0)
    longitude_deg: float = number(low=-180.0, high=180.0)
    weight: float = positive(1.0)


@dataclass(frozen=True)
class Users(Checked):
    """Users on the ground and the beam of each satellite that they share."""

    sites: tuple[UserSite, ...] = ()
    mask_deg: float = number(25.0, high=90.0)
    up_bps: float = positive(50e6)
    down_bps: float = positive(100e6)


@dataclass(frozen=True)
class AlertChannel(Checked):
    """Relay short messages for tiny urgent results: always up, one per interval and satellite."""

    enabled: bool = True
    message_bits: float = positive(1e3)
    interval_s: float = number(10.0)
    delay_low_s: float = number(10.0)
    delay_high_s: float = number(40.0)


@dataclass(frozen=True)
class Power(Checked):
    """Power and battery of a satellite; the array points at the Sun whenever it is lit."""

    solar_w: float = number(400.0)
    bus_w: float = number(60.0)
    compute_idle_w: float = number(20.0)
    compute_full_w: float = positive(200.0)
    radio_w: float = number(50.0)  # while any station is in view
    battery_j: float = positive(1_440_000.0)  # 400 Wh
    depth_of_discharge_fraction: float = fraction(0.30)
    initial_charge_low_fraction: float = fraction(0.85)
    initial_charge_high_fraction: float = fraction(1.0)

    def __post_init__(self) -> None:
        """Idle must not exceed full; the initial range must rise and lie above the floor."""
        super().__post_init__()
        if self.compute_idle_w > self.compute_full_w:
            raise ValueError(f"power.compute_idle_w must be at most compute_full_w = {self.compute_full_w:g}, got {self.compute_idle_w:g}")
        if self.initial_charge_low_fraction > self.initial_charge_high_fraction:
            raise ValueError("power.initial_charge_low_fraction must be at most initial_charge_high_fraction")


@dataclass(frozen=True)
class Thermal(Checked):
    """First-order heat: one resistance to a sink, one time constant, a limit to wait for."""

    tau_s: float = positive(1_400.0)
    resistance_k_per_w: float = number(0.275)
    sink_c: float = number(20.0, low=-100.0, high=100.0)
    limit_c: float = number(65.0, low=-100.0, high=200.0)


@dataclass(frozen=True)
class ScriptedTask(Checked):
    """One task typed by hand (scenario Tiny): released release_s after the episode's start by a named satellite or user."""

    task_class: str
    release_s: float = number()
    origin: str = ""


@dataclass(frozen=True)
class Workload(Checked):
    """What is asked: the load, the share of released tasks of each class, slack factors, or a script."""

    load: float = number(1.0)
    mix: dict[str, float] = field(default_factory=dict)  # share of released tasks (bursts count by their chunks)
    slack_scale: dict[str, float] = field(default_factory=dict)  # factor on a class's slack, default 1
    polarimeters: tuple[str, ...] = ()  # names of the satellites that see X-ray triggers; empty: all
    script: tuple[ScriptedTask, ...] = ()

    def __post_init__(self) -> None:
        """Check class names, shares and factors."""
        super().__post_init__()
        for name, shares in (("mix", self.mix), ("slack_scale", self.slack_scale)):
            for key, value in shares.items():
                if key not in TASK_CLASSES:
                    raise ValueError(f"workload.{name} names an unknown task class {key!r}; choose from {', '.join(TASK_CLASSES)}")
                check_number(f"workload.{name}.{key}", value, 0.0, INFINITY, open_low=name == "slack_scale")
        for task in self.script:
            if task.task_class not in TASK_CLASSES:
                raise ValueError(f"workload.script names an unknown task class {task.task_class!r}; choose from {', '.join(TASK_CLASSES)}")
        if not self.script and sum(self.mix.values()) <= 0.0:
            raise ValueError("workload.mix must give at least one task class a positive share")


@dataclass(frozen=True)
class Reward(Checked):
    """Weights of the reward terms of the same name."""

    delivered_value: float = number(1.0)
    revoked_value: float = number(1.0)
    energy_cost: float = number(0.0)  # value per joule


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
        """Check what lies between sections: names, wiring, horizons."""
        super().__post_init__()
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
