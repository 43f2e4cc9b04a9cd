"""Whole episodes in one compiled call are the environment's own episodes, bit for bit."""

import numpy as np
import pytest

from agents.envs.episode_runner import play, runner_for
from agents.envs.problem import Problem
from agents.evaluation.record import ActionRecorder
from agents.policies.compiled_rollout import play_rule
from agents.policies.rule_registry import RULES, RulePolicy
from orbit_gym.scenario.loading import load_scenario
from orbit_gym.workload.episode_source import EpisodeSource

SEEDS = [1_000_000, 1_000_001]


def crowded(scenario):
    """Changes that make an episode short and full; faults often enough to strike within 15 min."""
    faults = {"faults.reset_mean_s": 3_600.0} if scenario == "faults" else {}
    return {"workload.load": 2.0, "episode_s": 900.0} | faults


@pytest.mark.parametrize(
    ("scenario", "rule"),
    [("ThreeBody12", "tuned"), ("faults", "tuned"), ("Ring12", "phoenix"), ("Ring12", "equinox")],
)
def test_an_episode_is_the_same_through_the_environment(scenario, rule):
    changes = crowded(scenario)
    source = EpisodeSource(load_scenario(scenario, changes), "train")
    family = RULES[rule]
    stepped = ActionRecorder(
        RulePolicy(rule, family.start)
    )  # asked decision by decision, where the rule alone is compiled
    metrics = play(Problem(scenario, "train", changes).make_envs(len(SEEDS)), stepped, SEEDS)
    assert len(stepped.actions) > 100
    for seed, row in zip(SEEDS, metrics, strict=True):
        day = source.sample_episode(seed)
        rollout = play_rule(source.scenario, day.world, day.episode, family.number, family.start)
        assert rollout.value == pytest.approx(
            row["delivered_value"], rel=1e-12
        )  # the same sum in another order
        assert (rollout.rejected, rollout.late) == (row["n_rejected"], row["n_late"])
        assert rollout.n_booked + rollout.rejected == row["n_released"]
        assert 0 < rollout.rejected and 0 < rollout.n_booked
    if scenario == "faults":
        assert sum(row["revoked_value"] for row in metrics) > 0.0


def test_an_episode_without_tasks_is_worth_nothing():
    source = EpisodeSource(load_scenario("Ring12", {"episode_s": 900.0}), "train")
    day = source.sample_episode(SEEDS[0], {"load": 0.0})
    assert day.episode.tasks.size == 0 or np.all(
        day.episode.tasks["release_s"] >= day.episode.span_s[1]
    )
    assert play_rule(source.scenario, day.world, day.episode, 0, RULES["tuned"].start) == (
        0.0,
        0,
        0,
        0,
    )


@pytest.mark.parametrize("scenario", ["ThreeBody12", "faults"])
def test_metrics_and_details_are_those_of_deciding_step_by_step(scenario):
    """To the last bit, with environments that have played other episodes before."""
    envs, rule = (
        Problem(scenario, "train", crowded(scenario)).make_envs(2),
        RulePolicy("tuned", RULES["tuned"].start),
    )
    recorder = ActionRecorder(rule)
    by_step = runner_for(envs, recorder).play(recorder, SEEDS, with_details=True)
    at_once = runner_for(envs, rule).play(rule, [*SEEDS, SEEDS[0]], with_details=True)
    for step_result, result in zip([*by_step, by_step[0]], at_once, strict=True):
        assert step_result.metrics == result.metrics
        for name, array in step_result.details._asdict().items():
            assert np.array_equal(array, getattr(result.details, name)), name
    assert by_step[0].metrics != by_step[1].metrics
