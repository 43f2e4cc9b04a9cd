"""Indices over a World's contacts, so that a search looks only at what is open or opens next."""

import numpy as np

from orbit_gym.world.layout import (
    DOWNLINK,
    EDGE_CONTACT,
    LASER,
    STATION_DOWNLINK,
    UPLINK,
    USER_DOWN,
    USER_UP,
)


def _contact_rows(
    offsets: np.ndarray, edges: np.ndarray, contacts: np.ndarray, kinds: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the contacts of all edges of some kinds, in no order.

    As senders (N,) and EDGE_CONTACT rows (N,).
    """
    of_kinds = np.flatnonzero(np.isin(edges["kind"], kinds))
    counts = (edges["end_contact"] - edges["first_contact"])[of_kinds]
    ends = np.cumsum(counts)
    rows = np.zeros(int(counts.sum()), EDGE_CONTACT)
    rows["contact"] = np.arange(rows.size) + np.repeat(
        edges["first_contact"][of_kinds] - (ends - counts), counts
    )
    rows["edge"] = np.repeat(of_kinds, counts)
    rows["start_s"], rows["end_s"] = (
        contacts["start_s"][rows["contact"]],
        contacts["end_s"][rows["contact"]],
    )
    return np.searchsorted(offsets, rows["edge"], side="right") - 1, rows


def _grouped(groups: np.ndarray, rows: np.ndarray, n_groups: int) -> tuple[np.ndarray, np.ndarray]:
    """Return offsets (n_groups + 1,) and the rows by group and start."""
    order = np.lexsort((rows["contact"], rows["edge"], rows["end_s"], rows["start_s"], groups))
    counts = np.bincount(groups, minlength=n_groups)
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int32), rows[order]


def ground_pass_index(
    offsets: np.ndarray, edges: np.ndarray, contacts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return ground_pass_offsets (n_graph_nodes + 1,) and passes, by start.

    A satellite's are its downlinks, a station's and a user's their uplinks.
    """
    senders, rows = _contact_rows(offsets, edges, contacts, (DOWNLINK, UPLINK, USER_UP))
    return _grouped(senders, rows, len(offsets) - 1)


def station_downlink_index(
    n_satellites: int, n_stations: int, offsets: np.ndarray, edges: np.ndarray, contacts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return station_downlink_offsets (n_stations + 1,) and gates, by start.

    Gates are the downlink contacts that each station receives.
    """
    senders, rows = _contact_rows(offsets, edges, contacts, (DOWNLINK,))
    downlinks_by_station = np.zeros(rows.size, STATION_DOWNLINK)
    for name in EDGE_CONTACT.names or ():
        downlinks_by_station[name] = rows[name]
    downlinks_by_station["satellite"] = senders
    return _grouped(edges["to"][rows["edge"]] - n_satellites, downlinks_by_station, n_stations)


def isl_index(
    n_satellites: int,
    n_terminals: int,
    offsets: np.ndarray,
    edges: np.ndarray,
    contacts: np.ndarray,
    terminals: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return isl_offsets (n_satellites * n_terminals + 1,) and laser contacts.

    Contacts are ordered by satellite, track and start.

    tracks (C,) gives each contact a track of its sender, such that contacts of one track never
    overlap: its terminal, in a real World.
    """
    senders, rows = _contact_rows(offsets, edges, contacts, (LASER,))
    return _grouped(
        senders * n_terminals + terminals[rows["contact"]], rows, n_satellites * n_terminals
    )


def user_downlink_index(offsets: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return the rows (2, n_graph_nodes) int32 of each node's edges to users, by receiver.

    The first of them, and the one after the last.
    """
    is_beam = np.concatenate([[0], np.cumsum(edges["kind"] == USER_DOWN)])
    counts = is_beam[offsets[1:]] - is_beam[offsets[:-1]]
    is_earlier = np.concatenate(
        [[0], np.cumsum((edges["kind"] != USER_DOWN) & (edges["kind"] != DOWNLINK))]
    )
    earlier = (
        is_earlier[offsets[1:]] - is_earlier[offsets[:-1]]
    )  # lasers come before them, downlinks after
    first = offsets[:-1] + np.where(counts > 0, earlier, 0)
    return np.stack([first, first + counts]).astype(np.int32)
