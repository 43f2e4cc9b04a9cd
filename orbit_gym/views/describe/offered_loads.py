"""Load figures of a scenario, for people: what limits the satellites, what is asked of them, what
could be served at all.
"""

import dataclasses
from dataclasses import dataclass

import numpy as np

from orbit_gym.scenario.scenario import Workload
from orbit_gym.utils.units import DAY_S
from orbit_gym.views.describe.derived_quantities import station_views
from orbit_gym.workload.arrivals import Arrivals
from orbit_gym.workload.load_accounting import ClassLoad, energy_duty_cycle
from orbit_gym.world.nodes import is_satellite

DRAW_SEED = 1_000_000  # of the day whose observation bits are counted
MOST_DRAWN = 200_000  # tasks of that day; a larger workload is drawn thinner, its bits scaled up


@dataclass(frozen=True)
class Loads:
    """Figures of one day; a node-second is one accelerator at full use for a second."""

    time_capacity_node_s: float  # per second: the satellites, if energy did not matter
    energy_capacity_node_s: (
        float  # per second: the same with each satellite's orbit-mean spare power
    )
    least_duty_fraction: float  # of the satellite with the least spare power
    offered_node_s: float  # per second
    tasks_per_s: float
    user_coverage_fraction: (
        float  # of the day that a user site sees some satellite, mean over sites
    )
    raw_bits: float  # observation bits released in the day
    antenna_bits: float  # that the station antennas could bring down in the day
    classes: dict[str, ClassLoad]
    offered_by_class_node_s: dict[str, float]  # per second; they sum to offered_node_s

    @property
    def raw_over_antenna(self) -> float:
        """Observation bits released over bits that the station antennas could bring down.

        Inf without stations.
        """
        return self.raw_bits / self.antenna_bits if self.antenna_bits > 0.0 else float("inf")

    @property
    def load_by_time(self) -> float:
        """Offered over the capacity that time alone allows."""
        return self.offered_node_s / self.time_capacity_node_s

    @property
    def load_by_energy(self) -> float:
        """Offered over the capacity that energy allows: this is the scenario's load."""
        return self.offered_node_s / self.energy_capacity_node_s


def measure_loads(arrivals: Arrivals, workload: Workload) -> Loads:
    """Load figures of a workload's mix on one day's World.

    ValueError if it has none or nothing of it is feasible.
    """
    if workload.script:
        raise ValueError("a workload of tasks typed by hand has no load")
    if not workload.has_mix:
        raise ValueError("a workload without a mix has no load")
    duties = energy_duty_cycle(arrivals.world)
    windows = arrivals.user_windows
    n_users = len(arrivals.scenario.users.sites)
    seen_s = float(np.clip(np.minimum(windows[:, 2], DAY_S) - windows[:, 1], 0.0, None).sum())
    return Loads(
        time_capacity_node_s=float(duties.size),
        energy_capacity_node_s=float(duties.sum()),
        least_duty_fraction=float(duties.min()),
        offered_node_s=workload.load * float(duties.sum()),
        tasks_per_s=arrivals.tasks_per_s(workload),
        user_coverage_fraction=seen_s / (n_users * DAY_S) if n_users else 0.0,
        raw_bits=raw_bits(arrivals, workload),
        antenna_bits=antenna_bits(arrivals),
        classes=arrivals.class_loads(workload),
        offered_by_class_node_s=offered_by_class(arrivals, workload),
    )


def offered_by_class(arrivals: Arrivals, workload: Workload) -> dict[str, float]:
    """Node-seconds per second that each class offers, feasible tasks only."""
    total, loads = sum(workload.mix.values()), arrivals.class_loads(workload)
    rate_per_s = arrivals.tasks_per_s(workload)
    return {
        name: rate_per_s * share / total * loads[name].feasible_node_s
        for name, share in workload.mix.items()
    }


def antenna_bits(arrivals: Arrivals) -> float:
    """Return the bits that the station antennas could bring down in a day.

    Seconds with any satellite in view times rate times antennas.
    """
    stations = arrivals.scenario.stations
    views = station_views([station.name for station in stations], arrivals.world)
    return sum(
        view.any_view_s * station.downlink_bps * station.antennas
        for view, station in zip(views, stations)
    )


def raw_bits(arrivals: Arrivals, workload: Workload) -> float:
    """Return the input bits of the observations released in a day.

    Tasks that no user asked for, by one draw of at most MOST_DRAWN or so.
    """
    sample = (
        min(1.0, MOST_DRAWN / (arrivals.tasks_per_s(workload) * DAY_S))
        if workload.load > 0.0
        else 1.0
    )
    less = dataclasses.replace(workload, load=workload.load * sample)
    tasks = arrivals.sample_tasks(less, 0.0, DAY_S, np.random.default_rng(DRAW_SEED))
    observed = is_satellite(arrivals.world, tasks["origin"])
    return float(tasks["input_bits"][observed].sum()) / sample
