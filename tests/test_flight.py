"""Passes and eclipses of real satellites against Skyfield."""

import csv

import numpy as np
import pytest
from skyfield.api import EarthSatellite, Loader, load, wgs84
from skyfield_data import get_skyfield_data_path

from orbit_gym.catalogue import load_scenario
from orbit_gym.flight import fly, midnight_of, passes_over, site_geometry, sunlit_intervals
from orbit_gym.orbits import load_orbits
from orbit_gym.physics.geometry import elevation_rad, hermite_m


@pytest.fixture(scope="module")
def scenario():
    return load_scenario("ThreeBody12")


@pytest.fixture(scope="module")
def flight(scenario):
    """Day 1, 2025-08-03, of the twelve."""
    return fly(scenario, load_orbits(scenario), 1)


def test_the_grid_reaches_past_the_horizon(scenario, flight):
    """One day plus episode plus look-ahead, so that interpolation never runs out."""
    assert flight.horizon_s == 86_400.0 + scenario.episode_s + scenario.look_ahead_s
    assert flight.times_s[-1] > flight.horizon_s >= flight.times_s[-3]
    assert flight.positions_m.shape == (12, len(flight.times_s), 3)
    assert midnight_of(scenario, 1).isoformat() == "2025-08-03T00:00:00"


def test_passes_against_skyfield_find_events(scenario, flight):
    """Authority: Skyfield's find_events at Miyun, Sanya (10 degrees) and Svalbard (25) for one satellite and a day; 1 s at both ends."""
    typed = scenario.constellation.satellites[3]
    satellite, scale = EarthSatellite(typed.line1, typed.line2), load.timescale(builtin=True)
    first, last = scale.utc(2025, 8, 3), scale.utc(2025, 8, 4)
    for latitude_deg, longitude_deg, mask_deg in ((40.45, 116.86, 10.0), (18.31, 109.31, 10.0), (78.23, 15.41, 25.0)):
        times, events = satellite.find_events(wgs84.latlon(latitude_deg, longitude_deg), first, last, altitude_degrees=mask_deg)
        theirs_s = (times - first) * 86_400.0
        found = passes_over(flight, *site_geometry(latitude_deg, longitude_deg, 0.0), mask_deg)
        mine = (found.satellite == 3) & (found.start_s > 0.0) & (found.end_s < 86_400.0)
        assert len(theirs_s[events == 0]) == np.count_nonzero(mine) > 1
        assert np.abs(found.start_s[mine] - theirs_s[events == 0]).max() < 1.0
        assert np.abs(found.end_s[mine] - theirs_s[events == 2]).max() < 1.0


def test_passes_of_all_twelve(shared_data, scenario, flight):
    """Authority: Skyfield passes of 2025-08-03 on whole seconds, masks 5 and 10 degrees, three stations: same number, 2 s at both ends."""
    with (shared_data / "reference_skyfield" / "passes_20250802.csv").open() as file:
        rows = list(csv.DictReader(file))
    names = [satellite.name for satellite in scenario.constellation.satellites]
    compared = 0
    for station in scenario.stations:
        for mask_deg in ("5", "10"):
            mine = [row for row in rows if row["station"] == station.name and row["mask_deg"] == mask_deg and float(row["duration_s"]) > 20]
            if not mine or station.name == "Svalbard":  # its coordinates in the reference are not known
                continue
            found = passes_over(flight, *site_geometry(station.latitude_deg, station.longitude_deg, station.altitude_m), float(mask_deg))
            for row in mine:
                near = found.satellite == names.index(row["sat"])
                assert np.abs(found.start_s[near] - float(row["rise_s"])).min() < 2.0
                assert np.abs(found.end_s[near] - float(row["set_s"])).min() < 2.0
                compared += 1
            whole = (found.end_s < 86_400.0) & (found.start_s > 0.0) & (found.end_s - found.start_s > 20.0)
            assert np.count_nonzero(whole) == len(mine)
    assert compared > 100


def test_nothing_lasts_beyond_the_horizon(flight):
    """With a mask of -90 degrees every satellite is always up: one interval each, from 0 to the horizon and not to the last sample."""
    found = passes_over(flight, *site_geometry(40.45, 116.86, 0.0), -90.0)
    assert found.satellite.tolist() == list(range(12))
    assert set(found.start_s) == {0.0} and set(found.end_s) == {flight.horizon_s}


def test_a_pass_shorter_than_the_grid_is_found(flight):
    """A mask 0.002 degrees below the highest elevation of a pass leaves a few seconds, and they are found."""
    site_m, up = site_geometry(40.45, 116.86, 0.0)
    found = passes_over(flight, site_m, up, 10.0)
    row, start_s, end_s = (column[4] for column in found)
    times_s = np.arange(start_s, end_s, 0.05)
    rows = np.full(len(times_s), row)
    elevation = elevation_rad(site_m, up, hermite_m(flight.positions_m, flight.velocities_mps, rows, times_s, flight.grid_s))
    top_s, mask_deg = times_s[elevation.argmax()], np.degrees(elevation.max()) - 0.002
    short = passes_over(flight, site_m, up, mask_deg)
    hit = (short.satellite == row) & (short.start_s <= top_s) & (short.end_s >= top_s)
    assert np.count_nonzero(hit) == 1
    assert 0.0 < (short.end_s - short.start_s)[hit][0] < flight.grid_s


