"""The deep-set network in torch: what learns.

Every candidate row passes the same layers, sees the others through mean and maximum, and gets one
logit; rejection and the value are read from a pooled context (Zaheer et al., Deep Sets, NeurIPS
2017). One set of weights serves any number of candidates. Nothing of a rule is in it: the heads
start near zero, so that an untrained network draws uniformly.
"""

import math

import numpy as np
import torch
from torch import nn

from agents.policies.deep_set.forward import Weights
from agents.policies.deep_set.inputs import N_TASK, PRESENT, ROW_WIDTH

MASKED = -1e8  # logit of what may not be chosen, as in sb3-contrib

LEAST_SPREAD = 0.05  # of an input: one that hardly varied yet must not be blown up


class DeepSet(nn.Module):
    """Logits (batch, n + 1) and values (batch,) from tasks (batch, T) and rows (batch, n, R)."""

    task_mean: torch.Tensor
    task_scale: torch.Tensor
    row_mean: torch.Tensor
    row_scale: torch.Tensor

    def __init__(self, hidden: int = 32) -> None:
        """Build and initialise the layers."""
        super().__init__()
        self.hidden = hidden
        self.node = nn.Linear(ROW_WIDTH, hidden)
        self.task = nn.Linear(N_TASK, hidden, bias=False)
        self.pool = nn.Linear(2 * hidden, hidden)
        self.mixed = nn.Linear(hidden, hidden)
        self.spread = nn.Linear(hidden, hidden, bias=False)
        self.score = nn.Linear(hidden, 1)
        self.context = nn.Linear(2 * hidden, hidden)
        self.reject = nn.Linear(hidden, 1)
        self.value_hidden = nn.Linear(hidden, hidden)
        self.value = nn.Linear(hidden, 1)
        for name, width in (("task", N_TASK), ("row", ROW_WIDTH)):
            self.register_buffer(f"{name}_mean", torch.zeros(width))
            self.register_buffer(f"{name}_scale", torch.ones(width))
        self._initialise()

    def _initialise(self) -> None:
        """Orthogonal as in stable-baselines3; small heads."""
        gains = {self.score: 0.01, self.reject: 0.01, self.value: 1.0}
        layers = [layer for layer in self.children() if isinstance(layer, nn.Linear)]
        for layer in layers:
            nn.init.orthogonal_(layer.weight, gains.get(layer, math.sqrt(2.0)))
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)

    def fit_scales(self, task: torch.Tensor, rows: torch.Tensor) -> None:
        """Centre and scale inputs as they are spread in these decisions; kept with the weights."""
        present_rows = rows[rows[..., PRESENT] > 0.5]
        for name, columns in (("task", task), ("row", present_rows)):
            mean, scale = getattr(self, f"{name}_mean"), getattr(self, f"{name}_scale")
            mean.copy_(columns.mean(dim=0))
            scale.copy_(1.0 / columns.std(dim=0).clamp(min=LEAST_SPREAD))

    def forward(
        self, task: torch.Tensor, rows: torch.Tensor, mask: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits, MASKED where the mask (batch, n + 1) forbids, and values."""
        present = rows[..., PRESENT : PRESENT + 1]
        share = present / present.sum(dim=1, keepdim=True).clamp(min=1.0)
        task = (task - self.task_mean) * self.task_scale
        rows = (rows - self.row_mean) * self.row_scale
        first = torch.relu_(self.node(rows).add_(self.task(task)[:, None]))
        shared = torch.relu_(self.pool(_pooled(first, present, share)))
        second = torch.relu_(self.mixed(first).add_(self.spread(shared)[:, None]))
        context = torch.relu_(self.context(_pooled(second, present, share)))
        logits = torch.cat([self.score(second)[..., 0], self.reject(context)], dim=1)
        value = self.value(torch.relu_(self.value_hidden(context)))[:, 0]
        return logits.masked_fill(~mask, MASKED), value

    def compiled(self) -> Weights:
        """A copy of the weights as kernels read them."""
        matrices = ("node", "task", "pool", "mixed", "spread", "context", "value_hidden")
        arrays = {
            name: np.ascontiguousarray(_numpy(getattr(self, name).weight).T) for name in matrices
        }
        arrays["node"] *= _numpy(self.row_scale)[:, None]
        arrays["task"] *= _numpy(self.task_scale)[:, None]
        arrays |= {
            "first_bias": _numpy(self.node.bias - self._scaled_means()),
            "pool_bias": _numpy(self.pool.bias),
            "second_bias": _numpy(self.mixed.bias),
            "context_bias": _numpy(self.context.bias),
            "value_hidden_bias": _numpy(self.value_hidden.bias),
        }
        heads = (self.score, self.reject, self.value)
        arrays |= dict(
            zip(("score", "reject", "value"), (_numpy(head.weight)[0] for head in heads))
        )
        arrays["biases"] = np.concatenate([_numpy(head.bias) for head in heads])
        return Weights(**arrays)

    def _scaled_means(self) -> torch.Tensor:
        """What the centred inputs take from the bias of the first layer."""
        return self.node.weight @ (self.row_mean * self.row_scale) + self.task.weight @ (
            self.task_mean * self.task_scale
        )


def _pooled(rows: torch.Tensor, present: torch.Tensor, share: torch.Tensor) -> torch.Tensor:
    """Mean and maximum (batch, 2 h) of rows that are present; rows are not negative."""
    mean = torch.bmm(share.transpose(1, 2), rows)[:, 0]
    return torch.cat([mean, (rows * present).amax(dim=1)], dim=1)


def _numpy(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().cpu().numpy().astype(np.float32).copy()
