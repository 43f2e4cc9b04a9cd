"""Compiling a World says that it takes a while: one line where stderr is no terminal.

A quick one says nothing.
"""

from types import SimpleNamespace

import pytest

from orbit_gym.scenario.loading import load_scenario
from orbit_gym.world import memory_estimate, progress


@pytest.mark.parametrize(
    ("satellites", "message"), [(12, ""), (400, "compiling day 2 of 400 satellites\n")]
)
def test_one_line_before_a_long_wait(
    satellites: int,
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    days = []

    def compile_nothing(scenario, day, orbits, report):
        report("contacts", 0.5)
        days.append(day)
        return "world"

    monkeypatch.setattr(progress, "compile_world", compile_nothing)
    orbits = SimpleNamespace(names=tuple(str(index) for index in range(satellites)))
    world = progress.compile_with_progress(load_scenario("Tiny"), 2, orbits)
    assert world == "world" and days == [2]
    assert capsys.readouterr().err == message


def test_what_is_refused_is_not_announced(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(memory_estimate, "free_bytes", lambda: 1e6)
    orbits = SimpleNamespace(names=tuple(str(index) for index in range(400)))
    with pytest.raises(ValueError, match="400 satellites"):
        progress.compile_with_progress(load_scenario("Tiny"), 2, orbits)
    assert capsys.readouterr().err == ""
