"""The native vector environment does what single environments do, bit for bit, in every autoreset
mode.
"""

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv

import orbit_gym  # noqa: F401  (registers the environments)
from orbit_gym.kernels.relaxed import relaxed_on_time
from orbit_gym.kernels.step import step as step_kernel
from orbit_gym.vector import OrbitVectorEnv

COUNT = 3
FAULTS = {"faults.enabled": True, "faults.reset_mean_s": 3_000.0, "faults.link_up_fraction": 0.8}
CASES = {
    "Tiny": {},
    "ThreeBody12": {"episode_s": 120.0},
    "CrossPlane12": {"episode_s": 90.0, **FAULTS},
}


def sync(name: str, mode: AutoresetMode, overrides: dict[str, Any]) -> SyncVectorEnv:
    def make() -> gym.Env:
        return gym.make(f"OrbitGym/{name}-v0", overrides=overrides, disable_env_checker=True)

    return SyncVectorEnv([make] * COUNT, autoreset_mode=mode)


def native(
    name: str, mode: AutoresetMode, overrides: dict[str, Any], **more: Any
) -> OrbitVectorEnv:
    return gym.make_vec(
        f"OrbitGym/{name}-v0",
        COUNT,
        vectorization_mode="vector_entry_point",
        overrides=overrides,
        autoreset_mode=mode.value,
        **more,
    )


def assert_same(batch: Any, singles: Any, path: str) -> None:
    """Equal to the last bit, with the same keys and types of arrays."""
    if isinstance(singles, dict):
        assert isinstance(batch, dict) and batch.keys() == singles.keys(), (
            path,
            set(batch) ^ set(singles),
        )
        for key in singles:
            assert_same(batch[key], singles[key], f"{path}.{key}")
    elif isinstance(singles, tuple):
        for a, b in zip(batch, singles, strict=True):
            assert_same(a, b, path)
    elif isinstance(singles, np.ndarray) and singles.dtype == object:
        for a, b in zip(batch, singles, strict=True):
            assert (a is None) == (b is None), path
            if b is not None:
                assert_same(a, b, path)
    elif isinstance(singles, np.ndarray):
        assert batch.dtype == singles.dtype and np.array_equal(batch, singles), path
    else:
        assert batch == singles, path


def compare(
    name: str, mode: AutoresetMode, overrides: dict[str, Any], steps: int, **more: Any
) -> int:
    """Play both side by side at random, now and then with a masked action.

    Returns how many episodes ended.
    """
    batch, singles, rng, ended = (
        native(name, mode, overrides, **more),
        sync(name, mode, overrides),
        np.random.default_rng(7),
        0,
    )
    assert_same(batch.reset(seed=21), singles.reset(seed=21), "reset")
    for step in range(steps):
        masks = np.stack(singles.call("action_masks"))
        assert np.array_equal(batch.action_masks(), masks)
        actions = np.array(
            [
                rng.choice(np.flatnonzero(mask)) if rng.random() < 0.95 else rng.integers(mask.size)
                for mask in masks
            ]
        )
        of_batch, of_singles = batch.step(actions), singles.step(actions)
        for part, (a, b) in enumerate(zip(of_batch, of_singles, strict=True)):
            assert_same(a, b, f"{step}/{part}")
        done = of_singles[3]
        ended += int(done.sum())
        if mode == AutoresetMode.DISABLED and done.any():
            reset_options = {"reset_mask": done}
            assert_same(
                batch.reset(options=dict(reset_options)),
                singles.reset(options=dict(reset_options)),
                f"{step}/reset",
            )
    batch.close()
    singles.close()
    return ended


