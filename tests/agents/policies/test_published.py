"""PHOENIX and Equinox on observations made by hand, with the arithmetic in comments."""

import numpy as np
import pytest

from agents.policies.compiled_rollout import EQUINOX, PHOENIX, decide_many
from agents.policies.published import eclipse_share
from agents.policies.rule_registry import RULES
from orbit_gym.observation import observation_space
from tests.helpers.fake_env import NODE, TASK, random_observation

N = 4


def column(seconds):
    """A time column."""
    return np.log1p(seconds) / np.log1p(7_200.0)


def by_hand(task=(), **columns):
    """Four equal sunlit satellites, row 0 the origin, everything in time, 30 s of service.

    With some columns replaced.
    """
    obs = {
        key: np.zeros(space.shape, np.float32)
        for key, space in observation_space(N, 2).spaces.items()
    }
    base = {
        "present": 1, "plan_exists": 1, "plan_on_time": 1, "is_satellite": 1, "sunlit": 1,
        "time_to_eclipse": 0.5, "charge_margin": 0.9,
        "is_origin": [1, 0, 0, 0], "plan_finish": column(30.0), "plan_delivery": column(60.0),
        "plan_energy": np.log1p(6e3) / np.log1p(1e6),
    }  # fmt: skip
    for name, values in {**base, **columns}.items():
        obs["nodes"][:, NODE[name]] = values
    for name, value in {
        "present": 1.0,
        "lanes": 1.0,
        "slack": 0.5,
        "value": 0.1,
        "service": column(30.0),
        **dict(task),
    }.items():
        obs["task"][TASK[name]] = value
    return obs


def answer(rule, weights, obs):
    mask = np.append(obs["nodes"][:, NODE["plan_exists"]] > 0.5, True)
    actions = np.zeros(1, np.int64)
    decide_many(
        rule,
        obs["task"][None],
        obs["nodes"][None],
        mask[None],
        np.array(weights, np.float64),
        actions,
    )
    return actions[0]


@pytest.mark.parametrize(
    ("light", "share"),
    [
        ({"sunlit": 1, "time_to_eclipse": 600 / 7_200}, 0.0),  # service from 100 to 200 s
        ({"sunlit": 1, "time_to_eclipse": 150 / 7_200}, 0.5),
        ({"sunlit": 1, "time_to_eclipse": 50 / 7_200}, 1.0),
        ({"sunlit": 0, "time_to_eclipse": 0, "time_to_sunlight": 50 / 7_200}, 0.0),
        ({"sunlit": 0, "time_to_eclipse": 0, "time_to_sunlight": 120 / 7_200}, 0.2),
        (
            {"sunlit": 0, "time_to_eclipse": 0, "time_to_sunlight": 170 / 7_200, "plan_load": 1.0},
            130 / 160,
        ),  # a minute's load from 40 s
    ],
)
def test_share_of_the_service_in_eclipse(light, share):
    row = by_hand(plan_start=column(100.0), plan_finish=column(200.0), **light)["nodes"][0]
    assert eclipse_share(row) == pytest.approx(share, abs=1e-4)


DARK = {
    "sunlit": [0, 0, 1, 0],
    "time_to_eclipse": [0, 0, 0.5, 0],
    "time_to_sunlight": [0.2, 0.2, 0, 0.2],
}
BATTERY = [1.0, 0.0, 0.0, 0.0, 0.01]
PHOENIX_CASES = {
    "to the sunlit one": (BATTERY, DARK, 2),
    "not where it would be late": (
        BATTERY,
        {**DARK, "plan_on_time": [1, 1, 0, 1]},
        0,
    ),  # all dark and as fast: the lowest row
    "to the ground, which draws no battery": (
        BATTERY,
        {**DARK, "sunlit": 0, "time_to_sunlight": 0.2, "is_satellite": [1, 1, 1, 0]},
        3,
    ),
    "not to the ground at a price above .6": (
        [1.0, 0, 0, 0.7, 0.01],
        {"sunlit": 0, "time_to_sunlight": 0.2, "is_satellite": [1, 1, 1, 0]},
        0,
    ),
    "to the fullest battery": ([0, 1.0, 0, 0, 0], {"charge_margin": [0.5, 0.9, 0.3, -0.4]}, 1),
    "stays, if leaving costs more than the charge": (
        [0, 1.0, 0.5, 0, 0],
        {"charge_margin": [0.5, 0.9, 0.3, -0.4]},
        0,
    ),
    "first to deliver among equals": (BATTERY, {"plan_delivery": [0.5, 0.4, 0.3, 0.4]}, 2),
    "rejects what would be late everywhere": (BATTERY, {"plan_on_time": 0}, N),
}


