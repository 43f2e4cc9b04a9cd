"""MaskablePPO without the work that is not network arithmetic: the same algorithm, fewer copies.

Stock code copies every observation four times between environment and minibatch, keeps masks as
float32, builds checked distributions, and reads six losses back for every minibatch. Here a rollout
lies in tensors from the start, a minibatch is one gather, log-probabilities are computed once, and
losses are read once an update. What is learned is the same (a test compares).
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from sb3_contrib import MaskablePPO
from sb3_contrib.common.maskable.buffers import MaskableDictRolloutBuffer
from stable_baselines3.common.buffers import BaseBuffer
from stable_baselines3.common.utils import explained_variance
from torch.nn import functional

from agents.policies.network.rule_prior import NetworkInputs

PER_STEP = ("rewards", "returns", "episode_starts", "values", "log_probs", "advantages")


class Rollout(NamedTuple):
    """What an update learns from, one row a decision."""

    inputs: NetworkInputs
    actions: torch.Tensor
    log_probs: torch.Tensor
    advantages: torch.Tensor
    returns: torch.Tensor

    def batches(self, size: int) -> Iterator["Rollout"]:
        """Minibatches in random order."""
        for rows in torch.randperm(len(self.actions)).split(size):
            yield Rollout(self.inputs.take(rows), *(column[rows] for column in self[1:]))  # type: ignore[arg-type]


class TensorRolloutBuffer(MaskableDictRolloutBuffer):
    """Rollout buffer whose observations are tensors (steps, n_envs, ...), allocated once."""

    observation_pool: dict[str, torch.Tensor] | None = None  # observations

    def reset(self) -> None:
        """Forget the rollout; the memory stays."""
        if self.observation_pool is None:
            shape = (self.buffer_size, self.n_envs)
            self.observation_pool = {
                key: torch.zeros((*shape, *space), dtype=torch.float32)
                for key, space in self.obs_shape.items()
            }  # type: ignore[attr-defined]
            self.action_pool = torch.zeros(shape, dtype=torch.int64)
            self.observations = {key: rows.numpy() for key, rows in self.observation_pool.items()}
        for name in PER_STEP:
            setattr(self, name, np.zeros((self.buffer_size, self.n_envs), np.float32))
        BaseBuffer.reset(self)

    def add(  # type: ignore[override]
        self,
        obs: Any,
        action: np.ndarray,
        reward: np.ndarray,
        episode_start: np.ndarray,
        value: Any,
        log_prob: Any,
        **_: Any,
    ) -> None:
        """Keep one step of all environments; masks are known from the observation."""
        assert self.observation_pool is not None
        for key, rows in self.observations.items():
            rows[self.pos] = obs[key]
        self.action_pool[self.pos] = torch.from_numpy(
            np.asarray(action).reshape(-1).astype(np.int64)
        )
        self.rewards[self.pos], self.episode_starts[self.pos] = reward, episode_start
        self.values[self.pos], self.log_probs[self.pos] = (
            value.numpy().reshape(-1),
            log_prob.numpy(),
        )
        self.pos += 1
        self.full = self.pos == self.buffer_size

    def prepared(self, policy: Any) -> Rollout:
        """The rollout as the network reads it, one row a decision."""
        assert self.full and self.observation_pool is not None
        inputs = policy.features_extractor.prepare(
            {key: rows.flatten(0, 1) for key, rows in self.observation_pool.items()}
        )
        columns = (self.log_probs, self.advantages, self.returns)
        return Rollout(
            inputs,
            self.action_pool.flatten(),
            *(torch.from_numpy(array).flatten() for array in columns),
        )


class FastMaskablePPO(MaskablePPO):
    """MaskablePPO over TensorRolloutBuffer, with falling rates and a warm-up of the critic.

    learning_rate and ent_coef fall linearly to `final_lr_fraction` of their start at the end of the
    run. For the first `critic_warmup_steps` decisions only the critic's own layers learn: a policy
    that comes from imitation is not moved by a critic that knows nothing yet.
    """

    def __init__(
        self,
        *args: Any,
        final_lr_fraction: float = 1.0,
        critic_warmup_steps: int = 0,
        **kwargs: Any,
    ) -> None:
        """Take what stock MaskablePPO takes, and the two above."""
        self.final_lr_fraction, self.critic_warmup_steps = final_lr_fraction, critic_warmup_steps
        rate = kwargs.get("learning_rate", 3e-4)
        kwargs["learning_rate"] = lambda left: rate * self.remaining(left)
        kwargs.setdefault("rollout_buffer_class", TensorRolloutBuffer)
        super().__init__(*args, **kwargs)

    def remaining(self, left: float) -> float:
        """Factor of the rates when this share of the run is left, 1 at its start."""
        return self.final_lr_fraction + (1.0 - self.final_lr_fraction) * left

    def train(self) -> None:
        """One update from the rollout in the buffer."""
        self.policy.set_training_mode(True)
        self._update_learning_rate(self.policy.optimizer)
        sums, count, is_over = torch.zeros(5), 0, False
        rollout = self.rollout_buffer.prepared(self.policy)  # type: ignore[attr-defined]
        for _ in range(self.n_epochs):
            for batch in rollout.batches(self.batch_size):
                loss, parts = self._loss(batch)
                sums, count = sums + parts, count + 1
                # the estimate and the place of the test are the stock ones
                # (http://joschu.net/blog/kl-approx.html)
                if is_over := self.target_kl is not None and float(parts[3]) > 1.5 * self.target_kl:
                    break
                self.policy.optimizer.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_norm_(self.policy.parameters(), self.max_grad_norm)
                self.policy.optimizer.step()
            self._n_updates += 1
            if is_over:
                break
        self._record((sums / count).tolist())

    def _loss(self, batch: Rollout) -> tuple[torch.Tensor, torch.Tensor]:
        """Loss of a minibatch, and (policy loss, value loss, entropy, KL, clipped share) without
        gradients.
        """
        values, log_prob, entropy = self._evaluated(batch)
        advantages = batch.advantages
        if self.normalize_advantage:
            advantages = (advantages - advantages.mean()) / (advantages.std() + 1e-8)
        log_ratio = log_prob - batch.log_probs
        ratio, clip = log_ratio.exp(), self.clip_range(self._current_progress_remaining)  # type: ignore[operator]
        policy_loss = -torch.min(
            advantages * ratio, advantages * ratio.clamp(1.0 - clip, 1.0 + clip)
        ).mean()
        value_loss, mean_entropy = functional.mse_loss(values, batch.returns), entropy.mean()
        ent_coef = self.ent_coef * self.remaining(self._current_progress_remaining)
        loss = policy_loss - ent_coef * mean_entropy + self.vf_coef * value_loss
        with torch.no_grad():
            kl, clipped = (
                (ratio - 1.0 - log_ratio).mean(),
                ((ratio - 1.0).abs() > clip).float().mean(),
            )
            return loss, torch.stack([policy_loss, value_loss, mean_entropy, kl, clipped])

    def _evaluated(self, batch: Rollout) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Values (batch,), log-probabilities and entropies.

        Without a gradient to the policy while the critic learns alone.
        """
        policy: Any = self.policy
        with torch.set_grad_enabled(self.num_timesteps > self.critic_warmup_steps):
            encoded = policy.features_extractor.encode(batch.inputs)
            log_probs = torch.log_softmax(policy.mlp_extractor.forward_actor(encoded), dim=1)
            entropy = -(log_probs.exp() * log_probs).sum(
                dim=1
            )  # a masked row's probability is exactly 0
            log_prob = log_probs.gather(1, batch.actions[:, None])[:, 0]
        return (
            policy.value_net(policy.mlp_extractor.forward_critic(encoded)).flatten(),
            log_prob,
            entropy,
        )

    def _record(self, means: list[float]) -> None:
        """Write the losses of an update to the log, under the stock names."""
        names = ("policy_gradient_loss", "value_loss", "entropy", "approx_kl", "clip_fraction")
        for name, value in zip(names, means, strict=True):
            self.logger.record(f"train/{name}", value)
        buffer: Any = self.rollout_buffer
        self.logger.record(
            "train/explained_variance",
            explained_variance(buffer.values.flatten(), buffer.returns.flatten()),
        )
        self.logger.record("train/n_updates", self._n_updates, exclude="tensorboard")
