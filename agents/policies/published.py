"""Two published schedulers as rules that read one encoded observation: PHOENIX and Equinox, adapted
to plan-and-book.

What is known of both is their abstracts and public summaries; nothing was copied from their code.
Free parameters are tuned like the tuned rule's weights, by the same command with the same budget.

**PHOENIX** (Liu et al., INFOCOM 2024, arXiv 2407.07337). Published: tasks are run locally, on
    "sunlight-sufficient" satellites or on the
ground so that batteries stay shallow (least depth of discharge) while deadlines hold. Here: of
    the plans in time, the one of least cost in
energy that the service draws in eclipse, depth of charge, leaving the origin, going to the
    ground, and delay, which breaks ties.
The published scheduler plans batches over known arrivals in three stages (orbit, offloading,
    processing); ours decides
task by task, as everything here must. It rejects only what nobody can deliver in time.

**Equinox** (Erol and Mahajan, arXiv 2604.19958). Published: every node folds charge, heat and
    queue into one marginal cost by a barrier
that rises sharply near the limits; a task runs only if its value exceeds that cost, and moves
    to a neighbour whose cost is lower. Here:
the barrier's slope u / (1 - u), of each share u of a limit, times the minutes that service and
    model load take; all candidates count as
neighbours, at a price a hop, so that a task stays where it is unless another is cheaper by more
    than the way there. The exact barrier
is not public in what we read, so form and prices are ours. Published Equinox knows no deadline;
    here only plans in time compete.
"""

import math

import numpy as np

from agents.policies.linear_rule import (
    BACKLOG,
    CHARGE_MARGIN,
    DELIVERY,
    ENERGY,
    FINISH,
    IN_HOPS,
    LANES,
    LOAD,
    NODE,
    ON_TIME,
    OUT_HOPS,
    SATELLITE,
    SERVICE,
    START,
    SUNLIT,
    TEMPERATURE,
    VALUE,
    seconds,
)
from agents.utils.jit import inline_kernel
from orbit_gym.observation import ENERGY as ENERGY_SCALE
from orbit_gym.observation import HOPS, TIME
from orbit_gym.observation import VALUE as VALUE_SCALE

_LONGEST_S, _LOG_MOST_J, _HOPS, _VALUE = (
    TIME.per,
    ENERGY_SCALE.log_limit,
    HOPS.per,
    VALUE_SCALE.per,
)
ORIGIN, TO_ECLIPSE, TO_SUNLIGHT = (
    NODE[name] for name in ("is_origin", "time_to_eclipse", "time_to_sunlight")
)
PHOENIX = ("drawn", "depth", "away", "ground", "delay")
# Prices of charge, heat and queue (value per minute), the queue that counts as its limit (minutes),
# and the price of a hop (value): all positive, so their natural logarithms are tuned.
EQUINOX = ("log_charge", "log_heat", "log_queue", "log_queue_limit", "log_hop")
DRAWN_UNIT_J = 1e4  # choice: some 50 s of a 200 W accelerator, so that weights are of order 1


@inline_kernel
def eclipse_share(row: np.ndarray) -> float:
    """Return the share of the plan's service that lies in eclipse.

    Its model load included, as far as the next change of light tells.
    """
    start_s, end_s = seconds(row[START]) - 60.0 * row[LOAD], seconds(row[FINISH])
    if row[SUNLIT] > 0.5:
        dark_from_s, dark_to_s = _LONGEST_S * row[TO_ECLIPSE], math.inf
    else:
        dark_from_s, dark_to_s = 0.0, _LONGEST_S * row[TO_SUNLIGHT]
    dark_s = max(0.0, min(end_s, dark_to_s) - max(start_s, dark_from_s))
    return min(dark_s / max(end_s - start_s, 1e-3), 1.0)


@inline_kernel
def _battery_cost(row: np.ndarray, weights: np.ndarray) -> float:
    """Weighted sum of the PHOENIX terms of one node row."""
    cost = weights[4] * row[DELIVERY]
    if row[ORIGIN] < 0.5:
        cost += weights[2]
    if row[SATELLITE] < 0.5:
        return cost + weights[3]
    drawn_j = eclipse_share(row) * math.expm1(row[ENERGY] * _LOG_MOST_J)
    return cost + weights[0] * drawn_j / DRAWN_UNIT_J + weights[1] * (1.0 - row[CHARGE_MARGIN])


@inline_kernel
def choose_phoenix(
    task_row: np.ndarray, node_rows: np.ndarray, mask: np.ndarray, weights: np.ndarray
) -> int:
    """Action of PHOENIX for one observation, arguments as of `scoring.choose`.

    weights (len(PHOENIX),).
    """
    best, best_cost = node_rows.shape[0], math.inf
    for k in range(node_rows.shape[0]):
        if mask[k] and node_rows[k, ON_TIME] > 0.5:
            cost = _battery_cost(node_rows[k], weights)
            if cost < best_cost:
                best, best_cost = k, cost
    return best


@inline_kernel
def _slope(used_fraction: float) -> float:
    """Return the marginal cost of a share of a limit.

    None when nothing is used, without bound at the limit.
    """
    share = min(max(used_fraction, 0.0), 0.999)
    return share / (1.0 - share)


@inline_kernel
def _marginal_cost(task_row: np.ndarray, row: np.ndarray, weights: np.ndarray) -> float:
    """What running the task at one node row costs, in units of value."""
    price = math.exp(weights[0]) * _slope(1.0 - row[CHARGE_MARGIN]) + math.exp(weights[1]) * _slope(
        row[TEMPERATURE]
    )
    price += math.exp(weights[2]) * _slope(seconds(row[BACKLOG]) / (60.0 * math.exp(weights[3])))
    taken_min = task_row[LANES] * seconds(task_row[SERVICE]) / 60.0 + row[LOAD]
    return price * taken_min + math.exp(weights[4]) * _HOPS * (row[IN_HOPS] + row[OUT_HOPS])


@inline_kernel
def choose_equinox(
    task_row: np.ndarray, node_rows: np.ndarray, mask: np.ndarray, weights: np.ndarray
) -> int:
    """Action of Equinox for one observation, arguments as of `scoring.choose`.

    weights (len(EQUINOX),).
    """
    n = node_rows.shape[0]
    best, best_cost = n, math.inf
    for k in range(n):
        if mask[k] and node_rows[k, ON_TIME] > 0.5:
            cost = _marginal_cost(task_row, node_rows[k], weights)
            if cost < best_cost:
                best, best_cost = k, cost
    return best if _VALUE * task_row[VALUE] > best_cost else n
