"""What the deep-set network reads of one decision, computed from the observation alone.

No rule is among it: the network starts from nothing. Amounts that decide between candidates are
shown once more on scales on which they differ.
"""

import math

import numpy as np

from agents.policies.linear_rule import seconds
from agents.utils.jit import inline_kernel, threaded_kernel
from orbit_gym.observation import COLUMNS, LOG_TIME, WIDTH

NODE, TASK, LINK = COLUMNS["nodes"], COLUMNS["task"], COLUMNS["links"]
PRESENT, EXISTS, ON_TIME = NODE["present"], NODE["plan_exists"], NODE["plan_on_time"]
ARRIVAL, LOAD, START = NODE["plan_arrival"], NODE["plan_load"], NODE["plan_start"]
FINISH, DELIVERY, BACKLOG = NODE["plan_finish"], NODE["plan_delivery"], NODE["backlog"]
SLACK, SERVICE, LANES, VALUE = TASK["slack"], TASK["service"], TASK["lanes"], TASK["value"]
OTHER_END = LINK["other_end"]  # a row number: it would break the symmetry between rows
LOG_LONGEST = LOG_TIME.log_limit
N_TASK, N_NODE, N_LINK = WIDTH["task"], WIDTH["nodes"], WIDTH["links"] - 1
DERIVED = (
    "behind_10s",  # delivery behind the earliest one in time / 10 s, at most 1
    "behind_1min",
    "behind_10min",
    "time_left",  # from delivery to the deadline, log scale; 0 where it is late
    "queue_wait",  # from arrival of the input to the start of service, log scale
    "down_wait",  # from the end of service to delivery, log scale
    "extension",  # by which the plan puts off the end of the node's last booking, log scale
    "hole",  # idle time that the plan leaves before itself, log scale
    "worth",  # ln(value per minute of the whole accelerator that service and load take) / 8
)
ROW_WIDTH = N_NODE + len(DERIVED) + 2 * N_LINK
LINK_SLOTS = 4.0  # sums over links are divided by it, so that empty slots change nothing
WORTH_SCALE = 8.0
SCALES_S = (10.0, 60.0, 600.0)


@inline_kernel
def log_scale(seconds_: float) -> float:
    """Time on the scale of the observation's time columns."""
    return math.log1p(max(seconds_, 0.0)) / LOG_LONGEST


@inline_kernel
def fill_rows(task: np.ndarray, nodes: np.ndarray, links: np.ndarray, rows: np.ndarray) -> None:
    """Fill rows (n, ROW_WIDTH) float32 from the blocks of one observation; absent rows get 0."""
    earliest_s = math.inf
    any_in_time = False
    for k in range(nodes.shape[0]):
        if nodes[k, EXISTS] > 0.5:
            delivery_s = seconds(nodes[k, DELIVERY])
            in_time = nodes[k, ON_TIME] > 0.5
            if in_time and not any_in_time:
                earliest_s, any_in_time = delivery_s, True
            elif in_time == any_in_time:
                earliest_s = min(earliest_s, delivery_s)
    slack_s = seconds(task[SLACK])
    service_min = task[LANES] * seconds(task[SERVICE]) / 60.0
    for k in range(nodes.shape[0]):
        row, node = rows[k], nodes[k]
        if node[PRESENT] < 0.5:
            row[:] = 0.0
            continue
        for column in range(N_NODE):
            row[column] = node[column]
        if node[EXISTS] > 0.5:
            _fill_derived(task, node, earliest_s, slack_s, service_min, row)
        else:
            row[N_NODE : N_NODE + len(DERIVED)] = 0.0
        _fill_links(links[k], row)


@inline_kernel
def _fill_derived(
    task: np.ndarray,
    node: np.ndarray,
    earliest_s: float,
    slack_s: float,
    service_min: float,
    row: np.ndarray,
) -> None:
    """Fill the DERIVED columns of a row whose plan exists."""
    delivery_s, finish_s = seconds(node[DELIVERY]), seconds(node[FINISH])
    start_s, backlog_s = seconds(node[START]), seconds(node[BACKLOG])
    behind_s = max(delivery_s - earliest_s, 0.0)
    at = N_NODE
    row[at] = min(behind_s / SCALES_S[0], 1.0)
    row[at + 1] = min(behind_s / SCALES_S[1], 1.0)
    row[at + 2] = min(behind_s / SCALES_S[2], 1.0)
    row[at + 3] = log_scale(slack_s - delivery_s)
    row[at + 4] = log_scale(start_s - seconds(node[ARRIVAL]))
    row[at + 5] = log_scale(delivery_s - finish_s)
    row[at + 6] = log_scale(finish_s - backlog_s)
    row[at + 7] = log_scale(start_s - backlog_s - 60.0 * node[LOAD])
    worth = max(task[VALUE], 1e-4) / max(service_min + node[LOAD], 1e-4)
    row[at + 8] = math.log(worth) / WORTH_SCALE


@inline_kernel
def _fill_links(links: np.ndarray, row: np.ndarray) -> None:
    """Fill sum and maximum of a row's link slots (slots, columns), column by column."""
    at = N_NODE + len(DERIVED)
    for column in range(N_LINK):
        read = column + (column >= OTHER_END)
        total, largest = 0.0, 0.0
        for slot in range(links.shape[0]):
            total += links[slot, read]
            largest = max(largest, links[slot, read])
        row[at + column], row[at + N_LINK + column] = total / LINK_SLOTS, largest


@threaded_kernel
def fill_batch(tasks: np.ndarray, nodes: np.ndarray, links: np.ndarray, rows: np.ndarray) -> None:
    """Fill rows (B, n, ROW_WIDTH) of a batch of observations."""
    for b in range(tasks.shape[0]):
        fill_rows(tasks[b], nodes[b], links[b], rows[b])
