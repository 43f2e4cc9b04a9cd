"""Calendars against a plain Python list of intervals."""

import numpy as np
import pytest

from orbit_gym.kernels.booking import RECLAIMED_PER_STEP, ROOM_CHUNKS, reclaim
from orbit_gym.kernels.network.calendars import first_free_s, first_gap, release_expired, reserve
from orbit_gym.kernels.state import CHUNK_SIZE, NONE, State
from orbit_gym.world.layout import World
from tests.helpers.small_world import always, small_world, start, vision

CHUNKS = 64


def chain(state: State, first: int) -> list[int]:
    """Chunks from the first on."""
    chunks = []
    while first != NONE:
        chunks.append(first)
        first = int(state.chunks[first]["next"])
    return chunks


def intervals_of(state: State, resource: int) -> list[tuple[float, float]]:
    """The reservations of a calendar, in the order of its chunks."""
    intervals = []
    for chunk in chain(state, int(state.heads[resource])):
        count = int(state.chunks[chunk]["count"])
        assert 1 <= count <= CHUNK_SIZE
        intervals += [
            (float(start_s), float(end_s)) for start_s, end_s in state.intervals[chunk, :, :count].T
        ]
    return intervals


def assert_every_chunk_is_somewhere(state: State) -> None:
    """Chunks in the free list and in calendars are all there are, none twice, and the counter
    agrees.
    """
    free = chain(state, int(state.clock[0]["free_chunk"]))
    used_chunks = [chunk for head in state.heads for chunk in chain(state, int(head))]
    assert sorted(free + used_chunks) == list(range(CHUNKS))
    assert len(free) == state.clock[0]["n_free_chunks"]


