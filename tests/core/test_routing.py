"""Earliest arrivals against brute force over all simple paths, closed forms, and networkx."""

import math

import networkx as nx
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from orbit_gym.calendars import reserve
from orbit_gym.routing import EVERYWHERE, INPUT, search, transfer_end_s
from orbit_gym.simulation import Simulation
from orbit_gym.state import NONE
from orbit_gym.units import SPEED_OF_LIGHT_MPS
from tests.core.small_world import Contact, Link, always, small_world, start, vision

TOLERANCE_S = 1e-9  # both sides add and divide the same doubles, in another order
LIMIT_S = 150.0
FAR_M = 3e8  # a light second: propagation matters as much as the rates
Busy = dict[tuple[int, int], list[tuple[float, float]]]

seeds = st.integers(0, 2**32 - 1).map(np.random.default_rng)
thorough = settings(max_examples=250, derandomize=True, deadline=None, database=None)


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
        contacts.append(Contact(tuple((float(s), float(rng.choice([1.0, 2.0, 5.0, 20.0]))) for s in starts_s), float(end_s)))
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


def plain_end_s(contact: Contact, start_s: float, bits: float) -> float:
    """When a transfer ends: rate after rate, second by second of the contact; infinity if the contact is too short."""
    bounds_s = [piece[0] for piece in contact.pieces[1:]] + [contact.end_s]
    time_s = start_s
    for (_, rate_bps), until_s in zip(contact.pieces, bounds_s, strict=True):
        if until_s <= time_s:
            continue
        if bits <= rate_bps * (until_s - time_s):
            return time_s + bits / rate_bps
        bits -= rate_bps * (until_s - time_s)
        time_s = until_s
    return math.inf


def plain_transfer_end_s(link: Link, spans: list[tuple[float, float]], ready_s: float, bits: float) -> float:
    """End of the first gap that takes the bundle: every instant at which a gap can begin is tried, in order."""
    for contact in link.contacts:
        earliest_s = max(ready_s, contact.pieces[0][0])
        for start_s in sorted([earliest_s, *(end_s for _, end_s in spans if end_s > earliest_s)]):
            if start_s > contact.end_s:
                continue
            end_s = plain_end_s(contact, start_s, bits)
            if end_s < math.inf and all(b <= start_s or end_s <= a for a, b in spans):
                return end_s
    return math.inf


def brute_force(links: list[Link], busy: Busy, positions_m: np.ndarray, source: int, ready_s: float, bits: float) -> dict[int, float]:
    """Earliest arrival at every node over all simple paths."""
    best = {source: ready_s}

    def extend(node: int, time_s: float, visited: frozenset[int]) -> None:
        for link in links:
            if link.sender != node or link.receiver in visited:
                continue
            end_s = plain_transfer_end_s(link, busy.get((link.sender, link.receiver), []), time_s, bits)
            arrival_s = end_s + math.dist(positions_m[node], positions_m[link.receiver]) / SPEED_OF_LIGHT_MPS
            if arrival_s <= LIMIT_S:
                best[link.receiver] = min(arrival_s, best.get(link.receiver, math.inf))
                extend(link.receiver, arrival_s, visited | {link.receiver})

    extend(source, ready_s, frozenset({source}))
    return best


def arrivals(simulation: Simulation, source: int, ready_s: float, bits: float, idle: bool = False) -> dict[int, float]:
    """What the kernel finds: arrival at every settled node."""
    scratch = simulation._scratch
    search(simulation.world, simulation.state, scratch, INPUT, source, ready_s, bits, EVERYWHERE, LIMIT_S, idle, scratch.order)
    labels = scratch.labels[INPUT]
    settled = (labels["stamp"] == scratch.counter[1 + INPUT]) & (labels["heap_place"] == NONE)
    return {int(node): float(labels["arrival_s"][node]) for node in np.flatnonzero(settled)}


def prepare(rng: np.random.Generator) -> tuple[list[Link], Busy, np.ndarray, Simulation]:
    n_nodes = int(rng.integers(3, 6))
    links = random_links(rng, n_nodes)
    busy = random_busy(rng, links)
    positions_m = FAR_M * rng.uniform(0.1, 1.0, (n_nodes, 3))
    simulation = start(small_world(n_nodes, links, positions_m), [vision(0.0, 1.0)])
    for resource, link in enumerate(links):  # small_world numbers calendars like the sorted links; these are sorted
        for start_s, end_s in busy[link.sender, link.receiver]:
            reserve(simulation.state, resource, start_s, end_s)
    return links, busy, positions_m, simulation


def assert_same(found: dict[int, float], expected: dict[int, float]) -> None:
    assert found.keys() == expected.keys()
    for node, arrival_s in expected.items():
        assert abs(found[node] - arrival_s) <= TOLERANCE_S


@thorough
@given(seeds)
def test_search_equals_brute_force(rng: np.random.Generator) -> None:
    """250 random graphs, busy and idle calendars; authority: every simple path in plain Python."""
    links, busy, positions_m, simulation = prepare(rng)
    ready_s, bits = float(rng.uniform(0.0, 60.0)), float(rng.choice([0.01, 3.0, 20.0, 80.0]))
    assert_same(arrivals(simulation, 0, ready_s, bits), brute_force(links, busy, positions_m, 0, ready_s, bits))
    assert_same(arrivals(simulation, 0, ready_s, bits, idle=True), brute_force(links, {}, positions_m, 0, ready_s, bits))


