"""The whole step against plain NumPy and networkx (benchmarks/plain): every candidate's plan, and
every reward.

Times agree to 1e-7 s and joules to 1e-9 of their value (they are equal to the last bit on the
machine this was written on). Where another route delivers at the same time, the kernel's is checked
transfer by transfer against the plain calendars, and followed from there.
"""

import math

import numpy as np
import pytest

from benchmarks.plain_step import Duel
from orbit_gym.kernels.network.transfers import transfer_end_s
from orbit_gym.scenario.loading import load_scenario
from orbit_gym.workload.episode_source import EpisodeSource
from validation.plain.compare import Difference, Tally, check_route, compare_plans
from validation.plain.network import Calendar, Network

SEED = 4_000_000
EVENTS = (
    "datacentre",
    "alert",
    "load",
    "gap before a booking",
    "shared lanes",
    "late",
    "relayed result",
)


def compare(name: str, steps: int, seed: int = SEED, **overrides: object) -> Tally:
    """Play a scenario both ways and compare; what was met on the way."""
    duel = Duel(
        load_scenario(name, {key.replace("__", "."): value for key, value in overrides.items()}),
        seed,
    )
    n_played = len(list(duel.play(steps)))
    assert n_played == duel.tally.steps > 0
    return duel.tally


def test_tiny_whole() -> None:
    tally = compare("Tiny", 100)
    assert tally.steps == 8 and tally.counts["load"] and tally.counts["datacentre"]


def test_the_flown_twelve() -> None:
    tally = compare("ThreeBody12", 250)
    assert tally.plans > 1_000 and all(tally.counts[event] for event in EVENTS), tally.counts


def test_links_that_come_and_go_with_five_candidates() -> None:
    tally = compare("CrossPlane12", 60, candidates=5)
    assert tally.plans > 300


def test_heat_is_waited_for() -> None:
    """At a limit of 28 C, 2.5 K above idling."""
    tally = compare("Ring12", 40, thermal__limit_c=28.0)
    assert tally.counts["waits for charge or heat"], tally.counts


def test_charge_is_waited_for_and_energy_has_a_price() -> None:
    """Batteries that begin nearly as low as the baseline allows, in an episode that begins in
    eclipse for some.
    """
    low = {"power__initial_charge_low_fraction": 0.4, "power__initial_charge_high_fraction": 0.42}
    tally = compare("tight-energy", 80, seed=3, reward__energy_cost=1e-6, workload__load=1.0, **low)
    assert tally.counts["waits for charge or heat"], tally.counts


def test_a_hundred_satellites() -> None:
    tally = compare("Walker100", 6)
    assert tally.plans > 60


def test_transfers_over_a_change_of_rate() -> None:
    """Bundles of 1e6 to 1e12 bits begun up to 10 s before a rate changes.

    Equal to the kernels' to 1e-7 s.
    """
    world = EpisodeSource(load_scenario("Walker100"), "validation").sample_episode(SEED).world
    network, rng = Network(world), np.random.default_rng(SEED)
    contacts = world.contacts
    several = np.flatnonzero(contacts["end_rate_segment"] - contacts["first_rate_segment"] > 1)
    ends_s = []
    for contact in rng.choice(several, 300):
        piece = int(
            rng.integers(
                contacts[contact]["first_rate_segment"] + 1, contacts[contact]["end_rate_segment"]
            )
        )
        start_s = max(
            float(contacts[contact]["start_s"]),
            float(world.rate_segments[piece]["start_s"]) - float(rng.uniform(0.0, 10.0)),
        )
        bits = 10.0 ** float(rng.uniform(6.0, 12.0))
        kernels_s = transfer_end_s(world, contact, start_s, bits)
        assert network.sent_by_s(int(contact), start_s, bits) == pytest.approx(
            kernels_s, rel=0.0, abs=1e-7
        )
        ends_s.append(kernels_s - float(world.rate_segments[piece]["start_s"]))
    crossed = np.array(ends_s) > 0.0
    assert 50 < crossed.sum() < 300 and np.isfinite(ends_s).sum() > 100


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("ThreeBody12", 1_500),
        ("Ring12", 600),
        ("CrossPlane12", 600),
        ("swap-heavy", 400),
        ("tight-energy", 600),
        ("Walker100", 100),
    ],
)
def test_longer_streams(name: str, steps: int) -> None:
    assert compare(name, steps).steps == steps


