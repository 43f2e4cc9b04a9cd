"""The pointing rule on positions made up for the purpose, and its invariants on random ones."""

import math

import numpy as np
import pytest

from orbit_gym.physics.geometry import distance_m, sight_margin_m
from orbit_gym.physics.pointing import PointingRule, find_next_in_plane, point_terminals

LIMIT_M, RANGE_M = 6_458e3, 5_000e3


def circle(
    angles_rad: np.ndarray, normal_tilt_rad: float = 0.0, radius_m: float = 6_878e3
) -> tuple[np.ndarray, np.ndarray]:
    """Positions and velocities (..., 3) on a circle tilted about the x axis."""
    radial = np.stack(
        [
            np.cos(angles_rad),
            np.sin(angles_rad) * math.cos(normal_tilt_rad),
            np.sin(angles_rad) * math.sin(normal_tilt_rad),
        ],
        axis=-1,
    )
    tangential = np.stack(
        [
            -np.sin(angles_rad),
            np.cos(angles_rad) * math.cos(normal_tilt_rad),
            np.cos(angles_rad) * math.sin(normal_tilt_rad),
        ],
        axis=-1,
    )
    return radius_m * radial, 7_600.0 * tangential


def point(positions_m, next_in_plane, planes, terminals, cutoff_deg=90.0, patience_steps=6):
    """The kernel in its plain argument order, all links within sight and 5,000 km."""
    cutoff_rad = math.radians(cutoff_deg)
    return point_terminals(
        np.ascontiguousarray(positions_m),
        next_in_plane,
        np.asarray(planes, np.int32),
        terminals,
        PointingRule(LIMIT_M, RANGE_M, cutoff_rad, patience_steps),
    )


@pytest.mark.parametrize("tilt_deg", [0.0, 51.6, 97.4, 180.0])
def test_fore_neighbour_is_the_next_one_ahead(tilt_deg):
    """Four at 0, 30, 60, 90 degrees, numbered out of order, at any inclination: the last has none
    within 180 degrees.
    """
    start_deg = np.array([60.0, 0.0, 90.0, 30.0])
    angles_rad = np.radians(start_deg[:, None] + np.linspace(0.0, 720.0, 50)[None, :])
    next_in_plane = find_next_in_plane(
        *circle(angles_rad, math.radians(tilt_deg)), np.zeros(4, np.int32)
    )
    assert (next_in_plane == np.array([2, 3, -1, 0])).all()


def test_a_full_ring_closes():
    angles_rad = np.radians(np.arange(12)[:, None] * 30.0 + np.linspace(0.0, 400.0, 30)[None, :])
    next_in_plane = find_next_in_plane(*circle(angles_rad, 1.7), np.zeros(12, np.int32))
    assert (next_in_plane == np.roll(np.arange(12), -1)).all()


def test_ring_of_twelve_links_fore_and_aft():
    """Twelve evenly spaced: terminal 0 holds the next, terminal 1 the one before, always."""
    angles_rad = np.radians(np.arange(12)[:, None] * 30.0 + np.linspace(0.0, 400.0, 30)[None, :])
    positions_m, velocities_mps = circle(angles_rad, 1.7)
    next_in_plane = find_next_in_plane(positions_m, velocities_mps, np.zeros(12, np.int32))
    partners_at = point(positions_m.transpose(1, 0, 2), next_in_plane, np.zeros(12), 2)
    assert (partners_at[:, :, 0] == np.roll(np.arange(12), -1)).all() and (
        partners_at[:, :, 1] == np.roll(np.arange(12), 1)
    ).all()


def test_ring_of_six_sees_no_neighbour():
    """Six in a plane at 500 km are 6,878 km apart, and sight ends near 4,700 km."""
    angles_rad = np.radians(np.arange(6)[:, None] * 60.0 + np.zeros((1, 3)))
    positions_m, velocities_mps = circle(angles_rad)
    partners_at = point(
        positions_m.transpose(1, 0, 2),
        find_next_in_plane(positions_m, velocities_mps, np.zeros(6, np.int32)),
        np.zeros(6),
        2,
    )
    assert (partners_at == -1).all()


