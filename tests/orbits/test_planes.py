"""Grouping into planes: by hand, in any order, against Walker shells and real constellations."""

import math
from pathlib import Path

import numpy as np
import pytest

from orbit_gym.orbits.elements import read_elements
from orbit_gym.orbits.planes import group_planes


def planes_of(inclination_deg, raan_deg, height_km) -> list[int]:  # type: ignore[no-untyped-def]
    size = len(raan_deg)
    inclination_rad = np.radians(np.broadcast_to(np.asarray(inclination_deg, float), size))
    axis_m = 6_378e3 + 1e3 * np.broadcast_to(np.asarray(height_km, float), size)
    return group_planes(inclination_rad, np.radians(np.asarray(raan_deg, float)), axis_m).tolist()


@pytest.mark.parametrize(
    ("inclination_deg", "raan_deg", "height_km", "expected"),
    [
        (97.4, [10.0, 25.0, 10.3, 25.4], 500.0, [0, 1, 0, 1]),  # numbered by first appearance
        (97.4, [359.8, 0.3, 120.0, 359.9], 500.0, [0, 0, 1, 0]),  # around the circle
        (97.4, [10.0, 10.9, 11.8], 500.0, [0, 0, 0]),  # a chain without a gap of a degree
        (97.4, [10.0, 12.0], 500.0, [0, 1]),
        (
            97.4,
            np.arange(0.0, 8.0, 0.9),
            500.0,
            [0, 0, 0, 0, 1, 1, 1, 1, 2],
        ),  # a chain is cut where it grows wider than 3 degrees
        (
            10.0,
            [10.0, 14.0],
            500.0,
            [0, 0],
        ),  # normals 0.7 degrees apart: nodes mean little near the equator
        (0.0, [0.0, 120.0, 240.0], 500.0, [0, 0, 0]),  # and nothing on it
        ([53.0, 97.4], [10.0, 10.0], 500.0, [0, 1]),
        (53.0, [10.0, 10.0, 10.0, 10.0], [480.0, 540.0, 481.0, 530.0], [0, 1, 0, 1]),
        (
            53.0,
            [10.0, 10.8, 11.6],
            [540.0, 480.0, 540.0],
            [0, 1, 2],
        ),  # interleaved shells do not chain their planes together
        (97.4, [], 500.0, []),
    ],
)
def test_by_hand(inclination_deg, raan_deg, height_km, expected) -> None:  # type: ignore[no-untyped-def]
    assert planes_of(inclination_deg, raan_deg, height_km) == expected


def test_order_does_not_matter() -> None:
    """A Walker shell of 24 planes of 22, shuffled: every plane keeps exactly its members."""
    rng = np.random.default_rng(0)
    truth = np.repeat(np.arange(24), 22)
    raan_deg = truth * 15.0 + rng.uniform(-0.2, 0.2, truth.size)
    order = rng.permutation(truth.size)
    planes = np.array(planes_of(53.0, raan_deg[order], 550.0 + rng.uniform(-3.0, 3.0, truth.size)))
    assert (
        planes.max() == 23
        and len({(plane, true) for plane, true in zip(planes, truth[order], strict=True)}) == 24
    )


def test_oneweb_flies_in_twelve_planes(shared_data: Path) -> None:
    """Authority: OneWeb's filing, 12 planes at 1,200 km near 87.9 degrees.

    Planes of ten or more; strays are fewer.
    """
    records = read_elements(
        shared_data / "tle" / "celestrak_oneweb_20260530.tle", "tle_file", True
    ).records
    rows = np.array([(r.inclo, r.nodeo, r.a * 6_378_135.0) for r in records]).T
    assert np.count_nonzero(np.bincount(group_planes(*rows)) >= 10) == 12


def test_the_drifted_twelve_are_two_planes(shared_data: Path) -> None:
    """By June 2026 six were kept at their height and six had fallen (elements of CelesTrak).

    Their nodes differ by two degrees and more.
    """
    elements = read_elements(
        shared_data / "tle" / "three_body_scs01_20260626.tle", "tle_file", True
    )
    rows = np.array([(r.inclo, r.nodeo, r.a * 6_378_135.0) for r in elements.records]).T
    planes = group_planes(*rows)
    in_plane_0 = {
        name[-1] for name, plane in zip(elements.names, planes, strict=True) if plane == 0
    }
    assert in_plane_0 == set("ACEFKL") and planes.max() == 1
    assert math.degrees(np.ptp(rows[1])) < 5.0
