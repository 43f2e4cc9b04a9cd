"""Graph nodes and accelerators by number: the only place that knows how a World numbers them.

Kernels, called from Python too: satellites come first, then stations, datacentres and user sites.
"""

from orbit_gym.utils.jit import inline_kernel
from orbit_gym.world.layout import World


@inline_kernel
def is_satellite(world: World, node: int) -> bool:
    """Return whether a graph node is a satellite; all others are sites on the ground."""
    return node < world.sizes[0].n_satellites


@inline_kernel
def first_station(world: World) -> int:
    """Return the graph node of the first station, and of the first site."""
    return world.sizes[0].n_satellites


@inline_kernel
def first_datacentre(world: World) -> int:
    """Return the graph node of the first datacentre, one after the last station."""
    return world.sizes[0].n_satellites + world.sizes[0].n_stations


@inline_kernel
def first_user(world: World) -> int:
    """Return the graph node of the first user site, one after the last datacentre."""
    return first_datacentre(world) + world.sizes[0].n_datacentres


@inline_kernel
def site_index(world: World, node: int) -> int:
    """Return the row of World.site_positions_m of a site; of a station, its number."""
    return node - first_station(world)


@inline_kernel
def datacentre_index(world: World, node: int) -> int:
    """Return the number of a datacentre."""
    return node - first_datacentre(world)


@inline_kernel
def accelerators_of(world: World, node: int) -> tuple[int, int]:
    """Return the first and the end row of World.accelerators of a satellite or a datacentre."""
    if is_satellite(world, node):
        return node, node + 1
    datacentre = datacentre_index(world, node)
    return world.datacentre_offsets[datacentre], world.datacentre_offsets[datacentre + 1]


@inline_kernel
def isl_terminals_of(world: World, satellite: int) -> tuple[int, int]:
    """Return the first and the end row of World.isl_offsets of a satellite's laser terminals."""
    n_terminals = (world.isl_offsets.size - 1) // world.sizes[0].n_satellites
    return satellite * n_terminals, (satellite + 1) * n_terminals
