"""The scorer as a policy of stable-baselines3's actor-critic kind."""

from typing import Any

import numpy as np
import torch
from sb3_contrib.common.maskable.policies import MaskableMultiInputActorCriticPolicy
from stable_baselines3.common.policies import BasePolicy
from torch import nn

from agents.policies.network.candidate_scorer import (
    MASKED,
    CandidateEncoder,
    CandidateHeads,
)
from agents.policies.network.rule_prior import NetworkInputs
from agents.policies.protocol import Observation

Network = dict[str, Any]  # arguments of CandidateEncoder, and residual_bound of CandidateHeads
NETWORK: Network = {
    "hidden": 64,
    "logit_scale": 64.0,
    "reject_logit_gap": 4.0,
    "residual_bound": 4.0,
    "rule": None,
}


class MaskableScorerPolicy(MaskableMultiInputActorCriticPolicy):
    """Actor-critic with action masks, for MaskablePPO.

    The stock class builds a checked Categorical two or three times a call; here log-probabilities
    are computed once. The mask is the plan_exists column, applied inside the network, so that masks
    from outside change nothing.
    """

    def __init__(self, *args: Any, residual_bound: float = 4.0, **kwargs: Any) -> None:
        """Take the limit of the learned part of a logit beside the stock arguments."""
        self.residual_bound = residual_bound
        super().__init__(*args, **kwargs)

    def _build_mlp_extractor(self) -> None:
        heads: Any = CandidateHeads(self.features_dim, self.residual_bound)  # in place of the stock
        self.mlp_extractor = heads.to(self.device)

    def _build(self, lr_schedule: Any) -> None:
        super()._build(lr_schedule)
        heads: Any = self.mlp_extractor
        heads.zero_residuals()
        self.action_net = nn.Identity()  # forward_actor already gives one logit per action
        self.optimizer = torch.optim.Adam(
            self.parameters(), lr=lr_schedule(1), eps=1e-5, fused=True
        )  # eps as stock PPO; one pass over all weights

    def forward(
        self, obs: Any, deterministic: bool = False, action_masks: np.ndarray | None = None
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Actions (batch,), values (batch, 1) and log-probabilities (batch,)."""
        logits, latent = self.mlp_extractor(self.features_extractor(obs))
        log_probs = torch.log_softmax(logits, dim=1)
        actions = (
            log_probs.argmax(dim=1)
            if deterministic
            else torch.multinomial(log_probs.exp(), 1)[:, 0]
        )
        return actions, self.value_net(latent), log_probs.gather(1, actions[:, None])[:, 0]

    def evaluate_actions(
        self, obs: Any, actions: torch.Tensor, action_masks: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]:
        """Values (batch, 1), log-probabilities (batch,) of the actions, entropies (batch,).

        Obs may be prepared already.
        """
        encoder: Any = self.features_extractor
        logits, latent = self.mlp_extractor(
            encoder.encode(obs if isinstance(obs, NetworkInputs) else encoder.prepare(obs))
        )
        log_probs = torch.log_softmax(logits, dim=1)
        entropy = -(log_probs.exp() * log_probs).sum(
            dim=1
        )  # a masked row's probability is exactly 0
        return self.value_net(latent), log_probs.gather(1, actions.long()[:, None])[:, 0], entropy

    def predict(  # type: ignore[override]
        self,
        observation: Observation,
        state: Any = None,
        episode_start: np.ndarray | None = None,
        deterministic: bool = False,
        action_masks: np.ndarray | None = None,
    ) -> tuple[Any, Any]:
        """Return (actions, state) for one observation or a batch.

        Masks narrow the choice further if they are given.
        """
        is_single = observation["task"].ndim == 1
        with torch.inference_mode():
            arguments = {
                key: torch.from_numpy(np.ascontiguousarray(block, np.float32))
                for key, block in observation.items()
            }
            logits = self._logits(
                {key: block[None] for key, block in arguments.items()} if is_single else arguments
            )
            if action_masks is not None:
                logits = logits.masked_fill(
                    ~torch.from_numpy(np.asarray(action_masks, bool)).reshape(logits.shape), MASKED
                )
            actions = (
                logits.argmax(dim=1)
                if deterministic
                else torch.multinomial(torch.softmax(logits, dim=1), 1)[:, 0]
            )
        return (actions.numpy()[0] if is_single else actions.numpy()), state

    def _logits(self, observation: dict[str, torch.Tensor]) -> torch.Tensor:
        """Logits (batch, n + 1) of observations."""
        return self.mlp_extractor.forward_actor(self.features_extractor(observation))  # type: ignore[operator]


class IgnoresMasks(BasePolicy):
    """Policies of algorithms without masks: they are offered some all the same, and drop them."""

    def predict(  # type: ignore[override]
        self,
        observation: Observation,
        state: Any = None,
        episode_start: np.ndarray | None = None,
        deterministic: bool = False,
        action_masks: np.ndarray | None = None,
    ) -> tuple[Any, Any]:
        """Return (actions, state) as the algorithm's own class does, without masks."""
        return super().predict(observation, state, episode_start, deterministic)


def policy_kwargs(network: Network) -> dict[str, Any]:
    """Arguments that make a stable-baselines3 policy use the scorer with these network settings."""
    encoder = {key: value for key, value in network.items() if key != "residual_bound"}
    limit = {"residual_bound": network["residual_bound"]} if "residual_bound" in network else {}
    return {
        "features_extractor_class": CandidateEncoder,
        "features_extractor_kwargs": encoder,
        **limit,
    }
