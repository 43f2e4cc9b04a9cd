"""The almanac Sun against DE421."""

from validation import sun


def test_sun_is_within_a_hundredth_of_a_degree_of_de421() -> None:
    """Authority: Skyfield with DE421, apparent place of date.

    Published accuracy of the almanac formula 0.010 degrees, 2025-2029.
    """
    assert sun.largest_deg() < sun.TOLERANCE_DEG
