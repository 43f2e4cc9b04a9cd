"""What is measured against what: the curves of benchmarks.growth, and the measuring of one of their
points.

A point plays a stream of actions, half `eft_admit`, half uniform over valid, twice: once to choose
them, and once timed, block by block.
"""

import dataclasses
import gc
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.speed import choose
from benchmarks.stream import play_stream
from orbit_gym.scenario.loading import load_scenario
from orbit_gym.scenario.scenario import Constellation, Scenario, Shell
from orbit_gym.simulation.simulation import Simulation
from orbit_gym.utils.units import HOUR_S
from orbit_gym.workload.episode_source import EpisodeSource
from orbit_gym.world.layout import World

SEED = 4_000_000  # of no split's convention
BLOCKS = 25  # the median is over these
STARLINK = (
    Path(__file__).resolve().parent.parent.parent
    / "shared"
    / "data"
    / "tle"
    / "celestrak_starlink_20260530.tle.gz"
)
N_STARLINK = 10_395  # in the file, of which 10,370 fly
PLANES = {
    12: 2,
    24: 3,
    48: 4,
    100: 5,
    200: 8,
    400: 10,
    800: 16,
    1_600: 20,
    2_800: 28,
}  # of Walker stars; choices near Walker100's shape
MAX_CANDIDATES = 32  # candidates from here on


@dataclass(frozen=True)
class Curve:
    """One axis of growth."""

    about: str  # under the plot
    label: str  # of the axis, with its unit
    values: tuple[float, ...]
    scenario: Callable[[float], Scenario]
    # smaller values are another regime: fewer candidates, searches without a bound (DIRECTED_FROM
    # satellites)
    fit_from: float = 0.0
    fit_to: float = np.inf
    memory: str = "world_bytes"  # the memory whose growth is fitted in the picture
    # at most; the same for every point where more of the episode would be another regime
    decisions: int = 100_000


def _pools(n_satellites: int) -> dict[str, int]:
    """Pools that do not run full: StarCompute2800's share of a satellite, and enough for few
    satellites with long queues.
    """
    return {
        "calendar_chunks": max(16_384, 24 * n_satellites),
        "profile_segments": max(65_536, 24 * n_satellites),
    }


def star(n_satellites: float) -> Scenario:
    """A Walker star like Walker100 of this many satellites, at StarCompute2800's load and length.

    The Starlink file for its number.
    """
    count = int(n_satellites)
    base = load_scenario("Walker100", {"workload.load": 0.1, "episode_s": 3_000.0, **_pools(count)})
    constellation = Constellation(tle_file=str(STARLINK), strict=False)
    if count != N_STARLINK:
        shell = Shell(
            walker=f"97.59:{count}/{PLANES[count]}/1",
            pattern="star",
            altitude_m=550e3,
            raan_deg=289.0,
        )
        constellation = Constellation(shells=(shell,))
    return dataclasses.replace(
        base,
        name=f"{count} satellites",
        constellation=constellation,
        candidates=min(MAX_CANDIDATES, count),
        epoch_utc="2026-05-30T00:00:00" if count == N_STARLINK else base.epoch_utc,
        workload=dataclasses.replace(
            base.workload, polarimeters=("P01S01",) if count != N_STARLINK else ()
        ),
    )


def with_candidates(candidates: float) -> Scenario:
    """Walker100 with this many satellites shown."""
    return load_scenario("Walker100", {"candidates": int(candidates), **_pools(100)})


def with_load(load: float) -> Scenario:
    """ThreeBody12 at a load."""
    return load_scenario("ThreeBody12", {"workload.load": load, **_pools(12)})


def long_episode(hours: float) -> Scenario:
    """ThreeBody12 with a longer episode."""
    return load_scenario("ThreeBody12", {"episode_s": hours * HOUR_S, **_pools(12)})


def far_look_ahead(hours: float) -> Scenario:
    """ThreeBody12 planning further ahead."""
    return load_scenario("ThreeBody12", {"look_ahead_s": hours * HOUR_S, **_pools(12)})


