"""The Gymnasium contract: checkers of both libraries, spaces, options, actions, specs, vector
environments.
"""

import json
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils.env_checker import check_env
from stable_baselines3.common.env_checker import check_env as check_env_of_sb3

import orbit_gym
from orbit_gym.env import OrbitEnv
from orbit_gym.kernels.relaxed import relaxed_on_time
from orbit_gym.kernels.step import step
from orbit_gym.observation import COLUMNS
from orbit_gym.registration import environment_id
from orbit_gym.scenario.loading import REGISTERED, load_scenario, scenario_to_dict
from tests.helpers.sizes import marks_of

REPOSITORY = Path(__file__).resolve().parent.parent
# What the checker recommends for 2-D and 3-D Boxes that are no images; every other warning is an
# error.
RECOMMENDATIONS = {
    "It seems that your observation links is an image but its `dtype` is (float32) whereas it has "
    "to be `np.uint8`. "
    "If your observation is not an image, we recommend you to flatten the observation to have "
    "only a 1D vector",
    "It seems that your observation space links is an image but the upper and lower bounds are "
    "not in [0, 255]. Because the CNN policy "
    "normalize automatically the observation you may encounter issue if the values are not in "
    "that range.",
    "The minimal resolution for an image is 36x36 for the default `CnnPolicy`. You might need to "
    "use a custom features extractor "
    "cf. https://stable-baselines3.readthedocs.io/en/master/guide/custom_policy.html",
    "Treating image space as channels-last, while second dimension was smallest of the three.",
    "Your observation nodes has an unconventional shape (neither an image, nor a 1D vector). We "
    "recommend you to flatten the observation "
    "to have only a 1D vector or use a custom policy to properly process the data.",
}


def variants() -> list[Any]:
    cases = [pytest.param(name, None, marks=marks_of(name)) for name in REGISTERED]
    return [
        *cases,
        ("Tiny", {"reward.energy_cost": 1e-5}),
        ("Ring12", {"workload.load": 0.5, "candidates": 5}),
    ]


# --- the checkers


@pytest.mark.parametrize(("name", "overrides"), variants())
def test_gymnasium_checker(name: str, overrides: dict[str, Any] | None) -> None:
    first_env = gym.make(environment_id(name), overrides=overrides, split="validation")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(first_env.unwrapped, skip_render_check=True)


@pytest.mark.parametrize(("name", "overrides"), variants())
def test_stable_baselines3_checker(name: str, overrides: dict[str, Any] | None) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        check_env_of_sb3(OrbitEnv(name, overrides=overrides, split="validation"), warn=True)
    assert {str(warning.message) for warning in caught} <= RECOMMENDATIONS


# --- making it


def test_made_by_module_and_id_in_a_fresh_process() -> None:
    program = (
        "import gymnasium as gym; env = gym.make('orbit_gym:OrbitGym/ThreeBody12-v0', "
        "split='validation');"
        "print(env.reset(seed=1)[1]['episode_seed'], env.action_space)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, timeout=300
    )
    assert done.stdout.split() == ["1", "Discrete(14)"], (
        done.stderr
    )  # 12 satellites, a datacentre, reject


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_gymnasium_vectors(mode: str) -> None:
    envs = gym.make_vec("OrbitGym/Tiny-v0", num_envs=2, vectorization_mode=mode)
    try:
        observations, infos = envs.reset(seed=[5, 6])
        assert observations["nodes"].shape[0] == 2 and infos["episode_seed"].tolist() == [5, 6]
        for _ in range(10):  # past the end of an episode
            observations, rewards, terminated, _, _ = envs.step(np.array([4, 4]))
        assert not terminated.any() and rewards.shape == (2,)
    finally:
        envs.close()


@pytest.mark.parametrize("as_object", [True, False])
def test_spec_survives_json(as_object: bool) -> None:
    """A Scenario in the spec comes back from JSON as a plain dict, and makes the same
    environment.
    """
    scenario = load_scenario("Ring12", {"workload.load": 0.5, "candidates": 5})
    argument = scenario if as_object else scenario_to_dict(scenario)
    first_env = gym.make("OrbitGym/Ring12-v0", scenario=argument, split="validation")
    spec = EnvSpec.from_json(first_env.spec.to_json())
    second = gym.make(spec)
    assert second.unwrapped.scenario == scenario
    assert second.observation_space == first_env.observation_space
    one, two = first_env.reset(seed=3)[0], second.reset(seed=3)[0]
    assert all(np.array_equal(one[key], two[key]) for key in one)


