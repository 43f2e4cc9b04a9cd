"""MaskablePPO over the deep-set network, with rollouts that are compiled.

The algorithm is the stock one: sampled actions, generalised advantages, the clipped objective. Two
things are added. With `replicas` above 1 the mean advantage of the other replicas of an episode is
subtracted (agents.algorithms.advantages). And `target_kl` steers the learning rate, in place of
cutting an update short: too small a step doubles nothing and too large a one is not undone.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from sb3_contrib import MaskablePPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.utils import explained_variance
from stable_baselines3.common.vec_env import VecEnvWrapper
from torch.nn import functional

from agents.algorithms.advantages import generalised_advantages, less_other_replicas
from agents.algorithms.rollout_collector import Rollout, RolloutCollector
from agents.envs.native_vec_env import NativeVecEnv
from agents.policies.deep_set.inputs import N_NODE
from agents.policies.deep_set.play import Transitions

RATE_STEP = 1.5  # factor by which the learning rate follows the KL divergence
RATE_BOUNDS = (1e-5, 5e-3)  # assumption: a larger one moves rectified units out of reach
LOSSES = ("policy_gradient_loss", "value_loss", "entropy", "approx_kl", "clip_fraction")


class Batch(NamedTuple):
    """Decisions that an update learns from, one row each."""

    task: torch.Tensor
    rows: torch.Tensor
    mask: torch.Tensor
    actions: torch.Tensor
    log_probs: torch.Tensor
    advantages: torch.Tensor
    returns: torch.Tensor

    def minibatches(self, size: int) -> Iterator["Batch"]:
        """Parts in random order."""
        for index in torch.randperm(len(self.actions)).split(size):
            yield Batch(*(column.index_select(0, index) for column in self))


def make_batch(rollout: Rollout, advantages: np.ndarray, returns: np.ndarray) -> Batch:
    """Turn a rollout into tensors."""
    steps = rollout.transitions
    columns = (steps.task, steps.rows, steps.mask, steps.action, steps.log_prob)
    return Batch(
        *(torch.from_numpy(column).flatten(0, 1) for column in (*columns, advantages, returns))
    )


def last_decisions(transitions: Transitions) -> dict[str, np.ndarray]:
    """Blocks task and nodes of the observations at the last step of every member."""
    return {
        "task": transitions.task[:, -1],
        "nodes": transitions.rows[:, -1, :, :N_NODE],
    }


class CompiledPPO(MaskablePPO):
    """MaskablePPO over NativeVecEnv and DeepSetPolicy."""

    def __init__(
        self,
        *args: Any,
        final_ent_fraction: float = 0.0,
        threads: int = 2,
        **kwargs: Any,
    ) -> None:
        """Take what stock MaskablePPO takes.

        ent_coef falls linearly to final_ent_fraction of itself; threads share the rollouts.
        """
        self.final_ent_fraction, self.threads = final_ent_fraction, threads
        super().__init__(*args, **kwargs)

    def _setup_model(self) -> None:
        super()._setup_model()
        if self.env is not None:
            _ = self.native_env  # refused now, not after long work
        self.uniforms = np.random.default_rng(self.seed)
        self.collector: RolloutCollector | None = None
        self.batch: Batch | None = None

    @property
    def rate(self) -> float:
        """Learning rate, kept in the optimizer and so in checkpoints."""
        return float(self.policy.optimizer.param_groups[0]["lr"])

    @rate.setter
    def rate(self, rate: float) -> None:
        for group in self.policy.optimizer.param_groups:
            group["lr"] = rate

    @property
    def native_env(self) -> NativeVecEnv:
        """The native vector environment beneath the monitor."""
        env: Any = self.env
        while not isinstance(env, NativeVecEnv):
            if not isinstance(env, VecEnvWrapper):
                raise ValueError(
                    "compiled_ppo trains on one scenario of this package; take maskable_ppo for "
                    "several scenarios or for another environment"
                )
            env = env.venv
        return env

    def collect_rollouts(  # type: ignore[override]
        self,
        env: Any,
        callback: BaseCallback,
        rollout_buffer: Any,
        n_rollout_steps: int,
        use_masking: bool = True,
    ) -> bool:
        """Play n_rollout_steps of every member; callbacks are called once, at the end."""
        self.policy.set_training_mode(False)
        callback.on_rollout_start()
        network: Any = self.policy.network
        if self.collector is None:
            self.collector = RolloutCollector(self.native_env, network.hidden, self.threads)
        uniforms = self.uniforms.random((env.num_envs, n_rollout_steps))
        rollout = self.collector.collect(network.compiled(), uniforms, self.gamma)
        self.batch = self._learned_from(rollout)
        if self._n_updates == 0:  # the first rollout shows how inputs are spread; it is played anew
            network.fit_scales(self.batch.task, self.batch.rows.flatten(0, 1))
            self.batch = None
        self.num_timesteps += uniforms.size
        # what callbacks look for: finished episodes, and the last decision of every member
        infos, actions = rollout.episode_infos, rollout.transitions.action[:, -1]
        self._last_obs = last_decisions(rollout.transitions)
        callback.update_locals(locals())
        goes_on = callback.on_step()
        callback.on_rollout_end()
        return goes_on

    def _learned_from(self, rollout: Rollout) -> Batch:
        """What an update learns from a rollout."""
        values = rollout.transitions.value
        advantages = generalised_advantages(
            rollout.rewards,
            values,
            rollout.is_last,
            rollout.last_values,
            self.gamma,
            self.gae_lambda,
        )
        returns = advantages + values
        explained = explained_variance(values.flatten(), returns.flatten())
        self.logger.record("train/explained_variance", explained)
        replicas = self.native_env.seeds.replicas
        return make_batch(rollout, less_other_replicas(advantages, replicas), returns)

    def train(self) -> None:
        """One update from the rollout."""
        if self.batch is None:
            self._n_updates += 1
            return
        self.policy.set_training_mode(True)
        sums, count = torch.zeros(len(LOSSES)), 0
        for _ in range(self.n_epochs):
            for batch in self.batch.minibatches(self.batch_size or len(self.batch.actions)):
                loss, parts = self._loss(batch)
                self.policy.optimizer.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_norm_(self.policy.parameters(), self.max_grad_norm)
                self.policy.optimizer.step()
                sums, count = sums + parts, count + 1
            self._n_updates += 1
        means = dict(zip(LOSSES, (sums / count).tolist(), strict=True))
        for name, value in means.items():
            self.logger.record(f"train/{name}", value)
        self.logger.record("train/learning_rate", self.rate)
        self.logger.record("train/n_updates", self._n_updates, exclude="tensorboard")
        self.rate = self._next_rate(means["approx_kl"])

    def _next_rate(self, kl: float) -> float:
        """Learning rate that brings the KL divergence of an update nearer to target_kl."""
        if self.target_kl is None:
            return self.rate
        rate = self.rate
        if kl > 2.0 * self.target_kl:
            rate /= RATE_STEP
        elif kl < 0.5 * self.target_kl:
            rate *= RATE_STEP
        return float(np.clip(rate, *RATE_BOUNDS))

    def _loss(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """Loss of a minibatch, and the LOSSES without gradients."""
        values, log_prob, entropy = self.policy.evaluate_inputs(  # type: ignore[operator,union-attr]
            (batch.task, batch.rows, batch.mask), batch.actions
        )
        advantages = batch.advantages
        if self.normalize_advantage:
            advantages = (advantages - advantages.mean()) / (advantages.std() + 1e-8)
        log_ratio = log_prob - batch.log_probs
        ratio, clip = log_ratio.exp(), self.clip_range(self._current_progress_remaining)  # type: ignore[operator]
        policy_loss = -torch.min(
            advantages * ratio, advantages * ratio.clamp(1.0 - clip, 1.0 + clip)
        ).mean()
        value_loss = functional.mse_loss(values[:, 0], batch.returns)
        mean_entropy = entropy.mean()
        loss = policy_loss - self._entropy_price() * mean_entropy + self.vf_coef * value_loss
        with torch.no_grad():
            kl = (ratio - 1.0 - log_ratio).mean()
            clipped = ((ratio - 1.0).abs() > clip).float().mean()
            return loss, torch.stack([policy_loss, value_loss, mean_entropy, kl, clipped])

    def _entropy_price(self) -> float:
        """Coefficient of the entropy now."""
        left, final = self._current_progress_remaining, self.final_ent_fraction
        return float(self.ent_coef * (final + (1.0 - final) * left))
