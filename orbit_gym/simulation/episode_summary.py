"""What reports show of one finished episode beside its metrics: use and charge over time, outcomes,
latencies, where tasks ran.

NumPy over the log of bookings, once at an episode's end, off the step path.
"""

from typing import NamedTuple

import numpy as np

from orbit_gym.kernels.episode import Episode
from orbit_gym.scenario.task_classes import TASK_CLASSES
from orbit_gym.simulation.booking_log import BookingLog
from orbit_gym.simulation.outcomes import TaskOutcome, task_outcomes
from orbit_gym.world.layout import World
from orbit_gym.world.nodes import datacentre_index, is_satellite, n_datacentres, n_satellites

N_BINS = 60  # of the episode, 95 s each where it lasts 5,700 s
SUBSTEPS = 10  # of a bin, for the charge: a full battery is noticed within 9.5 s
MOST_GROUPS = 24  # rows of a picture; more satellites are shown in blocks of equal size
LATENCY_EDGES_S = np.logspace(
    -1.0, 4.0, 51
)  # ten bins a decade; shorter ones count in the first, longer ones in the last
PLACES = ("where it appeared", "another satellite", "datacentre", "rejected")


class Details(NamedTuple):
    """Arrays of one episode; groups are satellites, or blocks of them (satellite_groups)."""

    utilisation: np.ndarray  # (n_bins,) booked share of all satellites' lanes
    charge: (
        np.ndarray
    )  # (n_bins + 1,) mean charge of the satellites at the bins' edges, fraction of capacity
    least_charge: np.ndarray  # (n_bins + 1,) the same of the satellite with the least
    sunlit: np.ndarray  # (n_bins,) share of satellites in sunlight at the bin's middle
    group_utilisation: np.ndarray  # (n_groups, n_bins)
    group_charge: np.ndarray  # (n_groups, n_bins + 1)
    outcomes: np.ndarray  # (n_classes, 4) int64, tasks by OUTCOME_NAMES
    places: np.ndarray  # (n_classes, 4) int64, tasks by PLACES
    latencies: np.ndarray  # (n_classes, 50) int64, tasks delivered in time by LATENCY_EDGES_S
    # (n_groups + 1, n_groups + n_datacentres + 1) int64, tasks from group or users to group,
    # datacentre or rejected
    flow: np.ndarray


def episode_details(
    world: World, episode: Episode, log: BookingLog, is_lost: np.ndarray
) -> Details:
    """Details of a finished episode.

    is_lost (n_tasks,) bool is what faults have taken back, or empty where they are off.
    """
    start_s, end_s = (float(instant) for instant in episode.span_s)
    n_decided = int(np.searchsorted(episode.tasks["release_s"], end_s))
    tasks, plans = episode.tasks[:n_decided], log.plans[:n_decided]
    is_booked = log.is_booked[:n_decided]
    edges_s = np.linspace(start_s, end_s, N_BINS + 1)
    n_flying = n_satellites(world)
    busy_s = busy_lane_s(world, tasks[is_booked], plans[is_booked], edges_s)[:n_flying]
    utilisation = busy_s / world.accelerators["lanes"][:n_flying, None] / np.diff(edges_s)
    charge = charge_fraction(world, episode, tasks[is_booked], plans[is_booked])
    outcomes = task_outcomes(plans["on_time"] == 1, is_booked, is_lost[:n_decided])
    is_delivered = outcomes == TaskOutcome.DELIVERED
    groups = satellite_groups(n_flying)
    return Details(
        utilisation=utilisation.mean(axis=0),
        charge=charge.mean(axis=0),
        least_charge=charge.min(axis=0),
        sunlit=sunlit_fraction(world, 0.5 * (edges_s[1:] + edges_s[:-1])),
        group_utilisation=_by_group(utilisation, groups),
        group_charge=_by_group(charge, groups),
        outcomes=_count(tasks["task_class"], outcomes, len(TaskOutcome)),
        places=_count(tasks["task_class"], _places(world, tasks, plans, is_booked), len(PLACES)),
        latencies=_count(
            tasks["task_class"][is_delivered],
            _latency_bin(tasks[is_delivered], plans[is_delivered]),
            LATENCY_EDGES_S.size - 1,
        ),
        flow=_flow(world, tasks, plans, is_booked, groups),
    )


