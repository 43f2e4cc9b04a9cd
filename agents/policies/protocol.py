"""What every policy answers: stable-baselines3's ``predict`` plus action masks.

Heuristics and networks are scored alike.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Protocol

import gymnasium as gym
import numpy as np

from orbit_gym.observation import COLUMNS
from orbit_gym.simulation.booking_log import BookingLog
from orbit_gym.simulation.simulation import Simulation
from orbit_gym.vector import OrbitVectorEnv

# task (T,), nodes (n, F), links (n, slots, L); or the same with a leading batch axis
Observation = dict[str, np.ndarray]
Environments = Sequence[gym.Env] | OrbitVectorEnv  # where episodes are played side by side
PLAN_EXISTS, PLAN_ON_TIME = COLUMNS["nodes"]["plan_exists"], COLUMNS["nodes"]["plan_on_time"]


class Policy(Protocol):
    """Choose a candidate row, or n_candidates to reject, from observations.

    From one observation or a batch of them.
    """

    def predict(
        self,
        observation: Observation,
        state: Any = None,
        episode_start: np.ndarray | None = None,
        deterministic: bool = True,
        action_masks: np.ndarray | None = None,
    ) -> tuple[Any, Any]:
        """Return (actions, next state).

        Actions have shape () for one observation and (batch,) for a batch.
        """
        ...


class NeedsEnvironments(ABC):
    """A policy that reads the running simulation, not only what it shows.

    Whoever plays a policy calls :func:`attach` before its first `predict`.
    """

    @abstractmethod
    def attach(self, envs: Environments) -> None:
        """Take the environments that are played, in the order of the observations.

        ValueError for those that the policy cannot play.
        """


class PlaysEpisodes(ABC):
    """A policy that can play a whole episode in one compiled call."""

    @abstractmethod
    def play_out(
        self, simulation: Simulation, deterministic: bool = True, seed: int = 0
    ) -> BookingLog:
        """Play a Simulation from its task at hand to its end; return what was booked.

        Greedy choices are those of `predict`. What is sampled depends on the seed alone.
        """


def attach(policy: object, envs: Environments) -> None:
    """Hand the environments to a policy that needs them."""
    if isinstance(policy, NeedsEnvironments):
        policy.attach(envs)


def valid_rows(observation: Observation, action_masks: np.ndarray | None = None) -> np.ndarray:
    """Return the rows that may be chosen, (..., n_candidates) bool.

    From the masks (..., n_actions) if given, else from plan_exists.
    """
    if action_masks is not None:
        n_candidates = observation["nodes"].shape[-2]
        return np.asarray(action_masks, dtype=bool)[..., :n_candidates]
    return observation["nodes"][..., PLAN_EXISTS] > 0.5


class Admitting:
    """Forbid a policy to turn away what some plan serves in time.

    What it loses is what its admission is worth.
    """

    def __init__(self, policy: Policy, fallback: Policy) -> None:
        """Take a policy without memory, and one that chooses where the first turns away.

        The masks do not allow it to reject.
        """
        self.policy, self.fallback = policy, fallback

    def predict(
        self,
        observation: Observation,
        state: Any = None,
        episode_start: np.ndarray | None = None,
        deterministic: bool = True,
        action_masks: np.ndarray | None = None,
    ) -> tuple[Any, Any]:
        """As :meth:`Policy.predict`."""
        actions, state = self.policy.predict(
            observation, state, episode_start, deterministic, action_masks
        )
        rows = valid_rows(observation, action_masks)
        in_time = rows & (observation["nodes"][..., PLAN_ON_TIME] > 0.5)
        is_offered = np.asarray(in_time.any(axis=-1))
        is_refused = is_offered & (np.asarray(actions) == rows.shape[-1])
        if is_refused.any():
            masks = np.concatenate(
                [np.where(is_offered[..., None], in_time, rows), ~is_offered[..., None]], axis=-1
            )
            actions = np.where(
                is_refused,
                self.fallback.predict(observation, state, episode_start, deterministic, masks)[0],
                actions,
            )
        return actions, state
