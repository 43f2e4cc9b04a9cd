"""Play one episode with random valid actions and print what came of it."""

import sys

import gymnasium as gym
import numpy as np

import orbit_gym  # noqa: F401  (registers the environments)


def main(scenario: str = "ThreeBody12", seed: int = 7) -> None:
    """Play an episode and print its metrics."""
    env = gym.make(f"OrbitGym/{scenario}-v0")
    rng = np.random.default_rng(seed)
    _, info = env.reset(seed=seed)
    n_steps, total, truncated = 0, 0.0, False
    while not truncated:  # an episode is a stretch of time: it never terminates
        valid_actions = np.flatnonzero(env.unwrapped.action_masks())
        _, reward, _, truncated, info = env.step(int(rng.choice(valid_actions)))
        n_steps, total = n_steps + 1, total + float(reward)
    print(f"{n_steps} tasks placed, total reward {total:.1f}")
    for name, value in info["episode_metrics"].items():
        print(f"{name:32} {value:.4g}")


if __name__ == "__main__":
    main(*sys.argv[1:2])
