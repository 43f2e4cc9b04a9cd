"""Runs of held links and their pieces, by hand and against a plain loop."""

import numpy as np

from orbit_gym.physics.runs import RUN, find_runs, run_rate_segments

RATE_SEGMENT = np.dtype([("start_s", "f8"), ("rate_bps", "f8"), ("sent_bits", "f8")])
MODES = np.array([100.0, 200.0]), np.array([5.0, 1.0])


def runs_of(partners: np.ndarray) -> list[tuple[int, ...]]:
    return sorted(
        tuple(int(value) for value in row) for row in find_runs(partners, np.empty(1, RUN))
    )


def test_a_run_ends_where_either_end_changes_terminals():
    """Satellites 0 and 1 hold each other in samples 0 to 5.

    From sample 3 on the far end uses its other terminal.
    """
    partners = np.full((8, 3, 2), -1, np.int32)
    partners[:6, 0, 1] = 1
    partners[:3, 1, 0] = 0
    partners[3:6, 1, 1] = 0
    partners[7, 2, 0], partners[7, 1, 0] = 1, 2
    assert runs_of(partners) == [(0, 1, 1, 0, 0, 2), (0, 1, 1, 1, 3, 5), (1, 2, 0, 0, 7, 7)]


def test_runs_of_random_pairings_are_those_of_a_plain_loop():
    """Random perfect pairings of eight satellites, kept for some samples: every row, and nothing
    else.
    """
    rng = np.random.default_rng(5)
    partners = np.full((60, 8, 3), -1, np.int32)
    expected = []
    begin = 0
    while begin < 60:
        finish = min(begin + int(rng.integers(1, 9)), 60) - 1
        for low, high in np.sort(rng.permutation(8).reshape(4, 2), axis=1):
            low_terminal, high_terminal = rng.integers(0, 3, 2)
            partners[begin : finish + 1, low, low_terminal] = high
            partners[begin : finish + 1, high, high_terminal] = low
            preceding = [
                row
                for row in expected
                if row[:4] == (low, high, low_terminal, high_terminal) and row[5] == begin - 1
            ]
            if preceding:
                expected.remove(preceding[0])
            expected.append(
                (
                    int(low),
                    int(high),
                    int(low_terminal),
                    int(high_terminal),
                    preceding[0][4] if preceding else begin,
                    finish,
                )
            )
        begin = finish + 1
    assert len(expected) > 40 and runs_of(partners) == sorted(expected)


def pieces_of(distances_m: list[float], start_s: float, end_s: float) -> list[tuple[float, ...]]:
    """Pieces of one run over all samples, 10 s apart, of two satellites at these distances."""
    positions_m = np.zeros((len(distances_m), 2, 3))
    positions_m[:, 1, 0] = distances_m
    run = np.array([(0, 1, 0, 0, 0, len(distances_m) - 1)], RUN)
    counts, rows = run_rate_segments(
        positions_m,
        run,
        np.array([start_s]),
        np.array([end_s]),
        10.0,
        *MODES,
        np.empty(1, RATE_SEGMENT),
    )
    assert counts.tolist() == [len(rows)]
    return [tuple(row) for row in rows.tolist()]


def test_a_step_has_the_rate_that_both_its_ends_allow():
    """5 bit/s to 100 m, 1 bit/s to 200 m.

    The step with 90 m at one end and 110 m at the other is a slow one. Bits by hand.
    """
    far_and_back_m = [90.0, 90.0, 110.0, 110.0, 90.0, 90.0]
    assert pieces_of(far_and_back_m, 0.0, 50.0) == [
        (0.0, 5.0, 0.0),
        (10.0, 1.0, 50.0),
        (40.0, 5.0, 80.0),
    ]


def test_pieces_begin_after_acquisition_and_end_with_the_horizon():
    """Data from 13 s to 38 s only: the first piece starts there, and the step from 40 s on is not
    one of them.
    """
    assert pieces_of([90.0, 90.0, 90.0, 110.0, 90.0, 90.0], 13.0, 38.0) == [
        (13.0, 5.0, 0.0),
        (20.0, 1.0, 35.0),
    ]
