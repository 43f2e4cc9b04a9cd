"""Round-trip times and paths over a +Grid against Hypatia's: 1 us and the same paths on all but two
steps a pair.
"""

import math
from pathlib import Path

import numpy as np
import pytest

from validation import plus_grid


@pytest.mark.parametrize("every", [20, pytest.param(1, marks=pytest.mark.slow)])
def test_round_trips_and_paths(shared_data: Path, every: int) -> None:
    """Authority: Hypatia's stored Kuiper-630 results.

    Our orbits, sites, contacts and search on positions exact at each step.
    """
    for agreement in plus_grid.agreements(shared_data, every):
        assert agreement.steps == plus_grid.STEPS // every
        assert 0.0 < agreement.error_s < plus_grid.TOLERANCE_S
        assert agreement.edge_steps <= plus_grid.EDGE_STEPS
        assert agreement.other_paths == 0


@pytest.mark.parametrize("every", [20, pytest.param(1, marks=pytest.mark.slow)])
def test_round_trips_on_the_grid_of_a_world(shared_data: Path, every: int) -> None:
    """The same with positions interpolated on the World's 30 s grid: 20 us, twice two chords of 0.9
    km and the shrunk lasers.
    """
    for agreement in plus_grid.grid_agreements(shared_data, every):
        assert agreement.error_s < plus_grid.GRID_TOLERANCE_S
        assert agreement.edge_steps <= plus_grid.EDGE_STEPS


def test_the_shell_is_hypatias() -> None:
    """Hypatia's definition: node p * 360 / 34, slots 360 / 34 apart, odd planes half a slot ahead,
    14.80 revolutions a day; 1e-9 rad.
    """
    for number in (0, 1, 34, 35, 67, 68, 34 * 33 + 5):
        plane, slot = divmod(number, 34)
        record = plus_grid.orbits().sources[0].records[number]
        assert record.no_kozai * 1_440.0 / (2.0 * math.pi) == pytest.approx(14.80, abs=1e-9)
        assert record.nodeo == pytest.approx(math.radians(plane * 360.0 / 34.0), abs=1e-9)
        phase_error = (
            record.mo
            + record.argpo
            - math.radians(slot * 360.0 / 34.0 + (plane % 2) * 360.0 / 68.0)
        )
        assert abs(np.angle(np.exp(1j * phase_error))) < 1e-9
