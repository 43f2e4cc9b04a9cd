"""Task classes, models and scenarios that a program adds are played like those of the catalogue."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

import orbit_gym
from orbit_gym import TaskClass
from orbit_gym.scenario import models, names, task_classes

ICE = {
    "origin": "archive",
    "slack_s": (60.0, 900.0),
    "value": 2.0,
    "input_bits": 1e8,
    "result_bits": 500.0,
    "is_alert": True,
    "vision_flop": 1e13,
    "vision_bytes": 1e9,
    "source": "assumption: of this test",
}
TABLE = {"extends": "Tiny", "workload": {"script": [], "mix": {"ice_chart": 1.0}}}


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    """What a test registers is gone after it."""
    registries: tuple[dict[str, Any], ...] = (
        models.MODEL_BYTES,
        task_classes.TASK_CLASSES,
        names._added,
        gym.registry,
    )
    copies = [dict(registry) for registry in registries]
    yield
    for registry, copy in zip(registries, copies, strict=True):
        registry.clear()
        registry.update(copy)


@pytest.fixture
def ice_class() -> TaskClass:
    """A class that runs a model of its own."""
    orbit_gym.register_model("ice_3b", 3e9)
    task_class = TaskClass(model="ice_3b", **ICE)  # type: ignore[arg-type]
    orbit_gym.register_task_class("ice_chart", task_class)
    return task_class


def play(env: gym.Env, n_steps: int = 20) -> float:
    """Take the first valid action step by step; returns the sum of rewards."""
    env.reset(seed=3)
    reward_sum = 0.0
    for _ in range(n_steps):
        mask = env.unwrapped.action_masks()  # type: ignore[attr-defined]
        _, reward, _, truncated, _ = env.step(int(np.flatnonzero(mask)[0]))
        reward_sum += float(reward)
        if truncated:
            break
    return reward_sum


def test_a_model_a_class_and_a_scenario_are_played_under_an_id(ice_class: TaskClass) -> None:
    scenario = orbit_gym.register_scenario(TABLE, name="IceTiny", id="IceLab/IceTiny-v0")
    assert scenario.name == "IceTiny" and "IceTiny" in orbit_gym.scenario_names()
    env = gym.make("IceLab/IceTiny-v0")
    assert play(env) > 0.0
    tasks = env.unwrapped.simulation.episode.tasks  # type: ignore[attr-defined]
    assert set(tasks["model"]) == {len(models.MODEL_BYTES) - 1}
    assert set(tasks["value"]) == {ice_class.value}
    resident = env.unwrapped.simulation.episode.initial_resident  # type: ignore[attr-defined]
    assert set(resident) == {1 << (len(models.MODEL_BYTES) - 1)}  # no other model is asked for
    assert gym.make_vec("IceLab/IceTiny-v0", num_envs=2).reset(seed=1)[0]["task"].shape[0] == 2


def test_a_scenario_of_a_file_is_known_by_name_and_can_be_extended(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('extends = "Ring12"\n[workload]\nload = 0.5')
    assert orbit_gym.register_scenario(path).name == "mine"
    assert orbit_gym.register_scenario(str(path), name="HalfRing").name == "HalfRing"
    changed = orbit_gym.load_scenario({"extends": "HalfRing", "name": "x", "candidates": 3})
    assert (changed.workload.load, changed.candidates, changed.name) == (0.5, 3, "x")
    assert play(gym.make("OrbitGym/Tiny-v0", scenario="HalfRing"), n_steps=5) >= 0.0


def test_registering_the_same_again_changes_nothing(ice_class: TaskClass) -> None:
    first = orbit_gym.register_scenario(TABLE, name="IceTiny", id="IceLab/IceTiny-v0")
    orbit_gym.register_model("ice_3b", 3e9)
    orbit_gym.register_task_class("ice_chart", dataclasses.replace(ice_class))
    after = orbit_gym.register_scenario(TABLE, name="IceTiny", id="IceLab/IceTiny-v0")
    assert first == after


def test_names_of_ours_and_of_others_are_not_shadowed(ice_class: TaskClass) -> None:
    orbit_gym.register_scenario(TABLE, name="IceTiny", id="IceLab/IceTiny-v0")
    other = {**TABLE, "episode_s": 60.0}
    for name in ("Ring12", "base", "IceTiny"):
        with pytest.raises(ValueError, match=f"there is a scenario '{name}' already; choose"):
            orbit_gym.register_scenario(other, name=name)
    with pytest.raises(ValueError, match="environment 'IceLab/IceTiny-v0' already; choose"):
        orbit_gym.register_scenario(other, name="Other", id="IceLab/IceTiny-v0")
    with pytest.raises(ValueError, match=r"ids of OrbitGym/ are its own; choose another, like"):
        orbit_gym.register_scenario(other, name="Other", id="OrbitGym/Other-v0")
    assert "Other" not in orbit_gym.scenario_names()
    with pytest.raises(ValueError, match="there is a task class 'eo_scene' already; choose"):
        orbit_gym.register_task_class("eo_scene", ice_class)
    with pytest.raises(ValueError, match="there is a model 'detectors' of 2e\\+08 bytes already"):
        orbit_gym.register_model("detectors", 1e9)


def test_mistakes_are_answered_before_anything_is_registered() -> None:
    with pytest.raises(ValueError, match="path ending in .toml, a dict or a Scenario, got 'Ring1"):
        orbit_gym.register_scenario("Ring12", name="Mine")
    with pytest.raises(ValueError, match="unknown task class 'ice_chart'; choose from eo_scene"):
        orbit_gym.register_scenario(TABLE, name="Mine")
    with pytest.raises(ValueError, match="scenario has no name"):
        orbit_gym.register_scenario({"extends": "Tiny"})
    with pytest.raises(ValueError, match="must be a word that is no path"):
        orbit_gym.register_scenario({"extends": "Tiny"}, name="a/b")
    with pytest.raises(TypeError, match="task class 'x' must be a TaskClass, got 3"):
        orbit_gym.register_task_class("x", 3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="needs the bytes of its weights, for example 16e9; got 0"):
        orbit_gym.register_model("x", 0.0)
    assert "Mine" not in orbit_gym.scenario_names() and "x" not in models.MODEL_BYTES


def test_a_scenario_that_extends_itself_is_refused() -> None:
    names.add_scenario("Loop", {"extends": "Loop"})
    with pytest.raises(ValueError, match="extends goes in a circle: Loop -> Loop"):
        orbit_gym.load_scenario("Loop")
