"""Faults strike: by hand on worlds of two satellites, then what must hold on whole scenarios with
many of them.
"""

import numpy as np
import pytest

from orbit_gym.env import OrbitEnv
from orbit_gym.kernels.episode import CALENDAR_FAULT, UNIT_FAULT
from orbit_gym.simulation.simulation import Simulation
from tests.helpers.playing import at_random, earliest, running
from tests.helpers.small_world import LANES, always, one_lane, small_world, start, vision

DETECTORS, DETECTORS_LOAD_S = 0b10000, 0.2 / 1.5 + 3.0  # 0.2 GB at 1.5 GB/s, and 3 s
LINKS = (
    always(0, 1, 1e9),
    always(1, 0, 1e9),
)  # calendars 0 and 1; accelerators follow the two alert channels: 4 and 5
FREQUENT_FAULTS = {  # faults so frequent that an hour holds hundreds
    "faults.enabled": True,
    "faults.reset_mean_s": 3_000.0,
    "faults.saa_factor": 2.0,
    "faults.link_up_fraction": 0.8,
    "faults.link_outage_s": 60.0,
}


def detect(release_s: float, seconds: float, **more: float) -> dict[str, float]:
    return vision(release_s, seconds, model=4, origin=0, **more)


def at(simulation: Simulation, node: int) -> int:
    return int(np.flatnonzero(simulation.candidate_nodes == node)[0])


def test_a_reset_loses_what_runs_and_what_waits_within_it() -> None:
    """Task A runs 0-100 s, B waits for 100-200 s.

    A reset at 50 s reboots until 110 s and loads the detectors again until 113.13 s: both overlap
    it and are lost. Their time stays reserved, so C, released at 60 s, starts at 200 s.
    """
    tasks = [
        detect(0.0, 100.0, value=2.0),
        detect(10.0, 100.0),
        detect(60.0, 10.0),
        detect(300.0, 1.0),
    ]
    simulation = start(
        small_world(1), tasks, resident=DETECTORS, faults=[(50.0, 110.0, UNIT_FAULT, 0)]
    )
    assert simulation.apply(0)[1] == {
        "delivered_value": 2.0,
        "revoked_value": 0.0,
        "energy_cost": 0.0,
    }
    is_booked, terms = simulation.apply(0)  # the clock goes to 60 s
    assert is_booked and terms == {
        "delivered_value": 1.0,
        "revoked_value": -3.0,
        "energy_cost": 0.0,
    }
    assert simulation.state.is_lost.tolist() == [True, True, False, False]
    assert simulation.plan(0).start_s == 200.0
    assert simulation.apply(0)[1]["revoked_value"] == 0.0


def test_the_outage_of_an_idle_accelerator_includes_its_models() -> None:
    """Nothing booked: a reset at 50 s with a reboot until 110 s ends at 110 + 3.13 s, and the model
    is in memory then.
    """
    simulation = start(
        small_world(1),
        [detect(0.0, 1.0), detect(60.0, 10.0)],
        resident=DETECTORS,
        faults=[(50.0, 110.0, UNIT_FAULT, 0)],
    )
    simulation.apply(1)  # reject the first
    plan = simulation.plan(0)
    assert plan.start_s == pytest.approx(110.0 + DETECTORS_LOAD_S, abs=1e-9) and plan.load_s == 0.0


def test_a_lost_task_idles_and_the_ledger_shows_it() -> None:
    """Net power 0, 180 W above idle: A (0-100 s) draws until the reset at 50 s: 9,000 J.

    Had it run, 18,000 J.
    """
    tasks = [detect(0.0, 100.0), detect(150.0, 1.0)]
    charge_j = {}
    for name, faults in (("struck", [(50.0, 60.0, UNIT_FAULT, 0)]), ("spared", [])):
        world = small_world(1, power=((0.0, 0.0),))
        simulation = start(world, tasks, resident=DETECTORS, faults=faults)
        simulation.apply(0)
        charge_j[name] = float(simulation.state.units["charge_j"][0])
    assert charge_j["struck"] == pytest.approx(1.44e6 - 180.0 * 50.0, abs=1e-6)
    assert charge_j["spared"] == pytest.approx(1.44e6 - 180.0 * 100.0, abs=1e-6)


