"""The tuned rule: a linear cost over what an observation shows of each plan, and a linear test that
admits the task.

Only plans in time compete, since a late one earns nothing, and only rows that admit the task:
admission compares its value with the time it takes there and with how full row and system look. Of
these the row of least cost is taken (ties to the lowest row); none means reject. Everything is read
from one encoded observation; the weights are a plain float64 vector in the order of WEIGHTS.
"""

import math

import numpy as np

from agents.utils.jit import inline_kernel, threaded_kernel
from orbit_gym.observation import COLUMNS, LOG_TIME

LOG_LONGEST = LOG_TIME.log_limit
NODE, TASK = COLUMNS["nodes"], COLUMNS["task"]
SERVICE, LANES, SLACK, VALUE, INPUT, RESULT = (
    TASK[name] for name in ("service", "lanes", "slack", "value", "input_size", "result_size")
)
PRESENT, SATELLITE, SUNLIT, CHARGE_MARGIN, TEMPERATURE = (
    NODE[name] for name in ("present", "is_satellite", "sunlit", "charge_margin", "temperature")
)
BACKLOG, WORK, EVICTED = (NODE[name] for name in ("backlog", "booked_work", "evicted"))
ON_TIME, LOAD, START, FINISH, DELIVERY = (
    NODE[name]
    for name in ("plan_on_time", "plan_load", "plan_start", "plan_finish", "plan_delivery")
)
ENERGY, IN_HOPS, OUT_HOPS = (
    NODE[name] for name in ("plan_energy", "plan_input_hops", "plan_result_hops")
)

# Terms of the cost of a row; `urgency` is 1 - slack column: 1 for no slack, 0 for two hours (log
# scale, as the column).
COST = (
    "delivery",  # plan_delivery, log scale
    "delivery_urgent",  # x urgency
    "backlog",  # until its last booking ends, log scale
    "backlog_urgent",  # x urgency
    "load",  # model load that the plan contains, minutes
    "evicted",  # share of memory evicted
    "extension",  # minutes by which the plan puts off the end of the node's last booking
    "satellite",  # 1 on a satellite, 0 on the ground
    "satellite_urgent",  # x urgency
    "energy_eclipse",  # plan_energy if the satellite is in eclipse
    "charge_deficit",  # 1 - charge_margin
    "transfer",  # input hops x input size + result hops x result size, columns as they are
)
# Terms of the admission; a row competes if their weighted sum is not negative. First those of task
# and system, then those of the row.
SYSTEM = (
    "one",
    "system_work",  # mean booked work of the satellites, log scale
    "system_deficit",  # mean of 1 - charge_margin of the satellites
    "slack",  # slack column
)
ROW = (
    "worth",  # ln(value per minute of the whole accelerator that service and load take)
    "backlog",  # until its last booking ends, log scale
    "charge_deficit",  # 1 - charge_margin
    "satellite",  # 1 on a satellite, 0 on the ground
)
WEIGHTS = (*(f"cost.{name}" for name in COST), *(f"admit.{name}" for name in SYSTEM + ROW))
N_COST, N_SYSTEM = len(COST), len(SYSTEM)
# slack column of 77 min: bulk (1-2 h) has more; of all else, only scenes where their slack is
# doubled
PIVOT = 0.95


def weights_of(**weights: float) -> np.ndarray:
    """Weights (len(WEIGHTS),) float64, zero except those given.

    "cost_load" stands for cost.load.
    """
    by_name = {name.replace("_", ".", 1): value for name, value in weights.items()}
    if unknown := sorted(set(by_name) - set(WEIGHTS)):
        raise ValueError(f"unknown weight {unknown[0]!r}; choose from {', '.join(WEIGHTS)}")
    return np.array([by_name.get(name, 0.0) for name in WEIGHTS])


# Where tuning starts, by hand: work that puts off a node's end least, a price of admission that
# rises with the work booked.
UNTUNED = weights_of(
    cost_delivery=0.1,
    cost_extension=1.0,
    cost_evicted=0.3,
    admit_worth=1.0,
    admit_system_work=-2.0,
    admit_one=2.5,
)
EFT_ADMIT = weights_of(cost_delivery=1.0, admit_one=1.0)  # this rule is `eft_admit` exactly


