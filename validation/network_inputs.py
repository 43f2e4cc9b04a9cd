"""What the network is given, once more, for whole batches in NumPy and float64: column by column,
none of it compiled.
"""

import math

import numpy as np

from agents.policies.bilinear_rule import A_MINUTE, AT_EASE, FEW_MISSED, FULL, MANY_MISSED, SCARCE
from orbit_gym.observation import COLUMNS

NODE, TASK, LINK = COLUMNS["nodes"], COLUMNS["task"], COLUMNS["links"]
HOURS_2, LOG_SIZE = math.log1p(7200.0), math.log1p(1e8)


def minutes(column):
    """Minutes behind a time column."""
    return np.expm1(column * HOURS_2) / 60.0


class ColumnView:
    """An observation batch by column name: task (batch, 1), nodes (batch, n)."""

    def __init__(self, observation):
        self.task = {
            name: observation["task"][:, place, None].astype(float) for name, place in TASK.items()
        }
        self.node = {
            name: observation["nodes"][..., place].astype(float) for name, place in NODE.items()
        }
        self.links = np.delete(observation["links"].astype(float), LINK["other_end"], axis=-1)
        self.present = self.node["present"] > 0.5
        self.flies = self.present & (self.node["is_satellite"] > 0.5)
        self.in_time = (self.node["plan_on_time"] > 0.5) & (self.node["plan_exists"] > 0.5)
        self.urgency = 1.0 - self.task["slack"]


def features(view):
    """agents.policies.bilinear_rule.FEATURES, (batch, n, P)."""
    task, node = view.task, view.node
    backlog_min = minutes(node["backlog"])
    taken_min = task["lanes"] * minutes(task["service"]) + node["plan_load"]
    energy = node["plan_energy"] * node["is_satellite"]
    columns = (
        np.ones_like(backlog_min),
        node["plan_delivery"],
        node["backlog"],
        node["plan_load"],
        node["evicted"],
        np.maximum(minutes(node["plan_finish"]) - backlog_min, 0.0),
        node["is_satellite"],
        energy * (1.0 - node["sunlit"]),
        1.0 - node["charge_margin"],
        node["plan_input_hops"] * task["input_size"]
        + node["plan_result_hops"] * task["result_size"],
        np.log(np.maximum(task["value"], 1e-6) / np.maximum(taken_min, 1e-6)),
        node["booked_work"],
        np.clip(minutes(node["plan_start"]) - backlog_min - node["plan_load"], 0.0, 10.0) / 10.0,
        node["temperature"],
        node["lanes_busy"],
        node["memory_free"],
        node["time_to_contact"],
        node["plan_delivery"] - node["plan_finish"],
        node["plan_margin"],
        node["time_to_eclipse"],
        energy,
        node["is_origin"],
        node["model_resident"],
    )
    return np.stack(columns, axis=-1)


def way_down(view):
    """Settings result, down_wait and result_waits, (batch,) each."""
    task, node, flies = view.task, view.node, view.flies
    result = np.minimum(np.expm1(task["result_size"][:, 0] * LOG_SIZE) / 1e6, 2.0)
    contact_min = minutes(np.where(flies, node["time_to_contact"], 1.0).min(axis=1, keepdims=True))
    wait_min = np.maximum(
        minutes(node["plan_delivery"]) - np.maximum(minutes(node["plan_finish"]), contact_min), 0.0
    )
    lands = flies & (node["plan_delivery"] > 0.0)
    wait = np.minimum(np.where(lands, np.log1p(60.0 * wait_min) / HOURS_2, 1.0).min(axis=1), 1.0)
    return result, wait, result * (wait - A_MINUTE)


