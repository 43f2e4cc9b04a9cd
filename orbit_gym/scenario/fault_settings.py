"""What can go wrong: resets of accelerators, outages of laser links, clouds over optical stations.

One switch, off by default.
"""

from dataclasses import dataclass

from orbit_gym.scenario.field_types import Checked, number_field, positive_field, switch_field


@dataclass(frozen=True)
class Faults(Checked):
    """Random outages, drawn with the episode.

    A task with an unfinished reservation on what fails is lost and its value revoked.
    """

    enabled: bool = switch_field(
        "switch of all faults",
        "choice: off, so that a plan comes true unless one asks for faults",
        default=False,
    )
    reset_mean_s: float = number_field(
        20 * 86_400.0,
        meaning="mean time between resets of a satellite's accelerator outside the South Atlantic "
        "Anomaly; 0 switches resets off",
        source="assumption: one per 10-30 node-days; no measured rate of such parts in low orbit "
        "was found",
    )
    saa_factor: float = number_field(
        15.0,
        low=1.0,
        meaning="resets are this much more frequent inside the South Atlantic Anomaly (latitude "
        "-50 to 0, longitude -90 to 40 degrees)",
        source="assumption: 10 to 20 times",
    )
    reboot_low_s: float = number_field(
        60.0,
        meaning="shortest reboot; models in memory are then loaded again",
        source="assumption: 60-180 s",
    )
    reboot_high_s: float = number_field(
        180.0, meaning="longest reboot", source="assumption: 60-180 s"
    )
    link_up_fraction: float = number_field(
        0.99,
        low=0.01,
        high=1.0,
        meaning="share of the time that a pointed laser link works; 1 switches link outages off",
        source="fact: above 99 % for Starlink's lasers (PCMag)",
    )
    link_outage_s: float = positive_field(
        30.0,
        meaning="mean outage of a laser link, both directions at once, exponential",
        source="assumption: one loss of lock and acquisition of 15-20 s, now and then a second one",
    )
    cloud_spell_s: float = positive_field(
        7_200.0,
        meaning="mean length of a cloudy spell over an optical station, exponential; its "
        "cloud_fraction gives the clear ones",
        source="assumption: hours; no statistics of a site were found",
    )

    def __post_init__(self) -> None:
        """Check that the range of reboots rises."""
        super().__post_init__()
        if self.reboot_low_s > self.reboot_high_s:
            raise ValueError(
                f"faults.reboot_low_s must be at most reboot_high_s = {self.reboot_high_s:g}, got "
                f"{self.reboot_low_s:g}"
            )
