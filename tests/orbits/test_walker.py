"""Walker's notation i:T/P/F against Walker's definition, and the mistakes in it."""

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest

from orbit_gym.orbits.positions import load_orbits
from orbit_gym.scenario.loading import load_scenario, scenario_to_dict
from orbit_gym.scenario.scenario import Constellation, Scenario, Shell, Workload
from orbit_gym.world.compiler import compile_world

WORK = Workload(mix={"eo_scene": 1.0})


def scenario_of(*shells: Shell) -> Scenario:
    return Scenario("test", Constellation(shells=shells), workload=WORK)


def apart_deg(a: float, b: float) -> float:
    return abs((a - b + 180.0) % 360.0 - 180.0)


def test_the_notation_stands_for_the_numbers() -> None:
    expected = Shell(inclination_deg=53.0, altitude_m=550e3, planes=6, per_plane=4, phasing=1)
    assert Shell(walker="53:24/6/1", altitude_m=550e3) == expected
    assert Shell(walker=" 53.0 : 24 / 6 / 1 ", altitude_m=550e3, pattern="delta") == expected
    assert Shell(walker="53:24/6/1", altitude_m=550e3, pattern="star") == dataclasses.replace(
        expected, raan_spread_deg=180.0
    )


@pytest.mark.parametrize(("pattern", "spread_deg"), [("delta", 360.0), ("star", 180.0)])
@pytest.mark.parametrize(
    ("walker", "inclination_deg", "total", "planes", "phasing"),
    [("53:24/6/1", 53.0, 24, 6, 1), ("86.4:12/4/3", 86.4, 12, 4, 3)],
)
def test_walkers_definition(
    walker: str,
    inclination_deg: float,
    total: int,
    planes: int,
    phasing: int,
    pattern: str,
    spread_deg: float,
) -> None:
    """Walker (1984): P planes with nodes spread evenly, T / P satellites evenly spaced in each.

    Each leads its neighbour in the next plane to the east by F * 360 / T. Read from the mean
    elements, exact to rounding; T / P differs from P, so transposing them is seen.
    """
    orbits = load_orbits(scenario_of(Shell(walker=walker, altitude_m=550e3, pattern=pattern)))
    per_plane = total // planes
    assert per_plane != planes and len(orbits.names) == total
    assert np.bincount(orbits.planes).tolist() == [per_plane] * planes
    for number, record in enumerate(orbits.sources[0].records):
        plane, slot = divmod(number, per_plane)
        assert (
            orbits.names[number] == f"P{plane + 1:02d}S{slot + 1:02d}"
            and orbits.planes[number] == plane
        )
        assert math.degrees(record.inclo) == pytest.approx(inclination_deg, abs=1e-9)
        assert apart_deg(math.degrees(record.nodeo), plane * spread_deg / planes) < 1e-9
        assert (
            apart_deg(
                math.degrees(record.mo), slot * 360.0 / per_plane + plane * phasing * 360.0 / total
            )
            < 1e-9
        )


def test_shells_of_both_kinds_mix() -> None:
    """A delta and a star in one constellation: planes are numbered on, every satellite knows its
    shell.
    """
    shells = (
        Shell(walker="53:12/3/1", altitude_m=550e3),
        Shell(walker="97.4:8/2/0", altitude_m=500e3, pattern="star"),
    )
    orbits = load_orbits(scenario_of(*shells))
    assert orbits.planes.tolist() == [0] * 4 + [1] * 4 + [2] * 4 + [3] * 4 + [4] * 4
    assert orbits.shells.tolist() == [0] * 12 + [1] * 8
    assert (
        orbits.names[0] == "A-P01S01"
        and orbits.names[12] == "B-P01S01"
        and orbits.names[-1] == "B-P02S04"
    )
    nodes_deg = [math.degrees(record.nodeo) for record in orbits.sources[0].records[12::4]]
    assert nodes_deg == pytest.approx([0.0, 90.0])  # 180 degrees over two planes


