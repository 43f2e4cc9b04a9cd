"""The tuned rule on observations: eft_admit is one of its settings, each weight does what its name
says, masks are obeyed.
"""

import numpy as np
import pytest

from agents.policies import linear_rule
from agents.policies.heuristics import make_heuristic
from agents.policies.linear_rule import EFT_ADMIT, WEIGHTS, choose, choose_many, weights_of
from orbit_gym.observation import observation_space
from tests.helpers.fake_env import NODE, TASK, random_observation

N = 4
ALWAYS = {"admit_one": 1.0}


def masks_of(obs):
    """Masks (batch, n + 1) that allow what has a plan, and rejection."""
    exists = obs["nodes"][..., NODE["plan_exists"]] > 0.5
    return np.concatenate([exists, np.ones((*exists.shape[:-1], 1), bool)], axis=-1)


def decide(obs, masks, weights):
    actions = np.zeros(len(masks), np.int64)
    choose_many(obs["task"], obs["nodes"], masks, weights, actions)
    return actions


def by_hand(task=(), **columns):
    """One observation of four equal satellites whose plans are in time, with some columns
    replaced.
    """
    obs = {
        key: np.zeros(space.shape, np.float32)
        for key, space in observation_space(N, 2).spaces.items()
    }
    base = {
        "present": 1,
        "plan_exists": 1,
        "plan_on_time": 1,
        "is_satellite": 1,
        "sunlit": 1,
        "plan_finish": 0.5,
        "plan_margin": 0.5,
    }
    for name, column in {**base, **columns}.items():
        obs["nodes"][:, NODE[name]] = column
    for name, value in {
        "present": 1.0,
        "lanes": 1.0,
        "slack": 0.5,
        "value": 0.1,
        "service": 0.4,
        **dict(task),
    }.items():
        obs["task"][TASK[name]] = value
    return obs


def answer(obs, weights):
    return choose(obs["task"], obs["nodes"], masks_of(obs), weights)


@pytest.mark.parametrize("n", [1, 6, 33])
def test_eft_admit_is_one_setting(n):
    rng = np.random.default_rng(n)
    obs = random_observation(rng, n, 500)
    obs["nodes"][..., NODE["plan_delivery"]] = np.round(
        obs["nodes"][..., NODE["plan_delivery"]], 1
    )  # ties
    masks = masks_of(obs) & (rng.random((500, n + 1)) < 0.8)
    masks[:40, :-1] = False
    masks[:, -1] = True
    expected, _ = make_heuristic("eft_admit").predict(obs, action_masks=masks)
    assert np.array_equal(decide(obs, masks, EFT_ADMIT), expected)
    assert len(set(expected.tolist())) == n + 1


def test_one_observation_and_a_batch_agree_and_masked_or_late_rows_are_never_taken():
    rng = np.random.default_rng(5)
    obs = random_observation(rng, 7, 300)
    masks = masks_of(obs) & (rng.random((300, 8)) < 0.5)
    masks[:, -1] = True
    weights = rng.normal(size=len(WEIGHTS))
    weights[WEIGHTS.index("admit.one")] = 2.0
    actions = decide(obs, masks, weights)
    assert [
        choose(obs["task"][i], obs["nodes"][i], masks[i], weights) for i in range(300)
    ] == actions.tolist()
    assert masks[np.arange(300), actions].all() and 0 < (actions < 7).sum() < 300
    admitted_rows = np.flatnonzero(actions < 7)
    assert obs["nodes"][admitted_rows, actions[admitted_rows], NODE["plan_on_time"]].all()


SMALLER_IS_BETTER = {
    "delivery": {"plan_delivery": [0.5, 0.4, 0.6, 0.7]},
    "backlog": {"backlog": [0.5, 0.1, 0.3, 0.4]},
    "load": {"plan_load": [0.2, 0.0, 0.1, 0.1]},
    "evicted": {"evicted": [0.5, 0.1, 0.3, 1.0]},
    "extension": {
        "backlog": [0.1, 0.45, 0.3, 0.2]
    },  # all finish at .5: the longest backlog is put off least
    "satellite": {"is_satellite": [1, 0, 1, 1]},
    "energy_eclipse": {"sunlit": [0, 1, 0, 0], "plan_energy": 0.5},
    "charge_deficit": {"charge_margin": [0.5, 0.9, 0.3, -0.4]},
    "transfer": {"plan_input_hops": [0.1, 0.0, 0.0, 0.0], "plan_result_hops": [0.0, 0.0, 0.2, 0.1]},
}
SIZES = {"input_size": 0.5, "result_size": 0.5}


