"""The pointing rule of laser terminals, walked along the time grid.

Terminal 0 points fore, 1 aft, in plane by argument of latitude, whenever the neighbour is in sight.
The others (with two or fewer: any that is idle) link to the nearest free satellite of another
plane, keep it while in sight, and change to a nearer free one only after it has been the nearer one
for the hysteresis. No pair of satellites ever holds two links.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numba import njit

from orbit_gym.physics.geometry import distance_m, sight_margin_m

FORE = 0
SAMPLES_AT_ONCE = 256  # between two words on progress: some seconds at 10,000 satellites


class PointingRule(NamedTuple):
    """When two satellites may be linked, and when a link changes."""

    limit_radius_m: float  # of the sphere that a line of sight must clear
    max_range_m: float
    cutoff_latitude_rad: float  # geocentric; links across planes need both ends equatorward of it
    patience_steps: int  # samples that a nearer partner must be the nearer one


class Crossing(NamedTuple):
    """Who may link across planes."""

    planes: np.ndarray  # (S,) int32
    may_cross: np.ndarray  # (S,) bool, at the present sample
    first_terminal: int  # that looks across


class Rivals(NamedTuple):
    """The nearer partner that each terminal has seen lately, and the first sample of it."""

    satellites: np.ndarray  # (S, n_terminals) int32, -1 for none
    first_steps: np.ndarray  # (S, n_terminals) int64


class FreeSatellites(NamedTuple):
    """Work space: satellites with an idle terminal that may look across planes."""

    satellites: np.ndarray  # (S,) int64, the first of them filled
    places: np.ndarray  # (S,) int64 their rows, -1 for others


def find_next_in_plane(
    positions_m: np.ndarray, velocities_mps: np.ndarray, planes: np.ndarray
) -> np.ndarray:
    """Return the next satellite ahead in the same plane, (T, S) int32.

    By argument of latitude; -1 if none is within 180 degrees.

    Inertial positions and velocities (S, T, 3), plane of each satellite (S,). All of a plane are
    measured against one mean normal, so that scatter of single elements (and an undefined node at
    the equator) cannot shuffle them.
    """
    next_in_plane = np.full((positions_m.shape[1], positions_m.shape[0]), -1, dtype=np.int32)
    for plane in np.unique(planes):
        members = np.flatnonzero(planes == plane)
        if len(members) < 2:
            continue
        angles_rad = _argument_of_latitude(positions_m[members], velocities_mps[members])  # (M, T)
        order = np.argsort(angles_rad, axis=0)
        sorted_rad = np.take_along_axis(angles_rad, order, axis=0)
        ahead_rad = np.mod(np.roll(sorted_rad, -1, axis=0) - sorted_rad, 2.0 * math.pi)
        next_in_plane[np.arange(next_in_plane.shape[0])[None, :], members[order]] = np.where(
            ahead_rad < math.pi, members[np.roll(order, -1, axis=0)], -1
        )
    return next_in_plane


def _argument_of_latitude(positions_m: np.ndarray, velocities_mps: np.ndarray) -> np.ndarray:
    """Return angles (M, T) along the common orbit plane, from its ascending node.

    From the x axis where it has none.
    """
    normal = np.cross(positions_m, velocities_mps).sum(axis=0)  # (T, 3)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    node = np.stack([-normal[:, 1], normal[:, 0], np.zeros(len(normal))], axis=-1)
    node = np.where(
        np.linalg.norm(node, axis=-1, keepdims=True) < 1e-3, np.array([1.0, 0.0, 0.0]), node
    )
    in_plane = np.cross(normal, node)
    return np.arctan2(
        np.einsum("mtk,tk->mt", positions_m, in_plane), np.einsum("mtk,tk->mt", positions_m, node)
    )


@njit(cache=True)
def _is_visible(a_m: np.ndarray, b_m: np.ndarray, rule: PointingRule) -> bool:
    if distance_m(a_m, b_m) > rule.max_range_m:
        return False
    return sight_margin_m(a_m, b_m, rule.limit_radius_m) >= 0.0


@njit(cache=True)
def _terminal_to(partners: np.ndarray, satellite: int, other: int) -> int:
    """Return the terminal of satellite that holds other, -1 if none does."""
    for terminal in range(partners.shape[1]):
        if partners[satellite, terminal] == other:
            return terminal
    return -1


@njit(cache=True)
def _free_terminal(partners: np.ndarray, satellite: int, first_cross: int) -> int:
    """Return the first idle terminal that may look across planes, -1 if there is none."""
    for terminal in range(first_cross, partners.shape[1]):
        if partners[satellite, terminal] < 0:
            return terminal
    return -1


@njit(cache=True)
def _link_in_plane(
    partners: np.ndarray,
    positions_m: np.ndarray,
    next_in_plane: np.ndarray,
    rule: PointingRule,
) -> None:
    """Link fore terminals to the aft terminals of the next satellites ahead in sight."""
    aft = min(1, partners.shape[1] - 1)
    for satellite in range(partners.shape[0]):
        other = next_in_plane[satellite]
        if other < 0 or partners[satellite, FORE] >= 0 or partners[other, aft] >= 0:
            continue
        if _is_visible(positions_m[satellite], positions_m[other], rule):
            partners[satellite, FORE] = other
            partners[other, aft] = satellite


@njit(cache=True)
def _keep_cross_links(
    partners: np.ndarray,
    previous: np.ndarray,
    positions_m: np.ndarray,
    crossing: Crossing,
    rule: PointingRule,
) -> None:
    """Carry over each link between planes that is still allowed and in sight.

    A link that a neighbour in plane needs is not kept.
    """
    planes, may_cross = crossing.planes, crossing.may_cross
    for satellite in range(partners.shape[0]):
        for terminal in range(partners.shape[1]):
            other = previous[satellite, terminal]
            if (
                other <= satellite
                or planes[other] == planes[satellite]
                or not (may_cross[satellite] and may_cross[other])
            ):
                continue
            return_terminal = _terminal_to(previous, other, satellite)
            if partners[satellite, terminal] >= 0 or partners[other, return_terminal] >= 0:
                continue
            if _is_visible(positions_m[satellite], positions_m[other], rule):
                partners[satellite, terminal] = other
                partners[other, return_terminal] = satellite


@njit(cache=True)
def _find_free(partners: np.ndarray, crossing: Crossing, free: FreeSatellites) -> int:
    """List the free satellites, in rising order; return how many there are."""
    n_free = 0
    for satellite in range(partners.shape[0]):
        free.places[satellite] = -1
        if not crossing.may_cross[satellite]:
            continue
        if _free_terminal(partners, satellite, crossing.first_terminal) >= 0:
            free.satellites[n_free] = satellite
            free.places[satellite] = n_free
            n_free += 1
    return n_free


@njit(cache=True)
def _nearer_rival(
    partners: np.ndarray,
    satellite: int,
    other: int,
    positions_m: np.ndarray,
    free: np.ndarray,
    planes: np.ndarray,
    limit_radius_m: float,
) -> int:
    """Return the nearest free satellite of another plane that is nearer than the linked one.

    -1 if there is none; of equals the first.
    """
    best_m = distance_m(positions_m[satellite], positions_m[other])
    best = -1
    for rival in free:
        if planes[rival] == planes[satellite]:
            continue
        apart_m = distance_m(positions_m[satellite], positions_m[rival])
        if apart_m > best_m or (apart_m == best_m and rival >= best):  # free is in no order
            continue
        if (
            _terminal_to(partners, satellite, rival) < 0
            and sight_margin_m(positions_m[satellite], positions_m[rival], limit_radius_m) >= 0.0
        ):
            best, best_m = rival, apart_m
    return best


@njit(cache=True)
def _switch_cross_links(
    partners: np.ndarray,
    rivals: Rivals,
    step: int,
    positions_m: np.ndarray,
    crossing: Crossing,
    rule: PointingRule,
    free: FreeSatellites,
) -> None:
    """Change links between planes to nearer free satellites.

    Once such a one has been the nearest for patience_steps samples. The free satellites are kept up
    to date, so that a step costs links times free ones.
    """
    planes, first_cross = crossing.planes, crossing.first_terminal
    n_free = _find_free(partners, crossing, free)
    for satellite in range(partners.shape[0]):
        for terminal in range(first_cross, partners.shape[1]):
            other = partners[satellite, terminal]
            if other < 0 or planes[other] == planes[satellite]:
                rivals.satellites[satellite, terminal] = -1
                continue
            rival = _nearer_rival(
                partners,
                satellite,
                other,
                positions_m,
                free.satellites[:n_free],
                planes,
                rule.limit_radius_m,
            )
            if rival < 0 or rival != rivals.satellites[satellite, terminal]:
                rivals.satellites[satellite, terminal] = rival
                rivals.first_steps[satellite, terminal] = step
            waited_steps = step - rivals.first_steps[satellite, terminal]
            if rival >= 0 and waited_steps >= rule.patience_steps:
                partners[other, _terminal_to(partners, other, satellite)] = -1
                partners[satellite, terminal] = rival
                partners[rival, _free_terminal(partners, rival, first_cross)] = satellite
                rivals.satellites[satellite, terminal] = -1
                if free.places[other] < 0:
                    free.satellites[n_free], free.places[other] = other, n_free
                    n_free += 1
                if _free_terminal(partners, rival, first_cross) < 0:
                    n_free -= 1
                    last = free.satellites[n_free]
                    free.satellites[free.places[rival]] = last
                    free.places[last] = free.places[rival]
                    free.places[rival] = -1


@njit(cache=True)
def _form_cross_links(
    partners: np.ndarray,
    positions_m: np.ndarray,
    free: np.ndarray,
    crossing: Crossing,
    rule: PointingRule,
) -> None:
    """Link free satellites (in rising order) across planes, nearest pair first."""
    planes, first_cross = crossing.planes, crossing.first_terminal
    lefts, rights, apart_m = [0], [0], [math.inf]  # a first entry gives numba the types
    for first in range(len(free)):
        for second in range(first + 1, len(free)):
            a, b = free[first], free[second]
            if planes[a] == planes[b] or _terminal_to(partners, a, b) >= 0:
                continue
            if _is_visible(positions_m[a], positions_m[b], rule):
                lefts.append(a)
                rights.append(b)
                apart_m.append(distance_m(positions_m[a], positions_m[b]))
    if len(lefts) == 1:
        return
    order = np.argsort(np.array(apart_m), kind="mergesort")
    for pair in order[: len(order) - 1]:
        a, b = lefts[pair], rights[pair]
        terminal_a, terminal_b = (
            _free_terminal(partners, a, first_cross),
            _free_terminal(partners, b, first_cross),
        )
        if terminal_a >= 0 and terminal_b >= 0:
            partners[a, terminal_a] = b
            partners[b, terminal_b] = a


@njit(cache=True)
def _point_samples(
    partners: np.ndarray,
    first_step: int,
    end_step: int,
    rivals: Rivals,
    positions_m: np.ndarray,
    next_in_plane: np.ndarray,
    planes: np.ndarray,
    rule: PointingRule,
) -> None:
    """Fill partners from first_step to before end_step; rivals carry over between calls."""
    n_satellites, n_terminals = rivals.satellites.shape
    may_cross = np.zeros(n_satellites, dtype=np.bool_)
    crossing = Crossing(planes, may_cross, 2 if n_terminals > 2 else 0)
    free = FreeSatellites(np.empty(n_satellites, np.int64), np.empty(n_satellites, np.int64))
    has_planes = planes.max() > planes.min()
    for step in range(first_step, end_step):
        here_m, current = positions_m[step], partners[step]
        _link_in_plane(current, here_m, next_in_plane[step], rule)
        if not has_planes:
            continue
        for satellite in range(n_satellites):
            x, y, z = here_m[satellite]
            may_cross[satellite] = abs(math.atan2(z, math.hypot(x, y))) <= rule.cutoff_latitude_rad
        if step > 0:
            _keep_cross_links(current, partners[step - 1], here_m, crossing, rule)
        _switch_cross_links(current, rivals, step, here_m, crossing, rule, free)
        n_free = _find_free(current, crossing, free)
        _form_cross_links(current, here_m, free.satellites[:n_free], crossing, rule)


def point_terminals(
    positions_m: np.ndarray,
    next_in_plane: np.ndarray,
    planes: np.ndarray,
    n_terminals: int,
    rule: PointingRule,
    tell: Callable[[float], None] | None = None,
) -> np.ndarray:
    """Return the satellite that each terminal holds at each sample, -1 if none.

    (T, S, n_terminals) int32.

    positions_m (T, S, 3), next_in_plane (T, S) from find_next_in_plane, planes (S,). tell hears the
    fraction done.
    """
    n_times, n_satellites = next_in_plane.shape
    partners = np.full((n_times, n_satellites, n_terminals), -1, dtype=np.int32)
    if n_terminals == 0:
        return partners
    rivals = Rivals(
        np.full((n_satellites, n_terminals), -1, dtype=np.int32),
        np.zeros((n_satellites, n_terminals), dtype=np.int64),
    )
    for first in range(0, n_times, SAMPLES_AT_ONCE):
        end = min(first + SAMPLES_AT_ONCE, n_times)
        _point_samples(partners, first, end, rivals, positions_m, next_in_plane, planes, rule)
        if tell:
            tell(end / n_times)
    return partners
