"""Worlds typed by hand, satellites only: links with contacts and rates, rows of power.

And the tasks to play on them.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from orbit_gym.kernels.episode import ANY_STATION, FAULT, TASK, Episode
from orbit_gym.scenario.loading import load_scenario
from orbit_gym.simulation.simulation import Simulation
from orbit_gym.world.contact_index import isl_index, user_downlink_index
from orbit_gym.world.layout import (
    ACCELERATOR,
    CONTACT,
    EDGE,
    EDGE_CONTACT,
    LASER,
    POWER,
    RATE_SEGMENT,
    SIZES,
    STATION_DOWNLINK,
    World,
)

HORIZON_S = 100_000.0
MODEL_BYTES = (16e9, 16e9, 8.5e9, 6e9, 0.2e9)
PEAK_OP_PER_S = 744e12
VISION_OP_PER_S = PEAK_OP_PER_S * 0.3
LANES = 8
# A node like that of orbit_gym/scenario/satellite_hardware.py, by field of ACCELERATOR.
NODE = {
    "lanes": LANES,
    "has_battery": 1,
    "peak_op_per_s": PEAK_OP_PER_S,
    "bandwidth_bytes_per_s": 400e9,
    "memory_bytes": 24e9,
    "load_bytes_per_s": 1.5e9,
    "load_overhead_s": 3.0,
    "vision_efficiency_fraction": 0.3,
    "prefill_efficiency_fraction": 0.2,
    "bandwidth_efficiency_fraction": 0.84,
    "dynamic_w": 180.0,
    "idle_w": 20.0,
    "capacity_j": 1.44e6,
    "floor_j": 1.008e6,
    "thermal_tau_s": 1400.0,
    "thermal_k_per_w": 0.275,
    "sink_c": 20.0,
    "limit_c": 500.0,
}


class Contact(NamedTuple):
    """Time in which data can flow, and its rate: pieces of (start_s, rate_bps), the first at
    start_s.
    """

    rate_segments: tuple[tuple[float, float], ...]
    end_s: float


class Link(NamedTuple):
    """One direction of a link, with a calendar of its own."""

    sender: int
    receiver: int
    contacts: tuple[Contact, ...]


def always(sender: int, receiver: int, rate_bps: float) -> Link:
    """A link that is up for ever at one rate."""
    return Link(sender, receiver, (Contact(((0.0, rate_bps),), HORIZON_S),))


def small_world(
    n_satellites: int,
    links: Sequence[Link] = (),
    positions_m: np.ndarray | None = None,
    power: Sequence[tuple[float, float]] = ((0.0, 1_000.0),),
    look_ahead_s: float = 50_000.0,
    **node: float,
) -> World:
    """A World of satellites that stand still.

    Power rows are (start_s, net_w) of every satellite; keywords change NODE.

    Results go by an alert channel that is never busy, so a task is delivered when it is finished.

    """
    links = sorted(links, key=lambda link: (link.sender, link.receiver))
    if positions_m is None:
        positions_m = 7e6 * np.eye(3)[np.arange(n_satellites) % 3]
    offsets = np.searchsorted([link.sender for link in links], np.arange(n_satellites + 1)).astype(
        np.int32
    )
    edges, contacts, rate_segments = _network(links)
    senders = np.array([link.sender for link in links for _ in link.contacts], np.int64)
    terminals = np.array(
        [row for row, link in enumerate(links) for _ in link.contacts], np.int64
    )  # each link a track of its own
    terminals -= offsets[senders] if len(links) else 0
    n_terminals = int(np.diff(offsets).max(initial=1))
    isl_offsets, lasers = isl_index(n_satellites, n_terminals, offsets, edges, contacts, terminals)
    rows = power_rows(power, {**NODE, **node}["floor_j"])
    accelerators = np.zeros(n_satellites, ACCELERATOR)
    accelerators["node"] = np.arange(n_satellites)
    for name, value in {**NODE, **node}.items():
        accelerators[name] = value
    sizes = np.zeros(1, SIZES)
    sizes["n_satellites"] = sizes["n_candidates"] = n_satellites
    sizes["n_terminals"] = 1
    sizes["n_resources"] = len(links) + n_satellites
    sizes["first_alert_resource"] = len(links)
    sizes["horizon_s"], sizes["grid_s"], sizes["look_ahead_s"] = HORIZON_S, HORIZON_S, look_ahead_s
    world = World(
        sizes=sizes,
        positions_m=np.stack([positions_m, positions_m]),
        site_positions_m=np.zeros((0, 3)),
        edge_offsets=offsets,
        edges=edges,
        contacts=contacts,
        rate_segments=rate_segments,
        ground_pass_offsets=np.zeros(n_satellites + 1, np.int32),
        ground_passes=np.zeros(0, EDGE_CONTACT),
        station_downlink_offsets=np.zeros(1, np.int32),
        downlinks_by_station=np.zeros(0, STATION_DOWNLINK),
        isl_offsets=isl_offsets,
        isl_contacts=lasers,
        user_downlinks=user_downlink_index(offsets, edges),
        ground_light_s=np.zeros((0, n_satellites, 0), np.float32),
        ground_hops=np.zeros((0, n_satellites, 0), np.uint8),
        power_offsets=(len(rows) * np.arange(n_satellites + 1)).astype(np.int32),
        power=np.tile(rows, n_satellites),
        accelerators=accelerators,
        datacentre_offsets=np.array([n_satellites], np.int32),
        model_bytes=np.array(MODEL_BYTES),
    )
    return World(*(_read_only(array) for array in world))


def _read_only(array: np.ndarray) -> np.ndarray:
    array = np.ascontiguousarray(array)
    array.flags.writeable = False
    return array


def _network(links: Sequence[Link]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    edges = np.zeros(len(links), EDGE)
    contacts: list[tuple] = []
    rate_segments: list[tuple] = []
    for row, link in enumerate(links):
        first = len(contacts)
        for contact in link.contacts:
            first_rate_segment = len(rate_segments)
            sent_bits = 0.0
            for place, (start_s, rate_bps) in enumerate(contact.rate_segments):
                rate_segments.append((start_s, rate_bps, sent_bits))
                end_s = (
                    contact.rate_segments[place + 1][0]
                    if place + 1 < len(contact.rate_segments)
                    else contact.end_s
                )
                sent_bits += rate_bps * (end_s - start_s)
            contacts.append(
                (
                    contact.rate_segments[0][0],
                    contact.end_s,
                    first_rate_segment,
                    len(rate_segments),
                    0,
                    0,
                )
            )
        edges[row] = (link.receiver, LASER, first, len(contacts), row, -1, 0.0, 0.0)
    return edges, np.array(contacts, CONTACT), np.array(rate_segments, RATE_SEGMENT)


def power_rows(power: Sequence[tuple[float, float]], floor_j: float) -> np.ndarray:
    """POWER rows of (start_s, net_w), with the charge that the baseline needs, by its
    definition.
    """
    rows = np.zeros(len(power), POWER)
    rows["start_s"], rows["net_w"] = [row[0] for row in power], [row[1] for row in power]
    rows["is_sunlit"] = rows["net_w"] > 0.0
    rows["required_j"] = [plain_required_j(power, floor_j, row[0]) for row in power]
    return rows


def plain_required_j(power: Sequence[tuple[float, float]], floor_j: float, time_s: float) -> float:
    """Floor plus the deepest fall of the integrated net power after time_s: no battery holds less
    and lasts.
    """
    gained_j, least_j = 0.0, 0.0
    for row, (start_s, net_w) in enumerate(power):
        end_s = power[row + 1][0] if row + 1 < len(power) else HORIZON_S
        gained_j += net_w * max(0.0, end_s - max(start_s, time_s))
        least_j = min(least_j, gained_j)
    return floor_j - least_j


def make_tasks(rows: Sequence[dict[str, float]]) -> np.ndarray:
    """TASK rows in order of release.

    Unnamed numbers are those of a task without input that must be done at some time.
    """
    tasks = np.zeros(len(rows), TASK)
    tasks["slack_s"], tasks["value"], tasks["destination"] = 50_000.0, 1.0, ANY_STATION
    for task, row in zip(tasks, rows, strict=True):
        for name, value in row.items():
            task[name] = value
    return tasks


def vision(release_s: float, seconds: float, **more: float) -> dict[str, float]:
    """A task on all lanes that takes so many seconds on NODE."""
    return {"release_s": release_s, "vision_flop": seconds * VISION_OP_PER_S, **more}


def one_lane(
    release_s: float, tokens: float, prompt_tokens: float = 1000.0, model: int = 2, **more: float
) -> dict[str, float]:
    """A language request; prompt tokens cost 16 GFLOP each (8B model)."""
    more = {"prefill_flop": 16e9 * prompt_tokens, "decode_tokens": tokens, "model": model, **more}
    return {"release_s": release_s, "one_lane": 1, **more}


def start(
    world: World,
    tasks: Sequence[dict[str, float]],
    resident: int = 0,
    charge_j: float | None = None,
    chunks: int = 1024,
    end_s: float = HORIZON_S,
    faults: Sequence[tuple[float, float, int, int]] | None = None,
) -> Simulation:
    """A Simulation of these tasks from second 0.

    Resident is the bit set of models in every memory.
    """
    n_satellites = int(world.sizes["n_satellites"][0])
    charge_j = float(world.accelerators["capacity_j"][0]) if charge_j is None else charge_j
    episode = Episode(
        tasks=make_tasks(tasks),
        initial_charge_j=np.full(n_satellites, charge_j),
        initial_resident=np.full(n_satellites, resident, np.int64),
        span_s=np.array([0.0, end_s]),
        faults=np.array(list(faults or ()), FAULT),
    )
    for array in episode:
        array.flags.writeable = False
    overrides = {
        "lasers.terminals": 1,
        "calendar_chunks": chunks,
        "faults.enabled": faults is not None,
    }
    return Simulation(load_scenario("Tiny", overrides), world, episode)
