"""Rates of links by range."""

import numpy as np
from numba import njit


@njit(cache=True)
def mode_rate_bps(range_m: float, mode_range_m: np.ndarray, mode_bps: np.ndarray) -> float:
    """Return the data rate at a range, 0 beyond the last mode.

    It is that of the first mode whose range, in rising order, reaches that far.
    """
    for mode in range(len(mode_range_m)):
        if range_m <= mode_range_m[mode]:
            return mode_bps[mode]
    return 0.0
