"""Play whole episodes and keep their metrics.

Episodes advance in step, so that one call decides for all of them.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import gymnasium as gym
import numpy as np

from agents.policies.compiled_rollout import play_out
from agents.policies.protocol import Observation, Policy
from agents.policies.rule_registry import RulePolicy
from orbit_gym.simulation.episode_summary import Details, episode_details
from orbit_gym.simulation.metrics import episode_metrics
from orbit_gym.vector import OrbitVectorEnv

Metrics = dict[str, float]
Environments = Sequence[gym.Env] | OrbitVectorEnv


class Table(Protocol):
    """Where several episodes are played side by side.

    One that has ended keeps its last observation until all have.
    """

    def reset(self, seeds: Sequence[int]) -> Observation:
        """Begin one episode per seed; return the observations, one row each."""
        ...

    def masks(self) -> np.ndarray:
        """Valid actions, one row each."""
        ...

    def step(
        self, actions: np.ndarray, is_playing: np.ndarray
    ) -> tuple[Observation, dict[int, Metrics]]:
        """Step the episodes that are still played.

        Return all observations, and the metrics of those that end now.
        """
        ...

    def details(self, index: int) -> Details | None:
        """Details of an episode that has ended, None where the environment has none."""
        ...


class Singles:
    """Single environments, one after the other."""

    def __init__(self, envs: Sequence[gym.Env]) -> None:
        """Take the environments."""
        self.envs: Sequence[gym.Env] = envs
        self.observations: list[Observation] = []

    def reset(self, seeds: Sequence[int]) -> Observation:
        """Begin one episode per seed, environment i from seeds[i]."""
        self.envs = self.envs[: len(seeds)]
        self.observations = [env.reset(seed=int(seed))[0] for env, seed in zip(self.envs, seeds)]
        return stack(self.observations)

    def masks(self) -> np.ndarray:
        """Valid actions, one row each."""
        return np.stack([env.unwrapped.action_masks() for env in self.envs])  # type: ignore[attr-defined]

    def step(
        self, actions: np.ndarray, is_playing: np.ndarray
    ) -> tuple[Observation, dict[int, Metrics]]:
        """Step the episodes that are still played."""
        ended: dict[int, Metrics] = {}
        for index in np.flatnonzero(is_playing).tolist():
            self.observations[index], _, terminated, truncated, info = self.envs[index].step(
                actions[index]
            )
            if terminated or truncated:
                ended[index] = {key: float(value) for key, value in info["episode_metrics"].items()}
        return stack(self.observations), ended

    def details(self, index: int) -> Details | None:
        """Details of an episode that has ended."""
        read = getattr(self.envs[index].unwrapped, "episode_details", None)
        return None if read is None else read()


class Native:
    """The native vector environment, with its autoreset disabled."""

    def __init__(self, envs: OrbitVectorEnv) -> None:
        """Take the environment."""
        self.envs, self.count = envs, 0

    def reset(self, seeds: Sequence[int]) -> Observation:
        """Begin one episode per seed in the first members."""
        self.count = len(seeds)
        every = [int(seed) for seed in seeds] + [None] * (self.envs.num_envs - self.count)
        mask = np.arange(self.envs.num_envs) < self.count
        return self._first(self.envs.reset(seed=every, options={"reset_mask": mask})[0])

    def masks(self) -> np.ndarray:
        """Valid actions, one row each."""
        return self.envs.action_masks()[: self.count]

    def step(
        self, actions: np.ndarray, is_playing: np.ndarray
    ) -> tuple[Observation, dict[int, Metrics]]:
        """Step the episodes that are still played."""
        every = np.zeros(self.envs.num_envs, np.int64)
        every[: self.count] = actions
        observations, _, _, truncated, infos = self.envs.step_members(
            np.flatnonzero(is_playing), every
        )
        return self._first(observations), {
            member: member_metrics(infos, member) for member in np.flatnonzero(truncated).tolist()
        }

    def details(self, index: int) -> Details | None:
        """Details of an episode that has ended."""
        return self.envs.episode_details(index)

    def _first(self, observations: Observation) -> Observation:
        return {name: rows[: self.count] for name, rows in observations.items()}


def member_metrics(infos: dict[str, Any], member: int) -> Metrics:
    """Metrics of one member; a vector's infos hold every key that any member has, with a mask."""
    metrics_of = infos["episode_metrics"]
    return {
        key: float(rows[member])
        for key, rows in metrics_of.items()
        if not key.startswith("_") and metrics_of[f"_{key}"][member]
    }


def stack(observations: Sequence[Observation]) -> Observation:
    """One batch from several observations."""
    return {key: np.stack([item[key] for item in observations]) for key in observations[0]}


def play(
    envs: Environments,
    policy: Policy,
    seeds: Sequence[int],
    deterministic: bool = True,
    details: list[Details | None] | None = None,
) -> list[Metrics]:
    """Play one episode per seed, always with masks.

    Return their episode_metrics in order, and add to `details` if it is given.

    Actions consume none of the environment's randomness, so equal seeds mean equal tasks for every
    policy. A policy that needs the simulation itself (agents.policies.planner.planner) has a method
    `attach` and gets the environments first. A compiled rule plays each episode of a native batch
    in one call (agents.policies.compiled_rollout), which gives the same metrics to the last bit.
    """
    if isinstance(envs, OrbitVectorEnv) and isinstance(policy, RulePolicy):
        return [_play_compiled(envs, policy, seed, details) for seed in seeds]
    if hasattr(policy, "attach"):
        policy.attach(envs)
    table: Table = Native(envs) if isinstance(envs, OrbitVectorEnv) else Singles(envs)
    observations, metrics = table.reset(seeds), dict[int, Metrics]()
    state, starts = None, np.ones(len(seeds), dtype=bool)
    while len(metrics) < len(seeds):
        actions, state = policy.predict(observations, state, starts, deterministic, table.masks())
        starts = np.zeros(len(seeds), dtype=bool)
        is_playing = np.array([index not in metrics for index in range(len(seeds))])
        observations, ended = table.step(actions, is_playing)
        metrics |= ended
    if details is not None:
        details += [table.details(index) for index in range(len(seeds))]
    return [metrics[index] for index in range(len(seeds))]


def _play_compiled(
    envs: OrbitVectorEnv, policy: RulePolicy, seed: int, details: list[Details | None] | None
) -> Metrics:
    """Play one episode of a compiled rule in a fork of the first member's Simulation.

    The member itself stays at its start.
    """
    envs.reset(
        seed=[int(seed)] + [None] * (envs.num_envs - 1),
        options={"reset_mask": np.arange(envs.num_envs) == 0},
    )
    simulation = envs.simulation(0).fork()
    _, log = play_out(simulation, policy.number, policy.weights)
    if details is not None:
        details.append(
            episode_details(simulation.world, simulation.episode, log, simulation.state.is_lost)
        )
    return episode_metrics(simulation, log)


def play_all(
    envs: Environments,
    policy_for: Callable[[int], Policy],
    seeds: Sequence[int],
    deterministic: bool = True,
) -> list[Metrics]:
    """Play any number of seeds in groups of as many as there are environments.

    policy_for(first seed of a group) makes its policy.
    """
    size = envs.num_envs if isinstance(envs, OrbitVectorEnv) else len(envs)
    results: list[Metrics] = []
    for first in range(0, len(seeds), size):
        group = seeds[first : first + size]
        results += play(envs, policy_for(int(group[0])), group, deterministic)
    return results
