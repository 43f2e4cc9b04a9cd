"""Which satellites share an orbit plane: sorted elements cut at gaps, for thousands of satellites
at once.

Satellites of one plane follow each other, so that the pointing rule may link them fore and aft by
argument of latitude for long. They are cut apart where a sorted element leaves a gap, or where a
group would grow too wide: first by inclination, then by node, then by height, and by node once more
(where two shells interleave, height has just told their planes apart).

Measured on real elements (CelesTrak, May 2026): within a plane of Starlink or OneWeb the nodes
scatter by less than 0.4 degrees, planes stand 2.7 degrees or more apart; so a gap of one degree
between orbit normals divides them. Twelve satellites of one launch spread over 10 km of height in
three months, 37 km in a year: a gap of 20 km is taken to divide (assumption; the lower of two
satellites 20 km apart gains 24 degrees a day on the other).
"""

import math

import numpy as np

INCLINATION_GAP_RAD, INCLINATION_WIDTH_RAD = math.radians(0.5), math.radians(2.0)
NORMAL_GAP_RAD, NORMAL_WIDTH_RAD = math.radians(1.0), math.radians(3.0)
HEIGHT_GAP_M, HEIGHT_WIDTH_M = 20e3, 40e3


def group_planes(
    inclination_rad: np.ndarray, raan_rad: np.ndarray, axis_m: np.ndarray
) -> np.ndarray:
    """Return the plane of each satellite (S,) int32, numbered by first appearance.

    From mean elements at one instant (S,).
    """
    groups = _divide(
        np.zeros(len(axis_m), np.int64), inclination_rad, INCLINATION_GAP_RAD, INCLINATION_WIDTH_RAD
    )
    groups = _divide_nodes(groups, inclination_rad, raan_rad)
    groups = _divide(groups, axis_m, HEIGHT_GAP_M, HEIGHT_WIDTH_M)
    groups = _divide_nodes(groups, inclination_rad, raan_rad)
    _, first, member = np.unique(groups, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[member].astype(np.int32)


def _divide_nodes(
    groups: np.ndarray, inclination_rad: np.ndarray, raan_rad: np.ndarray
) -> np.ndarray:
    """Divide groups by node, around the circle from the widest gap on.

    Normals lie apart by the node times sin(inclination).
    """
    turned_rad = np.zeros(len(groups))
    for members in _members(groups):
        nodes_rad = np.mod(raan_rad[members], 2.0 * math.pi)
        order = np.sort(nodes_rad)
        start_rad = order[np.argmax(np.diff(order, prepend=order[-1] - 2.0 * math.pi))]
        turned_rad[members] = np.mod(nodes_rad - start_rad, 2.0 * math.pi) * math.sin(
            inclination_rad[members].mean()
        )
    return _divide(groups, turned_rad, NORMAL_GAP_RAD, NORMAL_WIDTH_RAD)


def _divide(groups: np.ndarray, values: np.ndarray, gap: float, width: float) -> np.ndarray:
    """Return new labels (S,), each group divided where its sorted values leave a gap.

    And where it would become wider than width.
    """
    order = np.lexsort((values, groups))
    divided = np.empty(len(groups), np.int64)
    label, previous, first = -1, -1, 0.0
    last = 0.0
    for satellite in order.tolist():
        value, group = values[satellite], groups[satellite]
        if group != previous or value - last > gap or value - first > width:
            label, previous, first = label + 1, group, value
        last = value
        divided[satellite] = label
    return divided


def _members(groups: np.ndarray) -> list[np.ndarray]:
    """Return the indices of each group."""
    order = np.argsort(groups, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(groups[order])) + 1) if len(order) else []
