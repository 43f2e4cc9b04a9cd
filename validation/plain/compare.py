"""Every plan of the plain step against the kernels', and rewards.

Routes that tie are checked and then followed.
"""

import math
from dataclasses import dataclass, field

import numpy as np

from orbit_gym.simulation.simulation import Simulation
from validation.plain.network import Hop, Network
from validation.plain.scheduler import NONE, PlainPlan, PlainSimulation

# Times are some 1e5 s, whose last bit is 1.5e-11 s; a day's worth of additions stays far below a
# microsecond.
SAME_TIME_S = 1e-7
SAME_FRACTION = 1e-9


class Difference(AssertionError):
    """A plan or a reward that is not the same."""


@dataclass
class Tally:
    """What was compared."""

    steps: int = 0
    plans: int = 0  # that exist
    largest_s: float = 0.0  # difference of any time
    largest_fraction: float = 0.0  # of any energy
    tied_routes: int = 0
    counts: dict[str, int] = field(default_factory=dict)

    def count(self, event: str, times: int = 1) -> None:
        """Count something that a comparison should have met."""
        self.counts[event] = self.counts.get(event, 0) + times


def compare_plans(plain: PlainSimulation, simulation: Simulation, tally: Tally) -> None:
    """Compare every candidate's plan; Difference says what differs.

    A plan whose route ties with the kernel's takes the kernel's.
    """
    tally.steps += 1
    if simulation.state.clock[0]["n_lost_plans"]:
        raise Difference(
            "a pool is full, which the plain step has none of: give the scenario more "
            "calendar_chunks or profile_segments"
        )
    if plain.candidates != simulation.state.candidates.tolist():
        raise Difference(
            f"task {plain.task_index}: candidates {plain.candidates}, the kernel's "
            f"{simulation.state.candidates.tolist()}"
        )
    for k, plan in enumerate(plain.plans):
        try:
            _compare_plan(plain, plan, simulation.state.plans[k], simulation.state.routes[k], tally)
        except Difference as difference:
            raise Difference(
                f"task {plain.task_index}, candidate {k} (node {plan.node}): {difference}"
            ) from None


def _compare_plan(
    plain: PlainSimulation, plan: PlainPlan, row: np.void, route: np.ndarray, tally: Tally
) -> None:
    if plan.node == NONE:
        return
    hops = [
        Hop(int(hop["from_node"]), int(hop["edge"]), float(hop["start_s"]), float(hop["end_s"]))
        for hop in route
    ]
    n_input, n_result = int(row["input_hops"]), int(row["result_hops"])
    for name, time_s in _times(plan).items():
        require_same_time(name, time_s, float(row[name]), tally)
    require_equal("accelerator", plan.accelerator, int(row["accelerator"]))
    require_equal("by_alert", plan.send_s >= 0.0, bool(row["by_alert"]))
    if plan.arrival_s == math.inf:
        return
    task, network = plain.task, plain.network
    release_s = float(task["release_s"])
    was = plan.input_hops
    plan.input_hops = _agreed(
        network,
        was,
        hops[:n_input],
        int(task["origin"]),
        release_s,
        float(task["input_bits"]),
        plan.arrival_s,
        tally,
    )
    plan.energy_j += network.transmit_j(plan.input_hops) - network.transmit_j(was)
    require_equal("hops of the input", len(plan.input_hops), n_input)
    require_equal("exists", plan.exists, bool(row["exists"]))
    require_equal("on time", plan.is_on_time, bool(row["on_time"]))
    if plan.delivery_s == math.inf:
        return
    n_hops_before = len(plan.result_hops)
    if plan.result_hops or n_result:
        result = hops[n_input : n_input + n_result]
        arguments = (
            plan.node,
            plan.placement.finish_s,
            float(task["result_bits"]),
            plan.delivery_s,
            tally,
        )
        was = plan.result_hops
        plan.result_hops = _agreed(network, plan.result_hops, result, *arguments)
        plan.energy_j += network.transmit_j(plan.result_hops) - network.transmit_j(was)
    require_equal("hops of the result", len(plan.result_hops), n_result)
    fraction = abs(plan.energy_j - float(row["energy_j"])) / max(abs(float(row["energy_j"])), 1.0)
    tally.largest_fraction = max(tally.largest_fraction, fraction)
    if fraction > SAME_FRACTION:
        raise Difference(f"energy_j is {plan.energy_j!r}, the kernel's {float(row['energy_j'])!r}")
    _note(plain, plan, n_hops_before, tally)


