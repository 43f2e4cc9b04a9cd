"""Recipes of docs/guides/extend.md do what they say; the command that fills pages repairs them."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import orbit_gym.scenario.task_classes
from agents.envs.episode_runner import play
from agents.envs.problem import Problem
from agents.evaluation import policy_kinds
from agents.policies import heuristics
from orbit_gym import cli
from orbit_gym.scenario.loading import load_scenario
from orbit_gym.views.describe import docs_pages
from orbit_gym.views.describe.docs_pages import replace_blocks
from orbit_gym.views.describe.docs_tables import results_table
from orbit_gym.workload.day_cache import get_arrivals
from tests.helpers.pages import DOCS, ROOT, code_after

EXTEND = DOCS / "guides" / "extend.md"


def test_recipes_of_a_class_and_a_scenario(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The class goes into TASK_CLASSES as typed, the scenario into a file.

    Its tasks are then released, in the share asked for.

    The mix of Ring12 sums to 1; 0.10 more is a share of 1/11, Poisson: over a day of some 70,000
    tasks 5 % are 4 standard deviations.
    """
    added = eval(
        "{" + code_after(EXTEND, "recipe:class") + "}", vars(orbit_gym.scenario.task_classes)
    )
    for name, kind in added.items():
        monkeypatch.setitem(orbit_gym.scenario.task_classes.TASK_CLASSES, name, kind)
    path = tmp_path / "ships.toml"
    path.write_text(code_after(EXTEND, "recipe:scenario"), encoding="utf-8")
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


def test_recipe_of_a_heuristic(monkeypatch: pytest.MonkeyPatch) -> None:
    """It plays an episode through the same adapter as every other, and sends no task to a hot node
    while a cool one is valid.
    """
    monkeypatch.setattr(heuristics, "HEURISTICS", dict(heuristics.HEURISTICS))
    exec(code_after(EXTEND, "recipe:heuristic"), {"np": np})
    policy = heuristics.make_heuristic("cool_first")
    (metrics,) = play([Problem("Tiny").make_env()], policy, [7])
    assert metrics["n_delivered"] > 0
    env = Problem("Tiny").make_env()
    observation, _ = env.reset(seed=7)
    node = heuristics.COLUMNS["nodes"]
    rows = np.flatnonzero(observation["nodes"][:, node["plan_exists"]] > 0.5)
    first = int(rows[observation["nodes"][rows, node["plan_delivery"]].argmin()])
    assert int(policy.predict(observation)[0]) == first
    observation["nodes"][first, node["temperature"]] = 0.9
    assert int(policy.predict(observation)[0]) != first and len(rows) > 1


def test_recipe_of_a_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy_kinds, "POLICY_KINDS", dict(policy_kinds.POLICY_KINDS))
    exec(code_after(EXTEND, "recipe:policy"), {"np": np})
    envs = [Problem("Tiny").make_env()]
    make = policy_kinds.POLICY_KINDS["reject_all"].make
    (metrics,) = play(envs, make(policy_kinds.PolicySpec("", "", ""), envs, 0), [7])
    assert metrics["n_rejected"] == metrics["n_released"] > 0


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


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The pages with generated blocks, and the figures that they are made from, in a folder."""
    folder = tmp_path / "checkout"
    for page in docs_pages.contents(ROOT):
        (folder / page).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / page, folder / page)
    shutil.copytree(ROOT / "docs" / "data", folder / "docs" / "data")
    return folder


def write_tables(monkeypatch: pytest.MonkeyPatch, folder: Path, *more: str) -> None:
    command = ["orbit-gym", "tables", "--write", "--folder", str(folder), *more]
    monkeypatch.setattr(sys, "argv", command)
    cli.main()


def test_the_command_repairs_a_spoilt_page(monkeypatch: pytest.MonkeyPatch, checkout: Path) -> None:
    page = checkout / "docs" / "reference" / "reward.md"
    text = page.read_text(encoding="utf-8")
    page.write_text(text.replace("| `delivered_value` | 1 |", "| `delivered_value` | 2 |"))
    assert page.read_text(encoding="utf-8") != text
    write_tables(monkeypatch, checkout)
    assert page.read_text(encoding="utf-8") == text


def test_results_are_kept_without_single_episodes(
    monkeypatch: pytest.MonkeyPatch, checkout: Path, tmp_path: Path
) -> None:
    results = tmp_path / "results.json"
    results.write_text(json.dumps(RESULTS), encoding="utf-8")
    write_tables(monkeypatch, checkout, "--results", str(results))
    page = (checkout / "docs" / "results" / "index.md").read_text(encoding="utf-8")
    assert results_table(RESULTS) in page
    summary = json.loads((checkout / "docs" / "data" / "default_run.json").read_text("utf-8"))
    assert summary["policies"]["eft"]["n_late"] == {"mean": 12.5}


def test_nothing_is_written_where_one_page_has_no_block(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], checkout: Path
) -> None:
    pages = sorted(docs_pages.contents(ROOT))
    (checkout / pages[-1]).write_text("nothing here", encoding="utf-8")
    spoilt = checkout / pages[0]
    spoilt.write_text(spoilt.read_text("utf-8").replace("| `", "| x`"), encoding="utf-8")
    text = spoilt.read_text(encoding="utf-8")
    with pytest.raises(SystemExit) as stop:
        write_tables(monkeypatch, checkout)
    assert stop.value.code == 2 and "there is no block <!-- generated:" in capsys.readouterr().err
    assert spoilt.read_text(encoding="utf-8") == text


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
        docs_pages.tables(results=str(path))


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
