"""Round-trip times and paths over a +Grid of 1,156 satellites, 200 s in steps of 0.1 s, against
Hypatia.

Under test: shells and SGP4 (orbits.py), sidereal time and sites (physics.geometry), the assembly of
contacts (contacts.assemble), and the search kernel with its light times. Not under test: the
pointing rule (the +Grid is typed here, the compiler has none) and elevation masks (Hypatia's limit
is a range). Snapshots as in Hypatia: nothing moves while a bundle is on its way.

Authority: Hypatia (Kassing et al., IMC 2020), satgenpy's stored results for Kuiper-630.
"""

import math
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq

from orbit_gym.kernels.episode import FAULT, TASK, Episode
from orbit_gym.kernels.network.search import INPUT, search
from orbit_gym.kernels.network.search_context import Bundle
from orbit_gym.kernels.state import NONE, Scratch, State, new_scratch, new_state
from orbit_gym.orbits.epochs import julian_date
from orbit_gym.orbits.positions import Orbits
from orbit_gym.orbits.sgp4_source import Sgp4Source
from orbit_gym.orbits.walker_shells import build_shell, circular_record
from orbit_gym.physics.geometry import gmst_rad, rotate_to_earth_fixed
from orbit_gym.scenario.scenario import Shell
from orbit_gym.utils.units import DAY_S
from orbit_gym.world.contact_index import ground_pass_index, isl_index, user_downlink_index
from orbit_gym.world.contacts import Batch, assemble, steady_batch
from orbit_gym.world.ephemeris import COARSE_GRID_S, site_geometry
from orbit_gym.world.layout import (
    ACCELERATOR,
    LASER,
    POWER,
    SIZES,
    STATION_DOWNLINK,
    USER_DOWN,
    USER_UP,
    World,
)
from validation.rows import Row, judged_row, skipped_row

AUTHORITY = "Hypatia, Kuiper-630"
# Hypatia prints its elements to 1e-4 degrees and takes ranges from PyEphem: 0.5 us in all (FACTS 4)
TOLERANCE_S = 1e-6
# A chord of 30 s runs r w^2 h^2 / 8 = 0.9 km inside the circle: two site links, and 1.3e-4 of some
# 9,000 km of lasers, there and back.
GRID_TOLERANCE_S = 20e-6
EDGE_STEPS = 2  # a satellite that comes into range within rounding of a step
PLANES = PER_PLANE = 34
SATELLITES = PLANES * PER_PLANE
REVOLUTIONS_PER_DAY = 14.80
INCLINATION_DEG = 51.9
LONGEST_SITE_RANGE_M = math.hypot(630e3 / math.tan(math.radians(30.0)), 630e3)
EPOCH = datetime(2000, 1, 1)
SITES = {
    1173: (14.6042, 120.9822),
    1229: (59.929858, 30.326228),
    1241: (38.913811, 121.602322),
}  # Manila, St Petersburg, Dalian
PAIRS = ((1173, 1241), (1229, 1241))
STEP_S = 0.1
STEPS = 2_000
HALF_STEP_S = 0.05  # a contact lasts to halfway between steps; the longest one-way time is 39 ms
INSTANT_BPS = 1.0  # any: bundles have 0 bits


class Agreement(NamedTuple):
    """One pair of sites over some steps."""

    pair: tuple[int, int]
    error_s: float  # largest, over the steps that are not edge steps
    edge_steps: int  # steps beyond the tolerance, or reachable on one side only
    other_paths: int  # steps with another path, edge steps left out
    steps: int


class Network(NamedTuple):
    """The +Grid over some steps, ready to be searched."""

    world: World
    state: State
    scratch: Scratch
    positions_m: np.ndarray  # (steps, SATELLITES, 3) Earth-fixed, in Hypatia's order


def shell_altitude_m() -> float:
    """Altitude at which our circular orbit has Hypatia's mean motion (about 630 km)."""

    def excess(altitude_m: float) -> float:
        record = circular_record(Shell(INCLINATION_DEG, altitude_m, 1, 1), 0.0, 0.0, EPOCH, 1)
        return record.no_kozai * 1_440.0 / (2.0 * math.pi) - REVOLUTIONS_PER_DAY

    return brentq(excess, 600e3, 660e3, xtol=1e-6)


