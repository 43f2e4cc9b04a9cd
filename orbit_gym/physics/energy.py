"""Battery: one step forward, and the least charge that carries a baseline to the end."""

import numpy as np
from numba import njit


@njit(cache=True)
def step_battery(battery_j: float, net_w: float, step_s: float, capacity_j: float) -> float:
    """Return the charge after step_s of constant net power; a full battery takes no more."""
    return min(battery_j + net_w * step_s, capacity_j)


@njit(cache=True)
def required_between_j(
    floor_j: float, later_required_j: float, net_w: float, until_s: float
) -> float:
    """Return the charge needed until_s before later_required_j is needed.

    Net power is constant between, and floor_j is never crossed.
    """
    return max(floor_j, later_required_j - net_w * until_s)


@njit(cache=True)
def required_charge_j(
    start_s: np.ndarray, net_w: np.ndarray, end_s: float, floor_j: float
) -> np.ndarray:
    """Return the least charge (N,) that keeps the battery above floor_j from each start_s.

    start_s (N,) and net_w (N,) are the baseline alone.

    Backward recursion from end_s. Power is constant in a row, so the charge is lowest at its ends
    and those are enough. The result may exceed the capacity: then no battery of that size carries
    the baseline. Where it does not, being full loses nothing.
    """
    required_j = np.empty(len(start_s))
    later_s = end_s
    later_j = floor_j
    for row in range(len(start_s) - 1, -1, -1):
        later_j = required_between_j(floor_j, later_j, net_w[row], later_s - start_s[row])
        later_s = start_s[row]
        required_j[row] = later_j
    return required_j
