"""Energy ledger against closed forms and BUPT-1's telemetry."""

from pathlib import Path

import pytest

from validation import energy


def test_orbits_that_never_fill_the_battery() -> None:
    """Closed form: sum of net power and bookings, the same each orbit; 1e-9 relative."""
    assert energy.never_full_error() < energy.LEDGER_TOLERANCE


def test_orbits_that_fill_the_battery() -> None:
    """Closed form: full at sunset, and at sunrise full less shadow and booking; 1e-9 relative."""
    assert energy.full_error() < energy.LEDGER_TOLERANCE


def test_energy_of_an_orbit_of_bupt_1(shared_data: Path) -> None:
    """Authority: 196 orbits of BUPT-1.

    Loads and array of another day, our ledger; within one standard deviation of them.
    """
    orbits = energy.read_orbits(shared_data)
    orbit, _ = energy.model_orbit(energy.read_telemetry(shared_data))
    assert len(orbits) == 196
    assert energy.spread_off(orbit.consumed_wh, [one.consumed_wh for one in orbits]) < energy.SPREAD
    assert (
        energy.spread_off(orbit.harvested_wh, [one.harvested_wh for one in orbits]) < energy.SPREAD
    )
    assert orbit.harvested_wh == pytest.approx(
        orbit.consumed_wh, rel=1e-9
    )  # a steady orbit takes what it spends, not all there is


def test_depth_of_an_eclipse_of_bupt_1(shared_data: Path) -> None:
    """Authority: battery voltages at rest before and after it, on the discharge curve of the
    ground; steps of 0.2 V allow 7 to 21 Wh.
    """
    telemetry = energy.read_telemetry(shared_data)
    least_wh, most_wh = energy.voltage_depths_wh(shared_data, telemetry)
    assert 0.0 < least_wh < energy.ledger_depth_wh(telemetry) < most_wh < 25.0
