"""stable-baselines3 models over the scorer network."""

from typing import Any

import numpy as np
from stable_baselines3 import DQN, PPO
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.noise import ActionNoise
from stable_baselines3.common.vec_env import VecEnv

from agents.policies.heuristics import Random
from agents.policies.network.sb3_policies import POLICIES, policy_kwargs
from agents.training.config import Recipe, Settings
from agents.training.ppo import LeanPPO


class MaskedDQN(DQN):
    """DQN that explores among the rows with a plan and rejection.

    A masked action would only waste a decision.
    """

    def _sample_action(
        self, learning_starts: int, action_noise: ActionNoise | None = None, n_envs: int = 1
    ) -> tuple[np.ndarray, np.ndarray]:
        """Epsilon-greedy from the first step on: the untrained network already is a good rule."""
        assert self._last_obs is not None
        greedy, _ = self.policy.predict(self._last_obs, deterministic=True)  # type: ignore[arg-type]
        explored, _ = self._explorer.predict(self._last_obs)  # type: ignore[arg-type]
        actions = np.where(
            self._explorer.rng.random(n_envs) < self.exploration_rate, explored, greedy
        )
        return actions, actions

    def _setup_model(self) -> None:
        super()._setup_model()
        self._explorer = Random(self.seed or 0)


CLASSES: dict[str, type[BaseAlgorithm]] = {"maskable_ppo": LeanPPO, "ppo": PPO, "dqn": MaskedDQN}


def build_model(settings: Settings, recipe: Recipe, env: VecEnv) -> Any:
    """Make the untrained model of a run."""
    arguments = dict(recipe.hyperparameters)
    if "n_steps" in arguments:  # a rollout of few environments may be smaller than a minibatch
        arguments["batch_size"] = min(arguments["batch_size"], arguments["n_steps"] * env.num_envs)
    return CLASSES[settings.algo](
        POLICIES[settings.algo],  # type: ignore[arg-type]
        env,
        policy_kwargs=policy_kwargs(recipe.network),
        seed=settings.seed,
        device="cpu",
        **arguments,
    )
