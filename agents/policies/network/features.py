"""What the scorer is given, compiled: a rule's logits to start from, and inputs computed from the
observation alone.

In torch these were some 150 small operations, whose dispatching took three times as long as the
network itself where few decisions are taken at once.
"""

import math

import numpy as np

from agents.policies.bilinear_rule import (
    BACKLOG,
    CONTEXT,
    DELIVERY,
    FINISH,
    LOAD,
    LONGEST_MIN,
    MOST_GBIT,
    N_WEIGHTS,
    ON_TIME,
    PRESENT,
    SERVICE,
    SLACK,
    START,
    WORK,
    cost_and_admission,
    fill_weights,
)
from agents.policies.linear_rule import seconds
from agents.utils.jit import inline_kernel, threaded_kernel
from orbit_gym.observation import COLUMNS, WIDTH

EXISTS = COLUMNS["nodes"]["plan_exists"]
OTHER_END = COLUMNS["links"][
    "other_end"
]  # a row number: it would break the symmetry between rows, so it is left out
# Logits between rejection and a late plan. Late earns nothing and takes time from others, a cost
# that comes minutes later and is hard to learn, so late plans are practically never drawn.
LATE_GAP = 20.0
MOST_SAID = 4.0  # margins between rejection and the best plan, at most
# sums over link slots are divided by this, not by their number, so that empty slots change nothing
LINK_SLOTS = 4.0
# the scale of the rule's logits where they are an input, and of booked work where it weighs a pool
FIRM = 16.0
FACTS = (
    # minutes by which the plan puts off the end of the node's last booking, / 10, at most 1
    "extension",
    "hole",  # idle minutes that the plan leaves before itself there, / 10, at most 1
    "behind",  # delivery behind the best delivery in time, log scale
    "urgent_backlog",  # backlog x (1 - slack column)
    "urgent_work",  # booked work x (1 - slack column)
    "rule",  # logit of the rule / 16, within [-1, 1]
    "result",  # settings of agents.policies.bilinear_rule, the same in every row
    "down_wait",
    "result_waits",
)
N_NODE, N_LINK = WIDTH["nodes"], WIDTH["links"] - 1
ROW_WIDTH = N_NODE + len(FACTS) + 2 * N_LINK
POOLS = (
    "all",
    "rule",
    "idle",
)  # mean of present rows; rows that the rule likes; rows with little booked work
N_POOLS = len(POOLS)
RESULT, DOWN_WAIT, RESULT_WAITS = (
    CONTEXT.index(name) for name in ("result", "down_wait", "result_waits")
)


@threaded_kernel
def fill_inputs(
    task_rows: np.ndarray,
    node_rows: np.ndarray,
    link_rows: np.ndarray,
    weights: np.ndarray,
    logit_scale: float,
    reject_logit_gap: float,
    scores: np.ndarray,
    rows: np.ndarray,
    pools: np.ndarray,
    prior: np.ndarray,
    valid: np.ndarray,
) -> None:
    """Fill what the network reads beside observations (B, ...).

    rows (B, n, ROW_WIDTH), pools (B, N_POOLS, n), prior (B, n + 1) and valid (B, n + 1).

    weights (N_WEIGHTS + ROOM,) are those of the rule (agents.policies.bilinear_rule); said (2, n)
    float64 is work space.
    """
    for b in range(task_rows.shape[0]):
        task, nodes = task_rows[b], node_rows[b]
        fill_prior(task, nodes, weights, logit_scale, reject_logit_gap, scores, prior[b])
        fill_pools(nodes, prior[b], pools[b])
        valid[b, -1] = True
        earliest = 2.0  # deliveries are at most 1
        for k in range(nodes.shape[0]):
            valid[b, k] = nodes[k, EXISTS] > 0.5
            if in_time(nodes[k]):
                earliest = min(earliest, nodes[k, DELIVERY])
        for k in range(nodes.shape[0]):
            for column in range(N_NODE):
                rows[b, k, column] = nodes[k, column]
            fill_facts(
                task,
                nodes[k],
                earliest,
                prior[b, k],
                weights[N_WEIGHTS:],
                rows[b, k, N_NODE : N_NODE + len(FACTS)],
            )
            fill_links(link_rows[b, k], rows[b, k, N_NODE + len(FACTS) :])


@inline_kernel
def in_time(row: np.ndarray) -> bool:
    """Whether a row's plan exists and is in time."""
    return row[ON_TIME] > 0.5 and row[EXISTS] > 0.5


@inline_kernel
def competes(row: np.ndarray, is_late: bool) -> bool:
    """Whether a row's plan may be taken: it exists and is in time, or nobody's is."""
    return row[EXISTS] > 0.5 and (is_late or row[ON_TIME] > 0.5)


