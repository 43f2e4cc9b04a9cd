"""Every script of examples/ runs, is short, and says what it should."""

import runpy
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
MOST_LINES = 40
# Arguments that make a script quick, and words that it then prints.
QUICK: dict[str, tuple[list[str], str]] = {
    "random_agent.py": (["Tiny"], "8 tasks placed"),
    "scheduler.py": (["Tiny"], "'thrifty': "),
    "search.py": (["1", "1", "2"], "13: "),
    "own_constellation.py": ([], "nodes: SCS-01 A, SCS-01 B"),
    "record_and_replay.py": (["Tiny", "logs"], "logs/replay.html"),
    "train_maskable_ppo.py": (["Tiny", "128", "2"], "["),
}


def test_every_script_is_listed() -> None:
    names = sorted(path.name for path in EXAMPLES.glob("*.py"))
    assert names == sorted(QUICK)
    listing = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert [name for name in names if f"| `{name}` |" not in listing] == []


@pytest.mark.parametrize("name", QUICK)
def test_it_runs(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    arguments, words = QUICK[name]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [name, *arguments])
    runpy.run_path(str(EXAMPLES / name), run_name="__main__")
    assert words in capsys.readouterr().out


@pytest.mark.parametrize("name", QUICK)
def test_it_is_short(name: str) -> None:
    assert len((EXAMPLES / name).read_text(encoding="utf-8").splitlines()) <= MOST_LINES
