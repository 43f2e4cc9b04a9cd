"""Runs of laser links: what the pointing rule holds, sample by sample, becomes rows with a
beginning, an end and rates.
"""

import numpy as np
from numba import njit

from orbit_gym.physics.geometry import distance_m
from orbit_gym.physics.links import mode_rate_bps

RUN = np.dtype(
    [
        ("low", "i4"),  # satellite with the smaller number
        ("high", "i4"),
        ("low_terminal", "i4"),
        ("high_terminal", "i4"),
        (
            "begin",
            "i4",
        ),  # first and last sample at which both terminals hold each other without a break
        ("finish", "i4"),
    ],
    align=True,
)


@njit(cache=True)
def _longer(rows: np.ndarray) -> np.ndarray:
    """Return a copy of twice the length."""
    longer = np.empty(2 * len(rows), rows.dtype)
    longer[: len(rows)] = rows
    return longer


@njit(cache=True)
def _held_by(current: np.ndarray, low: int, high: int) -> int:
    """Return the terminal of high that holds low."""
    for terminal in range(current.shape[1]):
        if current[high, terminal] == low:
            return terminal
    return -1


@njit(cache=True)
def find_runs(partners: np.ndarray, first_rows: np.ndarray) -> np.ndarray:
    """Return (N,) RUN of held (T, S, n_terminals), in order of their ends.

    first_rows is a short array of RUN to grow from.
    """
    n_times, n_satellites, n_terminals = partners.shape
    rows, n_rows = first_rows, 0
    partner = np.full(
        (n_satellites, n_terminals), -1, dtype=np.int32
    )  # of the run in progress, where it is the higher one
    return_terminals = np.full((n_satellites, n_terminals), -1, dtype=np.int32)
    start_steps = np.zeros((n_satellites, n_terminals), dtype=np.int32)
    for step in range(n_times + 1):
        for low in range(n_satellites):
            for terminal in range(n_terminals):
                high = partners[step, low, terminal] if step < n_times else -1
                high = high if high > low else -1
                end = _held_by(partners[step], low, high) if high >= 0 else -1
                if high == partner[low, terminal] and end == return_terminals[low, terminal]:
                    continue
                if partner[low, terminal] >= 0:
                    if n_rows == len(rows):
                        rows = _longer(rows)
                    row = rows[n_rows]
                    row.low, row.high, row.low_terminal = low, partner[low, terminal], terminal
                    row.high_terminal, row.begin, row.finish = (
                        return_terminals[low, terminal],
                        start_steps[low, terminal],
                        step - 1,
                    )
                    n_rows += 1
                (
                    partner[low, terminal],
                    return_terminals[low, terminal],
                    start_steps[low, terminal],
                ) = high, end, step
    return rows[:n_rows]


@njit(cache=True)
def run_rate_segments(
    positions_m: np.ndarray,
    runs: np.ndarray,
    start_s: np.ndarray,
    end_s: np.ndarray,
    grid_s: float,
    mode_range_m: np.ndarray,
    mode_bps: np.ndarray,
    first_rows: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return counts (N,) and the pieces of runs, run after run.

    Runs (N,) carry data from start_s to end_s (N,).

    In each grid step the rate is the one that both its ends allow, equal steps merged. positions_m
    (T, S, 3); first_rows is a short array to grow from, of rows with start_s, rate_bps and
    sent_bits (sent in the run before start_s).
    """
    counts = np.zeros(len(runs), dtype=np.int64)
    rows, n_rows = first_rows, 0
    for number in range(len(runs)):
        low, high = runs[number].low, runs[number].high
        here_m = distance_m(
            positions_m[runs[number].begin, low], positions_m[runs[number].begin, high]
        )
        first, last_bps, sent_bits = n_rows, -1.0, 0.0
        for step in range(runs[number].begin, runs[number].finish):
            step_start_s = step * grid_s
            before_m, here_m = (
                here_m,
                distance_m(positions_m[step + 1, low], positions_m[step + 1, high]),
            )
            if step_start_s + grid_s <= start_s[number] or step_start_s >= end_s[number]:
                continue
            rate_bps = mode_rate_bps(max(before_m, here_m), mode_range_m, mode_bps)
            if rate_bps == last_bps:
                continue
            if n_rows == len(rows):
                rows = _longer(rows)
            row = rows[n_rows]
            row.start_s, row.rate_bps = max(step_start_s, start_s[number]), rate_bps
            if n_rows > first:
                sent_bits += last_bps * (row.start_s - rows[n_rows - 1].start_s)
            row.sent_bits = sent_bits
            n_rows, last_bps = n_rows + 1, rate_bps
        counts[number] = n_rows - first
    return counts, rows[:n_rows]
