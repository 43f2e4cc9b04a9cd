"""The charge that a baseline needs, required_j, against brute-force forward simulation of random
load profiles.

Under test: the backward recursion that a World's power rows hold, and compute.required_j, which
reads it between rows.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from orbit_gym.kernels.accelerator.charge_and_heat import required_j
from orbit_gym.physics.energy import required_charge_j
from tests.helpers.small_world import HORIZON_S, small_world
from validation.rows import Row, judged_row

QUANTITY = "least charge that carries a baseline"
AUTHORITY = "brute-force forward simulation"
TOLERANCE_J = 1.0
PROFILES = 200
ROWS = 20
FLOOR_J = 70e3
END_S = 5_600.0
BOUNDLESS_J = 1e9


class Profile(NamedTuple):
    """Net power (ROWS,) from each start (ROWS,) to the next, the last to END_S."""

    start_s: np.ndarray
    net_w: np.ndarray


def random_profile(rng: np.random.Generator) -> Profile:
    """Sunlight and eclipse in any order, 50 to 300 W up or down."""
    start_s = np.r_[0.0, np.sort(rng.uniform(0.0, 5_000.0, ROWS - 1))]
    net_w = np.where(
        rng.random(ROWS) < 0.6, rng.uniform(50.0, 300.0, ROWS), rng.uniform(-200.0, -50.0, ROWS)
    )
    return Profile(start_s, net_w)


def lowest_charge_j(
    charge_j: float, start_s: np.ndarray, net_w: np.ndarray, end_s: float, capacity_j: float
) -> float:
    """Independent forward walk in steps of at most one second, without the kernels under test."""
    lowest_j = charge_j
    for first_s, last_s, watts in zip(start_s, np.r_[start_s[1:], end_s], net_w, strict=True):
        steps = int(np.ceil(last_s - first_s))
        for _ in range(steps):
            charge_j = min(capacity_j, charge_j + watts * (last_s - first_s) / steps)
            lowest_j = min(lowest_j, charge_j)
    return lowest_j


def walk_error_j(profile: Profile, time_s: float, needed_j: float) -> float:
    """Return how far a walk ends up from touching the floor at its lowest.

    It starts at time_s with needed_j.
    """
    row = int(np.searchsorted(profile.start_s, time_s, side="right")) - 1
    start_s = np.r_[time_s, profile.start_s[row + 1 :]]
    return abs(
        lowest_charge_j(needed_j, start_s, profile.net_w[row:], END_S, BOUNDLESS_J) - FLOOR_J
    )


def recursion_error_j(rng: np.random.Generator) -> float:
    """Largest error of one profile over all its rows."""
    profile = random_profile(rng)
    needed_j = required_charge_j(profile.start_s, profile.net_w, END_S, FLOOR_J)
    return max(
        walk_error_j(profile, float(profile.start_s[row]), float(needed_j[row]))
        for row in range(ROWS)
    )


def between_rows_error_j(rng: np.random.Generator) -> float:
    """Error of one profile at ten instants between its rows, through the rows of a World.

    From END_S on the Sun shines.
    """
    profile = random_profile(rng)
    power = [*zip(profile.start_s.tolist(), profile.net_w.tolist(), strict=True), (END_S, 500.0)]
    world = small_world(1, power=power, floor_j=FLOOR_J)
    assert END_S < HORIZON_S
    return max(
        walk_error_j(profile, time_s, float(required_j(world, 0, time_s)))
        for time_s in rng.uniform(0.0, END_S, 10).tolist()
    )


def measure(data: Path | None) -> list[Row]:
    """Return two rows: at the power rows, and between them.

    The recursion runs at the rows; bookings look between them.
    """
    at_rows_j = max(recursion_error_j(np.random.default_rng(seed)) for seed in range(PROFILES))
    between_j = max(between_rows_error_j(np.random.default_rng(seed)) for seed in range(PROFILES))
    note = f"{PROFILES} random profiles"
    return [
        judged_row(f"{QUANTITY}, at its changes", AUTHORITY, at_rows_j, TOLERANCE_J, "J", note),
        judged_row(f"{QUANTITY}, between them", AUTHORITY, between_j, TOLERANCE_J, "J", note),
    ]
