"""Compare a rule of your own with the earliest delivery, on the same episodes."""

import sys
from collections.abc import Callable

import gymnasium as gym
import numpy as np

from orbit_gym.observation import COLUMNS  # importing orbit_gym registers the ids

NODE = COLUMNS["nodes"]
Cost = Callable[[np.ndarray], np.ndarray]


def earliest(nodes: np.ndarray) -> np.ndarray:
    """Cost of each candidate: when the result is delivered."""
    return nodes[:, NODE["plan_delivery"]]


def thrifty(nodes: np.ndarray) -> np.ndarray:
    """Cost of each candidate: energy, and a little for work that is booked already."""
    return nodes[:, NODE["plan_energy"]] + 0.1 * nodes[:, NODE["booked_work"]]


def play(env: gym.Env, cost_of: Cost, seed: int) -> float:
    """Play an episode: take the cheapest candidate in time, else reject. Return served value."""
    observation, info = env.reset(seed=seed)
    truncated = False
    while not truncated:
        nodes = observation["nodes"]
        costs = np.where(nodes[:, NODE["plan_on_time"]] > 0.5, cost_of(nodes), np.inf)
        action = int(costs.argmin()) if np.isfinite(costs).any() else len(nodes)
        observation, _, _, truncated, info = env.step(action)
    return float(info["episode_metrics"]["served_value_fraction"])


if __name__ == "__main__":
    env = gym.make(f"OrbitGym/{(sys.argv[1:] or ['ThreeBody12'])[0]}-v0")
    for seed in range(3):
        print(seed, {rule.__name__: play(env, rule, seed) for rule in (earliest, thrifty)})
