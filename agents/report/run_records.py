"""Where results come from: the whole scenario, versions and revision, and the runs behind trained
policies.
"""

from pathlib import Path
from typing import Any

from agents.envs.problem import Problem, scenario_of
from agents.utils.checkpoints import CONFIG, LAST, load_checkpoint, read_json
from agents.utils.provenance import versions
from orbit_gym.scenario.loading import scenario_to_dict


def about(problem: Problem) -> dict[str, Any]:
    """Return the scenario, the versions it ran on, and the revision of this checkout.

    The scenario with every field.
    """
    scenario_object = scenario_of(problem.make_envs(1))
    return {
        "scenario": None if scenario_object is None else scenario_to_dict(scenario_object),
        **versions(),
    }


def run_record(run: Path) -> dict[str, Any]:
    """Configuration and validation history of a run; what is not there is left out."""
    record: dict[str, Any] = {}
    if (run / CONFIG).is_file():
        record["config"] = read_json(run / CONFIG)
    if (run / LAST).is_file():
        record["history"] = load_checkpoint(run / LAST)["history"]
    return record
