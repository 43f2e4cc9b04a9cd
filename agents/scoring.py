"""The tuned rule: a linear cost over what an observation shows of each plan, and a linear test that admits the task.

Only plans in time compete, since a late one earns nothing. Of these the row of least cost is taken (ties to the lowest row), if the
task is admitted there: admission compares its value with the time it takes and with how full the system looks. Everything is
read from one encoded observation; the weights are a plain float64 vector in the order of WEIGHTS.
"""

import math

import numpy as np

from agents.jit import inlined, shared
from orbit_gym.encoding import LONGEST_S
from orbit_gym.observation import COLUMNS

NODE, TASK = COLUMNS["nodes"], COLUMNS["task"]
SERVICE, LANES, SLACK, VALUE = (TASK[name] for name in ("service", "lanes", "slack", "value"))
INPUT, RESULT = TASK["input_size"], TASK["result_size"]
PRESENT, SATELLITE, SUNLIT, CHARGE_MARGIN, TEMPERATURE = (
    NODE[name] for name in ("present", "is_satellite", "sunlit", "charge_margin", "temperature")
)
BUSY, BACKLOG, WORK, RESIDENT, FREE, EVICTED = (
    NODE[name] for name in ("lanes_busy", "backlog", "booked_work", "model_resident", "memory_free", "evicted")
)
ON_TIME, LOAD, START, FINISH, DELIVERY, MARGIN = (
    NODE[name] for name in ("plan_on_time", "plan_load", "plan_start", "plan_finish", "plan_delivery", "plan_margin")
)
ENERGY, IN_HOPS, OUT_HOPS = (NODE[name] for name in ("plan_energy", "plan_input_hops", "plan_result_hops"))

# Terms of the cost of a row; `urgency` is 1 - slack column: 1 for no slack, 0 for two hours (log scale, as the column).
COST = (
    "delivery",  # plan_delivery, log scale
    "delivery_urgent",  # x urgency
    "finish",  # plan_finish, log scale
    "load",  # model load that the plan contains, minutes
    "load_idle",  # x share of memory free: nothing is lost by filling it
    "evicted",  # share of memory evicted
    "backlog",  # until its last booking ends, log scale
    "backlog_urgent",  # x urgency
    "work",  # booked work, log scale
    "work_urgent",  # x urgency
    "extension",  # seconds by which the plan puts off the node's last finish, minutes
    "extension_loaded",  # x mean booked work of all candidates
    "hole",  # idle time that the plan leaves before itself on that node, minutes, at most 2
    "lanes_joined",  # lanes busy there already, for a task that takes one
    "satellite",  # 1 on a satellite, 0 on the ground
    "satellite_urgent",  # x urgency
    "energy_eclipse",  # plan_energy in eclipse
    "charge_deficit",  # 1 - charge_margin
    "heat",  # temperature column
    "hops_input",  # input hops x input size
    "hops_result",  # result hops x result size
    "tightness",  # 1 - plan_margin
)
# Terms of the admission; the task is admitted if their weighted sum is not negative.
ADMISSION = (
    "one",
    "worth",  # ln(value per minute of the whole accelerator that service and load take)
    "system_work",  # mean booked work of the satellites, log scale
    "system_backlog",  # least backlog of the satellites, log scale
    "row_backlog",  # backlog of the chosen row, log scale
    "row_work",  # booked work of the chosen row, log scale
    "row_extension",  # extension of the chosen row, minutes
    "row_load",  # model load of the chosen row, minutes
    "slack",  # slack column
    "lanes",  # lanes column
)
WEIGHTS = (*(f"cost.{name}" for name in COST), *(f"admit.{name}" for name in ADMISSION))
N_COST = len(COST)
_LOG_LONGEST = math.log1p(LONGEST_S)


def named(**weights: float) -> np.ndarray:
    """Weights (len(WEIGHTS),) float64, zero except those given; "cost_load" stands for cost.load."""
    given = {name.replace("_", ".", 1): value for name, value in weights.items()}
    if unknown := sorted(set(given) - set(WEIGHTS)):
        raise ValueError(f"unknown weight {unknown[0]!r}; choose from {', '.join(WEIGHTS)}")
    return np.array([given.get(name, 0.0) for name in WEIGHTS])


EFT_ADMIT = named(cost_delivery=1.0, admit_one=1.0)  # this rule is `eft_admit` exactly


