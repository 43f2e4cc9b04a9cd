"""Logs of an evaluation: as scored, also where actions are drawn.

Refused where they cannot be written.
"""

import json
from pathlib import Path

import pytest

from agents.evaluate import Evaluation, evaluate
from orbit_gym.views.episode_log import read_log
from tests.helpers.fake_env import ENV_ID


def test_recorded_episodes_are_the_scored_ones(tmp_path: Path) -> None:
    """Tiny, 12 episodes in groups of 10 and 2: logs of the first 11 seeds.

    `random` draws for all episodes of a group at once.
    """
    names = ("eft", "random")
    evaluate(
        Evaluation(
            policies=names, scenario="Tiny", seeds=12, out=str(tmp_path), processes=1, record=11
        )
    )
    results = json.loads((tmp_path / "results.json").read_text())
    files = sorted((tmp_path / "episodes").iterdir())
    assert len(files) == 22
    for path in files:
        header = read_log(path).header
        place = results["seeds"].index(header["seed"])
        summary = results["policies"][header["policy"]]
        assert place < 11 and header["split"] == "test"
        for metric in ("served_value_fraction", "energy_j", "n_rejected"):
            assert header["metrics"][metric] == summary[metric]["episodes"][place], (
                path.name,
                metric,
            )


def test_without_record_nothing_is_written(tmp_path: Path) -> None:
    evaluate(
        Evaluation(policies=("eft",), scenario="Tiny", seeds=1, out=str(tmp_path), processes=1)
    )
    assert not (tmp_path / "episodes").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"record": -1}, "--record must be at least 0, got -1"),
        ({"record": 2}, "--record 2 asks for logs of more episodes than --seeds 1 plays"),
        (
            {"scenario": "CartPole-v1"},
            "'CartPole-v1' cannot be scored here, it does not take the options",
        ),
        (
            {"record": 1, "scenario": ENV_ID},
            "--record writes logs of OrbitGym's own environments only, and '.*' is a FakeEnv",
        ),
    ],
)
def test_bad_input_is_refused_before_any_work(tmp_path: Path, changes: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        evaluate(
            Evaluation(
                **{
                    "policies": ("eft",),
                    "scenario": "Tiny",
                    "seeds": 1,
                    "out": str(tmp_path),
                    **changes,
                }
            )
        )
    assert not list(tmp_path.iterdir())
