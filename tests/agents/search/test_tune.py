"""Tuning: resumable, deterministic, on its own seeds.

Weights files that argue back; rules by name in the evaluator.
"""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from agents import experimental_protocol
from agents.envs.episode_runner import play
from agents.envs.problem import Problem
from agents.evaluation.load_policy import load_policy, parse
from agents.evaluation.policy_kinds import BASELINES
from agents.experimental_protocol import CHOICE_SEEDS, compared_loads
from agents.policies import rule_registry as rules
from agents.policies.compiled_rollout import TUNED, play_rule
from agents.policies.linear_rule import EFT_ADMIT
from agents.policies.rule_registry import RULES, load_weights, read_weights
from agents.search import cma_es, tune
from agents.search.cma_es import Episodes, generation_episodes
from agents.search.tune import Tuning
from orbit_gym.scenario.loading import load_scenario


@pytest.fixture
def quick(monkeypatch):
    """Ring12 for two minutes at a load that hurts, in place of every scenario."""
    problem = load_scenario("Ring12", {"episode_s": 120.0, "workload.load": 3.0})
    monkeypatch.setattr(tune, "load_scenario", lambda name: problem)
    monkeypatch.setattr(experimental_protocol, "LOAD_FACTORS", (1.0,))
    monkeypatch.setattr(tune, "LOAD_FACTORS", (1.0,))
    return problem


def small(tmp_path, **changes):
    """A search of four generations of eight candidates on one episode each."""
    tuning = Tuning(
        "phoenix",
        "Ring12",
        episodes=32,
        per_load=1,
        choice_seeds=1,
        report_seeds=2,
        out=tmp_path / "out",
        work=tmp_path / "work",
    )
    return replace(tuning, **changes)


def test_an_interrupted_search_goes_on_to_the_same_weights(quick, tmp_path, monkeypatch):
    full_log = tune.tune(small(tmp_path / "a"))
    calls = []

    def stop(path, content):
        write(path, content)
        calls.append(path)
        if len(calls) == 2:
            raise KeyboardInterrupt

    write = tune.write_json
    monkeypatch.setattr(tune, "write_json", stop)
    with pytest.raises(KeyboardInterrupt):
        tune.tune(small(tmp_path / "b"))
    monkeypatch.setattr(tune, "write_json", write)
    content = json.loads((tmp_path / "b" / "work" / "Ring12-phoenix.json").read_text())
    assert len(content["means"]) == 2
    played_seeds = []
    scores = Episodes.scores

    def spy(self, candidates, seeds, loads):
        played_seeds.append(list(seeds))
        return scores(self, candidates, seeds, loads)

    monkeypatch.setattr(Episodes, "scores", spy)
    resumed = tune.tune(small(tmp_path / "b", threads=2))
    assert played_seeds[:2] == [
        [1_000_002],
        [1_000_003],
    ]  # the first two generations are not played again
    different = {"command", "revision"}
    assert {k: v for k, v in resumed.items() if k not in different} == {
        k: v for k, v in full_log.items() if k not in different
    }
    assert read_weights(tmp_path / "b" / "out" / "Ring12-phoenix.json", "phoenix").tolist() == list(
        full_log["weights"].values()
    )


def test_a_search_with_other_settings_is_not_mixed_in(quick, tmp_path):
    tune.tune(small(tmp_path))
    with pytest.raises(
        ValueError,
        match=r"Ring12-phoenix\.json belongs to a search with other settings; remove it or "
        r"choose another --work",
    ):
        tune.tune(small(tmp_path, sigma=0.5))
    longer = tune.tune(small(tmp_path, episodes=48))  # more budget goes on
    assert longer["budget"] == 48 and len(longer["curve"]) == 7


def test_the_search_climbs(quick):
    """Against eft_admit on seeds of its own, on the toy of two minutes."""
    episodes = Episodes(quick)
    start = RULES["phoenix"].start
    log = cma_es.search(
        "phoenix", episodes, 6, 2, 0.5, 0, cma_es.Log([], []), lambda log: None, start
    )
    candidates = [(RULES["phoenix"].number, w) for w in (start, np.array(log.means[-1]))]
    score_before, after = cma_es.held_out(episodes, candidates, CHOICE_SEEDS[:6]).mean(axis=(1, 2))
    assert after > score_before


def test_the_search_of_tuned_steps_wide_in_slack_about_what_only_bulk_exceeds(quick, monkeypatch):
    """A spread of 0.3 moves the admission of bulk (slack of 1 to 2 h) and of urgent work, and of
    what is due in 77 min hardly.
    """
    calls = []

    def note(self, candidates, seeds, loads):
        calls.extend(candidates)
        return np.zeros((len(candidates), 1))

    monkeypatch.setattr(Episodes, "scores", note)
    cma_es.search(
        "tuned", Episodes(quick), 20, 1, 0.3, 0, cma_es.Log([], []), lambda log: None, EFT_ADMIT
    )
    terms = RULES["tuned"].terms
    one, slack = (
        np.array([weights[terms.index(f"admit.{name}")] for _, weights in calls])
        for name in ("one", "slack")
    )
    says = {
        minutes: (one + slack * np.log1p(60.0 * minutes) / np.log1p(7200.0)).std()
        for minutes in (15, 77, 120)
    }
    assert slack.std() > 5.0 and says[77] < 0.5 and says[120] > 0.3 and says[15] > 1.0


