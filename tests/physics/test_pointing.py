"""The pointing rule on positions made up for the purpose, and its invariants on random ones."""

import math

import numpy as np
import pytest

from orbit_gym.physics.geometry import sight_margin_m
from orbit_gym.physics.pointing import fore_neighbours, point_terminals

LIMIT_M, RANGE_M = 6_458e3, 5_000e3


def circle(angles_rad: np.ndarray, normal_tilt_rad: float = 0.0, radius_m: float = 6_878e3) -> tuple[np.ndarray, np.ndarray]:
    """Positions and velocities (..., 3) on a circle tilted about the x axis."""
    along = np.stack(
        [np.cos(angles_rad), np.sin(angles_rad) * math.cos(normal_tilt_rad), np.sin(angles_rad) * math.sin(normal_tilt_rad)], axis=-1
    )
    ahead = np.stack(
        [-np.sin(angles_rad), np.cos(angles_rad) * math.cos(normal_tilt_rad), np.cos(angles_rad) * math.sin(normal_tilt_rad)], axis=-1
    )
    return radius_m * along, 7_600.0 * ahead


def point(positions_m, fore, planes, terminals, cutoff_deg=90.0, patience_steps=6):
    """The kernel in its plain argument order, all links within sight and 5,000 km."""
    cutoff_rad = math.radians(cutoff_deg)
    return point_terminals(
        np.ascontiguousarray(positions_m), fore, np.asarray(planes, np.int32), terminals, LIMIT_M, RANGE_M, cutoff_rad, patience_steps
    )


@pytest.mark.parametrize("tilt_deg", [0.0, 51.6, 97.4, 180.0])
def test_fore_neighbour_is_the_next_one_ahead(tilt_deg):
    """Four at 0, 30, 60, 90 degrees, numbered out of order, at any inclination: the last has none within 180 degrees."""
    start_deg = np.array([60.0, 0.0, 90.0, 30.0])
    angles_rad = np.radians(start_deg[:, None] + np.linspace(0.0, 720.0, 50)[None, :])
    fore = fore_neighbours(*circle(angles_rad, math.radians(tilt_deg)), np.zeros(4, np.int32))
    assert (fore == np.array([2, 3, -1, 0])).all()


def test_a_full_ring_closes():
    angles_rad = np.radians(np.arange(12)[:, None] * 30.0 + np.linspace(0.0, 400.0, 30)[None, :])
    fore = fore_neighbours(*circle(angles_rad, 1.7), np.zeros(12, np.int32))
    assert (fore == np.roll(np.arange(12), -1)).all()


def test_ring_of_twelve_links_fore_and_aft():
    """Twelve evenly spaced: terminal 0 holds the next, terminal 1 the one before, always."""
    angles_rad = np.radians(np.arange(12)[:, None] * 30.0 + np.linspace(0.0, 400.0, 30)[None, :])
    positions_m, velocities_mps = circle(angles_rad, 1.7)
    fore = fore_neighbours(positions_m, velocities_mps, np.zeros(12, np.int32))
    held = point(positions_m.transpose(1, 0, 2), fore, np.zeros(12), 2)
    assert (held[:, :, 0] == np.roll(np.arange(12), -1)).all() and (held[:, :, 1] == np.roll(np.arange(12), 1)).all()


def test_ring_of_six_sees_no_neighbour():
    """Six in a plane at 500 km are 6,878 km apart, and sight ends near 4,700 km."""
    angles_rad = np.radians(np.arange(6)[:, None] * 60.0 + np.zeros((1, 3)))
    positions_m, velocities_mps = circle(angles_rad)
    held = point(positions_m.transpose(1, 0, 2), fore_neighbours(positions_m, velocities_mps, np.zeros(6, np.int32)), np.zeros(6), 2)
    assert (held == -1).all()


@pytest.mark.parametrize("terminals", [1, 2, 4])
@pytest.mark.parametrize("per_plane", [1, 2])
def test_two_in_a_plane_never_link_twice(per_plane, terminals):
    """Constellations below 3 x 3 are where others crash or double their links: one link a pair, between two planes too."""
    tilts_rad, angles_rad = np.repeat([1.0, 1.2], per_plane), np.tile(np.radians([0.0, 20.0])[:per_plane], 2)
    parts = [circle(np.full(5, angle), tilt) for angle, tilt in zip(angles_rad, tilts_rad, strict=True)]
    positions_m, velocities_mps = np.stack([part[0] for part in parts]), np.stack([part[1] for part in parts])
    planes = np.repeat([0, 1], per_plane).astype(np.int32)
    held = point(positions_m.transpose(1, 0, 2), fore_neighbours(positions_m, velocities_mps, planes), planes, terminals)
    check_invariants(held, positions_m.transpose(1, 0, 2))
    assert (held >= 0).any()


