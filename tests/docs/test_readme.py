"""The README: four minutes to read, and its example is the baseline that it says it is."""

import pytest

from agents.envs.episode_runner import play
from agents.envs.problem import Problem
from agents.policies import heuristics
from tests.helpers.pages import README, code_after

MOST_WORDS = 900


def test_it_is_short() -> None:
    assert len(README.read_text(encoding="utf-8").split()) <= MOST_WORDS


@pytest.mark.parametrize("name", ["Tiny", "ThreeBody12"])
def test_the_example_is_eft_admit(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Its headline is exactly that of the baseline it claims to be, on the same episode."""
    source = code_after(README, "example")
    assert sum(bool(line.strip()) for line in source.splitlines()) <= 12
    exec(compile(source.replace("ThreeBody12", name), "README.md", "exec"), {})
    (expected,) = play([Problem(name).make_env()], heuristics.make_heuristic("eft_admit"), [7])
    assert float(capsys.readouterr().out) == expected["served_value_fraction"]
