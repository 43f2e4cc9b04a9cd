"""Plans of runs: refusals, resuming, and the table."""

import json
from pathlib import Path

import pytest

from agents.search.evolve import LOG, read_search
from agents.studies import planned_runs
from agents.studies.ablations import Ablations, list_runs, read_plan, run_all, tabulate
from agents.training.config import RECIPES
from agents.utils.checkpoints import load_checkpoint, write_json
from tests.helpers.fake_env import ENV_ID

BASE = {"scenario": ENV_ID, "timesteps": 200, "envs": 2, "validations": 1, "validation_episodes": 2}


def plan_file(path, **changes):
    plan = {
        "seeds": [0, 1],
        "settings": BASE,
        "recipe": {"hyperparameters": {"n_steps": 50, "batch_size": 50}},
    }
    path.write_text(
        json.dumps(
            plan
            | {"variants": {"fast": {"recipe": {"hyperparameters": {"learning_rate": 0.01}}}}}
            | changes
        )
    )
    return str(path)


def test_a_plan_is_trained_once_and_can_be_gone_on_with(tmp_path, monkeypatch):
    begun_runs = []
    train = planned_runs.train
    monkeypatch.setattr(
        planned_runs,
        "train",
        lambda settings: begun_runs.append((settings.seed, settings.resume)) or train(settings),
    )
    ablations = Ablations(plan_file(tmp_path / "plan.json"), out=str(tmp_path / "out"), most_s=0.0)
    assert run_all(ablations)["rows"] == {} and begun_runs == []  # no time to begin anything
    table = run_all(Ablations(ablations.plan, ablations.out))
    assert begun_runs == [(0, False), (0, False), (1, False), (1, False)]
    assert set(table["rows"]) == {"base", "fast"} and table["rows"]["fast"]["last"]["n"] == 2
    recipe = json.loads((tmp_path / "out" / "fast" / "recipe.json").read_text())
    assert recipe["hyperparameters"] == {
        "n_steps": 50,
        "batch_size": 50,
        "learning_rate": 0.01,
    }  # the change, and the rest of the base
    assert run_all(Ablations(ablations.plan, ablations.out)) == table and len(begun_runs) == 4
    longer = plan_file(tmp_path / "longer.json", settings=BASE | {"timesteps": 300})
    run_all(Ablations(longer, ablations.out))
    assert begun_runs[4:] == [(0, True)] * 2 + [(1, True)] * 2
    assert load_checkpoint(tmp_path / "out" / "fast" / "seed1" / "last.pt")["timesteps"] == 300


class FinishedRun:
    """A run that reached these values."""

    def __init__(self, *values):
        self.values = values

    def is_finished(self):
        return bool(self.values)

    def comparisons(self):
        return list(self.values)


def test_the_table_by_hand():
    base = [
        ("base", 0, FinishedRun(0.5, 0.7, 0.6)),
        ("base", 1, FinishedRun(0.5, 0.6, 0.8)),
        ("base", 2, FinishedRun()),
    ]
    new = [("new", 0, FinishedRun(0.5, 0.9, 0.7)), ("new", 1, FinishedRun(0.5, 0.6, 0.9))]
    rows = tabulate({}, base + new)["rows"]
    assert rows["new"]["untrained"] == 0.5 and rows["new"]["best"]["mean"] == pytest.approx(0.9)
    assert rows["new"]["last_minus_base"]["mean"] == pytest.approx(
        0.1
    )  # .7 - .6 and .9 - .8: paired, so without any spread
    assert rows["new"]["last_minus_base"]["ci95"] == pytest.approx([0.1, 0.1])
    # last of the base: .6 and .8, s = .1414, t(1) = 12.706: .7 ± 12.706 * .1414 / sqrt 2 = .7 ±
    # 1.2706
    assert rows["base"]["last"]["ci95"] == pytest.approx([0.7 - 1.2706, 0.7 + 1.2706], abs=1e-4)


SEARCH = {
    "cases": [["tight-energy", 1.0]],
    "start": "Ring12",
    "directions": {"admit.one*overload": 3.0, "cost.load": 9.0},
    "population": 4,
}


