"""Passes against Skyfield's find_events: 1 s at rise and set, 0.01 degrees at the top."""

import pytest

from validation import passes, sky


@pytest.mark.parametrize(
    ("satellites", "stations", "at_least"),
    [
        (sky.SAMPLE[:1], ("Miyun", "Svalbard"), 25),
        pytest.param(sky.ALL, passes.STATIONS, 500, marks=pytest.mark.slow),
    ],
    ids=["few", "all"],
)
def test_rise_set_and_top(
    satellites: tuple[int, ...], stations: tuple[str, ...], at_least: int
) -> None:
    """Authority: find_events and altaz of the Skyfield that is installed, masks 5 and 10 degrees.

    The same passes, none missing.
    """
    differences = passes.largest(satellites, stations)
    assert differences.n_passes >= at_least
    assert differences.edge_s < passes.EDGE_TOLERANCE_S
    assert differences.top_deg < passes.TOP_TOLERANCE_DEG
