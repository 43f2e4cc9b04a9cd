"""Evaluation on the fake environment: contents, pairing, independence of the number of processes,
bad inputs.
"""

import csv
import dataclasses
import json
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from agents import evaluate as module
from agents.envs.episode_runner import EpisodeResult, play
from agents.envs.problem import Problem
from agents.evaluate import Evaluation, evaluate
from agents.evaluation import jobs
from agents.evaluation.jobs import JobResult
from agents.evaluation.load_policy import LoadedPolicy, parse
from agents.evaluation.policy_kinds import POLICY_KINDS
from agents.policies.heuristics import make_heuristic
from agents.policies.linear_rule import EFT_ADMIT
from agents.policies.rule_registry import RulePolicy
from agents.training.config import RECIPES, TrainingConfig
from agents.training.train import train
from agents.utils.checkpoints import load_checkpoint, save_checkpoint
from tests.helpers.fake_env import ENV_ID, FakeEnv

HEADLINE = "served_value_fraction"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A short run from eft_admit."""
    out, recipe = tmp_path_factory.mktemp("runs") / "short", str(RECIPES / "eft-admit.json")
    return train(
        TrainingConfig(
            scenario=ENV_ID,
            recipe=recipe,
            timesteps=600,
            envs=2,
            out=str(out),
            validations=1,
            validation_episodes=2,
        )
    )


def evaluation(out, *policies, **changes):
    """An evaluation of 12 episodes of the fake environment in this process."""
    return replace(
        Evaluation(policies=policies, scenario=ENV_ID, seeds=12, out=str(out), processes=1),
        **changes,
    )


def test_results_hold_what_is_promised(tmp_path, capsys):
    results = evaluate(evaluation(tmp_path, "eft", "eft_admit", "random"))
    assert results == json.loads((tmp_path / "results.json").read_text())
    assert {"scenario", "seeds", "policies"} <= set(results)
    assert results["seeds"] == list(range(3_000_000, 3_000_012))
    item = results["policies"]["eft"][HEADLINE]
    assert set(item) == {"mean", "ci95", "iqm", "episodes"}
    assert item["mean"] == pytest.approx(np.mean(item["episodes"]))
    assert item["iqm"] == pytest.approx(np.sort(item["episodes"])[3:9].mean())
    for name in (
        "results.csv",
        "report.html",
        "report.md",
        "figures/served-value.svg",
        "tables/differences.csv",
    ):
        assert (tmp_path / name).stat().st_size > 0
    rows = list(csv.DictReader((tmp_path / "results.csv").read_text().splitlines()))
    assert {row["policy"] for row in rows} == {"eft", "eft_admit", "random"}
    assert (
        float(next(r for r in rows if r["policy"] == "eft" and r["metric"] == HEADLINE)["mean"])
        == item["mean"]
    )
    assert "eft_admit" in capsys.readouterr().out


def test_episodes_are_those_of_playing_one_by_one_and_differences_are_paired(tmp_path):
    results = evaluate(evaluation(tmp_path, "eft", "round_robin", "eft_admit"))
    env = Problem(ENV_ID, "test").make_env()
    for name in ("eft", "round_robin", "eft_admit"):
        single = [
            play([env], make_heuristic(name), [seed])[0][HEADLINE] for seed in results["seeds"]
        ]
        assert results["policies"][name][HEADLINE]["episodes"] == single
    a, b = (results["policies"][name][HEADLINE]["episodes"] for name in ("eft", "eft_admit"))
    interval = stats.ttest_rel(a, b).confidence_interval(0.95)
    assert results["differences"]["eft"]["metrics"][HEADLINE]["ci95"] == pytest.approx(
        [interval.low, interval.high]
    )
    assert results["differences"]["eft"]["reference"] == "eft_admit"


def test_a_run_brings_its_controls_and_the_number_of_processes_changes_nothing(
    tmp_path, run, capsys
):
    names = [
        "eft_admit",
        str(run),
        f"{run}@sampled",
        f"untrained:{run}",
        f"untrained:{run}@sampled",
    ]
    single = evaluate(evaluation(tmp_path / "a", "eft_admit", str(run), sampled=True))
    assert list(single["policies"]) == names
    greedy = [
        single["policies"][name][HEADLINE]["episodes"] for name in ("eft_admit", f"untrained:{run}")
    ]
    assert greedy[0] == greedy[1]  # the untrained network is eft_admit
    assert single["policies"][names[4]][HEADLINE]["episodes"] != greedy[0]
    assert single["labels"][names[1]].endswith("(this policy only)")
    two = evaluate(evaluation(tmp_path / "b", "eft_admit", str(run), sampled=True, processes=2))
    assert two["policies"] == single["policies"]


def test_episodes_of_unequal_length_end_on_their_own():
    lengths = (20, 35, 27)
    batched = play([FakeEnv(steps=n) for n in lengths], make_heuristic("round_robin"), [1, 2, 3])
    single = [
        play([FakeEnv(steps=n)], make_heuristic("round_robin"), [seed])[0]
        for n, seed in zip(lengths, (1, 2, 3))
    ]
    assert batched == single


def test_trained_weights_are_used_and_the_untrained_control_has_none(tmp_path, run):
    checkpoint = load_checkpoint(run / "best.pt")
    for name, weights in checkpoint["weights"].items():
        if name.endswith("reject.bias"):
            # rejects everything: learned parts are bounded, so rows go down as rejection goes up
            weights += 100.0
        if name.endswith("score.bias"):
            weights -= 100.0
    checkpoint.pop("format")
    changed = tmp_path / "changed"
    changed.mkdir()
    save_checkpoint(changed / "best.pt", checkpoint)
    policies = evaluate(evaluation(tmp_path / "out", "eft_admit", str(changed)))["policies"]
    assert policies[str(changed)]["n_rejected"]["mean"] == 60.0  # every task of an episode
    assert policies[f"untrained:{changed}"] == policies["eft_admit"]


def test_networks_always_see_the_masks(tmp_path, run, monkeypatch):
    shapes = []

    def spy(spec, env, seed=0):
        policy, predict = load(spec, env, seed), None
        predict = policy.predict
        policy.predict = lambda obs, state, starts, deterministic, masks: (
            shapes.append(masks.shape) or predict(obs, state, starts, deterministic, masks)
        )
        return policy

    load = jobs.load_policy
    monkeypatch.setattr(jobs, "load_policy", spy)
    evaluate(evaluation(tmp_path, str(run), controls=False))
    assert set(shapes) == {(12, 5)}  # groups of ten episodes, five actions


BAD = [
    (
        ("etf",),
        {},
        "unknown policy 'etf'; did you mean 'eft'\\? choose from random, round_robin.*pretrained, "
        "or give a run folder",
    ),
    (("pretrained:unheard-of",), {}, "no shipped policy 'unheard-of' in .*; there: "),
    (("eft@sampled",), {}, "eft is a rule and has no sampled form"),
    (("untrained:eft",), {}, "eft is a rule and has no untrained form; give 'eft'"),
    (("eft",), {"seeds": 0}, "--seeds must be at least 1, got 0"),
    (("eft",), {"processes": 0}, "--processes must be at least 1, got 0"),
    (("eft",), {"scenario": "NoSuchModule:X-v0"}, "unknown environment 'NoSuchModule:X-v0'"),
    (("eft",), {"scenario": "Fake/Nothing-v0"}, "unknown environment 'Fake/Nothing-v0'"),
    ((), {}, "--policies must name at least one policy"),
]


@pytest.mark.parametrize(("policies", "changes", "message"), BAD)
def test_bad_input_is_refused_before_any_work(tmp_path, policies, changes, message, monkeypatch):
    monkeypatch.setattr(module, "play_everything", lambda *_: pytest.fail("work was started"))
    with pytest.raises(ValueError, match=message):
        evaluate(evaluation(tmp_path, *policies, **changes))


def test_damaged_and_missing_checkpoints_are_named(tmp_path, run):
    (tmp_path / "damaged").mkdir()
    with pytest.raises(ValueError, match="holds no trained run: .*best.pt is missing"):
        evaluate(evaluation(tmp_path / "out", str(tmp_path / "damaged")))
    weights_bytes = (run / "best.pt").read_bytes()
    for content in (weights_bytes[: len(weights_bytes) // 2], b"", b"nonsense"):
        (tmp_path / "damaged" / "best.pt").write_bytes(content)
        with pytest.raises(ValueError, match="best.pt is damaged and cannot be read"):
            evaluate(evaluation(tmp_path / "out", str(tmp_path / "damaged")))


def test_existing_results_are_kept(tmp_path):
    evaluate(evaluation(tmp_path, "eft"))
    content_before = (tmp_path / "results.json").read_bytes()
    with pytest.raises(
        ValueError, match="already holds results; choose another --out or add --overwrite"
    ):
        evaluate(evaluation(tmp_path, "random"))
    assert (tmp_path / "results.json").read_bytes() == content_before
    evaluate(evaluation(tmp_path, "random", overwrite=True))
    assert (tmp_path / "results.json").read_bytes() != content_before


def test_what_does_not_exist_is_null_not_nan(tmp_path, monkeypatch):
    metrics = {HEADLINE: 0.0, "latency_p50_s": float("nan")}
    monkeypatch.setattr(
        jobs, "play_job", lambda job, members: JobResult([EpisodeResult(metrics)] * len(job.seeds))
    )
    results = evaluate(evaluation(tmp_path, "eft"))
    assert results["policies"]["eft"]["latency_p50_s"]["mean"] is None
    assert "NaN" not in (tmp_path / "results.json").read_text()


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("pretrained", [50, 45]),
        ("pretrained@sampled", [10] * 9 + [5]),
        ("random", [10] * 9 + [5]),
        ("rollout", [1] * 95),
    ],
)
def test_greedy_networks_are_played_in_larger_groups_and_what_draws_is_not(name, sizes):
    """What an evaluation draws is seeded group by group, so that those groups are part of its
    results.
    """
    spec = parse(name)
    policy = LoadedPolicy(spec, make_heuristic("random"), None)
    assert [len(group) for group in jobs.groups(policy, range(7, 102))] == sizes
    rule = policy._replace(policy=RulePolicy("tuned", EFT_ADMIT))
    assert jobs.groups(rule, range(7, 10)) == [(7,), (8,), (9,)]


def test_a_planners_episodes_are_found_again_when_more_are_asked(tmp_path, monkeypatch):
    seeds_played: list[int] = []

    def stand_in(job, members):
        seeds_played.extend(job.seeds if job.spec.name == "rollout" else [])
        return JobResult([EpisodeResult({HEADLINE: 0.5})] * len(job.seeds))

    monkeypatch.setattr(jobs, "play_job", stand_in)
    for seeds in (2, 4):
        evaluate(
            Evaluation(
                ("eft", "rollout"),
                "Ring12",
                seeds,
                split="train",
                first_seed=1,
                out=str(tmp_path),
                processes=1,
                overwrite=True,
            )
        )
    assert seeds_played == [1, 2, 3, 4]


@pytest.mark.parametrize("name", ["eft_admit", "tuned", "phoenix", "pretrained:tight-downlink"])
def test_long_episodes_of_a_rule_are_found_again_while_its_weights_stay(
    tmp_path, monkeypatch, name
):
    """What decides by a compiled rule is kept once it took longer than five seconds, as all of it
    but the first does here.
    """
    seeds_played: list[int] = []

    def play(seeds, took_s):
        def stand_in(job, members):
            seeds_played.extend(job.seeds if job.spec.name == name else [])
            return JobResult([EpisodeResult({HEADLINE: 0.5})] * len(job.seeds), took_s)

        monkeypatch.setattr(jobs, "play_job", stand_in)
        asked_for = Evaluation(
            ("random", name),
            "Ring12",
            seeds,
            controls=False,
            out=str(tmp_path),
            processes=1,
            overwrite=True,
        )
        evaluate(asked_for)

    for seeds, took_s in ((1, 5.0), (2, 3600.0), (3, 3600.0)):
        play(seeds, took_s)
    assert seeds_played == [3_000_000, 3_000_000, 3_000_001, 3_000_002]
    spec = parse(name)
    changed = dataclasses.replace(
        POLICY_KINDS[spec.kind],
        make=lambda spec, envs, seed: (
            make_heuristic("random")
            if spec.name == "random"
            else RulePolicy("tuned", EFT_ADMIT + 1.0)
        ),
    )
    monkeypatch.setitem(POLICY_KINDS, spec.kind, changed)
    play(3, 5.0)
    assert seeds_played[4:] == [3_000_000, 3_000_001, 3_000_002]
