"""What must hold whoever plays: every task has one fate, nothing is reserved twice, batteries stay
within bounds, time runs forward.
"""

from collections import defaultdict

import numpy as np
import pytest

from orbit_gym.env import OrbitEnv
from orbit_gym.kernels.state import END, NONE, START
from orbit_gym.simulation.simulation import Simulation
from tests.helpers.playing import Choice, at_random, earliest, running

SCENARIOS = ("Tiny", "ThreeBody12", "Ring12", "CrossPlane12")
Spans = dict[int, list[tuple[float, float]]]


class Record:
    """Everything booked, as told by each booking; compared with the State afterwards."""

    def __init__(self) -> None:
        self.calendars: Spans = defaultdict(list)
        self.blocks: dict[int, list[tuple[float, float, int]]] = defaultdict(
            list
        )  # start, end, lanes of each accelerator

    def note(self, simulation: Simulation, one_lane: bool) -> None:
        """Add the last booking."""
        world, plan = simulation.world, simulation.last_booking
        for hop in simulation.last_hops:
            edge = world.edges[hop["edge"]]
            contacts = world.contacts[edge["first_contact"] : edge["end_contact"]]
            assert (
                (contacts["start_s"] <= hop["start_s"]) & (hop["end_s"] <= contacts["end_s"])
            ).any()
            for resource in {int(edge["resource_a"]), int(edge["resource_b"])} - {NONE}:
                self.calendars[resource].append((float(hop["start_s"]), float(hop["end_s"])))
        if plan["by_alert"]:
            resource = int(world.sizes["first_alert_resource"][0] + plan["node"])
            send_s = float(plan["send_s"])
            self.calendars[resource].append(
                (send_s, send_s + float(world.sizes["alert_interval_s"][0]))
            )
        unit, lanes = (
            int(plan["accelerator"]),
            int(world.accelerators["lanes"][int(plan["accelerator"])]),
        )
        if plan["load_s"] > 0.0:
            self.blocks[unit].append((float(plan["load_start_s"]), float(plan["start_s"]), lanes))
        self.blocks[unit].append(
            (float(plan["start_s"]), float(plan["finish_s"]), 1 if one_lane else lanes)
        )


def assert_no_overlap(calendars: Spans) -> None:
    for spans in calendars.values():
        sorted_spans = sorted(spans)
        assert all(a[1] <= b[0] for a, b in zip(sorted_spans, sorted_spans[1:], strict=False))


def assert_state_holds(simulation: Simulation, calendars: Spans) -> None:
    """What the State still holds after now is what was booked and no more: nothing is ever planned
    again.
    """
    state, now_s = simulation.state, simulation.time_s
    for resource, head in enumerate(state.heads):
        stored_s, chunk = 0.0, int(head)
        while chunk != NONE:
            spans = state.intervals[chunk, :, : int(state.chunks[chunk]["count"])]
            stored_s += np.clip(spans[END] - np.maximum(spans[START], now_s), 0.0, None).sum()
            chunk = int(state.chunks[chunk]["next"])
        booked_s = sum(
            max(0.0, end_s - max(start_s, now_s)) for start_s, end_s in calendars.get(resource, [])
        )
        assert stored_s == pytest.approx(booked_s, abs=1e-6)


def assert_lanes_fit(simulation: Simulation, record: Record) -> None:
    for unit, blocks in record.blocks.items():
        table = np.array(blocks)
        greatest = simulation.world.accelerators["lanes"][unit]
        for begin_s, _, _ in blocks:
            assert table[(table[:, 0] <= begin_s) & (begin_s < table[:, 1]), 2].sum() <= greatest


def assert_charge_within_bounds(simulation: Simulation) -> None:
    """Between the depth-of-discharge floor and full, to 1e-3 J (the ledger's rounding over
    thousands of steps).
    """
    n_satellites = int(simulation.world.sizes["n_satellites"][0])
    charge_j = simulation.state.units["charge_j"][:n_satellites]
    accelerators = simulation.world.accelerators[:n_satellites]
    assert (charge_j >= accelerators["floor_j"] - 1e-3).all() and (
        charge_j <= accelerators["capacity_j"]
    ).all()


