"""The deep-set network as a policy of stable-baselines3 with action masks."""

from typing import Any

import numpy as np
import torch
from sb3_contrib.common.maskable.policies import MaskableMultiInputActorCriticPolicy

from agents.policies.deep_set.forward import new_workspace
from agents.policies.deep_set.inputs import ROW_WIDTH, fill_batch
from agents.policies.deep_set.network import DeepSet
from agents.policies.deep_set.play import play_to_end
from agents.policies.protocol import Observation, PlaysEpisodes, valid_rows
from orbit_gym.simulation.booking_log import BookingLog, new_booking_log
from orbit_gym.simulation.simulation import Simulation

NETWORK: dict[str, Any] = {"hidden": 32}


class DeepSetPolicy(MaskableMultiInputActorCriticPolicy, PlaysEpisodes):  # type: ignore[misc]
    """Actor-critic over DeepSet; rows without a plan are masked inside the network."""

    def __init__(self, *args: Any, hidden: int = NETWORK["hidden"], **kwargs: Any) -> None:
        """Take the width of the layers beside the stock arguments."""
        self.hidden = hidden
        super().__init__(*args, **kwargs)

    def _build(self, lr_schedule: Any) -> None:
        """Make the network in place of the stock layers."""
        self.network = DeepSet(self.hidden)
        self.optimizer = torch.optim.Adam(
            self.network.parameters(), lr=lr_schedule(1), eps=1e-5, fused=True
        )

    def inputs(self, obs: Any, action_masks: Any = None) -> tuple[torch.Tensor, ...]:
        """Task, rows and mask, as the network takes them, of an observation batch."""
        blocks = {key: np.ascontiguousarray(block, np.float32) for key, block in obs.items()}
        batch, n = blocks["nodes"].shape[:2]
        rows = np.empty((batch, n, ROW_WIDTH), np.float32)
        fill_batch(blocks["task"], blocks["nodes"], blocks["links"], rows)
        mask = np.ones((batch, n + 1), np.bool_)
        mask[:, :n] = valid_rows(blocks)
        if action_masks is not None:
            mask &= np.asarray(action_masks, np.bool_).reshape(mask.shape)
        return tuple(torch.from_numpy(array) for array in (blocks["task"], rows, mask))

    def forward(
        self, obs: Any, deterministic: bool = False, action_masks: np.ndarray | None = None
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Actions (batch,), values (batch, 1) and log-probabilities (batch,)."""
        logits, values = self.network(*self.inputs(obs, action_masks))
        log_probs = torch.log_softmax(logits, dim=1)
        actions = _choose(log_probs, deterministic)
        return actions, values[:, None], log_probs.gather(1, actions[:, None])[:, 0]

    def evaluate_actions(
        self, obs: Any, actions: torch.Tensor, action_masks: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]:
        """Values (batch, 1), log-probabilities (batch,) of the actions, entropies (batch,)."""
        return self.evaluate_inputs(self.inputs(obs, action_masks), actions)

    def evaluate_inputs(
        self, inputs: tuple[torch.Tensor, ...], actions: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """As `evaluate_actions`, of inputs that are computed already."""
        logits, values = self.network(*inputs)
        log_probs = torch.log_softmax(logits, dim=1)
        entropy = -(log_probs.exp() * log_probs).sum(dim=1)  # a masked action adds exactly 0
        return values[:, None], log_probs.gather(1, actions.long()[:, None])[:, 0], entropy

    def predict_values(self, obs: Any) -> torch.Tensor:
        """Values (batch, 1)."""
        return self.network(*self.inputs(obs))[1][:, None]

    def predict(  # type: ignore[override]
        self,
        observation: Observation,
        state: Any = None,
        episode_start: np.ndarray | None = None,
        deterministic: bool = False,
        action_masks: np.ndarray | None = None,
    ) -> tuple[Any, Any]:
        """Return (actions, state) for one observation or a batch."""
        is_single = observation["task"].ndim == 1
        if is_single:
            observation = {key: block[None] for key, block in observation.items()}
        with torch.inference_mode():
            logits, _ = self.network(*self.inputs(observation, action_masks))
            actions = _choose(torch.log_softmax(logits, dim=1), deterministic).numpy()
        return (actions[0] if is_single else actions), state

    def play_out(
        self, simulation: Simulation, deterministic: bool = True, seed: int = 0
    ) -> BookingLog:
        """Play a Simulation to its end, compiled; what is sampled depends on the seed alone."""
        n_tasks, n = simulation.episode.tasks.size, simulation.n_candidates
        log = new_booking_log(n_tasks)
        uniforms = np.random.default_rng(seed).random(0 if deterministic else n_tasks)
        play_to_end(
            *simulation.kernel_arguments,
            simulation.decision,
            self.network.compiled(),
            new_workspace(n, self.hidden),
            np.zeros((n, ROW_WIDTH), np.float32),
            uniforms,
            log.plans,
            log.is_booked,
        )
        if simulation.episode.faults.size:
            simulation.play_faults_out()
        return log


def _choose(log_probs: torch.Tensor, deterministic: bool) -> torch.Tensor:
    if deterministic:
        return log_probs.argmax(dim=1)
    return torch.multinomial(log_probs.exp(), 1)[:, 0]


def policy_kwargs(network: dict[str, Any]) -> dict[str, Any]:
    """Keyword arguments of the policy class for these settings."""
    return dict(network)