def satellite_groups(count: int) -> np.ndarray:
    """Return the group of each satellite, (count,) int64.

    Itself, or its block where there are more than MOST_GROUPS.
    """
    size = -(-count // MOST_GROUPS)
    return np.arange(count) // size


# --- accelerators and batteries over time


def busy_lane_s(
    world: World, tasks: np.ndarray, plans: np.ndarray, edges_s: np.ndarray
) -> np.ndarray:
    """Lane-seconds of these bookings in each bin, (n_accelerators, n_bins).

    Loads take every lane, from load_start_s to start_s.
    """
    unit = plans["accelerator"]
    every = world.accelerators["lanes"][unit].astype(np.float64)
    lanes = np.where(tasks["one_lane"] == 1, 1.0, every)
    loads = plans["load_s"] > 0.0
    n_units = world.accelerators.size
    served_s = binned(unit, plans["start_s"], plans["finish_s"], lanes, n_units, edges_s)
    return served_s + binned(
        unit[loads],
        plans["load_start_s"][loads],
        plans["start_s"][loads],
        every[loads],
        n_units,
        edges_s,
    )


def binned(
    row: np.ndarray,
    start_s: np.ndarray,
    end_s: np.ndarray,
    weight: np.ndarray,
    n_rows: int,
    edges_s: np.ndarray,
) -> np.ndarray:
    """Integrate weights over n equal bins, (n_rows, n).

    In each: the sum of the weights whose interval [start_s, end_s) is in progress.
    """
    n_bins, width_s = edges_s.size - 1, float(edges_s[1] - edges_s[0])
    first, rising = np.zeros((n_rows, n_bins + 1)), np.zeros((n_rows, n_bins + 1))
    for instants, sign in ((start_s, 1.0), (end_s, -1.0)):
        at_s = np.clip(instants - edges_s[0], 0.0, n_bins * width_s)
        index = np.minimum((at_s // width_s).astype(np.int64), n_bins - 1)
        np.add.at(first, (row, index), sign * weight * ((index + 1) * width_s - at_s))
        np.add.at(rising, (row, index + 1), sign * weight * width_s)
    return (first + np.cumsum(rising, axis=1))[:, :n_bins]


def charge_fraction(
    world: World, episode: Episode, tasks: np.ndarray, plans: np.ndarray
) -> np.ndarray:
    """Return the charge of each satellite at the edges of bins, (n_satellites, n_bins + 1).

    Initial charge, baseline and these bookings.

    What faults have lost still counts as computing here. Exact but for the instant at which a
    battery becomes full.
    """
    n_flying = n_satellites(world)
    edges_s = np.linspace(float(episode.span_s[0]), float(episode.span_s[1]), N_BINS * SUBSTEPS + 1)
    accelerators = world.accelerators[:n_flying]
    lane_w = (accelerators["dynamic_w"] / accelerators["lanes"])[:, None]
    spent_j = np.cumsum(busy_lane_s(world, tasks, plans, edges_s)[:n_flying] * lane_w, axis=1)
    gained_j = baseline_j(world, edges_s) - np.pad(spent_j, ((0, 0), (1, 0)))
    capacity_j, first_j = accelerators["capacity_j"][:, None], episode.initial_charge_j[:, None]
    # min(charge + step, capacity) repeated is a reflection: the sum of all steps, lowered by its
    # largest excess so far
    charge_j = gained_j + np.minimum.accumulate(np.minimum(first_j, capacity_j - gained_j), axis=1)
    return (charge_j / capacity_j)[:, ::SUBSTEPS]


def baseline_j(world: World, times_s: np.ndarray) -> np.ndarray:
    """Return array energy minus baseline from the first time to each, (n_satellites, n_times).

    A full battery is not counted.
    """
    rows = []
    for first, end in zip(world.power_offsets[:-1], world.power_offsets[1:]):
        power = world.power[first:end]
        breaks_s = np.append(power["start_s"], max(times_s[-1], power["start_s"][-1]) + 1.0)
        sums_j = np.concatenate([[0.0], np.cumsum(power["net_w"] * np.diff(breaks_s))])
        rows.append(np.interp(times_s, breaks_s, sums_j))
    total_j = np.array(rows)
    return total_j - total_j[:, :1]


def sunlit_fraction(world: World, times_s: np.ndarray) -> np.ndarray:
    """Share of the satellites in sunlight, (n_times,)."""
    total = np.zeros(times_s.size)
    for first, end in zip(world.power_offsets[:-1], world.power_offsets[1:]):
        power = world.power[first:end]
        total += power["is_sunlit"][np.searchsorted(power["start_s"], times_s, side="right") - 1]
    return total / (world.power_offsets.size - 1)


# --- counts


def _places(
    world: World, tasks: np.ndarray, plans: np.ndarray, is_booked: np.ndarray
) -> np.ndarray:
    """Index into PLACES of every task."""
    node = plans["node"]
    places = np.where(is_satellite(world, node), np.where(node == tasks["origin"], 0, 1), 2)
    return np.where(is_booked, places, 3)


def _latency_bin(tasks: np.ndarray, plans: np.ndarray) -> np.ndarray:
    bins = (
        np.searchsorted(LATENCY_EDGES_S, plans["delivery_s"] - tasks["release_s"], side="left") - 1
    )
    return np.clip(bins, 0, LATENCY_EDGES_S.size - 2)


def _count(rows: np.ndarray, columns: np.ndarray, n_columns: int) -> np.ndarray:
    """How often each pair occurs, (n_classes, n_columns)."""
    counts = np.zeros((len(TASK_CLASSES), n_columns), np.int64)
    np.add.at(counts, (rows, columns), 1)
    return counts


def _flow(
    world: World, tasks: np.ndarray, plans: np.ndarray, is_booked: np.ndarray, groups: np.ndarray
) -> np.ndarray:
    last, n_groups = n_satellites(world) - 1, int(groups[-1]) + 1
    origin = tasks["origin"]
    rows = np.where(is_satellite(world, origin), groups[np.minimum(origin, last)], n_groups)
    node = plans["node"]
    on_ground = n_groups + datacentre_index(world, node)
    columns = np.where(is_satellite(world, node), groups[np.clip(node, 0, last)], on_ground)
    counts = np.zeros((n_groups + 1, n_groups + n_datacentres(world) + 1), np.int64)
    np.add.at(counts, (rows, np.where(is_booked, columns, counts.shape[1] - 1)), 1)
    return counts


def _by_group(values: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Mean over the satellites of each group, (n_groups, n_bins)."""
    starts = np.flatnonzero(np.diff(groups, prepend=-1))
    return np.add.reduceat(values, starts, axis=0) / np.bincount(groups)[:, None]
