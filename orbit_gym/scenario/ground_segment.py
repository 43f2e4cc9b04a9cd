"""What stands on the ground: stations, datacentres, users; and the alert channel."""

from dataclasses import dataclass

from orbit_gym.scenario.field_types import (
    NO_DEFAULT,
    Checked,
    fraction_field,
    number_field,
    part_field,
    positive_field,
    switch_field,
    text_field,
)
from orbit_gym.scenario.satellite_hardware import Accelerator

SEA_LEVEL = "choice: on the ellipsoid"


@dataclass(frozen=True)
class Station(Checked):
    """A ground station: its antennas serve one satellite at a time.

    Datacentre names where its fibre ends.
    """

    name: str = text_field(meaning="name, distinct from all other names", source=NO_DEFAULT)
    latitude_deg: float = number_field(
        low=-90.0, high=90.0, meaning="geodetic latitude (WGS84), north positive", source=NO_DEFAULT
    )
    longitude_deg: float = number_field(
        low=-180.0, high=180.0, meaning="longitude, east positive", source=NO_DEFAULT
    )
    altitude_m: float = number_field(
        0.0, low=-500.0, high=9_000.0, meaning="height above the WGS84 ellipsoid", source=SEA_LEVEL
    )
    mask_deg: float = number_field(
        10.0,
        high=90.0,
        meaning="elevation above which it sees a satellite",
        source="fact: 10 deg is common in Earth observation; CosmicBeats uses 5, Starlink 25",
    )
    antennas: int = number_field(
        1,
        low=1,
        high=16,
        meaning="satellites it can serve at once",
        source="assumption: one antenna; numbers are not published",
    )
    downlink_bps: float = positive_field(
        1.2e9,
        meaning="rate from a satellite to one antenna",
        source="fact: one X-band channel of the Chinese remote-sensing ground network, which "
        "receives two (doi 10.11834/jrs.20210457)",
    )
    uplink_bps: float = positive_field(
        50e6,
        meaning="rate from one antenna to a satellite",
        source="assumption: the upper end of 10-50 Mbit/s in X or Ka band",
    )
    datacentre: str = text_field(
        default="",
        meaning="datacentre at the other end of its fibre; empty: results only",
        source="choice: none unless typed",
    )
    more_datacentres: tuple[str, ...] = part_field(
        default=(),
        meaning="further datacentres that its fibre reaches",
        source="choice: none unless typed",
    )
    is_optical: bool = switch_field(
        default=False,
        meaning="a laser station: clouds block it where faults are on",
        source="choice: radio",
    )
    cloud_fraction: float = fraction_field(
        0.45,
        meaning="share of the time that clouds block an optical station",
        source="assumption: 30-60 % a site; no statistics of a site were found",
    )

    @property
    def wired_to(self) -> tuple[str, ...]:
        """Names of the datacentres that its fibre reaches."""
        return (*((self.datacentre,) if self.datacentre else ()), *self.more_datacentres)


@dataclass(frozen=True)
class Datacentre(Checked):
    """A finite ground datacentre, reached through the stations that name it, by fibre."""

    name: str = text_field(meaning="name, distinct from all other names", source=NO_DEFAULT)
    latitude_deg: float = number_field(
        low=-90.0, high=90.0, meaning="geodetic latitude (WGS84), north positive", source=NO_DEFAULT
    )
    longitude_deg: float = number_field(
        low=-180.0, high=180.0, meaning="longitude, east positive", source=NO_DEFAULT
    )
    altitude_m: float = number_field(
        0.0, low=-500.0, high=9_000.0, meaning="height above the WGS84 ellipsoid", source=SEA_LEVEL
    )
    accelerator_count: int = number_field(
        4,
        low=1,
        high=10_000,
        meaning="accelerators it lends to this system",
        source="choice: finite, so that the ground alone cannot do all",
    )
    fibre_delay_s: float = number_field(
        0.030,
        meaning="delay between a station and the datacentre, one way",
        source="assumption: some thousand kilometres of fibre, with its switches",
    )
    fibre_bps: float = positive_field(
        10e9,
        meaning="rate between a station and the datacentre, each way, any number of transfers at "
        "once",
        source="fact: the Chinese ground network's fibre to its headquarters (doi "
        "10.11834/jrs.20210457)",
    )
    accelerator: Accelerator = part_field(
        factory=lambda: Accelerator(memory_bytes=80e9),
        meaning="what each of them is; a table typed here takes what it leaves out, the memory "
        "too, from the defaults of its section",
        source="assumption: the flown accelerator with 80 GB, which holds every model of "
        "task_classes.py at once",
    )


@dataclass(frozen=True)
class UserSite(Checked):
    """A place whose users ask while they see a satellite.

    Weight is its share of requests per second in view.
    """

    name: str = text_field(meaning="name, distinct from all other names", source=NO_DEFAULT)
    latitude_deg: float = number_field(
        low=-90.0, high=90.0, meaning="geodetic latitude (WGS84), north positive", source=NO_DEFAULT
    )
    longitude_deg: float = number_field(
        low=-180.0, high=180.0, meaning="longitude, east positive", source=NO_DEFAULT
    )
    weight: float = positive_field(
        1.0,
        meaning="requests per second in view, relative to other sites",
        source="assumption: all sites alike",
    )


@dataclass(frozen=True)
class Users(Checked):
    """Users on the ground and the beam of each satellite that they share."""

    sites: tuple[UserSite, ...] = part_field(
        default=(),
        meaning="places whose users ask; empty for none",
        source="choice: none unless typed",
    )
    mask_deg: float = number_field(
        25.0,
        high=90.0,
        meaning="elevation above which a user sees a satellite",
        source="fact: Starlink's mask (Hypatia, main_starlink_550.py)",
    )
    up_bps: float = positive_field(
        50e6,
        meaning="rate of a satellite's beam from users, shared",
        source="assumption: not published",
    )
    down_bps: float = positive_field(
        100e6,
        meaning="rate of a satellite's beam to users, shared",
        source="assumption: not published",
    )


@dataclass(frozen=True)
class AlertChannel(Checked):
    """Relay short messages for tiny urgent results: always up, one per interval and satellite."""

    enabled: bool = switch_field(
        default=True,
        meaning="whether satellites can send short messages through relay satellites",
        source="fact: GECAM's triggers reach the ground by BeiDou short messages within a minute",
    )
    message_bits: float = positive_field(
        1e3,
        meaning="largest result that one message carries",
        source="assumption: an alert of about 1 kbit",
    )
    interval_s: float = number_field(
        10.0,
        meaning="each satellite sends at most one message in this time",
        source="assumption: the channel is narrow",
    )
    delay_low_s: float = number_field(
        10.0,
        meaning="least delay from sending to the ground, drawn uniformly",
        source="assumption: within the minute that GECAM's messages take",
    )
    delay_high_s: float = number_field(
        40.0,
        meaning="largest delay from sending to the ground",
        source="assumption: as delay_low_s",
    )

    def __post_init__(self) -> None:
        """Check that the range of delays rises."""
        super().__post_init__()
        if self.delay_low_s > self.delay_high_s:
            raise ValueError(
                f"alerts.delay_low_s must be at most delay_high_s = {self.delay_high_s:g}, got "
                f"{self.delay_low_s:g}"
            )
