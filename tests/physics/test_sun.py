"""Sun and shadow by hand; DE421 is in validation/sun.py."""

import numpy as np
import pytest

from orbit_gym.physics.sun import shadow_margin_m, sun_direction_of_date
from orbit_gym.utils.units import EARTH_EQUATORIAL_RADIUS_M


def test_directions_have_length_one():
    directions = sun_direction_of_date(2_460_676.5, np.arange(0.0, 1_600.0, 7.3))
    assert np.allclose(np.linalg.norm(directions, axis=1), 1.0, atol=1e-12)


@pytest.mark.parametrize(
    "position_m, margin_m",
    [
        ([-7e6, 0.0, 0.0], -EARTH_EQUATORIAL_RADIUS_M),  # midnight: on the axis of the shadow
        ([7e6, 0.0, 0.0], 7e6 - EARTH_EQUATORIAL_RADIUS_M),  # noon
        (
            [-1e6, 6.5e6, 0.0],
            6.5e6 - EARTH_EQUATORIAL_RADIUS_M,
        ),  # behind the terminator, beside the cylinder
        ([-1e6, 0.0, 6.3e6], 6.3e6 - EARTH_EQUATORIAL_RADIUS_M),  # inside it
    ],
)
def test_cylinder(position_m, margin_m):
    """By hand, the Sun along +x."""
    assert shadow_margin_m(np.array(position_m), np.array([1.0, 0.0, 0.0])) == pytest.approx(
        margin_m
    )


def test_eclipse_share_of_a_circle_towards_the_sun():
    """Closed form: a circle of radius r through the Sun's direction is dark for asin(R / r) / pi.

    At 500 km 0.378 (facts, 2.3).
    """
    angle = np.linspace(0.0, 2.0 * np.pi, 100_000, endpoint=False)
    radius_m = EARTH_EQUATORIAL_RADIUS_M + 500e3
    circle_m = radius_m * np.stack([np.cos(angle), np.sin(angle), 0.0 * angle], axis=-1)
    dark = np.mean(shadow_margin_m(circle_m, np.array([1.0, 0.0, 0.0])) < 0.0)
    assert dark == pytest.approx(np.arcsin(EARTH_EQUATORIAL_RADIUS_M / radius_m) / np.pi, abs=1e-4)
    assert dark == pytest.approx(0.378, abs=1e-3)
