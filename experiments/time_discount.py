"""Discount by elapsed time: exp(-dt / tau) in the deltas, in the GAE product and in the truncation bootstrap of MaskablePPO.

dt is info["elapsed_s"], the time to the next decision. With constant dt this equals the stock code at gamma = exp(-dt / tau).
"""

import math
from typing import Any

import numpy as np
import torch
from stable_baselines3.common.callbacks import BaseCallback

from agents.training.ppo import LeanBuffer


def discounted_gae(
    rewards: np.ndarray, values: np.ndarray, next_values: np.ndarray, continues: np.ndarray, discounts: np.ndarray, gae_lambda: float
) -> np.ndarray:
    """Advantages (steps, n_envs) by the recursion of Schulman et al. (arXiv 1506.02438) with one discount per step.

    next_values and continues (1 while the episode goes on) belong to the state after each step.
    """
    advantages = np.zeros_like(rewards)
    carried = np.zeros(rewards.shape[1], dtype=rewards.dtype)
    deltas = rewards + discounts * next_values * continues - values
    for step in reversed(range(len(rewards))):
        carried = deltas[step] + discounts[step] * gae_lambda * continues[step] * carried
        advantages[step] = carried
    return advantages


class TimeDiscountBuffer(LeanBuffer):
    """Rollout buffer that keeps a discount per step; `discounts` is written by TimeDiscount just before each `add`."""

    def reset(self) -> None:
        """Forget the rollout."""
        super().reset()
        self.discounts = np.ones((self.buffer_size, self.n_envs), dtype=np.float32)

    def compute_returns_and_advantage(self, last_values: torch.Tensor, dones: np.ndarray) -> None:
        """Fill advantages and returns as the stock buffer does, with `discounts` in place of gamma."""
        last = last_values.clone().cpu().numpy().reshape(1, -1)
        next_values = np.concatenate([self.values[1:], last])
        ends = np.concatenate([self.episode_starts[1:], dones.astype(np.float32)[None]])
        self.advantages = discounted_gae(self.rewards, self.values, next_values, 1.0 - ends, self.discounts, self.gae_lambda)
        self.returns = self.advantages + self.values


class TimeDiscount(BaseCallback):
    """Writes each step's discount into the buffer and bootstraps truncated episodes with it.

    The stock loop adds gamma * V(last observation) to the reward of a truncated step right after its callbacks; the model is
    made with gamma = 0, and exp(-dt / tau) * V is added here, to the same array.
    """

    def __init__(self, tau_s: float) -> None:
        super().__init__()
        if not (math.isfinite(tau_s) and tau_s > 0.0):
            raise ValueError(f"tau_s must be positive and finite, got {tau_s}")
        self.tau_s = tau_s

    def _on_step(self) -> bool:
        buffer: Any = self.locals["rollout_buffer"]
        infos = self.locals["infos"]
        discounts = np.exp(-np.array([info["elapsed_s"] for info in infos]) / self.tau_s)
        buffer.discounts[buffer.pos] = discounts
        for index, info in enumerate(infos):
            if self.locals["dones"][index] and info.get("TimeLimit.truncated", False):
                last, _ = self.model.policy.obs_to_tensor(info["terminal_observation"])
                with torch.no_grad():
                    value = self.model.policy.predict_values(last)[0]  # type: ignore[operator]
                self.locals["rewards"][index] += discounts[index] * value.item()
        return True