@pytest.mark.parametrize("terminals", [1, 2, 4])
@pytest.mark.parametrize("per_plane", [1, 2])
def test_two_in_a_plane_never_link_twice(per_plane, terminals):
    """Constellations below 3 x 3 are where others crash or double their links: one link a pair,
    between two planes too.
    """
    tilts_rad, angles_rad = (
        np.repeat([1.0, 1.2], per_plane),
        np.tile(np.radians([0.0, 20.0])[:per_plane], 2),
    )
    parts = [
        circle(np.full(5, angle), tilt) for angle, tilt in zip(angles_rad, tilts_rad, strict=True)
    ]
    positions_m, velocities_mps = (
        np.stack([part[0] for part in parts]),
        np.stack([part[1] for part in parts]),
    )
    planes = np.repeat([0, 1], per_plane).astype(np.int32)
    partners_at = point(
        positions_m.transpose(1, 0, 2),
        find_next_in_plane(positions_m, velocities_mps, planes),
        planes,
        terminals,
    )
    check_invariants(partners_at, positions_m.transpose(1, 0, 2))
    assert (partners_at >= 0).any()


def check_invariants(partners_at: np.ndarray, positions_m: np.ndarray) -> None:
    """Links are mutual, single, between different satellites, in sight and in range."""
    for step, partners_now in enumerate(partners_at):
        for satellite, partners in enumerate(partners_now):
            linked = partners[partners >= 0]
            assert len(set(linked)) == len(linked) and satellite not in linked
            for other in linked:
                assert np.count_nonzero(partners_now[other] == satellite) == 1
                assert (
                    np.linalg.norm(positions_m[step, satellite] - positions_m[step, other])
                    <= RANGE_M
                )
                assert (
                    sight_margin_m(positions_m[step, satellite], positions_m[step, other], LIMIT_M)
                    >= 0.0
                )


@pytest.mark.parametrize("terminals", [1, 2, 3, 4])
def test_invariants_on_a_crowd(terminals):
    """Thirty satellites in six crossing planes over two orbits."""
    rng = np.random.default_rng(terminals)
    planes = np.repeat(np.arange(6), 5).astype(np.int32)
    angles_rad = (
        rng.uniform(0.0, 2.0 * math.pi, 30)[:, None] + np.linspace(0.0, 4.0 * math.pi, 1_000)[None]
    )
    parts = [circle(angles_rad[k], 0.3 + 0.5 * planes[k]) for k in range(30)]
    positions_m, velocities_mps = (
        np.stack([part[0] for part in parts]),
        np.stack([part[1] for part in parts]),
    )
    next_in_plane = find_next_in_plane(positions_m, velocities_mps, planes)
    seen_m = positions_m.transpose(1, 0, 2)
    partners_at = point(seen_m, next_in_plane, planes, terminals, cutoff_deg=60.0)
    check_invariants(partners_at, seen_m)
    latitude_deg = np.degrees(np.arcsin(seen_m[..., 2] / np.linalg.norm(seen_m, axis=-1)))
    steps, satellites, ends = np.nonzero(partners_at >= 0)
    is_cross = planes[satellites] != planes[partners_at[steps, satellites, ends]]
    assert is_cross.any() and (~is_cross).any()
    assert (np.abs(latitude_deg[steps[is_cross], satellites[is_cross]]) <= 60.0).all()
    if terminals > 2:
        assert (ends[is_cross] >= 2).all() and (ends[~is_cross] < 2).all()


def approach(n_steps: int = 30) -> np.ndarray:
    """Three satellites of three planes: 0 and 1 stay 1,000 km apart.

    2 comes to 0 at 100 km a step from 1,950 km, from the side.
    """
    positions_m = np.zeros((n_steps, 3, 3))
    positions_m[:, :, 0] = 7_500e3
    positions_m[:, 1, 1] = 1_000e3
    positions_m[:, 2, 2] = 1_950e3 - 100e3 * np.arange(n_steps)
    return positions_m


@pytest.mark.parametrize("patience_steps", [0, 6])
def test_a_nearer_partner_is_taken_after_the_hysteresis(patience_steps):
    """Satellite 2 is the nearer one from step 10 (950 km) on, and is taken patience_steps later.

    Both old ends drop at once.
    """
    partners_at = point(
        approach(20), np.full((20, 3), -1, np.int32), [0, 1, 2], 1, patience_steps=patience_steps
    )
    change = 10 + patience_steps
    assert (partners_at[:change, 0, 0] == 1).all() and (partners_at[change:, 0, 0] == 2).all()
    assert (partners_at[change:, 1, 0] == -1).all() and (partners_at[:change, 2, 0] == -1).all()