def test_scores_are_served_value_fractions(quick):
    scores = Episodes(quick).scores([(TUNED, EFT_ADMIT)], [1_000_000, 1_000_001], [3.0, 1.0])
    for seed, load, score in zip(
        (1_000_000, 1_000_001), (3.0, 1.0), scores[0].tolist(), strict=True
    ):
        envs = Problem("Ring12", "train", {"episode_s": 120.0, "workload.load": load}).make_envs(1)
        metrics_played = play(envs, load_policy(parse("eft_admit"), envs), [seed])[0]
        assert score == pytest.approx(metrics_played["served_value_fraction"], rel=1e-12)


def test_generations_use_fresh_seeds_within_the_tuning_range():
    calls = [
        seed
        for generation in range(50)
        for seed in generation_episodes(generation, 2, (0.8, 1.0, 1.3))[0]
    ]
    assert len(set(calls)) == len(calls) == 300 and min(calls) == 1_000_000
    assert generation_episodes(7, 2, (0.8, 1.0, 1.3))[1] == [0.8, 1.0, 1.3] * 2
    with pytest.raises(ValueError, match="would leave the seeds below 1900000"):
        generation_episodes(150_000, 2, (0.8, 1.0, 1.3))


def test_loads_are_multiples_of_the_scenarios_own():
    assert compared_loads(load_scenario("Ring12")) == [0.8, 1.0, 1.3]
    assert compared_loads(load_scenario("tight-energy")) == [2.0, 2.5, 3.25]


BAD = [
    ({"episodes": 0}, "--episodes must be at least 1, got 0"),
    ({"episodes": 20}, "--episodes must pay for two generations, 48 here; got 20"),
    ({"sigma": float("nan")}, "--sigma must be positive, got nan"),
    ({"report_seeds": 1}, "--report-seeds must be at least 2"),
    ({"choice_seeds": 60_000}, "--choice-seeds must be at most 50000, got 60000"),
    ({"threads": 0}, "--threads must be at least 1, got 0"),
]


@pytest.mark.parametrize(("changes", "sentence"), BAD)
def test_bad_settings_are_refused_before_any_work(tmp_path, changes, sentence):
    with pytest.raises(ValueError, match=sentence):
        tune.tune(small(tmp_path, **changes))
    assert not list(tmp_path.iterdir())


def test_committed_weights_fit_their_rules():
    files = sorted(rules.FOLDER.glob("*.json"))
    assert files
    for path in files:
        content = json.loads(path.read_text())
        assert read_weights(path, content["rule"]).shape == (len(RULES[content["rule"]].terms),)
        assert rules.weights_file(content["rule"], content["scenario"]) == path
        load_scenario(content["scenario"])
        for first, end in content["seeds"].values():
            assert 1_000_000 <= first < end <= 2_000_000
        assert (
            f"--rule {content['rule']} --scenario {content['scenario']} "
            in content["command"] + " "
        )


def test_without_its_own_file_a_scenario_takes_those_of_threebody12_and_says_so_once(
    tmp_path, capsys
):
    shutil.copy(rules.weights_file("tuned", "ThreeBody12"), tmp_path / "ThreeBody12.json")
    expected = read_weights(tmp_path / "ThreeBody12.json", "tuned")
    rules._say_once.cache_clear()
    for _ in range(2):
        assert np.array_equal(load_weights("tuned", "Walker100", tmp_path), expected)
    assert (
        capsys.readouterr().err
        == "tuned: no weights tuned for Walker100; using those of ThreeBody12\n"
    )
    assert np.array_equal(load_weights("tuned", "ThreeBody12", tmp_path), expected)
    assert np.array_equal(load_weights("phoenix", "Walker100", tmp_path), RULES["phoenix"].start)
    assert capsys.readouterr().err == "phoenix: not tuned yet\n"


def spoilt(content, **changes):
    return json.dumps({**content, **changes})


def test_damaged_weights_are_named(tmp_path):
    content = json.loads(rules.weights_file("tuned", "ThreeBody12").read_text())
    path = tmp_path / "ThreeBody12.json"
    cases = [
        ("{", "is damaged"),
        (spoilt(content, rule="phoenix"), "holds no weights of the rule 'tuned'"),
        (
            spoilt(content, weights={**content["weights"], "cost.loud": 1.0}),
            r"'cost\.loud' is unknown; tune again",
        ),
        (spoilt(content, weights={"cost.load": 1.0}), "is missing; tune again"),
        (
            spoilt(content, weights={**content["weights"], "cost.load": float("nan")}),
            "not a finite number",
        ),
    ]
    for text, sentence in cases:
        path.write_text(text)
        with pytest.raises(ValueError, match=rf"ThreeBody12\.json .*{sentence}"):
            load_weights("tuned", "ThreeBody12", tmp_path)


@pytest.mark.parametrize("rule", RULES)
def test_the_evaluator_knows_rules_by_name(rule):
    assert rule in BASELINES
    envs = Problem("Ring12", "train", {"episode_s": 120.0}).make_envs(2)
    policy = load_policy(parse(rule), envs)
    assert np.array_equal(policy.weights, load_weights(rule, "Ring12"))
    metrics_played = play(envs, policy, [1_000_000, 1_000_001])
    problem = load_scenario("Ring12", {"episode_s": 120.0})
    for seed, metrics in zip((1_000_000, 1_000_001), metrics_played, strict=True):
        item = Episodes(problem).episode(seed, 1.0)
        value = play_rule(
            problem, item.world, item.episode, RULES[rule].number, policy.weights
        ).value
        assert value == pytest.approx(metrics["delivered_value"], rel=1e-12)
    with pytest.raises(ValueError, match="is a rule and has no sampled form"):
        parse(f"{rule}@sampled")