def _times(plan: PlainPlan) -> dict[str, float]:
    """Times of a plan by their names in the kernel's rows."""
    placement = plan.placement
    return {
        "arrival_s": plan.arrival_s,
        "load_start_s": placement.load_start_s,
        "load_s": placement.load_s,
        "start_s": placement.start_s,
        "finish_s": placement.finish_s,
        "send_s": plan.send_s,
        "delivery_s": plan.delivery_s,
    }


def _note(plain: PlainSimulation, plan: PlainPlan, hops_before: int, tally: Tally) -> None:
    """Count what a plan makes use of, so that a test can ask whether everything was met."""
    if not plan.exists:
        return
    tally.plans += 1
    placement, unit = plan.placement, plain.accelerators[plan.accelerator]
    is_ground = plan.node >= plain.network.n_satellites
    tally.count("datacentre", is_ground)
    tally.count("alert", plan.send_s >= 0.0)
    tally.count("load", placement.load_s > 0.0)
    tally.count(
        "gap before a booking", placement.start_s < unit.tail.end_s and placement.load_s == 0.0
    )
    tally.count("shared lanes", unit.profile.lanes[unit.profile.row(placement.start_s)] > 0)
    soonest_s = max(plan.arrival_s, unit.tail.end_s + placement.load_s)
    tally.count("waits for charge or heat", placement.start_s > soonest_s + SAME_TIME_S)
    tally.count("late", not plan.is_on_time)
    tally.count("relayed result", hops_before > 1)


def _agreed(
    network: Network,
    plain: list[Hop],
    kernels: list[Hop],
    source: int,
    ready_s: float,
    bits: float,
    arrival_s: float,
    tally: Tally,
) -> list[Hop]:
    """The route itself, or the kernel's where it is another that arrives at the same time and is as
    real.
    """
    is_same = [hop[:2] for hop in plain] == [hop[:2] for hop in kernels] and all(
        abs(a - b) <= SAME_TIME_S for x, y in zip(plain, kernels) for a, b in zip(x[2:], y[2:])
    )
    if is_same:
        return plain
    check_route(network, kernels, source, ready_s, bits, arrival_s)
    tally.tied_routes += 1
    return kernels


def check_route(
    network: Network, hops: list[Hop], source: int, ready_s: float, bits: float, arrival_s: float
) -> None:
    """Raise Difference unless a route is real.

    One hop after the other, each the first that its link's contacts and calendars allow by
    then.
    """
    node, time_s = source, ready_s
    for hop in hops:
        link = network.links[hop.edge]
        if hop.from_node != node:
            raise Difference(
                f"the kernel's route goes on from node {hop.from_node}, where it is not: it is at "
                f"{node}"
            )
        if hop.start_s < time_s - SAME_TIME_S:
            raise Difference(
                f"the kernel's route leaves node {node} at {hop.start_s!r} s and is there only at "
                f"{time_s!r} s"
            )
        start_s, end_s = network.earliest_transfer(
            link, max(hop.start_s, time_s), bits, math.inf, False
        )
        if abs(start_s - hop.start_s) > SAME_TIME_S or abs(end_s - hop.end_s) > SAME_TIME_S:
            raise Difference(
                f"the kernel's transfer over edge {hop.edge} at {hop[2:]} s is not possible; the "
                f"next is at {(start_s, end_s)} s"
            )
        other = network.receivers[hop.edge]
        node, time_s = other, network.arrival_s(link, node, other, hop.end_s)
    if abs(time_s - arrival_s) > SAME_TIME_S:
        raise Difference(
            f"the kernel's route arrives at {time_s!r} s, the plain one at {arrival_s!r} s"
        )


def require_equal(name: str, plain: object, kernels: object) -> None:
    if plain != kernels:
        raise Difference(f"{name} is {plain}, the kernel's {kernels}")


def require_same_time(name: str, plain_s: float, kernels: float, tally: Tally) -> None:
    if plain_s == kernels:  # infinite ones too
        return
    if not abs(plain_s - kernels) <= SAME_TIME_S:
        raise Difference(f"{name} is {plain_s!r}, the kernel's {kernels!r}")
    tally.largest_s = max(tally.largest_s, abs(plain_s - kernels))


def compare_rewards(plain: float, kernels: float) -> None:
    """Difference unless two rewards are the same."""
    if abs(plain - kernels) > SAME_FRACTION * max(1.0, abs(kernels)):
        raise Difference(f"the reward is {plain!r}, the kernel's {kernels!r}")
