"""Metrics of one episode, computed once at its end from the log of bookings, off the step path."""

import numpy as np

from orbit_gym.kernels.accelerator.charge_and_heat import settle
from orbit_gym.kernels.state import NONE, copy_state
from orbit_gym.scenario.task_classes import TASK_CLASSES
from orbit_gym.simulation.episode_summary import charge_fraction
from orbit_gym.simulation.simulation import Simulation
from orbit_gym.utils.units import HOUR_S
from orbit_gym.world.layout import LASER, World

ORBIT_S = 5_676.0  # one revolution at 500 km (FACTS: 94.6 min), the unit of "per orbit"


def episode_metrics(
    simulation: Simulation, log: np.ndarray, is_booked: np.ndarray, n_invalid: int
) -> dict[str, float]:
    """Flat metrics of a finished episode.

    log (n_tasks,) PLAN rows of what was booked, is_booked (n_tasks,) bool.

    `served_value_fraction` is the headline: value delivered in time / value of tasks feasible on
    the relaxed system (1 where nothing was feasible).
    """
    relaxed = simulation.relaxed_on_time()
    n_decided = relaxed.size
    tasks = simulation.episode.tasks[:n_decided]
    log, is_taken = log[:n_decided], is_booked[:n_decided]
    lost = (
        simulation.state.is_lost[:n_decided]
        if simulation.state.is_lost.size
        else np.zeros(n_decided, np.bool_)
    )
    planned_on_time = is_taken & (log["on_time"] == 1)
    on_time = planned_on_time & ~lost
    value = tasks["value"]
    span_s = float(simulation.episode.span_s[1] - simulation.episode.span_s[0])
    metrics = {
        "served_value_fraction": _share(value[on_time].sum(), value[relaxed].sum()),
        "delivered_value": float(value[on_time].sum()),
        "relaxed_value": float(value[relaxed].sum()),
        "released_value": float(value.sum()),
        "infeasible_value_fraction": 1.0 - _share(value[relaxed].sum(), value.sum()),
        "value_per_orbit": float(value[on_time].sum()) * ORBIT_S / span_s,
        "n_released": float(n_decided),
        "n_delivered": float(on_time.sum()),
        "n_late": float((is_taken & ~planned_on_time & ~lost).sum()),
        "n_rejected": float((~is_taken).sum()),
        "n_revoked": float(lost.sum()),
        "revoked_value": float(value[planned_on_time & lost].sum()),
        "n_invalid": float(n_invalid),
        "energy_j": float(log["energy_j"][is_taken].sum()),
    }
    metrics |= _latencies(tasks, log, on_time)
    metrics |= _places(simulation, value, log, on_time)
    metrics |= _usage(simulation, span_s)
    metrics["mean_charge_fraction"] = float(
        charge_fraction(simulation.world, simulation.episode, tasks[is_taken], log[is_taken]).mean()
    )
    metrics |= _per_class(tasks, relaxed, on_time)
    return metrics


def _share(part: float, total: float) -> float:
    return float(part / total) if total > 0.0 else 1.0


def _latencies(tasks: np.ndarray, log: np.ndarray, on_time: np.ndarray) -> dict[str, float]:
    latency_s = (log["delivery_s"] - tasks["release_s"])[on_time]
    if latency_s.size == 0:
        return {"latency_p50_s": 0.0, "latency_p95_s": 0.0}
    return {
        "latency_p50_s": float(np.percentile(latency_s, 50)),
        "latency_p95_s": float(np.percentile(latency_s, 95)),
    }


def _places(
    simulation: Simulation, value: np.ndarray, log: np.ndarray, on_time: np.ndarray
) -> dict[str, float]:
    """Share of the delivered value computed in orbit and on the ground."""
    in_orbit = on_time & (log["node"] < int(simulation.world.sizes["n_satellites"][0]))
    delivered = value[on_time].sum()
    return {
        "value_on_satellites_fraction": float(value[in_orbit].sum() / delivered)
        if delivered > 0
        else 0.0,
        "value_on_ground_fraction": float(value[on_time & ~in_orbit].sum() / delivered)
        if delivered > 0
        else 0.0,
    }


def _usage(simulation: Simulation, span_s: float) -> dict[str, float]:
    """Accelerators, lasers and batteries over the episode; the State is settled on a copy."""
    world = simulation.world
    state = copy_state(simulation.state)
    n_satellites = int(world.sizes["n_satellites"][0])
    end_s = float(simulation.episode.span_s[1])
    for unit in range(n_satellites):
        settle(world, state, unit, end_s)
    units = state.units[:n_satellites]
    accelerators = world.accelerators[:n_satellites]
    laser = laser_use(world, state.used_s, end_s - span_s, end_s)
    return {
        "utilisation_fraction": float(
            (units["busy_lane_s"] / accelerators["lanes"]).mean() / span_s
        ),
        "laser_utilisation_max_fraction": float(laser.max()) if laser.size else 0.0,
        "laser_utilisation_mean_fraction": float(laser.mean()) if laser.size else 0.0,
        "link_events": float(link_events(world, end_s - span_s, end_s)),
        "model_loads_per_hour": float(units["n_loads"].sum()) * HOUR_S / span_s,
        "final_charge_fraction": float((units["charge_j"] / accelerators["capacity_j"]).mean()),
        "minimum_charge_fraction": float(
            (units["least_charge_j"] / accelerators["capacity_j"]).min()
        ),
        "plans_lost": float(state.clock["n_lost_plans"][0]),
    }


def laser_use(world: World, used_s: np.ndarray, start_s: float, end_s: float) -> np.ndarray:
    """Booked share of the time that each laser direction is up within a span.

    Directions that are never up are left out.
    """
    shares = []
    for edge in world.edges[world.edges["kind"] == LASER]:
        contacts = world.contacts[edge["first_contact"] : edge["end_contact"]]
        up_s = np.clip(
            np.minimum(contacts["end_s"], end_s) - np.maximum(contacts["start_s"], start_s),
            0.0,
            None,
        ).sum()
        if up_s > 0.0 and edge["resource_a"] != NONE:
            shares.append(used_s[edge["resource_a"]] / up_s)
    return np.array(shares)


def link_events(world: World, start_s: float, end_s: float) -> int:
    """Laser links that come up or go down within a span, each link counted once for its two
    directions.
    """
    events = 0
    for edge in world.edges[world.edges["kind"] == LASER]:
        contacts = world.contacts[edge["first_contact"] : edge["end_contact"]]
        for instants in (contacts["start_s"], contacts["end_s"]):
            events += int(((instants > start_s) & (instants < end_s)).sum())
    return events // 2


def _per_class(tasks: np.ndarray, relaxed: np.ndarray, on_time: np.ndarray) -> dict[str, float]:
    """Released, delivered, feasible and served share of every class that was released."""
    metrics: dict[str, float] = {}
    for index, name in enumerate(TASK_CLASSES):
        of_class = tasks["task_class"] == index
        if not of_class.any():
            continue
        metrics[f"{name}.n_released"] = float(of_class.sum())
        metrics[f"{name}.n_delivered"] = float((of_class & on_time).sum())
        metrics[f"{name}.feasible_fraction"] = float((of_class & relaxed).sum() / of_class.sum())
        metrics[f"{name}.served_value_fraction"] = _share(
            (of_class & on_time).sum(), (of_class & relaxed).sum()
        )
    return metrics
