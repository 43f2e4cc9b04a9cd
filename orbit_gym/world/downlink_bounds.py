"""What surely remains from each satellite to each station, by minute: the bound that a search
towards the ground follows.

A bound of a minute holds from its beginning to WINDOW_S later: every link that is up at any time of
the window counts as up for all of it, at its least range. So no bundle can be faster, and a search
of a window's length may follow it (see aims.py).
"""

import math
from typing import NamedTuple

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


class LinkTables(NamedTuple):
    """Links of a World by satellite and by station, as it holds them."""

    edge_to: np.ndarray  # (E,) receivers of edges
    isl_offsets: np.ndarray
    isl_contacts: np.ndarray
    station_downlink_offsets: np.ndarray  # (G + 1,)
    downlinks_by_station: np.ndarray
    contacts: np.ndarray
    rate_segments: np.ndarray


class Motion(NamedTuple):
    """Where satellites are on a grid of times, and where sites stand."""

    positions_m: np.ndarray  # (T, S, 3)
    grid_s: float
    sites_m: np.ndarray  # (N, 3)
    horizon_s: float

    def window(self, begin_s: float) -> "Window":
        """The samples around a window's time."""
        n_samples = len(self.positions_m)
        first = min(int(begin_s / self.grid_s), n_samples - 2)
        last = min(math.ceil((begin_s + WINDOW_S) / self.grid_s), n_samples - 1)
        return Window(self.positions_m[first : last + 1], begin_s, begin_s + WINDOW_S)


class Window(NamedTuple):
    """One stretch of time that a bound holds for."""

    positions_m: np.ndarray  # (N, S, 3) samples around it
    begin_s: float
    end_s: float


class Arcs(NamedTuple):
    """Lasers that are up at any time of a window, by sending satellite."""

    receivers: np.ndarray  # (arcs,) int32
    light_s: np.ndarray  # (arcs,) least
    hops: np.ndarray  # (arcs,) that each counts as
    offsets: np.ndarray  # (S + 1,) int32


class Labels(NamedTuple):
    """Work space of a search from one station."""

    light_s: np.ndarray  # (S,)
    hops: np.ndarray  # (S,) float64
    queue: np.ndarray  # (S,) int32
    is_queued: np.ndarray  # (S,) int32


