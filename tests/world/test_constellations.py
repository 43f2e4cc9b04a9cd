"""Which satellites are linked: the twelve in orbit, a ring, and constellations too small for a
grid.
"""

import networkx
import numpy as np
import pytest

from orbit_gym.scenario.loading import load_scenario
from orbit_gym.scenario.scenario import Constellation, LaserLinks, Shell
from orbit_gym.world.compiler import compile_world
from orbit_gym.world.layout import LASER
from tests.helpers.small_scenarios import contacts_of, edge_table, small


def test_the_twelve_are_two_groups():
    """Design figure on the real elements: two components of eight and four, the same satellites all
    day.
    """
    scenario = load_scenario("ThreeBody12")
    for day in (0, 1, 2):
        world = compile_world(scenario, day)
        links = [
            (node, to, edge)
            for node, to, edge in edge_table(world)
            if edge["kind"] == LASER and node < to
        ]
        groups = networkx.Graph()
        groups.add_nodes_from(range(12))
        groups.add_edges_from((node, to) for node, to, _ in links)
        assert sorted(map(len, networkx.connected_components(groups))) == [4, 8]
        instant_s = np.arange(600.0, world.sizes["horizon_s"][0] - 60.0, 600.0)
        n_whole = 0
        for now_s in instant_s:
            up = networkx.Graph()
            up.add_nodes_from(range(12))
            for node, to, edge in links:
                contacts = contacts_of(world, edge)
                if ((contacts["start_s"] <= now_s) & (now_s < contacts["end_s"])).any():
                    up.add_edge(node, to)
            n_whole += sorted(map(len, networkx.connected_components(up))) == [4, 8]
        assert n_whole >= 0.98 * len(instant_s)  # a retarget takes both terminals down for 15 s


def test_ring_of_twelve_is_a_ring_all_day():
    """Facts: even spacing closes the ring with 3,560 km hops, hence 10 Gbit/s and one contact over
    the whole horizon.
    """
    world = compile_world(load_scenario("Ring12"), 1)
    lasers = [(node, to, edge) for node, to, edge in edge_table(world) if edge["kind"] == LASER]
    assert {(node, to) for node, to, _ in lasers} == {
        (k, (k + step) % 12) for k in range(12) for step in (1, -1)
    }
    for node, to, edge in lasers:
        (contact,) = contacts_of(world, edge)
        assert (contact["start_s"], contact["end_s"]) == (0.0, world.sizes["horizon_s"][0])
        assert contact["terminal"] == (0 if to == (node + 1) % 12 else 1)
        assert world.rate_segments["rate_bps"][
            contact["first_rate_segment"] : contact["end_rate_segment"]
        ].tolist() == [10e9]


@pytest.mark.parametrize("planes, per_plane", [(1, 1), (1, 2), (2, 1), (2, 2), (1, 3), (3, 1)])
def test_constellations_below_three_by_three(planes, per_plane):
    """Where others crash or double their links: each pair is linked at most once, whatever the
    number of terminals.
    """
    shell = Shell(
        97.4,
        500e3,
        planes=planes,
        per_plane=per_plane,
        phasing=0,
        raan_spread_deg=10.0 * planes,
        slot_spacing_deg=15.0,
    )
    for terminals in (0, 1, 2, 4):
        scenario = small(
            constellation=Constellation(shells=(shell,)), lasers=LaserLinks(terminals=terminals)
        )
        world = compile_world(scenario, 1)
        pairs = [(node, to) for node, to, edge in edge_table(world) if edge["kind"] == LASER]
        assert len(pairs) == len(set(pairs))
        assert bool(pairs) == (planes * per_plane > 1 and terminals > 0)
