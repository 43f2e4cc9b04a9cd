"""Compiling a World says that it takes a while: one line where stderr is no terminal, none for a
quick one.
"""

from types import SimpleNamespace

import pytest

from orbit_gym.scenario.loading import load_scenario
from orbit_gym.workload import day_cache
from orbit_gym.world import memory_estimate


@pytest.mark.parametrize(
    ("satellites", "said"), [(12, ""), (400, "compiling day 2 of 400 satellites\n")]
)
def test_one_line_before_a_long_wait(
    satellites: int, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    heard = []

    def compiled(scenario, day, orbits, tell):
        tell("contacts", 0.5)
        heard.append(day)
        return "world"

    monkeypatch.setattr(day_cache, "compile_world", compiled)
    orbits = SimpleNamespace(names=tuple(str(index) for index in range(satellites)))
    assert day_cache._compile(load_scenario("Tiny"), 2, orbits) == "world" and heard == [2]
    assert capsys.readouterr().err == said


def test_what_is_refused_is_not_announced(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(memory_estimate, "free_bytes", lambda: 1e6)
    orbits = SimpleNamespace(names=tuple(str(index) for index in range(400)))
    with pytest.raises(ValueError, match="400 satellites"):
        day_cache._compile(load_scenario("Tiny"), 2, orbits)
    assert capsys.readouterr().err == ""
