"""Power rows of compiled Worlds against a forward walk, and baselines that cannot be carried."""

import dataclasses

import numpy as np
import pytest

from orbit_gym.orbits.positions import load_orbits
from orbit_gym.physics.geometry import (
    geodetic_to_earth_fixed_m,
    geodetic_up,
    gmst_rad,
    rotate_to_earth_fixed,
)
from orbit_gym.physics.sun import shadow_margin_m, sun_direction_of_date
from orbit_gym.scenario.scenario import Power
from orbit_gym.world.compiler import compile_world
from orbit_gym.world.layout import LASER
from tests.helpers.small_scenarios import JD, contacts_of, edge_table, fixed_m


def test_power_rows_say_what_is_drawn(crossing):
    """At random instants net power is recomputed from SGP4: Sun, links held (acquiring counts),
    stations in view.
    """
    scenario, world = crossing
    orbits, power = load_orbits(scenario), scenario.power
    rng = np.random.default_rng(0)
    times_s = np.sort(rng.uniform(0.0, world.sizes["horizon_s"][0], 600))
    sun = rotate_to_earth_fixed(
        sun_direction_of_date(JD, times_s / 86_400.0), gmst_rad(JD, times_s / 86_400.0)
    )
    for satellite in range(0, 12, 5):
        rows = world.power[world.power_offsets[satellite] : world.power_offsets[satellite + 1]]
        row = np.searchsorted(rows["start_s"], times_s, side="right") - 1
        position_m = fixed_m(orbits, satellite, times_s)
        is_sunlit = shadow_margin_m(position_m, sun) > 0.0
        is_seen = np.zeros(len(times_s), bool)
        for station in scenario.stations:
            latitude_rad, longitude_rad = (
                np.radians(station.latitude_deg),
                np.radians(station.longitude_deg),
            )
            line_m = position_m - geodetic_to_earth_fixed_m(latitude_rad, longitude_rad, 0.0)
            sine = (
                line_m @ geodetic_up(latitude_rad, longitude_rad) / np.linalg.norm(line_m, axis=1)
            )
            is_seen |= sine > np.sin(np.radians(station.mask_deg))
        n_held = np.zeros(len(times_s))
        for node, _, edge in edge_table(world):
            if edge["kind"] == LASER and node == satellite:
                for contact in contacts_of(world, edge):
                    start_s = contact["start_s"] - (
                        scenario.lasers.acquisition_s if contact["start_s"] > 0.0 else 0.0
                    )
                    n_held += (times_s >= start_s) & (times_s < contact["end_s"])
        net_w = (
            power.solar_w * is_sunlit
            - power.bus_w
            - power.compute_idle_w
            - scenario.lasers.hold_w * n_held
            - power.radio_w * is_seen
        )
        assert np.array_equal(rows["is_sunlit"][row] == 1, is_sunlit)
        assert np.allclose(rows["net_w"][row], net_w, atol=1e-9)
        changes = (rows["net_w"][1:] != rows["net_w"][:-1]) | (
            rows["is_sunlit"][1:] != rows["is_sunlit"][:-1]
        )
        assert (
            changes.all() and (np.diff(rows["start_s"]) > 0.0).all() and rows["start_s"][0] == 0.0
        )


def test_required_charge_carries_the_baseline_to_the_horizon(crossing):
    """Brute force: start at any row with required_j and walk forward with the battery's cap.

    The lowest charge is the floor within 1 J.
    """
    scenario, world = crossing
    for satellite in range(0, 12, 4):
        rows = world.power[world.power_offsets[satellite] : world.power_offsets[satellite + 1]]
        unit = world.accelerators[satellite]
        length_s = np.diff(np.r_[rows["start_s"], world.sizes["horizon_s"][0]])
        for first in range(0, len(rows), 17):
            charge_j = lowest_j = rows["required_j"][first]
            for net_w, span_s in zip(rows["net_w"][first:], length_s[first:], strict=True):
                charge_j = min(unit["capacity_j"], charge_j + net_w * span_s)
                lowest_j = min(lowest_j, charge_j)
            assert lowest_j == pytest.approx(unit["floor_j"], abs=1.0)


def test_a_baseline_that_cannot_be_carried_is_refused_with_numbers(scenario):
    with pytest.raises(
        ValueError,
        match=r"the baseline of satellite P01S01 cannot be carried: needs [\d,]+ J, battery "
        r"holds 1,440,000 J",
    ):
        compile_world(dataclasses.replace(scenario, power=Power(solar_w=100.0)), 1)
    with pytest.raises(ValueError, match="battery holds 200,000 J"):
        compile_world(dataclasses.replace(scenario, power=Power(battery_j=200_000.0)), 1)
