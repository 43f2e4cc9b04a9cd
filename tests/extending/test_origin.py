"""A kind of origin is one entry of ORIGINS: tasks then appear where its weights say."""

from collections.abc import Iterator

import numpy as np
import pytest

from orbit_gym import TaskClass
from orbit_gym.env import OrbitEnv
from orbit_gym.scenario.origins import ORIGINS, OriginKind
from orbit_gym.scenario.task_classes import TASK_CLASSES
from orbit_gym.workload import day_cache

POLAR_SINE = 0.9  # of the latitude


@pytest.fixture
def _aurora(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A class whose tasks appear at satellites over the northern polar cap."""

    def over_polar_cap(cells):
        return (cells.up[..., 2] > POLAR_SINE).astype(float)

    kind = OriginKind("a satellite over the polar cap", over_polar_cap, "ground")
    monkeypatch.setitem(ORIGINS, "polar", kind)
    task_class = TaskClass(
        origin="polar",
        model="detectors",
        slack_s=(600.0, 900.0),
        value=1.0,
        input_bits=1e8,
        result_bits=500.0,
        vision_flop=1e12,
        is_alert=True,
        source="assumption: of this test",
    )
    monkeypatch.setitem(TASK_CLASSES, "aurora", task_class)
    day_cache._arrivals.clear()
    yield
    day_cache._arrivals.clear()


@pytest.mark.usefixtures("_aurora")
def test_tasks_appear_where_the_weights_say() -> None:
    mix = dict.fromkeys(TASK_CLASSES, 0.0) | {"aurora": 1.0}
    env = OrbitEnv("Ring12", {"workload.mix": mix, "workload.load": 0.01})
    env.reset(seed=1)
    tasks = env.simulation.episode.tasks
    world = env.simulation.world
    rows = np.round(tasks["release_s"] / world.sizes["grid_s"][0]).astype(int)
    positions_m = world.positions_m[rows, tasks["origin"]]
    sines = positions_m[:, 2] / np.linalg.norm(positions_m, axis=-1)
    # a cell lasts 30 s, in which a satellite moves by 2 degrees: the sine by 0.02 there
    assert tasks.size > 20 and sines.min() > POLAR_SINE - 0.02
    rewards = [env.step(int(env.action_masks().argmax()))[1] for _ in range(5)]
    assert sum(rewards) == 5.0
