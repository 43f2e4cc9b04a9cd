"""Calendars: what serves one thing at a time holds non-overlapping reservations, and a new one
takes the first gap.

All calendars share one pool of chunks. A calendar is a chain of chunks, each a short run of
intervals in order of time; intervals that touch are merged, so a calendar is as long as its number
of gaps, and a search skips whole chunks.
"""

import math

from orbit_gym.kernels.state import CHUNK_SIZE, END, NONE, START, State
from orbit_gym.utils.jit import inline_kernel


@inline_kernel
def skip_ended(state: State, chunk: int, time_s: float) -> int:
    """First chunk from `chunk` on that holds an interval ending after time_s, or NONE."""
    while chunk != NONE and state.intervals[chunk, END, state.chunks[chunk].count - 1] <= time_s:
        chunk = state.chunks[chunk].next
    return chunk


@inline_kernel
def place_in_chunk(state: State, chunk: int, time_s: float) -> int:
    """First place of a chunk whose interval ends after time_s; the chunk is known to hold one."""
    place = 0
    while state.intervals[chunk, END, place] <= time_s:
        place += 1
    return place


@inline_kernel
def first_free_s(state: State, resource: int, time_s: float) -> float:
    """First instant at or after time_s at which a calendar is free."""
    chunk = state.heads[resource]
    while True:
        chunk = skip_ended(state, chunk, time_s)
        if chunk == NONE:
            return time_s
        place = place_in_chunk(state, chunk, time_s)
        if state.intervals[chunk, START, place] > time_s:
            return time_s
        time_s = state.intervals[chunk, END, place]


@inline_kernel
def first_gap(state: State, resource: int, time_s: float, length_s: float) -> tuple[float, float]:
    """Start of the first gap of a calendar, at or after time_s, that is at least length_s long.

    And the latest such start in it.
    """
    chunk = skip_ended(state, state.heads[resource], time_s)
    if chunk == NONE:
        return time_s, math.inf
    place = place_in_chunk(state, chunk, time_s)
    while state.intervals[chunk, START, place] < time_s + length_s:
        time_s = state.intervals[chunk, END, place]
        place += 1
        if place == state.chunks[chunk].count:
            chunk = state.chunks[chunk].next
            place = 0
            if chunk == NONE:
                return time_s, math.inf
    return time_s, state.intervals[chunk, START, place] - length_s


@inline_kernel
def release_expired(state: State, resource: int, now_s: float) -> None:
    """Give chunks whose intervals have all ended by now_s back to the pool."""
    chunk = state.heads[resource]
    while chunk != NONE and state.intervals[chunk, END, state.chunks[chunk].count - 1] <= now_s:
        following = state.chunks[chunk].next
        _give_back(state, chunk)
        chunk = following
    state.heads[resource] = chunk


@inline_kernel
def reserve(state: State, resource: int, start_s: float, end_s: float) -> None:
    """Reserve [start_s, end_s), known to be free.

    The caller has made sure that the pool has a chunk left.
    """
    if end_s <= start_s:
        return
    previous = NONE
    chunk = state.heads[resource]
    while chunk != NONE and state.intervals[chunk, END, state.chunks[chunk].count - 1] < start_s:
        previous = chunk
        chunk = state.chunks[chunk].next
    if chunk == NONE:
        _append(state, resource, previous, start_s, end_s)
        return
    place = 0
    while state.intervals[chunk, END, place] < start_s:
        place += 1
    if state.intervals[chunk, END, place] == start_s:
        _extend(state, chunk, place, end_s)
    elif state.intervals[chunk, START, place] == end_s:
        state.intervals[chunk, START, place] = start_s
    else:
        _insert(state, chunk, place, start_s, end_s)


@inline_kernel
def _extend(state: State, chunk: int, place: int, end_s: float) -> None:
    """Lengthen an interval to end_s, and join the next one if they then touch."""
    next_chunk = chunk
    next_place = place + 1
    if next_place == state.chunks[chunk].count:
        next_chunk = state.chunks[chunk].next
        next_place = 0
    if next_chunk != NONE and state.intervals[next_chunk, START, next_place] == end_s:
        end_s = state.intervals[next_chunk, END, next_place]
        _remove(state, chunk, next_chunk, next_place)
    state.intervals[chunk, END, place] = end_s


@inline_kernel
def _remove(state: State, chunk_before: int, chunk: int, place: int) -> None:
    """Take an interval out; chunk_before is the same chunk or the one before, and stays."""
    count = state.chunks[chunk].count - 1
    state.chunks[chunk].count = count
    for k in range(place, count):
        state.intervals[chunk, START, k] = state.intervals[chunk, START, k + 1]
        state.intervals[chunk, END, k] = state.intervals[chunk, END, k + 1]
    if count == 0:
        state.chunks[chunk_before].next = state.chunks[chunk].next
        _give_back(state, chunk)


@inline_kernel
def _append(state: State, resource: int, previous: int, start_s: float, end_s: float) -> None:
    """Add an interval after all others; `before` is the last chunk, or NONE."""
    if previous == NONE or state.chunks[previous].count == CHUNK_SIZE:
        chunk = _take(state)
        state.chunks[chunk].next = NONE
        if previous == NONE:
            state.heads[resource] = chunk
        else:
            state.chunks[previous].next = chunk
        previous = chunk
    count = state.chunks[previous].count
    state.intervals[previous, START, count] = start_s
    state.intervals[previous, END, count] = end_s
    state.chunks[previous].count = count + 1


@inline_kernel
def _insert(state: State, chunk: int, place: int, start_s: float, end_s: float) -> None:
    """Put an interval before a place; a full chunk is cut in two halves first."""
    half = CHUNK_SIZE // 2
    if state.chunks[chunk].count == CHUNK_SIZE:
        second = _take(state)
        state.chunks[second].next = state.chunks[chunk].next
        state.chunks[chunk].next = second
        for k in range(half, CHUNK_SIZE):
            state.intervals[second, START, k - half] = state.intervals[chunk, START, k]
            state.intervals[second, END, k - half] = state.intervals[chunk, END, k]
        state.chunks[second].count = CHUNK_SIZE - half
        state.chunks[chunk].count = half
        if place > half:
            chunk = second
            place -= half
    count = state.chunks[chunk].count
    for k in range(count, place, -1):
        state.intervals[chunk, START, k] = state.intervals[chunk, START, k - 1]
        state.intervals[chunk, END, k] = state.intervals[chunk, END, k - 1]
    state.intervals[chunk, START, place] = start_s
    state.intervals[chunk, END, place] = end_s
    state.chunks[chunk].count = count + 1


@inline_kernel
def _take(state: State) -> int:
    clock = state.clock[0]
    chunk = clock.free_chunk
    clock.free_chunk = state.chunks[chunk].next
    clock.n_free_chunks -= 1
    state.chunks[chunk].count = 0
    return chunk


@inline_kernel
def _give_back(state: State, chunk: int) -> None:
    clock = state.clock[0]
    state.chunks[chunk].next = clock.free_chunk
    state.chunks[chunk].count = 0
    clock.free_chunk = chunk
    clock.n_free_chunks += 1
