"""The README: its tables are those of the code, its example and its recipes run, its links lead
somewhere.
"""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import orbit_gym.scenario.task_classes
from agents.envs.episode_runner import play
from agents.envs.make import make_env
from agents.policies import heuristics
from orbit_gym import cli
from orbit_gym.scenario.loading import REGISTERED, load_scenario
from orbit_gym.views.describe import docs_tables
from orbit_gym.views.describe.docs_tables import BLOCK, TABLES, replace_blocks, results_table
from orbit_gym.workload.day_cache import get_arrivals

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
TEXT = README.read_text(encoding="utf-8")


def code_after(marker: str) -> str:
    """The fenced block that follows a comment."""
    found = re.search(rf"<!-- {marker} -->\n```\w+\n(.*?)```", TEXT, re.DOTALL)
    assert found, f"README has no block after <!-- {marker} -->"
    return found[1]


@pytest.mark.parametrize("name", TABLES)
def test_tables_are_those_of_the_code(name: str) -> None:
    blocks = {match[2]: match[3] for match in BLOCK.finditer(TEXT)}
    assert blocks[name] == TABLES[name](), "run: python -m orbit_gym tables --write"


@pytest.mark.parametrize("name", REGISTERED)
def test_action_table_agrees_with_the_environment(name: str) -> None:
    env = make_env(name)
    assert f"| `OrbitGym/{name}-v0` | `Discrete({env.action_space.n})` |" in TEXT  # type: ignore[attr-defined]


def test_the_example_is_eft_admit(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On Tiny, 8 decisions: the example's headline is exactly that of the baseline it claims to be,
    on the same episode.
    """
    source = code_after("example")
    assert sum(bool(line.strip()) for line in source.splitlines()) <= 12
    exec(compile(source.replace("ThreeBody12", "Tiny"), "README.md", "exec"), {})
    (expected,) = play([make_env("Tiny")], heuristics.make_heuristic("eft_admit"), [7])
    assert float(capsys.readouterr().out) == expected["served_value_fraction"]


def test_the_example_as_it_stands(capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(code_after("example"), "README.md", "exec"), {})
    (expected,) = play([make_env("ThreeBody12")], heuristics.make_heuristic("eft_admit"), [7])
    assert float(capsys.readouterr().out) == expected["served_value_fraction"]


def test_recipes_of_a_class_and_a_scenario(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The class goes into TASK_CLASSES as typed, the scenario into a file.

    Its tasks are then released, in the share asked for.

    The mix of Ring12 sums to 1; 0.10 more is a share of 1/11, Poisson: over a day of some 70,000
    tasks 5 % are 4 standard deviations.
    """
    added = eval("{" + code_after("recipe:class") + "}", vars(orbit_gym.scenario.task_classes))
    for name, kind in added.items():
        monkeypatch.setitem(orbit_gym.scenario.task_classes.TASK_CLASSES, name, kind)
    path = tmp_path / "ships.toml"
    path.write_text(code_after("recipe:scenario"), encoding="utf-8")
    scenario = load_scenario(path)
    base = sum(load_scenario("Ring12").workload.mix.values())
    assert scenario.workload.mix["ship_alert"] == 0.10 and base == pytest.approx(1.0)
    tasks = get_arrivals(scenario, 1).sample_tasks(
        scenario.workload, 0.0, 86_400.0, np.random.default_rng(0)
    )
    share = (
        tasks["task_class"]
        == list(orbit_gym.scenario.task_classes.TASK_CLASSES).index("ship_alert")
    ).mean()
    assert share == pytest.approx(0.10 / 1.10, rel=0.05)


def test_recipe_of_a_heuristic() -> None:
    """It plays an episode through the same adapter as every other, and sends no task to a hot node
    while a cool one is valid.
    """
    names: dict[str, Any] = dict(vars(heuristics))
    exec(code_after("recipe:heuristic"), names)
    policy = heuristics.Ranked(names["cool_first"])
    (metrics,) = play([make_env("Tiny")], policy, [7])
    assert metrics["n_delivered"] > 0
    env = make_env("Tiny")
    observation, _ = env.reset(seed=7)
    node = heuristics.COLUMNS["nodes"]
    rows = np.flatnonzero(observation["nodes"][:, node["plan_exists"]] > 0.5)
    first = int(rows[observation["nodes"][rows, node["plan_delivery"]].argmin()])
    assert int(policy.predict(observation)[0]) == first
    observation["nodes"][first, node["temperature"]] = 0.9
    assert int(policy.predict(observation)[0]) != first and len(rows) > 1


@pytest.mark.parametrize(
    "path", [README, *sorted((ROOT / "docs").glob("*.md"))], ids=lambda path: path.name
)
def test_links_and_files_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if not link.startswith("http")]
    files = re.findall(r"`((?:orbit_gym|agents|tests|benchmarks|docs)/[\w/.*-]+)`", text)
    missing = [link for link in links if not (path.parent / link).exists()]
    missing += [name for name in files if not list(ROOT.glob(name))]
    assert missing == []