@pytest.mark.parametrize("mode", list(AutoresetMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("name", CASES)
def test_native_equals_sync(name: str, mode: AutoresetMode) -> None:
    """Observations, rewards, flags, infos and masks, over several ends of episodes."""
    assert compare(name, mode, CASES[name], 400) > COUNT


@pytest.mark.slow
@pytest.mark.parametrize(
    "mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP], ids=lambda mode: mode.value
)
@pytest.mark.parametrize("name", CASES)
def test_native_equals_sync_for_2000_steps(name: str, mode: AutoresetMode) -> None:
    assert (
        compare(name, mode, CASES[name] | ({} if name == "Tiny" else {"episode_s": 600.0}), 2_000)
        >= COUNT
    )


def test_threads_change_nothing() -> None:
    assert (
        compare("CrossPlane12", AutoresetMode.SAME_STEP, CASES["CrossPlane12"], 150, threads=2) > 0
    )


def test_it_is_the_default_mode_of_make_vec() -> None:
    envs = gym.make_vec("OrbitGym/Tiny-v0", num_envs=2)
    assert isinstance(envs, OrbitVectorEnv)
    assert envs.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP
    observations, _ = envs.reset(seed=0)
    assert envs.observation_space.contains(observations)
    assert envs.spec is not None and gym.make_vec(envs.spec).num_envs == 2


def test_a_member_offers_plans_and_forks() -> None:
    """The plan columns of a member are its Simulation's plans; a fork plays on alone."""
    envs = native("CrossPlane12", AutoresetMode.NEXT_STEP, CASES["CrossPlane12"])
    envs.reset(seed=5)
    first_observation = envs.step(np.full(COUNT, 13))[0]
    simulation = envs.simulation(1)
    assert [simulation.plan(k).exists for k in range(13)] == envs.action_masks()[1, :-1].tolist()
    fork = simulation.fork()
    fork.step(0)
    assert (
        np.array_equal(simulation.observe()["nodes"], first_observation["nodes"][1])
        and fork.task_index == simulation.task_index + 1
    )


def test_without_copies_the_arrays_are_the_batchs() -> None:
    envs = native("Tiny", AutoresetMode.NEXT_STEP, {}, copy=False)
    first, _ = envs.reset(seed=0)
    assert envs.step(np.full(COUNT, 4))[0]["nodes"] is first["nodes"]
    copied = native("Tiny", AutoresetMode.NEXT_STEP, {})
    assert copied.reset(seed=0)[0]["nodes"] is not copied.step(np.full(COUNT, 4))[0]["nodes"]


def test_metrics_can_be_left_out() -> None:
    envs = native("Tiny", AutoresetMode.SAME_STEP, {}, metrics=False)
    envs.reset(seed=0)
    for _ in range(8):
        infos = envs.step(np.full(COUNT, 4))[4]
    assert "episode_metrics" not in infos["final_info"] and "reward_terms" in infos["final_info"]


def test_one_signature_of_the_step() -> None:
    """Members of a batch and single environments share one compiled step."""
    native("Tiny", AutoresetMode.NEXT_STEP, {}).reset(seed=0)
    for compiled in (step_kernel, relaxed_on_time):
        assert len(compiled.signatures) <= 1


@pytest.mark.parametrize(
    "actions", [[0, 1, 99], [0, -1, 0], [0.0, 1.0, 0.5], [0, 1], [0, np.nan, 1]]
)
def test_actions_outside_the_space_are_refused_before_anything_changes(
    actions: list[float],
) -> None:
    envs = native("Tiny", AutoresetMode.NEXT_STEP, {})
    first_observation, _ = envs.reset(seed=0)
    with pytest.raises(ValueError, match=r"actions? must"):
        envs.step(np.array(actions))
    assert_same(
        {name: rows for name, rows in envs._observations().items()}, first_observation, "after"
    )
    assert envs.simulation(0).task_index == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_envs": 0}, "num_envs must be at least 1, got 0"),
        ({"threads": 0}, "threads must be at least 1, got 0"),
        (
            {"autoreset_mode": "never"},
            "autoreset_mode must be one of NextStep, SameStep, Disabled, got 'never'",
        ),
        ({"scenario": "Tinny"}, "unknown scenario 'Tinny'; did you mean 'Tiny'"),
        ({"render_mode": "human"}, "render_mode must be None or one of rgb_array, got 'human'"),
    ],
)
def test_mistakes_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        OrbitVectorEnv(**arguments)


def test_reset_is_needed_first_and_masks_are_checked() -> None:
    envs = native("Tiny", AutoresetMode.DISABLED, {})
    with pytest.raises(RuntimeError, match=r"call reset\(\) first"):
        envs.step(np.zeros(COUNT, np.int64))
    with pytest.raises(ValueError, match="reset_mask.*must be a bool array of shape"):
        envs.reset(options={"reset_mask": np.array([True])})
    with pytest.raises(ValueError, match="seed must be an int or one per member, 3; got 2"):
        envs.reset(seed=[1, 2])
    with pytest.raises(ValueError, match="unknown reset option 'lod'"):
        envs.reset(options={"lod": 1.0})
