"""A day's flight by its own rules and published shares.

Passes and eclipses against Skyfield are in tests/reference.
"""

import numpy as np
import pytest

from orbit_gym.orbits.positions import load_orbits
from orbit_gym.physics.geometry import elevation_rad, hermite_m
from orbit_gym.scenario.loading import load_scenario
from orbit_gym.world.ephemeris import (
    midnight_of,
    passes_over,
    propagate_day,
    site_geometry,
    sunlit_intervals,
)


@pytest.fixture(scope="module")
def scenario():
    return load_scenario("ThreeBody12")


@pytest.fixture(scope="module")
def ephemeris(scenario):
    """Day 1, 2025-08-03, of the twelve."""
    return propagate_day(scenario, load_orbits(scenario), 1)


def test_the_grid_reaches_past_the_horizon(scenario, ephemeris):
    """One day plus episode plus look-ahead, so that interpolation never runs out."""
    assert ephemeris.horizon_s == 86_400.0 + scenario.episode_s + scenario.look_ahead_s
    assert ephemeris.times_s[-1] > ephemeris.horizon_s >= ephemeris.times_s[-3]
    assert ephemeris.positions_m.shape == (12, len(ephemeris.times_s), 3)
    assert midnight_of(scenario, 1).isoformat() == "2025-08-03T00:00:00"


def test_nothing_lasts_beyond_the_horizon(ephemeris):
    """With a mask of -90 degrees every satellite is always up: one interval each, from 0 to the
    horizon and not to the last sample.
    """
    passes = passes_over(ephemeris, *site_geometry(40.45, 116.86, 0.0), -90.0)
    assert passes.satellite.tolist() == list(range(12))
    assert set(passes.start_s) == {0.0} and set(passes.end_s) == {ephemeris.horizon_s}


def test_a_pass_shorter_than_the_grid_is_found(ephemeris):
    """A mask 0.002 degrees below the highest elevation of a pass leaves a few seconds, and they are
    found.
    """
    site_m, up = site_geometry(40.45, 116.86, 0.0)
    passes = passes_over(ephemeris, site_m, up, 10.0)
    row, start_s, end_s = (column[4] for column in passes)
    times_s = np.arange(start_s, end_s, 0.05)
    rows = np.full(len(times_s), row)
    elevation = elevation_rad(
        site_m,
        up,
        hermite_m(ephemeris.positions_m, ephemeris.velocities_mps, rows, times_s, ephemeris.grid_s),
    )
    top_s, mask_deg = times_s[elevation.argmax()], np.degrees(elevation.max()) - 0.002
    short = passes_over(ephemeris, site_m, up, mask_deg)
    hit = (short.satellite == row) & (short.start_s <= top_s) & (short.end_s >= top_s)
    assert np.count_nonzero(hit) == 1
    assert 0.0 < (short.end_s - short.start_s)[hit][0] < ephemeris.grid_s


def test_passes_that_just_clear_the_horizontal_plane_are_found(ephemeris):
    """Twelve low passes, each over a site lifted to 5 m below its top: seconds long, most without a
    sample above the plane.
    """
    site_m, up = site_geometry(40.45, 116.86, 0.0)
    passes = passes_over(ephemeris, site_m, up, 3.0)
    n_between = 0
    for shortest in np.argsort(passes.end_s - passes.start_s)[2:14]:
        row, start_s, end_s = (column[shortest] for column in passes)
        times_s = np.arange(start_s, end_s, 0.05)
        paths_m = hermite_m(
            ephemeris.positions_m,
            ephemeris.velocities_mps,
            np.full(len(times_s), row),
            times_s,
            ephemeris.grid_s,
        )
        heights_m = (paths_m - site_m) @ up
        top_s = times_s[heights_m.argmax()]
        lifted = passes_over(ephemeris, site_m + (heights_m.max() - 5.0) * up, up, 0.0)
        hit = (lifted.satellite == row) & (lifted.start_s <= top_s) & (lifted.end_s >= top_s)
        assert np.count_nonzero(hit) == 1
        n_between += int(
            lifted.start_s[hit][0] // ephemeris.grid_s == lifted.end_s[hit][0] // ephemeris.grid_s
        )
    assert n_between > 3


def test_eclipse_share_of_the_twelve(ephemeris):
    """Published sunlit share per satellite on this day, 0.622 to 0.637, plus the 1.3 of an orbit
    that the horizon adds (0.01).
    """
    lit = sunlit_intervals(ephemeris)
    in_day_s = np.minimum(lit.end_s, 86_400.0) - np.minimum(lit.start_s, 86_400.0)
    share = np.bincount(lit.satellite, weights=in_day_s) / 86_400.0
    assert share.min() > 0.621 and share.max() < 0.638


def test_users_see_the_twelve_a_few_percent_of_the_day(scenario, ephemeris):
    """Design figure: users see any of the 12 above 25 degrees for 2 to 6 % of the day.

    So do the means below and above 50 degrees.
    """
    grid_s = np.arange(0.0, 86_400.0, 10.0)
    shares: dict[bool, list[float]] = {False: [], True: []}
    for site in scenario.users.sites:
        passes = passes_over(
            ephemeris,
            *site_geometry(site.latitude_deg, site.longitude_deg, 0.0),
            scenario.users.mask_deg,
        )
        is_seen = ((grid_s[:, None] >= passes.start_s) & (grid_s[:, None] < passes.end_s)).any(
            axis=1
        )
        shares[abs(site.latitude_deg) >= 50.0].append(float(is_seen.mean()))
    assert 0.02 < np.mean(shares[False]) < np.mean(shares[True]) < 0.06
