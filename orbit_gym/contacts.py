"""Contacts of one day, edge by edge, and their assembly into the World's arrays."""

import math
from typing import NamedTuple

import numpy as np

from orbit_gym.flight import Flight, Passes
from orbit_gym.physics.links import mode_rate_bps, sent_before_bits
from orbit_gym.physics.pointing import point_terminals
from orbit_gym.scenario import LaserLinks
from orbit_gym.units import EARTH_EQUATORIAL_RADIUS_M
from orbit_gym.world import CONTACT, DOWNLINK, EDGE, PASS, PIECE, UPLINK, USER_DOWN

NO_RESOURCE = -1


class LaserRun(NamedTuple):
    """One terminal pair held without a break, from one sample of the grid to another."""

    low: int  # satellite with the smaller number
    high: int
    low_terminal: int
    high_terminal: int
    held_from_s: float
    held_to_s: float
    start_s: float  # first instant of data: after acquisition
    piece_start_s: np.ndarray  # (P,)
    rate_bps: np.ndarray  # (P,)


class Edges:
    """Edges as they are found, one after another; assemble() sorts them into World order."""

    def __init__(self) -> None:
        """Start empty."""
        self.edges: list[tuple] = []  # from, to, kind, resource_a, resource_b, delay_s, transmit_w
        self.contacts: list[np.ndarray] = []  # (N,) CONTACT of each edge
        self.pieces: list[np.ndarray] = []
        self.n_pieces = 0

    def add_steady(
        self,
        ends: tuple[int, int],
        kind: int,
        resources: tuple[int, int],
        rate_bps: float,
        transmit_w: float,
        start_s: np.ndarray,
        end_s: np.ndarray,
    ) -> None:
        """Add an edge whose contacts (N,) all have one rate."""
        contacts, pieces = np.zeros(len(start_s), CONTACT), np.zeros(len(start_s), PIECE)
        contacts["start_s"], contacts["end_s"], contacts["terminal"] = start_s, end_s, -1
        contacts["first_piece"] = self.n_pieces + np.arange(len(start_s))
        contacts["end_piece"] = contacts["first_piece"] + 1
        pieces["start_s"], pieces["rate_bps"] = start_s, rate_bps
        self._add((*ends, kind, *resources, 0.0, transmit_w), contacts, pieces)

    def add_fibre(self, ends: tuple[int, int], kind: int, rate_bps: float, delay_s: float, horizon_s: float) -> None:
        """Add an edge that is always up and serves any number at once."""
        self.add_steady(ends, kind, (NO_RESOURCE, NO_RESOURCE), rate_bps, 0.0, np.zeros(1), np.full(1, horizon_s))
        self.edges[-1] = (*self.edges[-1][:5], delay_s, 0.0)

    def add_laser(self, sender: int, runs: list[LaserRun], kind: int, resource: int, transmit_w: float) -> None:
        """Add one direction of a satellite pair, with its runs (in order of time) as contacts."""
        contacts = np.zeros(len(runs), CONTACT)
        pieces: list[np.ndarray] = []
        first = self.n_pieces
        for contact, run in zip(contacts, runs, strict=True):
            piece = np.zeros(len(run.rate_bps), PIECE)
            piece["start_s"], piece["rate_bps"] = run.piece_start_s, run.rate_bps
            piece["sent_bits"] = sent_before_bits(run.piece_start_s, run.rate_bps)
            terminal = run.low_terminal if sender == run.low else run.high_terminal
            contact["start_s"], contact["end_s"], contact["terminal"] = run.start_s, run.held_to_s, terminal
            contact["first_piece"], contact["end_piece"] = first, first + len(piece)
            first += len(piece)
            pieces.append(piece)
        receiver = runs[0].high if sender == runs[0].low else runs[0].low
        self._add((sender, receiver, kind, resource, NO_RESOURCE, 0.0, transmit_w), contacts, np.concatenate(pieces))

    def _add(self, edge: tuple, contacts: np.ndarray, pieces: np.ndarray) -> None:
        self.edges.append(edge)
        self.contacts.append(contacts)
        self.pieces.append(pieces)
        self.n_pieces += len(pieces)

    def assemble(self, n_graph_nodes: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return edge_offsets, edges, contacts, pieces as World wants them: by sender, kind (downlinks last) and receiver."""
        senders = np.array([edge[0] for edge in self.edges], dtype=np.int64)
        receivers = np.array([edge[1] for edge in self.edges], dtype=np.int64)
        kinds = np.array([edge[2] for edge in self.edges], dtype=np.int64)
        rank = np.select([kinds == DOWNLINK, (kinds == USER_DOWN) | (kinds == UPLINK)], [2, 1], 0)
        order = np.lexsort((receivers, rank, senders))
        edges = np.zeros(len(order), EDGE)
        for row, source in enumerate(order):
            _, to, kind, resource_a, resource_b, delay_s, transmit_w = self.edges[source]
            edges[row] = (to, kind, 0, 0, resource_a, resource_b, delay_s, transmit_w)
        ends = np.cumsum([len(self.contacts[source]) for source in order], dtype=np.int32)
        edges["end_contact"] = ends
        edges["first_contact"] = np.concatenate([np.zeros(min(1, len(ends)), np.int32), ends[:-1]])
        offsets = np.concatenate([[0], np.cumsum(np.bincount(senders, minlength=n_graph_nodes))]).astype(np.int32)
        contacts = np.concatenate([self.contacts[source] for source in order]) if len(order) else np.zeros(0, CONTACT)
        pieces = np.concatenate(self.pieces) if self.pieces else np.zeros(0, PIECE)
        return offsets, edges, contacts, pieces


def downlink_passes(n_satellites: int, offsets: np.ndarray, edges: np.ndarray, contacts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return pass_offsets (S + 1,) and passes: the downlink contacts of each satellite over all stations, by start."""
    rows = [np.zeros(0, PASS)]
    for satellite in range(n_satellites):
        mine = [
            (contacts[contact]["start_s"], contacts[contact]["end_s"], edge, contact)
            for edge in range(offsets[satellite], offsets[satellite + 1])
            if edges[edge]["kind"] == DOWNLINK
            for contact in range(edges[edge]["first_contact"], edges[edge]["end_contact"])
        ]
        rows.append(np.array(sorted(mine), PASS))
    return np.cumsum([len(part) for part in rows], dtype=np.int32), np.concatenate(rows)


def split_by_satellite(passes: Passes) -> list[tuple[int, np.ndarray, np.ndarray]]:
    """Return (satellite, start_s, end_s) of each satellite that has passes."""
    satellites, first = np.unique(passes.satellite, return_index=True)
    starts, ends = np.split(passes.start_s, first[1:]), np.split(passes.end_s, first[1:])
    return [(int(satellite), starts[k], ends[k]) for k, satellite in enumerate(satellites)]


def laser_runs(flight: Flight, planes: np.ndarray, lasers: LaserLinks) -> list[LaserRun]:
    """Return every link that the pointing rule holds on this day, by satellite pair and time."""
    positions_m = np.ascontiguousarray(flight.positions_m.transpose(1, 0, 2))
    held = point_terminals(
        positions_m,
        flight.fore,
        planes,
        int(lasers.terminals),
        EARTH_EQUATORIAL_RADIUS_M + lasers.grazing_altitude_m,
        lasers.mode_range_m[-1],
        math.radians(lasers.polar_cutoff_deg),
        math.ceil(lasers.hysteresis_s / flight.grid_s),
    )
    runs = []
    for low in range(held.shape[1]):
        for terminal in range(held.shape[2]):
            partner = held[:, low, terminal]
            edges = np.flatnonzero(np.diff(partner)) + 1
            for first, end in zip(np.r_[0, edges], np.r_[edges, len(partner)], strict=True):
                if partner[first] > low:
                    runs += _runs_of(flight, held, positions_m, lasers, low, terminal, int(first), int(end) - 1)
    return sorted(runs, key=lambda run: (run.low, run.high, run.held_from_s))


def _runs_of(
    flight: Flight, held: np.ndarray, positions_m: np.ndarray, lasers: LaserLinks, low: int, terminal: int, first: int, last: int
) -> list[LaserRun]:
    """Return the run of low's terminal from sample first to last, split where the other end changes terminals."""
    high = int(held[first, low, terminal])
    terminals = np.argmax(held[first : last + 1, high] == low, axis=1)
    cuts = (first + 1 + np.flatnonzero(np.diff(terminals))).tolist()
    starts, ends = [first, *cuts], [*(cut - 1 for cut in cuts), last]
    line_m = positions_m[first : last + 1, low] - positions_m[first : last + 1, high]
    distance_m = np.sqrt(np.einsum("ti,ti->t", line_m, line_m))
    runs = []
    for begin, finish in zip(starts, ends, strict=True):
        held_from_s, held_to_s = flight.times_s[begin], min(flight.times_s[finish], flight.horizon_s)
        start_s = held_from_s + lasers.acquisition_s if begin > 0 else held_from_s  # a link up at midnight was made before
        if start_s < held_to_s:
            here_m = distance_m[begin - first : finish - first + 1]
            piece_start_s, rate_bps = _pieces(flight, here_m, int(begin), start_s, held_to_s, lasers)
            high_terminal = int(terminals[begin - first])
            runs.append(LaserRun(low, high, terminal, high_terminal, held_from_s, held_to_s, start_s, piece_start_s, rate_bps))
    return runs


def _pieces(
    flight: Flight, distance_m: np.ndarray, begin: int, start_s: float, end_s: float, lasers: LaserLinks
) -> tuple[np.ndarray, np.ndarray]:
    """Return start_s, rate_bps (P,) of a contact: in each grid step the rate that both its ends allow, equal steps merged."""
    rate_bps = mode_rate_bps(np.maximum(distance_m[:-1], distance_m[1:]), lasers.mode_range_m, lasers.mode_rate_bps)
    step_start_s = flight.times_s[begin : begin + len(rate_bps)]
    inside = (step_start_s + flight.grid_s > start_s) & (step_start_s < end_s)
    rate_bps, step_start_s = rate_bps[inside], np.maximum(step_start_s[inside], start_s)
    changes = np.ones(len(rate_bps), bool)
    changes[1:] = rate_bps[1:] != rate_bps[:-1]
    return step_start_s[changes], rate_bps[changes]
