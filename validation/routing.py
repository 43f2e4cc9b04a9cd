"""Routing over contacts with backlogs against brute force over all simple paths, and against
networkx on a time-expanded graph.

Under test: the search kernel (routing.search) with calendars, waiting, store and forward, rates
integrated over a contact.
"""

import math
from pathlib import Path

import networkx as nx
import numpy as np

from orbit_gym.kernels.network.calendars import reserve
from orbit_gym.kernels.network.search import EVERYWHERE, INPUT, search
from orbit_gym.kernels.network.search_context import Bundle
from orbit_gym.simulation.simulation import Simulation
from orbit_gym.utils.units import SPEED_OF_LIGHT_MPS
from tests.helpers.plain_routes import first_gap_end_s
from tests.helpers.small_world import Contact, Link, always, small_world, start, vision
from validation.rows import Row, judged_row

ROUNDING_S = (
    1e-9  # exact but for rounding: both sides add and divide the same doubles, in another order
)
EXACT_S = 0.0  # on whole seconds there is no rounding
GRAPHS = 500
LIMIT_S = 150.0
FAR_M = 3e8  # a light second: propagation matters as much as the rates
LATTICE_S = 60  # whole seconds of the time-expanded graph
LATTICE_BITS = 12.0
LATTICE_BPS = (1.0, 2.0, 3.0, 4.0, 6.0, 12.0)  # so that every transfer takes whole seconds
Busy = dict[tuple[int, int], list[tuple[float, float]]]


def random_links(rng: np.random.Generator, n_nodes: int) -> list[Link]:
    """Links with one to three contacts within 100 s, each of one to three rates."""
    links = []
    for sender in range(n_nodes):
        for receiver in range(n_nodes):
            if sender != receiver and rng.random() < 0.6:
                links.append(Link(sender, receiver, random_contacts(rng)))
    return links or [always(0, 1, 1.0)]


def random_contacts(rng: np.random.Generator) -> tuple[Contact, ...]:
    edges_s = np.sort(rng.uniform(0.0, 100.0, 2 * int(rng.integers(1, 4))))
    contacts = []
    for start_s, end_s in edges_s.reshape(-1, 2):
        starts_s = [start_s, *np.sort(rng.uniform(start_s, end_s, int(rng.integers(0, 3))))]
        contacts.append(
            Contact(
                tuple((float(s), float(rng.choice([1.0, 2.0, 5.0, 20.0]))) for s in starts_s),
                float(end_s),
            )
        )
    return tuple(contacts)


def random_busy(rng: np.random.Generator, links: list[Link]) -> Busy:
    """Reservations on every calendar, some of them touching."""
    busy: Busy = {}
    for link in links:
        edges_s = np.sort(rng.uniform(0.0, 100.0, 2 * int(rng.integers(0, 5))))
        spans = [(float(a), float(b)) for a, b in edges_s.reshape(-1, 2)]
        if spans and rng.random() < 0.3:
            spans.append((spans[-1][1], spans[-1][1] + 1.0))
        busy[link.sender, link.receiver] = spans
    return busy


def brute_force(
    links: list[Link], busy: Busy, positions_m: np.ndarray, source: int, ready_s: float, bits: float
) -> dict[int, float]:
    """Earliest arrival at every node over all simple paths."""
    best = {source: ready_s}

    def extend(node: int, time_s: float, visited: frozenset[int]) -> None:
        for link in links:
            if link.sender != node or link.receiver in visited:
                continue
            end_s = first_gap_end_s(
                link.contacts, busy.get((link.sender, link.receiver), []), time_s, bits
            )
            arrival_s = (
                end_s
                + math.dist(positions_m[node], positions_m[link.receiver]) / SPEED_OF_LIGHT_MPS
            )
            if arrival_s <= LIMIT_S:
                best[link.receiver] = min(arrival_s, best.get(link.receiver, math.inf))
                extend(link.receiver, arrival_s, visited | {link.receiver})

    extend(source, ready_s, frozenset({source}))
    return best


def arrivals(
    simulation: Simulation, source: int, ready_s: float, bits: float, idle: bool = False
) -> dict[int, float]:
    """What the kernel finds: arrival at every settled node."""
    scratch = simulation.scratch
    search(
        simulation.world,
        simulation.state,
        scratch,
        INPUT,
        Bundle(source, ready_s, bits, EVERYWHERE, LIMIT_S, idle),
        scratch.order,
    )
    labels = scratch.labels[INPUT]
    settled = labels["settled"] == scratch.counter[1 + INPUT]
    return {int(node): float(labels["arrival_s"][node]) for node in np.flatnonzero(settled)}


def prepare(rng: np.random.Generator) -> tuple[list[Link], Busy, np.ndarray, Simulation]:
    """A random network with reservations on its calendars."""
    n_nodes = int(rng.integers(3, 6))
    links = random_links(rng, n_nodes)
    busy = random_busy(rng, links)
    positions_m = FAR_M * rng.uniform(0.1, 1.0, (n_nodes, 3))
    return links, busy, positions_m, simulate(links, busy, positions_m)


def simulate(links: list[Link], busy: Busy, positions_m: np.ndarray) -> Simulation:
    """Start a simulation of these links with these reservations.

    Links are sorted by sender and receiver, which is how small_world numbers their calendars.
    """
    simulation = start(small_world(len(positions_m), links, positions_m), [vision(0.0, 1.0)])
    for resource, link in enumerate(links):
        for start_s, end_s in busy.get((link.sender, link.receiver), []):
            reserve(simulation.state, resource, start_s, end_s)
    return simulation


def largest_s(arrivals_s: dict[int, float], expected: dict[int, float]) -> float:
    """Largest difference of arrivals.

    Infinity where one side reaches a node that the other does not.
    """
    if arrivals_s.keys() != expected.keys():
        return math.inf
    return max(abs(arrivals_s[node] - arrival_s) for node, arrival_s in expected.items())