@inlined
def seconds(column: float) -> float:
    """Seconds behind a time column, log1p(s) / log1p(7200)."""
    return math.expm1(column * _LOG_LONGEST)


@inlined
def extension_min(row: np.ndarray) -> float:
    """Minutes by which the plan of a node row (F,) puts off the end of the node's last booking; 0 in a gap or beside others."""
    return max(0.0, seconds(row[FINISH]) - seconds(row[BACKLOG])) / 60.0


@inlined
def _cost(task_row: np.ndarray, row: np.ndarray, mean_work: float, weights: np.ndarray) -> float:
    """Weighted sum of the COST terms of one node row."""
    urgency = 1.0 - task_row[SLACK]
    longer = extension_min(row)
    hole = max(0.0, seconds(row[START]) - seconds(row[BACKLOG])) / 60.0 - row[LOAD]
    cost = weights[0] * row[DELIVERY] + weights[1] * row[DELIVERY] * urgency + weights[2] * row[FINISH]
    cost += weights[3] * row[LOAD] + weights[4] * row[LOAD] * row[FREE] + weights[5] * row[EVICTED]
    cost += weights[6] * row[BACKLOG] + weights[7] * row[BACKLOG] * urgency
    cost += weights[8] * row[WORK] + weights[9] * row[WORK] * urgency
    cost += weights[10] * longer + weights[11] * longer * mean_work + weights[12] * min(max(hole, 0.0), 2.0)
    cost += weights[13] * (row[BUSY] if task_row[LANES] < 1.0 else 0.0)
    cost += weights[14] * row[SATELLITE] + weights[15] * row[SATELLITE] * urgency
    cost += weights[16] * row[ENERGY] * row[SATELLITE] * (1.0 - row[SUNLIT])
    cost += weights[17] * (1.0 - row[CHARGE_MARGIN]) + weights[18] * row[TEMPERATURE]
    cost += weights[19] * row[IN_HOPS] * task_row[INPUT] + weights[20] * row[OUT_HOPS] * task_row[RESULT]
    return cost + weights[21] * (1.0 - row[MARGIN])


@inlined
def _admits(task_row: np.ndarray, row: np.ndarray, mean_work: float, least_backlog: float, weights: np.ndarray) -> bool:
    """Whether the weighted sum of the ADMISSION terms says yes to the task at this row."""
    taken_min = task_row[LANES] * seconds(task_row[SERVICE]) / 60.0 + row[LOAD]
    worth = math.log(max(task_row[VALUE], 1e-6) / max(taken_min, 1e-6))
    a = N_COST
    says = weights[a] + weights[a + 1] * worth + weights[a + 2] * mean_work + weights[a + 3] * least_backlog
    says += weights[a + 4] * row[BACKLOG] + weights[a + 5] * row[WORK] + weights[a + 6] * extension_min(row)
    says += weights[a + 7] * row[LOAD] + weights[a + 8] * task_row[SLACK] + weights[a + 9] * task_row[LANES]
    return says >= 0.0


@inlined
def choose(task_row: np.ndarray, node_rows: np.ndarray, mask: np.ndarray, weights: np.ndarray) -> int:
    """Action for one observation: task_row (T,), node_rows (n, F) float32, mask (n + 1,) bool, weights (len(WEIGHTS),); n rejects.

    Never a masked row.
    """
    n = node_rows.shape[0]
    count, work, least_backlog = 0, 0.0, 1.0
    for k in range(n):
        if node_rows[k, PRESENT] > 0.5 and node_rows[k, SATELLITE] > 0.5:
            count += 1
            work += node_rows[k, WORK]
            least_backlog = min(least_backlog, node_rows[k, BACKLOG])
    mean_work = work / max(count, 1)
    best, best_cost = n, math.inf
    for k in range(n):
        if mask[k] and node_rows[k, ON_TIME] > 0.5:
            cost = _cost(task_row, node_rows[k], mean_work, weights)
            if cost < best_cost:
                best, best_cost = k, cost
    if best < n and not _admits(task_row, node_rows[best], mean_work, least_backlog, weights):
        return n
    return best


@shared
def choose_many(task_rows: np.ndarray, node_rows: np.ndarray, masks: np.ndarray, weights: np.ndarray, out: np.ndarray) -> None:
    """`choose` for a batch: task_rows (B, T), node_rows (B, n, F), masks (B, n + 1), out (B,) int64."""
    for i in range(out.size):
        out[i] = choose(task_rows[i], node_rows[i], masks[i], weights)
