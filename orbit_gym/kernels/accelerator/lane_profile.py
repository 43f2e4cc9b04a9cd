"""Profiles: lanes in use of each accelerator over time, as a chain of segments in one pool.

Each stores the models in memory.
"""

import math

from orbit_gym.kernels.state import NONE, State
from orbit_gym.utils.jit import inline_kernel
from orbit_gym.world.layout import World


@inline_kernel
def find_gap(
    world: World, state: State, unit: int, ready_s: float, duration_s: float, lanes: int, model: int
) -> float:
    """Earliest start at or after ready_s with enough lanes and the model in memory throughout.

    Infinity if only a load would do.
    """
    most_in_use = world.accelerators[unit].lanes - lanes
    start_s = ready_s
    resident = state.units[unit].base_resident
    row = state.units[unit].first_segment
    while row != NONE:
        segment = state.segments[row]
        is_resident = resident >> model & 1
        if is_resident and start_s + duration_s <= segment.start_s:
            return start_s
        fits_inside = segment.lanes <= most_in_use and segment.resident >> model & 1
        if segment.end_s > start_s:
            if not fits_inside:
                start_s = segment.end_s
            elif not is_resident:
                start_s = max(start_s, segment.start_s)
        resident = segment.resident
        row = segment.next
    return start_s if resident >> model & 1 else math.inf


@inline_kernel
def occupy(
    state: State, unit: int, start_s: float, end_s: float, lanes: int, resident: int
) -> None:
    """Add computing lanes to the profile over [start_s, end_s).

    `resident` is used where no booking follows.

    The caller has made sure that the pool has 2 * n_segments + 3 rows left.

    """
    if end_s <= start_s:
        return
    row = _cut(state, unit, start_s, end_s, resident)
    while row != NONE and state.segments[row].start_s < end_s:
        state.segments[row].lanes += lanes
        state.segments[row].drawing += lanes
        row = state.segments[row].next
    _merge(state, unit)
    state.units[unit].queue_end_s = max(state.units[unit].queue_end_s, end_s)


@inline_kernel
def block(world: World, state: State, unit: int, start_s: float, end_s: float) -> None:
    """Take every lane over [start_s, end_s) without computing: an outage.

    The pool must have room as for occupy.
    """
    row = _cut(state, unit, start_s, end_s, state.units[unit].queue_end_resident)
    while row != NONE and state.segments[row].start_s < end_s:
        state.segments[row].lanes = world.accelerators[unit].lanes
        row = state.segments[row].next
    _merge(state, unit)
    state.units[unit].queue_end_s = max(state.units[unit].queue_end_s, end_s)


@inline_kernel
def stop_drawing(state: State, unit: int, start_s: float, end_s: float, lanes: int) -> None:
    """Let reserved lanes idle over [start_s, end_s): their task is lost.

    The pool must have room as for occupy.
    """
    if end_s <= start_s:
        return
    row = _cut(state, unit, start_s, end_s, state.units[unit].queue_end_resident)
    while row != NONE and state.segments[row].start_s < end_s:
        state.segments[row].drawing -= lanes
        row = state.segments[row].next
    _merge(state, unit)


@inline_kernel
def _cut(state: State, unit: int, start_s: float, end_s: float, resident: int) -> int:
    """Cut the profile so that segments cover exactly [start_s, end_s); return the first.

    Idle stretches become segments with no lanes.
    """
    entry = state.units[unit]
    previous = NONE
    row = entry.first_segment
    resident_then = entry.base_resident
    while row != NONE and state.segments[row].end_s <= start_s:
        previous = row
        resident_then = state.segments[row].resident
        row = state.segments[row].next
    if row == NONE:
        resident_then = resident
    first = NONE
    time_s = start_s
    while time_s < end_s:
        if row == NONE or state.segments[row].start_s > time_s:  # idle until the next segment
            until_s = end_s if row == NONE else min(end_s, state.segments[row].start_s)
            previous = _add_segment(
                state, unit, previous, row, time_s, until_s, 0, 0, resident_then
            )
        else:
            if state.segments[row].start_s < time_s:  # its first part stays as it is
                row = state.segments[_split(state, unit, row, time_s)].next
            if state.segments[row].end_s > end_s:
                _split(state, unit, row, end_s)
            previous = row
            resident_then = state.segments[row].resident
            row = state.segments[row].next
        if first == NONE:
            first = previous
        time_s = state.segments[previous].end_s
    return first


@inline_kernel
def _add_segment(
    state: State,
    unit: int,
    previous: int,
    after: int,
    start_s: float,
    end_s: float,
    lanes: int,
    drawing: int,
    resident: int,
) -> int:
    clock = state.clock[0]
    row = clock.free_segment
    clock.free_segment = state.segments[row].next
    clock.n_free_segments -= 1
    segment = state.segments[row]
    segment.start_s = start_s
    segment.end_s = end_s
    segment.lanes = lanes
    segment.drawing = drawing
    segment.resident = resident
    segment.next = after
    if previous == NONE:
        state.units[unit].first_segment = row
    else:
        state.segments[previous].next = row
    state.units[unit].n_segments += 1
    return row


@inline_kernel
def _split(state: State, unit: int, row: int, time_s: float) -> int:
    """Cut a segment in two at time_s; returns the first part."""
    segment = state.segments[row]
    _add_segment(
        state,
        unit,
        row,
        segment.next,
        time_s,
        segment.end_s,
        segment.lanes,
        segment.drawing,
        segment.resident,
    )
    state.segments[row].end_s = time_s
    return row


@inline_kernel
def _merge(state: State, unit: int) -> None:
    """Join neighbours that touch and are alike."""
    clock = state.clock[0]
    row = state.units[unit].first_segment
    while row != NONE and state.segments[row].next != NONE:
        following = state.segments[row].next
        a = state.segments[row]
        b = state.segments[following]
        if (
            a.end_s == b.start_s
            and a.lanes == b.lanes
            and a.drawing == b.drawing
            and a.resident == b.resident
        ):
            state.segments[row].end_s = b.end_s
            state.segments[row].next = b.next
            state.segments[following].next = clock.free_segment
            clock.free_segment = following
            clock.n_free_segments += 1
            state.units[unit].n_segments -= 1
        else:
            row = following
