"""Shadow edges against Skyfield's is_sunlit with DE421, 1 s at entry and exit."""

from pathlib import Path

import numpy as np
import pytest

from validation import eclipses, sky


def test_stored_edges_of_all_twelve(shared_data: Path) -> None:
    """Authority: 365 edges of 2025-08-03 on whole seconds.

    Ours within 1 s of the second in which each must have been.
    """
    file_edges = eclipses.file_edges(shared_data)
    differences_s = np.concatenate(
        [
            eclipses.differences_s(eclipses.our_edges(k), theirs)
            for k, theirs in enumerate(file_edges)
        ]
    )
    assert len(differences_s) == 365
    assert eclipses.beyond_the_second_s(differences_s).max() < eclipses.TOLERANCE_S


@pytest.mark.parametrize(
    "satellites",
    [sky.SAMPLE[:1], pytest.param(sky.ALL, marks=pytest.mark.slow)],
    ids=["few", "all"],
)
def test_live_edges(satellites: tuple[int, ...]) -> None:
    """Authority: find_discrete over is_sunlit, to a millisecond.

    Same number of edges, each within 1 s.
    """
    for number, theirs in zip(satellites, eclipses.live_edges(satellites), strict=True):
        differences_s = eclipses.differences_s(eclipses.our_edges(number), theirs)
        assert len(differences_s) >= 30
        assert np.abs(differences_s).max() < eclipses.TOLERANCE_S


def test_a_stored_second_is_a_bracket() -> None:
    """By hand: stored 974 means dark at 973 and lit at 974.

    973.5 is right, 974.2 is 0.2 s late, 972.9 is 0.1 s early.
    """
    assert np.allclose(eclipses.beyond_the_second_s(np.array([-0.5, 0.2, -1.1])), [0.0, 0.2, 0.1])
