"""Earliest arrival over time-varying contacts with calendars, in plain Python over a networkx
graph.

`networkx.single_source_dijkstra` gives a weight function the two ends of an edge but not the time
of arrival, and so cannot wait for a contact. The search is therefore a textbook Dijkstra with a
heap, over a networkx MultiDiGraph whose edges carry their contacts.
"""

import heapq
import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import networkx as nx
import numpy as np

from orbit_gym.utils.units import SPEED_OF_LIGHT_MPS
from orbit_gym.world.layout import FIBRE, World

MAX_HOPS = 40  # docs/concepts/model.md
NO_RESOURCE = -1  # a resource that is none


@dataclass
class Calendar:
    """Something that serves one thing at a time: busy spans in order of time, never overlapping."""

    starts_s: list[float] = field(default_factory=list)
    ends_s: list[float] = field(default_factory=list)

    def free_again_s(self, start_s: float, end_s: float) -> float | None:
        """End of the first reservation that overlaps a span, None if the span is free."""
        place = bisect_right(self.ends_s, start_s)
        return (
            self.ends_s[place]
            if place < len(self.ends_s) and self.starts_s[place] < end_s
            else None
        )

    def reserve(self, start_s: float, end_s: float) -> None:
        """Take a span that is free."""
        if end_s > start_s:
            place = bisect_left(self.starts_s, start_s)
            self.starts_s.insert(place, start_s)
            self.ends_s.insert(place, end_s)


class Hop(NamedTuple):
    """One transfer: where from, over which edge, when."""

    from_node: int
    edge: int
    start_s: float
    end_s: float


class Way(NamedTuple):
    """The best way to a node that a search has found so far."""

    arrival_s: float
    hops: int
    previous: int | None
    hop: Hop | None


@dataclass
class Link:
    """What an edge of the graph carries."""

    row: int  # of World.edges
    kind: int
    contacts: range  # rows of World.contacts, in order of time
    calendars: list[Calendar]
    delay_s: float
    transmit_w: float


