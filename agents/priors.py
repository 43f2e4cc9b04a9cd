"""What the scorer is given: a rule's logits to start from, and inputs computed from the observation alone, without gradients.

All of it is fixed, so that training prepares a rollout once and learns from it several times.
"""

from collections.abc import Mapping
from typing import NamedTuple

import torch

from agents.bilinear import LONGEST_MIN, MOST_GBIT, N_WEIGHTS, M, P, bilinear_weights
from agents.plan_terms import features, minutes, setting, way_down
from agents.scoring import DELIVERY
from orbit_gym.observation import COLUMNS, WIDTH

NODES, TASK = COLUMNS["nodes"], COLUMNS["task"]
OTHER_END = COLUMNS["links"]["other_end"]  # a row number: it would break the symmetry between rows, so it is left out
# Logits between rejection and a late plan. Late earns nothing and takes time from others, a cost that comes minutes later and
# is hard to learn, so late plans are practically never drawn.
LATE_GAP = 20.0
MOST_SAID = 4.0  # margins between rejection and the best plan, at most
LINK_SLOTS = 4.0  # sums over link slots are divided by this, not by their number, so that empty slots change nothing
FACTS = (
    "extension",  # minutes by which the plan puts off the end of the node's last booking, / 10, at most 1
    "hole",  # idle minutes that the plan leaves before itself there, / 10, at most 1
    "behind",  # delivery behind the best delivery in time, log scale
    "urgent_backlog",  # backlog x (1 - slack column)
    "urgent_work",  # booked work x (1 - slack column)
    "rule",  # logit of the rule / 16, within [-1, 1]
    "result",  # settings of agents.bilinear, the same in every row
    "down_wait",
    "result_waits",
)
LINK_COLUMNS = [column for column in range(WIDTH["links"]) if column != OTHER_END]
ROW_WIDTH = WIDTH["nodes"] + len(FACTS) + 2 * len(LINK_COLUMNS)
POOLS = ("all", "rule", "idle")  # mean of present rows; rows that the rule likes; rows with little booked work
N_POOLS = len(POOLS)


class Prepared(NamedTuple):
    """Fixed inputs of the network; `slice`d and gathered together."""

    task: torch.Tensor  # (batch, T)
    rows: torch.Tensor  # (batch, n, ROW_WIDTH)
    pools: torch.Tensor  # (batch, N_POOLS, n) weights that sum to 1 over the rows, or 0 where there is none
    prior: torch.Tensor  # (batch, n + 1) logits of the rule
    valid: torch.Tensor  # (batch, n + 1) bool: a plan exists; rejection is always allowed

    def take(self, index: torch.Tensor) -> "Prepared":
        """Some rows of the batch."""
        return Prepared(*(block.index_select(0, index) for block in self))


class Start(NamedTuple):
    """The rule that the untrained network follows, and how firmly."""

    sharpness: float  # logits for a cost of 1, a power of two keeps the order of rows exact
    margin: float  # logits of rejection below the best plan, where the rule admits it with 1
    rule: torch.Tensor | None  # (2, P, M) float64 weights of agents.bilinear, cost and admission; None: `eft_admit`


def make_start(sharpness: float, margin: float, rule: Mapping[str, float] | None) -> Start:
    """Read the weights of a rule by name, of agents.bilinear or agents.scoring.

    Cost and admission are each scaled to length 1, as those of `eft_admit` are: the choice does not depend on that scale, only how
    firmly the untrained network holds to it. ValueError names an unknown weight.
    """
    if rule is None:
        return Start(sharpness, margin, None)
    try:
        weights = torch.from_numpy(bilinear_weights({name: float(value) for name, value in rule.items()})[:N_WEIGHTS]).reshape(2, P, M)
    except ValueError as error:
        raise ValueError(f"the network's rule: {error}") from error
    if not weights.isfinite().all() or not weights[0, 1:].any():
        raise ValueError("the network's rule must have finite weights, and one of cost.* that is not 0")
    lengths = weights.flatten(1).norm(dim=1)
    return Start(sharpness, margin, weights / lengths.where(lengths > 0.0, torch.ones_like(lengths))[:, None, None])


@torch.no_grad()
def prepare(observation: dict[str, torch.Tensor], start: Start) -> Prepared:
    """Fixed inputs from an observation batch."""
    task, nodes = observation["task"], observation["nodes"]
    links = observation["links"][..., LINK_COLUMNS]
    prior = prior_logits(task, nodes, start)
    rows = torch.cat([nodes, facts(task, nodes, prior), links.sum(dim=2) / LINK_SLOTS, links.amax(dim=2)], dim=-1)
    exists = nodes[..., NODES["plan_exists"]] > 0.5
    valid = torch.cat([exists, torch.ones_like(exists[:, :1])], dim=1)
    return Prepared(task, rows, pooling(nodes, prior), prior, valid)


