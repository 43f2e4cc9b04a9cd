"""The scorer as policies of stable-baselines3: masked PPO, plain PPO and DQN share its encoder and heads."""

from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from sb3_contrib.common.maskable.policies import MaskableMultiInputActorCriticPolicy
from stable_baselines3.common.policies import BasePolicy, MultiInputActorCriticPolicy
from stable_baselines3.dqn.policies import MultiInputPolicy, QNetwork
from torch import nn

from agents.policy import Observation
from agents.scorer import CandidateEncoder, CandidateHeads, masked

NETWORK = {"hidden": 64, "sharpness": 64.0, "margin": 4.0}  # arguments of CandidateEncoder
Q_SCALE = 1.0 / 128.0  # initial advantages are of the order of one scaled reward; a power of two keeps the order exact


class _Scored:
    """Swaps the stock heads of an actor-critic policy for the per-candidate ones."""

    def _build_mlp_extractor(self: Any) -> None:
        self.mlp_extractor = CandidateHeads(self.features_dim).to(self.device)

    def _build(self: Any, lr_schedule: Any) -> None:
        super()._build(lr_schedule)  # type: ignore[misc]
        self.mlp_extractor.zero_residuals()
        self.action_net = nn.Identity()  # forward_actor already gives one logit per action
        self.optimizer = self.optimizer_class(self.parameters(), lr=lr_schedule(1), **self.optimizer_kwargs)


class MaskableScorerPolicy(_Scored, MaskableMultiInputActorCriticPolicy):  # type: ignore[misc]  # heads replaced on purpose
    """Actor-critic with action masks, for MaskablePPO."""


class ScorerPolicy(_Scored, MultiInputActorCriticPolicy):  # type: ignore[misc]
    """Actor-critic for plain PPO; the mask is the plan_exists column, applied inside the network."""

    def predict(  # type: ignore[override]
        self,
        observation: Observation,
        state: Any = None,
        episode_start: np.ndarray | None = None,
        deterministic: bool = False,
        action_masks: np.ndarray | None = None,
    ) -> tuple[Any, Any]:
        """Return (actions, state); the masks are known from the observation."""
        return super().predict(observation, state, episode_start, deterministic)


class ScorerQNetwork(QNetwork):
    """Q value per candidate: a state value, the scaled prior and the residuals."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Replace the stock layers by the heads."""
        super().__init__(*args, **kwargs)
        self.q_net = nn.Identity()  # type: ignore[assignment]
        self.heads = CandidateHeads(self.features_dim)
        self.heads.zero_residuals()
        self.value = nn.Linear(self.features_dim, 1)
        nn.init.zeros_(self.value.weight)
        nn.init.zeros_(self.value.bias)

    def forward(self, obs: Any) -> torch.Tensor:
        """Q values (batch, n + 1), MASKED where no plan exists."""
        features = self.extract_features(obs, self.features_extractor)
        advantages = Q_SCALE * features[..., -2] + self.heads.residuals(features)
        return masked(advantages + self.value(self.heads.forward_critic(features)), features)


class ScorerQPolicy(MultiInputPolicy):
    """DQN's policy over ScorerQNetwork."""

    def make_q_net(self) -> QNetwork:
        """Make one Q network with its own encoder."""
        return ScorerQNetwork(**self._update_features_extractor(self.net_args, features_extractor=None)).to(self.device)

    def predict(  # type: ignore[override]
        self,
        observation: Observation,
        state: Any = None,
        episode_start: np.ndarray | None = None,
        deterministic: bool = False,
        action_masks: np.ndarray | None = None,
    ) -> tuple[Any, Any]:
        """Return (actions, state), always greedy; the masks are known from the observation."""
        return super().predict(observation, state, episode_start, deterministic)


POLICIES: dict[str, type[BasePolicy]] = {"maskable_ppo": MaskableScorerPolicy, "ppo": ScorerPolicy, "dqn": ScorerQPolicy}


def policy_kwargs(network: dict[str, float]) -> dict[str, Any]:
    """Arguments that make a stable-baselines3 policy use the scorer with these network settings."""
    return {"features_extractor_class": CandidateEncoder, "features_extractor_kwargs": dict(network)}


def build_policy(algo: str, observation_space: spaces.Dict, action_space: spaces.Discrete, network: dict[str, float]) -> BasePolicy:
    """Make the untrained policy of an algorithm for these spaces."""
    return POLICIES[algo](observation_space, action_space, lambda _: 0.0, **policy_kwargs(network))  # type: ignore[call-arg]
