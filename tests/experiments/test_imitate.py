"""Imitation: files, padding, the three losses, resume, and going on with reinforcement learning."""

import json

import numpy as np
import pytest
import torch

from agents.algorithms.registry import build_policy
from agents.policies.network.sb3_policies import NETWORK
from agents.training.config import TrainingConfig
from agents.training.train import train
from agents.utils.checkpoints import load_checkpoint
from experiments.demonstrations import Demonstrations, concatenate, read_demonstrations
from experiments.imitate import Examples, Imitation, expected_gain, imitate
from orbit_gym.env import OrbitEnv
from tests.helpers.fake_env import NODE, TASK, random_observation


def artificial(count, n=5, seed=0, n_terminals=2):
    """Decisions whose valuable action is the present row with most free memory, which no rule looks
    at; others are worth less.
    """
    rng = np.random.default_rng(seed)
    obs = random_observation(rng, n, count, n_terminals)
    exists = obs["nodes"][..., NODE["plan_exists"]] > 0.5
    obs["nodes"][..., NODE["plan_on_time"]] = exists
    obs["nodes"][..., NODE["plan_delivery"]] = np.where(
        exists, 0.5, 0.0
    )  # the rule sees no difference
    values = np.where(exists, obs["nodes"][..., NODE["memory_free"]], np.nan)
    values = np.concatenate([values, np.zeros((count, 1))], axis=1).astype(np.float32)
    return Demonstrations(
        obs["task"], obs["nodes"], obs["links"], np.nanargmax(values, axis=1), values
    )


def policy_for(n=5, n_terminals=2):
    torch.manual_seed(0)
    from gymnasium.spaces import Discrete

    from orbit_gym.observation import observation_space

    return build_policy(
        "maskable_ppo",
        observation_space(n, n_terminals),
        Discrete(n + 1),
        NETWORK | {"residual_bound": 16.0},
    )


@pytest.mark.parametrize("loss", ["choice", "soft", "gain"])
def test_every_loss_finds_what_is_valuable(loss):
    policy, examples, held_out = policy_for(), None, None
    examples, held_out = (
        Examples(artificial(4000), policy),
        Examples(artificial(1000, seed=1), policy),
    )
    imitation = Imitation(loss=loss, data=("some.npz",))
    optimizer = torch.optim.Adam(policy.parameters(), lr=3e-3)
    start_measures = held_out.loss(policy, torch.arange(1000), imitation)[1]
    for _ in range(6):
        for rows in torch.randperm(4000, generator=torch.Generator().manual_seed(0)).split(200):
            value, _ = examples.loss(policy, rows, imitation)
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
    after = held_out.loss(policy, torch.arange(1000), imitation)[1]
    assert (
        float(start_measures[0]) == 0.0 and float(start_measures[1]) < 0.75
    )  # the rule gains nothing over itself
    assert float(after[0]) > 0.1 and float(after[1]) > 0.85


def test_gain_by_hand():
    nan = float("nan")
    values = torch.tensor([[1.0, 3.0, nan], [2.0, nan, 0.5]])
    is_tried = values.isfinite()
    # row 0: the network takes the second (3), the rule the first (1); row 1: the untried second is
    # ignored, 0.5 against 2
    logits, prior = (
        torch.tensor([[0.0, 1.0, 9.0], [0.0, 9.0, 1.0]]),
        torch.tensor([[1.0, 0.0, 0.0], [1.0, 0.0, 0.0]]),
    )
    assert expected_gain(
        logits, prior, torch.where(is_tried, values, 0.0), is_tried
    ).item() == pytest.approx((2.0 - 1.5) / 2)


def test_joined_pads_with_empty_rows_and_moves_rejection():
    small, large = artificial(10, n=3), artificial(8, n=5, seed=2, n_terminals=4)
    small.values[:, 3] = 0.25  # of rejection
    pair = concatenate([small, large])
    assert pair.nodes.shape[:2] == (18, 5) and pair.links.shape[:3] == (18, 5, 6)
    assert (pair.nodes[:10, 3:] == 0.0).all() and (pair.links[:10, :, 4:] == 0.0).all()
    assert np.array_equal(pair.action[:10] == 5, small.action == 3)
    assert (
        np.array_equal(pair.values[:10, 5], small.values[:, 3])
        and np.isnan(pair.values[:10, 3:5]).all()
    )
    assert np.array_equal(pair.values[10:], large.values, equal_nan=True)


