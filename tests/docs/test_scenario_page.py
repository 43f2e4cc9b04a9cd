"""The examples of docs/reference/scenario.md do what the page says."""

import re
from pathlib import Path

import gymnasium as gym

from orbit_gym.scenario.loading import load_scenario
from tests.helpers.fresh import output_of

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "reference" / "scenario.md").read_text(encoding="utf-8")


def example(name: str) -> str:
    match = re.search(rf"<!-- example:{name} -->\n```\w+\n(.*?)```", TEXT, re.DOTALL)
    assert match, f"docs/reference/scenario.md has no example {name}"
    return match[1]


def test_the_variant_is_what_its_overrides_make(tmp_path: Path) -> None:
    path = tmp_path / "Ring12.toml"
    path.write_text(example("variant"), encoding="utf-8")
    match = re.search(r"`overrides=(\{.*?\})`", TEXT)
    assert match
    ring = load_scenario("Ring12", eval(match[1]))
    variant = load_scenario(path)
    assert variant.stations == ring.stations != load_scenario("Ring12").stations
    assert [station.mask_deg for station in variant.stations].count(5.0) == 1


def test_the_package_is_played_under_its_id() -> None:
    code = example("register") + "\nenv.reset(seed=1); env.step(env.action_space.n - 1)"
    lines = "\nprint(env.unwrapped.scenario.workload.mix['ice_chart'], env.spec.id)"
    assert output_of(code + lines, ROOT).split() == ["0.1", "IceLab/IceRing-v0"]
    assert "IceLab/IceRing-v0" not in gym.registry  # it ran in a process of its own
