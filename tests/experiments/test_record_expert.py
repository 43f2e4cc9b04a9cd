"""Kept decisions: shapes, what steers, going on after an interruption, refusals."""

import json

import numpy as np
import pytest

from agents.policies.planner.planner import LookAhead
from agents.policies.rule_variants import stances_of
from experiments import record_expert as module
from experiments.record_expert import Expert, record
from orbit_gym.observation import WIDTH
from orbit_gym.vector import OrbitVectorEnv

QUICK = LookAhead(
    candidates=3,
    futures=2,
    horizon_s=10.0,
    pool=2,
    hold_s=0.0,
    z_leave=0.0,
    skips_small=False,
    switch_horizon_s=30.0,
)
SOON = {"eo_scene": 0.05, "emergency_mapping": 0.07, "bulk_reprocessing": 0.02}
CROWD = {"episode_s": 20.0, "workload.slack_scale": SOON}


@pytest.fixture
def short(monkeypatch):
    """Episodes of 20 s with tasks due soon, planned quickly."""

    def environments(count, scenario, overrides, split, mode):
        return OrbitVectorEnv(count, scenario, overrides | CROWD, split, mode)

    monkeypatch.setattr(module, "OrbitVectorEnv", environments)
    monkeypatch.setattr(module, "PLANNERS", {"rollout": (QUICK, False)})


def asked(tmp_path, **changes) -> Expert:
    return Expert(
        **(
            {"scenario": "Ring12", "episodes": 2, "loads": (6.0, 5.0), "out": str(tmp_path)}
            | changes
        )
    )


def test_files_hold_every_decision(short, tmp_path) -> None:
    paths = record(asked(tmp_path))
    assert [path.name for path in paths] == ["Ring12-rollout-6-0.npz", "Ring12-rollout-5-1.npz"]
    for path, (seed, load) in zip(paths, ((0, 6.0), (1, 5.0))):
        with np.load(path, allow_pickle=False) as file:
            arrays = dict(file)
        info = json.loads(str(arrays["info"]))
        assert (info["seed"], info["load"]) == (seed, load) and 0.0 < info[
            "served_value_fraction"
        ] <= 1.0
        count, n = arrays["action"].size, arrays["nodes"].shape[1]
        assert arrays["task"].shape == (count, WIDTH["task"]) and arrays["mask"].shape == arrays[
            "values"
        ].shape == (count, n + 1)
        assert arrays["mask"][np.arange(count), arrays["action"]].all()
        looked = np.isfinite(arrays["values"]).any(axis=1)
        assert (
            looked.any() and np.isfinite(arrays["values"][looked, -1]).all()
        )  # rejection is always tried
        assert np.isfinite(arrays["values"][looked, arrays["action"][looked]]).all()


def test_episodes_that_are_there_are_not_played_again(short, tmp_path, monkeypatch) -> None:
    first = record(asked(tmp_path, episodes=1))[0]
    before, played, original = first.read_bytes(), [], module.play
    monkeypatch.setattr(
        module, "play", lambda *arguments: played.append(arguments[1]) or original(*arguments)
    )
    record(asked(tmp_path))
    assert played == [1] and first.read_bytes() == before


@pytest.mark.parametrize(("share", "steered"), [(0.0, True), (1.0, False)])
def test_who_steers(short, tmp_path, share, steered) -> None:
    """With the rule alone at the helm the episode is the rule's own, whatever the planner says."""
    path = record(asked(tmp_path, episodes=1, rule_share=share))[0]
    rule = record(asked(tmp_path, episodes=1, policy="tuned"))[0]
    with np.load(path) as file, np.load(rule) as by_rule:
        assert (file["steered"] == steered).all()
        assert np.isnan(by_rule["values"]).all()
        same = file["nodes"].shape == by_rule["nodes"].shape and np.array_equal(
            file["nodes"], by_rule["nodes"]
        )
        assert same != steered


def test_the_planner_switches_between_the_rules_that_it_is_evaluated_with(
    short, tmp_path, monkeypatch
) -> None:
    made, original = [], module.EpisodePlanner
    monkeypatch.setattr(
        module, "EpisodePlanner", lambda *arguments: made.append(original(*arguments)) or made[-1]
    )
    record(asked(tmp_path, episodes=1))
    assert np.array_equal(made[0].rules, stances_of("Ring12")) and made[0]._picked_s > -np.inf


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"episodes": 0}, "--episodes must be at least 1, got 0"),
        (
            {"first_seed": 999_999},
            "seeds to learn from lie from 0 to 999,999; got 2 from 999,999 on",
        ),
        ({"loads": (1.0, 0.0)}, "--loads must be positive"),
        ({"rule_share": 1.5}, "--rule-share must be from 0 to 1, got 1.5"),
        ({"scenario": "Rong12"}, "Rong12"),
    ],
)
def test_bad_input_is_refused(tmp_path, changes, message) -> None:
    with pytest.raises(ValueError, match=message):
        record(asked(tmp_path, **changes))
