"""Graph nodes and accelerators by number: the only place that knows how a World numbers them.

Satellites come first, then stations, datacentres and user sites. Kernels inline these accessors;
Python runs them as they stand, so that `node` may be an array there.
"""

from typing import NamedTuple

from orbit_gym.utils.jit import accessor
from orbit_gym.world.layout import World


class Numbering(NamedTuple):
    """Hold the first graph node of each kind of site, for what numbers nodes before a World is."""

    first_station: int
    first_datacentre: int
    first_user: int


def numbering(n_satellites: int, n_stations: int, n_datacentres: int) -> Numbering:
    """Return the numbering of so many satellites and sites."""
    first_datacentre = n_satellites + n_stations
    return Numbering(n_satellites, first_datacentre, first_datacentre + n_datacentres)


@accessor
def n_satellites(world: World) -> int:
    """Return how many satellites fly."""
    return int(world.sizes[0]["n_satellites"])


@accessor
def n_stations(world: World) -> int:
    """Return how many ground stations there are."""
    return int(world.sizes[0]["n_stations"])


@accessor
def n_datacentres(world: World) -> int:
    """Return how many datacentres there are."""
    return int(world.sizes[0]["n_datacentres"])


@accessor
def n_users(world: World) -> int:
    """Return how many user sites there are."""
    return int(world.sizes[0]["n_users"])


@accessor
def first_station(world: World) -> int:
    """Return the graph node of the first station, and of the first site."""
    return n_satellites(world)


@accessor
def first_datacentre(world: World) -> int:
    """Return the graph node of the first datacentre, one after the last station."""
    return first_station(world) + n_stations(world)


@accessor
def first_user(world: World) -> int:
    """Return the graph node of the first user site, one after the last datacentre."""
    return first_datacentre(world) + n_datacentres(world)


@accessor
def is_satellite(world: World, node: int) -> bool:
    """Return whether a graph node is a satellite; all others are sites on the ground."""
    return node < first_station(world)


@accessor
def is_station(world: World, node: int) -> bool:
    """Return whether a graph node is a station."""
    return (first_station(world) <= node) & (node < first_datacentre(world))


@accessor
def is_datacentre(world: World, node: int) -> bool:
    """Return whether a graph node is a datacentre."""
    return (first_datacentre(world) <= node) & (node < first_user(world))


@accessor
def is_user(world: World, node: int) -> bool:
    """Return whether a graph node is a user site."""
    return node >= first_user(world)


@accessor
def station_node(world: World, station: int) -> int:
    """Return the graph node of a station, by its number."""
    return first_station(world) + station


@accessor
def datacentre_node(world: World, datacentre: int) -> int:
    """Return the graph node of a datacentre, by its number."""
    return first_datacentre(world) + datacentre


@accessor
def site_index(world: World, node: int) -> int:
    """Return the row of World.site_positions_m of a site."""
    return node - first_station(world)


@accessor
def station_index(world: World, node: int) -> int:
    """Return the number of a station."""
    return node - first_station(world)


@accessor
def datacentre_index(world: World, node: int) -> int:
    """Return the number of a datacentre."""
    return node - first_datacentre(world)


@accessor
def user_index(world: World, node: int) -> int:
    """Return the number of a user site."""
    return node - first_user(world)


@accessor
def accelerators_of(world: World, node: int) -> tuple[int, int]:
    """Return the first and the end row of World.accelerators of a satellite or a datacentre."""
    if is_satellite(world, node):
        return int(node), int(node) + 1
    datacentre = datacentre_index(world, node)
    first, end = world.datacentre_offsets[datacentre], world.datacentre_offsets[datacentre + 1]
    return int(first), int(end)


@accessor
def isl_terminals_of(world: World, satellite: int) -> tuple[int, int]:
    """Return the first and the end row of World.isl_offsets of a satellite's laser terminals."""
    n_terminals = (world.isl_offsets.size - 1) // n_satellites(world)
    return satellite * n_terminals, (satellite + 1) * n_terminals
