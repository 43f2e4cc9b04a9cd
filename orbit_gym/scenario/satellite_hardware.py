"""What a satellite or a datacentre computes with: accelerator, power, heat."""

from dataclasses import dataclass

from orbit_gym.scenario.field_types import Checked, fraction_field, number_field, positive_field

NOBODY_SAYS = "no source gives mass, power or battery of the Three-Body satellites"


@dataclass(frozen=True)
class Accelerator(Checked):
    """One accelerator: roofline, lanes, memory for weights."""

    peak_op_per_s: float = positive_field(
        744e12,
        meaning="peak speed",
        source="fact: the highest of a Three-Body satellite, 744 TOPS (Xinhua); the fleet's 5 "
        "POPS mean about 417 each (derived)",
    )
    bandwidth_bytes_per_s: float = positive_field(
        400e9,
        meaning="peak memory bandwidth",
        source="assumption: twice a Jetson AGX Orin's 205 GB/s; chip and memory are not published",
    )
    memory_bytes: float = positive_field(
        24e9,
        meaning="memory for the weights of resident models",
        source="assumption: 24 of 32 GB; the memory is not published",
    )
    load_bytes_per_s: float = positive_field(
        1.5e9,
        meaning="rate at which weights come from storage",
        source="assumption: NVMe storage reads 1-3 GB/s",
    )
    load_overhead_s: float = number_field(
        3.0,
        meaning="time of a model load beside reading the weights",
        source="assumption: the quickest quarter of base-model loads takes 3.1 s in all (Alibaba "
        "cluster trace 2026, a fact)",
    )
    lanes: int = number_field(
        8,
        low=1,
        high=64,
        meaning="language requests served at once; other work takes all lanes",
        source="choice: the batch of 8 of NVIDIA's published decode figures (Jetson AGX Thor, "
        "TensorRT-Edge-LLM)",
    )
    vision_efficiency_fraction: float = fraction_field(
        0.3,
        meaning="share of the peak speed that vision work reaches",
        source="assumption: 0.25-0.4 for convolution networks",
    )
    prefill_efficiency_fraction: float = fraction_field(
        0.2,
        meaning="share of the peak speed that reading a prompt reaches",
        source="assumption: Jetson AGX Thor reaches 28 TFLOP/s with INT4",
    )
    bandwidth_efficiency_fraction: float = fraction_field(
        0.84,
        meaning="share of the memory bandwidth that is reached",
        source="fact: derived alike from published decode speeds of Jetson Orin Nano and AGX Thor "
        "(NVIDIA)",
    )


@dataclass(frozen=True)
class Power(Checked):
    """Power and battery of a satellite; the array points at the Sun whenever it is lit."""

    solar_w: float = number_field(
        400.0,
        meaning="output of the array while sunlit",
        source=f"assumption: 1.2 m2 at 300-380 W/m2 of triple-junction cells; {NOBODY_SAYS}",
    )
    bus_w: float = number_field(
        60.0, meaning="steady draw of the platform", source=f"assumption: {NOBODY_SAYS}"
    )
    compute_idle_w: float = number_field(
        20.0,
        meaning="draw of the idle accelerator, part of the baseline",
        source="assumption: a tenth of full; no figure is published",
    )
    compute_full_w: float = positive_field(
        200.0,
        meaning="draw of the accelerator with all lanes busy",
        source="assumption: 744 TOPS would take 162 W by Jetson Orin's TOPS/W and 305 W by Ascend "
        "310P's",
    )
    radio_w: float = number_field(
        50.0,
        meaning="draw of the radio while any station is in view, part of the baseline; also "
        "counted in the joules of a plan that sends",
        source="fact: radio of a Dove-class satellite (CosmicBeats, Microsoft); that it stays on "
        "in view is an assumption",
    )
    battery_j: float = positive_field(
        1_440_000.0, meaning="capacity of the battery", source=f"assumption: 400 Wh; {NOBODY_SAYS}"
    )
    depth_of_discharge_fraction: float = fraction_field(
        0.30,
        meaning="share of the capacity that may be used",
        source="assumption: 20-30 % is usual for five years in low orbit",
    )
    initial_charge_low_fraction: float = fraction_field(
        0.85,
        meaning="charge at the start is drawn uniformly from here, as a share of the capacity; "
        "never below what the baseline needs",
        source="choice: catalogue scenarios type the 10th percentile under eft_admit (python -m "
        "benchmarks.calibrate)",
    )
    initial_charge_high_fraction: float = fraction_field(
        1.0,
        meaning="charge at the start is drawn uniformly up to here",
        source="choice: as initial_charge_low_fraction, the 90th percentile",
    )

    def __post_init__(self) -> None:
        """Idle must not exceed full.

        The initial range must rise (a charge below what the baseline needs is raised when drawn).
        """
        super().__post_init__()
        if self.compute_idle_w > self.compute_full_w:
            raise ValueError(
                f"power.compute_idle_w must be at most compute_full_w = {self.compute_full_w:g}, "
                f"got {self.compute_idle_w:g}"
            )
        if self.initial_charge_low_fraction > self.initial_charge_high_fraction:
            raise ValueError(
                "power.initial_charge_low_fraction must be at most initial_charge_high_fraction"
            )


@dataclass(frozen=True)
class Thermal(Checked):
    """First-order heat: one resistance to a sink, one time constant, a limit to wait for."""

    tau_s: float = positive_field(
        1_400.0,
        meaning="time constant of a node's temperature",
        source="fact: within 1,275-1,640 s fitted to BUPT-1's in-orbit telemetry",
    )
    resistance_k_per_w: float = number_field(
        0.275,
        meaning="warming above the sink per watt of the accelerator, in steady state",
        source="assumption: not published for such nodes",
    )
    sink_c: float = number_field(
        20.0,
        low=-100.0,
        high=100.0,
        meaning="temperature of the sink",
        source="assumption: a radiator at 20 C",
    )
    limit_c: float = number_field(
        65.0,
        low=-100.0,
        high=200.0,
        meaning="a booking waits until it can run to its end below this",
        source="assumption: 60-70 C",
    )
