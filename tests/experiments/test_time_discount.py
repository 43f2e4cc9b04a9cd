"""Elapsed-time discount against a plain loop, a case by hand, and the stock buffer."""

import math

import gymnasium as gym
import numpy as np
import pytest
import torch
from sb3_contrib import MaskablePPO
from sb3_contrib.common.maskable.buffers import MaskableDictRolloutBuffer
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.vec_env import DummyVecEnv

from experiments.time_discount import TimeDiscount, TimeDiscountBuffer, discounted_gae
from agents.training.ppo import LeanPPO
from agents.policies.network.sb3_policies import NETWORK, POLICIES, policy_kwargs
from tests.helpers.fake_env import FakeEnv

STEPS, ENVS, LAMBDA = 9, 3, 0.9


def plain_loop(rewards, values, next_values, continues, discounts, gae_lambda):
    """Sum over l of the products of discount * lambda times the deltas, straight from the definition, one environment."""
    advantages = []
    for start in range(len(rewards)):
        total, weight = 0.0, 1.0
        for step in range(start, len(rewards)):
            total += weight * (rewards[step] + discounts[step] * next_values[step] * continues[step] - values[step])
            if not continues[step]:
                break
            weight *= discounts[step] * gae_lambda
        advantages.append(total)
    return advantages


def test_by_hand():
    # delta_1 = 3 + 0.25 * 4 - 1 = 3; delta_0 = 1 + 0.5 * 1 - 2 = -0.5; A_0 = -0.5 + 0.5 * 0.8 * 3 = 0.7
    column = [np.array(item, dtype=np.float64)[:, None] for item in ([1, 3], [2, 1], [1, 4], [1, 1], [0.5, 0.25])]
    assert discounted_gae(*column, 0.8).ravel() == pytest.approx([0.7, 3.0])


def filled(kind, gamma, discounts, seed=0):
    """A buffer with random contents, some episode ends among them; returns it after its recursion, with what went in."""
    rng = np.random.default_rng(seed)
    env = FakeEnv()
    buffer = kind(STEPS, env.observation_space, env.action_space, "cpu", LAMBDA, gamma, ENVS)
    starts = rng.random((STEPS, ENVS)) < 0.3
    for step in range(STEPS):
        obs = {key: np.zeros((ENVS, *space.shape), np.float32) for key, space in env.observation_space.spaces.items()}
        if isinstance(buffer, TimeDiscountBuffer):
            buffer.discounts[step] = discounts[step]
        value = torch.tensor(rng.normal(size=ENVS), dtype=torch.float32)
        buffer.add(obs, np.zeros(ENVS), rng.normal(size=ENVS), starts[step], value, torch.zeros(ENVS), action_masks=np.ones((ENVS, 5)))
    last, dones = torch.tensor(rng.normal(size=ENVS), dtype=torch.float32), rng.random(ENVS) < 0.5
    buffer.compute_returns_and_advantage(last, dones)
    return buffer, starts, last.numpy(), dones


def test_buffer_equals_a_plain_loop():
    discounts = np.random.default_rng(1).uniform(0.5, 1.0, (STEPS, ENVS)).astype(np.float32)
    buffer, starts, last, dones = filled(TimeDiscountBuffer, 0.0, discounts)
    for env in range(ENVS):
        next_values = np.append(buffer.values[1:, env], last[env])
        continues = 1.0 - np.append(starts[1:, env], dones[env])
        expected = plain_loop(buffer.rewards[:, env], buffer.values[:, env], next_values, continues, discounts[:, env], LAMBDA)
        assert buffer.advantages[:, env] == pytest.approx(expected, abs=1e-5)  # float32 sums of nine terms
    assert np.array_equal(buffer.returns, buffer.advantages + buffer.values)


def test_constant_dt_equals_the_stock_buffer():
    stock, *_ = filled(MaskableDictRolloutBuffer, 0.93, None)
    ours, *_ = filled(TimeDiscountBuffer, 0.0, np.full((STEPS, ENVS), 0.93, np.float32))
    assert ours.advantages == pytest.approx(stock.advantages, abs=1e-6)


class Rollout(BaseCallback):
    """Copies the advantages and rewards of the last rollout before they are shuffled."""

    def _on_step(self):
        return True

    def _on_rollout_end(self):
        buffer = self.model.rollout_buffer
        self.advantages, self.rewards = buffer.advantages.copy(), buffer.rewards.copy()


class Uneven(gym.Wrapper):
    """Lets a different time pass at every step."""

    def step(self, action):
        observation, reward, terminated, truncated, info = self.env.step(action)
        return observation, reward, terminated, truncated, info | {"elapsed_s": 0.5 + (self.unwrapped.t % 5)}

    def action_masks(self):
        return self.env.unwrapped.action_masks()


def rollout(tau_s, wrap, **kwargs):
    """One rollout of 40 steps over two environments whose episodes are truncated after 12."""
    env = DummyVecEnv([lambda: wrap(FakeEnv(steps=12)) for _ in range(2)])
    copy = Rollout()
    callbacks = [copy] if tau_s is None else [TimeDiscount(tau_s), copy]
    kind = LeanPPO if "rollout_buffer_class" in kwargs else MaskablePPO  # ours against stock: buffer and update alike
    model = kind(
        POLICIES["maskable_ppo"],
        env,
        n_steps=40,
        batch_size=80,
        n_epochs=1,
        seed=3,
        policy_kwargs=policy_kwargs(NETWORK),
        device="cpu",
        **kwargs,
    )
    model.learn(80, callback=callbacks)
    return copy, model


def test_learning_with_constant_dt_equals_stock_learning_truncation_included():
    tau_s = 0.3 / -math.log(0.9)  # the environment's dt is 0.3 s: exp(-0.3 / tau) = 0.9
    stock, stock_model = rollout(None, lambda env: env, gamma=0.9)
    ours, our_model = rollout(tau_s, lambda env: env, gamma=0.0, rollout_buffer_class=TimeDiscountBuffer)
    assert ours.rewards == pytest.approx(stock.rewards, abs=1e-6)  # rewards hold the bootstrap of truncated episodes
    assert ours.advantages == pytest.approx(stock.advantages, abs=1e-5)
    for a, b in zip(stock_model.policy.parameters(), our_model.policy.parameters()):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-5)


def test_truncation_bootstraps_with_the_elapsed_time_of_that_step():
    short, _ = rollout(2.0, Uneven, gamma=0.0, rollout_buffer_class=TimeDiscountBuffer)
    endless, _ = rollout(1e9, Uneven, gamma=0.0, rollout_buffer_class=TimeDiscountBuffer)
    plain, _ = rollout(1e-9, Uneven, gamma=0.0, rollout_buffer_class=TimeDiscountBuffer)
    at = 11  # the step that truncates the first episodes; dt there is 0.5 + 12 % 5 = 2.5 s
    ratio = (short.rewards[at] - plain.rewards[at]) / (endless.rewards[at] - plain.rewards[at])
    assert ratio == pytest.approx(np.full(2, math.exp(-2.5 / 2.0)), rel=1e-4)
    assert np.array_equal(short.rewards[:at], plain.rewards[:at])


def test_tau_must_be_positive():
    with pytest.raises(ValueError, match="tau_s must be positive and finite, got -1"):
        TimeDiscount(-1.0)
