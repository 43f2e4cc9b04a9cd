"""The bilinear scorer: what a plan is worth is linear in the plan's features, with weights that
task and system set.

Two numbers are computed for every plan in time: its cost and what admission says of it, each
``features @ matrix @ setting``. Of the rows that are admitted (not negative) the cheapest is taken;
none means reject. Where nobody offers a plan in time, late plans stand in for them with an
admission of their own, which says no unless it has weights: a late task earns nothing, but it may
bring a model to where the next ones need it. `tuned` (agents.policies.linear_rule) is one setting
of it.
"""

import math
from collections.abc import Mapping

import numpy as np

from agents.policies.linear_rule import (
    BACKLOG,
    CHARGE_MARGIN,
    DELIVERY,
    ENERGY,
    EVICTED,
    FINISH,
    IN_HOPS,
    INPUT,
    LANES,
    LOAD,
    ON_TIME,
    OUT_HOPS,
    PIVOT,
    PRESENT,
    RESULT,
    SATELLITE,
    SERVICE,
    SLACK,
    START,
    SUNLIT,
    TEMPERATURE,
    VALUE,
    WEIGHTS,
    WORK,
    seconds,
)
from agents.utils.jit import inline_kernel
from orbit_gym.observation import COLUMNS, LOG_TIME, RESULT_SIZE

_LOG_LONGEST, _LOG_MOST_KBIT = LOG_TIME.log_limit, RESULT_SIZE.log_limit

NODE, TASK = COLUMNS["nodes"], COLUMNS["task"]
ORIGIN, BUSY, FREE, RESIDENT, TO_CONTACT, TO_ECLIPSE, MARGIN = (
    NODE[name]
    for name in (
        "is_origin",
        "lanes_busy",
        "memory_free",
        "model_resident",
        "time_to_contact",
        "time_to_eclipse",
        "plan_margin",
    )
)
TO_USER, MODEL, SHORT, LONG, INFEASIBLE_RATE = (
    TASK[name]
    for name in (
        "to_user",
        "model_size",
        "offered_load_5min",
        "offered_load_30min",
        "urgent_infeasible_rate",
    )
)

# What is read of a plan and its node; columns are as observed (agents.policies.linear_rule says
# more of those that `tuned` has too).
FEATURES = (
    "one",
    "delivery",
    "backlog",
    "load",
    "evicted",
    "extension",  # minutes by which the plan puts off the end of the node's last booking
    "satellite",
    "energy_eclipse",
    "charge_deficit",
    "transfer",
    "worth",  # ln(value per minute of the whole accelerator that service and load take)
    "work",
    "hole",  # idle minutes that the plan leaves before itself, / 10, at most 1
    "temperature",
    "busy",
    "free",
    "contact",
    "descent",  # delivery less finish, on their log scales: what coming down takes
    "margin",
    "to_eclipse",
    "energy",
    "origin",
    "resident",
)
# What sets the weights: of the task, of all candidates together, and of what was asked lately.
CONTEXT = (
    "one",
    "urgency",  # 1 - slack column
    "whole",  # 1 if it takes all lanes
    "to_user",
    "model",
    "value",
    "system_work",  # mean booked work of the satellites, log scale
    "system_deficit",  # mean of 1 - charge_margin of the satellites
    "residents",  # share of the satellites that hold the model
    "in_time",  # share of candidates whose plan is in time
    "idlest",  # least backlog of a satellite, log scale
    "sunlit",  # share of the satellites in sunlight
    "asked_short",
    "asked_long",
    "overload",  # asked_long above AT_EASE
    "pressed",  # system_work x overload
    "result",  # bits to bring back / 1 Gbit, at most 2
    # least time on a satellite that the result waits after its work and the next contact of any,
    # log scale; 1: none lands
    "down_wait",
    # result x (down_wait - that of a minute): its sign says that there is a queue, so that one
    # weight can act on it alone
    "result_waits",
    "lax",  # 1 if it has more than 77 min of slack
    # lax x (asked_long - FULL): its sign says that more is asked than can be done, so that one
    # weight can act on bulk then
    "lax_load",
    "missing",  # 1 where urgent tasks are being missed, 0 where hardly any is
    "scarce",  # SCARCE less the share of satellites that hold the model, at least 0
)
P, M = len(FEATURES), len(CONTEXT)
HEADS = ("cost", "admit", "late")  # of the weights; "late" is the admission of late plans
ADMIT, LATE = 1, 2  # their places
N_WEIGHTS = len(HEADS) * P * M  # part by part, features by settings
ROOM = (
    M + 3 * P
    # work space behind the weights: kernels here allocate nothing, so one array of weights serves
    # one thread
)
AT_EASE = 0.7  # work asked that twelve satellites carry without queues (choice)
FULL = 1.0  # work asked that takes all satellites all the time
# a model that fewer satellites hold, three of twelve, may be missing where the next task needs it
# (choice)
SCARCE = 0.29
FEW_MISSED, MANY_MISSED = (
    0.05,
    0.15,
)  # shares of urgent tasks between which `missing` rises (choice)
MOST_GBIT = 2.0  # results above this weigh alike (choice: the largest of the catalogue has 0.88)
A_MINUTE = (
    math.log1p(60.0) / _LOG_LONGEST
)  # on the scale of the time columns; a longer wait is a queue (choice)
LONGEST_MIN = (
    10.0  # features in minutes are cut here: longer ones are seen in the columns, on a log scale
)
NAMES = tuple(
    f"{part}.{feature}" + ("" if context == "one" else f"*{context}")
    for part in HEADS
    for feature in FEATURES
    for context in CONTEXT
)
KBIT_IN_GBIT = 1e6
# The same term in the words of agents.policies.linear_rule.
_TUNED = {
    f"cost.{name}_urgent": f"cost.{name}*urgency" for name in ("delivery", "backlog", "satellite")
} | {f"admit.{name}": f"admit.one*{name}" for name in ("system_work", "system_deficit")}


