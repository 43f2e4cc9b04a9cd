"""What the page is built from: the bundle is that of the sources, the map is closed and complete,
licences are there.
"""

import hashlib
import json
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[3]
ASSETS, SOURCES = ROOT / "orbit_gym" / "views" / "assets", ROOT / "web" / "replay"
BUILD_FILES = ("replay.js", "coastlines.json", "LICENSE-three.txt")


def test_the_bundle_is_built_from_these_sources() -> None:
    """web/replay/bundle.sha256, which the build writes, names every source and everything built
    from them, as they are.
    """
    lines = (SOURCES / "bundle.sha256").read_text(encoding="utf-8").splitlines()
    digests = {name: digest for digest, name in (line.split("  ") for line in lines)}
    assert {f"src/{path.name}" for path in (SOURCES / "src").iterdir()} == {
        name for name in digests if name.startswith("src/")
    }
    assert {
        "build.mjs",
        "coastlines.mjs",
        "package-lock.json",
        *(f"../../orbit_gym/views/assets/{name}" for name in BUILD_FILES),
    } <= set(digests)
    changed = [
        name
        for name, digest in digests.items()
        if hashlib.sha256((SOURCES / name).read_bytes()).hexdigest() != digest
    ]
    assert not changed, (
        f"{changed} changed: in web/replay run npm ci, npm run coastlines, npm run build"
    )


def test_packages_are_locked_and_named() -> None:
    """Every package has a checksum; the licence and version of the one that is bundled are told."""
    packages = json.loads((SOURCES / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert all(entry["integrity"].startswith("sha512-") for name, entry in packages.items() if name)
    first = (ASSETS / "replay.js").read_text(encoding="utf-8").partition("*/")[0]
    assert (
        f"three.js {packages['node_modules/three']['version']}, MIT, see LICENSE-three.txt" in first
    )


def test_licences_are_kept() -> None:
    text = (ASSETS / "LICENSE-three.txt").read_text(encoding="utf-8")
    assert "The MIT License" in text and "three.js authors" in text
    assert "Natural Earth" in json.loads((ASSETS / "coastlines.json").read_text())["source"]
    assert (
        "public domain" in (text := (ASSETS / "LICENSE-coastlines.txt").read_text(encoding="utf-8"))
        and "Michael Bostock" in text
    )


def test_coastlines_are_closed_rings_within_the_map_and_small() -> None:
    """Land is 29.2 % of the Earth (CIA World Factbook: 148.94 of 510.072 million km2).

    Ice shelves and 1:50m make it a little more.
    """
    data = json.loads((ASSETS / "coastlines.json").read_text())
    assert (ASSETS / "coastlines.json").stat().st_size <= 100_000
    area = 0.0
    for steps in data["rings"]:
        ring = np.cumsum(np.array(steps).reshape(-1, 2), axis=0) / data["per_degree"]
        assert (
            np.array_equal(ring[0], ring[-1])
            and np.abs(ring[:, 0]).max() <= 180.0
            and np.abs(ring[:, 1]).max() <= 90.0
        )
        x, y = np.radians(ring[:, 0]), np.sin(np.radians(ring[:, 1]))
        area -= float(
            ((x[1:] - x[:-1]) * (y[1:] + y[:-1]) / 2.0).sum()
        )  # equal-area cylinder; outer rings run one way, lakes the other
    assert 0.28 < abs(area) / (4.0 * np.pi) < 0.305