def test_a_link_outage_loses_transfers_that_overlap_it_and_no_others() -> None:
    """Three inputs of 10 s each queue on the link 0 -> 1: 0-10, 10-20, 20-30 s.

    An outage of 12-15 s, struck by the task at 14 s, loses the second alone: the first has arrived,
    the third begins after it.
    """
    large_input = {"input_bits": 1e10}
    tasks = [
        detect(0.0, 1.0, **large_input),
        detect(1.0, 1.0, **large_input),
        detect(2.0, 1.0, **large_input),
        detect(14.0, 1.0, **large_input),
    ]
    simulation = start(
        small_world(2, LINKS), tasks, resident=DETECTORS, faults=[(12.0, 15.0, CALENDAR_FAULT, 0)]
    )
    for _ in range(3):
        assert simulation.apply(at(simulation, 1))[0]
    assert simulation.time_s == 14.0
    assert simulation.state.is_lost.tolist() == [False, True, False, False]
    assert simulation.plan(at(simulation, 1)).input_hops[0].start_s == pytest.approx(30.0, abs=1e-6)


def test_plans_avoid_an_outage_once_it_has_struck_and_never_before() -> None:
    """The link fails from 50 to 80 s.

    At 45 s a transfer of 10 s is planned at once; at 55 s the next one waits until 80 s.
    """
    large_input = {"input_bits": 1e10}
    tasks = [detect(45.0, 1.0, **large_input), detect(55.0, 1.0, **large_input), detect(99.0, 1.0)]
    simulation = start(
        small_world(2, LINKS), tasks, resident=DETECTORS, faults=[(50.0, 80.0, CALENDAR_FAULT, 0)]
    )
    assert simulation.plan(at(simulation, 1)).input_hops[0].start_s == 45.0
    simulation.apply(2)
    assert simulation.plan(at(simulation, 1)).input_hops[0].start_s == 80.0
    assert simulation.plan(at(simulation, 0)).start_s == 55.0


def test_a_language_request_loses_its_lane_alone() -> None:
    """Two requests on their own accelerators, one reset: the other goes on."""
    tasks = [
        one_lane(0.0, 500.0, origin=0),
        one_lane(1.0, 500.0, origin=0),
        detect(20.0, 1.0),
    ]  # 38 s of decoding
    simulation = start(
        small_world(2, LINKS),
        tasks,
        resident=DETECTORS | 0b100,
        faults=[(10.0, 15.0, UNIT_FAULT, 1)],
    )
    simulation.apply(at(simulation, 0))
    simulation.apply(at(simulation, 1))
    assert simulation.state.is_lost.tolist() == [False, True, False]
    drawing = {
        int(row["drawing"])
        for row in simulation.state.segments
        if row["end_s"] > 20.0 and row["lanes"]
    }
    assert drawing == {0, 1} and LANES == 8


def test_the_end_plays_the_fault_line_to_the_last_delivery() -> None:
    """The episode ends at 100 s.

    Its last task runs until 520 s and a reset at 400 s takes it: revoked in the last reward.
    """
    tasks = [detect(10.0, 500.0, value=3.0), detect(200.0, 1.0)]
    simulation = start(
        small_world(1),
        tasks,
        resident=DETECTORS,
        end_s=100.0,
        faults=[(400.0, 410.0, UNIT_FAULT, 0)],
    )
    charge_j = float(simulation.state.units["charge_j"][0])
    assert simulation.apply(0)[1] == {
        "delivered_value": 3.0,
        "revoked_value": -3.0,
        "energy_cost": 0.0,
    }
    assert simulation.is_over and simulation.state.is_lost[0]
    assert (
        float(simulation.state.units["time_s"][0]) == 200.0 and charge_j > 0.0
    )  # the State itself stays at the end


