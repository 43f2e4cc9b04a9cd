"""What tasks cost and what satellites offer, in node-seconds: one accelerator for one second."""

from dataclasses import dataclass

import numpy as np

from orbit_gym.kernels.accelerator.service import service_s
from orbit_gym.kernels.relaxed import relaxed_on_time as mark_relaxed_on_time
from orbit_gym.kernels.state import new_scratch, new_state
from orbit_gym.utils.units import DAY_S
from orbit_gym.workload.initial_conditions import make_episode
from orbit_gym.world.layout import World
from orbit_gym.world.nodes import n_satellites


@dataclass(frozen=True)
class ClassLoad:
    """What a class brings, measured on a fixed sample."""

    node_s: float  # mean service of a released task, node-seconds, model resident, full batch
    feasible_fraction: float  # of released tasks, on the relaxed system
    feasible_node_s: float  # mean node-seconds counted as load: infeasible tasks count 0


def service_node_s(world: World, tasks: np.ndarray) -> np.ndarray:
    """Node-seconds (n,) of tasks on a satellite: model resident, full batch."""
    node_s = np.array([service_s(world, tasks, row, 0) for row in range(tasks.size)])
    node_s[tasks["one_lane"] == 1] /= world.accelerators[0]["lanes"]
    return node_s


def relaxed_on_time(world: World, tasks: np.ndarray) -> np.ndarray:
    """Mark tasks, in order of release, that some candidate could deliver in time. (n,) bool.

    On the relaxed system: idle links and accelerators, every model in memory, full batteries.
    """
    full_charge = np.ones(n_satellites(world))
    episode = make_episode(world, tasks, (0.0, DAY_S), full_charge, (), None)
    is_feasible = np.zeros(tasks.size, np.bool_)
    state = new_state(world, episode, 1, 1)
    mark_relaxed_on_time(world, state, new_scratch(world), tasks, tasks.size, is_feasible)
    return is_feasible


def energy_duty_cycle(world: World) -> np.ndarray:
    """Share of time each satellite can compute at full power, at most 1. (n_satellites,).

    That is its orbit-mean spare power over the power of computing.
    """
    duty_fraction = np.empty(n_satellites(world))
    for satellite in range(duty_fraction.size):
        rows = world.power[world.power_offsets[satellite] : world.power_offsets[satellite + 1]]
        lengths_s = np.diff(np.append(rows["start_s"], world.sizes["horizon_s"][0]))
        spare_w = (rows["net_w"] * lengths_s).sum() / lengths_s.sum()
        compute_w = max(world.accelerators[satellite]["dynamic_w"], 1e-9)
        duty_fraction[satellite] = np.clip(spare_w / compute_w, 0.0, 1.0)
    return duty_fraction


def available_node_s(world: World) -> float:
    """Node-seconds that all satellites can offer per second."""
    return float(energy_duty_cycle(world).sum())
