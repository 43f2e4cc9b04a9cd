"""Calendars: what serves one thing at a time holds non-overlapping reservations, and a new one takes the first gap.

All calendars share one pool; reservations that touch are merged, so a calendar stays as short as its number of gaps.
"""


from orbit_gym.jit import kernel
from orbit_gym.state import NONE, State


@kernel
def skip_ended(state: State, row: int, time_s: float) -> int:
    """First interval from `row` on that ends after time_s, or NONE."""
    while row != NONE and state.intervals[row].end_s <= time_s:
        row = state.intervals[row].next
    return row


@kernel
def first_free_s(state: State, resource: int, time_s: float) -> float:
    """First instant at or after time_s at which a calendar is free."""
    row = skip_ended(state, state.heads[resource], time_s)
    while row != NONE and state.intervals[row].start_s <= time_s:
        time_s = state.intervals[row].end_s
        row = state.intervals[row].next
    return time_s


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
