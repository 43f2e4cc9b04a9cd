"""Play whole episodes and keep their metrics. Episodes advance in step, so that one call decides for all of them."""

from collections.abc import Callable, Sequence

import gymnasium as gym
import numpy as np

from agents.policy import Observation, Policy

Metrics = dict[str, float]


def stack(observations: Sequence[Observation]) -> Observation:
    """One batch from several observations."""
    return {key: np.stack([item[key] for item in observations]) for key in observations[0]}


def play(envs: Sequence[gym.Env], policy: Policy, seeds: Sequence[int], deterministic: bool = True) -> list[Metrics]:
    """Play one episode per seed, environment i from seeds[i], always with masks; return their episode_metrics in order.

    Actions consume none of the environment's randomness, so equal seeds mean equal tasks for every policy.
    """
    count = len(seeds)
    observations = [env.reset(seed=int(seed))[0] for env, seed in zip(envs, seeds)]
    metrics: list[Metrics | None] = [None] * count
    state, starts = None, np.ones(count, dtype=bool)
    while any(item is None for item in metrics):
        masks = np.stack([env.unwrapped.action_masks() for env in envs[:count]])  # type: ignore[attr-defined]
        actions, state = policy.predict(stack(observations), state, starts, deterministic, masks)
        starts = np.zeros(count, dtype=bool)
        for index, env in enumerate(envs[:count]):
            if metrics[index] is None:  # one that has ended keeps its last observation until all have
                observations[index], _, terminated, truncated, info = env.step(actions[index])
                if terminated or truncated:
                    metrics[index] = {key: float(value) for key, value in info["episode_metrics"].items()}
    return [item for item in metrics if item is not None]


def play_all(
    envs: Sequence[gym.Env], policy_for: Callable[[int], Policy], seeds: Sequence[int], deterministic: bool = True
) -> list[Metrics]:
    """Play any number of seeds in groups of len(envs); policy_for(first seed of a group) makes its policy."""
    results: list[Metrics] = []
    for first in range(0, len(seeds), len(envs)):
        group = seeds[first : first + len(envs)]
        results += play(envs, policy_for(int(group[0])), group, deterministic)
    return results