def setting(view):
    """agents.policies.bilinear_rule.CONTEXT, (batch, M)."""
    task, node, flies = (
        {name: column[:, 0] for name, column in view.task.items()},
        view.node,
        view.flies,
    )

    def mean(column):
        return np.where(flies, column, 0.0).sum(axis=1) / np.maximum(flies.sum(axis=1), 1)

    work, overload, lax = (
        mean(node["booked_work"]),
        np.maximum(task["offered_load_30min"] - AT_EASE, 0.0),
        (task["slack"] > 0.95) * 1.0,
    )
    columns = (
        np.ones_like(work),
        1.0 - task["slack"],
        task["lanes"] > 0.99,
        task["to_user"],
        task["model_size"],
        task["value"],
        work,
        mean(1.0 - node["charge_margin"]),
        mean(node["model_resident"]),
        np.where(view.present, node["plan_on_time"], 0.0).sum(axis=1)
        / np.maximum(view.present.sum(axis=1), 1),
        np.where(flies, node["backlog"], 1.0).min(axis=1),
        mean(node["sunlit"]),
        task["offered_load_5min"],
        task["offered_load_30min"],
        overload,
        work * overload,
        *way_down(view),
        lax,
        lax * (task["offered_load_30min"] - FULL),
        np.clip(
            (task["urgent_infeasible_rate"] - FEW_MISSED) / (MANY_MISSED - FEW_MISSED), 0.0, 1.0
        ),
        np.maximum(SCARCE - mean(node["model_resident"]), 0.0),
    )
    return np.stack(columns, axis=-1)


def prior(view, rule, logit_scale, reject_logit_gap):
    """Logits (batch, n + 1) of a rule (3, P, M)."""
    weights = np.einsum("spm,bm->bsp", rule, setting(view))
    cost, says, says_late = np.einsum("bnp,bsp->sbn", features(view), weights)
    is_late = ~view.in_time.any(axis=1, keepdims=True)
    competes = np.where(is_late, view.node["plan_exists"] > 0.5, view.in_time)
    says = np.where(is_late, says_late - 1.0, says)
    admitted = competes & (says >= 0.0)
    any_is = admitted.any(axis=1, keepdims=True)
    candidate_cost = np.where(np.where(any_is, admitted, competes), cost, np.inf)
    first = candidate_cost.argmin(axis=1)[:, None]
    best = np.take_along_axis(candidate_cost, first, axis=1)
    reject = np.where(
        any_is, -reject_logit_gap * np.clip(np.take_along_axis(says, first, axis=1), 0.0, 4.0), 0.0
    )
    cost_penalty = logit_scale * (cost - best)
    unadmitted_logit = (
        reject + reject_logit_gap * np.clip(says, -4.0, 0.0) - np.maximum(cost_penalty, 0.0)
    )
    other_logits = np.where(
        view.in_time, unadmitted_logit, reject - 20.0 - view.node["plan_delivery"]
    )
    rows = np.where(admitted, -cost_penalty, other_logits)
    return np.concatenate([rows, reject], axis=1)


def pools(view, logits):
    """Pool weights (batch, 3, n): mean of present rows, rows that the rule likes, idle rows."""
    work = view.node["booked_work"]
    scores = np.where(
        view.present[:, None],
        np.stack([np.zeros_like(work), logits[:, :-1], -16.0 * work], axis=1),
        -np.inf,
    )
    shares = np.exp(scores - np.maximum(scores.max(axis=2, keepdims=True), -1e300))
    return shares / np.maximum(shares.sum(axis=2, keepdims=True), 1e-300)


def rows(view, observation, logits):
    """Rows (batch, n, ROW_WIDTH): the node row, facts, sums and maxima over link slots."""
    node, delivery = view.node, view.node["plan_delivery"]
    backlog_min = minutes(node["backlog"])
    best = np.where(view.in_time, delivery, 2.0).min(axis=1, keepdims=True)
    result, wait, waits = (column[:, None] + np.zeros_like(delivery) for column in way_down(view))
    facts = (
        np.clip(minutes(node["plan_finish"]) - backlog_min, 0.0, 10.0) / 10.0,
        np.clip(minutes(node["plan_start"]) - backlog_min - node["plan_load"], 0.0, 10.0) / 10.0,
        np.clip(delivery - best, -1.0, 1.0),
        node["backlog"] * view.urgency,
        node["booked_work"] * view.urgency,
        np.clip(logits[:, :-1] / 16.0, -1.0, 1.0),
        result / 2.0,
        wait,
        waits / 2.0,
    )
    present_facts = np.stack(facts, axis=-1) * view.present[..., None]
    return np.concatenate(
        [observation["nodes"], present_facts, view.links.sum(axis=2) / 4.0, view.links.max(axis=2)],
        axis=-1,
    )