def test_passes_that_just_clear_the_horizontal_plane_are_found(flight):
    """Twelve low passes, each over a site lifted to 5 m below its top: seconds long, most without a sample above the plane."""
    site_m, up = site_geometry(40.45, 116.86, 0.0)
    found = passes_over(flight, site_m, up, 3.0)
    n_between = 0
    for shortest in np.argsort(found.end_s - found.start_s)[2:14]:
        row, start_s, end_s = (column[shortest] for column in found)
        times_s = np.arange(start_s, end_s, 0.05)
        paths_m = hermite_m(flight.positions_m, flight.velocities_mps, np.full(len(times_s), row), times_s, flight.grid_s)
        heights_m = (paths_m - site_m) @ up
        top_s = times_s[heights_m.argmax()]
        lifted = passes_over(flight, site_m + (heights_m.max() - 5.0) * up, up, 0.0)
        hit = (lifted.satellite == row) & (lifted.start_s <= top_s) & (lifted.end_s >= top_s)
        assert np.count_nonzero(hit) == 1
        n_between += int(lifted.start_s[hit][0] // flight.grid_s == lifted.end_s[hit][0] // flight.grid_s)
    assert n_between > 3


def test_eclipse_edges_of_all_twelve(shared_data, scenario, flight):
    """Authority: Skyfield is_sunlit with DE421 on whole seconds of 2025-08-03; 365 edges within 2 s (published: at most 1 s off)."""
    lit = sunlit_intervals(flight)
    names = [satellite.name for satellite in scenario.constellation.satellites]
    with (shared_data / "reference_skyfield" / "eclipse_transitions_20250802.csv").open() as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        edges_s = lit.start_s if row["event"] == "exit_eclipse" else lit.end_s
        mine_s = edges_s[lit.satellite == names.index(row["sat"])]
        assert np.abs(mine_s - float(row["utc_seconds_of_day"])).min() < 2.0
    inside = np.count_nonzero((lit.start_s > 0.0) & (lit.start_s < 86_400.0)) + np.count_nonzero(lit.end_s < 86_400.0)
    assert abs(inside - len(rows)) <= 2


def test_eclipse_edges_against_skyfield_live(scenario, flight):
    """Authority: is_sunlit with DE421 says dark 2 s before each exit and lit 2 s after, and the reverse at each entry."""
    lit = sunlit_intervals(flight)
    typed = scenario.constellation.satellites[0]
    mine = (lit.satellite == 0) & (lit.start_s > 0.0) & (lit.end_s < 86_400.0)
    times_s = np.r_[lit.start_s[mine] - 2.0, lit.start_s[mine] + 2.0, lit.end_s[mine] - 2.0, lit.end_s[mine] + 2.0]
    expected = np.repeat([False, True, True, False], np.count_nonzero(mine))
    ephemeris = Loader(get_skyfield_data_path(), verbose=False)("de421.bsp")
    times = load.timescale(builtin=True).utc(2025, 8, 3, 0, 0, times_s)
    theirs = EarthSatellite(typed.line1, typed.line2).at(times).is_sunlit(ephemeris)
    ephemeris.close()
    assert np.count_nonzero(mine) >= 14
    assert np.array_equal(theirs, expected)


def test_eclipse_share_of_the_twelve(flight):
    """Published sunlit share per satellite on this day, 0.622 to 0.637, plus the 1.3 of an orbit that the horizon adds (0.01)."""
    lit = sunlit_intervals(flight)
    in_day_s = np.minimum(lit.end_s, 86_400.0) - np.minimum(lit.start_s, 86_400.0)
    share = np.bincount(lit.satellite, weights=in_day_s) / 86_400.0
    assert share.min() > 0.621 and share.max() < 0.638


def test_users_see_the_twelve_a_few_percent_of_the_day(scenario, flight):
    """Design figure: users see any of the 12 above 25 degrees for 2 to 6 % of the day; so do the means below and above 50 degrees."""
    grid_s = np.arange(0.0, 86_400.0, 10.0)
    shares: dict[bool, list[float]] = {False: [], True: []}
    for site in scenario.users.sites:
        found = passes_over(flight, *site_geometry(site.latitude_deg, site.longitude_deg, 0.0), scenario.users.mask_deg)
        seen = ((grid_s[:, None] >= found.start_s) & (grid_s[:, None] < found.end_s)).any(axis=1)
        shares[abs(site.latitude_deg) >= 50.0].append(float(seen.mean()))
    assert 0.02 < np.mean(shares[False]) < np.mean(shares[True]) < 0.06
