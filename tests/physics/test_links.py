"""Rates by range and bits carried, by hand."""

import numpy as np

from orbit_gym.physics.links import mode_rate_bps, sent_before_bits


def test_the_fastest_mode_that_reaches():
    """The default table: 100 / 10 / 2.5 Gbit/s up to 3,000 / 4,000 / 5,000 km, ends included, nothing beyond."""
    ranges_m = np.array([0.0, 3_000e3, 3_000.1e3, 4_000e3, 4_500e3, 5_000e3, 5_001e3])
    rates_bps = mode_rate_bps(ranges_m, (3_000e3, 4_000e3, 5_000e3), (100e9, 10e9, 2.5e9))
    assert rates_bps.tolist() == [100e9, 100e9, 10e9, 10e9, 2.5e9, 2.5e9, 0.0]


def test_sent_bits_are_the_integral_of_the_rate():
    """10 s at 5 bit/s, 20 s at 1 bit/s: 0, 50 and 70 bits before the three pieces."""
    assert sent_before_bits(np.array([100.0, 110.0, 130.0]), np.array([5.0, 1.0, 9.0])).tolist() == [0.0, 50.0, 70.0]
    assert sent_before_bits(np.array([7.0]), np.array([5.0])).tolist() == [0.0]
