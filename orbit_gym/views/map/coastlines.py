"""Outlines of the land, from the file that the replay's globe is drawn from too
(assets/coastlines.json, licence beside it).
"""

import json
from functools import cache
from pathlib import Path

import numpy as np

FILE = Path(__file__).resolve().parent.parent / "assets" / "coastlines.json"
EDGE_DEG = np.array([180.0, 90.0])  # of the map


@cache
def land_rings_deg() -> tuple[np.ndarray, ...]:
    """Return closed rings (N, 2) of longitude and latitude.

    Land across the date line is cut there, Antarctica closed along the pole.
    """
    data = json.loads(FILE.read_text(encoding="utf-8"))
    return tuple(
        np.cumsum(np.reshape(steps, (-1, 2)), axis=0) / data["per_degree"]
        for steps in data["rings"]
    )


@cache
def coasts_deg() -> np.ndarray:
    """Return the pieces of coast, (N, 2, 2) of longitude and latitude.

    The cuts along the edges of the map are none.
    """
    pieces = np.concatenate([np.stack([ring[:-1], ring[1:]], axis=1) for ring in land_rings_deg()])
    along_edge = (np.abs(pieces) >= EDGE_DEG) & (np.sign(pieces[:, :1]) == np.sign(pieces[:, 1:]))
    return pieces[~along_edge.all(axis=1).any(axis=1)]
