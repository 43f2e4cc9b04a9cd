"""Routes of real Worlds under real bookings against a plain Python Dijkstra that tries every edge:
stations, fibre, users, alerts.
"""

import heapq
import math

import numpy as np
import pytest

from orbit_gym.kernels.state import END, NONE, START
from orbit_gym.simulation.simulation import Simulation
from orbit_gym.utils.units import SPEED_OF_LIGHT_MPS
from orbit_gym.world.layout import DOWNLINK, FIBRE, UPLINK, USER_DOWN, World
from tests.helpers.plain_routes import first_gap_end_s
from tests.helpers.playing import at_random, running
from tests.helpers.small_world import Contact

TOLERANCE_S = 1e-9


def spans_of(simulation: Simulation) -> list[list[tuple[float, float]]]:
    """Reservations of every calendar."""
    state, busy_spans = simulation.state, []
    for head in state.heads:
        spans, chunk = [], int(head)
        while chunk != NONE:
            count = int(state.chunks[chunk]["count"])
            spans += list(
                zip(
                    state.intervals[chunk, START, :count].tolist(),
                    state.intervals[chunk, END, :count].tolist(),
                    strict=True,
                )
            )
            chunk = int(state.chunks[chunk]["next"])
        busy_spans.append(spans)
    return busy_spans


def place_m(world: World, node: int, time_s: float) -> np.ndarray:
    """Position between grid points, linear."""
    n_satellites = int(world.sizes["n_satellites"][0])
    if node >= n_satellites:
        return world.site_positions_m[node - n_satellites]
    place = time_s / float(world.sizes["grid_s"][0])
    row = min(int(place), len(world.positions_m) - 2)
    return world.positions_m[row, node] + (place - row) * (
        world.positions_m[row + 1, node] - world.positions_m[row, node]
    )


def contacts_of(world: World, edge: np.void, until_s: float) -> list[Contact]:
    """Contacts of an edge that begin by until_s."""
    links = []
    for row in world.contacts[edge["first_contact"] : edge["end_contact"]]:
        if row["start_s"] <= until_s:
            rate_segments = world.rate_segments[row["first_rate_segment"] : row["end_rate_segment"]]
            links.append(
                Contact(
                    tuple(
                        zip(
                            rate_segments["start_s"].tolist(),
                            rate_segments["rate_bps"].tolist(),
                            strict=True,
                        )
                    ),
                    float(row["end_s"]),
                )
            )
    return links


def transfer_s(
    world: World,
    spans: list[list[tuple[float, float]]],
    edge: np.void,
    ready_s: float,
    bits: float,
    until_s: float,
) -> float:
    """End of the first gap in both calendars of an edge."""
    busy = [
        span
        for name in ("resource_a", "resource_b")
        if edge[name] != NONE
        for span in spans[edge[name]]
    ]
    contacts = [contact for contact in contacts_of(world, edge, until_s) if contact.end_s > ready_s]
    return first_gap_end_s(contacts, busy, ready_s, bits)


def plain_arrivals(
    simulation: Simulation,
    source: int,
    ready_s: float,
    bits: float,
    until_s: float,
    user: int = NONE,
) -> dict[int, float]:
    """Earliest arrivals everywhere.

    Users only send, but for the one named; stations forward only to and from datacentres.
    """
    world, spans = simulation.world, spans_of(simulation)
    first_datacentre = int(world.sizes["n_satellites"][0] + world.sizes["n_stations"][0])
    first_user = first_datacentre + int(world.sizes["n_datacentres"][0])
    from_datacentre = first_datacentre <= source < first_user
    queue, settled = [(ready_s, source)], {}
    while queue:
        time_s, node = heapq.heappop(queue)
        if node in settled:
            continue
        settled[node] = time_s
        if node >= first_datacentre and node != source:
            continue
        for edge in world.edges[world.edge_offsets[node] : world.edge_offsets[node + 1]]:
            to, kind = int(edge["to"]), int(edge["kind"])
            barred = (kind == USER_DOWN and to != user) or kind == (
                DOWNLINK if from_datacentre else UPLINK
            )
            if to in settled or barred:
                continue
            end_s = transfer_s(world, spans, edge, time_s, bits, until_s)
            if end_s > until_s:
                continue
            flight_s = (
                0.0
                if kind == FIBRE
                else math.dist(place_m(world, node, end_s), place_m(world, to, end_s))
                / SPEED_OF_LIGHT_MPS
            )
            arrival_s = end_s + float(edge["delay_s"]) + flight_s
            if arrival_s <= until_s:
                heapq.heappush(queue, (arrival_s, to))
    return settled


def plain_delivery_s(
    simulation: Simulation, node: int, finish_s: float, task: np.void, until_s: float
) -> float:
    """Delivery without the alert channel."""
    n_satellites, n_stations = (
        int(simulation.world.sizes[name][0]) for name in ("n_satellites", "n_stations")
    )
    destination = int(task["destination"])
    if destination == NONE and node >= n_satellites:
        return finish_s
    plain_arrival_s = plain_arrivals(
        simulation, node, finish_s, float(task["result_bits"]), until_s, destination
    )
    ends = [destination] if destination != NONE else range(n_satellites, n_satellites + n_stations)
    return min((plain_arrival_s[end] for end in ends if end in plain_arrival_s), default=math.inf)


@pytest.mark.parametrize(("name", "decisions"), [("Tiny", 7), ("Ring12", 10), ("CrossPlane12", 6)])
def test_every_plan_is_the_earliest_there_is(name: str, decisions: int) -> None:
    """Arrival of the input and delivery of the result of every candidate.

    Existence follows from the look-ahead.
    """
    simulation, rng = running(name, 21), np.random.default_rng(21)
    look_ahead_s = float(simulation.world.sizes["look_ahead_s"][0])
    n_compared = 0
    for decision in range(decisions):
        for _ in range(0 if name == "Tiny" else 60 if decision == 0 else 15):
            simulation.apply(at_random(simulation, rng))
        task = simulation.episode.tasks[simulation.task_index]
        until_s = float(task["release_s"]) + look_ahead_s
        inputs = plain_arrivals(
            simulation,
            int(task["origin"]),
            float(task["release_s"]),
            float(task["input_bits"]),
            until_s,
        )
        for k, node in enumerate(simulation.candidate_nodes):
            plan = simulation.plan(k)
            if not plan.exists:
                continue
            assert abs(plan.arrival_s - inputs[int(node)]) <= TOLERANCE_S
            delivery_s = plain_delivery_s(simulation, int(node), plan.finish_s, task, until_s)
            if plan.by_alert:
                assert plan.delivery_s <= delivery_s
            else:
                assert abs(plan.delivery_s - delivery_s) <= TOLERANCE_S
            n_compared += 1
        simulation.apply(at_random(simulation, rng))
    assert n_compared > 10
