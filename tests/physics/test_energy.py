"""Least charge and battery steps by hand.

Random profiles against brute force are in validation/charge_floor.py.
"""

import numpy as np

from orbit_gym.physics.energy import required_between_j, required_charge_j, step_battery
from validation.charge_floor import lowest_charge_j


def test_a_battery_as_large_as_the_requirement_is_enough():
    """Being full loses nothing: with capacity equal to the largest requirement the walk still never
    crosses the floor.
    """
    start_s, net_w = (
        np.arange(0.0, 6_000.0, 1_000.0),
        np.array([-50.0, 300.0, -50.0, -20.0, 300.0, -70.0]),
    )
    required_j = required_charge_j(start_s, net_w, 6_000.0, 1_000.0)
    assert required_j.tolist() == [
        51_000.0,
        1_000.0,
        71_000.0,
        21_000.0,
        1_000.0,
        71_000.0,
    ]  # by hand
    assert lowest_charge_j(required_j[0], start_s, net_w, 6_000.0, required_j.max()) >= 1_000.0


def test_kernels_by_hand_and_in_plain_python():
    """A drain of 10 W for 5 s needs 50 J more; charging is cut at the capacity."""
    assert (
        required_between_j(100.0, 200.0, -10.0, 5.0)
        == required_between_j.py_func(100.0, 200.0, -10.0, 5.0)
        == 250.0
    )
    assert required_between_j(100.0, 200.0, 50.0, 5.0) == 100.0
    assert step_battery(100.0, -10.0, 5.0, 120.0) == 50.0
    assert (
        step_battery(100.0, 10.0, 5.0, 120.0)
        == step_battery.py_func(100.0, 10.0, 5.0, 120.0)
        == 120.0
    )