def bounds_to_ground(
    motion: Motion, links: LinkTables, fastest_bps: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the least light time and the least laser hops from satellites to stations.

    Light time (B, S, G) float32, infinity where nothing leads down; hops (B, S, G) uint8; B
    minutes, S satellites, G stations. A laser at a tenth of fastest_bps counts as ten hops, since
    it takes as long.
    """
    n_satellites = motion.positions_m.shape[1]
    n_stations = len(links.station_downlink_offsets) - 1
    n_buckets = math.ceil(motion.horizon_s / BUCKET_S)
    light_s = np.full((n_buckets, n_satellites, n_stations), np.inf, np.float32)
    hops = np.full((n_buckets, n_satellites, n_stations), UNREACHABLE, np.uint8)
    arcs, labels = _new_arcs(len(links.isl_contacts), n_satellites), _new_labels(n_satellites)
    # first rows that may still be up
    next_laser = links.isl_offsets[:-1].copy()
    next_downlink = links.station_downlink_offsets[:-1].copy()
    for bucket in range(n_buckets):
        window = motion.window(bucket * BUCKET_S)
        _collect(window, links, next_laser, fastest_bps, arcs)
        for station in range(n_stations):
            site_m = motion.sites_m[station]
            _spread_from(window, links, next_downlink, station, site_m, arcs, labels)
            _store(labels, light_s[bucket, :, station], hops[bucket, :, station])
    return light_s, hops


def _new_arcs(n_lasers: int, n_satellites: int) -> Arcs:
    return Arcs(
        np.zeros(n_lasers, np.int32),
        np.zeros(n_lasers),
        np.zeros(n_lasers),
        np.zeros(n_satellites + 1, np.int32),
    )


def _new_labels(n_satellites: int) -> Labels:
    return Labels(
        np.zeros(n_satellites),
        np.zeros(n_satellites),
        np.zeros(n_satellites, np.int32),
        np.zeros(n_satellites, np.int32),
    )


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
def _least_light_s(window: Window, satellite: int, other: int) -> float:
    """Least light time between two satellites in a window."""
    least_m = math.inf
    for k in range(window.positions_m.shape[0] - 1):
        start_m, end_m = window.positions_m[k], window.positions_m[k + 1]
        range_m = _least_m(start_m[satellite], end_m[satellite], start_m[other], end_m[other])
        least_m = min(least_m, range_m)
    return least_m / SPEED_OF_LIGHT_MPS


@njit(cache=True)
def _collect(
    window: Window, links: LinkTables, next_laser: np.ndarray, fastest_bps: float, arcs: Arcs
) -> None:
    """Write the lasers that are up at any time of a window."""
    isl_contacts, offsets = links.isl_contacts, links.isl_offsets
    n_satellites = window.positions_m.shape[1]
    n_terminals = (offsets.size - 1) // n_satellites
    count = 0
    for satellite in range(n_satellites):
        arcs.offsets[satellite] = count
        for terminal in range(satellite * n_terminals, (satellite + 1) * n_terminals):
            end = offsets[terminal + 1]
            while (
                next_laser[terminal] < end
                and isl_contacts[next_laser[terminal]].end_s <= window.begin_s
            ):
                next_laser[terminal] += 1
            row = next_laser[terminal]
            while row < end and isl_contacts[row].start_s < window.end_s:
                other = links.edge_to[isl_contacts[row].edge]
                rate_bps = _rate_bps(
                    links.contacts,
                    links.rate_segments,
                    isl_contacts[row].contact,
                    window.begin_s,
                    window.end_s,
                )
                arcs.receivers[count] = other
                arcs.light_s[count] = _least_light_s(window, satellite, other)
                arcs.hops[count] = max(1.0, math.floor(fastest_bps / rate_bps))
                count += 1
                row += 1
    arcs.offsets[n_satellites] = count


@njit(cache=True)
def _spread_from(
    window: Window,
    links: LinkTables,
    next_downlink: np.ndarray,
    station: int,
    site_m: np.ndarray,
    arcs: Arcs,
    labels: Labels,
) -> None:
    """Label all satellites with their least sums to one station, at site_m.

    From the satellites that it sees in the window.
    """
    downlinks, end = links.downlinks_by_station, links.station_downlink_offsets[station + 1]
    labels.light_s[:] = math.inf
    labels.hops[:] = math.inf
    while (
        next_downlink[station] < end and downlinks[next_downlink[station]].end_s <= window.begin_s
    ):  # ends are not in order: what is left is looked at
        next_downlink[station] += 1
    row = next_downlink[station]
    while row < end and downlinks[row].start_s < window.end_s:
        satellite = downlinks[row].satellite
        if downlinks[row].end_s > window.begin_s and labels.hops[satellite] > 0:
            for k in range(window.positions_m.shape[0] - 1):
                start_m, end_m = (
                    window.positions_m[k, satellite],
                    window.positions_m[k + 1, satellite],
                )
                down_s = _least_m(start_m, end_m, site_m, site_m) / SPEED_OF_LIGHT_MPS
                labels.light_s[satellite] = min(labels.light_s[satellite], down_s)
            labels.hops[satellite] = 0.0
        row += 1
    _spread(arcs, arcs.hops, labels, labels.hops)
    _spread(arcs, arcs.light_s, labels, labels.light_s)


@njit(cache=True)
def _store(labels: Labels, light_s: np.ndarray, hops: np.ndarray) -> None:
    """Write the labels (S,) of one station into its columns (S,) of a minute's tables."""
    for satellite in range(labels.light_s.size):
        # never above, whatever float32 rounds to
        light_s[satellite] = np.float32(labels.light_s[satellite] * (1.0 - 1e-6))
        hops[satellite] = (
            min(labels.hops[satellite], MOST_HOPS)
            if labels.hops[satellite] < math.inf
            else UNREACHABLE
        )


@njit(cache=True)
def _spread(arcs: Arcs, lengths: np.ndarray, labels: Labels, least: np.ndarray) -> None:
    """Least sums of lengths over the arcs from the values in least (S,).

    Every link is an arc each way (label correcting, first in first out).
    """
    queue, is_queued, n = labels.queue, labels.is_queued, least.size
    head, count = 0, 0
    for satellite in range(n):
        is_queued[satellite] = 0
        if least[satellite] < math.inf:
            queue[count] = satellite
            is_queued[satellite] = 1
            count += 1
    while count > 0:
        satellite = queue[head]
        head = (head + 1) % n
        count -= 1
        is_queued[satellite] = 0
        for arc in range(arcs.offsets[satellite], arcs.offsets[satellite + 1]):
            other = arcs.receivers[arc]
            sum_via = least[satellite] + lengths[arc]
            if sum_via < least[other]:
                least[other] = sum_via
                if is_queued[other] == 0:
                    queue[(head + count) % n] = other
                    is_queued[other] = 1
                    count += 1
