"""The per-candidate scorer: shared weights for every candidate row, so one set of weights serves any number of candidates.

Untrained, its logits are those of `eft_admit` (earliest delivery in time, else reject): learned parts start at zero.
"""

import torch
from gymnasium import spaces
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from torch import nn

from orbit_gym.observation import COLUMNS, WIDTH

NODES = COLUMNS["nodes"]
OTHER_END = COLUMNS["links"]["other_end"]  # a row number: it would break the symmetry between rows, so it is left out
MASKED = -1e8  # logit of a row that may not be chosen, as in sb3-contrib
LINK_WIDTH = 16
# Logits between rejection and a late plan. Late earns nothing and takes time from others, a cost that comes minutes later and
# is hard to learn, so late plans are practically never drawn.
LATE_GAP = 20.0
# Learned parts of a logit stay within this. Any plan in time earns the same at once, so the choice among them is learned from
# consequences minutes later; unbounded, noise walked the policy away from the rule (validation .824 fell to .526 in 75,000 decisions).
MOST_LEARNED = 4.0


def prior_logits(nodes: torch.Tensor, sharpness: float, margin: float) -> torch.Tensor:
    """Logits (batch, n + 1) of `eft_admit` from nodes (batch, n, F); the last is rejection.

    The best plan in time gets exactly 0, others in time -sharpness * (delivery - best), rejection -margin, late plans less.
    The best row's subtraction is exact, so the largest logit stands where `eft_admit` points.
    """
    delivery = nodes[..., NODES["plan_delivery"]]
    on_time = (nodes[..., NODES["plan_on_time"]] > 0.5) & (nodes[..., NODES["plan_exists"]] > 0.5)
    best = delivery.masked_fill(~on_time, 2.0).min(dim=1, keepdim=True).values  # deliveries are at most 1
    rows = torch.where(on_time, -sharpness * (delivery - best), -margin - LATE_GAP - delivery)
    return torch.cat([rows, torch.full_like(best, -margin)], dim=1)


class CandidateEncoder(BaseFeaturesExtractor):
    """Observation -> (batch, n + 1, hidden + 2): a row per candidate, then the pooled context; last columns prior and valid."""

    def __init__(self, observation_space: spaces.Dict, hidden: int = 64, sharpness: float = 64.0, margin: float = 4.0) -> None:
        """Build the shared layers; sharpness and margin shape the initial logits (sharpness a power of two)."""
        super().__init__(observation_space, hidden)
        self.sharpness, self.margin = sharpness, margin
        self.link = nn.Linear(WIDTH["links"] - 1, LINK_WIDTH)
        self.node = nn.Linear(WIDTH["nodes"] + LINK_WIDTH, hidden)
        self.task = nn.Linear(WIDTH["task"], hidden, bias=False)
        self.mixed = nn.Linear(hidden, hidden)
        self.shared = nn.Linear(2 * hidden, hidden, bias=False)
        self.context = nn.Linear(2 * hidden + WIDTH["task"], hidden)

    def forward(self, observation: dict[str, torch.Tensor]) -> torch.Tensor:
        """Encode rows, mix in the pooled context once, append the context row."""
        task, nodes = observation["task"], observation["nodes"]
        present = nodes[..., NODES["present"], None]  # (batch, n, 1)
        links = torch.cat([observation["links"][..., :OTHER_END], observation["links"][..., OTHER_END + 1 :]], dim=-1)
        pooled_links = torch.relu(self.link(links)).mean(dim=2)
        # A sum of linear maps equals one linear map of the concatenation, without repeating the task for every row.
        rows = torch.relu(self.node(torch.cat([nodes, pooled_links], dim=-1)) + self.task(task)[:, None]) * present
        rows = torch.relu(self.mixed(rows) + self.shared(pool(rows, present))[:, None]) * present
        context = torch.relu(self.context(torch.cat([pool(rows, present), task], dim=-1)))
        values = torch.cat([rows, context[:, None]], dim=1)
        prior = prior_logits(nodes, self.sharpness, self.margin)
        valid = torch.cat([nodes[..., NODES["plan_exists"]], torch.ones_like(prior[:, :1])], dim=1)
        return torch.cat([values, prior[..., None], valid[..., None]], dim=-1)


def pool(rows: torch.Tensor, present: torch.Tensor) -> torch.Tensor:
    """Mean and maximum over present rows (batch, n, hidden) -> (batch, 2 hidden); rows are >= 0 and 0 where absent."""
    mean = rows.sum(dim=1) / present.sum(dim=1).clamp(min=1.0)
    return torch.cat([mean, rows.max(dim=1).values], dim=-1)


class CandidateHeads(nn.Module):
    """Actor: one shared linear gives a logit per candidate, another the rejection; critic: from the pooled context."""

    def __init__(self, hidden: int) -> None:
        """Build the heads; `zero_residuals` must follow any other initialisation."""
        super().__init__()
        self.latent_dim_pi = self.latent_dim_vf = self.hidden = hidden
        self.score = nn.Linear(hidden, 1)
        self.reject = nn.Linear(hidden, 1)
        self.critic = nn.Linear(hidden, hidden)

    def zero_residuals(self) -> None:
        """Start from the prior alone."""
        for layer in (self.score, self.reject):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def residuals(self, features: torch.Tensor) -> torch.Tensor:
        """Learned part of the logits, (batch, n + 1), within MOST_LEARNED of zero."""
        rows, context = features[:, :-1, : self.hidden], features[:, -1, : self.hidden]
        learned = torch.cat([self.score(rows)[..., 0], self.reject(context)], dim=1)
        return MOST_LEARNED * torch.tanh(learned / MOST_LEARNED)

    def forward(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits (batch, n + 1) and the critic's latent (batch, hidden)."""
        return self.forward_actor(features), self.forward_critic(features)

    def forward_actor(self, features: torch.Tensor) -> torch.Tensor:
        """Prior plus residuals, MASKED where no plan exists."""
        return masked(features[..., -2] + self.residuals(features), features)

    def forward_critic(self, features: torch.Tensor) -> torch.Tensor:
        """Latent of the critic from the context row."""
        return torch.relu(self.critic(features[:, -1, : self.hidden]))


def masked(values: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
    """Replace values (batch, n + 1) by MASKED where the features' last column says that no plan exists."""
    return values.masked_fill(features[..., -1] < 0.5, MASKED)