@pytest.mark.slow
def test_the_full_plan() -> None:
    tally = compare("StarCompute2800", 3)
    assert tally.plans > 90


# --- the comparison itself


def test_what_differs_is_told() -> None:
    """A plan moved by a microsecond, another lane count, and another order of candidates are each
    found.
    """
    duel = Duel(load_scenario("ThreeBody12"), SEED)
    list(duel.play(20))
    row = int(np.flatnonzero(duel.simulation.action_masks()[:-1])[0])
    plans = duel.simulation.state.plans
    for field, change in (
        ("start_s", 1e-6),
        ("delivery_s", 1e-6),
        ("energy_j", 1.0),
        ("input_hops", 1),
        ("on_time", 1 - 2 * int(plans[row]["on_time"])),
    ):
        original = plans[row][field].copy()
        plans[row][field] += change
        with pytest.raises((Difference, IndexError)):
            compare_plans(duel.plain, duel.simulation, Tally())
        plans[row][field] = original
    compare_plans(duel.plain, duel.simulation, Tally())
    duel.simulation.state.candidates[:2] = duel.simulation.state.candidates[1::-1]
    with pytest.raises(Difference, match="candidates"):
        compare_plans(duel.plain, duel.simulation, Tally())


def test_a_route_that_is_not_real_is_refused() -> None:
    """A route over a busy link, one that leaves too early, one that jumps, and one that arrives at
    another time.
    """
    duel = Duel(load_scenario("Ring12"), SEED)
    list(duel.play(3))
    plan = next(plan for plan in duel.plain.plans if len(plan.input_hops) > 1)
    network, task = duel.plain.network, duel.plain.task
    ask = (int(task["origin"]), float(task["release_s"]), float(task["input_bits"]))
    first, *rest = plan.input_hops
    check_route(network, plan.input_hops, *ask, plan.arrival_s)
    with pytest.raises(Difference, match="arrives at"):
        check_route(network, plan.input_hops, *ask, plan.arrival_s + 1.0)
    with pytest.raises(Difference, match="goes on from node"):
        check_route(network, rest, *ask, plan.arrival_s)
    with pytest.raises(Difference, match="leaves node"):
        check_route(network, [first._replace(start_s=ask[1] - 1.0), *rest], *ask, plan.arrival_s)
    network.reserve([first])
    with pytest.raises(Difference, match="is not possible"):
        check_route(network, plan.input_hops, *ask, plan.arrival_s)


def test_a_full_pool_is_told() -> None:
    duel = Duel(load_scenario("Ring12", {"calendar_chunks": 4, "profile_segments": 16}), SEED)
    with pytest.raises(Difference, match="give the scenario more calendar_chunks"):
        list(duel.play(200))


def test_faults_are_refused() -> None:
    with pytest.raises(ValueError, match="knows no faults"):
        Duel(load_scenario("faults"), SEED)


def test_calendar_by_hand() -> None:
    """Busy 10-20 and 30-40: a span of 10 fits from 20 on and not from 21 on; spans may touch."""
    calendar = Calendar()
    calendar.reserve(30.0, 40.0)
    calendar.reserve(10.0, 20.0)
    calendar.reserve(5.0, 5.0)
    assert calendar.starts_s == [10.0, 30.0]
    assert calendar.free_again_s(20.0, 30.0) is None
    assert calendar.free_again_s(21.0, 31.0) == 40.0
    assert calendar.free_again_s(0.0, 11.0) == 20.0
    assert calendar.free_again_s(40.0, math.inf) is None
