"""Rows of the comparison: named, played once, resumed, refused where unknown."""

import pytest

from agents.evaluate import Evaluation
from agents.studies import suite as module
from agents.studies.suite import CASES, Suite, play_suite, print_suite
from orbit_gym.scenario.loading import load_scenario

SCORES = {"eft": [0.5, 0.6], "eft_admit": [0.52, 0.64]}


@pytest.fixture
def calls(monkeypatch, tmp_path):
    """Evaluations asked for; each returns and writes the same results."""
    suite: list[Evaluation] = []

    def evaluate(evaluation):
        suite.append(evaluation)
        seeds = list(range(evaluation.first_seed, evaluation.first_seed + evaluation.seeds))
        policies = {
            name: {module.HEADLINE: {"episodes": values, "mean": sum(values) / 2}}
            for name, values in SCORES.items()
        }
        results = {
            "seeds": seeds,
            "split": evaluation.split,
            "overrides": evaluation.overrides,
            "policies": policies,
        }
        (tmp_path / "rows" / evaluation.out.rsplit("/")[-1]).mkdir(parents=True, exist_ok=True)
        module.write_json(
            tmp_path / "rows" / evaluation.out.rsplit("/")[-1] / module.RESULTS, results
        )
        return results

    monkeypatch.setattr(module, "evaluate", evaluate)
    return suite


def suite(tmp_path, **changes) -> Suite:
    options = {
        "policies": ("eft", "eft_admit"),
        "gain": "eft_admit",
        "baseline": "eft",
        "seeds": 2,
        "out": str(tmp_path / "rows"),
    }
    return Suite(**(options | {"cases": ("Ring12-1.3", "faults-1")} | changes))


def test_every_row_is_a_scenario_of_the_catalogue() -> None:
    assert len(CASES) == len({case.name for case in CASES}) == 16
    for scenario, load in CASES:
        assert load_scenario(scenario, {"workload.load": load}).workload.load == load


def test_rows_are_played_once_and_compared_in_pairs(calls, tmp_path, capsys) -> None:
    summary = play_suite(suite(tmp_path))
    assert [(call.scenario, call.overrides) for call in calls] == [
        ("Ring12", {"workload.load": 1.3}),
        ("faults", {"workload.load": 1.0}),
    ]
    assert summary["Ring12-1.3"]["gain"]["mean"] == pytest.approx(0.03)
    assert play_suite(suite(tmp_path)) == summary and len(calls) == 2  # read, not played
    play_suite(suite(tmp_path, seeds=2, first_seed=7, cases=("Ring12-1.3",)))
    assert len(calls) == 3  # other episodes are
    print_suite(suite(tmp_path), summary)
    text = capsys.readouterr().out
    assert "Ring12-1.3" in text and "yes" in text and "+0.030" in text


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cases": ("Ring13-1",)}, "unknown case 'Ring13-1'; choose from ThreeBody12-0.8"),
        ({"gain": "rollout"}, "--gain rollout is not among --policies eft eft_admit"),
    ],
)
def test_bad_input_is_refused(tmp_path, changes, message) -> None:
    with pytest.raises(ValueError, match=message):
        play_suite(suite(tmp_path, **changes))
