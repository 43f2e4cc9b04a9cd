"""Decide by simulation: try every candidate in forks of the episode, on sampled futures."""

import sys

import gymnasium as gym
import numpy as np

import orbit_gym  # noqa: F401  (registers the environments)
from orbit_gym.simulation.simulation import Simulation


def earliest(fork: Simulation) -> int:
    """Return the candidate that delivers first, or reject."""
    masks = fork.action_masks()
    delivery_s = [fork.plan(k).delivery_s if masks[k] else np.inf for k in range(masks.size - 1)]
    return int(np.argmin(delivery_s)) if min(delivery_s) < np.inf else masks.size - 1


def value_after(fork: Simulation, action: int, n_steps: int) -> float:
    """Return what an action and some earliest deliveries after it earn."""
    total, is_over = fork.step(action)
    while not is_over and n_steps > 0:
        reward, is_over = fork.step(earliest(fork))
        total, n_steps = total + reward, n_steps - 1
    return total


def main(n_decisions: int = 10, n_futures: int = 4, n_steps: int = 20) -> None:
    """Take the action of the best mean over sampled futures, and print what each earned."""
    env, rng = gym.make("OrbitGym/Ring12-v0"), np.random.default_rng(0)
    env.reset(seed=7)
    for _ in range(n_decisions):
        futures = [env.unwrapped.sample_continuation(rng) for _ in range(n_futures)]
        values = {
            int(k): np.mean([value_after(env.unwrapped.fork(f), int(k), n_steps) for f in futures])
            for k in np.flatnonzero(env.unwrapped.action_masks())
        }
        env.step(max(values, key=values.__getitem__))
        print({k: f"{value:.2f}" for k, value in values.items()})


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]))