def bilinear_weights(by_name: Mapping[str, float]) -> np.ndarray:
    """Return weights by name as one array (N_WEIGHTS + ROOM,) float64.

    Names are those of NAMES or of agents.policies.linear_rule.WEIGHTS; ValueError names an unknown
    one.
    """
    if unknown := sorted(set(by_name) - set(NAMES) - set(WEIGHTS)):
        raise ValueError(
            f"unknown weight {unknown[0]!r}; choose from {', '.join(NAMES[1:4])} and so on "
            "(agents/policies/bilinear_rule.py)"
        )
    weights = np.zeros(N_WEIGHTS + ROOM)
    for name, value in by_name.items():
        if name == "admit.slack":  # 1 - urgency
            weights[NAMES.index("admit.one")] += value
            weights[NAMES.index("admit.one*urgency")] -= value
        else:
            weights[
                NAMES.index("admit.one" if name == "admit.one" else _TUNED.get(name, name))
            ] += value
    return weights


def named_weights(weights: np.ndarray) -> dict[str, float]:
    """The weights that are not zero, by name."""
    return {
        name: float(value)
        for name, value in zip(NAMES, weights[:N_WEIGHTS], strict=True)
        if value != 0.0
    }


@inline_kernel
def fill_setting(task_row: np.ndarray, node_rows: np.ndarray, out: np.ndarray) -> None:
    """Write CONTEXT (M,) of a decision."""
    count, rows, work, deficit, residents, in_time, sunlit, idlest, contact = (
        0,
        0,
        0.0,
        0.0,
        0.0,
        0.0,
        0.0,
        1.0,
        1.0,
    )
    for k in range(node_rows.shape[0]):
        if node_rows[k, PRESENT] < 0.5:
            continue
        rows += 1
        in_time += node_rows[k, ON_TIME]
        if node_rows[k, SATELLITE] > 0.5:
            count += 1
            work += node_rows[k, WORK]
            deficit += 1.0 - node_rows[k, CHARGE_MARGIN]
            residents += node_rows[k, RESIDENT]
            sunlit += node_rows[k, SUNLIT]
            idlest = min(idlest, node_rows[k, BACKLOG])
            contact = min(contact, node_rows[k, TO_CONTACT])
    share = 1.0 / max(count, 1)
    out[0] = 1.0
    out[1] = 1.0 - task_row[SLACK]
    out[2] = 1.0 if task_row[LANES] > 0.99 else 0.0
    out[3] = task_row[TO_USER]
    out[4] = task_row[MODEL]
    out[5] = task_row[VALUE]
    out[6] = work * share
    out[7] = deficit * share
    out[8] = residents * share
    out[9] = in_time / max(rows, 1)
    out[10] = idlest
    out[11] = sunlit * share
    out[12] = task_row[SHORT]
    out[13] = task_row[LONG]
    out[14] = max(0.0, task_row[LONG] - AT_EASE)
    out[15] = work * share * out[14]
    out[16] = min(math.expm1(task_row[RESULT] * _LOG_MOST_KBIT) / KBIT_IN_GBIT, MOST_GBIT)
    out[17] = _down_wait(node_rows, seconds(contact))
    out[18] = out[16] * (out[17] - A_MINUTE)
    out[19] = 1.0 if task_row[SLACK] > PIVOT else 0.0
    out[20] = out[19] * (task_row[LONG] - FULL)
    out[21] = min(
        max((task_row[INFEASIBLE_RATE] - FEW_MISSED) / (MANY_MISSED - FEW_MISSED), 0.0), 1.0
    )
    out[22] = max(0.0, SCARCE - out[8])