def test_a_rival_that_leaves_in_time_is_forgotten():
    """Nearer for five steps only, then away and back: the clock starts again, and nothing is
    switched.
    """
    positions_m = approach(15)
    positions_m = np.concatenate(
        [positions_m, positions_m[:15][::-1], positions_m]
    )  # nearer in steps 10-19 (10 samples)
    partners_at = point(
        positions_m, np.full((45, 3), -1, np.int32), [0, 1, 2], 1, patience_steps=10
    )
    assert (partners_at[:, 0, 0] == 1).all()


def test_no_link_poleward_of_the_cutoff():
    """Two planes' satellites side by side at 70 degrees: linked with the cutoff at 75, not at
    68.
    """
    positions_m = np.tile(
        np.array(
            [
                [math.cos(math.radians(70.0)), side, math.sin(math.radians(70.0))]
                for side in (-0.05, 0.05)
            ]
        )
        * 6_900e3,
        (3, 1, 1),
    )
    next_in_plane = np.full((3, 2), -1, np.int32)
    assert (point(positions_m, next_in_plane, [0, 1], 2, cutoff_deg=68.0) == -1).all()
    assert (point(positions_m, next_in_plane, [0, 1], 2, cutoff_deg=75.0)[:, 0, 0] == 1).all()


@pytest.mark.parametrize("apart_km, linked", [(4_990.0, True), (5_010.0, False)])
@pytest.mark.parametrize("planes", [[0, 0], [0, 1]])
def test_range_ends_a_link_where_sight_does_not(apart_km, linked, planes):
    """At 10,000 km radius sight reaches 15,000 km, so the 5,000 km of the slowest mode decide, in
    plane and across.
    """
    half_rad = math.asin(0.5 * apart_km / 10_000.0)
    positions_m, velocities_mps = circle(np.array([[-half_rad], [half_rad]]), radius_m=10_000e3)
    next_in_plane = find_next_in_plane(positions_m, velocities_mps, np.array(planes, np.int32))
    partners_at = point(positions_m.transpose(1, 0, 2), next_in_plane, planes, 2)
    assert (partners_at[0, 0] == 1).any() == linked