def brute_force_error_s(rng: np.random.Generator) -> float:
    """One random network, busy and idle, against every simple path in plain Python."""
    links, busy, positions_m, simulation = prepare(rng)
    ready_s, bits = float(rng.uniform(0.0, 60.0)), float(rng.choice([0.01, 3.0, 20.0, 80.0]))
    busy_s = largest_s(
        arrivals(simulation, 0, ready_s, bits),
        brute_force(links, busy, positions_m, 0, ready_s, bits),
    )
    idle_s = largest_s(
        arrivals(simulation, 0, ready_s, bits, idle=True),
        brute_force(links, {}, positions_m, 0, ready_s, bits),
    )
    return max(busy_s, idle_s)


def permanent_error_s(rng: np.random.Generator) -> float:
    """One random graph of permanent links against networkx, weights bits / rate + range / c."""
    n_nodes = int(rng.integers(3, 12))
    positions_m = FAR_M * rng.uniform(0.1, 1.0, (n_nodes, 3))
    graph = nx.gnp_random_graph(n_nodes, 0.4, seed=int(rng.integers(2**31)), directed=True)
    bits = float(rng.uniform(1.0, 50.0))
    for a, b, data in graph.edges(data=True):
        data["rate_bps"] = float(rng.uniform(1.0, 20.0))
        data["weight"] = (
            bits / data["rate_bps"] + math.dist(positions_m[a], positions_m[b]) / SPEED_OF_LIGHT_MPS
        )
    links = [always(a, b, data["rate_bps"]) for a, b, data in graph.edges(data=True)] or [
        always(0, 1, 1e-9)
    ]
    expected = nx.single_source_dijkstra_path_length(graph, 0)
    arrivals_s = arrivals(simulate(links, {}, positions_m), 0, 0.0, bits)
    return largest_s(
        arrivals_s, {node: length for node, length in expected.items() if length <= LIMIT_S}
    )


def lattice_links(rng: np.random.Generator, n_nodes: int) -> tuple[list[Link], Busy]:
    """Random contacts, rates and reservations whose every number is a whole second."""
    links, busy = [], {}
    for sender in range(n_nodes):
        for receiver in range(n_nodes):
            if sender == receiver or rng.random() < 0.4:
                continue
            bounds_s = np.sort(
                rng.choice(LATTICE_S, 2 * int(rng.integers(1, 4)), replace=False)
            ).reshape(-1, 2)
            contacts = tuple(
                Contact(((float(a), float(rng.choice(LATTICE_BPS))),), float(b))
                for a, b in bounds_s
            )
            taken_s = np.sort(
                rng.choice(LATTICE_S, 2 * int(rng.integers(0, 5)), replace=False)
            ).reshape(-1, 2)
            links.append(Link(sender, receiver, contacts))
            busy[sender, receiver] = [(float(a), float(b)) for a, b in taken_s]
    return links or [always(0, 1, 1.0)], busy


def time_expanded(links: list[Link], busy: Busy, n_nodes: int) -> nx.DiGraph:
    """Nodes (satellite, second).

    Edges wait a second, or carry the bundle over a link that is up and free all the while.
    """
    graph = nx.DiGraph()
    graph.add_edges_from(
        ((node, t), (node, t + 1)) for node in range(n_nodes) for t in range(LATTICE_S)
    )
    for link in links:
        for contact in link.contacts:
            duration = int(LATTICE_BITS / contact.rate_segments[0][1])
            for t in range(
                int(contact.rate_segments[0][0]), int(min(contact.end_s, LATTICE_S)) - duration + 1
            ):
                if all(
                    b <= t or t + duration <= a
                    for a, b in busy.get((link.sender, link.receiver), [])
                ):
                    graph.add_edge((link.sender, t), (link.receiver, t + duration))
    return graph


def lattice_error_s(rng: np.random.Generator) -> float:
    """Compare one random time-varying network with its time-expanded graph in networkx.

    It has backlogs; the error is that of the earliest arrivals.
    """
    n_nodes = int(rng.integers(3, 8))
    links, busy = lattice_links(rng, n_nodes)
    ready_s = int(rng.integers(0, 20))
    reachable = nx.descendants(time_expanded(links, busy, n_nodes), (0, ready_s)) | {(0, ready_s)}
    expected = {
        node: float(min(t for other, t in reachable if other == node))
        for node in {node for node, _ in reachable}
    }
    together_m = np.full((n_nodes, 3), 4e6)  # at one point: no propagation
    arrivals_s = arrivals(simulate(links, busy, together_m), 0, float(ready_s), LATTICE_BITS)
    return largest_s(
        {node: arrival_s for node, arrival_s in arrivals_s.items() if arrival_s <= LATTICE_S},
        expected,
    )


def measure(data: Path | None) -> list[Row]:
    """Return three rows: brute force, networkx with time, networkx without."""
    quantity = f"earliest arrivals on {GRAPHS} random networks of"
    comparisons = (
        (
            "contacts and backlogs",
            "brute force over all simple paths",
            brute_force_error_s,
            ROUNDING_S,
        ),
        (
            "contacts and backlogs on whole seconds",
            "networkx, time-expanded graph",
            lattice_error_s,
            EXACT_S,
        ),
        ("permanent links", "networkx Dijkstra", permanent_error_s, ROUNDING_S),
    )
    return [
        judged_row(
            f"{quantity} {kind}",
            authority,
            max(error_s(np.random.default_rng(seed)) for seed in range(GRAPHS)),
            tolerance_s,
            "s",
        )
        for kind, authority, error_s, tolerance_s in comparisons
    ]
