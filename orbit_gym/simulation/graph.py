"""The topology as a networkx graph, for users and for tests; the kernels do not use it."""

import networkx as nx

from orbit_gym.kernels.network.transfers import first_contact, range_m
from orbit_gym.utils.units import SPEED_OF_LIGHT_MPS
from orbit_gym.world.layout import DOWNLINK, FIBRE, LASER, UPLINK, USER_DOWN, USER_UP, World
from orbit_gym.world.nodes import is_datacentre, is_satellite, is_station

KIND_NAMES = {
    LASER: "laser",
    DOWNLINK: "downlink",
    UPLINK: "uplink",
    USER_UP: "user_up",
    USER_DOWN: "user_down",
    FIBRE: "fibre",
}


def node_kind(world: World, node: int) -> str:
    """'satellite', 'station', 'datacentre' or 'user'."""
    if is_satellite(world, node):
        return "satellite"
    if is_station(world, node):
        return "station"
    return "datacentre" if is_datacentre(world, node) else "user"


def topology(world: World, names: tuple[str, ...], time_s: float) -> nx.MultiDiGraph:
    """Directed graph of what is up at time_s: nodes with name and kind.

    Edges with kind, rate_bps, range_m, delay_s, closes_s.
    """
    graph = nx.MultiDiGraph(time_s=time_s)
    for node, name in enumerate(names):
        graph.add_node(node, name=name, kind=node_kind(world, node))
    for node in range(len(names)):
        for edge in range(world.edge_offsets[node], world.edge_offsets[node + 1]):
            contact = first_contact(world, edge, time_s)
            if (
                contact == world.edges[edge]["end_contact"]
                or world.contacts[contact]["start_s"] > time_s
            ):
                continue
            graph.add_edge(
                node, int(world.edges[edge]["to"]), **_link(world, node, edge, contact, time_s)
            )
    return graph


def _link(
    world: World, node: int, edge: int, contact: int, time_s: float
) -> dict[str, float | str]:
    entry = world.edges[edge]
    rate_segments = world.rate_segments[
        world.contacts[contact]["first_rate_segment"] : world.contacts[contact]["end_rate_segment"]
    ]
    distance_m = range_m(world, node, int(entry["to"]), time_s)
    is_fibre = entry["kind"] == FIBRE
    return {
        "kind": KIND_NAMES[int(entry["kind"])],
        "rate_bps": float(rate_segments["rate_bps"][rate_segments["start_s"] <= time_s][-1]),
        "range_m": distance_m,
        "delay_s": float(entry["delay_s"]) if is_fibre else distance_m / SPEED_OF_LIGHT_MPS,
        "closes_s": float(world.contacts[contact]["end_s"]),
    }
