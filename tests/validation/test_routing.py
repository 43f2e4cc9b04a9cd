"""Earliest arrivals on random time-varying networks: exact against brute force and networkx."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from validation import routing

seeds = st.integers(0, 2**32 - 1).map(np.random.default_rng)
thorough = settings(max_examples=routing.GRAPHS, derandomize=True, deadline=None, database=None)


@thorough
@given(seeds)
def test_search_equals_brute_force(rng: np.random.Generator) -> None:
    """Authority: every simple path in plain Python, on busy and on idle calendars; rounding."""
    assert routing.brute_force_error_s(rng) <= routing.ROUNDING_S


@thorough
@given(seeds)
def test_search_equals_networkx_on_a_time_expanded_graph(rng: np.random.Generator) -> None:
    """Authority: networkx's descendants among (satellite, second) pairs, contacts and backlogs on
    whole seconds; no difference at all.
    """
    assert routing.lattice_error_s(rng) <= routing.EXACT_S


@thorough
@given(seeds)
def test_permanent_links_are_a_shortest_path(rng: np.random.Generator) -> None:
    """Authority: networkx's Dijkstra, weights bits / rate + range / c; rounding."""
    assert routing.permanent_error_s(rng) <= routing.ROUNDING_S
