"""What the page is built from: the bundle is that of the sources, the map is closed and complete, licences are there."""

import hashlib
import json
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent.parent
ASSETS, SOURCES = ROOT / "orbit_gym" / "assets", ROOT / "web" / "replay"


def test_the_bundle_is_built_from_these_sources() -> None:
    digest = hashlib.sha256()
    for path in sorted((SOURCES / "src").iterdir()):
        digest.update(f"{path.name}\n".encode())
        digest.update(path.read_bytes())
    first = (ASSETS / "replay.js").read_text(encoding="utf-8").partition("*/")[0]
    assert f"sources {digest.hexdigest()[:16]}." in first, "web/replay/src changed: run npm run build there"
    version = json.loads((SOURCES / "package.json").read_text())["devDependencies"]["three"]
    assert f"three.js {version}, MIT, see LICENSE-three.txt" in first


def test_licences_are_kept() -> None:
    text = (ASSETS / "LICENSE-three.txt").read_text(encoding="utf-8")
    assert "The MIT License" in text and "three.js authors" in text
    assert "Natural Earth" in json.loads((ASSETS / "coastlines.json").read_text())["source"]


def test_coastlines_are_closed_rings_within_the_map_and_small() -> None:
    """Land is 29.2 % of the Earth (CIA World Factbook: 148.94 of 510.072 million km2); ice shelves and 1:50m make it a little more."""
    data = json.loads((ASSETS / "coastlines.json").read_text())
    assert (ASSETS / "coastlines.json").stat().st_size <= 100_000
    area = 0.0
    for steps in data["rings"]:
        ring = np.cumsum(np.array(steps).reshape(-1, 2), axis=0) / data["per_degree"]
        assert np.array_equal(ring[0], ring[-1]) and np.abs(ring[:, 0]).max() <= 180.0 and np.abs(ring[:, 1]).max() <= 90.0
        x, y = np.radians(ring[:, 0]), np.sin(np.radians(ring[:, 1]))
        area -= float(((x[1:] - x[:-1]) * (y[1:] + y[:-1]) / 2.0).sum())  # equal-area cylinder; outer rings run one way, lakes the other
    assert 0.28 < abs(area) / (4.0 * np.pi) < 0.305
