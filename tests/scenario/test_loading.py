"""Reading scenarios: the way there and back, extends, overrides, and what a typing mistake is
answered with.
"""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from orbit_gym.scenario.loading import (
    FOLDER,
    REGISTERED,
    VARIANTS,
    load_scenario,
    scenario_names,
    scenario_to_dict,
)
from orbit_gym.scenario.scenario import Satellite

TEXT = """
extends = "Ring12"
[workload]
load = 2
[workload.mix]
drone_query = 0.5
"""


def write(folder: Path, text: str, name: str = "mine.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_the_promised_names_are_there() -> None:
    assert set(REGISTERED) >= {
        "Tiny",
        "ThreeBody12",
        "ThreeBody12Drifted",
        "Ring12",
        "CrossPlane12",
        "Walker100",
        "StarCompute2800",
    }
    assert set(VARIANTS) >= {"tight-energy", "swap-heavy", "ThreeBody12-unequal"}
    assert set(scenario_names()) | {"base"} == {path.stem for path in FOLDER.glob("*.toml")}


@pytest.mark.parametrize("name", scenario_names())
def test_round_trip_through_json_is_exact(name: str) -> None:
    scenario = load_scenario(name)
    plain = json.loads(json.dumps(scenario_to_dict(scenario)))
    assert load_scenario(plain) == scenario
    assert scenario_to_dict(load_scenario(plain)) == plain
    assert load_scenario(scenario) is scenario


def test_a_file_extends_tables_deeply_and_takes_its_own_name(tmp_path: Path) -> None:
    ring = load_scenario("Ring12")
    variant = load_scenario(str(write(tmp_path, TEXT)))
    assert variant.name == "mine" and variant.description == ""
    assert variant.workload.load == 2.0 and isinstance(variant.workload.load, float)
    assert variant.workload.mix == ring.workload.mix | {"drone_query": 0.5}
    assert (variant.stations, variant.constellation, variant.users) == (
        ring.stations,
        ring.constellation,
        ring.users,
    )


def test_arrays_replace_and_relative_extends_works(tmp_path: Path) -> None:
    write(tmp_path, TEXT)
    path = write(
        tmp_path,
        'extends = "mine.toml"\nstations = [{ name = "A", latitude_deg = 1, longitude_deg = 2 }]',
        "next.toml",
    )
    scenario = load_scenario(path)
    assert [station.name for station in scenario.stations] == [
        "A"
    ] and scenario.workload.load == 2.0


def test_a_tle_file_is_sought_beside_the_scenario(tmp_path: Path) -> None:
    path = write(
        tmp_path, 'extends = "Ring12"\n[constellation]\nshells = []\ntle_file = "mine.tle"'
    )
    assert load_scenario(path).constellation.tle_file == str(tmp_path.resolve() / "mine.tle")


def test_overrides_reach_numbers_tables_and_arrays() -> None:
    ring = load_scenario("Ring12")
    changed = load_scenario(
        "Ring12",
        {
            "workload.load": np.float32(0.5),
            "power.battery_j": 10**6,
            "workload.mix.drone_query": 1,
            "stations": [],
        },
    )
    assert (
        changed.workload.load,
        changed.power.battery_j,
        changed.workload.mix["drone_query"],
        changed.stations,
    ) == (0.5, 1e6, 1.0, ())
    assert load_scenario(ring, {"reward": {"energy_cost": 2}}) == dataclasses.replace(
        ring, reward=dataclasses.replace(ring.reward, energy_cost=2.0)
    )
    assert ring == load_scenario("Ring12")


REFUSED_TEXT = [
    (
        "worklod = 1",
        r"unknown key 'worklod' in scenario; did you mean 'workload'\? allowed: name, "
        r"constellation, .*reward",
    ),
    ("[power]\nbatery_j = 1", r"unknown key 'batery_j' in power; did you mean 'battery_j'\?"),
    (
        '[[stations]]\nname = "X"',
        r"station 'X' has no latitude_deg; type it in degrees, north positive",
    ),
    (
        '[[stations]]\nname = "X"\nlatitude_deg = 1',
        r"station 'X' has no longitude_deg; type it in degrees, east positive",
    ),
    (
        "[[stations]]\nlatitude_deg = 1\nlongitude_deg = 1",
        r"stations\[0\] has no name; type for example name = \"Kiruna\"",
    ),
    (
        '[[stations]]\nname = "X"\nlatitude_deg = 95\nlongitude_deg = 0',
        r"station 'X': station\.latitude_deg must be .* at most 90, got 95",
    ),
    (
        "[[constellation.shells]]\nplanes = 1",
        r"constellation\.shells\[0\]: shell has no inclination_deg; type for example "
        r"inclination_deg = 97\.4, or walker",
    ),
    ("[users]\nsites = [3]", r"users\.sites\[0\] must be a table, got 3"),
    ("stations = 3", r"stations must be an array, got 3"),
    ("power = 3", r"power must be a table, got 3"),
    ("[workload]\nmix = 3", r"workload\.mix must be a table, got 3"),
    ("[alerts]\nenabled = 1", r"alerts\.enabled must be true or false, got 1"),
    ("[workload]\nload = true", r"workload\.load must be a number, got True"),
    ('[workload]\nload = "1"', r"workload\.load must be a number, got '1'"),
    ("candidates = 1.5", r"candidates must be a whole number, got 1\.5"),
    ("epoch_utc = 2025", r"epoch_utc must be text in quotes, got 2025"),
    ("[power]\nbattery_j = -1", r"power\.battery_j must be positive, got -1"),
]


@pytest.mark.parametrize(("text", "message"), REFUSED_TEXT, ids=[text for text, _ in REFUSED_TEXT])
def test_mistakes_in_a_file_are_answered(tmp_path: Path, text: str, message: str) -> None:
    head = 'extends = "Ring12"\n' if "shells" not in text else ""
    with pytest.raises(ValueError, match=r"^mine\.toml: " + message):
        load_scenario(write(tmp_path, head + text))


def test_a_syntax_error_names_file_and_line(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"mine\.toml is not valid TOML: .*line 2"):
        load_scenario(write(tmp_path, "a = 1\nb =\n"))


def test_circular_extends_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, 'extends = "mine.toml"')
    with pytest.raises(ValueError, match=r"extends goes in a circle: mine\.toml -> mine\.toml"):
        load_scenario(path)