def test_a_shell_may_carry_other_accelerators() -> None:
    """The peak of a shell reaches its satellites and no others.

    A list for each satellite overrules it.
    """
    shells = (
        Shell(walker="53:3/1/0", altitude_m=550e3),
        Shell(walker="97.4:2/1/0", altitude_m=500e3, peak_op_per_s=2e15),
    )
    scenario = dataclasses.replace(scenario_of(*shells), episode_s=60.0, look_ahead_s=3_600.0)
    assert (
        compile_world(scenario, 1).accelerators["peak_op_per_s"].tolist()
        == [744e12] * 3 + [2e15] * 2
    )
    unequal = dataclasses.replace(scenario, peak_op_per_s_each=(1e12, 2e12, 3e12, 4e12, 5e12))
    assert compile_world(unequal, 1).accelerators["peak_op_per_s"].tolist() == [
        1e12,
        2e12,
        3e12,
        4e12,
        5e12,
    ]


def test_a_file_may_say_it(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        'extends = "Ring12"\n[[constellation.shells]]\nwalker = "53:24/6/1"\npattern = '
        '"star"\naltitude_m = 550e3\n'
    )
    scenario = load_scenario(path)
    (shell,) = scenario.constellation.shells
    assert (shell.planes, shell.per_plane, shell.phasing, shell.raan_spread_deg) == (6, 4, 1, 180.0)
    assert load_scenario(scenario_to_dict(scenario)) == scenario


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"walker": "53:24/6"},
            r"shell\.walker must be 'inclination:satellites/planes/phasing' like '53:24/6/1', "
            r"got '53:24/6'",
        ),
        ({"walker": "24/6/1"}, r"shell\.walker must be .*, got '24/6/1'"),
        ({"walker": "53:24/6/-1"}, r"shell\.walker must be .*, got '53:24/6/-1'"),
        ({"walker": "53:24.0/6/1"}, r"shell\.walker must be .*, got '53:24\.0/6/1'"),
        ({"walker": "nan:24/6/1"}, r"shell\.walker must be .*, got 'nan:24/6/1'"),
        (
            {"walker": "53:25/6/1"},
            r"'53:25/6/1': 25 satellites must be one or more times the number of planes, 6",
        ),
        (
            {"walker": "53:24/0/0"},
            r"'53:24/0/0': 24 satellites must be one or more times the number of planes, 0",
        ),
        (
            {"walker": "53:0/6/0"},
            r"'53:0/6/0': 0 satellites must be one or more times the number of planes, 6",
        ),
        (
            {"walker": "53:24/6/6"},
            r"'53:24/6/6': phasing must be from 0 to 5, below the number of planes; got 6",
        ),
        (
            {"walker": "190:24/6/1"},
            r"shell\.inclination_deg must be at least 0 and at most 180, got 190",
        ),
        (
            {"walker": "53:24/6/1", "planes": 6},
            r"shell\.walker = '53:24/6/1' already says planes; give one of them",
        ),
        ({"walker": "53:24/6/1", "phasing": 2}, r"already says phasing"),
        (
            {"walker": "53:24/6/1", "pattern": "rosette"},
            r"shell\.pattern must be 'delta' or 'star', got 'rosette'",
        ),
        (
            {"walker": "53:24/6/1", "pattern": "star", "raan_spread_deg": 90.0},
            r"'star' means raan_spread_deg = 180, got 90; give one",
        ),
        (
            {"inclination_deg": 53.0, "planes": 6},
            r'shell has no per_plane; type for example per_plane = 12, or walker = "97\.4:12/1/0"',
        ),
        ({}, r"shell has no inclination_deg; type for example inclination_deg = 97\.4, or walker"),
        (
            {"walker": "53:24/6/1", "altitude_m": None},
            r"shell has no altitude_m; type for example altitude_m = 500e3",
        ),
        (
            {"walker": "53:24/6/1", "peak_op_per_s": -1.0},
            r"shell\.peak_op_per_s must be at least 0, got -1",
        ),
    ],
)
def test_mistakes_are_told(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Shell(**({"altitude_m": 550e3} | fields))  # type: ignore[arg-type]