class Network:
    """The graph of a World, the calendars of its links, and what can be asked of them."""

    def __init__(self, world: World) -> None:
        """Read the World's arrays into lists and a networkx graph."""
        sizes = world.sizes[0]
        self.n_satellites = int(sizes["n_satellites"])
        self.first_datacentre = self.n_satellites + int(sizes["n_stations"])
        self.first_user = self.first_datacentre + int(sizes["n_datacentres"])
        self.grid_s = float(sizes["grid_s"])
        self.positions_m = world.positions_m
        self.sites_m: list[list[float]] = world.site_positions_m.tolist()
        self.contact_starts_s: list[float] = world.contacts["start_s"].tolist()
        self.contact_ends_s: list[float] = world.contacts["end_s"].tolist()
        self.first_pieces: list[int] = world.contacts["first_rate_segment"].tolist()
        self.end_pieces: list[int] = world.contacts["end_rate_segment"].tolist()
        self.piece_starts_s: list[float] = world.rate_segments["start_s"].tolist()
        self.piece_rates_bps: list[float] = world.rate_segments["rate_bps"].tolist()
        self.calendars = [Calendar() for _ in range(int(sizes["n_resources"]))]
        self.links: list[Link] = []  # by row of World.edges
        self.receivers: list[int] = world.edges["to"].tolist()
        self.graph = nx.MultiDiGraph()
        self.graph.add_nodes_from(range(len(world.edge_offsets) - 1))
        for node in self.graph:
            for row in range(world.edge_offsets[node], world.edge_offsets[node + 1]):
                self._add_edge(node, row, world.edges[row])

    def _add_edge(self, node: int, row: int, edge: np.void) -> None:
        resources = [int(edge["resource_a"]), int(edge["resource_b"])]
        calendars = [self.calendars[resource] for resource in resources if resource != NO_RESOURCE]
        contacts = range(int(edge["first_contact"]), int(edge["end_contact"]))
        link = Link(
            row,
            int(edge["kind"]),
            contacts,
            calendars,
            float(edge["delay_s"]),
            float(edge["transmit_w"]),
        )
        self.links.append(link)
        self.graph.add_edge(node, int(edge["to"]), key=row, link=link)

    # --- one transfer

    def position_m(self, node: int, time_s: float) -> list[float]:
        """Earth-fixed position, straight between two samples of a satellite's flight."""
        if node >= self.n_satellites:
            return self.sites_m[node - self.n_satellites]
        row = min(max(int(time_s / self.grid_s), 0), len(self.positions_m) - 2)
        part = time_s / self.grid_s - row
        start_m, end_m = self.positions_m[row : row + 2, node].tolist()
        return [a + part * (b - a) for a, b in zip(start_m, end_m)]

    def arrival_s(self, link: Link, node: int, other: int, end_s: float) -> float:
        """Return when what was sent by end_s is at the other end.

        Light's time over the range, or the fibre's fixed delay.
        """
        if link.kind == FIBRE:
            return end_s + link.delay_s
        range_m = math.dist(self.position_m(node, end_s), self.position_m(other, end_s))
        return end_s + link.delay_s + range_m / SPEED_OF_LIGHT_MPS

    def sent_by_s(self, contact: int, start_s: float, bits: float) -> float:
        """When a transfer that begins in a contact ends, rate after rate.

        Infinity if the contact is too short.
        """
        last = self.end_pieces[contact] - 1
        piece = max(
            bisect_right(self.piece_starts_s, start_s, self.first_pieces[contact], last + 1) - 1,
            self.first_pieces[contact],
        )
        while True:
            until_s = (
                self.contact_ends_s[contact] if piece == last else self.piece_starts_s[piece + 1]
            )
            end_s = start_s + bits / self.piece_rates_bps[piece]
            if end_s <= until_s:
                return end_s
            if piece == last:
                return math.inf
            bits -= self.piece_rates_bps[piece] * (until_s - start_s)
            start_s, piece = until_s, piece + 1

    def earliest_transfer(
        self, link: Link, ready_s: float, bits: float, latest_s: float, idle: bool
    ) -> tuple[float, float]:
        """Return the first gap of a link's contacts and calendars at or after ready_s.

        (start, end), infinite if none starts by latest_s.
        """
        for contact in link.contacts[
            bisect_right(link.contacts, ready_s, key=self.contact_ends_s.__getitem__) :
        ]:
            start_s = max(ready_s, self.contact_starts_s[contact])
            if start_s > latest_s:
                break
            end_s = self.sent_by_s(contact, start_s, bits)
            while end_s < math.inf:
                busy = (
                    []
                    if idle
                    else [calendar.free_again_s(start_s, end_s) for calendar in link.calendars]
                )
                free_s = max((time_s for time_s in busy if time_s is not None), default=None)
                if free_s is None:
                    return start_s, end_s
                start_s, end_s = free_s, self.sent_by_s(contact, free_s, bits)
        return math.inf, math.inf

    # --- search

    def search(
        self,
        source: int,
        ready_s: float,
        bits: float,
        limit_s: float,
        is_last: Callable[[int], bool],
        user: int | None = None,
        to_ground: bool = True,
        idle: bool = False,
    ) -> tuple[dict[int, Way], int | None]:
        """Earliest ways of a bundle from source, and the node at which is_last first said yes.

        The ways are those of settled nodes; is_last is asked once for each, in order of arrival.
        The one user that a bundle may be brought to is `user`; to_ground lets satellites send to
        stations.
        """
        ways = {source: Way(ready_s, 0, None, None)}
        settled: dict[int, Way] = {}
        heap = [(ready_s, source)]
        while heap:
            _, node = heapq.heappop(heap)
            if node in settled:
                continue
            way = settled[node] = ways[node]
            if is_last(node):
                return settled, node
            if way.hops >= MAX_HOPS or not self._forwards(node, source):
                continue
            for other, edges in self.graph._adj[
                node
            ].items():  # without views, as networkx's own searches do
                if other in settled or not self._may_go(node, other, source, user, to_ground):
                    continue
                known_s = ways[other].arrival_s if other in ways else math.inf
                for data in edges.values():
                    link = data["link"]
                    start_s, end_s = self.earliest_transfer(
                        link, way.arrival_s, bits, min(known_s, limit_s), idle
                    )
                    if end_s > min(known_s, limit_s):
                        continue
                    arrival_s = self.arrival_s(link, node, other, end_s)
                    if arrival_s < known_s and arrival_s <= limit_s:
                        known_s = arrival_s
                        ways[other] = Way(
                            arrival_s, way.hops + 1, node, Hop(node, link.row, start_s, end_s)
                        )
                        heapq.heappush(heap, (arrival_s, other))
        return settled, None

    def _forwards(self, node: int, source: int) -> bool:
        """Users and datacentres only begin ways or end them."""
        return node < self.first_datacentre or node == source

    def _may_go(
        self, node: int, other: int, source: int, user: int | None, to_ground: bool
    ) -> bool:
        """Stations relay only to and from datacentres.

        Of the users only the one who asked gets the bundle.
        """
        if other >= self.first_user:
            return other == user
        from_datacentre = self.first_datacentre <= source < self.first_user
        if node < self.n_satellites:
            return other < self.n_satellites or (to_ground and not from_datacentre)
        if (
            node < self.first_datacentre
        ):  # a station: down into its fibre, or up what a datacentre sends
            return other >= self.first_datacentre or from_datacentre
        return True

    @staticmethod
    def route(ways: dict[int, Way], node: int) -> list[Hop]:
        """Transfers of the way to a node, in order."""
        hops: list[Hop] = []
        while (hop := ways[node].hop) is not None:
            hops.append(hop)
            node = hop.from_node
        return hops[::-1]

    def transmit_j(self, hops: list[Hop]) -> float:
        """Energy that the senders of a route spend."""
        return sum(self.links[hop.edge].transmit_w * (hop.end_s - hop.start_s) for hop in hops)

    def reserve(self, hops: list[Hop]) -> None:
        """Book every transfer of a route."""
        for hop in hops:
            for calendar in self.links[hop.edge].calendars:
                calendar.reserve(hop.start_s, hop.end_s)
