"""How much memory a World and its compilation take, told before either begins."""

import os
from typing import NamedTuple

from orbit_gym.scenario.scenario import Scenario
from orbit_gym.utils.units import DAY_S
from orbit_gym.world.downlink_bounds import BUCKET_S, BYTES
from orbit_gym.world.ephemeris import time_grid
from orbit_gym.world.layout import CONTACT, EDGE, EDGE_CONTACT, POWER, RATE_SEGMENT

# Most per satellite and day in shells of 100 to 2,800 satellites between 500 and 1,000 km (python
# -m benchmarks.worlds prints them):
LASER_CONTACTS = 50.0  # of each terminal: 49 at 100 satellites, 13 at 2,800
PIECES = 2.6  # of each of those contacts
EDGES = 0.6  # for each of those contacts
PASSES = 2.7  # over each site: with masks of 10 degrees for stations and 25 for users
POWER_ROWS = 450.0
COPIES = 2.0  # contacts are sorted into a second copy
INTERPRETER_BYTES = 250e6  # Python with numba, and the working arrays of a block (measured)


class MemoryEstimate(NamedTuple):
    """Estimates; what the grid sets is exact, what depends on who sees whom is from above."""

    world_bytes: float
    build_bytes: float  # at the peak, the World included


def estimate_memory(scenario: Scenario, n_satellites: int) -> MemoryEstimate:
    """Return what the World of this many satellites will take."""
    horizon_s, _, n_times = time_grid(scenario, n_satellites)
    days, terminals = horizon_s / DAY_S, int(scenario.lasers.terminals)
    site_links = sum(2 * int(station.antennas) for station in scenario.stations) + 2 * len(
        scenario.users.sites
    )
    positions_bytes = (
        n_times * n_satellites * 3 * 8
        + horizon_s / BUCKET_S * n_satellites * len(scenario.stations) * BYTES
    )  # and bounds
    contact_size = CONTACT.itemsize + EDGE_CONTACT.itemsize  # each stands in an index by time too
    laser_bytes = (
        LASER_CONTACTS
        * terminals
        * (contact_size + PIECES * RATE_SEGMENT.itemsize + EDGES * EDGE.itemsize)
    )
    pass_bytes = (
        PASSES * site_links * (contact_size + RATE_SEGMENT.itemsize + EDGE.itemsize / PASSES)
    )
    contact_bytes = n_satellites * days * (laser_bytes + pass_bytes + POWER_ROWS * POWER.itemsize)
    pointing_bytes = (
        n_times * n_satellites * (1 + terminals) * 4
    )  # the next one ahead, and what each terminal holds
    return MemoryEstimate(
        positions_bytes + contact_bytes,
        positions_bytes + pointing_bytes + COPIES * contact_bytes + INTERPRETER_BYTES,
    )


def free_bytes() -> float:
    """Return the memory that a process can take now, infinity where the system does not say."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            fields = dict(line.split(":", 1) for line in file)
        return float(fields["MemAvailable"].split()[0]) * 1_024.0
    except (OSError, KeyError, ValueError):
        pass
    try:
        return float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, OSError, ValueError):
        return float("inf")


def refuse_too_large(scenario: Scenario, n_satellites: int) -> None:
    """Refuse a World that would not fit into the free memory while it is compiled.

    ValueError says the estimate, and what to change.
    """
    needed, free = estimate_memory(scenario, n_satellites).build_bytes, free_bytes()
    if needed <= free:
        return
    fitting = int(n_satellites * max(free - INTERPRETER_BYTES, 0.0) / (needed - INTERPRETER_BYTES))
    raise ValueError(
        f"a World of {n_satellites:,} satellites, {scenario.lasers.terminals} terminals each and "
        f"{len(scenario.users.sites)} user sites "
        f"needs about {needed / 1e9:,.1f} GB to compile, and {free / 1e9:,.1f} GB are free; "
        f"fly at most about {fitting:,} satellites, or shorten episode_s and look_ahead_s beside "
        "the day, or take fewer terminals or sites"
    )
