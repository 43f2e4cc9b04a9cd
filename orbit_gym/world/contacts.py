"""Contacts of one day, edge by edge, and their assembly into the World's arrays."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from orbit_gym.physics.pointing import PointingRule, point_terminals
from orbit_gym.physics.runs import RUN, find_runs, run_rate_segments
from orbit_gym.scenario.scenario import LaserLinks
from orbit_gym.utils.units import EARTH_EQUATORIAL_RADIUS_M
from orbit_gym.world.ephemeris import DayGeometry, Passes
from orbit_gym.world.layout import CONTACT, DOWNLINK, EDGE, LASER, RATE_SEGMENT, UPLINK, USER_DOWN

NO_RESOURCE = -1


class LaserRuns(NamedTuple):
    """Terminal pairs held without a break, from one sample of the grid to another.

    By satellite pair and time.
    """

    ends: np.ndarray  # (N,) RUN
    held_from_s: np.ndarray  # (N,)
    held_to_s: np.ndarray  # (N,)
    start_s: np.ndarray  # (N,) first instant of data: after acquisition
    counts: np.ndarray  # (N,) pieces of each
    rate_segments: np.ndarray  # (P,) RATE_SEGMENT, run after run


class Batch(NamedTuple):
    """Edges found together, with their contacts and pieces one edge after the other.

    first_rate_segment counts from this batch's first.
    """

    senders: np.ndarray  # (E,)
    edges: np.ndarray  # (E,) EDGE, rows of contacts not yet filled
    counts: np.ndarray  # (E,) contacts of each
    contacts: np.ndarray  # (C,) CONTACT
    rate_segments: np.ndarray  # (P,) RATE_SEGMENT


def spans(first: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return rows of spans laid end to end.

    They are first[0], first[0] + 1, ... (counts[0] of them), then those of the next.
    """
    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    return np.arange(total) + np.repeat(first - (ends - counts), counts)


def laser_batch(runs: LaserRuns, transmit_w: float) -> Batch:
    """Return both directions of each pair that ever holds a contact, each its own calendar."""
    is_first = np.r_[True, (np.diff(runs.ends["low"]) != 0) | (np.diff(runs.ends["high"]) != 0)][
        : len(runs.ends)
    ]
    first = np.flatnonzero(is_first)
    per_pair = np.diff(np.r_[first, len(runs.ends)])
    order = spans(
        np.repeat(first, 2), np.repeat(per_pair, 2)
    )  # runs of a pair one way, then the other
    way = np.repeat(np.tile([0, 1], len(first)), np.repeat(per_pair, 2))
    edges = np.zeros(2 * len(first), EDGE)
    low, high = runs.ends["low"][first], runs.ends["high"][first]
    edges["to"] = np.stack([high, low], axis=1).ravel()
    edges["kind"], edges["transmit_w"] = LASER, transmit_w
    edges["resource_a"], edges["resource_b"] = np.arange(2 * len(first)), NO_RESOURCE
    contacts = np.zeros(len(order), CONTACT)
    contacts["start_s"], contacts["end_s"] = runs.start_s[order], runs.held_to_s[order]
    contacts["terminal"] = np.where(
        way == 0, runs.ends["low_terminal"][order], runs.ends["high_terminal"][order]
    )
    contacts["end_rate_segment"] = np.cumsum(runs.counts[order])
    contacts["first_rate_segment"] = contacts["end_rate_segment"] - runs.counts[order]
    first_rate_segment = np.cumsum(runs.counts) - runs.counts
    rate_segments = runs.rate_segments[spans(first_rate_segment[order], runs.counts[order])]
    return Batch(
        np.stack([low, high], axis=1).ravel(),
        edges,
        np.repeat(per_pair, 2),
        contacts,
        rate_segments,
    )


def steady_batch(
    ends: np.ndarray,
    rates_bps: np.ndarray,
    start_s: np.ndarray,
    end_s: np.ndarray,
    counts: np.ndarray,
) -> Batch:
    """Return edges (E,), each with counts[e] contacts of one rate.

    ends (E, 7): sender and the columns of EDGE but its contacts.
    """
    edges, contacts, rate_segments = (
        np.zeros(len(ends), EDGE),
        np.zeros(len(start_s), CONTACT),
        np.zeros(len(start_s), RATE_SEGMENT),
    )
    for column, name in enumerate(
        ("to", "kind", "resource_a", "resource_b", "delay_s", "transmit_w"), 1
    ):
        edges[name] = ends[:, column]
    contacts["start_s"], contacts["end_s"], contacts["terminal"] = start_s, end_s, -1
    contacts["first_rate_segment"] = np.arange(len(start_s))
    contacts["end_rate_segment"] = contacts["first_rate_segment"] + 1
    rate_segments["start_s"], rate_segments["rate_bps"] = start_s, np.repeat(rates_bps, counts)
    return Batch(ends[:, 0].astype(np.int64), edges, counts, contacts, rate_segments)


