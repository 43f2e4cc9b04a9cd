"""The rule that an untrained scorer follows, and what the scorer is given, as tensors without
gradients.

All of it is fixed (agents.policies.network.features computes it), so that training prepares a
rollout once and learns from it several times.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch

from agents.policies import linear_rule
from agents.policies.bilinear_rule import HEADS, LATE, N_WEIGHTS, ROOM, M, P, bilinear_weights
from agents.policies.network.features import N_POOLS, ROW_WIDTH, fill_inputs

EFT_ADMIT = bilinear_weights(
    dict(zip(linear_rule.WEIGHTS, linear_rule.EFT_ADMIT.tolist(), strict=True))
)


class NetworkInputs(NamedTuple):
    """Fixed inputs of the network; `slice`d and gathered together."""

    task: torch.Tensor  # (batch, T)
    rows: torch.Tensor  # (batch, n, ROW_WIDTH)
    pools: (
        torch.Tensor
    )  # (batch, N_POOLS, n) weights that sum to 1 over the rows, or 0 where there is none
    prior: torch.Tensor  # (batch, n + 1) logits of the rule
    valid: torch.Tensor  # (batch, n + 1) bool: a plan exists; rejection is always allowed

    def take(self, index: torch.Tensor) -> "NetworkInputs":
        """Some rows of the batch."""
        return NetworkInputs(*(block.index_select(0, index) for block in self))


class RulePrior(NamedTuple):
    """The rule that the untrained network follows, and how firmly."""

    logit_scale: float  # logits for a cost of 1, a power of two keeps the order of rows exact
    reject_logit_gap: (
        float  # logits of rejection below the best plan, where the rule admits it with 1
    )
    rule: (
        torch.Tensor | None
    )  # (3, P, M) float64 weights of agents.policies.bilinear_rule, by HEADS; None: `eft_admit`


def make_rule_prior(
    logit_scale: float, reject_logit_gap: float, rule: Mapping[str, float] | None
) -> RulePrior:
    """Read the weights of a rule by name.

    Of agents.policies.bilinear_rule or agents.policies.linear_rule.

    Cost and admission are each scaled to length 1, as those of `eft_admit` are: the choice does not
    depend on that scale, only how firmly the untrained network holds to it. That of late plans
    stays as it is, since it has a constant of its own. ValueError names an unknown weight.
    """
    if rule is None:
        return RulePrior(logit_scale, reject_logit_gap, None)
    try:
        weights = torch.from_numpy(
            bilinear_weights({name: float(value) for name, value in rule.items()})[:N_WEIGHTS]
        )
        weights = weights.reshape(len(HEADS), P, M)
    except ValueError as error:
        raise ValueError(f"the network's rule: {error}") from error
    if not weights.isfinite().all() or not weights[0, 1:].any():
        raise ValueError(
            "the network's rule must have finite weights, and one of cost.* that is not 0"
        )
    lengths = weights.flatten(1).norm(dim=1)
    lengths[LATE] = 1.0
    return RulePrior(
        logit_scale,
        reject_logit_gap,
        weights / lengths.where(lengths > 0.0, torch.ones_like(lengths))[:, None, None],
    )


def prepare(observation: Mapping[str, torch.Tensor], start: RulePrior) -> NetworkInputs:
    """Fixed inputs from an observation batch, on the device that it is on."""
    device = observation["task"].device
    task, nodes, links = (
        observation[name].detach().to("cpu", torch.float32).contiguous()
        for name in ("task", "nodes", "links")
    )
    batch, n = nodes.shape[:2]
    rows, pools, prior = (
        torch.empty(batch, *shape) for shape in ((n, ROW_WIDTH), (N_POOLS, n), (n + 1,))
    )
    valid = torch.empty(batch, n + 1, dtype=torch.bool)
    arrays = (block.numpy() for block in (rows, pools, prior, valid))
    fill_inputs(
        task.numpy(),
        nodes.numpy(),
        links.numpy(),
        _with_room(start.rule),
        start.logit_scale,
        start.reject_logit_gap,
        np.zeros((2, n)),
        *arrays,
    )
    return NetworkInputs(*(block.to(device) for block in (task, rows, pools, prior, valid)))


def _with_room(rule: torch.Tensor | None) -> np.ndarray:
    """Weights of a rule with the work space of the kernels behind them."""
    if rule is None:
        return EFT_ADMIT.copy()
    weights = np.zeros(N_WEIGHTS + ROOM)
    weights[:N_WEIGHTS] = rule.detach().cpu().numpy().reshape(-1)
    return weights