def test_a_fork_into_another_future_has_its_faults_from_now_on() -> None:
    tasks = [detect(0.0, 100.0), detect(10.0, 1.0), detect(300.0, 1.0)]
    failing = start(small_world(1), tasks, resident=DETECTORS, faults=[(50.0, 60.0, UNIT_FAULT, 0)])
    spared = start(small_world(1), tasks, resident=DETECTORS, faults=[])
    failing.apply(0)
    twin, copy = failing.fork(spared.episode), failing.fork()
    assert twin.apply(1)[1]["revoked_value"] == 0.0 and copy.apply(1)[1]["revoked_value"] == -1.0
    assert not failing.state.is_lost.any()  # forks share nothing


def trace(env: OrbitEnv, seed: int, steps: int) -> bytes:
    rng = np.random.default_rng(seed)
    observation, _ = env.reset(seed=seed)
    parts = []
    for _ in range(steps):
        parts += [observation[key].tobytes() for key in sorted(observation)]
        observation, reward, _, truncated, _ = env.step(at_random(env.simulation, rng))
        parts.append(np.float64(reward).tobytes())
        if truncated:
            break
    return b"".join(parts)


@pytest.mark.parametrize("name", ["Tiny", "CrossPlane12"])
def test_faults_that_never_happen_change_nothing(name: str) -> None:
    """Bit for bit the trace without the switch: records are kept, nothing strikes."""
    no_faults = {"faults.enabled": True, "faults.reset_mean_s": 0.0, "faults.link_up_fraction": 1.0}
    assert trace(OrbitEnv(name, split="validation"), 4, 200) == trace(
        OrbitEnv(name, overrides=no_faults, split="validation"), 4, 200
    )


@pytest.mark.parametrize("choose", [at_random, earliest])
@pytest.mark.parametrize("name", ["ThreeBody12", "CrossPlane12"])
def test_every_task_has_one_fate_under_many_faults(name: str, choose) -> None:
    """released = delivered + late + rejected + revoked.

    Rewards add up to the delivered value; charge stays above the floor.
    """
    env = OrbitEnv(name, overrides={"episode_s": 900.0, **FREQUENT_FAULTS}, split="validation")
    rng, total, truncated = np.random.default_rng(3), 0.0, False
    env.reset(seed=3)
    while not truncated:
        _, reward, _, truncated, info = env.step(choose(env.simulation, rng))
        total += reward
        charge_j, floor_j = (
            env.simulation.state.units["charge_j"][:12],
            env.simulation.world.accelerators["floor_j"][:12],
        )
        assert (charge_j >= floor_j - 1e-3).all()
    metrics = info["episode_metrics"]
    assert metrics["n_revoked"] > 20 and metrics["revoked_value"] > 0.0
    assert (
        sum(metrics[f"n_{fate}"] for fate in ("delivered", "late", "rejected", "revoked"))
        == metrics["n_released"]
    )
    assert metrics["delivered_value"] == pytest.approx(total, rel=1e-9)
    assert metrics["plans_lost"] == 0.0


def test_planned_is_booked_under_many_faults() -> None:
    """Outages do not break the calendars: what a plan says is what the booking reserves."""
    simulation, rng = (
        running("CrossPlane12", 6, {"episode_s": 900.0, **FREQUENT_FAULTS}),
        np.random.default_rng(6),
    )
    booked_some = 0
    while not simulation.is_over:
        action = at_random(simulation, rng)
        plan = simulation.plan(action) if action < simulation.n_candidates else None
        is_booked, _ = simulation.apply(action)
        assert is_booked == (plan is not None)
        if plan is not None:
            assert (
                simulation.last_booking["finish_s"] == plan.finish_s
                and simulation.last_booking["delivery_s"] == plan.delivery_s
            )
            booked_some += 1
    assert booked_some > 200


def test_a_full_pool_of_records_means_no_plan() -> None:
    """Room for 64 records: once they are taken, no plan exists and the losses are counted."""
    env = OrbitEnv(
        "Ring12",
        overrides={"episode_s": 900.0, "reservation_records": 64, **FREQUENT_FAULTS},
        split="validation",
    )
    rng, truncated = np.random.default_rng(0), False
    env.reset(seed=0)
    while not truncated:
        _, _, _, truncated, info = env.step(at_random(env.simulation, rng))
    assert info["episode_metrics"]["plans_lost"] > 0.0
