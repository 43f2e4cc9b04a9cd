"""Drawing by weight, from numpy's Generator or from a stratified sample that stands for it where a
mean is measured.
"""

from typing import Protocol

import numpy as np


class Random(Protocol):
    """What draws uniform numbers."""

    def random(self, size: int, /) -> np.ndarray:
        """Uniform numbers (size,) from 0 to 1, 1 excluded."""


class Stratified:
    """Draw uniform numbers, one in each of `size` equal strata, in random order.

    Means over a sample scatter far less (Latin hypercube).
    """

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)

    def random(self, size: int, /) -> np.ndarray:
        """Uniform numbers (size,), one in each stratum."""
        return (self._rng.permutation(size) + self._rng.random(size)) / size


def weighted_choice(weights: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    """Indices (n,) drawn by weight, given uniform numbers (n,) below 1."""
    total = np.cumsum(weights)
    return np.searchsorted(total / total[-1], uniform, side="right")
