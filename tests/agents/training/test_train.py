"""Training on the fake environment: files, resume, interrupt, refusals, seeds, and learning
itself.
"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from agents.algorithms.registry import ALGORITHMS, find_algorithm
from agents.envs.episode_runner import play
from agents.envs.make import make_vec
from agents.envs.native_vec_env import TrainingOptions
from agents.envs.problem import Problem
from agents.evaluation.load_policy import load_policy, parse
from agents.experimental_protocol import TRAINING_SEEDS
from agents.policies.heuristics import make_heuristic
from agents.policies.network.sb3_policies import NETWORK
from agents.training import train as training
from agents.training.callbacks import Progress
from agents.training.config import Recipe, TrainingConfig
from agents.training.train import Interrupted, train
from agents.utils.checkpoints import load_checkpoint, write_atomically
from tests.helpers.fake_env import ENV_ID, FakeEnv

ROOT = Path(__file__).resolve().parents[3]
HEADLINE = "served_value_fraction"


# compiled rollouts need a scenario of this package; the first one only scales the inputs
COMPILED = {"scenario": "Tiny", "envs": 8, "timesteps": 3000}


def short_run(out, **changes):
    """A short run."""
    return TrainingConfig(
        **{
            "scenario": ENV_ID,
            "timesteps": 1000,
            "envs": 2,
            "out": str(out),
            "validations": 2,
            "validation_episodes": 2,
        }
        | (COMPILED if changes.get("algo") == "compiled_ppo" else {})
        | changes
    )


@pytest.mark.parametrize("algo", ALGORITHMS)
def test_a_run_leaves_config_best_and_last(tmp_path, algo):
    out = train(short_run(tmp_path / "run", algo=algo))
    config = json.loads((out / "config.json").read_text())
    assert (
        config["settings"]["algo"] == algo
        and config["recipe"]["hyperparameters"] == find_algorithm(algo).hyperparameters
    )
    assert {"scenario", "packages", "python", "revision", "command"} <= set(config)
    last, best = load_checkpoint(out / "last.pt"), load_checkpoint(out / "best.pt")
    assert (
        last["timesteps"] >= 1000 and last["history"][0]["timesteps"] == 0
    )  # the untrained network is validated first
    means = [entry[HEADLINE] for entry in last["history"]]
    assert best["timesteps"] == last["history"][int(np.argmax(means))]["timesteps"]
    assert list((out / "tensorboard").iterdir())
    assert not list(out.glob(".*tmp*"))


def test_the_same_seed_gives_the_same_weights(tmp_path):
    first, second, other = (
        load_checkpoint(train(short_run(tmp_path / n, seed=s)) / "last.pt")
        for n, s in (("a", 1), ("b", 1), ("c", 2))
    )
    for name, weights in first["weights"].items():
        assert torch.equal(weights, second["weights"][name])
    assert any(
        not torch.equal(weights, other["weights"][name])
        for name, weights in first["weights"].items()
    )


@pytest.mark.parametrize("algo", ALGORITHMS)
def test_resume_restores_weights_optimizer_counters_and_history(tmp_path, algo, monkeypatch):
    out = train(short_run(tmp_path / "run", algo=algo))
    files_before = load_checkpoint(out / "last.pt")
    state = {}

    def look(self):
        optimizer = self.model.policy.optimizer.state_dict()["state"]
        state.update(
            weights={k: v.clone() for k, v in self.model.policy.state_dict().items()},
            timesteps=self.model.num_timesteps,
        )
        state.update(moments={k: v["exp_avg"].clone() for k, v in optimizer.items()})
        start(self)

    start = Progress._on_training_start
    monkeypatch.setattr(Progress, "_on_training_start", look)
    train(short_run(out, algo=algo, timesteps=files_before["timesteps"] + 600, resume=True))
    after = load_checkpoint(out / "last.pt")
    assert state["timesteps"] == files_before["timesteps"]
    assert all(
        torch.equal(value, files_before["weights"][name])
        for name, value in state["weights"].items()
    )
    moments = files_before["optimizer"]["state"]
    assert set(state["moments"]) == set(moments) and all(
        torch.equal(v, moments[k]["exp_avg"]) for k, v in state["moments"].items()
    )
    assert after["history"][: len(files_before["history"])] == files_before["history"]
    assert (
        after["timesteps"] > files_before["timesteps"]
        and after["updates"] >= files_before["updates"]
    )


def test_a_finished_run_resumed_without_more_to_do_is_left_as_it_is(tmp_path):
    out = train(short_run(tmp_path / "run"))
    files_before = (out / "last.pt").read_bytes()
    train(short_run(out, resume=True))
    assert (out / "last.pt").read_bytes() == files_before


def test_interrupt_saves_and_says_how_to_go_on(tmp_path, monkeypatch):
    step = Progress._on_step

    def stop(self):
        if self.num_timesteps >= 1500:
            raise KeyboardInterrupt
        return step(self)

    monkeypatch.setattr(Progress, "_on_step", stop)
    with pytest.raises(Interrupted, match=r"go on with: python train.py --out .*run --resume"):
        train(short_run(tmp_path / "run", timesteps=4000))
    assert load_checkpoint(tmp_path / "run" / "last.pt")["timesteps"] == 1500
    monkeypatch.setattr(Progress, "_on_step", step)
    train(
        TrainingConfig(out=str(tmp_path / "run"), resume=True)
    )  # exactly what the sentence says: the rest is remembered
    assert load_checkpoint(tmp_path / "run" / "last.pt")["timesteps"] >= 4000


def test_a_used_folder_is_refused_untouched(tmp_path):
    out = train(short_run(tmp_path / "run"))
    files_before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    with pytest.raises(
        ValueError, match="already holds a run; choose another --out or add --resume"
    ):
        train(short_run(out))
    assert files_before == {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}


def test_resume_refuses_what_cannot_be_resumed(tmp_path):
    with pytest.raises(ValueError, match="holds no run to resume; start one without --resume"):
        train(short_run(tmp_path / "none", resume=True))
    out = train(short_run(tmp_path / "run"))
    with pytest.raises(ValueError, match=r"was started with --envs \d+, not 3"):
        train(short_run(out, envs=3, resume=True))
    full_bytes = (out / "last.pt").read_bytes()
    (out / "last.pt").write_bytes(full_bytes[:1000])
    with pytest.raises(ValueError, match="last.pt is damaged and cannot be read"):
        train(short_run(out, resume=True))
    torch.save({"weights": {}}, out / "last.pt")
    with pytest.raises(ValueError, match="is not a checkpoint of this project"):
        train(short_run(out, resume=True))
    (out / "config.json").write_text("{")
    with pytest.raises(ValueError, match="config.json is damaged"):
        train(short_run(out, resume=True))


BAD = [
    ({"timesteps": 0}, "--timesteps must be at least 1, got 0"),
    ({"envs": 0}, "--envs must be at least 1, got 0"),
    ({"seed": -1}, "--seed must be at least 0, got -1"),
    ({"algo": "a2c"}, "--algo a2c is unknown; choose from maskable_ppo"),
]


def test_what_has_not_changed_is_not_validated_again(tmp_path):
    out = train(
        short_run(tmp_path / "run", timesteps=10, validations=5)
    )  # less than one rollout: one update, at its end
    last = load_checkpoint(out / "last.pt")
    assert [entry["timesteps"] for entry in last["history"]] == [0, last["timesteps"]]


@pytest.mark.parametrize(("changes", "message"), BAD)
def test_bad_settings(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        short_run(tmp_path, **changes)


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("old")

    def fail(temporary):
        temporary.write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_atomically(path, fail)
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_training_seeds_stay_below_a_million_and_apart(monkeypatch):
    seeds = []
    reset = FakeEnv.reset
    monkeypatch.setattr(
        FakeEnv,
        "reset",
        lambda self, *, seed=None, options=None: seeds.append(seed) or reset(self, seed=seed),
    )
    env = make_vec(ENV_ID, 4, seed=0)
    for _ in range(5):
        env.reset()
    by_env = np.array(seeds).reshape(5, 4)
    quarter = len(TRAINING_SEEDS) // 4
    assert (by_env // quarter == np.arange(4)).all() and len(set(seeds)) == 20


def test_rewards_minus_the_value_of_the_task():
    env = make_vec(ENV_ID, 1, seed=0, options=TrainingOptions(0.5, regret_reward=True))
    obs = env.reset()
    value = 10.0 * obs["task"][0, 7]
    assert value in (0.5, 1.0)
    _, rewards, _, _ = env.step(np.array([4]))  # rejected
    assert rewards[0] == pytest.approx(-0.5 * value)


def test_runs_of_version_0_1_are_resumed_but_not_those_that_discount_by_time(tmp_path):
    out = train(short_run(tmp_path / "run", timesteps=200))
    config = json.loads((out / "config.json").read_text())
    for tau_s in (None, 60.0):
        config["settings"]["tau_s"] = tau_s
        (out / "config.json").write_text(json.dumps(config))
        if tau_s is None:
            train(short_run(out, timesteps=400, resume=True))
            assert load_checkpoint(out / "last.pt")["timesteps"] >= 400
        else:
            with pytest.raises(ValueError, match=r"discounts by elapsed time \(tau_s\)"):
                train(short_run(out, timesteps=400, resume=True))


def command(*arguments):
    """Run train.py as a person does."""
    return subprocess.run(
        [sys.executable, "train.py", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_command_line_end_to_end_and_one_line_errors(tmp_path):
    options = [
        "--scenario",
        ENV_ID,
        "--timesteps",
        "500",
        "--envs",
        "2",
        "--validations",
        "1",
        "--validation-episodes",
        "2",
    ]
    done = command(
        *options, "--eval-episodes", "3", "--processes", "1", "--out", str(tmp_path / "run")
    )
    assert done.returncode == 0, done.stderr
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    assert {"eft", str(tmp_path / "run"), f"untrained:{tmp_path / 'run'}@sampled"} <= set(
        results["policies"]
    )
    second = command(*options, "--out", str(tmp_path / "run"))
    assert second.returncode == 2
    assert (
        second.stderr.startswith("error: ")
        and second.stderr.count("\n") == 1
        and "add --resume" in second.stderr
    )


@pytest.mark.slow
def test_learning_beats_the_rule_it_starts_from(tmp_path, monkeypatch):
    """Where resident models matter, 40,000 decisions lift the policy above eft_admit on 160 unseen
    episodes, paired.
    """
    # A softer start, a higher rate and a shorter horizon than the defaults, so that a minute is
    # enough: the fake episodes are short.
    hyperparameters = find_algorithm("maskable_ppo").hyperparameters | {
        "batch_size": 256,
        "learning_rate": 1e-3,
        "gamma": 0.98,
        "target_kl": None,
    }
    hyperparameters |= {"critic_warmup_steps": 0, "final_lr_fraction": 1.0, "n_steps": 512}
    network = NETWORK | {"logit_scale": 32.0, "reject_logit_gap": 2.0}
    monkeypatch.setattr(
        training, "recipe_for", lambda _: Recipe(hyperparameters, network, regret_reward=True)
    )
    out = train(
        short_run(tmp_path / "run", timesteps=40_000, envs=4, validations=8, validation_episodes=20)
    )
    envs = [Problem(ENV_ID, "test").make_env() for _ in range(160)]
    seeds = range(3_000_000, 3_000_160)
    trained, rule = (
        np.array([metrics[HEADLINE] for metrics in play(envs, policy, seeds)])
        for policy in (load_policy(parse(str(out)), envs), make_heuristic("eft_admit"))
    )
    gain = trained - rule
    assert gain.mean() > 3.0 * gain.std(ddof=1) / np.sqrt(len(gain))
