"""A learner's gain: over training seeds, corrected over rows, with the planner's as the bar.

What is missing is told.
"""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from agents.studies import seed_figures
from agents.studies.seed_analysis import SUMMARY, SeedAnalysis, compare, print_gains
from agents.utils.statistics import holm, one_sided_p

RUNS = ("runs/a-0", "runs/a-1", "runs/a-2")


def write(folder, policies) -> None:
    folder.mkdir(parents=True)
    results_file = {
        name: {"served_value_fraction": {"episodes": list(values)}}
        for name, values in policies.items()
    }
    (folder / "results.json").write_text(json.dumps({"policies": results_file}))


@pytest.fixture
def play_cases(tmp_path):
    """Two rows: on one the runs gain .02, .03 and .04, on the other nothing that they agree
    about.
    """
    base = np.array([0.5, 0.7])
    write(
        tmp_path / "rows" / "x-1",
        {"tuned": base, **{run: base + 0.02 + 0.01 * i for i, run in enumerate(RUNS)}},
    )
    write(
        tmp_path / "rows" / "y-1",
        {"tuned": base, **{run: base + 0.01 * (i - 1) for i, run in enumerate(RUNS)}},
    )
    write(tmp_path / "planner" / "x-1", {"tuned": base, "rollout": base + 0.05})
    write(tmp_path / "planner" / "y-1", {"tuned": base, "rollout": base + 0.004})
    return SeedAnalysis(
        RUNS, ("x-1", "y-1"), results=str(tmp_path / "rows"), planner=str(tmp_path / "planner")
    )


def test_the_unit_is_the_training_seed(play_cases, capsys) -> None:
    rows = compare(play_cases)
    x, y = rows["x-1"], rows["y-1"]
    assert x["by_run"] == pytest.approx([0.02, 0.03, 0.04]) and x["gain"] == pytest.approx(0.03)
    half = (
        stats.t.ppf(0.975, 2) * 0.01 / np.sqrt(3.0)
    )  # three values 0.01 apart have a standard deviation of 0.01
    assert x["ci95_runs"] == pytest.approx([0.03 - half, 0.03 + half])
    assert x["p"] == pytest.approx(stats.t.sf(0.03 / (0.01 / np.sqrt(3.0)), 2)) and y[
        "p"
    ] == pytest.approx(0.5)
    assert x["p_holm"] == pytest.approx(2.0 * x["p"]) and y["p_holm"] == pytest.approx(0.5)
    assert (
        x["bar"] == pytest.approx(0.025) and y["bar"] == -0.005
    )  # half of the planner's; elsewhere not inferior
    assert json.loads((Path(play_cases.results) / SUMMARY).read_text())["rows"] == rows
    print_gains(play_cases, rows)
    assert "+0.0300" in capsys.readouterr().out


def test_the_picture_shows_searches_and_profiles(play_cases, tmp_path, monkeypatch) -> None:
    panels = []
    monkeypatch.setattr(seed_figures.plt, "close", panels.append)  # looked into before it is gone
    monkeypatch.chdir(tmp_path)
    for run in RUNS[:2]:  # the third run is no search
        history = [
            {"generations": 0, "over_tuned": [0.0, 0.0]},
            {"generations": 4, "over_tuned": [0.01, 0.02]},
        ]
        # as version 0.1 wrote it
        log = {"asked": {"search": {"rows": [["x", 1.0, 2], ["y", 1.0, 2]]}}, "history": history}
        (tmp_path / run).mkdir(parents=True)
        (tmp_path / run / "search.json").write_text(json.dumps(log))
    compare(replace(play_cases, picture="learner.png"))
    assert (tmp_path / "learner.png").read_bytes().startswith(b"\x89PNG")
    text = [axes for axes in panels[0].axes if axes.axison]
    assert [axes.get_title(loc="left") for axes in text] == ["x 1", "y 1", "x-1", "y-1"]
    curves = [line.get_ydata() for line in text[1].lines[1:]]
    assert np.array_equal(curves, [[0.0, 0.02]] * 2)
    labels = {line.get_label(): line for line in text[2].lines}
    assert set(labels) == {"tuned", "learned", "rollout (2)"}
    assert np.allclose(labels["tuned"].get_xdata(), [0.0, 0.5, 0.7]) and np.allclose(
        labels["tuned"].get_ydata(), [1.0, 0.5, 0.0]
    )
    assert labels["learned"].get_xdata().size == 7


def test_the_picture_shows_validations_of_trained_networks(tmp_path, monkeypatch) -> None:
    histories: dict[str, list[dict[str, float]]] = {}
    monkeypatch.setattr(
        seed_figures, "load_checkpoint", lambda path: {"history": histories[path.parent.name]}
    )
    for name, gained in (("a", 0.01), ("b", 0.02)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "last.pt").touch()
        histories[name] = [
            {"timesteps": 0, "served_value_fraction": 0.9},
            {"timesteps": 50_000, "served_value_fraction": 0.9 + gained},
        ]
    runs = [str(tmp_path / name) for name in ("a", "b", "of another machine")]
    (panel,) = seed_figures.read_learning(runs)
    assert panel.curves == [([0.0, 50.0], [0.9, 0.91]), ([0.0, 50.0], [0.9, 0.92])]
    assert seed_figures.read_learning(runs[2:]) == []


def test_rows_that_the_planner_has_not_played_have_no_bar(play_cases, tmp_path) -> None:
    (tmp_path / "planner" / "y-1" / "results.json").unlink()
    rows = compare(play_cases)
    assert rows["x-1"]["bar"] == pytest.approx(0.025) and "bar" not in rows["y-1"]
    with pytest.raises(ValueError, match="--planner nowhere holds none of the rows x-1, y-1"):
        compare(replace(play_cases, planner="nowhere"))


@pytest.mark.parametrize("picture", ["learner.svg", "nowhere/learner.png"])
def test_a_picture_that_cannot_be_written_is_refused_first(play_cases, picture) -> None:
    with pytest.raises(ValueError, match="--picture must be a .png file in a folder that exists"):
        compare(replace(play_cases, picture=picture))
    assert not (Path(play_cases.results) / SUMMARY).exists()


def test_holm_on_a_published_example() -> None:
    """The example of Wikipedia's article on the method.

    By hand: 4 x .005, 3 x .01, 2 x .03, and never less than the one before.
    """
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]


def test_equal_gains_have_no_spread() -> None:
    assert (
        one_sided_p(np.array([0.1, 0.1])),
        one_sided_p(np.zeros(3)),
        one_sided_p(-np.ones(3)),
    ) == (0.0, 1.0, 1.0)
    assert np.isnan(one_sided_p(np.array([0.1])))


def test_what_has_not_been_played_is_told(play_cases) -> None:
    with pytest.raises(
        ValueError,
        match="z-1/results.json is missing: play the row with python -m agents.studies.suite first",
    ):
        compare(SeedAnalysis(RUNS, ("z-1",), results=play_cases.results))
    with pytest.raises(ValueError, match="does not hold 'runs/b'; it holds tuned, runs/a-0"):
        compare(SeedAnalysis((*RUNS, "runs/b"), ("x-1",), results=play_cases.results))
    with pytest.raises(ValueError, match="at least 2 training seeds"):
        compare(SeedAnalysis(RUNS[:1], ("x-1",), results=play_cases.results))
