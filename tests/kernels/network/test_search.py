"""Searches and transfers by their own rules and by hand.

Brute force and networkx are in validation/routing.py.
"""

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from orbit_gym.kernels.network.calendars import reserve
from orbit_gym.kernels.network.search import INPUT, search
from orbit_gym.kernels.network.search_context import Bundle
from orbit_gym.kernels.network.transfers import transfer_end_s
from orbit_gym.kernels.state import MAX_HOPS
from tests.helpers.small_world import Contact, Link, always, small_world, start, vision
from validation.routing import LIMIT_S, arrivals, prepare, random_contacts

TOLERANCE_S = 1e-9  # both sides add and divide the same doubles, in another order

seeds = st.integers(0, 2**32 - 1).map(np.random.default_rng)
thorough = settings(max_examples=250, derandomize=True, deadline=None, database=None)


@thorough
@given(seeds)
def test_a_search_for_one_node_finds_what_the_full_search_finds(rng: np.random.Generator) -> None:
    """The bound that a target gives must not change its arrival: exact."""
    _, _, positions_m, simulation = prepare(rng)
    everywhere = arrivals(simulation, 0, 5.0, 20.0)
    scratch = simulation.scratch
    for target in range(1, len(positions_m)):
        end = search(
            simulation.world,
            simulation.state,
            scratch,
            INPUT,
            Bundle(0, 5.0, 20.0, target, LIMIT_S, False),
            scratch.order,
        )
        assert (end == target) == (target in everywhere)
        if end == target:
            assert scratch.labels[INPUT, end]["arrival_s"] == everywhere[target]


def test_a_way_that_uses_up_its_hops_does_not_bar_one_with_fewer() -> None:
    """Forty quick hops reach satellite 40 in 4 s, and from there no hop is left.

    One slow link in 10 s, and the target one later.
    """
    chain = [always(node, node + 1, 10.0) for node in range(MAX_HOPS)]
    links = [*chain, always(0, MAX_HOPS, 0.1), always(MAX_HOPS, MAX_HOPS + 1, 1.0)]
    world = small_world(
        MAX_HOPS + 2, links, np.full((MAX_HOPS + 2, 3), 4e6)
    )  # at one point: no propagation
    simulation = start(world, [vision(0.0, 1.0)])
    scratch = simulation.scratch
    routes = {}
    for target in (MAX_HOPS, MAX_HOPS + 1):
        end = search(
            world,
            simulation.state,
            scratch,
            INPUT,
            Bundle(0, 0.0, 1.0, target, LIMIT_S, False),
            scratch.order,
        )
        routes[target] = (
            end,
            float(scratch.labels[INPUT, target]["arrival_s"]),
            int(scratch.labels[INPUT, target]["hops"]),
        )
    assert routes[MAX_HOPS][0] == MAX_HOPS and routes[MAX_HOPS][2] == MAX_HOPS
    assert math.isclose(routes[MAX_HOPS][1], 4.0)
    assert routes[MAX_HOPS + 1] == (MAX_HOPS + 1, 11.0, 2)


@thorough
@given(seeds)
def test_starting_later_never_arrives_earlier(rng: np.random.Generator) -> None:
    """First in, first out: what makes Dijkstra exact. Exact up to rounding."""
    _, _, _, simulation = prepare(rng)
    early_s, late_s = sorted(rng.uniform(0.0, 80.0, 2))
    first, second = arrivals(simulation, 0, early_s, 10.0), arrivals(simulation, 0, late_s, 10.0)
    assert second.keys() <= first.keys()
    assert all(first[node] <= second[node] + TOLERANCE_S for node in second)


@thorough
@given(seeds)
def test_transfers_integrate_the_rate(rng: np.random.Generator) -> None:
    """Closed form: the end is where the piecewise linear count of bits sent reaches what was sent
    before plus the bundle.
    """
    link = Link(0, 1, random_contacts(rng))
    world = small_world(2, [link])
    for row, contact in enumerate(link.contacts):
        bounds_s = np.array([piece[0] for piece in contact.rate_segments] + [contact.end_s])
        sent_bits = np.concatenate(
            [[0.0], np.cumsum(np.diff(bounds_s) * [piece[1] for piece in contact.rate_segments])]
        )
        start_s = float(rng.uniform(bounds_s[0], bounds_s[-1]))
        bits = float(rng.uniform(0.0, 1.2 * sent_bits[-1]))
        goal_bits = np.interp(start_s, bounds_s, sent_bits) + bits
        end_s = transfer_end_s(world, row, start_s, bits)
        if goal_bits > sent_bits[-1]:
            assert end_s == math.inf
        else:
            assert abs(end_s - np.interp(goal_bits, sent_bits, bounds_s)) <= TOLERANCE_S


def test_a_bundle_takes_the_first_gap_and_fits_one_contact() -> None:
    """By hand: 10 bits at 1 bit/s. [0, 12) has 5 busy from 5 to 8, so neither 0-5 nor 8-12 will do.

    The next contact opens at 20.
    """
    link = Link(0, 1, (Contact(((0.0, 1.0),), 12.0), Contact(((20.0, 1.0), (25.0, 5.0)), 40.0)))
    simulation = start(
        small_world(2, [link], np.array([[7e6, 0, 0], [7e6, 0, 0]])), [vision(0.0, 1.0)]
    )
    reserve(simulation.state, 0, 5.0, 8.0)
    assert (
        arrivals(simulation, 0, 0.0, 10.0)[1] == 26.0
    )  # 5 bits by second 25, 5 more in one second at 5 bit/s
    assert arrivals(simulation, 0, 0.0, 5.0)[1] == 5.0
    assert arrivals(simulation, 0, 0.5, 4.0)[1] == 4.5
    assert arrivals(simulation, 0, 2.0, 4.0)[1] == 12.0  # 8 to 12, exactly
    assert 1 not in arrivals(
        simulation, 0, 0.0, 81.0
    )  # 5 + 15 * 5 = 80 bits is the most of any contact
