"""Play with the installed package: a whole episode, some steps, a vector of environments.

`--installed` refuses to play with the checkout that this file lies in.
"""

import sys
from pathlib import Path

import gymnasium as gym
import numpy as np

import orbit_gym

CHECKOUT = Path(__file__).resolve().parent.parent
FOLDER = Path(orbit_gym.__file__).resolve().parent


def play(name: str, n_steps: int) -> None:
    """Take the first candidate that has a plan, until the episode ends or n_steps are done."""
    env = gym.make(f"OrbitGym/{name}-v0")
    env.reset(seed=7)
    rewards = []
    for _ in range(n_steps):
        action = np.flatnonzero(env.unwrapped.action_masks())[0]
        _, reward, _, truncated, info = env.step(action)
        rewards.append(reward)
        if truncated:
            print(f"{name}: {info['episode_metrics']['served_value_fraction']:.4f} served")
            break
    print(f"{name}: {len(rewards)} steps, reward {sum(rewards):g}")


if "--installed" in sys.argv and FOLDER.is_relative_to(CHECKOUT):
    sys.exit("the checkout was imported, not the installed wheel")
play("Tiny", 1_000)
play("Ring12", 5)
envs = gym.make_vec("OrbitGym/Tiny-v0", num_envs=2)
envs.reset(seed=7)
envs.step(np.zeros(2, np.int64))
print(f"orbit_gym {orbit_gym.__version__} in {FOLDER}, Python {sys.version.split()[0]}")
