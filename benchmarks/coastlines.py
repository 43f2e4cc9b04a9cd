"""Convert land outlines into the package's compact file: python -m benchmarks.coastlines land-110m.json. Done once.

The input is land-110m.json of the npm package world-atlas 2.0.2 (`npm pack world-atlas`): Natural Earth 4.1.0, public domain, as TopoJSON.
"""

import json
import sys
from pathlib import Path

import numpy as np

OUT = Path(__file__).resolve().parent.parent / "orbit_gym" / "rendering" / "coastlines.npz"
STEP_DEG = 0.01  # choice: 1.1 km, a quarter of what a 1:110,000,000 outline is good for


def decoded_arcs(topology: dict) -> list[np.ndarray]:
    """Return arcs (N, 2) in degrees; TopoJSON stores differences of whole numbers."""
    scale, offset = np.array(topology["transform"]["scale"]), np.array(topology["transform"]["translate"])
    return [np.cumsum(np.array(arc), axis=0) * scale + offset for arc in topology["arcs"]]


def ring_of(numbers: list[int], arcs: list[np.ndarray]) -> np.ndarray:
    """Return a closed ring (N, 2); a negative number ~k is arc k backwards; arcs share their ends."""
    parts = [arcs[number] if number >= 0 else arcs[~number][::-1] for number in numbers]
    return np.concatenate([parts[0], *(part[1:] for part in parts[1:])])


def unrolled(ring: np.ndarray) -> np.ndarray:
    """Return the ring without jumps at the date line; one around a pole is closed along the map's edge there."""
    longitude = np.unwrap(ring[:, 0], period=360.0)
    longitude -= 360.0 * np.rint(np.median(longitude) / 360.0)
    ring = np.stack([longitude, ring[:, 1]], axis=1)
    if abs(longitude[-1] - longitude[0]) < 180.0:
        return ring
    pole = 90.0 if ring[:, 1].mean() > 0.0 else -90.0
    return np.concatenate([ring, [[longitude[-1], pole], [longitude[0], pole]], ring[:1]])


def main() -> None:
    """Command line."""
    topology = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    arcs = decoded_arcs(topology)
    polygons = [polygon for shape in topology["objects"]["land"]["geometries"] for polygon in shape["arcs"]]
    rings = [unrolled(ring_of(ring, arcs)) for polygon in polygons for ring in polygon]
    points = np.rint(np.concatenate(rings) / STEP_DEG).astype(np.int16)
    ends = np.cumsum([len(ring) for ring in rings]).astype(np.int32)
    np.savez_compressed(OUT, points=points, ends=ends, step_deg=STEP_DEG)
    print(f"wrote {OUT.name}: {len(rings)} rings, {len(points)} points, {OUT.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