@cache
def orbits() -> Orbits:
    """Our shell in Hypatia's order.

    Hypatia shifts odd planes by half a slot; phasing 17 shifts each plane by half a slot more.
    """
    shell = Shell(INCLINATION_DEG, shell_altitude_m(), PLANES, PER_PLANE, phasing=PER_PLANE // 2)
    names, planes, records = build_shell(shell, EPOCH)
    indices = [
        plane * PER_PLANE + (slot - plane // 2) % PER_PLANE
        for plane in range(PLANES)
        for slot in range(PER_PLANE)
    ]
    source = Sgp4Source(names, records).subset(np.array(indices))
    return Orbits((source,), np.array(planes, np.int32)[indices])


def positions_m(times_s: np.ndarray) -> np.ndarray:
    """Earth-fixed positions (T, SATELLITES, 3) at seconds after the epoch (T,)."""
    jd, fraction = julian_date(EPOCH)
    out_m = np.empty((len(times_s), SATELLITES, 3))
    for first in range(0, len(times_s), 200):  # a part at a time: SGP4's answers are large
        day_fraction = fraction + times_s[first : first + 200] / DAY_S
        teme_m, _ = orbits().propagate(np.full(len(day_fraction), jd), day_fraction)
        out_m[first : first + 200] = rotate_to_earth_fixed(
            teme_m, gmst_rad(jd, day_fraction)
        ).transpose(1, 0, 2)
    return out_m


def grid_positions_m(times_s: np.ndarray) -> np.ndarray:
    """What the World has of the same: samples every 30 s, straight lines between."""
    samples_s = np.arange(0.0, times_s[-1] + 2.0 * COARSE_GRID_S, COARSE_GRID_S)
    samples_m = positions_m(samples_s)
    row = (times_s / COARSE_GRID_S).astype(int)
    part = (times_s / COARSE_GRID_S - row)[:, None, None]
    return samples_m[row] + part * (samples_m[row + 1] - samples_m[row])


def site_positions_m() -> np.ndarray:
    """Earth-fixed positions of the sites, in the order of SITES."""
    return np.array([site_geometry(*place, 0.0)[0] for place in SITES.values()])


def plus_grid() -> list[tuple[int, int]]:
    """Next in plane and same slot of the next plane, both closed rings."""
    return [
        (plane * PER_PLANE + slot, other)
        for plane in range(PLANES)
        for slot in range(PER_PLANE)
        for other in (
            plane * PER_PLANE + (slot + 1) % PER_PLANE,
            (plane + 1) % PLANES * PER_PLANE + slot,
        )
    ]


def instant(
    links: list[tuple[int, int, int]], start_s: list[np.ndarray], end_s: list[np.ndarray]
) -> Batch:
    """Edges (sender, receiver, kind) with their contacts, that nothing occupies."""
    ends = np.array([(*link, -1, -1, 0.0, 0.0) for link in links])
    counts = np.array([len(spans) for spans in start_s])
    return steady_batch(
        ends,
        np.full(len(links), INSTANT_BPS),
        np.concatenate(start_s),
        np.concatenate(end_s),
        counts,
    )


def site_links(node: int, in_range: np.ndarray, times_s: np.ndarray) -> Batch:
    """Return links between a site and every satellite in range, both ways.

    (T, SATELLITES) at some of times_s (T,).
    """
    visible = [int(satellite) for satellite in np.flatnonzero(in_range.any(axis=0))]
    links = [
        link
        for satellite in visible
        for link in ((node, satellite, USER_UP), (satellite, node, USER_DOWN))
    ]
    when_s = [times_s[in_range[:, satellite]] for satellite in visible for _ in range(2)]
    return instant(
        links,
        [instants - HALF_STEP_S for instants in when_s],
        [instants + HALF_STEP_S for instants in when_s],
    )


def build(times_s: np.ndarray, satellites_m: np.ndarray, light_m: np.ndarray) -> Network:
    """Return the network over times_s (T,).

    Contacts from satellites_m, light times from light_m (both (T, SATELLITES, 3)).
    """
    sites_m, horizon_s = site_positions_m(), float(times_s[-1]) + 1.0
    lasers = [(*ends, LASER) for pair in plus_grid() for ends in (pair, pair[::-1])]
    batches = [instant(lasers, [np.zeros(1)] * len(lasers), [np.full(1, horizon_s)] * len(lasers))]
    for number, site_m in enumerate(sites_m):
        in_range = np.linalg.norm(satellites_m - site_m, axis=-1) <= LONGEST_SITE_RANGE_M
        batches.append(site_links(SATELLITES + number, in_range, times_s))
    offsets, rows, contacts, rate_segments = assemble(batches, SATELLITES + len(sites_m))
    sizes = np.zeros(1, SIZES)
    sizes["n_satellites"] = sizes["n_candidates"] = SATELLITES
    sizes["n_users"], sizes["n_terminals"], sizes["n_resources"] = len(sites_m), 4, 1
    sizes["first_alert_resource"], sizes["horizon_s"], sizes["grid_s"] = -1, horizon_s, horizon_s
    none = np.zeros(SATELLITES + 1, np.int32)
    ground_pass_offsets, passes = ground_pass_index(offsets, rows, contacts)
    sizes["longest_pass_s"] = (passes["end_s"] - passes["start_s"]).max()
    terminals = (
        np.repeat(np.arange(len(rows)), rows["end_contact"] - rows["first_contact"]) - offsets[0]
    )
    senders = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    terminals = (np.arange(len(rows)) - offsets[senders])[
        terminals
    ]  # each laser a track of its own: a satellite's edges begin with them
    isl_offsets, laser_rows = isl_index(
        SATELLITES, 4, offsets, rows, contacts, np.where(terminals < 4, terminals, 0)
    )
    no_table = (0, SATELLITES, 0)
    world = World(
        sizes=sizes,
        positions_m=np.zeros((2, SATELLITES, 3)),
        site_positions_m=sites_m,
        edge_offsets=offsets,
        edges=rows,
        contacts=contacts,
        rate_segments=rate_segments,
        ground_pass_offsets=ground_pass_offsets,
        ground_passes=passes,
        station_downlink_offsets=np.zeros(1, np.int32),
        downlinks_by_station=np.zeros(0, STATION_DOWNLINK),
        isl_offsets=isl_offsets,
        isl_contacts=laser_rows,
        user_downlinks=user_downlink_index(offsets, rows),
        ground_light_s=np.zeros(no_table, np.float32),
        ground_hops=np.zeros(no_table, np.uint8),
        power_offsets=none,
        power=np.zeros(0, POWER),
        accelerators=np.zeros(SATELLITES, ACCELERATOR),
        datacentre_offsets=np.array([SATELLITES], np.int32),
        model_bytes=np.zeros(1),
    )
    world = World(*(_frozen(array) for array in world))
    span_s = np.array([0.0, horizon_s])
    episode = Episode(
        np.zeros(0, TASK),
        np.zeros(SATELLITES),
        np.zeros(SATELLITES, np.int64),
        span_s,
        np.zeros(0, FAULT),
    )
    return Network(world, new_state(world, episode, 4, 16), new_scratch(world), light_m)


def _frozen(array: np.ndarray) -> np.ndarray:
    array = np.ascontiguousarray(array)
    array.flags.writeable = False
    return array


def route(
    network: Network, step: int, time_s: float, pair: tuple[int, int]
) -> tuple[float, list[int]]:
    """Return the round-trip time in s (0 if there is none) and the path in Hypatia's numbers.

    Everything stands still at this step.
    """
    world = network.world._replace(positions_m=_frozen(np.stack([network.positions_m[step]] * 2)))
    source, target = (SATELLITES + list(SITES).index(site) for site in pair)
    end = search(
        world,
        network.state,
        network.scratch,
        INPUT,
        Bundle(source, time_s, 0.0, target, time_s + HALF_STEP_S, True),
        network.scratch.order,
    )
    if end == NONE:
        return 0.0, []
    labels, path = network.scratch.labels[INPUT], []
    while end != NONE:
        path.append(int(end) if end < SATELLITES else list(SITES)[int(end) - SATELLITES])
        end = labels["previous"][end]
    return 2.0 * float(labels["arrival_s"][target] - time_s), path[::-1]


def read_pair(data: Path, pair: tuple[int, int]) -> tuple[np.ndarray, list[list[int]]]:
    """Hypatia's round-trip time in s (STEPS,) and path at every step.

    An unreachable step has 0 and no path.
    """
    folder, name = data / "reference_hypatia", f"{pair[0]}_to_{pair[1]}.txt"
    rtt_s = 1e-9 * np.loadtxt(folder / f"kuiper630_rtt_{name}", delimiter=",")[:, 1]
    changes = [line.split(",") for line in (folder / f"kuiper630_path_{name}").read_text().split()]
    first = [round(int(time_ns) / 1e9 / STEP_S) for time_ns, _ in changes]
    paths: list[list[int]] = []
    for (_, text), begin, end in zip(changes, first, [*first[1:], STEPS], strict=True):
        nodes = [int(word) for word in text.split("-")] if text[0].isdigit() and "-" in text else []
        paths += [nodes] * (end - begin)
    return rtt_s, paths


def compare(
    data: Path,
    network: Network,
    steps: Sequence[int],
    times_s: np.ndarray,
    pair: tuple[int, int],
    tolerance_s: float,
) -> Agreement:
    """Compare one pair over some steps of Hypatia's; network rows are those steps."""
    rtt_s, paths = read_pair(data, pair)
    error_s, edge_steps, other_paths = 0.0, 0, 0
    for row, step in enumerate(steps):
        ours_s, path = route(network, row, float(times_s[row]), pair)
        apart_s = abs(ours_s - rtt_s[step])
        if apart_s > tolerance_s:
            edge_steps += 1
            continue
        error_s = max(error_s, apart_s)
        other_paths += path != paths[step]
    return Agreement(pair, error_s, edge_steps, other_paths, len(steps))


def agreements(
    data: Path, every: int = 1, pairs: Sequence[tuple[int, int]] = PAIRS
) -> list[Agreement]:
    """Exact positions at every step of 0.1 s (or every so many)."""
    steps = range(0, STEPS, every)
    times_s = STEP_S * np.array(steps)
    exact_m = positions_m(times_s)
    network = build(times_s, exact_m, exact_m)
    return [compare(data, network, steps, times_s, pair, TOLERANCE_S) for pair in pairs]


def grid_agreements(
    data: Path, every: int = 1, pairs: Sequence[tuple[int, int]] = PAIRS
) -> list[Agreement]:
    """Light times on what a compiled World holds of so many satellites.

    Contacts stay exact, as the compiler's are to 2 ms.
    """
    steps = range(0, STEPS, every)
    times_s = STEP_S * np.array(steps)
    network = build(times_s, positions_m(times_s), grid_positions_m(times_s))
    return [compare(data, network, steps, times_s, pair, GRID_TOLERANCE_S) for pair in pairs]


def measure(data: Path | None) -> list[Row]:
    """Return a row per pair with exact positions, and one for the World's grid."""
    quantity, grid_quantity = (
        "+Grid of 1,156 satellites, 200 s: round-trip time and path",
        "the same on the World's 30 s grid",
    )
    tolerance = f"{TOLERANCE_S * 1e6:g} us on all but {EDGE_STEPS} steps, same paths"
    if data is None:
        return [
            skipped_row(quantity, AUTHORITY, tolerance),
            skipped_row(grid_quantity, AUTHORITY, f"{GRID_TOLERANCE_S * 1e6:g} us"),
        ]
    rows = []
    for agreement in agreements(data):
        error = (
            f"{agreement.error_s * 1e6:.2f} us, {agreement.edge_steps} edge steps, "
            f"{agreement.other_paths} other paths ({agreement.steps} steps)"
        )
        ok = (
            agreement.error_s <= TOLERANCE_S
            and agreement.edge_steps <= EDGE_STEPS
            and agreement.other_paths == 0
        )
        rows.append(
            Row(
                f"{quantity}, {agreement.pair[0]} to {agreement.pair[1]}",
                AUTHORITY,
                error,
                tolerance,
                ok,
            )
        )
    found_on_grid = grid_agreements(data)
    edges = max(agreement.edge_steps for agreement in found_on_grid)
    error_us = 1e6 * max(agreement.error_s for agreement in found_on_grid)
    n_other_paths = sum(agreement.other_paths for agreement in found_on_grid)
    row = judged_row(
        grid_quantity,
        AUTHORITY,
        error_us,
        1e6 * GRID_TOLERANCE_S,
        "us",
        f"at most {edges} edge steps a pair, {n_other_paths} other paths",
    )
    return [*rows, row._replace(ok=row.ok and edges <= EDGE_STEPS)]
