"""Measured loads on disk: measured once, the same after reading, anew where anything differs or the
file is damaged.
"""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from orbit_gym.scenario.loading import load_scenario
from orbit_gym.workload import day_cache, load_cache
from orbit_gym.workload.arrivals import Arrivals


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """The store's folder, in an empty cache; no World is in memory."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(day_cache, "_days", type(day_cache._days)())
    return tmp_path / "orbit_gym" / "loads"


@pytest.fixture
def measured(monkeypatch) -> list[str]:
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
    day_cache._days.clear()
    return day_cache.get_arrivals(scenario, 1).class_loads(scenario.workload)


def test_loads_are_measured_once_and_read_back_to_the_last_bit(folder, measured):
    assert loads() == loads() and measured == ["drone_query"]
    assert [path.suffix for path in folder.iterdir()] == [".json"]


def test_another_mix_or_another_code_is_measured_for_itself(folder, measured, monkeypatch):
    loads()
    loads(drone_query=1.0, language_request=1.0)
    assert measured == ["drone_query", "drone_query", "language_request"]
    monkeypatch.setattr(load_cache, "_code_version", lambda: "other sources")
    loads()
    assert measured == ["drone_query", "drone_query", "language_request", "drone_query"]


@pytest.mark.parametrize(
    "damage",
    [
        "",
        "[]",
        '{"loads": {"drone_query": [1.0, 1.0, 1.0]}, "check": "0"}',
        '{"loads": {"drone_query": "x"}, "check": ""}',
    ],
)
def test_a_damaged_file_is_measured_anew(folder, measured, damage):
    first = loads()
    (path,) = folder.iterdir()
    path.write_text(damage)
    assert loads() == first and measured == ["drone_query", "drone_query"]
    assert json.loads(path.read_text())["loads"]["drone_query"] == list(
        first["drone_query"].__dict__.values()
    )


def test_a_folder_that_cannot_be_written_only_costs_time(folder, measured):
    folder.parent.mkdir()
    folder.write_text("a file stands where the folder should be")
    assert loads() == loads() and measured == ["drone_query", "drone_query"]
