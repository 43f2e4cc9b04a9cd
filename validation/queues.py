"""Queues: calendars and lanes against Lindley's recursion, exactly, and against the mean waits of
M/D/1, M/M/1 and M/M/c.

The recursions are followed through whole simulations (plan, then book). The means need millions of
customers, so two kernels here drive what a booking drives: placing.place and compute.occupy on an
accelerator, routing.earliest_transfer and calendars.reserve on a link direction.

Authorities: Lindley 1952; Kiefer and Wolfowitz 1955 for several servers; Pollaczek and Khinchine,
Erlang C in Kleinrock, "Queueing Systems" I (1975).
"""

import heapq
import math
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from orbit_gym.kernels.accelerator.charge_and_heat import advance_to, cache_queue_end
from orbit_gym.kernels.accelerator.lane_profile import occupy
from orbit_gym.kernels.accelerator.service import lanes_taken
from orbit_gym.kernels.accelerator.service_slot import find_slot
from orbit_gym.kernels.episode import ANY_STATION, TASK
from orbit_gym.kernels.network.calendars import release_expired, reserve
from orbit_gym.kernels.network.transfers import earliest_transfer
from orbit_gym.kernels.state import State, copy_state
from orbit_gym.simulation.simulation import Simulation
from orbit_gym.utils.jit import kernel
from orbit_gym.world.layout import World
from tests.helpers.small_world import (
    LANES,
    VISION_OP_PER_S,
    always,
    one_lane,
    small_world,
    start,
    vision,
)
from validation.rows import Row, judged_row

STANDARD_ERRORS = 3.0
UTILISATIONS = (0.3, 0.6, 0.9)
SERVICE_S = 0.01  # mean: a replication then ends long before a World does
# customers left out of each replication: at 0.9 a queue forgets its start in some thousand
WARM_UP = 20_000
CUSTOMERS = 100_000
REPLICATIONS = 20
LANGUAGE = 2
LANGUAGE_TOKENS_PER_S = (
    135.3 / 8 * (400 / 273) * (4.5e9 / 8.5e9)
)  # of one lane of NODE, scaled from validation.decoding
NO_PREFILL = {
    "bandwidth_efficiency_fraction": 1e12
}  # reading the weights once takes no time: service is decoding alone
LINK = [always(1, 0, 1.0)]  # 1 bit/s: n bits take n seconds
TOGETHER_M = np.full((2, 3), 4e6)  # at one point: no propagation


@kernel
def drive_accelerator(world: World, state: State, tasks: np.ndarray, waits_s: np.ndarray) -> None:
    """Place and book every task on accelerator 0 as it is released."""
    for task in range(tasks.size):
        release_s = tasks[task].release_s
        advance_to(world, state, 0, release_s)
        _, _, start_s, finish_s = find_slot(world, state, tasks, task, 0, release_s, np.inf)
        occupy(
            state,
            0,
            start_s,
            finish_s,
            lanes_taken(world, tasks, task, 0),
            state.units[0].queue_end_resident,
        )
        cache_queue_end(world, state, 0)
        waits_s[task] = start_s - release_s


@kernel
def drive_link(world: World, state: State, tasks: np.ndarray, waits_s: np.ndarray) -> None:
    """Send and book every task's input over edge 0 as it is released."""
    for task in range(tasks.size):
        release_s = tasks[task].release_s
        start_s, end_s = earliest_transfer(
            world, state, 0, release_s, tasks[task].input_bits, np.inf, False
        )
        resource = world.edges[0].resource_a
        release_expired(state, resource, release_s)
        reserve(state, resource, start_s, end_s)
        waits_s[task] = start_s - release_s


class Queue(NamedTuple):
    """A queue of ours and the theory of its mean wait."""

    name: str
    drive: Callable[[World, State, np.ndarray, np.ndarray], None]
    column: str  # of a task, that holds its work
    work_per_s: float
    servers: int
    is_random: bool  # exponential service; constant otherwise


QUEUES = (
    Queue("M/D/1 on a link direction", drive_link, "input_bits", 1.0, 1, False),
    Queue("M/M/1 on a link direction", drive_link, "input_bits", 1.0, 1, True),
    Queue("M/D/1 on an accelerator", drive_accelerator, "vision_flop", VISION_OP_PER_S, 1, False),
    Queue("M/M/1 on an accelerator", drive_accelerator, "vision_flop", VISION_OP_PER_S, 1, True),
    Queue("M/M/8 on lanes", drive_accelerator, "decode_tokens", LANGUAGE_TOKENS_PER_S, LANES, True),
)


def mean_wait_s(queue: Queue, utilisation: float) -> float:
    """Return the mean wait in queue.

    Erlang C for exponential service, half of M/M/1's for constant service
    (Pollaczek-Khinchine).
    """
    offered_load, c = utilisation * queue.servers, queue.servers
    last = offered_load**c / math.factorial(c) / (1.0 - utilisation)
    waits_fraction = last / (sum(offered_load**k / math.factorial(k) for k in range(c)) + last)
    wait_s = waits_fraction * SERVICE_S / (c * (1.0 - utilisation))
    return wait_s if queue.is_random else 0.5 * wait_s


def drawn_tasks(
    queue: Queue, utilisation: float, count: int, rng: np.random.Generator
) -> np.ndarray:
    """Poisson arrivals with drawn or constant service, as TASK rows (count,)."""
    tasks = np.zeros(count, TASK)
    tasks["release_s"] = np.cumsum(
        rng.exponential(SERVICE_S / (utilisation * queue.servers), count)
    )
    tasks["slack_s"], tasks["value"], tasks["destination"] = 50_000.0, 1.0, ANY_STATION
    tasks["one_lane"], tasks["model"] = queue.servers > 1, LANGUAGE
    tasks[queue.column] = queue.work_per_s * (
        rng.exponential(SERVICE_S, count) if queue.is_random else SERVICE_S
    )
    tasks.flags.writeable = False
    return tasks


