"""Switching between rules: what is compared is what then happens, without the true future.

The variants are what they are called.
"""

import numpy as np
import pytest

from agents.envs.episode_runner import play
from agents.policies.linear_rule import EFT_ADMIT, PIVOT, SLACK, choose_many, weights_of
from agents.policies.planner.planner import EpisodePlanner, LookaheadConfig, Planner
from agents.policies.planner.workspace import N_STEPPED
from agents.policies.rule_registry import load_weights
from agents.policies.rule_variants import variants_of
from orbit_gym.env import OrbitEnv
from orbit_gym.scenario.loading import scenario_names
from orbit_gym.simulation.simulation import Simulation
from orbit_gym.vector import OrbitVectorEnv
from tests.agents.policies.planner.test_planner import (
    FAULTS,
    QUICK,
    SHORT,
    Fixed,
    start_later,
    with_another_future,
)

# beyond the last delivery; what is decided after the pick does not matter here
ALL = LookaheadConfig(
    futures=1,
    initial_futures=1,
    pool=1,
    z_eliminate=0.0,
    z_switch=0.0,
    hold_s=1e6,
    switch_every_s=1e6,
    switch_horizon_s=20_000.0,
)
REJECTS_ALL = weights_of(cost_delivery=1.0, admit_one=-1.0)  # rejects all
RULES = np.array([REJECTS_ALL, EFT_ADMIT, weights_of(cost_backlog=1.0, admit_one=1.0)])


def value_of(simulation: Simulation, weights: np.ndarray) -> float:
    """What a rule delivers from here to the end, by the environment's own steps."""
    fork, value, out = simulation.fork(), 0.0, np.zeros(1, np.int64)
    while not fork.is_over:
        obs = fork.observe()
        choose_many(obs["task"][None], obs["nodes"][None], fork.action_masks()[None], weights, out)
        reward, _ = fork.step(int(out[0]))
        value += reward
    return value


@pytest.mark.parametrize("overrides", [SHORT, SHORT | FAULTS], ids=["calm", "faults"])
def test_with_the_true_future_every_rule_is_worth_what_it_then_delivers(overrides: dict) -> None:
    env, simulation = start_later(overrides)
    planner = EpisodePlanner(Fixed(simulation, env), ALL, RULES, True)
    planner.decide()
    values = [value_of(simulation, weights) for weights in RULES]
    assert planner.rules_workspace.scores[:, 0].tolist() == pytest.approx(values, abs=1e-9)
    assert planner.rule_index == int(np.argmax(values)) > 0


def test_switching_never_sees_the_true_future() -> None:
    env, simulation = start_later(SHORT)
    config = LookaheadConfig(**(vars(QUICK) | {"switch_horizon_s": 30.0, "pool": 8}))
    planners = [
        EpisodePlanner(Fixed(item, env), config, RULES, False)
        for item in (simulation, with_another_future(simulation))
    ]
    for planner in planners:
        planner.decide()
    scores = [planner.rules_workspace.scores for planner in planners]
    assert scores[0].any() and np.array_equal(*scores)
    assert planners[0].rule_index == planners[1].rule_index


def test_rules_are_compared_anew_after_a_while_and_not_before() -> None:
    env, simulation = start_later(SHORT)
    config = LookaheadConfig(
        **(vars(QUICK) | {"skips_small": True, "switch_every_s": 5.0, "switch_horizon_s": 5.0})
    )
    planner = EpisodePlanner(Fixed(simulation, env), config, RULES, False)
    picked_s = []
    while not simulation.is_over:
        n_before, now_s = planner.rules_workspace.counts[N_STEPPED], simulation.time_s
        action = planner.decide()
        if planner.rules_workspace.counts[N_STEPPED] > n_before:
            picked_s.append(now_s)
        simulation.step(action)
    assert len(picked_s) > 2 and np.diff(picked_s).min() >= 5.0


@pytest.mark.parametrize(
    "rules", [EFT_ADMIT, np.array([EFT_ADMIT, EFT_ADMIT]), np.array([EFT_ADMIT, REJECTS_ALL])]
)
def test_the_usual_rule_stays_where_no_other_is_better(rules: np.ndarray) -> None:
    env, simulation = start_later(SHORT)
    planner = EpisodePlanner(Fixed(simulation, env), ALL, rules, True)
    planner.decide()
    assert planner.rule_index == 0


def test_a_planner_that_switches_beats_a_bad_rule() -> None:
    env = OrbitVectorEnv(1, "Ring12", overrides=SHORT, autoreset_mode="Disabled")
    config = LookaheadConfig(**(vars(QUICK) | {"switch_every_s": 20.0, "switch_horizon_s": 30.0}))
    single, among = (
        play(env, Planner(config, rules), [5])[0]["delivered_value"]
        for rules in (REJECTS_ALL, RULES)
    )
    assert among > single


@pytest.mark.parametrize("name", scenario_names())
def test_stances_begin_with_the_own_rule_and_all_differ(name: str) -> None:
    variants = variants_of(name)
    assert np.array_equal(variants[0], load_weights("tuned", name))
    assert (
        len(np.unique(variants, axis=0)) >= len(variants) - 1
    )  # a scenario without a rule of its own may borrow one of the others


def test_the_choosier_stance_turns_all_bulk_away_and_little_else() -> None:
    """Over an episode's first minutes on Ring12, of what the rule itself takes."""
    env = OrbitEnv("Ring12")
    obs, _ = env.reset(seed=1)
    own_rule, choosier, out = (
        variants_of("Ring12")[0],
        variants_of("Ring12")[-1],
        np.zeros(1, np.int64),
    )
    refused_bulk, accepted_bulk = [], []
    for _ in range(400):
        mask, actions = env.action_masks(), []
        for weights in (own_rule, choosier):
            choose_many(obs["task"][None], obs["nodes"][None], mask[None], weights, out)
            actions.append(int(out[0]))
        is_bulk = bool(obs["task"][SLACK] > PIVOT)
        if actions[0] < mask.size - 1:
            accepted_bulk.append(is_bulk)
            if actions[1] == mask.size - 1:
                refused_bulk.append(is_bulk)
        obs, *_ = env.step(actions[0])
    assert any(accepted_bulk) and not all(accepted_bulk)
    n_not_bulk = len(accepted_bulk) - sum(accepted_bulk)
    assert sum(refused_bulk) == sum(accepted_bulk) > 10
    assert len(refused_bulk) - sum(refused_bulk) < 0.1 * n_not_bulk
