"""Train MaskablePPO of sb3-contrib on the native vector environment, then play with it."""

import sys

from sb3_contrib import MaskablePPO

from agents.envs.episode_runner import play
from agents.envs.make import make_vec
from agents.envs.native_vec_env import TrainingOptions
from agents.envs.problem import Problem
from agents.experimental_protocol import VALIDATION_SEEDS


def main(scenario: str = "ThreeBody12", n_timesteps: str = "100000", n_envs: str = "64") -> None:
    """Train on training days, then play three validation episodes."""
    # all members step in one compiled call; rewards are measured against serving every task
    envs = make_vec(
        scenario, n_envs=int(n_envs), seed=0, options=TrainingOptions(regret_reward=True)
    )
    model = MaskablePPO("MultiInputPolicy", envs, n_steps=64, batch_size=512, device="cpu")
    model.learn(int(n_timesteps))
    seeds = VALIDATION_SEEDS[:3]
    episodes = Problem(scenario, split="validation").make_envs(len(seeds))
    metrics = play(episodes, model, seeds)  # a model predicts as every policy here does
    print([row["served_value_fraction"] for row in metrics])


if __name__ == "__main__":
    main(*sys.argv[1:4])
