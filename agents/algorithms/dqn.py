"""DQN that explores among valid actions only."""

import numpy as np
from stable_baselines3 import DQN
from stable_baselines3.common.noise import ActionNoise

from agents.policies.heuristics import Random


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