REFUSED_SOURCE = [
    (
        "Moon",
        None,
        r"unknown scenario 'Moon'; choose from .*Tiny.*, or give a path ending in \.toml",
    ),
    ("Waker100", None, r"unknown scenario 'Waker100'; did you mean 'Walker100'\?"),
    ("ring12", None, r"unknown scenario 'ring12'; did you mean 'Ring12'\?"),
    ("none.toml", None, r"scenario file 'none\.toml' does not exist"),
    (
        "Ring12",
        {"workload.lod": 1.0},
        r"override 'workload\.lod': unknown key 'lod' in workload; did you mean 'load'\?",
    ),
    (
        "Ring12",
        {"powr.battery_j": 1.0},
        r"override 'powr\.battery_j': unknown key 'powr' in scenario; did you mean 'power'\?",
    ),
    (
        "Ring12",
        {"stations.0": {}},
        r"override 'stations\.0': stations has no '0'; choose from Miyun, .*, or give",
    ),
    (
        "Ring12",
        {"stations.Kirunna.mask_deg": 5.0},
        r"override 'stations\.Kirunna\.mask_deg': stations has no 'Kirunna'; did you mean",
    ),
    (
        "Ring12",
        {"stations.Kiruna.mask": 5.0},
        r"override 'stations\.Kiruna\.mask': unknown key 'mask' in stations\.Kiruna; did you mean",
    ),
    (
        "Ring12",
        {"constellation.shells.0": {}},
        r"override 'constellation\.shells\.0': constellation\.shells has no parts to name; give it",
    ),
    ("Ring12", {"power": 1.0}, r"power must be a table, got 1\.0"),
    ({"name": "x"}, None, r"scenario has no constellation; give \[\[constellation\.satellites\]\]"),
    ({"extends": "Ring12"}, None, r"scenario has no name; type for example"),
    ({"extends": 3}, None, r"extends must be a catalogue name or a path ending in \.toml, got 3"),
]


@pytest.mark.parametrize(
    ("source", "overrides", "message"), REFUSED_SOURCE, ids=[str(row[:2]) for row in REFUSED_SOURCE]
)
def test_mistakes_in_a_call_are_answered(source, overrides, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=message):
        load_scenario(source, overrides)


@pytest.mark.parametrize(
    ("name", "day"), [("ThreeBody12", "20250802"), ("ThreeBody12Drifted", "20260626")]
)
def test_three_body_flies_the_published_elements(shared_data: Path, name: str, day: str) -> None:
    """Authority: CelesTrak's files of both days, letter by letter."""
    lines = [
        line.rstrip()
        for line in (shared_data / "tle" / f"three_body_scs01_{day}.tle").read_text().splitlines()
    ]
    published = tuple(Satellite(*lines[row : row + 3]) for row in range(0, len(lines), 3))
    assert load_scenario(name).constellation.satellites == published and len(published) == 12


def test_the_drifted_twelve_do_the_work_of_the_first() -> None:
    """Only orbits, epoch and words differ."""
    first, drifted = load_scenario("ThreeBody12"), load_scenario("ThreeBody12Drifted")
    differences = {
        "constellation": first.constellation,
        "epoch_utc": first.epoch_utc,
        "name": first.name,
        "description": first.description,
    }
    assert (
        dataclasses.replace(drifted, **differences) == first
        and drifted.epoch_utc == "2026-06-26T00:00:00"
    )


def test_sites_agree_with_the_published_lists(shared_data: Path) -> None:
    """Authority: station list (town level) and Hypatia's 1,000 cities.

    Typed to 0.01 deg, so 0.0051 deg apart at most.
    """
    text = (
        (shared_data / "ground_stations" / "cities_top1000_hypatia.csv")
        .read_text(encoding="utf-8")
        .splitlines()[1:]
    )
    cities = np.array([[float(value) for value in line.split(",")[2:4]] for line in text])
    sites = [site for site in load_scenario("Ring12").users.sites]
    first_remote = [site.name for site in sites].index("Longyearbyen")
    for site in sites[:first_remote]:
        assert (
            np.abs(cities - (site.latitude_deg, site.longitude_deg)).max(axis=1).min() < 0.0051
        ), site.name
    assert first_remote == 60
    stations = {station.name: station for station in load_scenario("Ring12").stations}
    for line in (
        (shared_data / "ground_stations" / "china_stations_approx.csv").read_text().splitlines()[1:]
    ):
        name, _, latitude, longitude = line.split(",")[:4]
        station = stations.get(name.split(" ")[0])
        assert station is None or (station.latitude_deg, station.longitude_deg) == (
            float(latitude),
            float(longitude),
        ), name
    assert {"Miyun", "Kashi", "Sanya", "Kiruna", "Svalbard"} == set(stations)


def test_the_unequal_fleet_has_the_published_sum() -> None:
    """Authority: the launch news, at most 744 TOPS a satellite and 5 POPS in all; to 0.1 %."""
    peaks = load_scenario("ThreeBody12-unequal").peak_op_per_s_each
    assert len(peaks) == 12 and max(peaks) == 744e12 and sum(peaks) == pytest.approx(5e15, rel=1e-3)
