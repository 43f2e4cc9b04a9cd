"""What every policy answers: stable-baselines3's ``predict`` plus action masks. Heuristics and networks are scored alike."""

from typing import Any, Protocol

import numpy as np

from orbit_gym.observation import COLUMNS

Observation = dict[str, np.ndarray]  # task (T,), nodes (n, F), links (n, slots, L); or the same with a leading batch axis
PLAN_EXISTS = COLUMNS["nodes"]["plan_exists"]


class Policy(Protocol):
    """Anything that chooses a candidate row, or n_candidates to reject, from an observation or a batch of them."""

    def predict(
        self,
        observation: Observation,
        state: Any = None,
        episode_start: np.ndarray | None = None,
        deterministic: bool = True,
        action_masks: np.ndarray | None = None,
    ) -> tuple[Any, Any]:
        """Return (actions, next state); actions have shape () for one observation and (batch,) for a batch."""
        ...


def valid_rows(observation: Observation, action_masks: np.ndarray | None = None) -> np.ndarray:
    """Rows that may be chosen, (..., n_candidates) bool: from the masks (..., n_actions) if given, else from plan_exists."""
    if action_masks is not None:
        return np.asarray(action_masks, dtype=bool)[..., :-1]
    return observation["nodes"][..., PLAN_EXISTS] > 0.5
