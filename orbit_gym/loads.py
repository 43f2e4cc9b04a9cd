"""Load figures of a scenario, for people: what limits the satellites, what is asked of them, what could be served at all."""

from dataclasses import dataclass

import numpy as np

from orbit_gym.arrivals import Arrivals, ClassLoad
from orbit_gym.scenario import Workload
from orbit_gym.units import DAY_S
from orbit_gym.world import DOWNLINK

DRAW_SEED = 1_000_000  # of the day whose observation bits are counted


@dataclass(frozen=True)
class Loads:
    """Figures of one day; a node-second is one accelerator at full use for a second."""

    time_capacity_node_s: float  # per second: the satellites, if energy did not matter
    energy_capacity_node_s: float  # per second: the same with each satellite's orbit-mean spare power
    least_duty_fraction: float  # of the satellite with the least spare power
    offered_node_s: float  # per second
    tasks_per_s: float
    user_coverage_fraction: float  # of the day that a user site sees some satellite, mean over sites
    raw_over_antenna: float  # observation bits released / bits that the station antennas could bring down; inf without stations
    classes: dict[str, ClassLoad]

    @property
    def load_by_time(self) -> float:
        """Offered over the capacity that time alone allows."""
        return self.offered_node_s / self.time_capacity_node_s

    @property
    def load_by_energy(self) -> float:
        """Offered over the capacity that energy allows: this is the scenario's load."""
        return self.offered_node_s / self.energy_capacity_node_s


def measure_loads(arrivals: Arrivals, workload: Workload) -> Loads:
    """Load figures of a workload's mix on one day's World; ValueError if it has none or nothing of it is feasible."""
    if workload.script:
        raise ValueError("a workload of tasks typed by hand has no load")
    if not workload.has_mix:
        raise ValueError("a workload without a mix has no load")
    duties = arrivals.duties()
    windows = arrivals.user_windows
    n_users = len(arrivals.scenario.users.sites)
    seen_s = float((windows[:, 2] - windows[:, 1]).sum())
    antenna = antenna_bits(arrivals)
    return Loads(
        time_capacity_node_s=float(duties.size),
        energy_capacity_node_s=arrivals.available_node_s(),
        least_duty_fraction=float(duties.min()),
        offered_node_s=workload.load * arrivals.available_node_s(),
        tasks_per_s=arrivals.tasks_per_s(workload),
        user_coverage_fraction=seen_s / (n_users * float(arrivals.world.sizes["horizon_s"][0])) if n_users else 0.0,
        raw_over_antenna=raw_bits(arrivals, workload) / antenna if antenna > 0.0 else float("inf"),
        classes=arrivals.class_loads(workload),
    )


def antenna_bits(arrivals: Arrivals) -> float:
    """Bits that the station antennas could bring down in a day: seconds with any satellite in view times rate times antennas."""
    world = arrivals.world
    n_satellites = int(world.sizes["n_satellites"][0])
    edges = world.edges[world.edges["kind"] == DOWNLINK]
    total = 0.0
    for number, station in enumerate(arrivals.scenario.stations):
        in_view = np.zeros(int(DAY_S), bool)
        for edge in edges[edges["to"] == n_satellites + number]:
            for contact in world.contacts[edge["first_contact"] : edge["end_contact"]]:
                in_view[int(contact["start_s"]) : int(contact["end_s"])] = True
        total += float(in_view.sum()) * station.downlink_bps * station.antennas
    return total


def raw_bits(arrivals: Arrivals, workload: Workload) -> float:
    """Input bits of the observations (tasks that no user asked for) released in a day, by one draw."""
    tasks = arrivals.draw_tasks(workload, 0.0, DAY_S, np.random.default_rng(DRAW_SEED))
    observed = tasks["origin"] < int(arrivals.world.sizes["n_satellites"][0])
    return float(tasks["input_bits"][observed].sum())
