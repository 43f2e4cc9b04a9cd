"""A heuristic is a function in one place: our file, a program, or an installed package."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from agents.evaluate import Evaluation, evaluate
from agents.evaluation.load_policy import parse
from agents.policies import heuristics
from agents.policies.heuristics import HEURISTICS, View, heuristic, register_heuristic
from tests.helpers.edited import printed_with_edits
from tests.helpers.fresh import output_of
from tests.helpers.installed import install

ROOT = Path(__file__).resolve().parents[2]
COOLEST = """@heuristic
def coolest(view: View) -> np.ndarray:
    \"\"\"The coolest valid node.\"\"\"
    return view.node("temperature")


"""
FIRST = "@heuristic\ndef origin_first"
EVALUATE = """
import sys
from agents.evaluate import main
sys.argv = ["agents.evaluate", *{arguments}]
main()
"""


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    """What a test registers is gone after it."""
    copy = dict(HEURISTICS)
    yield
    HEURISTICS.clear()
    HEURISTICS.update(copy)


def coolest(view: View) -> np.ndarray:
    return view.node("temperature")


def evaluated(folder: Path, name: str, edits: dict | None = None, **environment: str) -> dict:
    """Scores of a heuristic and of `random` on Tiny, by the command in a process of its own."""
    arguments = ["--policies", name, "random", "--scenario", "Tiny", "--seeds", "2"]
    arguments += ["--processes", "1", "--out", str(folder / "results")]
    program = EVALUATE.format(arguments=arguments)
    if edits is None:
        output_of(program, ROOT, **environment)
    else:
        printed_with_edits(edits, program, **environment)
    return json.loads((folder / "results" / "results.json").read_text())["policies"]


def test_one_function_in_our_file_is_a_policy(tmp_path: Path) -> None:
    edits = {"agents/policies/heuristics.py": [(FIRST, COOLEST + FIRST)]}
    policies = evaluated(tmp_path, "coolest", edits)
    assert list(policies) == ["coolest", "random"]
    heuristic(coolest)
    second_answer = evaluate(
        Evaluation(("coolest",), "Tiny", seeds=2, out=str(tmp_path / "again"), processes=1)
    )
    headline = "served_value_fraction"
    assert policies["coolest"][headline] == second_answer["policies"]["coolest"][headline]
    assert policies["coolest"][headline] != policies["random"][headline]


def test_an_installed_package_adds_one_in_every_process(tmp_path: Path) -> None:
    """Worker processes know it too."""
    source = (
        "from agents.policies.heuristics import View, heuristic\nimport numpy as np\n" + COOLEST
    )
    source += "def broken(view):\n    return view.nowhere\n\nNUMBER = 3\n"
    entries = "[orbit_gym.heuristics]\ncoolest = lab:coolest\neft = lab:broken\nx = lab:NUMBER\n"
    install(tmp_path, "lab", source, entries)
    arguments = ["--policies", "coolest", "--scenario", "Tiny", "--seeds", "12"]
    arguments += ["--processes", "2", "--out", str(tmp_path / "results")]
    program = f"""
import subprocess, sys
done = subprocess.run([sys.executable, "-m", "agents.evaluate", *{arguments}], capture_output=True)
assert done.returncode == 0, done.stderr.decode()
print(done.stderr.decode())
"""
    text = output_of(program, ROOT, PYTHONPATH=str(tmp_path))
    results = json.loads((tmp_path / "results" / "results.json").read_text())
    assert len(results["policies"]["coolest"]["served_value_fraction"]["episodes"]) == 12
    assert "there is a heuristic 'eft' already; choose another name" in text
    assert "plug-in 'x' of package lab (orbit_gym.heuristics: lab:NUMBER) is left out" in text


def test_mistakes_are_named() -> None:
    register_heuristic("coolest", coolest)
    register_heuristic("coolest", coolest)  # the same again
    with pytest.raises(ValueError, match="there is a heuristic 'coolest' already; choose"):
        register_heuristic("coolest", heuristics.nearest)
    with pytest.raises(TypeError, match="must be a function of a View or a sub.*got 3"):
        register_heuristic("x", 3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="must be a function of a View or a subclass of Heuristic"):
        register_heuristic("x", dict)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="must be called by letters, digits, - and _"):
        register_heuristic("runs/x", coolest)
    register_heuristic("tuned", coolest)
    with pytest.raises(ValueError, match="'tuned' is the name of a heuristic and of a rule; regis"):
        parse("eft")


def test_one_that_draws_is_a_class_and_made_with_a_seed(tmp_path: Path) -> None:
    class Noise(heuristics.Random):
        """Another name of `random`."""

    register_heuristic("noise", Noise)
    options = Evaluation(("noise", "random"), "Tiny", seeds=3, out=str(tmp_path), processes=1)
    results = evaluate(options)["policies"]
    assert results["noise"] == results["random"]
