"""Presets of many satellites: sun-synchronous where they say so, local solar times of their nodes,
numbers of the plan.
"""

import itertools
import math

import numpy as np
import pytest
from scipy.sparse.csgraph import connected_components
from skyfield.api import load, load_file
from skyfield_data import get_skyfield_data_path

from orbit_gym.orbits.positions import load_orbits
from orbit_gym.physics.geometry import sight_margin_m
from orbit_gym.scenario.constellation import Shell
from orbit_gym.scenario.loading import load_scenario
from orbit_gym.scenario.scenario import Scenario
from orbit_gym.utils.units import EARTH_EQUATORIAL_RADIUS_M
from orbit_gym.world.ephemeris import propagate_day

TROPICAL_YEAR_DAYS = 365.2422  # in which the node of a sun-synchronous orbit turns once
RADIUS_M, MU_M3_PER_S2, J2 = 6_378_135.0, 3.986008e14, 0.001082616  # WGS72, Spacetrack Report 3
DAWN_DUSK_HALF_WIDTH_H = 0.5 + 0.01


def sun_synchronous_deg(altitude_m: float) -> float:
    """The closed form: the inclination whose node follows the Sun, by J2 alone."""
    axis_m = RADIUS_M + altitude_m
    motion_rad_per_s = math.sqrt(MU_M3_PER_S2 / axis_m**3)
    wanted_rad_per_s = 2.0 * math.pi / (TROPICAL_YEAR_DAYS * 86_400.0)
    return math.degrees(
        math.acos(-wanted_rad_per_s / (1.5 * J2 * (RADIUS_M / axis_m) ** 2 * motion_rad_per_s))
    )


def sun_right_ascension_deg(scenario: Scenario) -> float:
    """Authority: Skyfield with DE421, apparent, of the date."""
    year, month, day = (int(part) for part in scenario.epoch_utc[:10].split("-"))
    kernel = load_file(f"{get_skyfield_data_path()}/de421.bsp")
    time = load.timescale(builtin=True).utc(year, month, day)
    hours = kernel["earth"].at(time).observe(kernel["sun"]).apparent().radec("date")[0].hours
    kernel.close()
    return 15.0 * hours


def node_times_h(name: str, shell: int) -> np.ndarray:
    """Local solar time of the ascending node of each plane of a shell, in hours, from SGP4's own
    elements.
    """
    scenario = load_scenario(name)
    orbits = load_orbits(scenario)
    members = np.flatnonzero(orbits.shells == shell)
    _, first = np.unique(orbits.planes[members], return_index=True)
    nodes_deg = np.degrees([orbits.sources[0].records[number].nodeo for number in members[first]])
    return np.mod(12.0 + (nodes_deg - sun_right_ascension_deg(scenario)) / 15.0, 24.0)


def sun_synchronous_shells() -> list[tuple[str, int, Shell]]:
    shells = [
        (name, number, shell)
        for name in ("Walker100", "StarCompute2800", "Ring12", "CrossPlane12")
        for number, shell in enumerate(load_scenario(name).constellation.shells)
    ]
    return [row for row in shells if row[2].inclination_deg > 90.0]


@pytest.mark.parametrize(("name", "number", "shell"), sun_synchronous_shells())
def test_sun_synchronous_shells_follow_the_sun(name: str, number: int, shell: Shell) -> None:
    """The inclination is the closed form's to the digits typed.

    SGP4's own secular rate, J4 and all, stays within 0.5 % of the Sun's.
    """
    digits = 0.05 if name in ("Ring12", "CrossPlane12") else 0.005
    assert shell.inclination_deg == pytest.approx(sun_synchronous_deg(shell.altitude_m), abs=digits)
    orbits = load_orbits(load_scenario(name))
    record = orbits.sources[0].records[int(np.flatnonzero(orbits.shells == number)[0])]
    assert math.degrees(record.nodedot) * 1_440.0 == pytest.approx(
        360.0 / TROPICAL_YEAR_DAYS, rel=5e-3
    )


