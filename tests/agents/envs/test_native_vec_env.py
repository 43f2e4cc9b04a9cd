"""The native vector environment trains and evaluates exactly as wrapped single environments do."""

import numpy as np
import pytest
from sb3_contrib.common.maskable.utils import get_action_masks, is_masking_supported
from stable_baselines3.common.vec_env import DummyVecEnv, VecMonitor

from agents.envs.episode_runner import play
from agents.envs.make import TrainingEpisodes, make_vec
from agents.envs.native_vec_env import NativeVecEnv, TrainingOptions
from agents.envs.problem import Problem
from agents.policies.heuristics import make_heuristic
from orbit_gym.vector import OrbitVectorEnv
from tests.helpers.fake_env import ENV_ID

SHORT = {"episode_s": 120.0}


def wrapped(overrides, scale, regret_reward) -> VecMonitor:
    def maker(index):
        seeds = range(index * 500_000, (index + 1) * 500_000)
        return TrainingEpisodes(
            Problem("CrossPlane12", "train", overrides).make_env(),
            seeds,
            [3, index, 40],
            TrainingOptions(scale, regret_reward),
        )

    return VecMonitor(DummyVecEnv([lambda: maker(0), lambda: maker(1)]))


@pytest.mark.parametrize("regret_reward", [True, False])
def test_it_equals_wrapped_single_environments(regret_reward):
    """Observations, rewards, ends, masks and infos over several episodes of two members."""
    native, reference = (
        make_vec(
            Problem("CrossPlane12", "train", SHORT), 2, 3, 40, TrainingOptions(0.05, regret_reward)
        ),
        wrapped(SHORT, 0.05, regret_reward),
    )
    assert isinstance(native.unwrapped, NativeVecEnv)
    first, other = native.reset(), reference.reset()
    rng, ended = np.random.default_rng(0), 0
    for _ in range(250):
        assert all(np.array_equal(first[key], other[key]) for key in other)
        masks = get_action_masks(native)
        assert is_masking_supported(native) and np.array_equal(masks, get_action_masks(reference))
        actions = np.array([rng.choice(np.flatnonzero(mask)) for mask in masks])
        first, rewards, dones, infos = native.step(actions)
        other, their_rewards, their_dones, their_infos = reference.step(actions)
        assert rewards.dtype == their_rewards.dtype and np.array_equal(rewards, their_rewards)
        assert np.array_equal(dones, their_dones)
        for native_info, reference_info in zip(infos, their_infos, strict=True):
            assert {
                key: value
                for key, value in native_info.items()
                if key not in ("episode", "terminal_observation")
            } == {
                key: value
                for key, value in reference_info.items()
                if key not in ("episode", "terminal_observation")
            }
            if "terminal_observation" in reference_info:
                ended += 1
                assert all(
                    np.array_equal(native_info["terminal_observation"][key], value)
                    for key, value in reference_info["terminal_observation"].items()
                )
                assert (
                    native_info["episode"]["r"] == reference_info["episode"]["r"]
                    and native_info["episode"]["l"] == reference_info["episode"]["l"]
                )
    assert ended > 2


@pytest.mark.parametrize("name", ["eft_admit", "round_robin"])
def test_evaluation_equals_single_environments(name):
    """Five episodes in groups of three members, of different lengths; metrics of all kinds."""
    envs = Problem("CrossPlane12", "test", SHORT).make_envs(3)
    assert isinstance(envs, OrbitVectorEnv)
    seeds = range(3_000_000, 3_000_005)
    batched = play(envs, make_heuristic(name), seeds)
    single = [
        play([Problem("CrossPlane12", "test", SHORT).make_env()], make_heuristic(name), [seed])[0]
        for seed in seeds
    ]
    assert batched == single and len({metrics["n_released"] for metrics in single}) > 1


def test_members_are_no_single_environments():
    env = make_vec("Tiny", 2, 0)
    env.reset()
    with pytest.raises(AttributeError, match="no method 'render'"):
        env.env_method("render")
    with pytest.raises(AttributeError, match="no attribute 'x' to set"):
        env.set_attr("x", 1)
    assert env.env_is_wrapped(TrainingEpisodes) == [False, False]
    env.close()


def test_somebody_elses_environment_stays_single():
    assert Problem(ENV_ID).native_options is None and Problem(
        "OrbitGym/Tiny-v0"
    ).native_options == {"scenario": "Tiny"}
    assert isinstance(Problem(ENV_ID, "test").make_envs(2), list)
