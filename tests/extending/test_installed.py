"""An installed package adds task classes and scenarios by entry points, without a line of ours."""

import json
from pathlib import Path

import pytest

from tests.helpers.fresh import output_of

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = """
from orbit_gym import TaskClass, register_model

register_model("ice_3b", 3e9)
ICE_CHART = TaskClass(
    origin="archive", model="ice_3b", slack_s=(60.0, 900.0), value=2.0, input_bits=1e8,
    result_bits=500.0, is_alert=True, vision_flop=1e13, source="assumption: of this test",
)
ICE_TINY = {"extends": "Tiny", "workload": {"script": [], "mix": {"ice_chart": 1.0}}}


def make_late():
    return {**ICE_TINY, "episode_s": 300.0}
"""
ENTRY_POINTS = """
[orbit_gym.task_classes]
eo_scene = ice_lab:ICE_CHART
ice_chart = ice_lab:ICE_CHART

[orbit_gym.scenarios]
IceTiny = ice_lab:ICE_TINY
LateIce = ice_lab:make_late
Broken = ice_lab:NOWHERE
Ring12 = ice_lab:ICE_TINY
Wrong = ice_lab:make_late.__name__.__len__
"""
PLAY = """
import json, sys, warnings
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    import orbit_gym
    at_import = len(caught), "ice_lab" in sys.modules
    ring = orbit_gym.load_scenario("Ring12").workload.mix
    import gymnasium as gym
    env = gym.make("OrbitGym/Tiny-v0", scenario="IceTiny")
    env.reset(seed=3)
    rewards = [env.step(int(env.unwrapped.action_masks().argmax()))[1] for _ in range(5)]
    late = orbit_gym.load_scenario("LateIce").episode_s
    names = orbit_gym.scenario_names()
print(json.dumps({
    "at_import": at_import, "value": sum(rewards), "late": late, "names": names,
    "mix": sorted(ring), "warnings": [str(item.message) for item in caught],
}))
"""


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """What a process sees in which the package is installed."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "ice_lab.py").write_text(PACKAGE)
    dist_info = folder / "ice_lab-1.0.dist-info"
    dist_info.mkdir()
    (dist_info / "METADATA").write_text("Metadata-Version: 2.1\nName: ice_lab\nVersion: 1.0\n")
    (dist_info / "entry_points.txt").write_text(ENTRY_POINTS)
    text = output_of(PLAY, ROOT, PYTHONPATH=str(folder))
    return json.loads(text.splitlines()[-1])


def test_importing_orbit_gym_imports_no_plug_in(outcome: dict) -> None:
    assert outcome["at_import"] == [0, False]


def test_its_scenarios_are_played_by_name(outcome: dict) -> None:
    assert outcome["value"] == 10.0 and outcome["late"] == 300.0
    assert {"IceTiny", "LateIce"} < set(outcome["names"])


def test_names_of_ours_stay_ours(outcome: dict) -> None:
    assert "eo_scene" in outcome["mix"] and "ice_chart" not in outcome["mix"]
    assert outcome["names"].count("Ring12") == 1


def test_each_broken_one_is_named_once(outcome: dict) -> None:
    messages = [text for text in outcome["warnings"] if text.startswith("plug-in")]
    assert [text.split(" is left out: ")[0] for text in messages] == [
        "plug-in 'eo_scene' of package ice_lab (orbit_gym.task_classes: ice_lab:ICE_CHART)",
        "plug-in 'Broken' of package ice_lab (orbit_gym.scenarios: ice_lab:NOWHERE)",
        "plug-in 'Ring12' of package ice_lab (orbit_gym.scenarios: ice_lab:ICE_TINY)",
        "plug-in 'Wrong' of package ice_lab "
        "(orbit_gym.scenarios: ice_lab:make_late.__name__.__len__)",
    ]
    assert "AttributeError: module 'ice_lab' has no attribute 'NOWHERE'" in messages[1]
    assert "there is a scenario 'Ring12' already; choose another name" in messages[2]
    assert "a scenario must be a path ending in .toml, a dict, a Scenario or a fun" in messages[3]
