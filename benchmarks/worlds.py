"""Time and memory of compiling Worlds: python -m benchmarks.worlds [scenario or .toml ...].

Shells of 100 to 2,800 by default.

Processor seconds, which a busy machine disturbs little. Below each line what
orbit_gym/world/memory_estimate.py estimates from.
"""

import dataclasses
import resource
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import tyro

from orbit_gym.orbits.positions import load_orbits
from orbit_gym.scenario.loading import load_scenario
from orbit_gym.scenario.scenario import Constellation, Scenario, Shell, Users
from orbit_gym.utils.errors import fail_cleanly
from orbit_gym.utils.units import DAY_S
from orbit_gym.world.compiler import compile_world
from orbit_gym.world.disk_cache import open_world, save_world
from orbit_gym.world.layout import DOWNLINK, LASER, USER_UP, World
from orbit_gym.world.memory_estimate import estimate_memory
from orbit_gym.world.nodes import n_satellites

# inclination in degrees, altitude in m, planes, satellites a plane, spread of the nodes in degrees;
# made up for the purpose
SHELLS = {
    100: [(53.0, 550e3, 10, 10, 360.0)],
    400: [(53.0, 550e3, 20, 10, 360.0), (70.0, 700e3, 10, 10, 360.0), (97.5, 600e3, 10, 10, 180.0)],
    2_800: [
        (53.0, 550e3, 40, 30, 360.0),
        (70.0, 700e3, 30, 20, 360.0),
        (97.5, 600e3, 20, 30, 180.0),
        (45.0, 1_000e3, 20, 20, 360.0),
    ],
}


@dataclass(frozen=True)
class Options:
    """Measure time and memory of compiling Worlds."""

    scenarios: Annotated[tuple[str, ...], tyro.conf.Positional] = ()
    """Catalogue names or .toml files; none: two of the catalogue, and shells of 100 to 2,800."""


def shells(n_satellites: int) -> Scenario:
    """CrossPlane12's stations, four terminals and first 40 user sites under Walker shells."""
    base = load_scenario("CrossPlane12")
    shells = tuple(
        Shell(
            inclination_deg,
            altitude_m,
            planes=planes,
            per_plane=per_plane,
            phasing=1,
            raan_spread_deg=spread_deg,
        )
        for inclination_deg, altitude_m, planes, per_plane, spread_deg in SHELLS[n_satellites]
    )
    return dataclasses.replace(
        base,
        name=f"shells of {n_satellites}",
        constellation=Constellation(shells=shells),
        users=Users(sites=base.users.sites[:40]),
        lasers=dataclasses.replace(base.lasers, mode_range_m=(3_000e3, 4_000e3, 5_000e3)),
        workload=dataclasses.replace(base.workload, polarimeters=()),
    )


def measure(scenario: Scenario) -> None:
    """Print one scenario's figures; the first training day."""
    marks = [("loading elements", time.process_time())]
    orbits = load_orbits(scenario)
    marks.append(("flying", time.process_time()))
    names = {
        "flying": "pointing",
        "pointing": "collecting contacts",
        "collecting contacts": "collecting contacts",
    }
    ends: dict[str, float] = {}
    world = compile_world(
        scenario, 1, orbits, lambda phase, _: ends.__setitem__(phase, time.process_time())
    )
    done = time.process_time()
    marks += [(names[phase], ends[phase]) for phase in ("flying", "pointing") if phase in ends]
    phases = ", ".join(
        f"{phase} {end - start:.2f} s"
        for (phase, start), (_, end) in zip(marks, [*marks[1:], ("", done)], strict=True)
    )
    peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    guess = estimate_memory(scenario, len(orbits.names))
    print(
        f"{scenario.name}, {len(orbits.names):,} satellites: {phases}; together "
        f"{done - marks[0][1]:.2f} s"
    )
    n_bytes = sum(array.nbytes for array in world)
    print(
        f"  World {n_bytes / 1e6:,.0f} MB (estimate {guess.world_bytes / 1e6:,.0f}), "
        f"peak of the process so far {peak_gb:.2f} GB (estimate of this one "
        f"{guess.build_bytes / 1e9:.2f}), {stored_size(world)}"
    )
    print(f"  {rates(scenario, world)}", flush=True)


def stored_size(world: World) -> str:
    """Seconds to write the World and to open it again."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        save_world(world, Path(folder) / "a.world")
        middle = time.perf_counter()
        open_world(Path(folder) / "a.world")
        return f"written in {middle - start:.3f} s, opened in {time.perf_counter() - middle:.4f} s"


def rates(scenario: Scenario, world: World) -> str:
    """What a satellite has a day, as orbit_gym/world/memory_estimate.py counts it."""
    per_day = n_satellites(world) * float(world.sizes["horizon_s"][0]) / DAY_S
    counts = world.edges["end_contact"] - world.edges["first_contact"]
    is_laser, is_pass = (
        world.edges["kind"] == LASER,
        np.isin(world.edges["kind"], (DOWNLINK, USER_UP)),
    )
    rows = world.contacts[np.repeat(is_laser, counts)]
    terminals = max(int(scenario.lasers.terminals), 1)
    sites = max(
        sum(int(station.antennas) for station in scenario.stations) + len(scenario.users.sites), 1
    )
    pieces = (rows["end_rate_segment"] - rows["first_rate_segment"]).sum() / max(len(rows), 1)
    edges = np.count_nonzero(is_laser) / max(len(rows), 1)
    return (
        f"laser contacts {len(rows) / per_day / terminals:.1f} a terminal and day, with "
        f"{pieces:.2f} pieces and {edges:.2f} edges each; "
        f"passes {counts[is_pass].sum() / per_day / sites:.2f} a link and day; power rows "
        f"{len(world.power) / per_day:.0f} a day"
    )


def main(options: Options) -> None:
    """Print the figures of these scenarios; kernels are compiled beforehand."""
    sources = options.scenarios
    scenarios = [load_scenario(source) for source in sources or ("ThreeBody12", "CrossPlane12")]
    compile_world(load_scenario("Tiny"), 1)
    for scenario in [*scenarios, *([] if sources else [shells(number) for number in SHELLS])]:
        measure(scenario)


if __name__ == "__main__":
    fail_cleanly(lambda: main(tyro.cli(Options)))