@inline_kernel
def seconds(column: float) -> float:
    """Seconds behind a time column, log1p(s) / log1p(7200)."""
    return math.expm1(column * LOG_LONGEST)


@inline_kernel
def extension_min(row: np.ndarray) -> float:
    """Minutes by which the plan of a node row (F,) puts off the end of the node's last booking.

    0 in a gap or beside others.
    """
    return max(0.0, seconds(row[FINISH]) - seconds(row[BACKLOG])) / 60.0


@inline_kernel
def _cost(task_row: np.ndarray, row: np.ndarray, weights: np.ndarray) -> float:
    """Weighted sum of the COST terms of one node row."""
    urgency = 1.0 - task_row[SLACK]
    cost = weights[0] * row[DELIVERY] + weights[1] * row[DELIVERY] * urgency
    cost += weights[2] * row[BACKLOG] + weights[3] * row[BACKLOG] * urgency
    cost += weights[4] * row[LOAD] + weights[5] * row[EVICTED] + weights[6] * extension_min(row)
    cost += weights[7] * row[SATELLITE] + weights[8] * row[SATELLITE] * urgency
    cost += weights[9] * row[ENERGY] * row[SATELLITE] * (1.0 - row[SUNLIT]) + weights[10] * (
        1.0 - row[CHARGE_MARGIN]
    )
    return cost + weights[11] * (row[IN_HOPS] * task_row[INPUT] + row[OUT_HOPS] * task_row[RESULT])


@inline_kernel
def _welcome(task_row: np.ndarray, node_rows: np.ndarray, weights: np.ndarray) -> float:
    """Weighted sum of the SYSTEM terms: the same for every row."""
    count, work, deficit = 0, 0.0, 0.0
    for k in range(node_rows.shape[0]):
        if node_rows[k, PRESENT] > 0.5 and node_rows[k, SATELLITE] > 0.5:
            count += 1
            work += node_rows[k, WORK]
            deficit += 1.0 - node_rows[k, CHARGE_MARGIN]
    a, share = N_COST, 1.0 / max(count, 1)
    return (
        weights[a]
        + weights[a + 1] * work * share
        + weights[a + 2] * deficit * share
        + weights[a + 3] * task_row[SLACK]
    )


@inline_kernel
def _worth(task_row: np.ndarray, service_min: float, row: np.ndarray, weights: np.ndarray) -> float:
    """Weighted sum of the ROW terms of one node row."""
    a = N_COST + N_SYSTEM
    worth = math.log(
        max(task_row[VALUE], 1e-6) / max(task_row[LANES] * service_min + row[LOAD], 1e-6)
    )
    says = weights[a] * worth + weights[a + 1] * row[BACKLOG]
    return says + weights[a + 2] * (1.0 - row[CHARGE_MARGIN]) + weights[a + 3] * row[SATELLITE]


@inline_kernel
def choose(
    task_row: np.ndarray, node_rows: np.ndarray, mask: np.ndarray, weights: np.ndarray
) -> int:
    """Return the action for one observation; n rejects.

    task_row (T,), node_rows (n, F) float32, mask (n + 1,) bool, weights (len(WEIGHTS),).

    Never a masked row.
    """
    n = node_rows.shape[0]
    welcome = _welcome(task_row, node_rows, weights)
    service_min = seconds(task_row[SERVICE]) / 60.0
    best, best_cost = n, math.inf
    for k in range(n):
        if (
            mask[k]
            and node_rows[k, ON_TIME] > 0.5
            and welcome + _worth(task_row, service_min, node_rows[k], weights) >= 0.0
        ):
            cost = _cost(task_row, node_rows[k], weights)
            if cost < best_cost:
                best, best_cost = k, cost
    return best


@threaded_kernel
def choose_many(
    task_rows: np.ndarray,
    node_rows: np.ndarray,
    masks: np.ndarray,
    weights: np.ndarray,
    out: np.ndarray,
) -> None:
    """Choose for a batch.

    task_rows (B, T), node_rows (B, n, F), masks (B, n + 1), out (B,) int64.
    """
    for i in range(out.size):
        out[i] = choose(task_rows[i], node_rows[i], masks[i], weights)