def test_registering_again_changes_nothing() -> None:
    state_bytes = dict(gym.registry)
    orbit_gym.register_all()
    assert dict(gym.registry) == state_bytes
    assert all(gym.spec(environment_id(name)).max_episode_steps is None for name in REGISTERED)


def test_users_mistakes_are_one_sentence() -> None:
    with pytest.raises(
        ValueError, match=r"unknown split 'tset'; choose from train, validation, test"
    ):
        OrbitEnv("Tiny", split="tset")
    with pytest.raises(
        ValueError, match=r"render_mode must be None or one of human, rgb_array, got 'ansi'"
    ):
        OrbitEnv("Tiny", render_mode="ansi")
    with pytest.raises(RuntimeError, match=r"call reset\(\) first"):
        OrbitEnv("Tiny").step(0)
    # 8 GB cannot hold a 16 GB model: without this refusal its load would never end
    with pytest.raises(
        ValueError,
        match=r"accelerator\.memory_bytes must hold the model astronomy_8b_fp16, 1\.6e\+10 "
        r"bytes; got 8e\+09",
    ):
        OrbitEnv("Tiny", overrides={"accelerator.memory_bytes": 8e9})


# --- reset


def test_reset_without_seed_is_reproduced_by_its_episode_seed(env: OrbitEnv) -> None:
    first, info = env.reset()
    second, repeated = env.reset(seed=info["episode_seed"])
    assert repeated["episode_seed"] == info["episode_seed"]
    assert all(np.array_equal(first[key], second[key]) for key in first)
    assert env.reset()[1]["episode_seed"] != info["episode_seed"]


def test_actions_consume_no_randomness(env: OrbitEnv) -> None:
    """Policies are paired: whatever is done, the tasks are the same."""
    tasks = env.simulation.episode.tasks.copy()
    for _ in range(20):
        env.step(0)
    env.reset(seed=0)
    assert np.array_equal(env.simulation.episode.tasks, tasks)


