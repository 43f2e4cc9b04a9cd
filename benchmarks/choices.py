"""Processor time of the network's choices: ``python -m benchmarks.choices``.

One decision at a time, as it is deployed, and several at once, as in validation and rollouts; one
thread. Observations are drawn at random, every row with a plan in time, so that all of the rule is
computed for each.
"""

import statistics
import time
from dataclasses import dataclass

import gymnasium as gym
import numpy as np
import torch
import tyro

from agents.algorithms.registry import build_policy
from agents.policies.protocol import Observation
from agents.training.config import TrainingConfig, recipe_for
from orbit_gym.observation import COLUMNS, observation_space

LINK_SLOTS = 4  # laser terminals of a satellite of the catalogue


@dataclass(frozen=True)
class Options:
    """Measure the processor time of the network's choices."""

    candidates: tuple[int, ...] = (13, 33)
    """Rows of an observation."""
    batches: tuple[int, ...] = (1, 12, 64)
    """Decisions taken at once; 1 stands for a single observation."""
    runs: int = 5
    """Runs of which the median is printed,"""
    calls: int = 60
    """of so many calls each."""


def observations(n: int, batch: int) -> Observation:
    """A batch of observations of n candidates; a single one for a batch of 1."""
    rng, spaces = np.random.default_rng(0), observation_space(n, LINK_SLOTS).spaces
    blocks = {
        name: rng.random((batch, *(space.shape or ()))).astype(np.float32)
        for name, space in spaces.items()
    }
    for name in ("present", "plan_exists", "plan_on_time", "is_satellite"):
        blocks["nodes"][..., COLUMNS["nodes"][name]] = 1.0
    return {name: block[0] for name, block in blocks.items()} if batch == 1 else blocks


def choice_us(n: int, batch: int, options: Options) -> float:
    """Microseconds of one call for a batch, from the tuned rule of ThreeBody12."""
    network = recipe_for(TrainingConfig()).network
    policy = build_policy(
        "maskable_ppo", observation_space(n, LINK_SLOTS), gym.spaces.Discrete(n + 1), network
    )
    policy.set_training_mode(False)
    observation, call_s = observations(n, batch), []
    policy.predict(observation, deterministic=True)
    for _ in range(options.runs):
        start = time.process_time()
        for _ in range(options.calls):
            policy.predict(observation, deterministic=True)
        call_s.append((time.process_time() - start) / options.calls)
    return 1e6 * statistics.median(call_s)


def main(options: Options) -> None:
    """One line for each number of candidates and decisions at once."""
    torch.set_num_threads(1)
    for n in options.candidates:
        for batch in options.batches:
            call = choice_us(n, batch, options)
            print(
                f"{n:3d} candidates, {batch:3d} at once: {call:8,.0f} us a call, "
                f"{call / batch:8,.1f} us a decision",
                flush=True,
            )


if __name__ == "__main__":
    main(tyro.cli(Options))
