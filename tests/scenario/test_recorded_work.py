"""Recorded work in a scenario: paths, episodes, what is told about it and what is refused."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from orbit_gym.env import OrbitEnv
from orbit_gym.scenario.loading import load_scenario, scenario_to_dict
from orbit_gym.scenario.scenario import RequestTrace, Scenario, TaskFile, Workload
from orbit_gym.views.describe.offered_loads import measure_loads
from orbit_gym.views.describe.overview import typed_rows
from orbit_gym.workload.day_cache import get_arrivals
from tests.helpers.recordings import minute_file


@pytest.fixture
def minute(tmp_path: Path) -> str:
    return str(minute_file(tmp_path))


TEXT = """
extends = "Tiny"
[workload]
script = []
[[workload.traces]]
file = "data/minute.csv"
form = "azure"
rate_scale = 0.5
"""


@pytest.fixture
def scenario_file(tmp_path: Path, minute: str) -> Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "minute.csv").write_text(Path(minute).read_text())
    path = tmp_path / "mine.toml"
    path.write_text(TEXT)
    return path


def test_files_are_relative_to_the_scenario_that_names_them(
    scenario_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")
    scenario = load_scenario(scenario_file)
    assert scenario.workload.traces[0].rows().times_s.size == 3 and not scenario.workload.has_mix
    assert load_scenario(scenario_to_dict(scenario)) == scenario
    child = scenario_file.parent / "data" / "child.toml"
    child.write_text('extends = "../mine.toml"\n')
    assert load_scenario(child).workload.traces == scenario.workload.traces


def test_an_episode_of_a_trace_alone(scenario_file: Path) -> None:
    """No mix, so no load.

    The same seed gives the same tasks, bit for bit, and another one others.
    """
    env = OrbitEnv(str(scenario_file))
    task_bytes = []
    for seed in (1, 1, 2):
        env.reset(seed=seed, options={"start_s": 0.0, "day": 1})
        task_bytes.append(env.simulation.episode.tasks.tobytes())
    assert task_bytes[0] == task_bytes[1] != task_bytes[2] and len(task_bytes[0]) > 0
    with pytest.raises(ValueError, match="a workload without a mix has no load"):
        measure_loads(get_arrivals(env.scenario, 1), env.scenario.workload)


def test_recordings_leave_the_mix_as_it_was(minute: str) -> None:
    """Beside a mix, a trace adds tasks and takes none away."""
    mix_work = Workload(mix={"bulk_reprocessing": 1.0}, slack_scale={"bulk_reprocessing": 0.25})
    mix_and_trace = dataclasses.replace(mix_work, traces=(RequestTrace(file=minute, form="azure"),))
    scenario = dataclasses.replace(load_scenario("Tiny"), workload=mix_work)
    of_mix, of_both = (
        get_arrivals(scenario, 1)
        .sample_episode(work, scenario.faults, 0.0, np.random.default_rng(5))
        .tasks
        for work in (mix_work, mix_and_trace)
    )
    mix_part = of_both[of_both["one_lane"] == 0]
    assert (of_both["one_lane"] == 1).sum() > 0
    n_common = min(mix_part.size, of_mix.size) - 1
    assert n_common > 5 and mix_part[:n_common].tobytes() == of_mix[:n_common].tobytes()


def test_describe_tells_files_rows_and_skipped_lines(scenario_file: Path) -> None:
    assert typed_rows(load_scenario(scenario_file))["load"] == "none: no mix, recorded work alone"
    path = scenario_file.parent / "data" / "minute.csv"
    path.write_text(path.read_text() + "spoilt\n")
    with pytest.raises(ValueError, match=r"minute\.csv, line 5: 'spoilt' has 1 values, expected 3"):
        load_scenario(scenario_file)
    scenario_file.write_text(TEXT + "strict = false\n")
    assert (
        typed_rows(load_scenario(scenario_file))["recordings"]
        == f"{path} (3 rows, 1 line skipped; rate x 0.5, time x 1)"
    )


MISTAKES = [
    (
        "script = []",
        "",
        r"workload\.script stands alone: give no traces, events or task_files beside it",
    ),
    ("data/minute", "data/hour", r"workload\.traces\[0\]: file '.*hour\.csv' does not exist"),
    (
        'form = "azure"',
        "",
        r"workload\.traces\[0\] has no form; type form = \"azure\" or form = \"mooncake\"",
    ),
    (
        "rate_scale = 0.5",
        "rate_scal = 0.5",
        r"unknown key 'rate_scal' in workload\.traces\[0\]; did you mean 'rate_scale'\?",
    ),
]


@pytest.mark.parametrize(("old", "new", "message"), MISTAKES)
def test_a_wrong_scenario_is_refused(scenario_file: Path, old: str, new: str, message: str) -> None:
    scenario_file.write_text(TEXT.replace(old, new))
    with pytest.raises(ValueError, match=message):
        load_scenario(scenario_file)


def test_the_look_ahead_covers_recorded_slacks(minute: str, tmp_path: Path) -> None:
    tiny = load_scenario("Tiny")

    def scenario(**fields) -> Scenario:
        return dataclasses.replace(tiny, look_ahead_s=100.0, workload=Workload(**fields))

    with pytest.raises(
        ValueError,
        match=r"look_ahead_s must be at least the largest slack, 120 s of language_request; "
        r"got 100",
    ):
        scenario(traces=(RequestTrace(file=minute, form="azure"),))
    path = tmp_path / "tasks.csv"
    path.write_text("release_s,origin,task_class,slack_s\n1,Kisumu,language_request,80\n")
    assert scenario(task_files=(TaskFile(file=str(path)),)).look_ahead_s == 100.0
    path.write_text("release_s,origin,task_class,slack_s\n1,Kisumu,language_request,800\n")
    with pytest.raises(ValueError, match=r"the largest slack, 800 s of language_request; got 100"):
        scenario(task_files=(TaskFile(file=str(path)),))


def test_an_unknown_origin_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "tasks.csv"
    path.write_text("release_s,origin,task_class\n1,Kisumu,drone_query\n2,Paris,drone_query\n")
    scenario = dataclasses.replace(
        load_scenario("Tiny"),
        episode_s=601.0,
        workload=Workload(task_files=(TaskFile(file=str(path)),)),
    )
    with pytest.raises(
        ValueError,
        match=r"tasks\.csv, line 3, names an unknown origin 'Paris'; choose from P01S01, "
        r"P01S02, P01S03, Kisumu",
    ):
        get_arrivals(scenario, 1)
