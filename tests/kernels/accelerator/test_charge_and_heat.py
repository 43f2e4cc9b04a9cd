"""Checks of gaps that begin at a noted reservation and end early, against passes through the whole
queue.
"""

import math
from typing import Any

import numpy as np
import pytest

from orbit_gym.kernels.accelerator.charge_and_heat import (
    CHECK,
    NO_LOAD,
    RUN,
    ChargePoint,
    ExtraLoad,
    power_row,
    simulate_charge,
)
from orbit_gym.kernels.accelerator.service import lane_power_w
from orbit_gym.kernels.accelerator.service_slot import _is_carried
from orbit_gym.kernels.state import NONE
from orbit_gym.simulation.simulation import Simulation
from tests.helpers.playing import at_random, running

LOW = {"power.initial_charge_low_fraction": 0.4, "power.initial_charge_high_fraction": 0.42}
STEPS = 300
CASES: list[tuple[str, dict[str, Any]]] = [
    ("tight-energy", LOW),  # refused for charge
    ("Ring12", {"thermal.limit_c": 28.0}),  # refused for heat: 2.5 K above idling
    ("ThreeBody12", {}),
    ("tight-energy", {**LOW, "faults.enabled": True}),
]


def whole_pass(simulation: Simulation, unit: int, block: ExtraLoad) -> bool:
    """True if charge and heat carry a block: from now to the end of the queue, nothing left out."""
    world, state, entry = simulation.world, simulation.state, simulation.state.units[unit]
    now_s, end_s = float(entry["time_s"]), max(block.finish_s, float(entry["queue_end_s"]))
    point = ChargePoint(
        power_row(world, unit, now_s),
        now_s,
        float(entry["charge_j"]),
        float(entry["temperature_c"]),
    )
    segment = int(entry["first_segment"])
    _, missing_j, excess_k = simulate_charge(
        world, state, unit, segment, point, end_s, block, CHECK, True
    )
    return bool(missing_j == 0.0 and excess_k == 0.0)


@pytest.mark.parametrize(("name", "overrides"), CASES, ids=["charge", "heat", "as flown", "faults"])
def test_a_gap_is_carried_where_a_pass_through_the_whole_queue_says_so(
    name: str, overrides: dict[str, Any]
) -> None:
    """Blocks of any lanes, lengths and starts, in queues of random play."""
    simulation, rng = running(name, 3, overrides), np.random.default_rng(3)
    verdicts = []
    for step in range(STEPS):
        if step % 3 == 0:
            for unit in range(12):
                entry = simulation.state.units[unit]
                start_s = float(rng.uniform(entry["time_s"], entry["queue_end_s"] + 100.0))
                finish_s = start_s + float(rng.choice([0.5, 5.0, 30.0, 120.0]))
                task_w = float(lane_power_w(simulation.world, unit, int(rng.choice([1, 8]))))
                expected = whole_pass(
                    simulation, unit, ExtraLoad(start_s, start_s, finish_s, 0.0, task_w)
                )
                assert (
                    _is_carried(simulation.world, simulation.state, unit, start_s, finish_s, task_w)
                    == expected
                )
                verdicts.append(expected)
        simulation.apply(at_random(simulation, rng))
    assert sum(verdicts) > 50
    assert len(verdicts) - sum(verdicts) > 50


def test_what_is_noted_at_reservations_is_what_a_pass_finds_there() -> None:
    """To 1e-6 J and 1e-9 K, the tolerances of the checks.

    The whole queue's least spare charge never falls below -1e-6 J.
    """
    simulation, rng = running("ThreeBody12", 5), np.random.default_rng(5)
    world, state = simulation.world, simulation.state
    n_compared = 0
    for _ in range(400):
        simulation.apply(at_random(simulation, rng))
    for unit in range(12):
        entry = state.units[unit]
        now_s = float(entry["time_s"])
        first, power_row_now = int(entry["first_segment"]), power_row(world, unit, now_s)
        assert (
            entry["min_charge_margin_j"] >= -1e-6
            and entry["max_temperature_c"] <= world.accelerators[unit]["limit_c"] + 1e-9
        )
        row = int(entry["first_segment"])
        while row != NONE:
            segment = state.segments[row]
            if segment["start_s"] > now_s:
                charge_j, temperature_c = float(entry["charge_j"]), float(entry["temperature_c"])
                point, _, _ = simulate_charge(
                    world,
                    state,
                    unit,
                    first,
                    ChargePoint(power_row_now, now_s, charge_j, temperature_c),
                    float(segment["start_s"]),
                    NO_LOAD,
                    RUN,
                    True,
                )
                _, _, charge_j, temperature_c = point
                assert math.isclose(charge_j, segment["charge_j"], rel_tol=0.0, abs_tol=1e-6)
                assert math.isclose(
                    temperature_c, segment["temperature_c"], rel_tol=0.0, abs_tol=1e-9
                )
                n_compared += 1
            row = int(segment["next"])
    assert n_compared > 100
