"""TensorBoard scalars that mean something to a scheduler: what was served, delayed, rejected and
used.

Three groups: scheduler/ over the latest decisions, episodes/ over the latest finished training
episodes, validation/ over the episodes of a validation.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import Logger

from agents.utils.tensorboard_tags import DECISION_SCALARS, EPISODES, ON_TIME, SCHEDULER
from orbit_gym.observation import COLUMNS, decode
from orbit_gym.simulation.metric_table import TENSORBOARD, shown_metrics

EPISODE_METRICS = "episode_metrics"  # key in the info of a step that ends an episode
RECENT_EPISODES = 20  # that a scalar is the mean of (choice)
RECENT_DECISIONS = 4_096  # the same (choice: one rollout of the default recipe)
DELIVERED, RELEASED = ".n_delivered", ".n_released"


def scheduler_scalars(episodes: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Means over episodes by name: what the table of metrics shows here, and on_time/<class>.

    What no episode has is left out.
    """
    values = {}
    for metric in shown_metrics(TENSORBOARD):
        if metric.share is not None:
            values[metric.name] = _share(episodes, *metric.share)
        else:
            of_episodes = [item[metric.name] for item in episodes if metric.name in item]
            values[metric.name] = _mean(of_episodes)
    kinds = sorted(
        {
            name.removesuffix(RELEASED)
            for metrics in episodes
            for name in metrics
            if name.endswith(RELEASED)
        }
    )
    for kind in kinds:
        values[ON_TIME + kind] = _share(episodes, kind + DELIVERED, kind + RELEASED)
    return {name: value for name, value in values.items() if np.isfinite(value)}


def record_scalars(logger: Logger, group: str, episodes: Sequence[Mapping[str, float]]) -> None:
    """Put the scalars of these episodes into the log, in one of the groups of tags."""
    for name, value in scheduler_scalars(episodes).items():
        logger.record(group + name, value)


DECISION_STATS = (
    "value",
    "value_in_time",
    "rejected",
    "late",
    "lanes_busy_share",
    "charge_fraction",
)  # columns of decided()


def decision_stats(observation: Mapping[str, np.ndarray], actions: np.ndarray) -> np.ndarray:
    """Return what a batch of decisions does, (n_envs, 6) by DECIDED.

    Value at stake and served, 0 or 1, and means over the satellites shown.
    """
    nodes, column = observation["nodes"], COLUMNS["nodes"]
    n_rows = nodes.shape[1]
    row = nodes[np.arange(len(nodes)), np.minimum(actions, n_rows - 1)]
    is_placed = (actions < n_rows) & (row[:, column["plan_exists"]] > 0.5)
    in_time = is_placed & (row[:, column["plan_on_time"]] > 0.5)
    value = decode("task", "value", observation["task"][:, COLUMNS["task"]["value"]])
    flying = nodes[..., column["present"]] * nodes[..., column["is_satellite"]]
    means = [
        (nodes[..., column[name]] * flying).sum(axis=1) / np.maximum(flying.sum(axis=1), 1.0)
        for name in ("lanes_busy", "charge")
    ]
    return np.column_stack([value, value * in_time, ~is_placed, is_placed & ~in_time, *means])


def decision_scalars(rows: np.ndarray) -> dict[str, float]:
    """Return scalars of decisions (n, 6).

    Share of the value at stake that will be in time, shares of tasks, use and charge of the
    satellites.
    """
    value, value_in_time, rejected, late, busy, charge = rows.mean(axis=0).tolist()
    value_share = value_in_time / value if value > 0.0 else 0.0
    return dict(zip(DECISION_SCALARS, (value_share, rejected, late, busy, charge), strict=True))


class SchedulerScalars(BaseCallback):
    """Record scalars of decisions and of finished training episodes.

    Of the latest decisions under scheduler/, of the latest finished episodes under episodes/.
    """

    def __init__(self) -> None:
        super().__init__()
        self.episodes: deque[Mapping[str, float]] = deque(maxlen=RECENT_EPISODES)
        self.decisions: deque[np.ndarray] = deque()

    def _on_training_start(self) -> None:
        self.decisions = deque(maxlen=max(RECENT_DECISIONS // self.training_env.num_envs, 1))

    def _on_step(self) -> bool:
        observation: Any = self.model._last_obs  # type: ignore[attr-defined]  # still the one that was acted on
        self.decisions.append(decision_stats(observation, np.asarray(self.locals["actions"])))
        ended = [info[EPISODE_METRICS] for info in self.locals["infos"] if EPISODE_METRICS in info]
        if ended:
            self.episodes.extend(ended)
            record_scalars(self.logger, EPISODES, list(self.episodes))
        return True

    def _on_rollout_end(self) -> None:
        for name, value in decision_scalars(np.concatenate(self.decisions)).items():
            self.logger.record(SCHEDULER + name, value)


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else float("nan")


def _share(episodes: Sequence[Mapping[str, float]], part: str, denominator: str) -> float:
    """Sum of one count / sum of another, over the episodes that have both."""
    pairs = [
        (metrics[part], metrics[denominator])
        for metrics in episodes
        if part in metrics and denominator in metrics
    ]
    total = sum(pair[1] for pair in pairs)
    return sum(pair[0] for pair in pairs) / total if total > 0.0 else float("nan")
