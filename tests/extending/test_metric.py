"""A metric is one entry: an episode has it, and every list of metrics shows it."""

import json

from tests.helpers.edited import printed_with_edits

FIRST = """    Metric(
        "n_late","""
ADDED = (
    """    Metric(
        "longest_wait_s",
        "longest wait s",
        "longest time from release to start of service",
        "seconds",
        False,
        EVERYWHERE,
        compute=lambda tasks: float(
            (tasks.plans["start_s"] - tasks.tasks["release_s"])[
                tasks.outcomes != TaskOutcome.REJECTED
            ].max(initial=0.0)
        ),
    ),
"""
    + FIRST
)
PLAY = """
import gymnasium as gym, json
import orbit_gym
from agents.report.formatting import COLUMNS
from agents.report.tables import PRINTED_METRICS
from agents.training.tensorboard import scheduler_scalars
from orbit_gym.views.describe.docs_tables import RESULT_COLUMNS
env = gym.make("OrbitGym/Tiny-v0")
env.reset(seed=1)
waits_s, truncated = [], False
while not truncated:
    simulation = env.unwrapped.simulation
    plan, release_s = env.unwrapped.plan(0), simulation.time_s
    *_, truncated, info = env.step(0)
    if plan.exists:
        waits_s.append(plan.start_s - release_s)
metrics = info["episode_metrics"]
print(json.dumps({
    "value": metrics["longest_wait_s"], "waits_s": waits_s,
    "report": [column.heading for column in COLUMNS if column.name == "longest_wait_s"],
    "terminal": "longest_wait_s" in PRINTED_METRICS, "docs": "longest_wait_s" in RESULT_COLUMNS,
    "tensorboard": scheduler_scalars([metrics, metrics]).get("longest_wait_s"),
}))
"""


def test_a_metric_is_one_entry() -> None:
    edits = {"orbit_gym/simulation/metric_table.py": [(FIRST, ADDED)]}
    results = json.loads(printed_with_edits(edits, PLAY))
    assert len(results["waits_s"]) > 2
    assert results["value"] == results["tensorboard"] == max(results["waits_s"]) > 0.0
    assert results["report"] == ["longest wait s"] and results["terminal"] and results["docs"]
