"""A form of orbit files is a function of path and request: its satellites are played like ours."""

import dataclasses
import json
import math
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from orbit_gym.env import OrbitEnv
from orbit_gym.orbits import source
from orbit_gym.orbits.epochs import julian_date
from orbit_gym.orbits.positions import load_orbits
from orbit_gym.orbits.source import OrbitRequest, register_orbit_source
from orbit_gym.scenario.constellation import Constellation, OrbitFile
from orbit_gym.scenario.loading import load_scenario

MU_M3_PER_S2 = 3.986004418e14


class Circles:
    """Satellites on polar circles by Kepler's third law: names and phases."""

    def __init__(self, phases_rad: dict[str, float], radius_m: float) -> None:
        self.names, self.radius_m = tuple(phases_rad), radius_m
        self.phases_rad = np.array(list(phases_rad.values()))

    def states_teme(self, jd, day_fraction):
        motion = math.sqrt(MU_M3_PER_S2 / self.radius_m**3)
        angle = self.phases_rad[:, None] + motion * 86_400.0 * ((jd - 2_460_000.5) + day_fraction)
        zero = np.zeros_like(angle)
        radial = np.stack([np.cos(angle), zero, np.sin(angle)], axis=-1)
        tangential = np.stack([-np.sin(angle), zero, np.cos(angle)], axis=-1)
        return self.radius_m * radial, self.radius_m * motion * tangential

    def plane_elements(self, epoch):
        return np.array([[math.pi / 2.0, 0.0, self.radius_m]] * len(self.names))

    def fingerprint(self):
        return self.phases_rad.tobytes() + np.float64(self.radius_m).tobytes()

    def subset(self, members):
        names = [self.names[k] for k in members]
        return Circles(dict(zip(names, self.phases_rad[members], strict=True)), self.radius_m)


def read_circles(path: Path, request: OrbitRequest) -> Circles:
    table = json.loads(path.read_text(encoding="utf-8"))
    return Circles(table["phases_rad"], table["radius_m"])


@pytest.fixture(autouse=True)
def _forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers is gone after it."""
    monkeypatch.setattr(source, "_readers", dict(source._readers))


def scenario_of(folder: Path, form: str):
    path = folder / "circles.json"
    phases = {f"C{number}": number * math.pi / 4.0 for number in range(8)}
    path.write_text(json.dumps({"phases_rad": phases, "radius_m": 6_878_137.0}), encoding="utf-8")
    constellation = Constellation(orbit_files=(OrbitFile(form=form, file=str(path)),))
    ring = load_scenario("Ring12")
    work = dataclasses.replace(ring.workload, polarimeters=())
    return dataclasses.replace(ring, constellation=constellation, workload=work)


def test_satellites_of_a_new_form_are_played(tmp_path: Path) -> None:
    register_orbit_source("circles", read_circles)
    scenario = scenario_of(tmp_path, "circles")
    orbits = load_orbits(scenario)
    assert orbits.names == tuple(f"C{number}" for number in range(8)) and not orbits.planes.any()
    jd, fraction = julian_date(datetime(2025, 8, 3))
    position_m, _ = orbits.propagate(np.array([jd]), np.array([fraction]))
    assert np.linalg.norm(position_m, axis=-1) == pytest.approx(6_878_137.0)
    env = OrbitEnv(scenario)
    env.reset(seed=3)
    rewards = [env.step(int(np.flatnonzero(env.action_masks())[0]))[1] for _ in range(30)]
    assert env.simulation.world.sizes["n_satellites"][0] == 8 and sum(rewards) > 0.0


def test_a_form_that_nobody_registered_is_refused_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="unknown form 'circle'; choose from oem, omm, tle"):
        load_orbits(scenario_of(tmp_path, "circle"))
    register_orbit_source("circles", read_circles)
    register_orbit_source("circles", read_circles)
    with pytest.raises(ValueError, match="did you mean 'circles'"):
        load_orbits(scenario_of(tmp_path, "circle"))
    with pytest.raises(ValueError, match="there is an orbit source 'oem' already; choose another"):
        register_orbit_source("oem", read_circles)
    with pytest.raises(TypeError, match="must be a function of path and request"):
        register_orbit_source("mine", 3)  # type: ignore[arg-type]
