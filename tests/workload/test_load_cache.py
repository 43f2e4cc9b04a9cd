"""Measured loads on disk: measured once, the same to the last bit after reading."""

from dataclasses import replace
from pathlib import Path

import pytest

from orbit_gym.scenario.loading import load_scenario
from orbit_gym.scenario.task_classes import TASK_CLASSES
from orbit_gym.utils import source_keyed_store
from orbit_gym.workload import day_cache
from orbit_gym.workload.arrivals import Arrivals


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """The store's folder, in an empty cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    day_cache._arrivals.clear()
    return tmp_path / "orbit_gym" / "loads"


@pytest.fixture
def measured_classes(monkeypatch) -> list[str]:
    """Classes measured since."""
    names: list[str] = []
    measure = Arrivals._measure

    def count(self, name, workload):
        names.append(name)
        return measure(self, name, workload)

    monkeypatch.setattr(Arrivals, "_measure", count)
    return names


def loads(**mix):
    """Loads as a process gets them that has measured none: of drone queries, or another mix."""
    scenario = load_scenario("ThreeBody12")
    scenario = replace(
        scenario, workload=replace(scenario.workload, mix=mix or {"drone_query": 1.0})
    )
    day_cache._arrivals.clear()
    return day_cache.get_arrivals(scenario, 1).class_loads(scenario.workload)


def test_loads_are_measured_once_and_read_back_to_the_last_bit(folder, measured_classes):
    assert loads() == loads() and measured_classes == ["drone_query"]
    assert [path.suffix for path in folder.iterdir()] == [".json"]


def test_another_mix_code_or_class_is_measured_for_itself(folder, measured_classes, monkeypatch):
    loads()
    loads(drone_query=1.0, language_request=1.0)
    assert measured_classes == ["drone_query", "drone_query", "language_request"]
    with monkeypatch.context() as patch:
        patch.setattr(source_keyed_store, "_source_version", lambda *_: "other sources")
        loads()
    assert measured_classes[3:] == ["drone_query"]
    larger = replace(TASK_CLASSES["drone_query"], input_bits=1e9)
    monkeypatch.setitem(TASK_CLASSES, "drone_query", larger)
    loads()
    assert measured_classes[4:] == ["drone_query"]


def test_a_damaged_file_is_measured_anew(folder, measured_classes):
    first = loads()
    (path,) = folder.iterdir()
    path.write_text(path.read_text().replace("0.", "1.", 1))
    assert loads() == first and measured_classes == ["drone_query", "drone_query"]


def test_a_folder_that_cannot_be_written_only_costs_time(folder, measured_classes):
    folder.parent.mkdir()
    folder.write_text("a file stands where the folder should be")
    assert loads() == loads() and measured_classes == ["drone_query", "drone_query"]
