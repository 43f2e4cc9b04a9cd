"""docs/guides/workloads.md: its examples are played, its tables agree with the code."""

import re
from pathlib import Path

import numpy as np
import pytest

from orbit_gym.scenario.loading import load_scenario
from orbit_gym.scenario.readers.events import FORMS
from orbit_gym.scenario.readers.task_files import OPTIONAL
from orbit_gym.scenario.recorded_work import Recording
from orbit_gym.scenario.task_classes import TASK_CLASSES
from orbit_gym.workload.day_cache import get_arrivals
from tests.helpers.pages import DOCS

TEXT = (DOCS / "guides" / "workloads.md").read_text(encoding="utf-8")
FILES = {
    "requests.csv": "TIMESTAMP,ContextTokens,GeneratedTokens\n"
    + "".join(
        f"2023-11-16 18:{minute:02d}:00,{100 + minute},{minute + 1}\n" for minute in range(60)
    ),
    "fires.csv": "acq_utc,lat,lon,frp_MW\n"
    + "".join(f"2018-05-23T{hour:02d}:00:00Z,{2 * hour},110,20\n" for hour in range(24)),
    "quakes.csv": "time_utc,lat,lon,mag\n"
    + "".join(f"2018-02-0{1 + day}T00:00:00Z,{10 * day},140,{4 + day}\n" for day in range(6)),
}


def example(name: str) -> str:
    match = re.search(rf"<!-- example:{name} -->\n```\w+\n(.*?)```", TEXT, re.DOTALL)
    assert match, f"docs/guides/workloads.md has no example {name}"
    return match[1]


@pytest.mark.parametrize("name", ["traces", "events", "tasks"])
def test_examples_release_recorded_tasks(tmp_path: Path, name: str) -> None:
    """Each is typed into a file beside its data and played over most of a day."""
    for file, text in (FILES | {"tasks.csv": example("rows")}).items():
        (tmp_path / file).write_text(text, encoding="utf-8")
    path = tmp_path / "mine.toml"
    path.write_text(example(name), encoding="utf-8")
    work = load_scenario(path).workload
    tasks = get_arrivals(load_scenario(path), 1).trace_replay.tasks(
        work, 0.0, 80_000.0, np.random.default_rng(1)
    )
    names = {list(TASK_CLASSES)[index] for index in tasks["task_class"]}
    expected = {
        "traces": {"language_request"},
        "events": {"wildfire_alert", "emergency_mapping"},
        "tasks": {"eo_scene", "language_request", "wildfire_alert"},
    }
    assert names == expected[name]
    if name == "tasks":
        assert (
            tasks["release_s"].tolist() == [10.0, 150.5, 200.0]
            and tasks["decode_tokens"][1] == 60.0
        )
    if (
        name == "traces"
    ):  # 0.05 a minute over 80,000 s would be 67 requests if some user always saw a satellite
        assert 10 <= tasks.size <= 100


def test_tables_name_what_the_code_knows() -> None:
    for form in FORMS:
        assert f"| `{form.columns}`" in TEXT
    assert f"`{','.join(OPTIONAL)}`" in TEXT
    for name in Recording.__dataclass_fields__:
        assert f"| `{name}` |" in TEXT
    for name, kind in TASK_CLASSES.items():
        shape = kind.burstiness
        if shape.cluster_mean > 1.0:
            assert (
                f"| `{name}` | MODIS fires on one pass, in granules of 100 km | "
                f"{shape.cluster_mean:g} in the mean, " in TEXT
            )
        elif shape.rest_factor > 1e-9 and shape.busy_factor > 1.0:
            assert (
                f"{shape.busy_factor:.2f} of the mean for {shape.busy_fraction:.0%}".replace(
                    "%", " %"
                )
                in TEXT
            )
            assert f"{shape.rest_factor:.3f} else; memory {shape.memory_s:g} s |" in TEXT
        elif shape.busy_factor > 1.0:
            assert (
                f"on {100.0 * shape.busy_fraction:g} % of the time, off else; memory "
                f"{shape.memory_s:g} s |" in TEXT
            )
