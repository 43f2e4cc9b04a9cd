"""Rates of links: modes by range, and the bits a piecewise constant rate has carried."""

import math
from collections.abc import Sequence

import numpy as np

from orbit_gym.units import EARTH_EQUATORIAL_RADIUS_M


def mode_rate_bps(range_m: np.ndarray, mode_range_m: Sequence[float], mode_bps: Sequence[float]) -> np.ndarray:
    """Return the rate (...) at ranges (...): the fastest mode whose range (rising) reaches that far, 0 beyond the last."""
    mode = np.searchsorted(np.asarray(mode_range_m), range_m, side="left")
    return np.append(np.asarray(mode_bps, dtype=np.float64), 0.0)[mode]


def sent_before_bits(start_s: np.ndarray, rate_bps: np.ndarray) -> np.ndarray:
    """Return the bits sent before each piece (P,), pieces starting at start_s (P,) with constant rate_bps (P,)."""
    sent_bits = np.zeros(len(start_s))
    sent_bits[1:] = np.cumsum(rate_bps[:-1] * np.diff(start_s))
    return sent_bits


def longest_sight_m(altitude_a_m: float, altitude_b_m: float, grazing_altitude_m: float) -> float:
    """Return the longest line of sight between two altitudes that stays above a grazing altitude; spherical Earth, closed form."""
    limit_m = EARTH_EQUATORIAL_RADIUS_M + grazing_altitude_m
    return sum(math.sqrt((EARTH_EQUATORIAL_RADIUS_M + altitude_m) ** 2 - limit_m**2) for altitude_m in (altitude_a_m, altitude_b_m))
