"""Scalars for schedulers: by hand, and in the logs of a short run."""

import numpy as np
import pytest

from agents.report.training_figures import read_scalars
from agents.training.config import TrainingConfig
from agents.training.tensorboard import (
    DECISION_STATS,
    decision_scalars,
    decision_stats,
    scheduler_scalars,
)
from agents.training.train import train
from orbit_gym.observation import COLUMNS
from tests.helpers.fake_env import ENV_ID

TASK, NODE = COLUMNS["task"], COLUMNS["nodes"]


def test_scalars_of_episodes_by_hand() -> None:
    episodes = [
        {
            "served_value_fraction": 0.5,
            "n_released": 10.0,
            "n_late": 1.0,
            "n_rejected": 4.0,
            "n_delivered": 5.0,
            "a.n_released": 2.0,
        },
        {
            "served_value_fraction": 0.7,
            "n_released": 30.0,
            "n_late": 3.0,
            "n_rejected": 8.0,
            "n_delivered": 19.0,
        },
    ]
    episodes[0]["a.n_delivered"] = 1.0
    scalars = scheduler_scalars(episodes)
    assert scalars == pytest.approx(
        {
            "served_value_fraction": 0.6,
            "late_share": 0.1,
            "rejected_share": 0.3,
            "in_time_share": 0.6,
            "on_time/a": 0.5,
        }
    )


def test_scalars_of_decisions_by_hand() -> None:
    """Three decisions over two satellites and an absent row: in time, late, rejected."""
    observation = {"task": np.zeros((3, len(TASK))), "nodes": np.zeros((3, 3, len(NODE)))}
    observation["task"][:, TASK["value"]] = [0.2, 0.1, 0.1]  # value / 10
    for name in ("present", "is_satellite", "plan_exists"):
        observation["nodes"][:, :2, NODE[name]] = 1.0
    observation["nodes"][:, :2, NODE["charge"]] = [0.8, 0.6]
    observation["nodes"][:, 2, NODE["charge"]] = 9.0  # not present: does not count
    observation["nodes"][:, :2, NODE["lanes_busy"]] = [1.0, 0.0]
    observation["nodes"][0, 0, NODE["plan_on_time"]] = 1.0
    decisions = decision_stats(observation, np.array([0, 1, 3]))
    assert decisions[:, DECISION_STATS.index("rejected")].tolist() == [0.0, 0.0, 1.0] and decisions[
        :, DECISION_STATS.index("late")
    ].tolist() == [0.0, 1.0, 0.0]
    assert decision_scalars(decisions) == pytest.approx(
        {
            "value_in_time_share": 0.5,
            "rejected_share": 1 / 3,
            "late_share": 1 / 3,
            "lanes_busy_share": 0.5,
            "charge_fraction": 0.7,
        }
    )


def test_a_run_logs_them(tmp_path) -> None:
    out = train(
        TrainingConfig(
            scenario=ENV_ID,
            timesteps=2_000,
            envs=2,
            out=str(tmp_path / "run"),
            validations=2,
            validation_episodes=2,
        )
    )
    curves = read_scalars(out / "tensorboard")
    steps, values = curves["validation/served_value_fraction"]
    assert steps[0] == 0 and len(steps) >= 3 and ((values >= 0.0) & (values <= 1.0)).all()
    assert {
        "scheduler/value_in_time_share",
        "scheduler/rejected_share",
        "scheduler/charge_fraction",
    } <= set(curves)