@pytest.mark.parametrize(
    ("weights", "columns", "action"), PHOENIX_CASES.values(), ids=PHOENIX_CASES
)
def test_phoenix(weights, columns, action):
    assert answer(PHOENIX, weights, by_hand(**columns)) == action


# Prices 1 a minute for charge, heat and queue, a queue limit of 10 min, 0.001 a hop. Service takes
# half a minute, the value is 1.
PRICES = np.log([1.0, 1.0, 1.0, 10.0, 1e-3])
EQUINOX_CASES = {
    "stays where no other is cheaper by the way there": (
        {"charge_margin": 0.5, "plan_input_hops": [0, 0.025, 0.05, 0.05]},
        0,
    ),
    "goes to the cheapest": (
        {"charge_margin": [0.2, 0.6, 0.7, 0.5]},
        2,
    ),  # .8 / .2 * .5 = 2; .21 at row 2
    "is shed if all cost too much": (
        {"charge_margin": [0.2, 0.3, 0.2, 0.1]},
        N,
    ),  # at least .7 / .3 * .5 = 1.17
    "heat counts": ({"temperature": [0.9, 0.9, 0.1, 0.9]}, 2),  # .9 / .1 * .5 = 4.5
    "the queue counts": (
        {"backlog": [column(500.0), column(480.0), column(500.0), column(500.0)]},
        N,
    ),  # 480 / 600: .8 / .2 * .5 = 2
    "a queue of half the limit is cheap enough": (
        {"backlog": [column(500.0), column(300.0), column(500.0), column(500.0)]},
        1,
    ),
    "hops count": (
        {"charge_margin": [0.2, 0.7, 0.7, 0.7], "plan_input_hops": [0, 0.1, 0.05, 0.1]},
        2,
    ),
    "late plans do not compete": (
        {"plan_on_time": [0, 1, 0, 1], "charge_margin": [1.0, 0.5, 1.0, 0.4]},
        1,
    ),
    "loading a model takes minutes": (
        {"plan_load": [1.0, 1.0, 0.0, 1.0], "charge_margin": 0.5},
        2,
    ),  # 1 * 1.5 min = 1.5
}


@pytest.mark.parametrize(("columns", "action"), EQUINOX_CASES.values(), ids=EQUINOX_CASES)
def test_equinox(columns, action):
    assert answer(EQUINOX, PRICES, by_hand(**columns)) == action


@pytest.mark.parametrize("rule", RULES)
def test_batches_never_take_a_masked_or_late_row(rule):
    family, obs = RULES[rule], random_observation(np.random.default_rng(3), 6, 200)
    masks = np.concatenate(
        [obs["nodes"][..., NODE["plan_exists"]] > 0.5, np.ones((200, 1), bool)], axis=1
    )
    masks[:, 2] = False
    actions = np.zeros(200, np.int64)
    decide_many(family.number, obs["task"], obs["nodes"], masks, family.start, actions)
    admitted_rows = np.flatnonzero(actions < 6)
    assert masks[np.arange(200), actions].all() and 20 < admitted_rows.size < 200
    assert obs["nodes"][admitted_rows, actions[admitted_rows], NODE["plan_on_time"]].all()
