"""How a long compilation of a World is announced."""

import sys

from tqdm import tqdm

from orbit_gym.orbits.positions import Orbits
from orbit_gym.scenario.scenario import Scenario
from orbit_gym.world.compiler import compile_world
from orbit_gym.world.layout import World
from orbit_gym.world.memory_estimate import refuse_too_large

SLOW_SATELLITES = 200  # from here on a World takes seconds
SHOWN_AFTER_S = 2.0  # a shorter wait needs no progress bar
BAR_FORMAT = "{desc}: {percentage:3.0f}%|{bar}| {elapsed}<{remaining}"


def compile_with_progress(scenario: Scenario, day: int, orbits: Orbits) -> World:
    """Compile a World, with a progress bar on a terminal once that takes more than a moment.

    Elsewhere one line is printed before a long wait. ValueError for a World too large for memory.
    """
    refuse_too_large(scenario, len(orbits.names))  # before it is announced
    label = f"day {day} of {len(orbits.names):,} satellites"
    if len(orbits.names) >= SLOW_SATELLITES and not sys.stderr.isatty():
        print(f"compiling {label}", file=sys.stderr, flush=True)
    with tqdm(
        total=1.0, bar_format=BAR_FORMAT, leave=False, disable=None, delay=SHOWN_AFTER_S
    ) as bar:

        def report(stage: str, fraction: float) -> None:
            bar.set_description(f"{label}, {stage}", refresh=False)
            bar.update(fraction - bar.n)

        return compile_world(scenario, day, orbits, report)
