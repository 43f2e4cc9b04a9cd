"""Labels: each value is what a fork that takes the action and goes on by the rule delivers before
the horizon.
"""

import numpy as np
import pytest

from agents.policies.linear_rule import EFT_ADMIT, choose_many
from experiments.action_values import Labels, label
from experiments.demonstrations import read_demonstrations
from orbit_gym.env import OrbitEnv

HORIZON_S = 40.0


def worth(simulation, action):
    """Value of an action followed by eft_admit, tasks released within the horizon only."""
    until_s, total, chosen = simulation.time_s + HORIZON_S, 0.0, np.zeros(1, np.int64)
    while True:
        reward, is_over = simulation.step(int(action))
        total += reward
        if is_over or simulation.time_s >= until_s:
            return total
        seen = simulation.observe()
        choose_many(
            seen["task"][None],
            seen["nodes"][None],
            simulation.action_masks()[None],
            EFT_ADMIT,
            chosen,
        )
        action = chosen[0]


def test_values_are_what_forks_deliver(tmp_path):
    changes = {"decisions": 6, "every": 40, "horizon_s": HORIZON_S, "wander": 0.0}
    kept = read_demonstrations(
        label(Labels("Ring12", "eft_admit", **changes, out=str(tmp_path / "labels.npz")))
    )
    rng = np.random.default_rng([0, 2])
    seed, load = int(rng.integers(1_000_000)), float(rng.uniform(0.7, 1.4))
    env = OrbitEnv("Ring12", split="train")
    observation, _ = env.reset(seed=seed, options={"load": load})
    found, chosen, is_over = 0, np.zeros(1, np.int64), False
    while found < kept.size and not is_over:
        if np.array_equal(observation["nodes"], kept.nodes[found]) and np.array_equal(
            observation["task"], kept.task[found]
        ):
            tried = np.flatnonzero(np.isfinite(kept.values[found]))
            assert len(tried) > 1 and kept.action[found] in tried
            for action in tried:
                assert kept.values[found, action] == pytest.approx(
                    worth(env.fork(), action), abs=1e-4
                )
            assert kept.values[found, kept.action[found]] == kept.values[found][tried].max()
            found += 1
        choose_many(
            observation["task"][None],
            observation["nodes"][None],
            env.action_masks()[None],
            EFT_ADMIT,
            chosen,
        )
        observation, _, _, is_over, _ = env.step(int(chosen[0]))
    assert found == kept.size


BAD = [
    ({"every": 0}, "--every must be at least 1, got 0"),
    ({"wander": 1.5}, "--wander must be from 0 to 1, got 1.5"),
    ({"loads": (1.0, 0.5)}, r"--loads must be two positive numbers in order, got \(1.0, 0.5\)"),
    ({"rule": "phoenix"}, "--rule must be tuned or eft_admit, got 'phoenix'"),
]


@pytest.mark.parametrize(("changes", "message"), BAD)
def test_bad_input(changes, message):
    with pytest.raises(ValueError, match=message):
        Labels(**changes)


def test_an_existing_file_is_kept(tmp_path):
    (tmp_path / "labels.npz").write_bytes(b"mine")
    with pytest.raises(ValueError, match="labels.npz exists; choose another --out"):
        label(Labels(out=str(tmp_path / "labels.npz")))
