"""Processor time of a planner: ``python -m benchmarks.lookahead CrossPlane12 --load 1.3``.

Plays the first minutes of a training episode. The first decision, which compiles and picks a rule,
is apart. The hash tells whether two versions decided alike.
"""

import time
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Literal

import numpy as np
import tyro

from agents.envs.problem import Problem
from agents.policies.planner.planner import make_planner
from orbit_gym.utils.errors import fail_cleanly


@dataclass(frozen=True)
class Options:
    """Measure the processor time of a planner."""

    scenario: Annotated[str, tyro.conf.Positional] = "ThreeBody12"
    """Catalogue name."""
    load: float | None = None
    """Its workload.load; by default its own."""
    planner: Literal["rollout", "clairvoyant"] = "rollout"
    """Which planner."""
    minutes: float = 20.0
    """How much of the episode is played."""
    seed: int = 1_000_301
    """Seed of the episode."""


def measure(options: Options) -> None:
    """Play and print."""
    env = Problem(
        options.scenario, "train", {} if options.load is None else {"workload.load": options.load}
    ).make_env()
    env.reset(seed=options.seed)
    planner = make_planner(options.planner, env.unwrapped.scenario.name)  # type: ignore[attr-defined]
    planner.attach([env])
    actions = [planner.action(0, True)]
    look_ahead = planner.planners[0]
    end_s = look_ahead.simulation.time_s + 60.0 * options.minutes
    counts, began_s = look_ahead.counts.copy(), time.process_time()
    while not env.step(actions[-1])[2] and look_ahead.simulation.time_s < end_s:
        actions.append(planner.action(0, False))
    took_s = time.process_time() - began_s
    n_looks, rolled, stepped = look_ahead.counts - counts
    digest = sha256(np.array(actions, np.int64).tobytes()).hexdigest()[:12]
    print(
        f"{options.planner} on {options.scenario}: {len(actions)} decisions, {n_looks} looked at, "
        f"{rolled} forks, {stepped} steps"
    )
    decision_ms, step_us = 1e3 * took_s / max(1, len(actions) - 1), 1e6 * took_s / max(1, stepped)
    print(f"{decision_ms:.1f} ms a decision, {step_us:.1f} µs a step in a fork; actions {digest}")


if __name__ == "__main__":
    fail_cleanly(lambda: measure(tyro.cli(Options)))
