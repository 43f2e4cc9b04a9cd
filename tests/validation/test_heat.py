"""Temperature against its closed form and BUPT-1's telemetry."""

from pathlib import Path

import pytest

from validation import heat


def test_a_booked_node_follows_the_closed_form() -> None:
    """Authority: the solution of tau dT/dt = sink + R P - T for a block of 1,000 s, through plan,
    book and settle; 1e-9 K.
    """
    assert heat.closed_form_error_k() < heat.CLOSED_FORM_TOLERANCE_K


def test_time_constant_of_bupt_1(shared_data: Path) -> None:
    """Authority: in-orbit temperature of an inference run of 3 h.

    Our step response fits it with 1,300 to 1,600 s (docs/facts.md).
    """
    low_s, high_s = heat.TAU_RANGE_S
    assert low_s < heat.fitted_tau_s(heat.read_trace(shared_data)) < high_s


def test_steady_states_of_bupt_1() -> None:
    """Authority: four published steady temperatures, 6.9 to 10.3 W.

    One resistance (about 7 K/W) and sink miss none by more than 3 K.
    """
    assert heat.fitted_line()[0] == pytest.approx(7.0, abs=0.5)
    assert heat.steady_error_k() < heat.STEADY_TOLERANCE_K