def test_modules_and_make_targets_exist() -> None:
    for path in [README, *(ROOT / "docs").glob("*.md")]:
        text = path.read_text(encoding="utf-8")
        for module in set(re.findall(r"python -m ([\w.]+)", text)):
            parts = ROOT.joinpath(*module.split("."))
            assert parts.with_suffix(".py").exists() or (parts / "__main__.py").exists(), module
        targets = set(
            re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
        )
        assert (
            set(re.findall(r"`?make (train-long|train|test-all|test|bench|help|check)\b", text))
            <= targets
        )


RESULTS = {
    "scenario": "Tiny",
    "split": "test",
    "seeds": [3, 4],
    "command": "python -m agents.evaluate",
    "policies": {
        "eft": {
            "served_value_fraction": {"mean": 0.25, "ci95": [0.125, 0.375]},
            "n_late": {"mean": 12.5},
        },
        "runs/a": {
            "served_value_fraction": {"mean": 0.5, "ci95": [None, None]},
            "n_late": {"mean": None},
        },
    },
    "labels": {"runs/a": "runs/a (this policy only)"},
    "differences": {
        "eft": {
            "reference": "eft",
            "metrics": {"served_value_fraction": {"mean": 0.0, "ci95": [0.0, 0.0]}},
        },
        "runs/a": {
            "reference": "eft",
            "metrics": {"served_value_fraction": {"mean": 0.25, "ci95": [0.125, 0.375]}},
        },
    },
}


def test_results_table_by_hand() -> None:
    lines = results_table(RESULTS).splitlines()
    assert lines[0].startswith("Tiny, test days, 2 episodes, seeds 3 to 4.")
    assert lines[2:] == [
        "| policy | served_value_fraction | minus eft, paired | n_late |",
        "| --- | --- | --- | --- |",
        "| `runs/a (this policy only)` | 0.5000 | +0.2500 [+0.1250, +0.3750] | - |",
        "| `eft` | 0.2500 [0.1250, 0.3750] | +0.0000 [+0.0000, +0.0000] | 12 |",
    ]


def test_command_writes_results_and_repairs_a_spoilt_table(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    readme, results, page = (
        tmp_path / "README.md",
        tmp_path / "results.json",
        tmp_path / "scenario.md",
    )
    shutil.copy(README, readme)
    shutil.copy(ROOT / "docs" / "scenario.md", page)
    readme.write_text(
        TEXT.replace("| `delivered_value` | 1 |", "| `delivered_value` | 2 |"), encoding="utf-8"
    )
    results.write_text(json.dumps(RESULTS), encoding="utf-8")
    pages = ["--readme", str(readme), "--scenario-page", str(page)]
    monkeypatch.setattr(
        sys, "argv", ["orbit-gym", "tables", "--write", *pages, "--results", str(results)]
    )
    cli.main()
    written = readme.read_text(encoding="utf-8")
    assert replace_blocks(TEXT, {"results": results_table(RESULTS)}) == written


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[1]", "is not a results.json"),
        ("{", "is not valid JSON"),
        ('{"policies": {"a": {}}}', "is not a results.json"),
    ],
)
def test_wrong_results_are_one_sentence(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "results.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        docs_tables.tables(results=str(path))


def test_a_missing_block_is_named() -> None:
    with pytest.raises(ValueError, match="no block <!-- generated:reward -->"):
        replace_blocks("nothing here", {"reward": "x"})


@pytest.mark.slow
def test_the_picture_can_be_drawn(tmp_path: Path) -> None:
    """PNG by its first bytes, below 250 kB."""
    out = tmp_path / "picture.png"
    subprocess.run(
        [sys.executable, "-m", "benchmarks.picture", "--decisions", "20", "--out", str(out)],
        cwd=ROOT,
        check=True,
    )
    assert out.read_bytes()[:4] == b"\x89PNG" and out.stat().st_size < 250_000