@thorough
@given(seeds)
def test_a_search_for_one_node_finds_what_the_full_search_finds(rng: np.random.Generator) -> None:
    """The bound that a target gives must not change its arrival: exact."""
    _, _, positions_m, simulation = prepare(rng)
    everywhere = arrivals(simulation, 0, 5.0, 20.0)
    scratch = simulation._scratch
    for target in range(1, len(positions_m)):
        end = search(simulation.world, simulation.state, scratch, INPUT, 0, 5.0, 20.0, target, LIMIT_S, False, scratch.order)
        assert (end == target) == (target in everywhere)
        if end == target:
            assert scratch.labels[INPUT, end]["arrival_s"] == everywhere[target]


@thorough
@given(seeds)
def test_starting_later_never_arrives_earlier(rng: np.random.Generator) -> None:
    """First in, first out: what makes Dijkstra exact. Exact up to rounding."""
    _, _, _, simulation = prepare(rng)
    early_s, late_s = sorted(rng.uniform(0.0, 80.0, 2))
    first, second = arrivals(simulation, 0, early_s, 10.0), arrivals(simulation, 0, late_s, 10.0)
    assert second.keys() <= first.keys()
    assert all(first[node] <= second[node] + TOLERANCE_S for node in second)


@settings(max_examples=100, derandomize=True, deadline=None, database=None)
@given(seeds)
def test_permanent_links_are_a_shortest_path(rng: np.random.Generator) -> None:
    """Authority: networkx, weights bits / rate + range / c."""
    n_nodes = int(rng.integers(3, 12))
    positions_m = FAR_M * rng.uniform(0.1, 1.0, (n_nodes, 3))
    graph = nx.gnp_random_graph(n_nodes, 0.4, seed=int(rng.integers(2**31)), directed=True)
    bits = float(rng.uniform(1.0, 50.0))
    for a, b, data in graph.edges(data=True):
        data["rate_bps"] = float(rng.uniform(1.0, 20.0))
        data["weight"] = bits / data["rate_bps"] + math.dist(positions_m[a], positions_m[b]) / SPEED_OF_LIGHT_MPS
    links = [always(a, b, data["rate_bps"]) for a, b, data in graph.edges(data=True)] or [always(0, 1, 1e-9)]
    simulation = start(small_world(n_nodes, links, positions_m), [vision(0.0, 1.0)])
    expected = nx.single_source_dijkstra_path_length(graph, 0)
    assert_same(arrivals(simulation, 0, 0.0, bits), {node: length for node, length in expected.items() if length <= LIMIT_S})


@thorough
@given(seeds)
def test_transfers_integrate_the_rate(rng: np.random.Generator) -> None:
    """Closed form: the end is where the piecewise linear count of bits sent reaches what was sent before plus the bundle."""
    link = Link(0, 1, random_contacts(rng))
    world = small_world(2, [link])
    for row, contact in enumerate(link.contacts):
        bounds_s = np.array([piece[0] for piece in contact.pieces] + [contact.end_s])
        sent_bits = np.concatenate([[0.0], np.cumsum(np.diff(bounds_s) * [piece[1] for piece in contact.pieces])])
        start_s = float(rng.uniform(bounds_s[0], bounds_s[-1]))
        bits = float(rng.uniform(0.0, 1.2 * sent_bits[-1]))
        goal_bits = np.interp(start_s, bounds_s, sent_bits) + bits
        end_s = transfer_end_s(world, row, start_s, bits)
        if goal_bits > sent_bits[-1]:
            assert end_s == math.inf
        else:
            assert abs(end_s - np.interp(goal_bits, sent_bits, bounds_s)) <= TOLERANCE_S


def test_a_bundle_takes_the_first_gap_and_fits_one_contact() -> None:
    """By hand: 10 bits at 1 bit/s. [0, 12) has 5 busy from 5 to 8, so neither 0-5 nor 8-12 will do; the next contact opens at 20."""
    link = Link(0, 1, (Contact(((0.0, 1.0),), 12.0), Contact(((20.0, 1.0), (25.0, 5.0)), 40.0)))
    simulation = start(small_world(2, [link], np.array([[7e6, 0, 0], [7e6, 0, 0]])), [vision(0.0, 1.0)])
    reserve(simulation.state, 0, 5.0, 8.0)
    assert arrivals(simulation, 0, 0.0, 10.0)[1] == 26.0  # 5 bits by second 25, 5 more in one second at 5 bit/s
    assert arrivals(simulation, 0, 0.0, 5.0)[1] == 5.0
    assert arrivals(simulation, 0, 0.5, 4.0)[1] == 4.5
    assert arrivals(simulation, 0, 2.0, 4.0)[1] == 12.0  # 8 to 12, exactly
    assert 1 not in arrivals(simulation, 0, 0.0, 81.0)  # 5 + 15 * 5 = 80 bits is the most of any contact
