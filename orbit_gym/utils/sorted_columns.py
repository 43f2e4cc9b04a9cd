"""Binary searches in one column of a table, such as `world.contacts["end_s"]` (a view, no copy).

values[low:high] must ascend. Numba makes one version of each for every type of column.
"""

import numpy as np

from orbit_gym.utils.jit import inline_kernel


@inline_kernel
def first_above(values: np.ndarray, low: int, high: int, limit: float) -> int:
    """Return the first of the rows from low to high with more than a limit; high if none."""
    while low < high:
        middle = (low + high) // 2
        if values[middle] > limit:
            high = middle
        else:
            low = middle + 1
    return low


@inline_kernel
def first_from(values: np.ndarray, low: int, high: int, limit: float) -> int:
    """Return the first of the rows from low to high with at least a limit; high if none."""
    while low < high:
        middle = (low + high) // 2
        if values[middle] >= limit:
            high = middle
        else:
            low = middle + 1
    return low


@inline_kernel
def last_up_to(values: np.ndarray, low: int, high: int, limit: float) -> int:
    """Return the last of the rows from low to high with at most a limit; low if none."""
    return first_above(values, low + 1, high, limit) - 1
