"""What surely remains from each satellite to each station, by minute: the bound that a search
towards the ground follows.

A bound of a minute holds from its beginning to WINDOW_S later: every link that is up at any time of
the window counts as up for all of it, at its least range. So no bundle can be faster, and a search
of a window's length may follow it (see aims.py).
"""

import math

import numpy as np
from numba import njit

from orbit_gym.utils.units import SPEED_OF_LIGHT_MPS

# satellites from which on it pays to search towards a target (A*), and so to make these bounds
DIRECTED_FROM = 64
BUCKET_S = 60.0
WINDOW_S = (
    120.0  # whole buckets; the last of it is what a search that begins late in a bucket has left
)
UNREACHABLE = 255  # hops
MOST_HOPS = 254  # that are told apart
BYTES = 5  # of a satellite, station and minute


def bounds_to_ground(
    positions_m: np.ndarray,
    grid_s: float,
    sites_m: np.ndarray,
    horizon_s: float,
    edge_to: np.ndarray,
    isl_offsets: np.ndarray,
    lasers: np.ndarray,
    station_downlink_offsets: np.ndarray,
    downlinks_by_station: np.ndarray,
    contacts: np.ndarray,
    rate_segments: np.ndarray,
    fastest_bps: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the least light time and the least laser hops from satellites to stations.

    Light time (B, S, G) float32, infinity where nothing leads down; hops (B, S, G) uint8.

    B minutes, S satellites, G stations. positions_m (T, S, 3) every grid_s, sites_m (N, 3), edge_to
    (E,) the receivers of edges; the indices, contacts and pieces are the World's. A laser at a
    tenth of fastest_bps counts as ten hops, since it takes as long.
    """
    n_satellites, n_stations, n_buckets = (
        positions_m.shape[1],
        len(station_downlink_offsets) - 1,
        math.ceil(horizon_s / BUCKET_S),
    )
    light_s = np.full((n_buckets, n_satellites, n_stations), np.inf, np.float32)
    hops = np.full((n_buckets, n_satellites, n_stations), UNREACHABLE, np.uint8)
    arcs = (
        np.zeros(len(lasers), np.int32),
        np.zeros(len(lasers)),
        np.zeros(len(lasers)),
        np.zeros(n_satellites + 1, np.int32),
    )
    work = (
        np.zeros(n_satellites),
        np.zeros(n_satellites, np.int32),
        np.zeros(n_satellites, np.int32),
        np.zeros(n_satellites),
    )
    next_laser, next_gate = (
        isl_offsets[:-1].copy(),
        station_downlink_offsets[:-1].copy(),
    )  # first rows that may still be up
    for bucket in range(n_buckets):
        begin_s = bucket * BUCKET_S
        samples = (
            min(int(begin_s / grid_s), len(positions_m) - 2),
            min(math.ceil((begin_s + WINDOW_S) / grid_s), len(positions_m) - 1),
        )
        flown_m = positions_m[samples[0] : samples[1] + 1]
        _collect(
            flown_m,
            begin_s,
            edge_to,
            isl_offsets,
            lasers,
            next_laser,
            contacts,
            rate_segments,
            fastest_bps,
            *arcs,
        )
        for station in range(n_stations):
            end = station_downlink_offsets[station + 1]
            _spread_from(
                flown_m,
                begin_s,
                sites_m[station],
                downlinks_by_station,
                next_gate,
                station,
                end,
                *arcs,
                light_s[bucket],
                hops[bucket],
                *work,
            )
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
def _rate_bps(
    contacts: np.ndarray, rate_segments: np.ndarray, contact: int, begin_s: float, end_s: float
) -> float:
    """Highest rate of a contact between two times."""
    best_bps = 0.0
    last = contacts[contact].end_rate_segment - 1
    for row in range(contacts[contact].first_rate_segment, last + 1):
        if rate_segments[row].start_s <= end_s and (
            row == last or rate_segments[row + 1].start_s > begin_s
        ):
            best_bps = max(best_bps, rate_segments[row].rate_bps)
    return best_bps


@njit(cache=True)
def _collect(
    flown_m: np.ndarray,
    begin_s: float,
    edge_to: np.ndarray,
    isl_offsets: np.ndarray,
    lasers: np.ndarray,
    next_laser: np.ndarray,
    contacts: np.ndarray,
    rate_segments: np.ndarray,
    fastest_bps: float,
    arcs: np.ndarray,
    lengths_s: np.ndarray,
    steps: np.ndarray,
    offsets: np.ndarray,
) -> None:
    """Write the lasers that are up at any time of a window.

    Receivers, least light times, and the hops that each counts as; flown_m is (N, S, 3).
    """
    n_satellites = flown_m.shape[1]
    n_terminals = (isl_offsets.size - 1) // n_satellites
    count = 0
    for satellite in range(n_satellites):
        offsets[satellite] = count
        for terminal in range(satellite * n_terminals, (satellite + 1) * n_terminals):
            while (
                next_laser[terminal] < isl_offsets[terminal + 1]
                and lasers[next_laser[terminal]].end_s <= begin_s
            ):
                next_laser[terminal] += 1
            row = next_laser[terminal]
            while row < isl_offsets[terminal + 1] and lasers[row].start_s < begin_s + WINDOW_S:
                other = edge_to[lasers[row].edge]
                least_m = math.inf
                for k in range(flown_m.shape[0] - 1):
                    range_m = _least_m(
                        flown_m[k, satellite],
                        flown_m[k + 1, satellite],
                        flown_m[k, other],
                        flown_m[k + 1, other],
                    )
                    least_m = min(least_m, range_m)
                arcs[count] = other
                lengths_s[count] = least_m / SPEED_OF_LIGHT_MPS
                rate_bps = _rate_bps(
                    contacts, rate_segments, lasers[row].contact, begin_s, begin_s + WINDOW_S
                )
                steps[count] = max(1.0, math.floor(fastest_bps / rate_bps))
                count += 1
                row += 1
    offsets[n_satellites] = count


@njit(cache=True)
def _spread_from(
    flown_m: np.ndarray,
    begin_s: float,
    site_m: np.ndarray,
    downlinks_by_station: np.ndarray,
    next_gate: np.ndarray,
    station: int,
    end: int,
    arcs: np.ndarray,
    lengths_s: np.ndarray,
    steps: np.ndarray,
    offsets: np.ndarray,
    light_s: np.ndarray,
    hops: np.ndarray,
    best_s: np.ndarray,
    queue: np.ndarray,
    is_queued: np.ndarray,
    least_hops: np.ndarray,
) -> None:
    """Fill one station's column of a minute's tables (S, G).

    From the satellites that it sees in the window.
    """
    best_s[:] = math.inf
    least_hops[:] = math.inf
    while (
        next_gate[station] < end and downlinks_by_station[next_gate[station]].end_s <= begin_s
    ):  # ends are not in order: what is left is looked at
        next_gate[station] += 1
    row = next_gate[station]
    while row < end and downlinks_by_station[row].start_s < begin_s + WINDOW_S:
        satellite = downlinks_by_station[row].satellite
        if downlinks_by_station[row].end_s > begin_s and least_hops[satellite] > 0:
            for k in range(flown_m.shape[0] - 1):
                here_s = (
                    _least_m(flown_m[k, satellite], flown_m[k + 1, satellite], site_m, site_m)
                    / SPEED_OF_LIGHT_MPS
                )
                best_s[satellite] = min(best_s[satellite], here_s)
            least_hops[satellite] = 0.0
        row += 1
    _spread(offsets, arcs, steps, least_hops, queue, is_queued)
    _spread(offsets, arcs, lengths_s, best_s, queue, is_queued)
    for satellite in range(best_s.size):
        light_s[satellite, station] = np.float32(
            best_s[satellite] * (1.0 - 1e-6)
        )  # never above, whatever float32 rounds to
        hops[satellite, station] = (
            min(least_hops[satellite], MOST_HOPS)
            if least_hops[satellite] < math.inf
            else UNREACHABLE
        )


@njit(cache=True)
def _spread(
    offsets: np.ndarray,
    arcs: np.ndarray,
    lengths_s: np.ndarray,
    best_s: np.ndarray,
    queue: np.ndarray,
    is_queued: np.ndarray,
) -> None:
    """Least sums over the arcs from the values in best_s (S,).

    Every link is an arc each way (label correcting, first in first out).
    """
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