def check_invariants(held: np.ndarray, positions_m: np.ndarray) -> None:
    """Links are mutual, single, between different satellites, in sight and in range."""
    for step, now in enumerate(held):
        for satellite, partners in enumerate(now):
            others = partners[partners >= 0]
            assert len(set(others)) == len(others) and satellite not in others
            for other in others:
                assert np.count_nonzero(now[other] == satellite) == 1
                assert np.linalg.norm(positions_m[step, satellite] - positions_m[step, other]) <= RANGE_M
                assert sight_margin_m(positions_m[step, satellite], positions_m[step, other], LIMIT_M) >= 0.0


@pytest.mark.parametrize("terminals", [1, 2, 3, 4])
def test_invariants_on_a_crowd(terminals):
    """Thirty satellites in six crossing planes over two orbits."""
    rng = np.random.default_rng(terminals)
    planes = np.repeat(np.arange(6), 5).astype(np.int32)
    angles_rad = rng.uniform(0.0, 2.0 * math.pi, 30)[:, None] + np.linspace(0.0, 4.0 * math.pi, 1_000)[None]
    parts = [circle(angles_rad[k], 0.3 + 0.5 * planes[k]) for k in range(30)]
    positions_m, velocities_mps = np.stack([part[0] for part in parts]), np.stack([part[1] for part in parts])
    fore = fore_neighbours(positions_m, velocities_mps, planes)
    seen_m = positions_m.transpose(1, 0, 2)
    held = point(seen_m, fore, planes, terminals, cutoff_deg=60.0)
    check_invariants(held, seen_m)
    latitude_deg = np.degrees(np.arcsin(seen_m[..., 2] / np.linalg.norm(seen_m, axis=-1)))
    steps, satellites, ends = np.nonzero(held >= 0)
    is_cross = planes[satellites] != planes[held[steps, satellites, ends]]
    assert is_cross.any() and (~is_cross).any()
    assert (np.abs(latitude_deg[steps[is_cross], satellites[is_cross]]) <= 60.0).all()
    if terminals > 2:
        assert (ends[is_cross] >= 2).all() and (ends[~is_cross] < 2).all()


def approach(n_steps: int = 30) -> np.ndarray:
    """Three satellites of three planes: 0 and 1 stay 1,000 km apart; 2 comes to 0 at 100 km a step from 1,950 km, from the side."""
    positions_m = np.zeros((n_steps, 3, 3))
    positions_m[:, :, 0] = 7_500e3
    positions_m[:, 1, 1] = 1_000e3
    positions_m[:, 2, 2] = 1_950e3 - 100e3 * np.arange(n_steps)
    return positions_m


@pytest.mark.parametrize("patience_steps", [0, 6])
def test_a_nearer_partner_is_taken_after_the_hysteresis(patience_steps):
    """Satellite 2 is the nearer one from step 10 (950 km) on, and is taken patience_steps later; both old ends drop at once."""
    held = point(approach(20), np.full((20, 3), -1, np.int32), [0, 1, 2], 1, patience_steps=patience_steps)
    change = 10 + patience_steps
    assert (held[:change, 0, 0] == 1).all() and (held[change:, 0, 0] == 2).all()
    assert (held[change:, 1, 0] == -1).all() and (held[:change, 2, 0] == -1).all()


def test_a_rival_that_leaves_in_time_is_forgotten():
    """Nearer for five steps only, then away and back: the clock starts again, and nothing is switched."""
    positions_m = approach(15)
    positions_m = np.concatenate([positions_m, positions_m[:15][::-1], positions_m])  # nearer in steps 10-19 (10 samples)
    held = point(positions_m, np.full((45, 3), -1, np.int32), [0, 1, 2], 1, patience_steps=10)
    assert (held[:, 0, 0] == 1).all()


def test_no_link_poleward_of_the_cutoff():
    """Two planes' satellites side by side at 70 degrees: linked with the cutoff at 75, not at 68."""
    positions_m = np.tile(
        np.array([[math.cos(math.radians(70.0)), side, math.sin(math.radians(70.0))] for side in (-0.05, 0.05)]) * 6_900e3, (3, 1, 1)
    )
    fore = np.full((3, 2), -1, np.int32)
    assert (point(positions_m, fore, [0, 1], 2, cutoff_deg=68.0) == -1).all()
    assert (point(positions_m, fore, [0, 1], 2, cutoff_deg=75.0)[:, 0, 0] == 1).all()


@pytest.mark.parametrize("apart_km, linked", [(4_990.0, True), (5_010.0, False)])
@pytest.mark.parametrize("planes", [[0, 0], [0, 1]])
def test_range_ends_a_link_where_sight_does_not(apart_km, linked, planes):
    """At 10,000 km radius sight reaches 15,000 km, so the 5,000 km of the slowest mode decide, in plane and across."""
    half_rad = math.asin(0.5 * apart_km / 10_000.0)
    positions_m, velocities_mps = circle(np.array([[-half_rad], [half_rad]]), radius_m=10_000e3)
    fore = fore_neighbours(positions_m, velocities_mps, np.array(planes, np.int32))
    held = point(positions_m.transpose(1, 0, 2), fore, planes, 2)
    assert (held[0, 0] == 1).any() == linked