def merged(spans: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Spans in order, those that touch joined."""
    out: list[tuple[float, float]] = []
    for start_s, end_s in sorted(spans):
        if out and out[-1][1] == start_s:
            out[-1] = (out[-1][0], end_s)
        else:
            out.append((start_s, end_s))
    return out


def plain_first_free_s(spans: list[tuple[float, float]], time_s: float) -> float:
    while True:
        covering_ends_s = [end_s for start_s, end_s in spans if start_s <= time_s < end_s]
        if not covering_ends_s:
            return time_s
        time_s = max(covering_ends_s)


def fresh_state() -> State:
    return start(
        small_world(2, [always(0, 1, 1.0), always(1, 0, 1.0)]), [vision(0.0, 1.0)], chunks=CHUNKS
    ).state


def unexpired(spans: list[tuple[float, float]], now_s: float) -> list[tuple[float, float]]:
    """What is left of spans after now_s."""
    return [(max(start_s, now_s), end_s) for start_s, end_s in spans if end_s > now_s]


@pytest.mark.parametrize("seed", range(20))
def test_random_reservations_match_a_plain_list(seed: int) -> None:
    """Exact: both sides handle the same numbers.

    Whole seconds make touching reservations common; chunks fill and split.
    """
    rng = np.random.default_rng(seed)
    state = fresh_state()
    plain: list[list[tuple[float, float]]] = [[], []]
    now_s = 0.0
    for _ in range(400):
        resource = int(rng.integers(2))
        if rng.random() < 0.05:
            now_s += float(rng.integers(0, 25))
            for calendar in (0, 1):
                release_expired(state, calendar, now_s)
                plain[calendar] = unexpired(plain[calendar], now_s)
        start_s, length_s = now_s + float(rng.integers(0, 300)), float(rng.integers(0, 4))
        if all(end <= start_s or start_s + length_s <= begin for begin, end in plain[resource]):
            reserve(state, resource, start_s, start_s + length_s)
            if length_s > 0.0:
                plain[resource] = merged([*plain[resource], (start_s, start_s + length_s)])
        assert unexpired(intervals_of(state, resource), now_s) == plain[resource]
        time_s = now_s + float(rng.integers(0, 300))
        assert first_free_s(state, resource, time_s) == plain_first_free_s(plain[resource], time_s)
        assert_every_chunk_is_somewhere(state)
    assert max(map(len, plain)) > CHUNK_SIZE  # or chunks were never split


def test_a_reservation_that_fills_a_gap_joins_both_sides() -> None:
    """By hand: [0, 1), [2, 3), then [1, 2) leaves one interval.

    It expires when it has ended, not before.
    """
    state = fresh_state()
    for start_s in (0.0, 2.0, 1.0):
        reserve(state, 0, start_s, start_s + 1.0)
    assert intervals_of(state, 0) == [(0.0, 3.0)]
    release_expired(state, 0, 2.9)
    assert intervals_of(state, 0) == [(0.0, 3.0)]
    release_expired(state, 0, 3.0)
    assert intervals_of(state, 0) == [] and state.clock[0]["n_free_chunks"] == CHUNKS


def test_joining_across_chunks_gives_the_empty_chunk_back() -> None:
    """17 intervals 0-1, 2-3, ... take two chunks, the second holding [32, 33).

    Filling [31, 32) empties it.
    """
    state = fresh_state()
    for k in range(CHUNK_SIZE + 1):
        reserve(state, 0, 2.0 * k, 2.0 * k + 1.0)
    assert state.clock[0]["n_free_chunks"] == CHUNKS - 2
    last_s = 2.0 * CHUNK_SIZE
    reserve(state, 0, last_s - 1.0, last_s)
    assert intervals_of(state, 0)[-1] == (last_s - 2.0, last_s + 1.0)
    assert state.clock[0]["n_free_chunks"] == CHUNKS - 1
    assert_every_chunk_is_somewhere(state)


def test_calendars_are_walked_seldom_until_a_plan_might_be_refused() -> None:
    """A pool of 8,192 chunks with 2,000 free, none expired: one walk, then none until half of the
    2,000 are used.
    """
    simulation = start(small_world(40, [always(0, 1, 1.0)]), [vision(0.0, 1.0)], chunks=8_192)
    world, state = simulation.world, simulation.state
    assert state.heads.size > RECLAIMED_PER_STEP + 1
    reserve(state, 0, 1.0, 2.0)
    freed = [
        _reclaim_at(world, state, free, time_s)
        for free, time_s in ((2_000, 0.0), (1_500, 5.0), (999, 5.0), (1_200, 5.0))
    ]
    assert freed == [0, 0, 1, 0]
    reserve(state, 0, 6.0, 7.0)
    assert [_reclaim_at(world, state, free, 9.0) for free in (700, ROOM_CHUNKS - 1)] == [0, 1]
    reserve(state, 0, 10.0, 11.0)
    assert [_reclaim_at(world, state, free, 12.0) for free in (4_000, 2_040)] == [
        0,
        1,
    ]  # plenty once, so a quarter counts again


def _reclaim_at(world: World, state: State, free: int, time_s: float) -> int:
    """Chunks that a reclaim gives back while `free` are said to be left and its turn is at other
    calendars than the first.
    """
    clock = state.clock[0]
    clock["n_free_chunks"], clock["time_s"], clock["reclaim_next"] = free, time_s, 0
    reclaim(world, state)
    return int(clock["n_free_chunks"]) - free


def test_the_first_gap_that_is_long_enough_and_the_latest_start_in_it() -> None:
    """By hand: busy 2-4, 5-6 and 9-10, so gaps of 2, 1 and 3 s; an idle calendar is one gap."""
    state = fresh_state()
    for start_s, end_s in ((2.0, 4.0), (5.0, 6.0), (9.0, 10.0)):
        reserve(state, 0, start_s, end_s)
    assert first_gap(state, 0, 0.0, 1.0) == (0.0, 1.0)
    assert first_gap(state, 0, 1.5, 1.0) == (4.0, 4.0)
    assert first_gap(state, 0, 0.0, 2.5) == (6.0, 6.5)
    assert first_gap(state, 0, 7.0, 2.5) == (10.0, np.inf)
    assert first_gap(state, 1, 3.0, 9.0) == (3.0, np.inf)