class Deviation(NamedTuple):
    """Distance of our mean wait from theory."""

    standard_errors: float
    fraction: float  # of the theory's mean wait


def deviation(
    queue: Queue, utilisation: float, replications: int = REPLICATIONS, customers: int = CUSTOMERS
) -> Deviation:
    """Measure the mean wait in independent replications; their spread gives the standard error."""
    simulation = start(
        small_world(2, LINK, TOGETHER_M, **NO_PREFILL), [vision(0.0, 1.0)], 1 << LANGUAGE
    )
    means_s = []
    for seed in range(replications):
        tasks = drawn_tasks(
            queue,
            utilisation,
            WARM_UP + customers,
            np.random.default_rng([seed, round(1e3 * utilisation), QUEUES.index(queue)]),
        )
        waits_s = np.zeros(len(tasks))
        queue.drive(simulation.world, copy_state(simulation.state), tasks, waits_s)
        means_s.append(waits_s[WARM_UP:].mean())
    error_s = np.std(means_s, ddof=1) / math.sqrt(replications)
    off_s = abs(float(np.mean(means_s)) - mean_wait_s(queue, utilisation))
    return Deviation(off_s / float(error_s), off_s / mean_wait_s(queue, utilisation))


def plain_starts_s(releases_s: np.ndarray, ends_s: np.ndarray, servers: int) -> np.ndarray:
    """Return starts in order of arrival at so many servers, given when each service ended.

    Each task takes the server that is free first.
    """
    free_s = [0.0] * servers
    starts_s = np.zeros(len(releases_s))
    for k, (release_s, end_s) in enumerate(zip(releases_s, ends_s, strict=True)):
        starts_s[k] = max(release_s, heapq.heappop(free_s))
        heapq.heappush(free_s, end_s)
    return starts_s


def book_all_at_0(simulation: Simulation, is_link: bool) -> tuple[np.ndarray, np.ndarray]:
    """Book every task at satellite 0.

    Returns start and end (n,) of its transfer, or of its service.
    """
    rows = []
    while not simulation.is_over:
        simulation.apply(int(np.flatnonzero(simulation.candidate_nodes == 0)[0]))
        booking, hops = simulation.last_booking, simulation.last_hops
        rows.append(
            (hops[0]["start_s"], hops[0]["end_s"])
            if is_link
            else (booking["start_s"], booking["finish_s"])
        )
    return np.array(rows).T


def recursion_errors_s(
    kind: str, rng: np.random.Generator, count: int = 500
) -> tuple[float, float]:
    """Return the largest errors of starts and services, through plans and bookings at load 0.9.

    Starts against the recursion, services against those drawn.

    kind is "link", "accelerator" or "lanes".
    """
    servers = LANES if kind == "lanes" else 1
    releases_s = np.cumsum(rng.exponential(10.0 / servers, count))
    services_s = rng.exponential(9.0, count)
    releases_and_services = [
        (float(release_s), float(service_s))
        for release_s, service_s in zip(releases_s, services_s, strict=True)
    ]
    if kind == "link":
        tasks = [
            vision(release_s, 0.0, origin=1, input_bits=service_s)
            for release_s, service_s in releases_and_services
        ]
    elif kind == "lanes":
        tasks = [
            one_lane(release_s, service_s * LANGUAGE_TOKENS_PER_S, 0.0)
            for release_s, service_s in releases_and_services
        ]
    else:
        tasks = [
            vision(release_s, service_s, model=LANGUAGE)
            for release_s, service_s in releases_and_services
        ]
    simulation = start(small_world(2, LINK, TOGETHER_M, **NO_PREFILL), tasks, 1 | 1 << LANGUAGE)
    starts_s, ends_s = book_all_at_0(simulation, kind == "link")
    start_error_s = np.abs(starts_s - plain_starts_s(releases_s, ends_s, servers)).max()
    return float(start_error_s), float(np.abs(ends_s - starts_s - services_s).max())


RECURSIONS = {
    "link": "a link direction",
    "accelerator": "an accelerator, all lanes",
    "lanes": "eight lanes",
}
EXACT_S = 0.0  # both sides take the larger of the same two doubles
ROUNDING_S = 1e-9  # of services: a difference of two times of some thousand seconds


def measure(data: Path | None) -> list[Row]:
    """Return a row per recursion, and a row per queue over all utilisations."""
    rows = []
    for kind, name in RECURSIONS.items():
        authority = "Kiefer-Wolfowitz recursion" if kind == "lanes" else "Lindley recursion"
        error_s = max(
            recursion_errors_s(kind, np.random.default_rng(seed))[0] for seed in range(10)
        )
        rows.append(
            judged_row(
                f"starts on {name}, load 0.9", authority, error_s, EXACT_S, "s", "5,000 customers"
            )
        )
    for queue in QUEUES:
        deviations = [deviation(queue, utilisation) for utilisation in UTILISATIONS]
        largest_errors = max(row.standard_errors for row in deviations)
        note = (
            f"{REPLICATIONS * CUSTOMERS:,} customers each, at most "
            f"{max(row.fraction for row in deviations):.1%} off"
        )
        quantity = f"mean wait, {queue.name}, load 0.3, 0.6, 0.9"
        rows.append(
            judged_row(
                quantity, "closed form", largest_errors, STANDARD_ERRORS, "standard errors", note
            )
        )
    return rows
