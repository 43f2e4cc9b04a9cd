"""Plan, then book: planning changes nothing, booking does what was planned, the mask is what can be
booked, the headline is a bound.
"""

import dataclasses

import numpy as np
import pytest

from orbit_gym.kernels.result_delivery import deliver
from orbit_gym.kernels.state import State, copy_state, new_scratch
from orbit_gym.simulation.simulation import Hop, Plan, Simulation
from tests.helpers.playing import at_random, earliest, running

SCENARIOS = ("Tiny", "Ring12", "CrossPlane12")


def same_state(state: State, other: State) -> bool:
    """Bit-equal, field by field: numpy does not copy the padding of a record."""
    for a, b in zip(state, other, strict=True):
        for name in a.dtype.names or ((),):
            if a[name].tobytes() != b[name].tobytes():
                return False
    return True


def booked_hops(simulation: Simulation) -> list[Hop]:
    """Hops of the last booking, as reserved."""
    world = simulation.world
    hops = simulation.last_hops
    return [
        Hop(
            int(h["from_node"]),
            int(world.edges[h["edge"]]["to"]),
            float(h["start_s"]),
            float(h["end_s"]),
        )
        for h in hops
    ]


def assert_booked_as_planned(simulation: Simulation, plan: Plan) -> None:
    for name in (
        "node",
        "accelerator",
        "arrival_s",
        "load_start_s",
        "load_s",
        "start_s",
        "finish_s",
        "delivery_s",
        "energy_j",
    ):
        assert simulation.last_booking[name] == getattr(plan, name), name
    assert bool(simulation.last_booking["on_time"]) == plan.on_time
    assert bool(simulation.last_booking["by_alert"]) == plan.by_alert
    assert booked_hops(simulation) == [*plan.input_hops, *plan.result_hops]


@pytest.mark.parametrize("name", SCENARIOS)
def test_what_is_planned_is_booked(name: str) -> None:
    """Exact, over random play; plan(k) leaves every array of the State as it was."""
    simulation, rng = running(name, 5), np.random.default_rng(5)
    for _ in range(150):
        if simulation.is_over:
            break
        action = at_random(simulation, rng)
        state_before = copy_state(simulation.state)
        plans = [simulation.plan(k) for k in range(simulation.n_candidates)]
        assert same_state(state_before, simulation.state)
        assert [plan.exists for plan in plans] == simulation.action_masks()[:-1].tolist()
        is_booked, terms = simulation.apply(action)
        assert is_booked == (action < len(plans))
        if is_booked:
            assert_booked_as_planned(simulation, plans[action])
            assert (terms["delivered_value"] > 0.0) == plans[action].on_time


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_mask_is_what_can_be_booked(name: str) -> None:
    """Every candidate is tried in a fork.

    A masked one books nothing and leaves calendars and accelerators alone.
    """
    simulation, rng = running(name, 6), np.random.default_rng(6)
    for _ in range(60):
        if simulation.is_over:
            break
        mask = simulation.action_masks()
        rejected = simulation.fork()
        rejected.apply(simulation.n_candidates)
        for k in range(simulation.n_candidates):
            fork = simulation.fork()
            assert fork.apply(k)[0] == mask[k]
            if not mask[k]:
                assert same_state(fork.state, rejected.state)
        simulation.apply(at_random(simulation, rng))


@pytest.mark.parametrize("choose", [at_random, earliest])
@pytest.mark.parametrize("name", ["Tiny", "Ring12", "ThreeBody12", "CrossPlane12"])
def test_what_is_served_in_time_is_feasible_when_relaxed(name: str, choose) -> None:
    """The headline's denominator bounds every policy, task by task."""
    simulation, rng = running(name, 7), np.random.default_rng(7)
    is_served = []
    for _ in range(600):
        if simulation.is_over:
            break
        is_booked, _ = simulation.apply(choose(simulation, rng))
        is_served.append(is_booked and bool(simulation.last_booking["on_time"]))
    relaxed = simulation.relaxed_on_time()[: len(is_served)]
    assert any(is_served) and not (np.array(is_served) & ~relaxed).any()


def test_plan_names_every_candidate_and_refuses_others() -> None:
    simulation = running("Tiny", 0)
    assert dataclasses.asdict(simulation.plan(0))["exists"]
    for k in (-1, 4):
        with pytest.raises(IndexError, match=f"candidate must be from 0 to 3, got {k}"):
            simulation.plan(k)


def test_a_full_pool_loses_plans_and_counts_them() -> None:
    """Four chunks of calendars and 16 segments are soon full under load.

    What is masked for that is counted, and play goes on.
    """
    overrides = {"calendar_chunks": 4, "profile_segments": 16}
    simulation, rng = running("Ring12", 8, overrides), np.random.default_rng(8)
    roomy = running("Ring12", 8)
    for _ in range(200):
        simulation.apply(at_random(simulation, rng))
        roomy.apply(roomy.n_candidates)
    clock = simulation.state.clock[0]
    assert clock["n_lost_plans"] > 0
    assert 0 <= clock["n_free_chunks"] <= 4 and 0 <= clock["n_free_segments"] <= 16
    assert roomy.state.clock[0]["n_lost_plans"] == 0


@pytest.mark.parametrize("name", ["ThreeBody12", "Ring12", "CrossPlane12"])
def test_joined_routes_are_the_best_ones(name: str) -> None:
    """Every plan's delivery against a search of its own, to the last bit.

    The hops are contiguous, in order, and end where they should.
    """
    simulation, rng = running(name, 8), np.random.default_rng(8)
    for _ in range(300):
        state, world, task = simulation.state, simulation.world, simulation.task_index
        limit_s = float(
            simulation.episode.tasks["release_s"][task] + world.sizes["look_ahead_s"][0]
        )
        scratch = new_scratch(world)
        for k in np.flatnonzero(simulation.action_masks()[:-1]):
            plan = simulation.plan(k)
            alone_s, end, _ = deliver(
                world,
                state,
                scratch,
                simulation.episode.tasks,
                task,
                plan.node,
                plan.finish_s,
                limit_s,
                False,
            )
            assert plan.delivery_s == alone_s
            if not plan.result_hops:
                continue
            assert plan.result_hops[-1].to_node == end
            chain = [plan.node, *[hop.to_node for hop in plan.result_hops]]
            assert [hop.from_node for hop in plan.result_hops] == chain[:-1]
            ends = [plan.finish_s, *[hop.end_s for hop in plan.result_hops]]
            assert all(
                ready_s <= hop.start_s < hop.end_s
                for ready_s, hop in zip(ends, plan.result_hops, strict=False)
            )
        simulation.apply(at_random(simulation, rng))
