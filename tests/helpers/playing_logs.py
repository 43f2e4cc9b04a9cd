"""Recorded episodes for tests: short, each made once a session."""

from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, NamedTuple

import numpy as np

from agents.policies.heuristics import make_heuristic
from orbit_gym.env import OrbitEnv
from orbit_gym.simulation.simulation import Simulation
from orbit_gym.views.episode_log import EpisodeLog, read_log
from orbit_gym.wrappers import RecordEpisode

SHORT = (("episode_s", 900.0),)
FAULTY = (  # so frequent that a quarter of an hour holds many
    ("episode_s", 900.0),
    ("faults.enabled", True),
    ("faults.reset_mean_s", 3_000.0),
    ("faults.saa_factor", 2.0),
    ("faults.link_up_fraction", 0.8),
    ("faults.link_outage_s", 60.0),
)


class Recorded(NamedTuple):
    """A finished episode and its log."""

    path: Path
    log: EpisodeLog
    simulation: Simulation
    rewards: list[float]
    metrics: dict[str, float]


def play(env: Any, policy: str, seed: int) -> tuple[list[float], dict[str, float]]:
    """Play one episode with a heuristic; returns rewards and metrics."""
    decide, state = make_heuristic(policy), None
    observation, _ = env.reset(seed=seed)
    rewards: list[float] = []
    while True:
        action, state = decide.predict(observation, state, None, True, env.unwrapped.action_masks())
        observation, reward, _, truncated, info = env.step(action)
        rewards.append(float(reward))
        if truncated:
            return rewards, info["episode_metrics"]


@cache
def recorded(
    scenario: str, policy: str = "eft", seed: int = 3, overrides: tuple[tuple[str, Any], ...] = ()
) -> Recorded:
    """Play and record an episode of the validation day."""
    env = RecordEpisode(
        OrbitEnv(scenario, overrides=dict(overrides), split="validation"), mkdtemp(), policy=policy
    )
    rewards, metrics = play(env, policy, seed)
    assert env.path is not None
    return Recorded(env.path, read_log(env.path), env.unwrapped.simulation, rewards, metrics)


def quarter(policy: str = "eft") -> Recorded:
    """A quarter of an hour of ThreeBody12."""
    return recorded("ThreeBody12", policy, 3, SHORT)


def faulty() -> Recorded:
    """The same time of CrossPlane12 with many faults."""
    return recorded("CrossPlane12", "eft", 3, FAULTY)


def changed(log: EpisodeLog, **header: Any) -> EpisodeLog:
    """A log with another header."""
    return EpisodeLog({**log.header, **header}, dict(log.arrays))


def columns(log: EpisodeLog, group: str, *names: str) -> tuple[np.ndarray, ...]:
    """Some columns of a group."""
    return tuple(log.arrays[f"{group}/{name}"] for name in names)
