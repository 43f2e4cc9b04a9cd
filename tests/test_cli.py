"""Commands print what they promise; mistakes are one line and exit code 2."""

import sys
from pathlib import Path

import pytest

from orbit_gym import cli
from orbit_gym.scenario.loading import load_scenario, scenario_names
from orbit_gym.views.describe import overview
from orbit_gym.workload.day_cache import get_arrivals
from orbit_gym.workload.load_accounting import energy_duty_cycle
from tests.helpers.playing_logs import recorded


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["orbit-gym", *arguments])
    try:
        cli.main()
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def test_list_names_every_scenario(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "list") == 0
    output = capsys.readouterr().out
    assert all(name in output for name in scenario_names()) and "OrbitGym/ThreeBody12-v0" in output


@pytest.mark.parametrize("name", scenario_names())
def test_describe_names_stations_and_classes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert run(monkeypatch, "describe", "--no-graph", "--scenario", name) == 0
    output = " ".join(capsys.readouterr().out.split())
    scenario = load_scenario(name)
    expected = [
        name,
        scenario.description,
        *(station.name for station in scenario.stations),
        *(centre.name for centre in scenario.datacentres),
    ]
    expected += [key for key, share in scenario.workload.mix.items() if share > 0.0]
    assert [text for text in expected if text not in output] == []


def test_describe_shows_unequal_nodes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "describe", "--no-graph", "--scenario", "ThreeBody12-unequal") == 0
    assert "5 x 744, 7 x 183 TOPS" in capsys.readouterr().out


