"""The bilinear scorer: the tuned rule is one setting, the network that starts from it decides
alike, memory of load matters.
"""

import gymnasium as gym
import numpy as np
import pytest

from agents.algorithms.registry import build_policy
from agents.policies.bilinear_rule import (
    AT_EASE,
    NAMES,
    bilinear_weights,
    choose_bilinear,
    named_weights,
)
from agents.policies.linear_rule import WEIGHTS, choose_many
from agents.policies.network.sb3_policies import NETWORK
from orbit_gym.observation import observation_space
from tests.helpers.fake_env import NODE, TASK, random_observation

N = 6


def masks_of(obs: dict[str, np.ndarray]) -> np.ndarray:
    """Masks (batch, n + 1) that allow what has a plan, and rejection."""
    exists = obs["nodes"][..., NODE["plan_exists"]] > 0.5
    return np.concatenate([exists, np.ones((*exists.shape[:-1], 1), bool)], axis=-1)


def decide(obs: dict[str, np.ndarray], weights: np.ndarray) -> np.ndarray:
    """Actions of the kernel, one by one."""
    masks = masks_of(obs)
    return np.array(
        [
            choose_bilinear(obs["task"][i], obs["nodes"][i], masks[i], weights)
            for i in range(len(masks))
        ]
    )


@pytest.mark.parametrize("seed", range(2, 5))
def test_the_tuned_rule_is_one_setting(seed: int) -> None:
    rng = np.random.default_rng(seed)
    obs, tuned = random_observation(rng, N, 800), rng.normal(size=len(WEIGHTS))
    actions = np.zeros(800, np.int64)
    choose_many(obs["task"], obs["nodes"], masks_of(obs), tuned, actions)
    assert np.array_equal(
        decide(obs, bilinear_weights(dict(zip(WEIGHTS, tuned, strict=True)))), actions
    )
    assert len(set(actions.tolist())) == N + 1


@pytest.mark.parametrize("seed", range(3))
def test_the_network_that_starts_from_it_decides_alike(seed: int) -> None:
    """All weights at once, every feature and every setting."""
    rng = np.random.default_rng(10 + seed)
    obs = random_observation(rng, N, 2000)
    obs["task"][:, TASK["offered_load_30min"]] = rng.uniform(0.0, 2.0, 2000)
    obs["task"][:, TASK["urgent_infeasible_rate"]] = rng.uniform(0.0, 0.2, 2000)
    weights = bilinear_weights(dict(zip(NAMES, rng.normal(size=len(NAMES)), strict=True)))
    by_name = named_weights(weights)
    policy = build_policy(
        "maskable_ppo",
        observation_space(N, 2),
        gym.spaces.Discrete(N + 1),
        NETWORK | {"rule": by_name},
    )
    actions, _ = policy.predict(obs, deterministic=True, action_masks=masks_of(obs))
    decisions = decide(obs, weights)
    assert np.array_equal(actions, decisions)
    assert 0 < (decisions == N).sum() < 2000 and len(by_name) == len(NAMES)


def test_rejection_under_overload_alone() -> None:
    """A price on memory of load turns a task away once more is asked than satellites carry at ease,
    and not before.
    """
    obs = {
        key: np.zeros(space.shape, np.float32)
        for key, space in observation_space(N, 2).spaces.items()
    }
    for name in ("present", "plan_exists", "plan_on_time", "is_satellite"):
        obs["nodes"][:, NODE[name]] = 1.0
    weights = bilinear_weights({"cost.delivery": 1.0, "admit.one": 1.0, "admit.one*overload": -5.0})
    for offered_load, action in (
        (0.0, True),
        (AT_EASE, True),
        (AT_EASE + 0.15, True),
        (AT_EASE + 0.25, False),
    ):
        obs["task"][TASK["offered_load_30min"]] = offered_load
        assert (choose_bilinear(obs["task"], obs["nodes"], masks_of(obs), weights) < N) == action


def test_late_plans_stand_in_where_none_is_in_time_and_they_are_admitted() -> None:
    """By hand: deliveries 0.5, 0.4, 0.3.

    The last has no plan; a late plan says 2 x (1 - resident) - 1.
    """
    obs = {
        key: np.zeros(space.shape, np.float32)
        for key, space in observation_space(3, 2).spaces.items()
    }
    nodes = obs["nodes"]
    nodes[:, NODE["present"]] = nodes[:2, NODE["plan_exists"]] = 1.0
    nodes[:, NODE["plan_delivery"]] = (0.5, 0.4, 0.3)

    def action_of(**weights: float) -> int:
        by_name = {"cost.delivery": 1.0, "admit.one": 1.0} | {
            name.replace("_", "."): value for name, value in weights.items()
        }
        return choose_bilinear(obs["task"], nodes, masks_of(obs), bilinear_weights(by_name))

    assert action_of() == 3 and action_of(late_one=0.9) == 3
    assert action_of(late_one=2.0) == 1
    nodes[1, NODE["model_resident"]] = 1.0
    assert action_of(late_one=2.0, late_resident=-2.0) == 0
    nodes[0, NODE["plan_on_time"]] = 1.0
    assert action_of(late_one=2.0) == 0  # the other would be earlier, and stays out


def test_unknown_weights_are_refused() -> None:
    with pytest.raises(
        ValueError, match=r"unknown weight 'admit.colour'; choose from cost.one\*urgency"
    ):
        bilinear_weights({"admit.colour": 1.0})