@inline_kernel
def fill_prior(
    task: np.ndarray,
    nodes: np.ndarray,
    weights: np.ndarray,
    logit_scale: float,
    reject_logit_gap: float,
    scores: np.ndarray,
    prior: np.ndarray,
) -> None:
    """Logits (n + 1,) of the rule; the last is rejection.

    The best admitted plan gets exactly 0, others admitted -logit_scale * (cost - best), rejection
    -reject_logit_gap * (what admission says there). Where nothing is admitted rejection gets 0;
    rows that are not lie below rejection by what admission says, late plans below all. Where no
    plan is in time, late ones that are admitted take the place of the others. The best row's
    subtraction is exact, so the largest logit stands where the rule points.
    """
    n, best, best_refused, reject = nodes.shape[0], math.inf, math.inf, 0.0
    is_late = fill_weights(task, nodes, weights)
    service_min = seconds(task[SERVICE]) / 60.0
    for k in range(n):
        if not competes(nodes[k], is_late):
            continue
        scores[0, k], scores[1, k] = cost_and_admission(task, service_min, nodes[k], weights)
        if scores[1, k] < 0.0:
            best_refused = min(best_refused, scores[0, k])
        elif scores[0, k] < best:
            best, reject = scores[0, k], -reject_logit_gap * min(scores[1, k], MOST_SAID)
    best = best if best < math.inf else best_refused
    for k in range(n):
        gap = logit_scale * (scores[0, k] - best)
        if competes(nodes[k], is_late) and scores[1, k] >= 0.0:
            prior[k] = -gap
        elif in_time(nodes[k]):
            prior[k] = reject + reject_logit_gap * max(scores[1, k], -MOST_SAID) - max(gap, 0.0)
        else:
            prior[k] = reject - LATE_GAP - nodes[k, DELIVERY]
    prior[n] = reject


@inline_kernel
def fill_pools(nodes: np.ndarray, prior: np.ndarray, pools: np.ndarray) -> None:
    """Weights (N_POOLS, n) by which rows are pooled.

    They sum to 1 over the rows that are present, or are 0 where none is.
    """
    highest, idlest = -math.inf, math.inf
    for k in range(nodes.shape[0]):
        if nodes[k, PRESENT] > 0.5:
            highest, idlest = max(highest, prior[k]), min(idlest, nodes[k, WORK])
    totals = (0.0, 0.0, 0.0)
    for k in range(nodes.shape[0]):
        pools[:, k] = 0.0
        if nodes[k, PRESENT] > 0.5:
            pools[0, k] = 1.0
            pools[1, k] = math.exp(prior[k] - highest)
            pools[2, k] = math.exp(FIRM * (idlest - nodes[k, WORK]))
            totals = (totals[0] + pools[0, k], totals[1] + pools[1, k], totals[2] + pools[2, k])
    for k in range(nodes.shape[0]):
        if nodes[k, PRESENT] > 0.5:
            pools[0, k] /= totals[0]
            pools[1, k] /= totals[1]
            pools[2, k] /= totals[2]


@inline_kernel
def fill_facts(
    task: np.ndarray,
    row: np.ndarray,
    earliest: float,
    logit: float,
    setting: np.ndarray,
    facts: np.ndarray,
) -> None:
    """FACTS of a row, all within [-1, 1]; 0 where no candidate stands."""
    if row[PRESENT] < 0.5:
        facts[:] = 0.0
        return
    backlog_min, urgency = seconds(row[BACKLOG]) / 60.0, 1.0 - task[SLACK]
    facts[0] = clip_to(seconds(row[FINISH]) / 60.0 - backlog_min, 0.0, LONGEST_MIN) / LONGEST_MIN
    facts[1] = (
        clip_to(seconds(row[START]) / 60.0 - backlog_min - row[LOAD], 0.0, LONGEST_MIN)
        / LONGEST_MIN
    )
    facts[2] = clip_to(row[DELIVERY] - earliest, -1.0, 1.0)
    facts[3] = row[BACKLOG] * urgency
    facts[4] = row[WORK] * urgency
    facts[5] = clip_to(logit / FIRM, -1.0, 1.0)
    facts[6] = setting[RESULT] / MOST_GBIT
    facts[7] = setting[DOWN_WAIT]
    facts[8] = setting[RESULT_WAITS] / MOST_GBIT


@inline_kernel
def clip_to(value: float, low: float, high: float) -> float:
    """A number, or the nearer end of an interval."""
    return min(max(value, low), high)


@inline_kernel
def fill_links(links: np.ndarray, out: np.ndarray) -> None:
    """Fill sum and maximum of a row's link slots (slots, columns), column by column.

    Sums are over LINK_SLOTS; the other end is left out.
    """
    for column in range(N_LINK):
        read = column + (column >= OTHER_END)
        total, largest = links[0, read], links[0, read]
        for slot in range(1, links.shape[0]):
            total += links[slot, read]
            largest = max(largest, links[slot, read])
        out[column], out[N_LINK + column] = total / LINK_SLOTS, largest