BAD = [
    ({"task": None}, "lacks the array 'task'; it must hold task, nodes, links and action"),
    (
        {"nodes": np.zeros((6, 5, 3), np.float32)},
        r"nodes must have shape \(6, 5, 32\), got \(6, 5, 3\)",
    ),
    ({"action": np.array([0, 1, 2, 3, 4, 6])}, "actions must be from 0 to 5, got 0 to 6"),
]


@pytest.mark.parametrize(("changes", "message"), BAD)
def test_bad_files_are_refused(tmp_path, changes, message):
    arrays = {
        name: array
        for name, array in (artificial(6)._asdict() | changes).items()
        if array is not None
    }
    np.savez(tmp_path / "bad.npz", **arrays)
    with pytest.raises(ValueError, match=message):
        read_demonstrations(tmp_path / "bad.npz")
    (tmp_path / "bad.npz").write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(ValueError, match="bad.npz is damaged and cannot be read"):
        read_demonstrations(tmp_path / "bad.npz")


def imitation(out, **changes):
    base = {
        "scenario": "Tiny",
        "decisions": 60,
        "every": 1,
        "epochs": 2,
        "batch_size": 16,
        "validation_episodes": 1,
    }
    return Imitation(out=str(out), **base | changes)


def test_a_run_collects_learns_resumes_and_training_goes_on_from_it(tmp_path):
    out = imitate(imitation(tmp_path / "run", policy="eft"))
    recorded = read_demonstrations(out / "demonstrations.npz")
    assert recorded.size == 60 and (recorded.task[:, TASK["present"]] == 1.0).all()
    last = load_checkpoint(out / "last.pt")
    assert (last["updates"], last["timesteps"], last["history"][0]["timesteps"]) == (2, 2 * 54, 0)
    assert json.loads((out / "config.json").read_text())["imitation"]["policy"] == "eft"
    with pytest.raises(ValueError, match="already holds a run"):
        imitate(imitation(out))
    straight = load_checkpoint(
        imitate(imitation(tmp_path / "straight", policy="eft", epochs=4)) / "last.pt"
    )
    imitate(imitation(out, policy="eft", epochs=4, resume=True))
    resumed = load_checkpoint(out / "last.pt")
    assert resumed["updates"] == straight["updates"] == 4 and len(resumed["history"]) > len(
        last["history"]
    )
    run = train(
        TrainingConfig(
            scenario="Tiny",
            timesteps=64,
            envs=2,
            out=str(tmp_path / "rl"),
            start=str(out),
            validations=1,
            validation_episodes=1,
        )
    )
    first = load_checkpoint(run / "last.pt")["history"][0]
    best = load_checkpoint(out / "best.pt")
    assert (
        first["episodes"]
        == [entry for entry in best["history"] if entry["timesteps"] == best["timesteps"]][0][
            "episodes"
        ]
    )


def test_collected_decisions_are_those_of_the_policy(tmp_path):
    """Replaying the first episode of the first member with the rule shows the same observations and
    actions.
    """
    out = imitate(imitation(tmp_path / "run", policy="eft_admit", decisions=48))
    recorded = read_demonstrations(out / "demonstrations.npz")
    env = OrbitEnv("Tiny", split="train")
    observation, _ = env.reset(
        seed=int(np.random.default_rng([0, 0, 1]).integers(0, 1_000_000 // 16))
    )
    for step in range(3):
        row = 16 * step  # members are kept side by side
        assert np.array_equal(recorded.nodes[row], observation["nodes"]) and np.array_equal(
            recorded.task[row], observation["task"]
        )
        observation, *_ = env.step(int(recorded.action[row]))


def test_values_are_needed_for_losses_of_value():
    with pytest.raises(ValueError, match="--loss gain needs --data with values of look-ahead"):
        Imitation(loss="gain")
