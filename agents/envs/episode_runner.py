"""The one loop over whole episodes: a policy plays one episode per seed, and its metrics are kept.

An `EpisodeRunner` does so in one of three ways, which `runner_for` chooses: in single environments,
in a native batch, or, for a policy that is compiled, in one call an episode. Episodes advance in
step, so that one call of the policy decides for all of them.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, NamedTuple

import gymnasium as gym
import numpy as np

from agents.policies.protocol import Environments, Observation, PlaysEpisodes, Policy, attach
from orbit_gym.env import OrbitEnv
from orbit_gym.simulation.episode_summary import Details, episode_details
from orbit_gym.simulation.metrics import episode_metrics
from orbit_gym.vector import OrbitVectorEnv

Metrics = dict[str, float]


class EpisodeResult(NamedTuple):
    """What came of an episode."""

    metrics: Metrics
    details: Details | None = None  # None where nobody asked, or the environment has none


class EpisodeRunner(ABC):
    """Plays whole episodes in some environments."""

    @abstractmethod
    def play(
        self,
        policy: Policy,
        seeds: Sequence[int],
        deterministic: bool = True,
        with_details: bool = False,
    ) -> list[EpisodeResult]:
        """Play one episode per seed, always with masks; results are in the order of the seeds."""


class StepwiseRunner(EpisodeRunner):
    """Asks the policy at every step of all episodes.

    One that has ended keeps its last observation until all have.
    """

    envs: Environments

    def play(
        self,
        policy: Policy,
        seeds: Sequence[int],
        deterministic: bool = True,
        with_details: bool = False,
    ) -> list[EpisodeResult]:
        """Play one episode per seed, side by side."""
        attach(policy, self.envs)
        observations, metrics = self.reset(seeds), dict[int, Metrics]()
        state, starts = None, np.ones(len(seeds), dtype=bool)
        while len(metrics) < len(seeds):
            actions, state = policy.predict(
                observations, state, starts, deterministic, self.masks()
            )
            starts = np.zeros(len(seeds), dtype=bool)
            is_playing = np.array([index not in metrics for index in range(len(seeds))])
            observations, ended_metrics = self.step(actions, is_playing)
            metrics |= ended_metrics
        return [
            EpisodeResult(metrics[index], self.details(index) if with_details else None)
            for index in range(len(seeds))
        ]

    @abstractmethod
    def reset(self, seeds: Sequence[int]) -> Observation:
        """Begin one episode per seed; return the observations, one row each."""

    @abstractmethod
    def masks(self) -> np.ndarray:
        """Valid actions, one row each."""

    @abstractmethod
    def step(
        self, actions: np.ndarray, is_playing: np.ndarray
    ) -> tuple[Observation, dict[int, Metrics]]:
        """Step the episodes that are still played.

        Return all observations, and the metrics of those that end now.
        """

    @abstractmethod
    def details(self, index: int) -> Details | None:
        """Details of an episode that has ended, None where the environment has none."""


class SingleRunner(StepwiseRunner):
    """Plays in single environments, stepped one after the other."""

    def __init__(self, envs: Sequence[gym.Env]) -> None:
        """Take the environments, at least as many as seeds will be played side by side."""
        self.envs: Sequence[gym.Env] = envs
        self.observations: list[Observation] = []

    def reset(self, seeds: Sequence[int]) -> Observation:
        """Begin one episode per seed, environment i from seeds[i]."""
        self.observations = [env.reset(seed=int(seed))[0] for env, seed in zip(self.envs, seeds)]
        return stack(self.observations)

    def masks(self) -> np.ndarray:
        """Valid actions, one row each."""
        playing_envs = self.envs[: len(self.observations)]
        return np.stack([env.unwrapped.action_masks() for env in playing_envs])  # type: ignore[attr-defined]

    def step(
        self, actions: np.ndarray, is_playing: np.ndarray
    ) -> tuple[Observation, dict[int, Metrics]]:
        """Step the episodes that are still played."""
        metrics: dict[int, Metrics] = {}
        for index in np.flatnonzero(is_playing).tolist():
            self.observations[index], _, terminated, truncated, info = self.envs[index].step(
                actions[index]
            )
            if terminated or truncated:
                metrics[index] = {
                    key: float(value) for key, value in info["episode_metrics"].items()
                }
        return stack(self.observations), metrics

    def details(self, index: int) -> Details | None:
        """Details of an episode that has ended."""
        env: Any = self.envs[index].unwrapped
        return env.episode_details() if isinstance(env, OrbitEnv) else None


class BatchRunner(StepwiseRunner):
    """Plays in the native vector environment, with its autoreset disabled."""

    def __init__(self, envs: OrbitVectorEnv) -> None:
        """Take the environment."""
        self.envs: OrbitVectorEnv = envs
        self.count = 0

    def reset(self, seeds: Sequence[int]) -> Observation:
        """Begin one episode per seed in the first members."""
        self.count = len(seeds)
        every_seed = [int(seed) for seed in seeds] + [None] * (self.envs.num_envs - self.count)
        mask = np.arange(self.envs.num_envs) < self.count
        return self._first(self.envs.reset(seed=every_seed, options={"reset_mask": mask})[0])

    def masks(self) -> np.ndarray:
        """Valid actions, one row each."""
        return self.envs.action_masks()[: self.count]

    def step(
        self, actions: np.ndarray, is_playing: np.ndarray
    ) -> tuple[Observation, dict[int, Metrics]]:
        """Step the episodes that are still played."""
        every_action = np.zeros(self.envs.num_envs, np.int64)
        every_action[: self.count] = actions
        observations, _, _, truncated, infos = self.envs.step_members(
            np.flatnonzero(is_playing), every_action
        )
        return self._first(observations), {
            member: member_metrics(infos, member) for member in np.flatnonzero(truncated).tolist()
        }

    def details(self, index: int) -> Details | None:
        """Details of an episode that has ended."""
        return self.envs.episode_details(index)

    def _first(self, observations: Observation) -> Observation:
        return {name: rows[: self.count] for name, rows in observations.items()}


class CompiledRunner(EpisodeRunner):
    """Plays a policy that is compiled, each episode in one call.

    The metrics are those of playing step by step, to the last bit.
    """

    def __init__(self, envs: OrbitVectorEnv) -> None:
        """Take the environment; its first member draws the episodes and stays at their start."""
        self.envs = envs

    def play(
        self,
        policy: Policy,
        seeds: Sequence[int],
        deterministic: bool = True,
        with_details: bool = False,
    ) -> list[EpisodeResult]:
        """Play one episode per seed, one after the other."""
        assert isinstance(policy, PlaysEpisodes)
        return [self._play_one(policy, seed, deterministic, with_details) for seed in seeds]

    def _play_one(
        self, policy: PlaysEpisodes, seed: int, deterministic: bool, with_details: bool
    ) -> EpisodeResult:
        """Play one episode in a fork of the first member's Simulation."""
        self.envs.reset(
            seed=[int(seed)] + [None] * (self.envs.num_envs - 1),
            options={"reset_mask": np.arange(self.envs.num_envs) == 0},
        )
        simulation = self.envs.simulation(0).fork()
        log = policy.play_out(simulation, deterministic, seed)
        is_lost = simulation.state.is_lost
        details = (
            episode_details(simulation.world, simulation.episode, log, is_lost)
            if with_details
            else None
        )
        return EpisodeResult(episode_metrics(simulation, log), details)


def runner_for(envs: Environments, policy: Policy) -> EpisodeRunner:
    """Choose how a policy plays in these environments."""
    if not isinstance(envs, OrbitVectorEnv):
        return SingleRunner(envs)
    return CompiledRunner(envs) if isinstance(policy, PlaysEpisodes) else BatchRunner(envs)


def play(
    envs: Environments, policy: Policy, seeds: Sequence[int], deterministic: bool = True
) -> list[Metrics]:
    """Play one episode per seed, always with masks, and return their episode_metrics in order.

    As many are played side by side as there are environments. Actions consume none of the
    environment's randomness, so equal seeds mean equal tasks for every policy.
    """
    size = envs.num_envs if isinstance(envs, OrbitVectorEnv) else len(envs)
    runner = runner_for(envs, policy)
    groups = [seeds[first : first + size] for first in range(0, len(seeds), size)]
    results = [result for group in groups for result in runner.play(policy, group, deterministic)]
    return [result.metrics for result in results]


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