def in_time(nodes: torch.Tensor) -> torch.Tensor:
    """Rows whose plan exists and is in time, (batch, n) bool."""
    return (nodes[..., NODES["plan_on_time"]] > 0.5) & (nodes[..., NODES["plan_exists"]] > 0.5)


def prior_logits(task: torch.Tensor, nodes: torch.Tensor, start: Start) -> torch.Tensor:
    """Logits (batch, n + 1) of the rule from task (batch, T) and nodes (batch, n, F); the last is rejection.

    The best admitted plan gets exactly 0, others admitted -sharpness * (cost - best), rejection -margin * (what admission says there).
    Where nothing is admitted rejection gets 0; rows that are not lie below rejection by what admission says, late plans below all.
    The best row's subtraction is exact, so the largest logit stands where the rule points.
    """
    on_time, delivery = in_time(nodes), nodes[..., DELIVERY]
    if start.rule is None:  # admits whatever is in time
        best = delivery.masked_fill(~on_time, 2.0).amin(dim=1, keepdim=True)  # deliveries are at most 1
        rows = torch.where(on_time, -start.sharpness * (delivery - best), -start.margin - LATE_GAP - delivery)
        return torch.cat([rows, torch.full_like(best, -start.margin)], dim=1)
    cost, says = said(task.double(), nodes.double(), start.rule)
    admitted = on_time & (says >= 0.0)
    any_is = admitted.any(dim=1, keepdim=True)
    best, first = cost.masked_fill(~torch.where(any_is, admitted, on_time), torch.inf).min(dim=1, keepdim=True)
    reject = torch.where(any_is, -start.margin * says.gather(1, first).clamp(0.0, MOST_SAID), 0.0)
    behind = start.sharpness * (cost - best)
    below = reject + start.margin * says.clamp(-MOST_SAID, 0.0) - behind.clamp(min=0.0)
    rows = torch.where(on_time, torch.where(admitted, -behind, below), reject - LATE_GAP - delivery)
    return torch.cat([rows, reject], dim=1).float()


def said(task: torch.Tensor, nodes: torch.Tensor, rule: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Cost of every row and what admission says of it (negative is not admitted), (batch, n) each, float64 in and out."""
    weights = torch.einsum("spm,bm->bsp", rule, setting(task, nodes))
    cost, says = torch.einsum("bnp,bsp->sbn", features(task, nodes), weights).unbind(dim=0)
    return cost, says


def pooling(nodes: torch.Tensor, prior: torch.Tensor) -> torch.Tensor:
    """Weights (batch, N_POOLS, n) by which rows are pooled; fixed, so that a pooled context is one small product."""
    present, work = nodes[..., NODES["present"]], nodes[..., NODES["booked_work"]]
    scores = torch.stack([torch.zeros_like(work), prior[:, :-1], -16.0 * work], dim=1)
    weights = torch.softmax(scores.masked_fill(present[:, None] < 0.5, -1e8), dim=-1)
    return weights * present[:, None]


def facts(task: torch.Tensor, nodes: torch.Tensor, prior: torch.Tensor) -> torch.Tensor:
    """FACTS of every row, (batch, n, len(FACTS)), all within [-1, 1]; 0 where no candidate stands."""
    delivery, backlog = nodes[..., NODES["plan_delivery"]], nodes[..., NODES["backlog"]]
    backlog_min = minutes(backlog)
    extension = (minutes(nodes[..., NODES["plan_finish"]]) - backlog_min).clamp(0.0, LONGEST_MIN) / LONGEST_MIN
    hole = (minutes(nodes[..., NODES["plan_start"]]) - backlog_min - nodes[..., NODES["plan_load"]]).clamp(0.0, LONGEST_MIN) / LONGEST_MIN
    best = delivery.masked_fill(~in_time(nodes), 2.0).amin(dim=1, keepdim=True)
    urgency = 1.0 - task[:, TASK["slack"], None]
    result, down_wait, result_waits = (column[:, None].expand_as(delivery) for column in way_down(task, nodes))
    columns = (
        extension,
        hole,
        (delivery - best).clamp(-1.0, 1.0),
        backlog * urgency,
        nodes[..., NODES["booked_work"]] * urgency,
        (prior[:, :-1] / 16.0).clamp(-1.0, 1.0),
        result / MOST_GBIT,
        down_wait,
        result_waits / MOST_GBIT,
    )
    return torch.stack(columns, dim=-1) * nodes[..., NODES["present"], None]
