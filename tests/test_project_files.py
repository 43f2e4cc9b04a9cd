"""Project files: one version, a licence in the wheel, links that a package index can follow."""

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import orbit_gym

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_the_version_stands_in_one_place_and_the_citation_follows() -> None:
    assert orbit_gym.__version__ == PROJECT["version"]
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {PROJECT['version']}\n" in citation
    assert f"## [{PROJECT['version']}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    sources = [*(ROOT / "orbit_gym").rglob("*.py"), *(ROOT / "agents").rglob("*.py")]
    assert not [path for path in sources if f'"{PROJECT["version"]}"' in path.read_text("utf-8")]


def test_lowest_versions_are_the_lower_bounds() -> None:
    """The CI job of lowest versions would otherwise test others than those promised."""
    bounds = dict(
        re.match(r"([\w-]+)>=([\d.]+)", text).groups() for text in PROJECT["dependencies"]
    )
    lines = (ROOT / "constraints-lowest.txt").read_text(encoding="utf-8").splitlines()
    pins = dict(line.split("==") for line in lines if not line.startswith("#"))
    assert pins.keys() == bounds.keys()
    for name, bound in bounds.items():
        assert f"{pins[name]}.0".startswith(bound) and pins[name].startswith(bound), name


@pytest.mark.parametrize("path", ["LICENSE", "README.md", "CHANGELOG.md", "CONTRIBUTING.md"])
def test_files_that_strangers_look_for_are_there(path: str) -> None:
    assert len((ROOT / path).read_text(encoding="utf-8")) > 1_000


def test_the_wheel_holds_the_licence_and_all_data(tmp_path: Path) -> None:
    """Built from a copy, which has no remains of earlier builds, by the setuptools installed."""
    source = tmp_path / "source"
    shutil.copytree(ROOT / "orbit_gym", source / "orbit_gym")
    for name in ("pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(ROOT / name, source / name)
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-q"]
    done = subprocess.run(
        [*command, "-w", str(tmp_path), str(source)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    licences = [name for name in names if "/licenses/" in name]
    assert {Path(name).name for name in licences} >= {"LICENSE", "NOTICE", "LICENSE-three.txt"}
    data = ["views/assets/replay.js", "scenario/catalogue/Ring12.toml", "py.typed"]
    assert not [name for name in data if f"orbit_gym/{name}" not in names]
    assert not [name for name in names if name.startswith(("agents/", "tests/"))]