def test_reset_options(env: OrbitEnv) -> None:
    _, info = env.reset(seed=0, options={"start_s": 1_000.0})
    assert info["start_s"] == 1_000.0 and env.simulation.episode.span_s.tolist() == [
        1_000.0,
        1_000.0 + env.scenario.episode_s,
    ]
    n_quarter = (
        env.reset(seed=0, options={"load": 0.25, "start_s": 1_000.0})
        and env.simulation.episode.tasks.size
    )
    n_full = (
        env.reset(seed=0, options={"load": 1.0, "start_s": 1_000.0})
        and env.simulation.episode.tasks.size
    )
    assert 0.15 * n_full < n_quarter < 0.4 * n_full  # a quarter, within what Poisson allows


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"lod": 1.0},
            r"unknown reset option 'lod'; choose from load, mix, slack_scale, polarimeters, "
            r"start_s, day",
        ),
        ({"load": -1.0}, r"workload\.load must be at least 0, got -1\.0"),
        ({"start_s": 1e6}, r"option start_s must be from 0 to 86400 seconds, got 1000000\.0"),
        ({"day": 1}, r"option day must be one of \(4,\) \(split 'validation'\), got 1"),
        (
            {"slack_scale": {"bulk_reprocessing": 9.0}},
            r"scenario\.look_ahead_s must be at least the largest slack, 64800 s",
        ),
    ],
)
def test_wrong_reset_options(env: OrbitEnv, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        env.reset(options=options)


# --- step


@pytest.mark.parametrize(
    "action",
    [14, -1, float("nan"), 1.5, "a", None, True, np.array(True), np.array([1, 2]), np.float32(1.0)],
)
def test_an_action_outside_the_space_changes_nothing(env: OrbitEnv, action: Any) -> None:
    state_bytes = [array.tobytes() for array in env.simulation.state]
    with pytest.raises(
        ValueError, match=r"action must be an integer from 0 to 13 \(the last one rejects\), got "
    ):
        env.step(action)
    assert [array.tobytes() for array in env.simulation.state] == state_bytes


@pytest.mark.parametrize("kind", [int, np.int32, np.int64, np.uint8, np.array])
def test_integers_of_any_kind_are_actions(env: OrbitEnv, kind: Any) -> None:
    env.step(kind(13))
    assert env.simulation.task_index == 1


def test_a_masked_action_is_a_rejection_and_counted(env: OrbitEnv) -> None:
    while env.action_masks().all():
        env.step(13)
    masked = int(np.flatnonzero(~env.action_masks())[0])
    twin = env.fork()
    twin.step(13)
    observation, reward, _, _, info = env.step(masked)
    assert info["invalid_action"] is True and reward == 0.0
    assert all(np.array_equal(observation[key], value) for key, value in twin.observe().items())


def test_info_of_a_step(env: OrbitEnv) -> None:
    tasks = env.simulation.episode.tasks
    _, reward, terminated, truncated, info = env.step(13)
    assert set(info) == {"reward_terms", "elapsed_s", "invalid_action"}
    assert set(info["reward_terms"]) == {"delivered_value", "revoked_value", "energy_cost"}
    assert info["elapsed_s"] == tasks["release_s"][1] - tasks["release_s"][0]
    assert (reward, terminated, truncated, info["invalid_action"]) == (0.0, False, False, False)


def test_energy_has_its_price() -> None:
    """Reward = value - price * joules of the plan; the terms sum to it."""
    env = OrbitEnv("Tiny", overrides={"reward.energy_cost": 1e-4})
    env.reset(seed=0)
    joules = env.plan(0).energy_j
    _, reward, _, _, info = env.step(0)
    assert (
        reward
        == sum(info["reward_terms"].values())
        == pytest.approx(1.0 - 1e-4 * joules, rel=1e-12)
    )


def test_the_end_of_an_episode() -> None:
    env = OrbitEnv("Ring12", overrides={"episode_s": 300.0}, split="validation")
    env.reset(seed=2)
    truncated = False
    while not truncated:
        observation, _, terminated, truncated, info = env.step(13)
        assert not terminated
    assert (
        "episode_metrics" in info
        and info["episode_metrics"]["n_rejected"] == info["episode_metrics"]["n_released"]
    )
    assert (
        env.simulation.time_s >= env.simulation.episode.span_s[1]
    )  # the first task after the end is shown
    assert observation["task"][COLUMNS["task"]["present"]] == 1.0
    with pytest.raises(RuntimeError, match=r"the episode is over; call reset\(\)"):
        env.step(13)


# --- kernels


def test_one_signature_per_kernel(env: OrbitEnv) -> None:
    """A second signature of a kernel (read-only against writable, float32 against float64) means it
    was compiled twice.
    """
    for name in ("Tiny", "CrossPlane12"):
        other = OrbitEnv(name, split="validation")
        other.reset(seed=0)
        other.fork().step(0)
        other.step(0)
        other.simulation.relaxed_on_time()
    for compiled in (step, relaxed_on_time):
        assert len(compiled.signatures) == 1


def test_the_graph_names_its_nodes(env: OrbitEnv) -> None:
    graph = env.graph()
    assert graph.number_of_nodes() == len(env.node_names)
    assert json.dumps(env.node_names)


def test_an_episode_without_tasks_ends_with_its_first_step() -> None:
    """A load so low that nothing is released: one step, no reward, metrics present, and then reset
    is asked for.
    """
    env = gym.make("OrbitGym/ThreeBody12-v0").unwrapped
    observation, _ = env.reset(seed=3, options={"load": 1e-9})
    assert observation["task"].sum() == 0.0
    assert env.action_masks().sum() == 1
    _, reward, terminated, truncated, info = env.step(env.action_space.n - 1)
    assert (reward, terminated, truncated) == (0.0, False, True)
    assert info["episode_metrics"]["n_released"] == 0.0
    with pytest.raises(RuntimeError, match="call reset"):
        env.step(0)