@pytest.mark.parametrize(("term", "columns"), SMALLER_IS_BETTER.items())
def test_each_term_of_the_cost_ranks_by_its_column(term, columns):
    obs = by_hand(SIZES, **columns)
    assert answer(obs, weights_of(**{f"cost_{term}": 1.0, **ALWAYS})) == 1
    assert answer(obs, weights_of(**{f"cost_{term}": -1.0, **ALWAYS})) != 1


@pytest.mark.parametrize("term", ["delivery_urgent", "backlog_urgent", "satellite_urgent"])
def test_urgent_terms_vanish_where_nothing_hurries(term):
    columns = {
        "plan_delivery": [0.5, 0.1, 0.3, 0.4],
        "backlog": [0.5, 0.1, 0.3, 0.4],
        "is_satellite": [1, 0, 1, 1],
    }
    weights = weights_of(**{f"cost_{term}": 1.0, **ALWAYS})
    assert answer(by_hand({"slack": 0.2}, **columns), weights) == 1
    assert answer(by_hand({"slack": 1.0}, **columns), weights) == 0  # all equal: the lowest row


FULL, EMPTY = [0.4, 0.4, 0.4, 0.4], [0.2, 0.2, 0.2, 0.2]
ADMITTED = {  # weights, a case that is admitted and one that is not
    "worth": (
        {"admit_worth": 1.0},
        {"task": {"value": 1.0, "service": 0.1}},
        {"task": {"value": 0.01, "service": 0.9}},
    ),
    "system_work": (
        {"admit_one": 0.3, "admit_system_work": -1.0},
        {"booked_work": EMPTY},
        {"booked_work": FULL},
    ),
    "system_deficit": (
        {"admit_one": 0.3, "admit_system_deficit": -1.0},
        {"charge_margin": 0.8},
        {"charge_margin": 0.6},
    ),
    "slack": (
        {"admit_one": 0.3, "admit_slack": -1.0},
        {"task": {"slack": 0.2}},
        {"task": {"slack": 0.4}},
    ),
    "backlog": ({"admit_one": 0.3, "admit_backlog": -1.0}, {"backlog": EMPTY}, {"backlog": FULL}),
    "charge_deficit": (
        {"admit_one": 0.3, "admit_charge_deficit": -1.0},
        {"charge_margin": 0.8},
        {"charge_margin": 0.6},
    ),
    "satellite": (
        {"admit_one": 0.3, "admit_satellite": -1.0},
        {"is_satellite": 0},
        {"is_satellite": 1},
    ),
}


@pytest.mark.parametrize(("term", "case"), ADMITTED.items())
def test_each_term_of_the_admission(term, case):
    weights, yes, no = case
    assert answer(by_hand(**yes), weights_of(**weights)) == 0
    assert answer(by_hand(**no), weights_of(**weights)) == N


def test_worth_counts_a_model_load_and_the_lanes_taken():
    weights = weights_of(
        admit_worth=1.0, admit_one=2.0
    )  # at least e^-2 = .135 a minute; .1 for .42 min: .24
    assert answer(by_hand({"service": 0.367}), weights) == 0
    assert answer(by_hand({"service": 0.367}, plan_load=0.4), weights) == N  # .1 / .82 = .122
    assert answer(by_hand({"service": 0.6}), weights) == N  # 3.4 min
    assert answer(by_hand({"service": 0.6, "lanes": 0.125}), weights) == 0  # .43 min


def test_the_cheapest_row_is_sought_among_those_that_admit():
    weights = weights_of(cost_delivery=1.0, admit_one=0.3, admit_backlog=-1.0)
    columns = {"plan_delivery": [0.1, 0.3, 0.2, 0.4], "backlog": [0.5, 0.1, 0.4, 0.2]}
    assert answer(by_hand(**columns), weights) == 1


def test_the_system_is_the_satellites_that_are_shown():
    weights = weights_of(admit_one=0.3, admit_system_work=-1.0)
    columns = {
        "booked_work": [0.2, 0.2, 0.9, 0.9],
        "is_satellite": [1, 1, 0, 1],
        "present": [1, 1, 1, 0],
    }
    assert answer(by_hand(**columns), weights) == 0


def test_every_term_is_tested_above():
    assert set(linear_rule.COST) == set(SMALLER_IS_BETTER) | {
        "delivery_urgent",
        "backlog_urgent",
        "satellite_urgent",
    }
    assert {*linear_rule.SYSTEM, *linear_rule.ROW} == set(ADMITTED) | {"one"}


def test_a_wrong_name_lists_the_choices():
    with pytest.raises(
        ValueError, match=r"unknown weight 'cost\.loud'; choose from cost\.delivery, "
    ):
        weights_of(cost_loud=1.0)
