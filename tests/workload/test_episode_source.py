"""Where episodes come from: orbits are loaded once, and what is wrong is refused at the start."""

from pathlib import Path

import pytest

from orbit_gym.env import OrbitEnv
from orbit_gym.scenario.loading import load_scenario
from orbit_gym.workload import day_cache, episode_source
from orbit_gym.workload.episode_source import WORKLOAD_OPTIONS
from orbit_gym.world import world_cache


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Scenarios whose orbits were loaded, with nothing in memory before."""
    names: list[str] = []

    def count(scenario):
        names.append(scenario.name)
        return load_orbits(scenario)

    load_orbits = episode_source.load_orbits
    for module in (episode_source, day_cache, world_cache):
        monkeypatch.setattr(module, "load_orbits", count)
    world_cache._worlds.clear()
    day_cache._arrivals.clear()
    return names


def test_an_environment_loads_its_orbits_once(loads: list[str]) -> None:
    env = OrbitEnv("Ring12")
    for day in (1, 2):
        env.reset(seed=1, options={"day": day})
    assert loads == ["Ring12"]


def test_a_world_is_had_without_arrival_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_):
        raise AssertionError("no World depends on arrivals")

    monkeypatch.setattr(day_cache, "_make", refuse)
    assert world_cache.get_world(load_scenario("Tiny"), 1).sizes["n_satellites"][0] == 3


def test_an_unknown_origin_of_a_task_file_is_refused_when_the_environment_is_made(
    tmp_path: Path,
) -> None:
    (tmp_path / "tasks.csv").write_text("release_s,origin,task_class\n1,P09S09,eo_scene\n")
    path = tmp_path / "mine.toml"
    path.write_text(
        'extends = "Ring12"\n[[workload.task_files]]\nfile = "tasks.csv"\nwindow = "start"'
    )
    with pytest.raises(ValueError, match=r"tasks\.csv, line 2, names an unknown origin 'P09S09'"):
        OrbitEnv(str(path))


def test_options_are_the_numbers_of_a_workload_but_not_its_typed_work() -> None:
    assert WORKLOAD_OPTIONS == ("load", "mix", "slack_scale", "polarimeters")
