"""Tables of a log that follow from the World alone: positions, links, sunlight.

Times are seconds of the World's day.
"""

import numpy as np

from orbit_gym.kernels.episode import UNIT_FAULT
from orbit_gym.world.layout import DOWNLINK, FIBRE, LASER, USER_DOWN, World
from orbit_gym.world.nodes import n_satellites

SAMPLE_S = 30.0  # choice: 2 degrees of a low orbit; a cubic through such samples is good to metres
LINK_KINDS = ("laser", "station", "user", "fibre")  # numbers of links/kind
LINK_EDGES = {
    LASER: 0,
    DOWNLINK: 1,
    USER_DOWN: 2,
    FIBRE: 3,
}  # one edge stands for both directions; all leave the lower node
HOP_KINDS = (
    "laser",
    "downlink",
    "uplink",
    "user_up",
    "user_down",
    "fibre",
)  # numbers of hops/kind: those of World.edges

Table = dict[str, np.ndarray]


def positions_table(world: World, start_s: float, last_s: float) -> Table:
    """Return samples of the World's own grid, about every SAMPLE_S.

    They enclose [start_s, last_s]: time_s (T,), positions_m (T, N, 3).
    """
    grid_s = float(world.sizes["grid_s"][0])
    stride = max(1, round(SAMPLE_S / grid_s))
    first = int(start_s / grid_s / stride) * stride
    rows = np.arange(first, len(world.positions_m), stride)
    rows = rows[: int(np.searchsorted(rows * grid_s, last_s)) + 1]
    return {"time_s": rows * grid_s, "positions_m": world.positions_m[rows].astype(np.float32)}


def links_table(world: World, start_s: float, last_s: float) -> Table:
    """Return when links are up within a span, each once for its two directions.

    node_a < node_b, kind, start_s, end_s, mean rate_bps.
    """
    senders = np.repeat(np.arange(world.edge_offsets.size - 1), np.diff(world.edge_offsets))
    is_link = np.isin(world.edges["kind"], tuple(LINK_EDGES)) & (senders < world.edges["to"])
    edges, senders = world.edges[is_link], senders[is_link]
    counts = edges["end_contact"] - edges["first_contact"]
    owner = np.repeat(np.arange(edges.size), counts)
    first = (
        np.repeat(edges["first_contact"] - np.concatenate([[0], np.cumsum(counts)[:-1]]), counts)
        if edges.size
        else owner
    )
    contacts = world.contacts[first + np.arange(owner.size)]
    is_within = (contacts["end_s"] > start_s) & (contacts["start_s"] < last_s)
    contacts, owner = contacts[is_within], owner[is_within]
    kinds = np.array([LINK_EDGES[int(kind)] for kind in edges["kind"]], np.int64)
    rows = np.stack(
        [
            senders[owner],
            edges["to"][owner],
            kinds[owner],
            contacts["start_s"],
            contacts["end_s"],
            _mean_rates_bps(world, contacts),
        ]
    )
    rows = np.unique(
        rows.T[:, [3, 4, 0, 1, 2, 5]], axis=0
    )  # by start; several antennas of a station see the same pass
    return {
        "node_a": rows[:, 2].astype(np.int32),
        "node_b": rows[:, 3].astype(np.int32),
        "kind": rows[:, 4].astype(np.int8),
        "start_s": np.maximum(rows[:, 0], start_s),
        "end_s": np.minimum(rows[:, 1], last_s),
        "rate_bps": rows[:, 5].astype(np.float32),
    }


def _mean_rates_bps(world: World, contacts: np.ndarray) -> np.ndarray:
    """Mean rate (N,) over each whole contact."""
    last = world.rate_segments[contacts["end_rate_segment"] - 1]
    bits = last["sent_bits"] + last["rate_bps"] * (contacts["end_s"] - last["start_s"])
    return bits / (contacts["end_s"] - contacts["start_s"])


def sunlight_table(world: World, start_s: float, last_s: float) -> Table:
    """When each satellite is in sunlight within a span: satellite, start_s, end_s."""
    intervals: list[tuple[int, float, float]] = []
    for satellite in range(n_satellites(world)):
        rows = world.power[world.power_offsets[satellite] : world.power_offsets[satellite + 1]]
        turns = np.flatnonzero(np.diff(rows["is_sunlit"], prepend=0, append=0))
        bounds_s = np.append(rows["start_s"], np.inf)[turns].reshape(-1, 2)
        for begin_s, over_s in np.clip(bounds_s, start_s, last_s):
            if over_s > begin_s:
                intervals.append((satellite, begin_s, over_s))
    table = np.array(intervals, np.float64).reshape(-1, 3)
    return {"satellite": table[:, 0].astype(np.int32), "start_s": table[:, 1], "end_s": table[:, 2]}


def faults_table(world: World, faults: np.ndarray, last_s: float) -> Table:
    """Return the faults that strike by last_s.

    node_a (accelerator or link end), node_b (other end, -1 for an accelerator), strike_s, end_s.

    Several calendars may stand for one link or station; each is one row.
    """
    faults = faults[faults["strike_s"] < last_s]
    ends: dict[int, tuple[int, int]] = {}
    senders = (
        np.repeat(np.arange(world.edge_offsets.size - 1), np.diff(world.edge_offsets)).tolist()
        if faults.size
        else []
    )
    for sender, edge in zip(senders, world.edges.tolist() if faults.size else []):
        to, kind, resources = edge[0], edge[1], edge[4:6]
        if kind == LASER:
            ends.setdefault(resources[0], (sender, to))
        elif kind == DOWNLINK:
            ends.setdefault(resources[1], (to, -1))
    nodes = [
        (int(world.accelerators["node"][fault["index"]]), -1)
        if fault["kind"] == UNIT_FAULT
        else ends.get(int(fault["index"]), (-1, -1))
        for fault in faults
    ]
    table = np.array(nodes, np.int32).reshape(-1, 2)
    return {
        "node_a": table[:, 0],
        "node_b": table[:, 1],
        "is_accelerator": faults["kind"] == UNIT_FAULT,
        "strike_s": faults["strike_s"].copy(),
        "end_s": faults["end_s"].copy(),
    }
