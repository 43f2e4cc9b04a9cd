"""Earth-fixed positions against Skyfield's ITRS.

50 m, of which 32 are UT1 - UTC, which we take for 0; 1 m without it.
"""

from pathlib import Path

import numpy as np
import pytest

from validation import positions, sky


def test_stored_positions_of_all_twelve(shared_data: Path) -> None:
    """Authority: Skyfield 1.55, 12 satellites each minute of 2025-08-03."""
    theirs_m = positions.file_positions_m(shared_data)
    assert theirs_m.shape == (12, 1440, 3) and np.isfinite(theirs_m).all()
    assert positions.largest_m(positions.our_positions_m(), theirs_m) < positions.TOLERANCE_M


@pytest.mark.parametrize(
    "satellites", [sky.SAMPLE, pytest.param(sky.ALL, marks=pytest.mark.slow)], ids=["few", "all"]
)
def test_live_positions(satellites: tuple[int, ...]) -> None:
    """Authority: the Skyfield that is installed, 24 h each minute.

    And within 1 m once turned by its UT1 - UTC.
    """
    theirs_m = positions.live_positions_m(satellites)
    assert (
        positions.largest_m(positions.our_positions_m()[list(satellites)], theirs_m)
        < positions.TOLERANCE_M
    )
    assert (
        positions.largest_m(positions.turned_m(satellites), theirs_m) < positions.TURNED_TOLERANCE_M
    )
