"""Play an episode of every size with the installed package, from outside of any checkout."""

import sys
from pathlib import Path

import gymnasium as gym
import numpy as np

import orbit_gym

CHECKOUT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Step two ids, single and as a vector, and print what was played."""
    for name in ("Tiny", "Ring12"):
        env = gym.make(f"OrbitGym/{name}-v0")
        env.reset(seed=7)
        for _ in range(5):
            action = int(np.flatnonzero(env.unwrapped.action_masks())[0])
            _, reward, _, truncated, info = env.step(action)
            if truncated:
                env.reset()
        print(name, f"reward {reward:g}", info["reward_terms"])
    envs = gym.make_vec("OrbitGym/Tiny-v0", num_envs=2)
    envs.reset(seed=7)
    envs.step(np.zeros(2, np.int64))
    place = Path(orbit_gym.__file__).resolve()
    print(f"orbit_gym {orbit_gym.__version__} of {place.parent}, Python {sys.version.split()[0]}")
    if "--installed" in sys.argv and place.is_relative_to(CHECKOUT):
        sys.exit("the checkout was imported, not the installed wheel")


main()
