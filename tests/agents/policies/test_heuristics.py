"""Every heuristic on observations made by hand, with the answer worked out in the comment."""

import numpy as np
import pytest

from agents.policies.heuristics import HEURISTICS, make_heuristic
from orbit_gym.observation import observation_space
from tests.helpers.fake_env import NODE, random_observation

REJECT = 4
# Four rows: delivery .4 .3 .2 .5; row 2 is late; only row 3 needs no model load; row 1 is the
# datacentre; row 3 the origin.
HAND = {
    "present": [1, 1, 1, 1],
    "plan_exists": [1, 1, 1, 1],
    "plan_on_time": [1, 1, 0, 1],
    "plan_delivery": [0.4, 0.3, 0.2, 0.5],
    "plan_load": [0.1, 0.1, 0.1, 0.0],
    "is_satellite": [1, 0, 1, 1],
    "is_origin": [0, 0, 0, 1],
    "sunlit": [1, 0, 0, 1],
    "booked_work": [0.3, 0.1, 0.2, 0.1],
}


def by_hand(**changes):
    """The observation above with some columns replaced."""
    obs = {
        key: np.zeros(space.shape, np.float32)
        for key, space in observation_space(4, 2).spaces.items()
    }
    for name, column in {**HAND, **changes}.items():
        obs["nodes"][:, NODE[name]] = column
    return obs


ANSWERS = {
    "origin_first": 3,  # the origin
    "nearest": 0,  # first valid row
    "least_loaded": 1,  # .1 twice: the lower row
    "sunlit_first": 0,  # rows 0 and 3 are sunlit, 0 delivers first
    "always_ground": 1,  # the only datacentre
    "never_ground": 2,  # earliest satellite, although late
    "eft": 2,  # earliest of all, although late
    "eft_admit": 1,  # earliest of those in time
    "model_affinity": 3,  # in time without a load, although the slowest
    "round_robin": 0,  # first in order
}


@pytest.mark.parametrize(("name", "action"), ANSWERS.items())
def test_known_answers(name, action):
    assert make_heuristic(name).predict(by_hand())[0] == action


def test_every_heuristic_has_a_known_answer():
    assert set(HEURISTICS) == set(ANSWERS) | {"random"}


OTHER = [
    ("origin_first", {"plan_exists": [0, 1, 1, 0]}, 1),  # the origin has no plan: nearest
    ("nearest", {"plan_exists": [0, 0, 1, 1]}, 2),
    ("eft_admit", {"plan_on_time": [0, 0, 0, 0]}, REJECT),
    ("eft", {"plan_on_time": [0, 0, 0, 0]}, 2),
    ("always_ground", {"plan_exists": [1, 0, 1, 1]}, REJECT),
    ("never_ground", {"plan_exists": [0, 1, 0, 0]}, REJECT),
    (
        "model_affinity",
        {"plan_on_time": [1, 1, 0, 0]},
        2,
    ),  # no load-free plan in time: eft, which takes late ones
    ("sunlit_first", {"sunlit": [0, 0, 0, 0]}, 2),
]


@pytest.mark.parametrize(("name", "changes", "action"), OTHER)
def test_fallbacks(name, changes, action):
    assert make_heuristic(name).predict(by_hand(**changes))[0] == action


def test_round_robin_carries_its_state_and_forgets_at_a_new_episode():
    policy, obs = make_heuristic("round_robin"), by_hand(plan_exists=[1, 0, 1, 1])
    actions, state = [], None
    for _ in range(4):
        action, state = policy.predict(obs, state)
        actions.append(int(action))
    assert actions == [0, 2, 3, 0]
    assert policy.predict(obs, np.array([2]), np.array([True]))[0] == 0
    assert policy.predict(by_hand(plan_exists=[0, 0, 0, 0]), np.array([2])) == (
        REJECT,
        np.array([2]),
    )


def test_random_is_uniform_over_valid_actions_and_seeded():
    obs = {
        key: np.repeat(value[None], 3000, axis=0)
        for key, value in by_hand(plan_exists=[1, 0, 1, 0]).items()
    }
    actions = make_heuristic("random", 5).predict(obs)[0]
    counts = np.bincount(actions, minlength=5)
    assert counts[1] == counts[3] == 0
    assert np.all(
        np.abs(counts[[0, 2, 4]] - 1000) < 4 * np.sqrt(3000 * 1 / 3 * 2 / 3)
    )  # four binomial standard deviations
    assert np.array_equal(actions, make_heuristic("random", 5).predict(obs)[0])


@pytest.mark.parametrize("name", HEURISTICS)
def test_batches_masks_and_no_plan_at_all(name):
    rng = np.random.default_rng(1)
    batch = random_observation(rng, 6, 40)
    masks = np.concatenate([rng.random((40, 6)) < 0.3, np.ones((40, 1), bool)], axis=1)
    actions, _ = make_heuristic(name).predict(batch, action_masks=masks)
    assert masks[np.arange(40), actions].all()
    if name != "random":
        rows = [
            make_heuristic(name).predict(
                {k: v[i] for k, v in batch.items()}, action_masks=masks[i]
            )[0]
            for i in range(40)
        ]
        assert np.array_equal(actions, rows)
    masks[:, :-1] = False
    assert (make_heuristic(name).predict(batch, action_masks=masks)[0] == 6).all()


def test_unknown_name_lists_the_choices():
    with pytest.raises(
        ValueError,
        match="unknown heuristic 'etf'; did you mean 'eft'. choose from random, round_robin",
    ):
        make_heuristic("etf")
