"""Worlds in use: one per scenario and day, in memory, on disk, or compiled."""

import json

from orbit_gym.orbits.positions import Orbits, load_orbits
from orbit_gym.scenario.loading import scenario_to_dict
from orbit_gym.scenario.models import MODEL_BYTES
from orbit_gym.scenario.scenario import Scenario
from orbit_gym.utils.recently_used import RecentlyUsed
from orbit_gym.world.disk_cache import stored_world
from orbit_gym.world.layout import World
from orbit_gym.world.progress import compile_with_progress

MOST_WORLDS = 8  # kept in memory
NOT_OF_A_WORLD = ("workload", "reward", "faults", "description")  # fields that no World depends on
_worlds: RecentlyUsed[World] = RecentlyUsed(MOST_WORLDS)


def world_key(scenario: Scenario, day: int) -> str:
    """Return a text that is equal for scenarios and days that share a World."""
    fields = scenario_to_dict(scenario)
    for name in NOT_OF_A_WORLD:
        del fields[name]
    return json.dumps([day, fields, list(MODEL_BYTES.items())], sort_keys=True)


def get_world(scenario: Scenario, day: int, orbits: Orbits | None = None) -> World:
    """Return the World of a scenario and a day (offset from the epoch).

    `orbits` are the scenario's, if they are loaded already.
    """
    key = world_key(scenario, day)

    def make() -> World:
        loaded_orbits = orbits or load_orbits(scenario)
        return stored_world(
            key, loaded_orbits, lambda: compile_with_progress(scenario, day, loaded_orbits)
        )

    return _worlds.get(key, make)
