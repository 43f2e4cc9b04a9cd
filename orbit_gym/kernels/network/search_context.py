"""What a search hands from kernel to kernel: what is sent, what ends it, its labels and its heap.

Tuples of scalars and arrays; LLVM takes them apart, so that a bundle costs nothing.
"""

import math
from typing import NamedTuple

import numpy as np

from orbit_gym.kernels.state import NONE, Scratch
from orbit_gym.utils.jit import inline_kernel

NOWHERE, AT_SITE, TO_GROUND = 0, 1, 2  # kinds of Aim


class Bundle(NamedTuple):
    """Data that is sent whole from one node, as a bundle of delay-tolerant networks is."""

    source: int  # graph node
    ready_s: float
    bits: float
    target: int  # graph node, ANY_STATION, or a set of nodes (search.py)
    limit_s: float  # an arrival after this is of no use
    is_idle: bool  # calendars are taken as empty


class Tables(NamedTuple):
    """What the World's tables to the ground say of one bundle."""

    row: int  # minute of World.ground_light_s
    laser_s: float  # least time of the bundle on any laser
    downlink_s: float  # and on any downlink
    end_s: float  # until when the tables of the minute hold


class Aim(NamedTuple):
    """What a search goes towards, and what bounds the rest of a way (A*)."""

    kind: int
    tables: Tables
    n_downlinks: int  # rows of Scratch.downlink_candidates that hold, once they have been found
    other_downlinks_after_s: float  # no arrival over any other downlink is earlier


NO_TABLES = Tables(0, 0.0, 0.0, math.inf)
UNDIRECTED = Aim(NOWHERE, NO_TABLES, 0, math.inf)
TO_SITE = Aim(AT_SITE, NO_TABLES, 0, math.inf)


class SearchContext(NamedTuple):
    """One search: its labels and heap, and what it looks for."""

    labels: np.ndarray  # (n_graph_nodes,) LABEL
    heap: np.ndarray  # (n_graph_nodes,) int32
    stamp: int
    bundle: Bundle
    aim: Aim
    downlinks: np.ndarray  # Scratch.downlink_candidates
    station_bounds: np.ndarray  # Scratch.station_bounds
    cursors: np.ndarray  # Scratch.cursors


class Departure(NamedTuple):
    """A settled node that offers the bundle over what is open at an instant."""

    node: int
    time_s: float
    is_first: bool  # once settled it offers all that is open, later only what opens just then


class Transfer(NamedTuple):
    """A bundle on one edge."""

    node: int  # that sends
    edge: int
    start_s: float
    end_s: float


@inline_kernel
def new_context(scratch: Scratch, slot: int, bundle: Bundle, aim: Aim) -> SearchContext:
    """Begin a search in a row of Scratch.labels, with the source alone in the heap."""
    scratch.counter[0] += 1
    stamp = scratch.counter[0]
    scratch.counter[1 + slot] = stamp
    label = scratch.labels[slot, bundle.source]
    label.stamp = stamp
    label.priority_s = label.arrival_s = bundle.ready_s
    label.tie_s = 0.0
    label.hops = 0
    label.edge = label.previous = NONE
    label.heap_place = 0
    scratch.heap[slot, 0] = bundle.source
    return SearchContext(
        scratch.labels[slot],
        scratch.heap[slot],
        stamp,
        bundle,
        aim,
        scratch.downlink_candidates,
        scratch.station_bounds,
        scratch.cursors,
    )


@inline_kernel
def with_aim(context: SearchContext, aim: Aim) -> SearchContext:
    """Return the same search with another aim."""
    return SearchContext(
        context.labels,
        context.heap,
        context.stamp,
        context.bundle,
        aim,
        context.downlinks,
        context.station_bounds,
        context.cursors,
    )
