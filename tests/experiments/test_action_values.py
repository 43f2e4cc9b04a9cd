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
    until_s, total, actions = simulation.time_s + HORIZON_S, 0.0, np.zeros(1, np.int64)
    while True:
        reward, is_over = simulation.step(int(action))
        total += reward
        if is_over or simulation.time_s >= until_s:
            return total
        observation = simulation.observe()
        choose_many(
            observation["task"][None],
            observation["nodes"][None],
            simulation.action_masks()[None],
            EFT_ADMIT,
            actions,
        )
        action = actions[0]


def test_values_are_what_forks_deliver(tmp_path):
    changes = {"decisions": 6, "every": 40, "horizon_s": HORIZON_S, "wander": 0.0}
    recorded = read_demonstrations(
        label(Labels("Ring12", "eft_admit", **changes, out=str(tmp_path / "labels.npz")))
    )
    rng = np.random.default_rng([0, 2])
    seed, load = int(rng.integers(1_000_000)), float(rng.uniform(0.7, 1.4))
    env = OrbitEnv("Ring12", split="train")
    observation, _ = env.reset(seed=seed, options={"load": load})
    n_matched, actions, is_over = 0, np.zeros(1, np.int64), False
    while n_matched < recorded.size and not is_over:
        if np.array_equal(observation["nodes"], recorded.nodes[n_matched]) and np.array_equal(
            observation["task"], recorded.task[n_matched]
        ):
            tried_actions = np.flatnonzero(np.isfinite(recorded.values[n_matched]))
            assert len(tried_actions) > 1 and recorded.action[n_matched] in tried_actions
            for action in tried_actions:
                assert recorded.values[n_matched, action] == pytest.approx(
                    worth(env.fork(), action), abs=1e-4
                )
            assert (
                recorded.values[n_matched, recorded.action[n_matched]]
                == recorded.values[n_matched][tried_actions].max()
            )
            n_matched += 1
        choose_many(
            observation["task"][None],
            observation["nodes"][None],
            env.action_masks()[None],
            EFT_ADMIT,
            actions,
        )
        observation, _, _, is_over, _ = env.step(int(actions[0]))
    assert n_matched == recorded.size


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