CURVES = {
    "satellites": Curve(
        "Walker stars at 550 km, load 0.1, K at most 32 (10395: the Starlink file)",
        "satellites",
        (*PLANES, N_STARLINK),
        star,
        fit_from=100.0,
        fit_to=2_800.0,
        decisions=2_000,
    ),
    "candidates": Curve(
        "Walker100, load 1.0",
        "satellites shown, K",
        (4, 8, 16, 32, 64),
        with_candidates,
        memory="state_bytes",
        decisions=8_000,
    ),
    "load": Curve(
        "ThreeBody12", "load", (0.3, 0.5, 0.7, 1.0, 1.4, 2.0), with_load, memory="used_bytes"
    ),
    "episode": Curve(
        "ThreeBody12, load 1.0", "episode length, h", (1, 2, 4, 8, 16, 24), long_episode
    ),
    "look_ahead": Curve(
        "ThreeBody12, load 1.0, episode 5,700 s", "look-ahead, h", (2, 4, 8, 16, 24), far_look_ahead
    ),
}


def is_there(curve: str, value: float) -> bool:
    """False for the point that needs a file which is not here."""
    return curve != "satellites" or value != N_STARLINK or STARLINK.is_file()


def measure(curve: str, value: float, seconds: float) -> dict[str, Any]:
    """Measure one point in a process of its own, so that its peak memory is the point's.

    seconds: for choosing actions, at most.
    """
    scenario = CURVES[curve].scenario(value)
    begin = time.process_time()
    day = EpisodeSource(scenario, "validation").sample_episode(SEED)
    ready_s = time.process_time() - begin
    simulation = Simulation(scenario, day.world, day.episode)
    actions = stored_stream(simulation, CURVES[curve].decisions, seconds)
    covered_s = float(simulation.time_s - day.episode.tasks["release_s"][0])
    del simulation
    start = Simulation(scenario, day.world, day.episode)
    step_s, used_bytes, lost = play_blocks(start, actions)
    low_s, median_s, high_s = np.percentile(step_s, (25.0, 50.0, 75.0)).tolist()
    return {
        "step_us": 1e6 * median_s,
        "quartiles_us": [1e6 * low_s, 1e6 * high_s],
        "decisions": len(actions),
        "of_decisions": int(np.searchsorted(day.episode.tasks["release_s"], day.episode.span_s[1])),
        "covered_s": covered_s,
        "world_bytes": bytes_of(day.world),
        "state_bytes": bytes_of(start.state),
        "used_bytes": used_bytes,
        "world_hours": float(day.world.sizes["horizon_s"][0]) / HOUR_S,
        "ready_s": ready_s,
        "plans_lost": lost,
        "peak_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        * 1_024,  # Linux counts in KiB
    }


def stored_stream(simulation: Simulation, max_actions: int, seconds: float) -> list[int]:
    """Choose actions to the end of the episode, within two limits.

    At most so many, or as many as are chosen in so many seconds of processor time.
    """
    rng, actions, until_s = np.random.default_rng(SEED), [], time.process_time() + seconds
    while (
        not simulation.is_over
        and len(actions) < max_actions
        and (time.process_time() < until_s or len(actions) < 2 * BLOCKS)
    ):
        rows, mask = simulation.observe()["nodes"], simulation.action_masks()
        actions.append(int(choose(rows[None], mask[None], rng)[0]))
        simulation.apply(actions[-1])
    return actions


def play_blocks(simulation: Simulation, actions: list[int]) -> tuple[np.ndarray, int, int]:
    """Return the processor time of a step in each block of the stream (BLOCKS,), and two counts.

    Most bytes of the State in use, and the plans lost to full pools.
    """
    arguments, decision = simulation.kernel_arguments, simulation.decision
    play_stream(*arguments, np.zeros(0, np.int64), decision)  # compiled before it is timed
    step_s, used_bytes = [], 0
    gc.disable()
    for block in np.array_split(np.array(actions, np.int64), BLOCKS):
        begin = time.process_time()
        play_stream(*arguments, block, decision)
        step_s.append((time.process_time() - begin) / max(block.size, 1))
        used_bytes = max(used_bytes, bytes_in_use(simulation))
    gc.enable()
    return np.array(step_s), used_bytes, int(simulation.state.clock[0]["n_lost_plans"])


def bytes_of(arrays: World | Any) -> int:
    """Bytes of a tuple of arrays."""
    return sum(array.nbytes for array in arrays)


def bytes_in_use(simulation: Simulation) -> int:
    """Bytes of the State without the free rows of its pools."""
    state, clock = simulation.state, simulation.state.clock[0]
    chunk_bytes = state.chunks.itemsize + state.intervals.nbytes // state.intervals.shape[0]
    free_bytes = (
        int(clock["n_free_chunks"]) * chunk_bytes
        + int(clock["n_free_segments"]) * state.segments.itemsize
    )
    return bytes_of(state) - free_bytes
