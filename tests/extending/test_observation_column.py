"""An observation column is one Field and one line of the encoder; shipped weights are widened by a
command and decide as before.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.edited import ROOT, edited_copy
from tests.helpers.fresh import output_of

ADDED = {
    "orbit_gym/observation.py": [
        (
            '    Field("nodes", "charge", ',
            '    Field("nodes", "capacity", Linear(per=1e6, unit="J"), "battery capacity"),\n'
            '    Field("nodes", "charge", ',
        )
    ],
    "orbit_gym/kernels/observation_encoder.py": [
        (
            "    usable_j = max(",
            "    out[NODE_COLUMNS.capacity] = min(accelerator.capacity_j / 1e6, 1.0)\n"
            "    usable_j = max(",
        )
    ],
}
PLAY = """
import json
from agents.envs.episode_runner import play
from agents.envs.problem import Problem
from agents.evaluation.load_policy import load_policy, parse
from orbit_gym.observation import COLUMNS, decode
envs = Problem("Tiny", "validation").make_envs(1)
policy = load_policy(parse("pretrained:default"), envs)
metrics = play(envs, policy, range(3))
observation, _ = envs.reset(seed=[0])
column = COLUMNS["nodes"].get("capacity")
capacity = [] if column is None else observation["nodes"][0, :, column].tolist()
print(json.dumps({"metrics": metrics, "capacity": capacity}))
"""


@pytest.mark.slow
def test_a_column_is_added_and_shipped_weights_decide_as_before(tmp_path: Path) -> None:
    """Three episodes of Tiny, all metrics, exactly; kernels are compiled anew in the copy."""
    folder = edited_copy(tmp_path, ADDED, ("orbit_gym", "agents"))
    with pytest.raises(subprocess.CalledProcessError) as failure:
        output_of(PLAY, folder)
    assert "agents.training.widen" in failure.value.stderr
    done = subprocess.run(
        [sys.executable, "-m", "agents.training.widen"], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 0 and done.stdout.startswith("widened CrossPlane12"), done.stderr
    wide, narrow = json.loads(output_of(PLAY, folder)), json.loads(output_of(PLAY, ROOT))
    assert wide["metrics"] == narrow["metrics"]
    assert narrow["capacity"] == [] and max(wide["capacity"]) > 0.0
