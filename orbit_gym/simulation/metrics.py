"""Metrics of one episode, computed once at its end from the log of bookings, off the step path."""

import numpy as np

from orbit_gym.kernels.accelerator.charge_and_heat import advance_to
from orbit_gym.kernels.state import NONE, copy_state
from orbit_gym.scenario.task_classes import TASK_CLASSES
from orbit_gym.simulation.booking_log import BookingLog
from orbit_gym.simulation.episode_summary import charge_fraction
from orbit_gym.simulation.metric_table import DecidedTasks, computed_metrics
from orbit_gym.simulation.outcomes import COUNTS, TaskOutcome, task_outcomes
from orbit_gym.simulation.simulation import Simulation
from orbit_gym.utils.units import HOUR_S
from orbit_gym.world.layout import LASER, World
from orbit_gym.world.nodes import is_satellite, n_satellites

ORBIT_S = (
    5_676.0  # one revolution at 500 km (two-body: 2 pi sqrt(a^3 / mu)), the unit of "per orbit"
)


def episode_metrics(simulation: Simulation, log: BookingLog) -> dict[str, float]:
    """Flat metrics of a finished episode.

    `served_value_fraction` is the headline: value delivered in time / value of tasks feasible on
    the relaxed system (1 where nothing was feasible).
    """
    relaxed = simulation.relaxed_on_time()
    n_decided = relaxed.size
    tasks, plans = simulation.episode.tasks[:n_decided], log.plans[:n_decided]
    is_booked, is_planned_on_time = log.is_booked[:n_decided], plans["on_time"] == 1
    outcomes = task_outcomes(is_planned_on_time, is_booked, simulation.state.is_lost[:n_decided])
    is_delivered, is_lost = outcomes == TaskOutcome.DELIVERED, outcomes == TaskOutcome.LOST
    value = tasks["value"]
    span_s = float(simulation.episode.span_s[1] - simulation.episode.span_s[0])
    metrics = {
        "served_value_fraction": _share(value[is_delivered].sum(), value[relaxed].sum()),
        "delivered_value": float(value[is_delivered].sum()),
        "relaxed_value": float(value[relaxed].sum()),
        "released_value": float(value.sum()),
        "infeasible_value_fraction": 1.0 - _share(value[relaxed].sum(), value.sum()),
        "value_per_orbit": float(value[is_delivered].sum()) * ORBIT_S / span_s,
        "n_released": float(n_decided),
        **{name: float((outcomes == kind).sum()) for kind, name in COUNTS.items()},
        "revoked_value": float(value[is_planned_on_time & is_lost].sum()),
        "n_invalid": float(log.n_invalid),
        "energy_j": float(plans["energy_j"][is_booked].sum()),
    }
    metrics |= _latencies(tasks[is_delivered], plans[is_delivered])
    metrics |= _places(simulation, value[is_delivered], plans[is_delivered])
    metrics |= _usage(simulation, span_s)
    metrics["mean_charge_fraction"] = float(
        charge_fraction(
            simulation.world, simulation.episode, tasks[is_booked], plans[is_booked]
        ).mean()
    )
    metrics |= computed_metrics(DecidedTasks(tasks, plans, outcomes, relaxed, span_s))
    metrics |= _per_class(tasks, relaxed, is_delivered)
    return metrics


def _share(part: float, total: float) -> float:
    return float(part / total) if total > 0.0 else 1.0


def _latencies(tasks: np.ndarray, plans: np.ndarray) -> dict[str, float]:
    """Release to delivery of what was delivered in time."""
    latency_s = plans["delivery_s"] - tasks["release_s"]
    if latency_s.size == 0:
        return {"latency_p50_s": 0.0, "latency_p95_s": 0.0}
    return {
        "latency_p50_s": float(np.percentile(latency_s, 50)),
        "latency_p95_s": float(np.percentile(latency_s, 95)),
    }


def _places(simulation: Simulation, value: np.ndarray, plans: np.ndarray) -> dict[str, float]:
    """Share of the delivered value computed in orbit and on the ground."""
    in_orbit = is_satellite(simulation.world, plans["node"])
    delivered = value.sum()
    return {
        name: float(value[is_there].sum() / delivered) if delivered > 0 else 0.0
        for name, is_there in (
            ("value_on_satellites_fraction", in_orbit),
            ("value_on_ground_fraction", ~in_orbit),
        )
    }


def _usage(simulation: Simulation, span_s: float) -> dict[str, float]:
    """Accelerators, lasers and batteries over the episode; the State is settled on a copy."""
    world = simulation.world
    state = copy_state(simulation.state)
    n_flying = n_satellites(world)
    end_s = float(simulation.episode.span_s[1])
    for unit in range(n_flying):
        advance_to(world, state, unit, end_s)
    units = state.units[:n_flying]
    accelerators = world.accelerators[:n_flying]
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
    """Count laser links that come up or go down within a span.

    Each link is counted once for its two directions.
    """
    events = 0
    for edge in world.edges[world.edges["kind"] == LASER]:
        contacts = world.contacts[edge["first_contact"] : edge["end_contact"]]
        for instants in (contacts["start_s"], contacts["end_s"]):
            events += int(((instants > start_s) & (instants < end_s)).sum())
    return events // 2


def _per_class(
    tasks: np.ndarray, relaxed: np.ndarray, is_delivered: np.ndarray
) -> dict[str, float]:
    """Released, delivered, feasible and served share of every class that was released."""
    metrics: dict[str, float] = {}
    for index, name in enumerate(TASK_CLASSES):
        of_class = tasks["task_class"] == index
        if not of_class.any():
            continue
        n_released, n_delivered = of_class.sum(), (of_class & is_delivered).sum()
        n_feasible = (of_class & relaxed).sum()
        metrics[f"{name}.n_released"] = float(n_released)
        metrics[f"{name}.n_delivered"] = float(n_delivered)
        metrics[f"{name}.feasible_fraction"] = float(n_feasible / n_released)
        metrics[f"{name}.served_value_fraction"] = _share(n_delivered, n_feasible)
    return metrics
