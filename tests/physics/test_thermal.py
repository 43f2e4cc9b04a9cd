"""First-order heat against its closed form; whole nodes and telemetry are in validation/heat.py."""

import math

import pytest

from orbit_gym.physics.thermal import temperature_after_c


@pytest.mark.parametrize("compiled", [True, False])
def test_one_time_constant(compiled):
    """After tau the gap has shrunk to 1/e; after no time nothing has changed."""
    after = temperature_after_c if compiled else temperature_after_c.py_func
    assert after(20.0, 75.0, 1_400.0, 1_400.0) == pytest.approx(75.0 - 55.0 / math.e)
    assert after(20.0, 75.0, 0.0, 1_400.0) == 20.0


def test_two_steps_are_one_long_step():
    """Exactness: the step size must not matter (an Euler step would fail)."""
    halfway_c = temperature_after_c(30.0, 60.0, 700.0, 1_400.0)
    assert temperature_after_c(halfway_c, 60.0, 900.0, 1_400.0) == pytest.approx(
        temperature_after_c(30.0, 60.0, 1_600.0, 1_400.0), rel=1e-14
    )


def test_it_solves_the_differential_equation():
    """tau dT/dt = settles - T, derivative by central difference, 1e-6."""
    slope = (
        temperature_after_c(30.0, 60.0, 500.1, 1_400.0)
        - temperature_after_c(30.0, 60.0, 499.9, 1_400.0)
    ) / 0.2
    assert 1_400.0 * slope == pytest.approx(
        60.0 - temperature_after_c(30.0, 60.0, 500.0, 1_400.0), rel=1e-6
    )
