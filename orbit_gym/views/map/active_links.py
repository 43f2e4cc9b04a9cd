"""Which links are up at a moment: lasers, passes over stations, users in view.

Each pair of ends once.
"""

from typing import NamedTuple

import numpy as np

from orbit_gym.world.layout import DOWNLINK, LASER, USER_UP, World


class Links(NamedTuple):
    """Hold pairs of graph nodes, a satellite first, and how much each is used.

    The busier direction, 0 to 1.
    """

    ends: np.ndarray  # (N, 2)
    use_fraction: np.ndarray  # (N,)


class Sightlines:
    """The contacts of a World that touch a span, kept for looking at one moment after the other."""

    def __init__(self, world: World, start_s: float, end_s: float, acquisition_s: float) -> None:
        """Keep what overlaps the span.

        acquisition_s is how long the terminals of a laser are taken before it is up.
        """
        self._acquisition_s = acquisition_s
        self._world = world
        self._n_nodes = world.edge_offsets.size - 1
        self._lasers = _overlapping(world.isl_contacts, start_s, end_s + acquisition_s)
        passes = _overlapping(world.ground_passes, start_s, end_s)
        kinds = world.edges["kind"][passes["edge"]]
        self._downlinks, self._beams = passes[kinds == DOWNLINK], passes[kinds == USER_UP]

    def lasers(self, time_s: float, used_fraction: np.ndarray) -> tuple[Links, np.ndarray]:
        """Return the lasers that are up, and the pairs (M, 2) that turn to each other and acquire.

        used_fraction (n_resources,) is how much each calendar is used.
        """
        rows = self._lasers
        is_up = (rows["start_s"] <= time_s) & (time_s < rows["end_s"])
        is_acquired = (rows["start_s"] > time_s) & (rows["start_s"] <= time_s + self._acquisition_s)
        edges = rows["edge"][is_up]
        links = self._links(edges, used_fraction[self._world.edges["resource_a"][edges]])
        return links, self._links(
            rows["edge"][is_acquired], np.zeros(np.count_nonzero(is_acquired))
        ).ends

    def split_by_fault(self, lasers: Links, calendars: np.ndarray) -> tuple[Links, np.ndarray]:
        """Take out lasers that a fault holds down, known by calendars (N,) of theirs.

        Returns the others and the pairs (M, 2) taken out.
        """
        if not calendars.size:
            return lasers, lasers.ends[:0]
        edges = np.flatnonzero(
            (self._world.edges["kind"] == LASER)
            & np.isin(self._world.edges["resource_a"], calendars)
        )
        is_out = np.isin(
            self._keys(lasers.ends), self._keys(self._links(edges, np.zeros(edges.size)).ends)
        )
        return Links(lasers.ends[~is_out], lasers.use_fraction[~is_out]), lasers.ends[is_out]

    def passes(self, time_s: float, used_fraction: np.ndarray) -> Links:
        """Return satellites over stations.

        Use is what radio and antenna are both booked for, at most.
        """
        edges = _open(self._downlinks, time_s)
        entries = self._world.edges[edges]
        return self._links(
            edges,
            np.minimum(used_fraction[entries["resource_a"]], used_fraction[entries["resource_b"]]),
        )

    def beams(self, time_s: float, used_fraction: np.ndarray) -> Links:
        """Return satellites in view of users.

        Use is that of the satellite's beams, which its users share.
        """
        edges = _open(self._beams, time_s)
        satellites = self._world.edges["to"][edges]
        calendars = self._world.edges["resource_a"][self._world.user_downlinks[0][satellites]]
        return self._links(
            edges,
            np.maximum(
                used_fraction[self._world.edges["resource_a"][edges]], used_fraction[calendars]
            ),
        )

    def _links(self, edges: np.ndarray, use_fraction: np.ndarray) -> Links:
        """Join the edges between the same two nodes."""
        senders = np.searchsorted(self._world.edge_offsets, edges, side="right") - 1
        ends = np.sort(
            np.stack([senders, self._world.edges["to"][edges]], axis=1), axis=1
        )  # satellites have the lowest numbers
        _, first, inverse = np.unique(self._keys(ends), return_index=True, return_inverse=True)
        longest_s = np.zeros(len(first))
        np.maximum.at(longest_s, inverse, use_fraction)
        return Links(ends[first], longest_s)

    def _keys(self, ends: np.ndarray) -> np.ndarray:
        return ends[:, 0].astype(np.int64) * self._n_nodes + ends[:, 1]


def calendars_out(faults: np.ndarray, kind: int, time_s: float) -> np.ndarray:
    """Return what faults (N,) of a kind hold down now: calendars, or accelerators."""
    is_on = (faults["kind"] == kind) & (faults["strike_s"] <= time_s) & (time_s < faults["end_s"])
    return np.unique(faults["index"][is_on])


def _overlapping(rows: np.ndarray, start_s: float, end_s: float) -> np.ndarray:
    return rows[(rows["end_s"] > start_s) & (rows["start_s"] < end_s)]


def _open(rows: np.ndarray, time_s: float) -> np.ndarray:
    """Edges (N,) of the contacts that are open."""
    return rows["edge"][(rows["start_s"] <= time_s) & (time_s < rows["end_s"])]