def test_searches_are_run_and_compared_alike(tmp_path, monkeypatch):
    """Each search gains its seed and the number of its directions, in hundredths: the base has two,
    the variant one.
    """
    begun_runs = []

    def evolve(job):
        directions = read_search(job.search).directions
        begun_runs.append((job.seed, sorted(directions), job.generations))
        history = [
            {"generations": 0, "mean": 0.0},
            {"generations": job.generations, "mean": (job.seed + len(directions)) / 100},
        ]
        write_json(Path(job.out) / LOG, {"history": history})

    monkeypatch.setattr(planned_runs, "evolve", lambda job: Path(job.out).mkdir() or evolve(job))
    plan = {
        "seeds": [0, 1],
        "settings": {"generations": 7},
        "search": SEARCH,
        "variants": {"no load": {"search": {"directions": {"cost.load": None}}}},
    }
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    ablations = Ablations(str(tmp_path / "plan.json"), str(tmp_path / "out"))
    table = run_all(ablations)
    pair, one = ["admit.one*overload", "cost.load"], ["admit.one*overload"]
    assert begun_runs == [(0, pair, 7), (0, one, 7), (1, pair, 7), (1, one, 7)]
    assert table["metric"] == "served_value_fraction over tuned"
    rows = table["rows"]
    assert rows["base"]["best"]["mean"] == pytest.approx(0.025) and rows["base"]["untrained"] == 0.0
    assert rows["no load"]["last_minus_base"]["mean"] == pytest.approx(-0.01)
    assert run_all(ablations) == table and len(begun_runs) == 4


def test_a_base_may_be_a_file(tmp_path):
    recipe = {"hyperparameters": {"n_steps": 50, "batch_size": 50}}
    (tmp_path / "base.json").write_text(json.dumps(recipe | {"about": "to name it"}))
    by_name = read_plan(Path(plan_file(tmp_path / "by_name.json", recipe="base.json")))
    list_runs(by_name, tmp_path / "out")
    list_runs(
        read_plan(Path(plan_file(tmp_path / "in_place.json", recipe=recipe))), tmp_path / "out"
    )  # the same runs: about decides nothing
    fast = json.loads((tmp_path / "out" / "fast" / "recipe.json").read_text())
    assert fast == {"hyperparameters": {"n_steps": 50, "batch_size": 50, "learning_rate": 0.01}}
    with pytest.raises(ValueError, match="missing.json is missing"):
        read_plan(Path(plan_file(tmp_path / "bad.json", recipe="missing.json")))
    with pytest.raises(
        ValueError,
        match="plan.json is missing; give a file like agents/configs/recipes/ablations.json",
    ):
        read_plan(tmp_path / "plan.json")
    other = read_plan(
        Path(plan_file(tmp_path / "other.json", recipe={"hyperparameters": {"n_steps": 60}}))
    )
    with pytest.raises(ValueError, match="is of another plan; choose another --out"):
        list_runs(other, tmp_path / "out")


def test_the_plans_that_ship_are_read(tmp_path):
    for path in (RECIPES / "ablations.json", RECIPES / "search-ablations.json"):
        assert len(list_runs(read_plan(path), tmp_path / path.stem)) >= 12


BAD = [
    ({"search": SEARCH}, "base has a recipe"),
    (
        {"variants": {"x": {"search": {}}}},
        "x has a search, which the base has not: a plan is of runs of one kind",
    ),
    ({"seeds": [1, 1]}, r"seeds must be different numbers, at least one, got \[1, 1\]"),
    ({"variants": {"base": {}}}, "no variant may be called 'base'"),
    (
        {"variants": {"x": {"settings": {"colour": 1}}}},
        "x has the setting 'colour'; choose from algo, envs",
    ),
    (
        {"variants": {"x": {"recipe": {"colour": 1}}}},
        "has an unknown entry 'colour'; choose from hyperparameters",
    ),
    (
        {"variants": {"x": {"recipe": {"hyperparameters": {"colour": 1}}}}},
        "has an unknown entry 'colour' in hyperparameters",
    ),
    ({"extra": 1}, "must hold seeds and variants, and may hold about, recipe, search, settings"),
]


@pytest.mark.parametrize(("changes", "message"), BAD)
def test_bad_plans_are_refused_before_any_training(tmp_path, monkeypatch, changes, message):
    monkeypatch.setattr(planned_runs, "train", lambda settings: pytest.fail("trained"))
    with pytest.raises(ValueError, match=message):
        run_all(Ablations(plan_file(tmp_path / "plan.json", **changes), out=str(tmp_path / "out")))
