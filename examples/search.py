"""Decide by simulation: try every candidate in forks of the episode, on sampled futures."""

import sys

import gymnasium as gym
import numpy as np

from orbit_gym.simulation.simulation import Simulation  # importing orbit_gym registers the ids


def earliest(fork: Simulation) -> int:
    """Return the candidate that delivers first, or reject."""
    *valid, reject = np.flatnonzero(fork.action_masks()).tolist()  # rejecting is always valid
    return min(valid, key=lambda k: fork.plan(k).delivery_s, default=reject)


def value_after(fork: Simulation, action: int, n_steps: int) -> float:
    """Return what an action and some earliest deliveries after it earn."""
    total, is_over = fork.step(action)
    if not is_over and n_steps > 0:
        total += value_after(fork, earliest(fork), n_steps - 1)
    return total


def main(n_decisions: int = 10, n_futures: int = 4, n_steps: int = 20) -> None:
    """Take the action of the best mean over sampled futures; print the means."""
    env, rng = gym.make("OrbitGym/Ring12-v0"), np.random.default_rng(0)
    env.reset(seed=7)
    for _ in range(n_decisions):
        futures = [env.unwrapped.sample_continuation(rng) for _ in range(n_futures)]
        values = {}
        for k in np.flatnonzero(env.unwrapped.action_masks()).tolist():
            forks = map(env.unwrapped.fork, futures)
            values[k] = np.mean([value_after(fork, k, n_steps) for fork in forks])
        env.step(max(values, key=values.__getitem__))
        print({k: f"{value:.2f}" for k, value in values.items()})


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]))
