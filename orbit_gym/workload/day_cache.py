"""Worlds in use: compiled once per scenario and day in a process, with the arrival processes that
belong to them.
"""

import json
import sys
from collections import OrderedDict

import numpy as np
from tqdm import tqdm

from orbit_gym.orbits.positions import Orbits, julian_date, load_orbits
from orbit_gym.physics.geometry import gmst_rad, rotate_to_earth_fixed
from orbit_gym.physics.sun import sun_direction_of_date
from orbit_gym.scenario.loading import scenario_to_dict
from orbit_gym.scenario.scenario import Scenario
from orbit_gym.utils.units import DAY_S
from orbit_gym.workload.arrivals import Arrivals
from orbit_gym.workload.spawn_sites import CELL_S, DAYLIGHT_SINE, SpawnSites
from orbit_gym.workload.trace_replay import check_origins
from orbit_gym.world.compiler import compile_world
from orbit_gym.world.disk_cache import stored_world, world_name
from orbit_gym.world.ephemeris import midnight_of
from orbit_gym.world.layout import World
from orbit_gym.world.memory_estimate import refuse_too_large

MOST_WORLDS = 8  # kept in memory; the least recently used goes
SLOW_SATELLITES = 200  # from here on a World takes seconds
SHOWN_AFTER_S = 2.0  # a shorter wait needs no progress bar
_days: OrderedDict[str, Arrivals] = OrderedDict()


def _key(scenario: Scenario, day: int) -> str:
    """What a World depends on: everything but workload, reward, faults and words."""
    plain = scenario_to_dict(scenario)
    return json.dumps(
        [
            day,
            {
                name: value
                for name, value in plain.items()
                if name not in ("workload", "reward", "faults", "description")
            },
        ],
        sort_keys=True,
    )


def get_world(scenario: Scenario, day: int) -> World:
    """World of a scenario and day; workload, reward and faults do not matter to it."""
    return get_arrivals(scenario, day).world


def get_arrivals(scenario: Scenario, day: int) -> Arrivals:
    """Arrival processes of a scenario and day, and the World they belong to.

    The workload is given when drawing.
    """
    key = _key(scenario, day)
    if key not in _days:
        orbits = load_orbits(scenario)
        check_origins(scenario, tuple(orbits.names))
        world = stored_world(key, orbits, lambda: _compile(scenario, day, orbits))
        spawn_sites = SpawnSites(
            scenario, world, tuple(orbits.names), sunlit_ground(scenario, world, day)
        )
        _days[key] = Arrivals(
            spawn_sites, sum(julian_date(midnight_of(scenario, day))), world_name(key, orbits)
        )
        if len(_days) > MOST_WORLDS:
            _days.popitem(last=False)
    _days.move_to_end(key)
    return _days[key]


def _compile(scenario: Scenario, day: int, orbits: Orbits) -> World:
    """Compile a World, with a progress bar on a terminal once that takes more than a moment,
    elsewhere with one line before a long wait.
    """
    refuse_too_large(scenario, len(orbits.names))  # before it is announced
    days = f"day {day} of {len(orbits.names):,} satellites"
    if len(orbits.names) >= SLOW_SATELLITES and not sys.stderr.isatty():
        print(f"compiling {days}", file=sys.stderr, flush=True)
    bar_format = "{desc}: {percentage:3.0f}%|{bar}| {elapsed}<{remaining}"
    with tqdm(
        total=1.0, bar_format=bar_format, leave=False, disable=None, delay=SHOWN_AFTER_S
    ) as bar:

        def tell(what: str, fraction: float) -> None:
            bar.set_description(f"{days}, {what}", refresh=False)
            bar.update(fraction - bar.n)

        return compile_world(scenario, day, orbits, tell)


def sunlit_ground(scenario: Scenario, world: World, day: int) -> np.ndarray:
    """True where the ground below a satellite is in daylight, (n_cells, n_satellites), every
    CELL_S.
    """
    positions_m = world.positions_m[:: int(round(CELL_S / world.sizes["grid_s"][0]))]
    up = positions_m / np.linalg.norm(positions_m, axis=-1, keepdims=True)
    jd, _ = julian_date(midnight_of(scenario, day))
    fraction = np.arange(len(positions_m)) * CELL_S / DAY_S
    sun = rotate_to_earth_fixed(sun_direction_of_date(jd, fraction), gmst_rad(jd, fraction))
    return np.einsum("tsi,ti->ts", up, sun) > DAYLIGHT_SINE
