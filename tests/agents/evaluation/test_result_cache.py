"""Kept episodes are found again only where nothing that decides them has changed."""

import dataclasses

import pytest

from agents.evaluation.result_cache import Parts, world_of
from orbit_gym.scenario.loading import load_scenario
from orbit_gym.scenario.models import MODEL_BYTES
from orbit_gym.scenario.task_classes import TASK_CLASSES


def test_a_result_is_found_under_its_own_job_and_world(tmp_path):
    Parts(tmp_path, "one world").write(("tuned", (1, 2)), [{"value": 0.5}, {"value": 1.0}])
    assert Parts(tmp_path, "one world").read(("tuned", (1, 2))) == [{"value": 0.5}, {"value": 1.0}]
    assert Parts(tmp_path, "another world").read(("tuned", (1, 2))) is None
    assert Parts(tmp_path, "one world").read(("tuned", (1,))) is None


@pytest.mark.parametrize(
    "changes", [{"workload.load": 1.3}, {"episode_s": 900.0}, {"faults.enabled": True}]
)
def test_every_change_of_a_scenario_is_another_world(changes):
    assert (
        world_of(load_scenario("Ring12"))
        == world_of(load_scenario("Ring12"))
        != world_of(load_scenario("Ring12", changes))
    )


def test_a_class_or_a_model_that_changed_is_another_world(monkeypatch):
    ring = load_scenario("Ring12")
    base = world_of(ring)
    with monkeypatch.context() as patch:
        larger = dataclasses.replace(TASK_CLASSES["eo_scene"], value=1.5)
        patch.setitem(TASK_CLASSES, "eo_scene", larger)
        assert world_of(ring) != base
    monkeypatch.setitem(TASK_CLASSES, "of_no_share", TASK_CLASSES["eo_scene"])
    assert world_of(ring) == base
    monkeypatch.setitem(MODEL_BYTES, "detectors", 0.3e9)
    assert world_of(ring) != base


def test_a_file_that_a_scenario_names_is_part_of_it(tmp_path):
    path, ring = tmp_path / "satellites.tle", load_scenario("Ring12")
    evaluation = dataclasses.replace(
        ring, constellation=dataclasses.replace(ring.constellation, tle_file=str(path))
    )
    path.write_text("one set of elements")
    world_before = world_of(evaluation)
    assert world_of(evaluation) == world_before
    path.write_text("another")
    assert world_of(evaluation) != world_before
