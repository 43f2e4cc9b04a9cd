"""What happens during learning: progress, validation on fixed held-out episodes, best and last
checkpoints.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from stable_baselines3.common.callbacks import BaseCallback
from tqdm import tqdm

from agents.envs.episode_runner import play
from agents.experimental_protocol import VALIDATION_SEEDS
from agents.policies.protocol import Environments, Policy
from agents.training.tensorboard import record_scalars
from agents.utils.checkpoints import BEST, LAST, save_checkpoint
from agents.utils.tensorboard_tags import VALIDATION
from orbit_gym.simulation.metric_table import HEADLINE


def snapshot(
    model: Any, algo: str, network: dict[str, Any], history: list[dict[str, Any]]
) -> dict[str, Any]:
    """Everything that a checkpoint keeps of a model."""
    return {
        "algo": algo,
        "network": dict(network),
        "weights": model.policy.state_dict(),
        "optimizer": model.policy.optimizer.state_dict(),
        "timesteps": int(model.num_timesteps),
        "updates": int(model._n_updates),
        "history": history,
    }


class Validation(BaseCallback):
    """Validates every so many decisions, the untrained network first.

    The best by mean headline is kept in best.pt.

    With several scenarios the mean is over all their episodes, equally many of each.

    """

    def __init__(
        self,
        envs: Mapping[str, Environments],
        episodes: int,
        every: int,
        out: Path,
        algo: str,
        network: dict[str, Any],
        history: list[dict[str, Any]],
    ) -> None:
        super().__init__()
        self.envs, self.episodes, self.every = envs, episodes, every
        self.out, self.algo, self.network, self.history = out, algo, network, history
        self.updates = -1  # the updates before the latest validation

    def best(self) -> float:
        """Best mean so far, -inf before the first validation."""
        return max((entry[HEADLINE] for entry in self.history), default=-np.inf)

    def is_new(self) -> bool:
        """True if the network has been updated since the latest validation."""
        return self.model._n_updates > self.updates

    def validate(self, timesteps: int) -> float:
        """Play the validation episodes, remember the result, and keep the policy if it is the best.

        Strictly the best so far.
        """
        policy: Policy = self.model.policy  # type: ignore[assignment]
        self.updates = self.model._n_updates
        seeds = VALIDATION_SEEDS[: self.episodes]
        metrics_by_scenario = {name: play(envs, policy, seeds) for name, envs in self.envs.items()}
        record_scalars(
            self.logger,
            VALIDATION,
            [metrics for part in metrics_by_scenario.values() for metrics in part],
        )
        self.logger.dump(timesteps)
        by_scenario = {
            name: [metrics[HEADLINE] for metrics in part]
            for name, part in metrics_by_scenario.items()
        }
        fractions = [fraction for part in by_scenario.values() for fraction in part]
        mean, is_best = float(np.mean(fractions)), float(np.mean(fractions)) > self.best()
        self.history.append(
            {
                "timesteps": timesteps,
                HEADLINE: mean,
                "episodes": fractions,
                "scenarios": list(by_scenario),
            }
        )
        if is_best:
            self.save(BEST)
        self.save(LAST)
        tqdm.write(
            f"{timesteps:>9,d} decisions: validation {HEADLINE} "
            f"{mean:.4f}{' (best so far)' if is_best else ''}"
        )
        return mean

    def save(self, name: str) -> None:
        """Write one checkpoint."""
        save_checkpoint(
            self.out / name, snapshot(self.model, self.algo, self.network, self.history)
        )

    def _on_training_start(self) -> None:
        if not self.history:
            self.validate(0)

    def _on_step(self) -> bool:
        if self.num_timesteps - self.history[-1]["timesteps"] >= self.every and self.is_new():
            self.validate(self.num_timesteps)
        return True


class Progress(BaseCallback):
    """A progress bar, and the headline of finished training episodes in the log."""

    def __init__(self, total: int) -> None:
        super().__init__()
        self.total = total
        self.recent: list[float] = []

    def _on_training_start(self) -> None:
        every_s = 0.2 if sys.stderr.isatty() else 15.0  # a log file needs fewer lines than a screen
        self.bar = tqdm(
            total=self.total,
            initial=self.num_timesteps,
            unit=" decisions",
            desc="training",
            mininterval=every_s,
        )

    def _on_step(self) -> bool:
        self.bar.update(min(self.num_timesteps, self.total) - self.bar.n)
        headlines = [info[HEADLINE] for info in self.locals["infos"] if HEADLINE in info]
        if headlines:
            self.recent = (self.recent + headlines)[-20:]
            self.logger.record(f"rollout/{HEADLINE}", float(np.mean(self.recent)))
            self.bar.set_postfix({"served": f"{np.mean(self.recent):.3f}"}, refresh=False)
        return True

    def close(self) -> None:
        """Leave the bar as it is."""
        if hasattr(self, "bar"):
            self.bar.close()
