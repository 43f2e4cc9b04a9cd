"""Vectors of environments for training, each member on seeds of its own."""

from collections.abc import Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from stable_baselines3.common.vec_env import DummyVecEnv, VecEnv, VecMonitor

from agents.envs.mixed_vec_env import MixedVecEnv
from agents.envs.native_vec_env import (
    PLAIN_OPTIONS,
    VALUE,
    MemberSeeds,
    NativeVecEnv,
    TrainingOptions,
)
from agents.envs.problem import Problem
from orbit_gym.observation import decode
from orbit_gym.simulation.metric_table import HEADLINE


class TrainingEpisodes(gym.Wrapper):
    """Draw each episode's seed from this environment's own range and scale rewards.

    Infos are kept small.

    What NativeVecEnv does for a batch of OrbitGym's own, for an environment of any other kind.
    """

    def __init__(
        self, env: gym.Env, seeds: range, rng_key: list[int], options: TrainingOptions
    ) -> None:
        """Take the range of seeds and the key of the generator that draws from it."""
        super().__init__(env)
        self.seeds, self.rng = seeds, np.random.default_rng(rng_key)
        self.options = options
        self.task_value = 0.0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Start the next episode of the range; a seed from outside is replaced."""
        own_seed = int(self.rng.integers(self.seeds.start, self.seeds.stop))
        observation, _ = self.env.reset(seed=own_seed, options=options)
        self._remember(observation)
        return observation, {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Step and pass on only what training reads."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        scaled = self.options.scaled(float(reward), self.task_value)
        self._remember(observation)
        info_kept = {"elapsed_s": info["elapsed_s"]}
        if "episode_metrics" in info:
            info_kept["episode_metrics"] = info["episode_metrics"]
            info_kept[HEADLINE] = info["episode_metrics"][HEADLINE]
        return observation, scaled, terminated, truncated, info_kept

    def action_masks(self) -> np.ndarray:
        """Masks of the environment, (n_actions,) bool; sb3-contrib looks for this name."""
        return self.env.unwrapped.action_masks()  # type: ignore[attr-defined]

    def _remember(self, observation: Any) -> None:
        self.task_value = float(decode("task", "value", observation["task"][VALUE]))


def make_vec(
    problem: Problem | str | Sequence[str],
    n_envs: int,
    seed: int,
    first_timestep: int = 0,
    options: TrainingOptions = PLAIN_OPTIONS,
) -> VecEnv:
    """Make a vector of training environments, shared out evenly where there are several scenarios.

    Environment i of a scenario draws from its own part of TRAINING_SEEDS. A resumed run passes its
    first_timestep, so that it sees new episodes and still is reproducible. ValueError where there
    are fewer environments than scenarios.
    """
    problems = _problems(problem)
    counts = [len(part) for part in np.array_split(np.arange(n_envs), len(problems))]
    if 0 in counts:
        raise ValueError(
            f"{len(problems)} scenarios need at least as many environments, got {n_envs}"
        )
    parts = [
        _make_part(part, MemberSeeds(count, seed, first_timestep, options.replicas), options)
        for part, count in zip(problems, counts)
    ]
    return VecMonitor(MixedVecEnv(parts) if len(parts) > 1 else parts[0])


def _problems(problem: Problem | str | Sequence[str]) -> list[Problem]:
    if isinstance(problem, Problem):
        return [problem]
    return [Problem(name) for name in ([problem] if isinstance(problem, str) else problem)]


def _make_part(problem: Problem, seeds: MemberSeeds, options: TrainingOptions) -> VecEnv:
    """The training vector of one scenario, without a monitor."""
    envs = problem.make_batch(seeds.n_envs)
    if envs is not None:
        return NativeVecEnv(envs, seeds, options)
    if options.load_range is not None:
        raise ValueError(
            f"load_range works with scenarios of this package, not with {problem.scenario}"
        )

    def make_member(index: int) -> gym.Env:
        return TrainingEpisodes(
            problem.make_env(), seeds.span(index), seeds.rng_key(index), options
        )

    return DummyVecEnv([lambda i=i: make_member(i) for i in range(seeds.n_envs)])  # type: ignore[misc]
