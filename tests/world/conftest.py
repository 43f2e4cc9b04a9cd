"""Worlds compiled once for the tests of this folder."""

import pytest

from orbit_gym.scenario.loading import load_scenario
from orbit_gym.world.compiler import compile_world
from tests.helpers.small_scenarios import small


@pytest.fixture(scope="session")
def scenario():
    return small()


@pytest.fixture(scope="session")
def world(scenario):
    return compile_world(scenario, 1)


@pytest.fixture(scope="session")
def crossing():
    """CrossPlane12 and its World of the first training day."""
    scenario = load_scenario("CrossPlane12")
    return scenario, compile_world(scenario, 1)