class PlainRule:
    """The pointing rule as it is told, all pairs looked at each time: the authority for the
    kernel's search among free satellites.
    """

    def __init__(self, positions_m, next_in_plane, planes, terminals, cutoff_deg, patience_steps):
        self.positions_m, self.next_in_plane, self.planes = positions_m, next_in_plane, planes
        self.first_cross, self.cutoff_rad, self.patience_steps = (
            (2 if terminals > 2 else 0),
            math.radians(cutoff_deg),
            patience_steps,
        )
        self.partners = np.full((*next_in_plane.shape, terminals), -1, np.int32)
        self.rivals: dict[
            tuple[int, int], tuple[int, int]
        ] = {}  # terminal -> the nearer satellite, and since when
        self.n_switched = 0

    def walk(self) -> np.ndarray:
        for step in range(len(self.next_in_plane)):
            self.here_m, self.partners_now = self.positions_m[step], self.partners[step]
            self.everyone = range(len(self.planes))
            self.crosses = [
                abs(math.atan2(z, math.hypot(x, y))) <= self.cutoff_rad for x, y, z in self.here_m
            ]
            self.link_in_plane(self.next_in_plane[step])
            self.keep(self.partners[step - 1] if step else self.partners_now)
            self.switch(step)
            self.form()
        return self.partners

    def link(self, a, terminal_a, b, terminal_b):
        self.partners_now[a, terminal_a], self.partners_now[b, terminal_b] = b, a

    def idle(self, satellite):
        idle = [
            end
            for end in range(self.first_cross, self.partners_now.shape[1])
            if self.partners_now[satellite, end] < 0
        ]
        return idle if self.crosses[satellite] else []

    def apart_m(self, a, b):
        return distance_m(self.here_m[a], self.here_m[b])

    def sees(self, a, b):
        return sight_margin_m(self.here_m[a], self.here_m[b], LIMIT_M) >= 0.0

    def may_link(self, a, b):
        return (
            self.planes[a] != self.planes[b]
            and b not in self.partners_now[a]
            and bool(self.idle(b))
            and self.sees(a, b)
        )

    def link_in_plane(self, next_in_plane):
        aft = min(1, self.partners_now.shape[1] - 1)
        for a, b in enumerate(next_in_plane):
            if (
                b >= 0
                and self.partners_now[a, 0] < 0
                and self.partners_now[b, aft] < 0
                and self.apart_m(a, b) <= RANGE_M
                and self.sees(a, b)
            ):
                self.link(a, 0, b, aft)

    def keep(self, earlier):
        for a in self.everyone:
            for terminal, b in enumerate(earlier[a]):
                if (
                    b > a
                    and self.planes[a] != self.planes[b]
                    and self.crosses[a]
                    and self.crosses[b]
                ):
                    terminal_back = list(earlier[b]).index(a)
                    is_free = (
                        self.partners_now[a, terminal] < 0
                        and self.partners_now[b, terminal_back] < 0
                    )
                    if is_free and self.apart_m(a, b) <= RANGE_M and self.sees(a, b):
                        self.link(a, terminal, b, terminal_back)

    def switch(self, step):
        for a in self.everyone:
            for terminal in range(self.first_cross, self.partners_now.shape[1]):
                b = int(self.partners_now[a, terminal])
                if b < 0 or self.planes[a] == self.planes[b]:
                    self.rivals.pop((a, terminal), None)
                    continue
                nearer = [(self.apart_m(a, c), c) for c in self.everyone if self.may_link(a, c)]
                rival = min(
                    [(far_m, c) for far_m, c in nearer if far_m < self.apart_m(a, b)],
                    default=(0.0, -1),
                )[1]
                if rival < 0:
                    self.rivals.pop((a, terminal), None)
                    continue
                if self.rivals.get((a, terminal), (-1, 0))[0] != rival:
                    self.rivals[a, terminal] = (rival, step)
                if step - self.rivals[a, terminal][1] >= self.patience_steps:
                    self.partners_now[b, list(self.partners_now[b]).index(a)] = -1
                    self.link(a, terminal, rival, self.idle(rival)[0])
                    self.rivals.pop((a, terminal))
                    self.n_switched += 1

    def form(self):
        pairs = [
            (self.apart_m(a, b), a, b)
            for a in self.everyone
            if self.idle(a)
            for b in self.everyone
            if b > a and self.may_link(a, b)
        ]
        for far_m, a, b in sorted(pairs):
            if far_m <= RANGE_M and self.idle(a) and self.idle(b):
                self.link(a, self.idle(a)[0], b, self.idle(b)[0])


def drifting(rng: np.random.Generator, n_steps: int, on_lattice: bool) -> np.ndarray:
    """A crowd of 26 that drifts above one side of the Earth.

    On a lattice many distances are equal to the last bit.
    """
    start_m, drift_m = rng.integers(-2, 3, (26, 3)) * 800e3, rng.integers(-1, 2, (26, 3)) * 400e3
    positions_m = (
        start_m
        + np.arange(n_steps)[:, None, None] * drift_m
        + (0.0 if on_lattice else rng.normal(0.0, 1e3, (26, 3)))
    )
    positions_m[..., 0] += 8_500e3
    return positions_m


@pytest.mark.parametrize("on_lattice", [False, True])
@pytest.mark.parametrize("terminals", [1, 2, 4])
@pytest.mark.parametrize("patience_steps", [0, 1])
def test_links_are_those_of_all_pairs_looked_at(terminals, on_lattice, patience_steps):
    """Every terminal of every sample, ties included: of equally near ones the lower number, of
    equal pairs the first.
    """
    n_switched = 0
    for seed in range(3):
        rng = np.random.default_rng([seed, terminals])
        positions_m = drifting(rng, 24, on_lattice)
        planes = rng.integers(0, 6, 26).astype(np.int32)
        next_in_plane = np.full((24, 26), -1, np.int32)
        for plane in range(6):
            members = np.flatnonzero(planes == plane)
            next_in_plane[:, members[:-1]] = members[1:]
        rule = PlainRule(positions_m, next_in_plane, planes, terminals, 25.0, patience_steps)
        assert np.array_equal(
            point(
                positions_m,
                next_in_plane,
                planes,
                terminals,
                cutoff_deg=25.0,
                patience_steps=patience_steps,
            ),
            rule.walk(),
        )
        n_switched += rule.n_switched
    assert n_switched > 5
