"""Episode logs of evaluated policies: the actions of an evaluation are remembered and played again
in a recorded environment.

Played again, not decided again: a policy that draws its actions is recorded as it was scored.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from agents.envs.make import make_env
from agents.policies.protocol import Observation, Policy
from orbit_gym.env import OrbitEnv
from orbit_gym.wrappers import RecordEpisode

FOLDER = "episodes"  # inside an evaluation's --out


class Remembering:
    """A policy that keeps what it chose, one array (batch,) a step."""

    def __init__(self, policy: Policy) -> None:
        """Take the policy that decides."""
        self.policy, self.actions = policy, list[np.ndarray]()
        if hasattr(policy, "attach"):  # a planner, which needs the environments
            self.attach = policy.attach

    def predict(self, observation: Observation, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        """Let the policy choose; arguments as of :meth:`Policy.predict`."""
        actions, state = self.policy.predict(observation, *args, **kwargs)
        self.actions.append(np.array(actions))
        return actions, state


def check_recordable(scenario: str) -> None:
    """ValueError for an environment that is not OrbitGym's own."""
    env_class = type(make_env(scenario).unwrapped)
    if not issubclass(env_class, OrbitEnv):
        raise ValueError(
            f"--record writes logs of OrbitGym's own environments only, and {scenario!r} is a "
            f"{env_class.__name__}"
        )


def record(
    name: str,
    source: tuple[str, str, dict[str, float]],
    seeds: Sequence[int],
    actions: Sequence[np.ndarray],
    folder: Path,
) -> list[Path]:
    """Write the logs of these seeds.

    Where is scenario, split and overrides, actions hold one column a seed. Returns the files.
    """
    env = RecordEpisode(make_env(*source), folder, policy=name)
    paths = []
    for column, seed in enumerate(seeds):
        env.reset(seed=int(seed))
        for row in actions:
            if env.step(row[column])[3]:
                break
        assert env.path is not None
        paths.append(env.path)
    return paths
