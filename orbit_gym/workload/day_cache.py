"""Arrival processes in use: one per scenario and day, made once in a process."""

from orbit_gym.orbits.epochs import julian_date
from orbit_gym.orbits.positions import Orbits, load_orbits
from orbit_gym.scenario.scenario import Scenario
from orbit_gym.utils.recently_used import RecentlyUsed
from orbit_gym.workload.arrivals import Arrivals
from orbit_gym.workload.spawn_sites import SpawnSites, sunlit_ground
from orbit_gym.workload.trace_replay import check_origins
from orbit_gym.world.disk_cache import world_name
from orbit_gym.world.ephemeris import midnight_of
from orbit_gym.world.world_cache import MOST_WORLDS, get_world, world_key

_arrivals: RecentlyUsed[Arrivals] = RecentlyUsed(MOST_WORLDS)


def get_arrivals(scenario: Scenario, day: int, orbits: Orbits | None = None) -> Arrivals:
    """Return the arrival processes of a scenario and a day (offset from the epoch).

    They belong to its World; the workload is given when drawing. `orbits` are the scenario's, if
    they are loaded already.
    """
    key = world_key(scenario, day)
    return _arrivals.get(key, lambda: _make(scenario, day, orbits or load_orbits(scenario), key))


def _make(scenario: Scenario, day: int, orbits: Orbits, key: str) -> Arrivals:
    names = tuple(orbits.names)
    check_origins(scenario, names)  # before a World is compiled
    world = get_world(scenario, day, orbits)
    sites = SpawnSites(scenario, world, names, sunlit_ground(scenario, world, day))
    midnight_jd = sum(julian_date(midnight_of(scenario, day)))
    return Arrivals(sites, midnight_jd, world_name(key, orbits))
