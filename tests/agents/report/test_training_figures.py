"""The picture of training has a panel for each metric of the table that a run has logged."""

from pathlib import Path

import numpy as np

from agents.report.figure_style import styled
from agents.report.results import Results
from agents.report.training_figures import training
from agents.utils.tensorboard_tags import DECISION_SCALARS
from orbit_gym.simulation.metric_table import METRICS

STEPS = np.array([0, 1_000])


def test_panels_are_the_metrics_that_were_logged() -> None:
    curves = {
        "validation/served_value_fraction": (STEPS, np.array([0.5, 0.6])),
        "validation/mean_charge_fraction": (STEPS, np.array([0.8, 0.7])),
        "validation/revoked_share": (STEPS, np.zeros(2)),  # 0 throughout, as without faults
        "validation/nobody_knows": (STEPS, np.ones(2)),
        "scheduler/charge_fraction": (STEPS, np.array([0.9, 0.9])),
    }
    results = Results(Path(), {"policies": {}, "labels": {"runs/a": "a"}}, None, "")
    with styled():
        picture = training(results, {"runs/a": curves})
    assert picture.alt == "Panels against training decisions: served value, charge %."


def test_scalars_of_decisions_belong_to_metrics_of_the_table() -> None:
    assert set(DECISION_SCALARS.values()) <= {metric.name for metric in METRICS}
