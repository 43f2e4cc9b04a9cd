"""Outlines of the land, from coastlines.npz (licence beside it)."""

from functools import cache
from pathlib import Path

import numpy as np

FILE = Path(__file__).resolve().parent / "coastlines.npz"


@cache
def land_rings_deg() -> tuple[np.ndarray, ...]:
    """Return closed rings (N, 2) of longitude and latitude; one that leaves the map at the date line stands there twice, a turn apart."""
    with np.load(FILE) as data:
        points, ends = data["points"] * float(data["step_deg"]), data["ends"]
    rings = np.split(points, ends[:-1])
    turned = [ring + np.array([turn, 0.0]) for ring in rings for turn in (-360.0, 360.0) if _is_beyond(ring, turn)]
    return (*rings, *turned)


@cache
def coasts_deg() -> np.ndarray:
    """Return the pieces of coast, (N, 2, 2) of longitude and latitude; the edge that closes Antarctica at the pole is none."""
    pieces = np.concatenate([np.stack([ring[:-1], ring[1:]], axis=1) for ring in land_rings_deg()])
    return pieces[pieces[..., 1].min(axis=1) > -90.0]


def _is_beyond(ring: np.ndarray, turn: float) -> bool:
    """True if a ring reaches over the edge of the map that a turn by this angle brings it back from."""
    return bool(ring[:, 0].max() > 180.0) if turn < 0.0 else bool(ring[:, 0].min() < -180.0)
