"""What stands on the ground: stations, datacentres, users; and the alert channel."""

from dataclasses import dataclass, field

from orbit_gym.sections.fields import Checked, fraction, number, positive, told
from orbit_gym.sections.node import Accelerator


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
    more_datacentres: tuple[str, ...] = told("further datacentres that its fibre reaches", "choice: none", default=())
    is_optical: bool = told("a laser station: clouds block it where faults are on", "choice: radio", default=False)
    cloud_fraction: float = fraction(
        0.45,
        about="share of the time that clouds block an optical station",
        source="assumption: 30-60 % a site; no statistics of a site were found",
    )

    @property
    def wired_to(self) -> tuple[str, ...]:
        """Names of the datacentres that its fibre reaches."""
        return (*((self.datacentre,) if self.datacentre else ()), *self.more_datacentres)


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