@pytest.mark.parametrize(("shell", "time_h"), [(0, 18.0), (3, 6.0)])
def test_dawn_dusk_planes_stand_around_their_local_time(shell: int, time_h: float) -> None:
    """Four planes twenty minutes apart, their middle at 18 h or 6 h to half a minute."""
    times_h = node_times_h("StarCompute2800", shell)
    assert times_h.mean() == pytest.approx(time_h, abs=0.5 / 60.0)
    assert np.diff(times_h) == pytest.approx(20.0 / 60.0)
    assert np.abs(times_h - time_h).max() < DAWN_DUSK_HALF_WIDTH_H


@pytest.mark.parametrize(("name", "shell"), [("Walker100", 0), ("StarCompute2800", 1)])
def test_a_star_begins_at_the_plane_that_flies(name: str, shell: int) -> None:
    """The twelve have a local time of 22.3-22.4 h (elements of 2025-08-02, CelesTrak).

    Planes follow at equal steps over twelve hours.
    """
    times_h = node_times_h(name, shell)
    assert times_h[0] == pytest.approx(22.4, abs=0.1)
    assert np.mod(np.diff(times_h), 24.0) == pytest.approx(12.0 / len(times_h))


def test_star_compute_has_the_numbers_of_the_plan() -> None:
    """2,400 for inference and 400 for training, 500-1,000 km, dawn-dusk, sun-synchronous and low
    inclination (the operator's plan, docs/facts.md).
    """
    scenario = load_scenario("StarCompute2800")
    shells = scenario.constellation.shells
    counts = {
        is_training: sum(
            s.planes * s.per_plane for s in shells if (s.peak_op_per_s > 0.0) == is_training
        )
        for is_training in (0, 1)
    }
    assert counts == {0: 2_400, 1: 400} and len(load_orbits(scenario).names) == 2_800
    assert (min(s.altitude_m for s in shells), max(s.altitude_m for s in shells)) == (
        500e3,
        1_000e3,
    )
    assert all(
        s.peak_op_per_s > scenario.accelerator.peak_op_per_s for s in shells if s.peak_op_per_s
    )
    assert (
        shells[-1].peak_op_per_s > 0.0 and shells[0].peak_op_per_s == 0.0
    )  # load counts in seconds of the first satellite's node
    assert any(s.inclination_deg <= 30.0 for s in shells)
    assert (scenario.candidates, scenario.episode_s) == (32, 3_000.0)
    names = load_orbits(scenario).names
    assert set(scenario.workload.polarimeters) <= set(names)


def test_the_drifted_twelve_are_seldom_one_network() -> None:
    """With sight above 80 km, 2.5 components in the mean on 2026-06-27, the largest of 10.2
    satellites: counted apart from this code, from the same elements.
    """
    scenario = load_scenario("ThreeBody12Drifted")
    positions_m = propagate_day(scenario, load_orbits(scenario), 1).positions_m[
        :, :8_640:30
    ]  # day 1, every five minutes
    counts, largest = [], []
    for time in range(positions_m.shape[1]):
        sight = np.zeros((12, 12), bool)
        for a, b in itertools.combinations(range(12), 2):
            sight[a, b] = (
                sight_margin_m(
                    positions_m[a, time], positions_m[b, time], EARTH_EQUATORIAL_RADIUS_M + 80e3
                )
                >= 0.0
            )
        count, labels = connected_components(sight, directed=False)
        counts.append(count)
        largest.append(np.bincount(labels).max())
    assert np.mean(counts) == pytest.approx(2.5, abs=0.1) and np.mean(largest) == pytest.approx(
        10.2, abs=0.1
    )


def test_walker_100_is_a_star_of_a_hundred() -> None:
    scenario = load_scenario("Walker100")
    orbits = load_orbits(scenario)
    assert len(orbits.names) == 100 and scenario.candidates == 12
    assert np.bincount(orbits.planes).tolist() == [20] * 5
    assert set(scenario.workload.polarimeters) <= set(orbits.names)
