"""Earth-fixed positions against Skyfield's ITRS; 50 m, of which 33 are the equation of the equinoxes and UT1 (FACTS 0.8)."""

from pathlib import Path

import numpy as np
import pytest

from tests.reference import positions, sky


def test_stored_positions_of_all_twelve(shared_data: Path) -> None:
    """Authority: Skyfield 1.55, 12 satellites each minute of 2025-08-03."""
    theirs_m = positions.file_positions_m(shared_data)
    assert theirs_m.shape == (12, 1440, 3) and np.isfinite(theirs_m).all()
    assert positions.largest_m(positions.our_positions_m(), theirs_m) < positions.TOLERANCE_M


@pytest.mark.parametrize("satellites", [sky.FEW, pytest.param(sky.ALL, marks=pytest.mark.slow)], ids=["few", "all"])
def test_live_positions(satellites: tuple[int, ...]) -> None:
    """Authority: the Skyfield that is installed, 24 h each minute."""
    ours_m = positions.our_positions_m()[list(satellites)]
    assert positions.largest_m(ours_m, positions.live_positions_m(satellites)) < positions.TOLERANCE_M
