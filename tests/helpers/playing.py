"""Playing scenarios in tests: a Simulation of a catalogue scenario, and ways to choose."""

from collections.abc import Callable
from typing import Any

import numpy as np

from orbit_gym.env import OrbitEnv
from orbit_gym.observation import COLUMNS
from orbit_gym.simulation.simulation import Simulation

Choice = Callable[[Simulation, np.random.Generator], int]


def running(name: str, seed: int, overrides: dict[str, Any] | None = None) -> Simulation:
    """A freshly reset Simulation; the validation split has one day, so one World is compiled."""
    env = OrbitEnv(name, overrides=overrides, split="validation")
    env.reset(seed=seed)
    return env.simulation


def at_random(simulation: Simulation, rng: np.random.Generator) -> int:
    """Any valid action."""
    return int(rng.choice(np.flatnonzero(simulation.action_masks())))


def earliest(simulation: Simulation, rng: np.random.Generator) -> int:
    """The plan that delivers first (eft), late or not."""
    nodes = simulation.observe()["nodes"]
    delivery = np.where(
        simulation.action_masks()[:-1], nodes[:, COLUMNS["nodes"]["plan_delivery"]], np.inf
    )
    return int(delivery.argmin()) if np.isfinite(delivery).any() else simulation.n_candidates
