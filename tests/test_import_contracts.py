"""Imports point down and never in a circle, and foreign libraries stay home (pyproject.toml)."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CHECK = "import sys; from importlinter.cli import lint_imports_command; lint_imports_command()"


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """Check the contracts of a checkout, without a cache that another checkout may have written."""
    command = [sys.executable, "-c", CHECK, "--config", "pyproject.toml", "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)


def test_the_contracts_are_kept() -> None:
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


PLANTED = [
    ("orbit_gym/physics/sun.py", "import scipy.stats", "Physics knows formulas only"),
    ("orbit_gym/utils/units.py", "import orbit_gym.env", "Layers of orbit_gym"),
    ("orbit_gym/env.py", "import agents.policies.heuristics", "The environment knows nothing of"),
    ("orbit_gym/scenario/loading.py", "import sgp4.api", "SGP4 stays with the orbits"),
    ("orbit_gym/orbits/planes.py", "import skyfield.api", "Skyfield stays at its door"),
    ("orbit_gym/kernels/heat.py", "import orbit_gym.scenario.scenario", "Kernels know nothing"),
    ("orbit_gym/nowhere.py", "import math", "Layers of orbit_gym"),
    ("agents/policies/published.py", "def f():\n    import agents.evaluate", "Layers of agents"),
    ("agents/utils/jit.py", "import experiments.imitate", "Nothing depends on experiments"),
    ("agents/utils/jit.py", "import benchmarks.speed", "Nothing depends on experiments"),
    ("orbit_gym/views/map/text.py", "import tests.helpers.pages", "The environment knows nothing"),
    ("orbit_gym/vector.py", "import benchmarks.speed", "The environment knows nothing of"),
]


def test_every_planted_import_is_found(tmp_path: Path) -> None:
    """The check can fail: one copy of the tree with every kind of wrong import in it."""
    for name in ("orbit_gym", "agents"):
        for path in (ROOT / name).rglob("*.py"):
            copy = tmp_path / path.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    (tmp_path / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    for name, line, _ in PLANTED:
        with (tmp_path / name).open("a", encoding="utf-8") as file:
            file.write(f"\n{line}\n")
    done = lint_imports(tmp_path)
    assert done.returncode == 1, done.stderr
    for _, _, contract in PLANTED:
        kept_lines = [
            text for text in done.stdout.splitlines() if contract in text and "KEPT" in text
        ]
        assert not kept_lines and contract in done.stdout, contract


@pytest.mark.parametrize("name", ["orbit_gym", "agents"])
def test_a_file_that_no_package_holds_is_none_of_ours(name: str) -> None:
    """A folder without an __init__ would be left out of every contract."""
    bare = {path.parent for path in (ROOT / name).rglob("*.py")}
    assert not [folder for folder in sorted(bare) if not (folder / "__init__.py").is_file()]
