"""The numbering of nodes, by accessors that Python and kernels share."""

import numpy as np
import pytest

from orbit_gym.utils.jit import kernel
from orbit_gym.world.layout import World
from orbit_gym.world.nodes import (
    accelerators_of,
    datacentre_index,
    first_datacentre,
    first_station,
    first_user,
    is_datacentre,
    is_satellite,
    is_station,
    is_user,
    isl_terminals_of,
    n_satellites,
    numbering,
    site_index,
    station_node,
    user_index,
)

KINDS = np.array([0, 0, 0, 0, 1, 1, 2, 3, 3])  # of small(): four fly over two, one and two sites


@kernel
def write_nodes(world: World, kinds: np.ndarray, units: np.ndarray, terminals: np.ndarray) -> None:
    """Write the kind of each node, and the rows of accelerators and terminals where it has some."""
    for node in range(kinds.size):
        if is_satellite(world, node):
            kinds[node] = 0
            terminals[node, 0], terminals[node, 1] = isl_terminals_of(world, node)
        elif is_station(world, node):
            kinds[node] = 1
        elif is_datacentre(world, node):
            kinds[node] = 2
        elif is_user(world, node):
            kinds[node] = 3
        if kinds[node] in (0, 2):
            units[node, 0], units[node, 1] = accelerators_of(world, node)


def test_kernels_and_python_number_alike(world: World) -> None:
    kinds, units, terminals = np.full(9, -1), np.zeros((9, 2), int), np.zeros((4, 2), int)
    write_nodes(world, kinds, units, terminals)
    assert kinds.tolist() == KINDS.tolist()
    assert units[[0, 3, 6]].tolist() == [[0, 1], [3, 4], [4, 7]]
    assert [accelerators_of(world, node) for node in (0, 3, 6)] == [(0, 1), (3, 4), (4, 7)]
    n_terminals = (world.isl_offsets.size - 1) // 4
    assert terminals[2].tolist() == [2 * n_terminals, 3 * n_terminals]
    assert isl_terminals_of(world, 2) == (2 * n_terminals, 3 * n_terminals)


@pytest.mark.parametrize(
    "kind, accessor", list(enumerate([is_satellite, is_station, is_datacentre, is_user]))
)
def test_python_may_ask_for_many_nodes_at_once(world: World, kind: int, accessor) -> None:
    assert accessor(world, np.arange(9)).tolist() == (KINDS == kind).tolist()


def test_numbers_of_sites(world: World) -> None:
    assert n_satellites(world) == first_station(world) == station_node(world, 0) == 4
    assert (first_datacentre(world), first_user(world)) == (6, 7)
    assert (site_index(world, 8), datacentre_index(world, 6), user_index(world, 8)) == (4, 0, 1)
    assert numbering(4, 2, 1) == (4, 6, 7)


def test_python_compiles_nothing(world: World) -> None:
    n_compiled = len(user_index.overloads)
    assert user_index(world, 8) == 1
    assert len(user_index.overloads) == n_compiled
