"""Same seed and actions, same trace, bit for bit: again, in another process, and through forks."""

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from orbit_gym.env import OrbitEnv

REPOSITORY = Path(__file__).resolve().parents[2]
STEPS = 300
PROGRAM = (
    "from tests.simulation.test_determinism import trace; print(*(trace(name, 11) for name "
    "in {names!r}))"
)


def trace(name: str, seed: int) -> str:
    """Hash of all observations, masks and rewards of random play."""
    env, rng = OrbitEnv(name, split="validation"), np.random.default_rng(seed)
    observation, _ = env.reset(seed=seed)
    digest = hashlib.sha256()
    for _ in range(STEPS):
        mask = env.action_masks()
        for array in (*observation.values(), mask):
            digest.update(array.tobytes())
        observation, reward, _, truncated, _ = env.step(int(rng.choice(np.flatnonzero(mask))))
        digest.update(np.float64(reward).tobytes())
        if truncated:
            observation, _ = env.reset()
    return digest.hexdigest()


NAMES = ("Tiny", "CrossPlane12")


def test_same_seed_same_trace_in_this_process_and_another() -> None:
    """Between, another seed is played: nothing of it may be left."""
    first = [trace(name, 11) for name in NAMES]
    assert [trace(name, 12) for name in NAMES] != first
    assert [trace(name, 11) for name in NAMES] == first
    program = PROGRAM.format(names=NAMES)
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, timeout=300
    )
    assert done.stdout.split() == first, done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_a_fork_that_plays_does_not_disturb_its_parent(name: str) -> None:
    """Two environments, same actions; in one, forks play at random after every step."""
    undisturbed, forked = OrbitEnv(name, split="validation"), OrbitEnv(name, split="validation")
    rng = np.random.default_rng(4)
    undisturbed.reset(seed=4)
    forked.reset(seed=4)
    for _ in range(40):
        fork = forked.fork()
        for _ in range(5):
            if not fork.is_over:
                fork.step(int(rng.choice(np.flatnonzero(fork.action_masks()))))
        action = int(rng.choice(np.flatnonzero(undisturbed.action_masks())))
        one, two = undisturbed.step(action), forked.step(action)
        assert all(np.array_equal(one[0][key], two[0][key]) for key in one[0])
        assert one[1:4] == two[1:4] and np.array_equal(
            undisturbed.action_masks(), forked.action_masks()
        )
        if one[3]:
            break


def test_a_fork_goes_where_its_parent_would() -> None:
    """A fork that takes the parent's next action sees the parent's next observation."""
    env = OrbitEnv("CrossPlane12", split="validation")
    env.reset(seed=9)
    rng = np.random.default_rng(9)
    for _ in range(40):
        action = int(rng.choice(np.flatnonzero(env.action_masks())))
        fork = env.fork()
        reward, is_over = fork.step(action)
        observation, expected, _, truncated, _ = env.step(action)
        assert (reward, is_over) == (expected, truncated)
        assert all(np.array_equal(observation[key], fork.observe()[key]) for key in observation)