def test_describe_shows_the_graph(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Tiny by hand: 3 satellites, station, datacentre and user.

    A string of 3 has 2 links, so 4 directions; fibre both ways.
    """
    assert run(monkeypatch, "describe", "--scenario", "Tiny") == 0
    output = " ".join(capsys.readouterr().out.split())
    assert (
        "6 nodes, 18 edges (4 laser, 3 downlink, 3 uplink, 3 user up, 3 user down, 2 fibre)"
        in output
    )


def test_describe_prints_load_by_time_and_by_energy(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Load 1 is by energy.

    By time it is the sum of the duties over twelve satellites, in the World's own figures.
    """
    assert run(monkeypatch, "describe", "--scenario", "Ring12") == 0
    output = " ".join(capsys.readouterr().out.split())
    ring = load_scenario("Ring12")
    duties = energy_duty_cycle(get_arrivals(ring, 1).world)
    assert f"load {duties.sum() / 12:.2f} by time, 1.00 by energy" in output
    assert f"capacity 12.00 node-seconds a second by time, {duties.sum():.2f} by energy" in output
    for name, load in get_arrivals(ring, 1).class_loads(ring.workload).items():
        assert f"{name} {load.node_s:.3g} {load.feasible_fraction:.0%}" in output
    assert f"all {duties.sum() / 12:.3f} 1.000" in output


# Computed with Skyfield or SGP4 for 2025-08-03 (tests/views/describe/test_derived_quantities.py
# compares each figure with its authority).
FOLLOWS = {
    "ThreeBody12": [
        "day 1 (2025-08-03",
        "36.8% of an orbit",
        "connected components 2.01 (2 to 5)",
        "7.99 (4 to 8) of 12",
        "Miyun 3.0 (2 to 4) 18.1",
    ],
    "Ring12": [
        "36.9% of an orbit",
        "connected components 1 (always)",
        "12 (always) of 12",
        "link events 0 (laser links that come up",
        "227 min (15.8%)",
    ],
    "Tiny": [
        "36.4% of an orbit",
        "Malindi 14.0 (14 to 14)",
        "a site sees a satellite 10.4% of the time",
    ],
}


@pytest.mark.parametrize("name", FOLLOWS)
def test_describe_prints_what_follows(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """By position; no line beyond 100 columns or with blanks at its end."""
    assert run(monkeypatch, "describe", name) == 0
    lines = capsys.readouterr().out.splitlines()
    output = " ".join(" ".join(lines).split())
    assert [text for text in FOLLOWS[name] if text not in output] == []
    assert [line for line in lines if len(line) > 100 or line != line.rstrip()] == []


@pytest.mark.parametrize(
    ("toml", "output"),
    [
        (
            "[faults]\nenabled = true",
            "faults resets every 20 days and node, laser links up 99.0% candidates",
        ),
        (
            "[faults]\nenabled = true\nreset_mean_s = 0.0\nlink_up_fraction = 1.0",
            "faults on, but each kind is off candidates",
        ),
        ("", "faults off candidates"),
    ],
)
def test_describe_says_what_may_fail(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    toml: str,
    output: str,
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(f'extends = "Tiny"\n{toml}\n')
    assert run(monkeypatch, "describe", str(path), "--no-graph") == 0
    assert output in " ".join(capsys.readouterr().out.split())


def test_describe_without_a_name_is_the_default(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "describe", "--no-graph") == 0
    assert capsys.readouterr().out.startswith("ThreeBody12: ")


BARE = """
[[constellation.shells]]
inclination_deg = 0.0
altitude_m = 600e3
planes = 1
per_plane = 2
[lasers]
terminals = 0
[alerts]
enabled = false
[workload.mix]
bulk_reprocessing = 1.0
"""


def test_describe_a_scenario_with_nothing_on_the_ground(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Without graph it can be printed; with it, no task can be delivered, which is said."""
    path = tmp_path / "bare.toml"
    path.write_text(BARE)
    assert run(monkeypatch, "describe", str(path), "--no-graph") == 0
    output = " ".join(capsys.readouterr().out.split())
    assert (
        "lasers none datacentres none users none alerts none" in output and "Stations" not in output
    )
    assert run(monkeypatch, "describe", str(path)) == 2
    assert capsys.readouterr().err.startswith(
        "error: no task of workload.mix is feasible on this constellation"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("Rng12",), "unknown scenario 'Rng12'; did you mean 'Ring12'? choose from "),
        (("Ring12", "--scenario", "Tiny"), "name one scenario, 'Ring12' or --scenario 'Tiny'"),
        (("nowhere/mine.toml",), "scenario file 'nowhere/mine.toml' does not exist"),
    ],
)
def test_a_wrong_name_is_one_line(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    message: str,
) -> None:
    assert run(monkeypatch, "describe", *arguments) == 2
    output = capsys.readouterr()
    assert (
        output.out == ""
        and output.err.startswith(f"error: {message}")
        and output.err.count("\n") == 1
    )


def test_a_terminal_gets_its_own_width(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Sixty columns: the same words, in more lines."""
    assert run(monkeypatch, "describe", "Tiny", "--no-graph") == 0
    piped = capsys.readouterr().out
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "60")
    assert run(monkeypatch, "describe", "Tiny", "--no-graph") == 0
    wide = capsys.readouterr().out
    assert len(wide.splitlines()) > len(piped.splitlines()) and "look-ahead" in wide


def test_a_users_mistake_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('extends = "Ring12"\nworklod = 1\n')
    assert run(monkeypatch, "describe", "--scenario", str(path)) == 2
    output = capsys.readouterr()
    assert output.out == "" and output.err.count("\n") == 1
    assert output.err.startswith(
        "error: mine.toml: unknown key 'worklod' in scenario; did you mean 'workload'?"
    )


def test_a_mistake_of_ours_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError):
        cli.fail_cleanly(lambda: 1 // 0)


def test_interrupt_ends_quietly(capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(SystemExit, match="130"):
        cli.fail_cleanly(interrupted)
    assert capsys.readouterr().err == "stopped\n"


def test_replay_writes_a_page_and_czml(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    log = str(recorded("Tiny").path)
    out, czml = tmp_path / "replay.html", tmp_path / "tiny.czml"
    assert run(monkeypatch, "replay", log, "--out", str(out), "--czml", str(czml)) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"wrote {path} ({path.stat().st_size / 1e6:.2f} MB)" for path in (out, czml)
    ]
    assert out.read_text().startswith("<!doctype html>") and czml.read_text().startswith(
        '[{"id":"document"'
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nowhere.log",), "episode log 'nowhere.log' does not exist"),
        (("LOG", "LOG", "--czml", "x.czml"), "--czml takes one episode log, got 2"),
        (("LOG", "LOG", "LOG"), "a replay shows one episode log, or two side by side; got 3"),
        (("LOG", "--out", "FOLDER"), "cannot write FOLDER: it is a folder; name a file"),
        (("LOG", "--czml", "FOLDER"), "cannot write FOLDER: it is a folder; name a file"),
        (
            ("LOG", "OTHER"),
            "side by side needs two logs of the same episode, but seed is 3 in one and 4 in the "
            "other",
        ),
    ],
)
def test_replay_of_what_cannot_be_shown_is_one_line(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    arguments: tuple[str, ...],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    paths = {
        "LOG": str(recorded("Tiny").path),
        "OTHER": str(recorded("Tiny", seed=4).path),
        "FOLDER": str(tmp_path),
    }
    assert run(monkeypatch, "replay", *(paths.get(word, word) for word in arguments)) == 2
    assert (
        capsys.readouterr().err == f"error: {message.replace('FOLDER', str(tmp_path))}\n"
        and not list(tmp_path.iterdir())
    )


def test_sizes_read_well() -> None:
    assert [overview.bits_text(bits) for bits in (12.8e9, 8e6, 1e3, 10.0)] == [
        "12.8 Gbit",
        "8 Mbit",
        "1 kbit",
        "10 bit",
    ]
