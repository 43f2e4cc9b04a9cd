"""What a satellite or a datacentre computes with: accelerator, power, heat."""

from dataclasses import dataclass

from orbit_gym.sections.fields import Checked, fraction, number, positive


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
