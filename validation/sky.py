"""The twelve of ThreeBody12 on 2025-08-03, flown by us and by Skyfield: what positions, eclipses
and passes share.
"""

from functools import cache

import numpy as np
from skyfield.api import EarthSatellite, load

from orbit_gym.orbits.positions import load_orbits
from orbit_gym.scenario.loading import load_scenario
from orbit_gym.scenario.scenario import Scenario
from orbit_gym.world.ephemeris import Ephemeris, propagate_day

DAY = 1  # after the scenario's epoch, 2025-08-02: the day of the reference files
SECONDS_OF_DAY = 86_400
ALL = tuple(range(12))
SAMPLE = (0, 7)  # one of the group of eight, one of the group of four: what the quick tests look at


@cache
def scenario() -> Scenario:
    """The real flown orbits, typed as elements."""
    return load_scenario("ThreeBody12")


@cache
def ephemeris() -> Ephemeris:
    """Our day."""
    return propagate_day(scenario(), load_orbits(scenario()), DAY)


def names() -> list[str]:
    """Names in our order."""
    return [satellite.name for satellite in scenario().constellation.satellites]


@cache
def timescale():
    """Skyfield's own tables: no download."""
    return load.timescale(builtin=True)


def utc(seconds: np.ndarray | float):
    """Skyfield time of seconds of our day."""
    return timescale().utc(2025, 8, 3, 0, 0, seconds)


@cache
def satellite(number: int) -> EarthSatellite:
    """Skyfield's satellite from the same two lines."""
    satellite = scenario().constellation.satellites[number]
    return EarthSatellite(satellite.line1, satellite.line2, satellite.name, timescale())


def seconds_of(times) -> np.ndarray:
    """Seconds of our day of Skyfield times."""
    return np.atleast_1d((times - utc(0.0)) * SECONDS_OF_DAY)
