"""Calendars: what serves one thing at a time holds non-overlapping reservations, and a new one takes the first gap.

All calendars share one pool; reservations that touch are merged, so a calendar stays as short as its number of gaps.
"""


from orbit_gym.jit import kernel
from orbit_gym.state import NONE, State


@kernel
def conflict_end_s(state: State, resource: int, start_s: float, end_s: float) -> float:
    """End of the first reservation that overlaps [start_s, end_s), or -1 where the span is free."""
    row = state.heads[resource]
    while row != NONE:
        interval = state.intervals[row]
        if interval.start_s >= end_s:
            return -1.0
        if interval.end_s > start_s:
            return interval.end_s
        row = interval.next
    return -1.0


@kernel
def booked_s(state: State, resource: int, now_s: float) -> float:
    """Reserved seconds of a calendar that still lie ahead."""
    total_s = 0.0
    row = state.heads[resource]
    while row != NONE:
        interval = state.intervals[row]
        total_s += max(0.0, interval.end_s - max(interval.start_s, now_s))
        row = interval.next
    return total_s


@kernel
def release_expired(state: State, resource: int, now_s: float) -> None:
    """Give intervals that ended by now_s back to the pool."""
    clock = state.clock[0]
    row = state.heads[resource]
    while row != NONE and state.intervals[row].end_s <= now_s:
        following = state.intervals[row].next
        state.intervals[row].next = clock.free_interval
        clock.free_interval = row
        clock.n_free_intervals += 1
        row = following
    state.heads[resource] = row


@kernel
def reserve(state: State, resource: int, start_s: float, end_s: float) -> None:
    """Reserve [start_s, end_s), known to be free; the caller has made sure that the pool has a row left."""
    if end_s <= start_s:
        return
    before = NONE
    after = state.heads[resource]
    while after != NONE and state.intervals[after].end_s <= start_s:
        before = after
        after = state.intervals[after].next
    joins_before = before != NONE and state.intervals[before].end_s == start_s
    joins_after = after != NONE and state.intervals[after].start_s == end_s
    if joins_before and joins_after:
        state.intervals[before].end_s = state.intervals[after].end_s
        state.intervals[before].next = state.intervals[after].next
        _give_back(state, after)
    elif joins_before:
        state.intervals[before].end_s = end_s
    elif joins_after:
        state.intervals[after].start_s = start_s
    else:
        _insert(state, resource, before, after, start_s, end_s)


@kernel
def _give_back(state: State, row: int) -> None:
    clock = state.clock[0]
    state.intervals[row].next = clock.free_interval
    clock.free_interval = row
    clock.n_free_intervals += 1


@kernel
def _insert(state: State, resource: int, before: int, after: int, start_s: float, end_s: float) -> None:
    clock = state.clock[0]
    row = clock.free_interval
    clock.free_interval = state.intervals[row].next
    clock.n_free_intervals -= 1
    state.intervals[row].start_s = start_s
    state.intervals[row].end_s = end_s
    state.intervals[row].next = after
    if before == NONE:
        state.heads[resource] = row
    else:
        state.intervals[before].next = row
