"""Episode logs of evaluated policies: the actions of an evaluation are remembered and played again
in a recorded environment.

Played again, not decided again: a policy that draws its actions is recorded as it was scored.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from agents.envs.episode_runner import play
from agents.envs.problem import Problem
from agents.policies.protocol import Environments, NeedsEnvironments, Observation, Policy, attach
from orbit_gym.env import OrbitEnv
from orbit_gym.wrappers import RecordEpisode

FOLDER = "episodes"  # inside an evaluation's --out


class ActionRecorder(NeedsEnvironments):
    """A policy that keeps what it chose, one array (batch,) a step."""

    def __init__(self, policy: Policy) -> None:
        """Take the policy that decides."""
        self.policy, self.actions = policy, list[np.ndarray]()

    def attach(self, envs: Environments) -> None:
        """Hand the environments on."""
        attach(self.policy, envs)

    def predict(self, observation: Observation, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        """Let the policy choose; arguments as of :meth:`Policy.predict`."""
        actions, state = self.policy.predict(observation, *args, **kwargs)
        self.actions.append(np.array(actions))
        return actions, state


class ActionReplay:
    """A policy that takes the actions of an episode played before, one a step."""

    def __init__(self, actions: Sequence[np.ndarray]) -> None:
        """Take one action () a step."""
        self._actions = iter(actions)

    def predict(self, observation: Observation, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        """Take the next action; arguments as of :meth:`Policy.predict`."""
        return np.array([next(self._actions)]), None


def check_recordable(problem: Problem) -> None:
    """ValueError for an environment that is not OrbitGym's own."""
    env_class = type(problem.make_env().unwrapped)
    if not issubclass(env_class, OrbitEnv):
        raise ValueError(
            "--record writes logs of OrbitGym's own environments only, and "
            f"{problem.scenario!r} is a {env_class.__name__}"
        )


def record(
    name: str,
    problem: Problem,
    seeds: Sequence[int],
    actions: Sequence[np.ndarray],
    folder: Path,
) -> list[Path]:
    """Write the logs of these seeds.

    Actions hold one column a seed. Returns the files.
    """
    env = RecordEpisode(problem.make_env(), folder, policy=name)
    paths = []
    for column, seed in enumerate(seeds):
        play([env], ActionReplay([row[column] for row in actions]), [seed])
        assert env.path is not None
        paths.append(env.path)
    return paths
