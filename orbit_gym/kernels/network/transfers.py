"""Transfers: where things are, and the first gap in which a bundle fits an edge's contacts and
calendars.
"""

import math

import numpy as np

from orbit_gym.kernels.network.calendars import place_in_chunk, skip_ended
from orbit_gym.kernels.state import END, NONE, START, State
from orbit_gym.utils.jit import inline_kernel
from orbit_gym.utils.sorted_columns import first_above, first_from, last_up_to
from orbit_gym.world.layout import World
from orbit_gym.world.nodes import is_satellite, site_index


@inline_kernel
def position_m(world: World, node: int, time_s: float) -> tuple[float, float, float]:
    """Return the Earth-fixed position of a graph node.

    Linear between grid points (error below 110 m at 10 s in low orbit).
    """
    if not is_satellite(world, node):
        site = world.site_positions_m[site_index(world, node)]
        return site[0], site[1], site[2]
    place = time_s / world.sizes[0].grid_s
    row = min(max(int(place), 0), world.positions_m.shape[0] - 2)
    part = place - row
    a = world.positions_m[row, node]
    b = world.positions_m[row + 1, node]
    return a[0] + part * (b[0] - a[0]), a[1] + part * (b[1] - a[1]), a[2] + part * (b[2] - a[2])


@inline_kernel
def range_m(world: World, node: int, other: int, time_s: float) -> float:
    """Distance between two graph nodes."""
    x, y, z = position_m(world, node, time_s)
    other_x, other_y, other_z = position_m(world, other, time_s)
    return math.sqrt((x - other_x) ** 2 + (y - other_y) ** 2 + (z - other_z) ** 2)


@inline_kernel
def rate_segment_at(world: World, contact: int, time_s: float) -> int:
    """Last rate segment of a contact that begins at or before a time inside it."""
    first = world.contacts[contact].first_rate_segment
    end = world.contacts[contact].end_rate_segment
    return last_up_to(world.rate_segments["start_s"], first, end, time_s)


@inline_kernel
def transfer_end_s(world: World, contact: int, start_s: float, bits: float) -> float:
    """Return when a transfer begun at start_s inside a contact ends.

    Infinity if the contact ends first.
    """
    low = rate_segment_at(world, contact, start_s)
    end_rate_segment = world.contacts[contact].end_rate_segment
    piece = world.rate_segments[low]
    goal_bits = piece.sent_bits + (start_s - piece.start_s) * piece.rate_bps + bits
    while low + 1 < end_rate_segment and world.rate_segments[low + 1].sent_bits < goal_bits:
        low += 1
    piece = world.rate_segments[low]
    # From start_s where the transfer stays in its piece: exact for back-to-back bundles.
    if piece.start_s <= start_s:
        end_s = start_s + bits / piece.rate_bps
    else:
        end_s = piece.start_s + (goal_bits - piece.sent_bits) / piece.rate_bps
    return end_s if end_s <= world.contacts[contact].end_s else math.inf


@inline_kernel
def first_contact(world: World, edge: int, time_s: float) -> int:
    """First contact of an edge that ends after time_s.

    Edges[edge].end_contact where there is none.
    """
    first, end = world.edges[edge].first_contact, world.edges[edge].end_contact
    return first_above(world.contacts["end_s"], first, end, time_s)


@inline_kernel
def first_fit(
    world: World, state: State, edge: int, contact: int, ready_s: float, bits: float, is_idle: bool
) -> tuple[float, float]:
    """Return the first gap of an edge's calendars inside one contact that takes the bundle.

    (start, end), (inf, inf) if none does.
    """
    start_s = max(ready_s, world.contacts[contact].start_s)
    if is_idle:
        return start_s, transfer_end_s(world, contact, start_s, bits)
    resource_a = world.edges[edge].resource_a
    resource_b = world.edges[edge].resource_b
    chunk_a = state.heads[resource_a] if resource_a != NONE else NONE
    chunk_b = state.heads[resource_b] if resource_b != NONE else NONE
    while True:  # both cursors only move forward
        end_s = transfer_end_s(world, contact, start_s, bits)
        if end_s == math.inf:
            return start_s, end_s
        chunk_a = skip_ended(state, chunk_a, start_s)
        if chunk_a != NONE:
            place = place_in_chunk(state, chunk_a, start_s)
            if state.intervals[chunk_a, START, place] < end_s:
                start_s = state.intervals[chunk_a, END, place]
                continue
        chunk_b = skip_ended(state, chunk_b, start_s)
        if chunk_b != NONE:
            place = place_in_chunk(state, chunk_b, start_s)
            if state.intervals[chunk_b, START, place] < end_s:
                start_s = state.intervals[chunk_b, END, place]
                continue
        return start_s, end_s


@inline_kernel
def earliest_transfer(
    world: World,
    state: State,
    edge: int,
    ready_s: float,
    bits: float,
    limit_s: float,
    is_idle: bool,
) -> tuple[float, float]:
    """Return the earliest transfer over an edge at or after ready_s.

    One that starts by limit_s: (start, end), (inf, inf) if there is none.
    """
    contact = first_contact(world, edge, ready_s)
    while contact < world.edges[edge].end_contact and world.contacts[contact].start_s <= limit_s:
        start_s, end_s = first_fit(world, state, edge, contact, ready_s, bits, is_idle)
        if end_s < math.inf:
            return start_s, end_s
        contact += 1
    return math.inf, math.inf


@inline_kernel
def first_ground_pass(world: World, node: int, time_s: float) -> int:
    """First row of World.ground_passes of a node that may still be in progress at time_s.

    Later rows begin later.
    """
    return first_from(
        world.ground_passes["start_s"],
        world.ground_pass_offsets[node],
        world.ground_pass_offsets[node + 1],
        time_s - world.sizes[0].longest_pass_s,
    )


@inline_kernel
def isl_contact_by_cursor(world: World, cursors: np.ndarray, terminal: int, time_s: float) -> int:
    """First row of a laser terminal that ends after time_s.

    cursors (n_terminals,) hold the rows found last, which mostly still hold.
    """
    end = world.isl_offsets[terminal + 1]
    row = cursors[terminal]
    if world.isl_offsets[terminal] <= row < end and world.isl_contacts[row].end_s > time_s:
        if row == world.isl_offsets[terminal] or world.isl_contacts[row - 1].end_s <= time_s:
            return row
    row = first_isl_contact(world, terminal, time_s)
    cursors[terminal] = row
    return row


@inline_kernel
def first_isl_contact(world: World, terminal: int, time_s: float) -> int:
    """First row of a laser terminal that ends after time_s."""
    first, end = world.isl_offsets[terminal], world.isl_offsets[terminal + 1]
    return first_above(world.isl_contacts["end_s"], first, end, time_s)
