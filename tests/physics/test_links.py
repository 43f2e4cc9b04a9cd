"""Rates by range, by hand."""

import numpy as np

from orbit_gym.physics.links import mode_rate_bps


def test_the_fastest_mode_that_reaches():
    """The default table: 100 / 10 / 2.5 Gbit/s up to 3,000 / 4,000 / 5,000 km, ends included,
    nothing beyond.
    """
    ranges_m = np.array([0.0, 3_000e3, 3_000.1e3, 4_000e3, 4_500e3, 5_000e3, 5_001e3])
    modes = np.array([3_000e3, 4_000e3, 5_000e3]), np.array([100e9, 10e9, 2.5e9])
    assert [mode_rate_bps(range_m, *modes) for range_m in ranges_m] == [
        100e9,
        100e9,
        10e9,
        10e9,
        2.5e9,
        2.5e9,
        0.0,
    ]
