"""What surely remains from each satellite to the ground, by minute: the bound that a search towards a station or datacentre follows.

A bound of a minute holds from its beginning to WINDOW_S later: every link that is up at any time of the window counts as up for all of
it, at its least range. So no bundle can be faster, and a search of a window's length may follow it (see routing.search).
"""

import math

import numpy as np
from numba import njit

from orbit_gym.units import SPEED_OF_LIGHT_MPS

DIRECTED_FROM = 64  # satellites from which on it pays to search towards a target (A*), and so to make these bounds
BUCKET_S = 60.0
WINDOW_S = 120.0  # whole buckets; the last of it is what a search that begins late in a bucket has left
UNREACHABLE = 255  # hops
BYTES = 5  # of a satellite and minute


def bounds_to_ground(
    positions_m: np.ndarray,
    grid_s: float,
    sites_m: np.ndarray,
    horizon_s: float,
    edge_to: np.ndarray,
    laser_offsets: np.ndarray,
    lasers: np.ndarray,
    pass_offsets: np.ndarray,
    passes: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return least light time (B, S) float32, infinity where nothing leads down, and least laser hops (B, S) uint8, by minute.

    positions_m (T, S, 3) every grid_s, sites_m (N, 3), edge_to (E,) the receivers of edges; the indices are the World's.
    """
    n_satellites, n_buckets = positions_m.shape[1], math.ceil(horizon_s / BUCKET_S)
    light_s = np.full((n_buckets, n_satellites), np.inf, np.float32)
    hops = np.full((n_buckets, n_satellites), UNREACHABLE, np.uint8)
    lengths_s, arcs = np.zeros(len(lasers)), np.zeros(len(lasers), np.int32)
    work = (lengths_s, arcs, np.zeros(n_satellites), np.zeros(n_satellites, np.int32), np.zeros(n_satellites, np.int32))
    n_tracks = (len(laser_offsets) - 1) // n_satellites
    _fill(positions_m, grid_s, sites_m, edge_to, laser_offsets, lasers, n_tracks, pass_offsets, passes, light_s, hops, *work)
    return light_s, hops


@njit(cache=True)
def _least_m(a0: np.ndarray, a1: np.ndarray, b0: np.ndarray, b1: np.ndarray) -> float:
    """Least distance of two points that move straight from a0 to a1 and from b0 to b1."""
    x, y, z = a0[0] - b0[0], a0[1] - b0[1], a0[2] - b0[2]
    u, v, w = a1[0] - b1[0] - x, a1[1] - b1[1] - y, a1[2] - b1[2] - z
    speed2 = u * u + v * v + w * w
    part = 0.0
    if speed2 > 0.0:
        part = min(1.0, max(0.0, -(x * u + y * v + z * w) / speed2))
    return math.sqrt((x + part * u) ** 2 + (y + part * v) ** 2 + (z + part * w) ** 2)


@njit(cache=True)
def _fill(
    positions_m: np.ndarray,
    grid_s: float,
    sites_m: np.ndarray,
    edge_to: np.ndarray,
    laser_offsets: np.ndarray,
    lasers: np.ndarray,
    n_tracks: int,
    pass_offsets: np.ndarray,
    passes: np.ndarray,
    light_s: np.ndarray,
    hops: np.ndarray,
    lengths_s: np.ndarray,
    arcs: np.ndarray,
    best_s: np.ndarray,
    queue: np.ndarray,
    is_queued: np.ndarray,
) -> None:
    n_satellites = positions_m.shape[1]
    next_laser = laser_offsets[:-1].copy()  # first row of each track that may still be up
    next_pass = pass_offsets[: n_satellites + 1].copy()
    offsets = np.zeros(n_satellites + 1, np.int32)
    for bucket in range(light_s.shape[0]):
        begin_s = bucket * BUCKET_S
        end_s = begin_s + WINDOW_S
        first = min(int(begin_s / grid_s), positions_m.shape[0] - 2)
        last = min(int(math.ceil(end_s / grid_s)), positions_m.shape[0] - 1)
        n_arcs = 0
        for satellite in range(n_satellites):
            offsets[satellite] = n_arcs
            for track in range(satellite * n_tracks, (satellite + 1) * n_tracks):
                while next_laser[track] < laser_offsets[track + 1] and lasers[next_laser[track]].end_s <= begin_s:
                    next_laser[track] += 1
                row = next_laser[track]
                while row < laser_offsets[track + 1] and lasers[row].start_s < end_s:
                    other = edge_to[lasers[row].edge]
                    least_m = math.inf
                    for sample in range(first, last):
                        least_m = min(
                            least_m,
                            _least_m(
                                positions_m[sample, satellite], positions_m[sample + 1, satellite],
                                positions_m[sample, other], positions_m[sample + 1, other],
                            ),
                        )  # fmt: skip
                    arcs[n_arcs] = other
                    lengths_s[n_arcs] = least_m / SPEED_OF_LIGHT_MPS
                    n_arcs += 1
                    row += 1
            best_s[satellite] = math.inf
            while next_pass[satellite] < pass_offsets[satellite + 1] and passes[next_pass[satellite]].end_s <= begin_s:
                next_pass[satellite] += 1
            row = next_pass[satellite]
            while row < pass_offsets[satellite + 1] and passes[row].start_s < end_s:
                if passes[row].end_s > begin_s:
                    site = sites_m[edge_to[passes[row].edge] - n_satellites]
                    for sample in range(first, last):
                        least_m = _least_m(positions_m[sample, satellite], positions_m[sample + 1, satellite], site, site)
                        best_s[satellite] = min(best_s[satellite], least_m / SPEED_OF_LIGHT_MPS)
                row += 1
        offsets[n_satellites] = n_arcs
        _spread(offsets, arcs, lengths_s, best_s, queue, is_queued)
        for satellite in range(n_satellites):
            light_s[bucket, satellite] = np.float32(best_s[satellite] * (1.0 - 1e-6))  # never above, whatever float32 rounds to
        _count_hops(begin_s, end_s, offsets, arcs, pass_offsets, passes, next_pass, hops[bucket], queue)


@njit(cache=True)
def _spread(
    offsets: np.ndarray, arcs: np.ndarray, lengths_s: np.ndarray, best_s: np.ndarray, queue: np.ndarray, is_queued: np.ndarray
) -> None:
    """Least times over the arcs from the values in best_s (S,); every link is an arc each way (label correcting, first in first out)."""
    n = best_s.size
    head, count = 0, 0
    for satellite in range(n):
        is_queued[satellite] = 0
        if best_s[satellite] < math.inf:
            queue[count] = satellite
            is_queued[satellite] = 1
            count += 1
    while count > 0:
        satellite = queue[head]
        head = (head + 1) % n
        count -= 1
        is_queued[satellite] = 0
        for arc in range(offsets[satellite], offsets[satellite + 1]):
            other = arcs[arc]
            through_s = best_s[satellite] + lengths_s[arc]
            if through_s < best_s[other]:
                best_s[other] = through_s
                if is_queued[other] == 0:
                    queue[(head + count) % n] = other
                    is_queued[other] = 1
                    count += 1


@njit(cache=True)
def _count_hops(
    begin_s: float,
    end_s: float,
    offsets: np.ndarray,
    arcs: np.ndarray,
    pass_offsets: np.ndarray,
    passes: np.ndarray,
    next_pass: np.ndarray,
    hops: np.ndarray,
    queue: np.ndarray,
) -> None:
    """Least laser hops (S,) to a satellite that sees a station within the window: breadth first."""
    count = 0
    for satellite in range(hops.size):
        row = next_pass[satellite]
        while row < pass_offsets[satellite + 1] and passes[row].start_s < end_s:
            if passes[row].end_s > begin_s:
                hops[satellite] = 0
            row += 1
        if hops[satellite] == 0:
            queue[count] = satellite
            count += 1
    place = 0
    while place < count:
        satellite = queue[place]
        place += 1
        for arc in range(offsets[satellite], offsets[satellite + 1]):
            other = arcs[arc]
            if hops[other] == UNREACHABLE and hops[satellite] + 1 < UNREACHABLE:
                hops[other] = hops[satellite] + 1
                queue[count] = other
                count += 1