def pass_batch(passes: Passes, links: list[tuple[np.ndarray, float]]) -> Batch:
    """Return the edges of one site, all with its passes.

    For each satellite that ever sees it one edge a link.

    A link is (rows (S, 7) as in steady_batch, of all satellites; rate).
    """
    satellites, first, counts = np.unique(passes.satellite, return_index=True, return_counts=True)
    ends = np.stack([rows[satellites] for rows, _ in links], axis=1).reshape(-1, 7)
    rates_bps = np.tile([rate_bps for _, rate_bps in links], len(satellites))
    counts = np.repeat(counts, len(links))
    order = spans(np.repeat(first, len(links)), counts)
    return steady_batch(ends, rates_bps, passes.start_s[order], passes.end_s[order], counts)


def assemble(
    batches: list[Batch], n_graph_nodes: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return edge_offsets, edges, contacts and pieces as World wants them.

    By sender, kind (downlinks last) and receiver.
    """
    senders = (
        np.concatenate([batch.senders for batch in batches]) if batches else np.zeros(0, np.int64)
    )
    edges = np.concatenate([batch.edges for batch in batches] or [np.zeros(0, EDGE)])
    counts = np.concatenate([batch.counts for batch in batches] or [np.zeros(0, np.int64)])
    contacts = np.concatenate([batch.contacts for batch in batches] or [np.zeros(0, CONTACT)])
    rate_segments = np.concatenate(
        [batch.rate_segments for batch in batches] or [np.zeros(0, RATE_SEGMENT)]
    )
    n_before = np.cumsum([0] + [len(batch.rate_segments) for batch in batches])[:-1]
    shift = np.repeat(n_before, [len(batch.contacts) for batch in batches])
    contacts["first_rate_segment"] += shift.astype(np.int32)
    contacts["end_rate_segment"] += shift.astype(np.int32)
    rank = np.select(
        [edges["kind"] == DOWNLINK, (edges["kind"] == USER_DOWN) | (edges["kind"] == UPLINK)],
        [2, 1],
        0,
    )
    order = np.lexsort((edges["to"], rank, senders))
    contacts = contacts[spans((np.cumsum(counts) - counts)[order], counts[order])]
    edges = edges[order]
    edges["end_contact"] = np.cumsum(counts[order])
    edges["first_contact"] = edges["end_contact"] - counts[order]
    offsets = np.concatenate(
        [[0], np.cumsum(np.bincount(senders, minlength=n_graph_nodes))]
    ).astype(np.int32)
    return offsets, edges, contacts, rate_segments


def laser_runs(
    sky: DayGeometry, planes: np.ndarray, lasers: LaserLinks, tell: Callable[[float], None]
) -> LaserRuns:
    """Return every link that the pointing rule holds on this day.

    planes (S,); tell hears the fraction done.
    """
    grid_s = sky.grid_s
    rule = PointingRule(
        EARTH_EQUATORIAL_RADIUS_M + lasers.grazing_altitude_m,
        lasers.mode_range_m[-1],
        math.radians(lasers.polar_cutoff_deg),
        math.ceil(lasers.hysteresis_s / grid_s),
    )
    partners = point_terminals(
        sky.positions_m, sky.next_in_plane, planes, int(lasers.terminals), rule, tell
    )
    ends = find_runs(partners, np.empty(64, RUN))
    ends = ends[np.lexsort((ends["begin"], ends["high"], ends["low"]))]
    held_from_s, held_to_s = (
        ends["begin"] * grid_s,
        np.minimum(ends["finish"] * grid_s, sky.horizon_s),
    )
    start_s = held_from_s + np.where(
        ends["begin"] > 0, lasers.acquisition_s, 0.0
    )  # a link up at midnight was made before
    keep = start_s < held_to_s
    ends, held_from_s, held_to_s, start_s = (
        column[keep] for column in (ends, held_from_s, held_to_s, start_s)
    )
    modes = (
        np.array(lasers.mode_range_m, dtype=np.float64),
        np.array(lasers.mode_rate_bps, dtype=np.float64),
    )
    counts, rate_segments = run_rate_segments(
        sky.positions_m, ends, start_s, held_to_s, grid_s, *modes, np.empty(64, RATE_SEGMENT)
    )
    return LaserRuns(ends, held_from_s, held_to_s, start_s, counts, rate_segments)