def plain_charge_j(
    simulation: Simulation,
    unit: int,
    blocks: list[tuple[float, float, int]],
    first_j: float,
    end_s: float,
) -> float:
    """Charge at end_s by a ledger of its own: net baseline power minus booked lanes, summed between
    breakpoints, cut at full.
    """
    world, accelerator = simulation.world, simulation.world.accelerators[unit]
    rows = world.power[world.power_offsets[unit] : world.power_offsets[unit + 1]]
    begin_s = float(simulation.episode.span_s[0])
    marks = np.unique(
        [begin_s, end_s, *rows["start_s"], *[edge for block in blocks for edge in block[:2]]]
    )
    marks = marks[(marks >= begin_s) & (marks <= end_s)]
    table = np.array(blocks).reshape(-1, 3)
    charge_j = first_j
    for low_s, high_s in zip(marks, marks[1:], strict=False):
        middle_s = 0.5 * (low_s + high_s)
        net_w = rows["net_w"][np.searchsorted(rows["start_s"], middle_s, side="right") - 1]
        lanes = table[(table[:, 0] <= middle_s) & (middle_s < table[:, 1]), 2].sum()
        net_w -= accelerator["dynamic_w"] * lanes / accelerator["lanes"]
        charge_j = min(charge_j + net_w * (high_s - low_s), float(accelerator["capacity_j"]))
    return charge_j


def assert_ledger_balances(simulation: Simulation, record: Record) -> None:
    """Every battery holds what it began with, plus what the array gave, minus what was drawn: to
    1e-6 of its capacity.
    """
    for unit in range(int(simulation.world.sizes["n_satellites"][0])):
        entry, first_j = (
            simulation.state.units[unit],
            float(simulation.episode.initial_charge_j[unit]),
        )
        plain_j = plain_charge_j(
            simulation, unit, record.blocks[unit], first_j, float(entry["time_s"])
        )
        assert float(entry["charge_j"]) == pytest.approx(plain_j, rel=1e-6, abs=1e-3)


def play(simulation: Simulation, choose: Choice, seed: int, greatest: int) -> None:
    rng, record = np.random.default_rng(seed), Record()
    n_decided = 0
    while n_decided < greatest and not simulation.is_over:
        task, now_s = simulation.episode.tasks[simulation.task_index], simulation.time_s
        assert now_s == task["release_s"]
        is_booked, _ = simulation.apply(choose(simulation, rng))
        n_decided += 1
        if is_booked:
            last = simulation.last_booking
            assert (
                now_s
                <= last["load_start_s"]
                <= last["start_s"]
                < last["finish_s"]
                <= last["delivery_s"]
            )
            assert last["arrival_s"] <= last["start_s"]
            record.note(simulation, bool(task["one_lane"]))
        assert simulation.time_s >= now_s
        assert_charge_within_bounds(simulation)
    assert n_decided > 5 and record.blocks
    assert_no_overlap(record.calendars)
    assert_lanes_fit(simulation, record)
    assert_state_holds(simulation, record.calendars)
    assert_ledger_balances(simulation, record)


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("choose", [at_random, earliest])
@pytest.mark.parametrize("name", SCENARIOS)
def test_bookings_never_collide(name: str, choose: Choice, seed: int) -> None:
    play(running(name, seed), choose, seed, 400)


@pytest.mark.slow
@pytest.mark.parametrize("choose", [at_random, earliest])
@pytest.mark.parametrize("name", SCENARIOS)
def test_bookings_never_collide_in_a_whole_episode(name: str, choose: Choice) -> None:
    play(running(name, 2), choose, 2, 1_000_000)


@pytest.mark.parametrize("choose", [at_random, earliest])
@pytest.mark.parametrize("name", SCENARIOS)
def test_every_task_has_one_fate(name: str, choose: Choice) -> None:
    """released = delivered in time + late + rejected + revoked, at the end of a (shortened)
    episode; value adds up to the rewards.
    """
    overrides = {} if name == "Tiny" else {"episode_s": 600.0}
    env, rng = OrbitEnv(name, overrides=overrides, split="validation"), np.random.default_rng(3)
    env.reset(seed=3)
    released, total, truncated, invalid = 0, 0.0, False, 0
    while not truncated:
        # now and then an action that the mask forbids: it counts as a rejection
        action = (
            int(rng.integers(env.action_space.n))
            if rng.random() < 0.05
            else choose(env.simulation, rng)
        )
        _, reward, terminated, truncated, info = env.step(action)
        assert not terminated and reward == sum(info["reward_terms"].values())
        invalid += info["invalid_action"]
        released += 1
        total += reward
    metrics = info["episode_metrics"]
    fates = [metrics[name] for name in ("n_delivered", "n_late", "n_rejected", "n_revoked")]
    assert sum(fates) == metrics["n_released"] == released
    assert metrics["n_invalid"] == invalid
    assert metrics["delivered_value"] == pytest.approx(total, rel=1e-12)
    assert 0.0 <= metrics["served_value_fraction"] <= 1.0
    per_class = sum(value for key, value in metrics.items() if key.endswith(".n_released"))
    assert per_class == released
    tasks = env.simulation.episode.tasks
    assert (tasks["release_s"][:released] < env.simulation.episode.span_s[1]).all()
    assert (tasks["release_s"][released:] >= env.simulation.episode.span_s[1]).all()
