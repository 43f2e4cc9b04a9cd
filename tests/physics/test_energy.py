"""Least charge against a brute-force simulation."""

import numpy as np
import pytest

from orbit_gym.physics.energy import required_between_j, required_charge_j, step_battery


def lowest_charge_j(charge_j: float, start_s: np.ndarray, net_w: np.ndarray, end_s: float, capacity_j: float) -> float:
    """Independent forward walk in steps of at most one second, without the kernel under test."""
    lowest_j = charge_j
    for first_s, last_s, watts in zip(start_s, np.r_[start_s[1:], end_s], net_w, strict=True):
        steps = int(np.ceil(last_s - first_s))
        for _ in range(steps):
            charge_j = min(capacity_j, charge_j + watts * (last_s - first_s) / steps)
            lowest_j = min(lowest_j, charge_j)
    return lowest_j


@pytest.mark.parametrize("seed", range(8))
def test_required_charge_just_carries_the_baseline(seed):
    """Started with the required charge, the walk touches the floor within 1 J and never crosses it; 2 J less crosses it."""
    rng = np.random.default_rng(seed)
    start_s = np.r_[0.0, np.sort(rng.uniform(0.0, 5_000.0, 19))]
    net_w = np.where(rng.random(20) < 0.6, rng.uniform(50.0, 300.0, 20), rng.uniform(-200.0, -50.0, 20))
    floor_j, end_s, capacity_j = 70e3, 5_600.0, 1e9
    required_j = required_charge_j(start_s, net_w, end_s, floor_j)
    assert (required_j >= floor_j).all() and required_j.max() > floor_j
    for row in range(len(start_s)):
        walk = (start_s[row:], net_w[row:], end_s, capacity_j)
        assert lowest_charge_j(required_j[row], *walk) == pytest.approx(floor_j, abs=1.0)
        assert lowest_charge_j(required_j[row] - 2.0, *walk) < floor_j


def test_a_battery_as_large_as_the_requirement_is_enough():
    """Being full loses nothing: with capacity equal to the largest requirement the walk still never crosses the floor."""
    start_s, net_w = np.arange(0.0, 6_000.0, 1_000.0), np.array([-50.0, 300.0, -50.0, -20.0, 300.0, -70.0])
    required_j = required_charge_j(start_s, net_w, 6_000.0, 1_000.0)
    assert required_j.tolist() == [51_000.0, 1_000.0, 71_000.0, 21_000.0, 1_000.0, 71_000.0]  # by hand
    assert lowest_charge_j(required_j[0], start_s, net_w, 6_000.0, required_j.max()) >= 1_000.0


def test_kernels_by_hand_and_in_plain_python():
    """A drain of 10 W for 5 s needs 50 J more; charging is cut at the capacity."""
    assert required_between_j(100.0, 200.0, -10.0, 5.0) == required_between_j.py_func(100.0, 200.0, -10.0, 5.0) == 250.0
    assert required_between_j(100.0, 200.0, 50.0, 5.0) == 100.0
    assert step_battery(100.0, -10.0, 5.0, 120.0) == 50.0
    assert step_battery(100.0, 10.0, 5.0, 120.0) == step_battery.py_func(100.0, 10.0, 5.0, 120.0) == 120.0