@inline_kernel
def _down_wait(node_rows: np.ndarray, contact_s: float) -> float:
    """Return how long a plan on a satellite waits for the way down, on a log scale.

    The least time by which it lands after both its work and the next contact; 1 where none does.
    """
    least = 1.0
    for k in range(node_rows.shape[0]):
        row = node_rows[k]
        if row[SATELLITE] > 0.5 and row[PRESENT] > 0.5 and row[DELIVERY] > 0.0:
            wait_s = seconds(row[DELIVERY]) - max(seconds(row[FINISH]), contact_s)
            least = min(least, math.log1p(max(0.0, wait_s)) / _LOG_LONGEST)
    return least


@inline_kernel
def fill_features(
    task_row: np.ndarray, service_min: float, row: np.ndarray, out: np.ndarray
) -> None:
    """Write FEATURES (P,) of one node row."""
    backlog_min, satellite = seconds(row[BACKLOG]) / 60.0, row[SATELLITE]
    out[0] = 1.0
    out[1] = row[DELIVERY]
    out[2] = row[BACKLOG]
    out[3] = row[LOAD]
    out[4] = row[EVICTED]
    out[5] = max(0.0, seconds(row[FINISH]) / 60.0 - backlog_min)
    out[6] = satellite
    out[7] = row[ENERGY] * satellite * (1.0 - row[SUNLIT])
    out[8] = 1.0 - row[CHARGE_MARGIN]
    out[9] = row[IN_HOPS] * task_row[INPUT] + row[OUT_HOPS] * task_row[RESULT]
    out[10] = math.log(
        max(task_row[VALUE], 1e-6) / max(task_row[LANES] * service_min + row[LOAD], 1e-6)
    )
    out[11] = row[WORK]
    out[12] = (
        min(max(0.0, seconds(row[START]) / 60.0 - backlog_min - row[LOAD]), LONGEST_MIN)
        / LONGEST_MIN
    )
    out[13] = row[TEMPERATURE]
    out[14] = row[BUSY]
    out[15] = row[FREE]
    out[16] = row[TO_CONTACT]
    out[17] = row[DELIVERY] - row[FINISH]
    out[18] = row[MARGIN]
    out[19] = row[TO_ECLIPSE]
    out[20] = row[ENERGY] * satellite
    out[21] = row[ORIGIN]
    out[22] = row[RESIDENT]


@inline_kernel
def any_in_time(node_rows: np.ndarray) -> bool:
    """Whether some row's plan is in time."""
    for k in range(node_rows.shape[0]):
        if node_rows[k, ON_TIME] > 0.5:
            return True
    return False


@inline_kernel
def fill_weights(task_row: np.ndarray, node_rows: np.ndarray, weights: np.ndarray) -> bool:
    """Work out the decision's context and with it the weights of FEATURES.

    Those of cost and admission, in the room behind weights.

    True where no plan is in time: the admission is that of late plans then, 1 less than its weights
    say.
    """
    room = weights[N_WEIGHTS:]
    setting, cost_of, says_of = room[:M], room[M : M + P], room[M + P : M + 2 * P]
    fill_setting(task_row, node_rows, setting)
    is_late = not any_in_time(node_rows)
    part = LATE if is_late else ADMIT
    for p in range(P):
        cost_of[p] = 0.0
        says_of[p] = 0.0
        for q in range(M):
            cost_of[p] += weights[p * M + q] * setting[q]
            says_of[p] += weights[(part * P + p) * M + q] * setting[q]
    if is_late:
        says_of[0] -= 1.0  # of the feature "one"
    return is_late


@inline_kernel
def cost_and_admission(
    task_row: np.ndarray, service_min: float, row: np.ndarray, weights: np.ndarray
) -> tuple[float, float]:
    """Return the cost of a node row and its admission score.

    Negative where it is not admitted; after fill_weights.
    """
    room = weights[N_WEIGHTS + M :]
    cost_of, says_of, features = room[:P], room[P : 2 * P], room[2 * P : 3 * P]
    fill_features(task_row, service_min, row, features)
    cost, says = 0.0, 0.0
    for p in range(P):
        cost += features[p] * cost_of[p]
        says += features[p] * says_of[p]
    return cost, says


@inline_kernel
def choose_bilinear(
    task_row: np.ndarray, node_rows: np.ndarray, mask: np.ndarray, weights: np.ndarray
) -> int:
    """Action for one observation, weights (N_WEIGHTS + ROOM,); the number of rows rejects."""
    n = node_rows.shape[0]
    is_late = fill_weights(task_row, node_rows, weights)
    service_min = seconds(task_row[SERVICE]) / 60.0
    best, least = n, math.inf
    for k in range(n):
        if not mask[k] or (node_rows[k, ON_TIME] < 0.5 and not is_late):
            continue
        cost, says = cost_and_admission(task_row, service_min, node_rows[k], weights)
        if says >= 0.0 and cost < least:
            best, least = k, cost
    return best
