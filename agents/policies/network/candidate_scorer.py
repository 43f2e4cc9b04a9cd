"""The per-candidate scorer: shared weights for every candidate row, so one set of weights serves
any number of candidates.

Untrained, its logits are those of a rule (agents.policies.network.rule_prior: `eft_admit`, or the
tuned rule): learned parts start at zero. Rows see each other through a pooled context, and
rejection has a head of its own.
"""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from gymnasium import spaces
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from torch import nn

from agents.policies.network.features import N_POOLS, ROW_WIDTH
from agents.policies.network.rule_prior import NetworkInputs, RulePrior, make_rule_prior, prepare
from orbit_gym.observation import WIDTH

MASKED = -1e8  # logit of a row that may not be chosen, as in sb3-contrib


class Encoded(NamedTuple):
    """What the heads read.

    Kept apart, because cutting one tensor into these costs a tenth of the backward pass.
    """

    rows: torch.Tensor  # (batch, n, hidden)
    context: torch.Tensor  # (batch, hidden)
    prior: torch.Tensor  # (batch, n + 1) logits of the rule
    valid: torch.Tensor  # (batch, n + 1) bool


class CandidateEncoder(BaseFeaturesExtractor):
    """Encode an observation as a hidden row per candidate and a pooled context.

    Both are equivariant to the order of candidates.
    """

    rule: torch.Tensor | None

    def __init__(
        self,
        observation_space: spaces.Dict,
        hidden: int = 64,
        logit_scale: float = 64.0,
        reject_logit_gap: float = 4.0,
        rule: Mapping[str, float] | None = None,
    ) -> None:
        """Build the shared layers.

        The others shape the initial logits (agents.policies.network.rule_prior.RulePrior).
        """
        super().__init__(observation_space, hidden)
        start = make_rule_prior(logit_scale, reject_logit_gap, rule)
        self.logit_scale, self.reject_logit_gap = logit_scale, reject_logit_gap
        self.register_buffer(
            "rule", start.rule
        )  # kept with the weights: policy search moves it (agents.search.evolve), gradients do not
        self.node = nn.Linear(ROW_WIDTH, hidden)
        self.task = nn.Linear(WIDTH["task"], hidden, bias=False)
        self.shared = nn.Linear(N_POOLS * hidden + WIDTH["task"], hidden)
        self.mixed = nn.Linear(hidden, hidden)
        self.spread = nn.Linear(hidden, hidden, bias=False)
        self.context = nn.Linear((N_POOLS + 1) * hidden, hidden)

    def prepare(self, observation: dict[str, torch.Tensor]) -> NetworkInputs:
        """Fixed inputs of `encode`."""
        return prepare(observation, RulePrior(self.logit_scale, self.reject_logit_gap, self.rule))

    def forward(self, observation: dict[str, torch.Tensor]) -> Encoded:  # type: ignore[override]  # several tensors
        """Encode an observation batch."""
        return self.encode(self.prepare(observation))

    def encode(self, inputs: NetworkInputs) -> Encoded:
        """Encode rows, mix in the pooled context once, pool again."""
        # A sum of linear maps equals one linear map of the concatenation, without repeating the
        # task for every row.
        first = torch.relu_(self.node(inputs.rows).add_(self.task(inputs.task)[:, None]))
        shared = torch.relu_(
            self.shared(torch.cat([pooled(first, inputs.pools), inputs.task], dim=-1))
        )
        rows = torch.relu_(self.mixed(first).add_(self.spread(shared)[:, None]))
        context = torch.relu_(self.context(torch.cat([pooled(rows, inputs.pools), shared], dim=-1)))
        return Encoded(rows, context, inputs.prior, inputs.valid)


def pooled(rows: torch.Tensor, pools: torch.Tensor) -> torch.Tensor:
    """Return weighted sums of rows, (batch, k * hidden).

    Rows (batch, n, hidden), weights (batch, k, n).
    """
    return torch.bmm(pools, rows).flatten(1)


class CandidateHeads(nn.Module):
    """Actor: one shared linear gives a logit per candidate, a head of its own the rejection.

    Critic: from the pooled context.

    Learned parts of a logit stay within `residual_bound` of zero (a smooth limit): any plan in time
    earns the same at once, so the choice among them is learned from consequences minutes later, and
    unbounded, noise walked the policy away from its rule.
    """

    def __init__(self, hidden: int, residual_bound: float = 4.0) -> None:
        """Build the heads; `zero_residuals` must follow any other initialisation."""
        super().__init__()
        self.latent_dim_pi = self.latent_dim_vf = hidden
        self.residual_bound = residual_bound
        self.score = nn.Linear(hidden, 1)
        self.weigh = nn.Linear(2 * hidden, hidden)
        self.reject = nn.Linear(hidden, 1)
        self.critic = nn.Linear(hidden, hidden)

    def zero_residuals(self) -> None:
        """RulePrior from the prior alone."""
        for layer in (self.score, self.reject):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def residuals(self, encoded: Encoded) -> torch.Tensor:
        """Learned part of the logits, (batch, n + 1), within residual_bound of zero."""
        scores = self.limited(self.score(encoded.rows)[..., 0])
        # The row that would be taken: rejecting it is weighed against what the whole system looks
        # like.
        valid = encoded.valid[:, :-1]
        logits = (encoded.prior[:, :-1] + scores.detach()).masked_fill(~valid, MASKED)
        best = pooled(
            encoded.rows, (torch.softmax(logits, dim=1) * valid)[:, None]
        )  # 0 where nothing can be taken
        weighed = torch.relu_(self.weigh(torch.cat([best, encoded.context], dim=-1)))
        return torch.cat([scores, self.limited(self.reject(weighed))], dim=1)

    def limited(self, residual: torch.Tensor) -> torch.Tensor:
        """Any number, smoothly within residual_bound of zero."""
        return self.residual_bound * torch.tanh(residual / self.residual_bound)

    def forward(self, encoded: Encoded) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits (batch, n + 1) and the critic's latent (batch, hidden)."""
        return self.forward_actor(encoded), self.forward_critic(encoded)

    def forward_actor(self, encoded: Encoded) -> torch.Tensor:
        """Prior plus residuals, MASKED where no plan exists."""
        return masked(encoded.prior + self.residuals(encoded), encoded)

    def forward_critic(self, encoded: Encoded) -> torch.Tensor:
        """Latent of the critic from the context."""
        return torch.relu(self.critic(encoded.context))


def masked(values: torch.Tensor, encoded: Encoded) -> torch.Tensor:
    """Replace values (batch, n + 1) by MASKED where no plan exists."""
    return values.masked_fill(~encoded.valid, MASKED)
