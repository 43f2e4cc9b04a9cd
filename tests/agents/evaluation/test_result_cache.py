"""Kept episodes are found again only where nothing that decides them has changed."""

import dataclasses

import pytest

from agents.evaluation.result_cache import Parts, world_of
from orbit_gym.scenario.loading import load_scenario


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


def test_a_file_that_a_scenario_names_is_part_of_it(tmp_path):
    path, ring = tmp_path / "satellites.tle", load_scenario("Ring12")
    named = dataclasses.replace(
        ring, constellation=dataclasses.replace(ring.constellation, tle_file=str(path))
    )
    path.write_text("one set of elements")
    before = world_of(named)
    assert world_of(named) == before
    path.write_text("another")
    assert world_of(named) != before
