"""Imports point down and never in a circle; foreign libraries stay on the floors that own them.

A new module of orbit_gym takes one line in FLOORS. A module may import only modules of a lower floor.
"""

import ast
import sys
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "orbit_gym"

FLOORS = {
    "units": 0,
    "tasks": 0,
    "files": 0,
    "cache": 0,
    "jit": 0,
    "chance": 0,
    "planes": 0,
    "tle": 0,
    "omm": 1,
    "elements": 2,
    "physics": 1,  # the folder; its files may import each other, downwards too (no cycles)
    "world": 1,
    "episode": 1,
    "sections": 1,  # the folder, like physics
    "scenario": 2,
    "catalogue": 3,
    "orbits": 3,
    "state": 2,
    "reward": 3,
    "observation": 3,
    "bounds": 1,
    "calendars": 3,
    "flight": 4,
    "contacts": 5,
    "indices": 5,
    "footprint": 5,
    "compiler": 6,
    "load_store": 1,
    "world_store": 7,
    "transfers": 4,
    "landings": 4,
    "heap": 3,
    "aims": 5,
    "ways_down": 6,
    "relaxing": 6,
    "routing": 7,
    "compute": 4,
    "profiles": 4,
    "ledger": 5,
    "placing": 6,
    "delivery": 8,
    "planning": 9,
    "booking": 6,
    "topology": 5,
    "faults": 6,
    "outages": 5,
    "asked": 5,
    "encoding": 6,
    "kernel": 10,
    "opportunities": 3,
    "traces": 0,  # the folder, like physics; numpy alone
    "bursts": 1,
    "making": 3,
    "sightings": 2,
    "replay": 4,
    "arrivals": 11,
    "simulation": 11,
    "relaxed": 12,
    "worlds": 12,
    "details": 3,
    "metrics": 12,
    "derived": 3,
    "loads": 12,
    "scenario_tables": 4,
    "describing": 13,
    "docs_tables": 12,
    "rendering": 12,
    "drawing": 13,
    "batch": 14,
    "vector": 15,
    "env": 15,
    "registration": 16,
    "recording": 16,  # the folder, like physics
    "globe": 17,  # the folder, like physics
    "cli": 18,
    "__main__": 19,
    "__init__": 20,
}
STANDARD = set(sys.stdlib_module_names)
ANYWHERE = STANDARD | {"numpy", "numba", "orbit_gym"}
PHYSICS = {"math", "typing", "numpy", "numba", "orbit_gym", "collections", "__future__"}
# Foreign libraries and the only modules that may import them.
OWNERS = {
    "skyfield": {"orbits"},
    "sgp4": {"orbits", "tle", "omm", "elements"},
    "gymnasium": {"observation", "drawing", "env", "vector", "registration", "recording"},
    "matplotlib": {"rendering"},
    "czml3": {"rendering"},
    "networkx": {"env", "topology", "rendering"},
    "scipy": {"arrivals", "derived", "metrics", "relaxed", "orbits", "compiler"},
    "tyro": {"cli"},
    "rich": {"describing"},
    "tqdm": {"cli", "worlds"},
}
NEVER = {"agents", "torch", "stable_baselines3", "sb3_contrib", "tests", "benchmarks", "train"}


def module_names() -> list[str]:
    """Dotted names under orbit_gym, packages by their own name ("" is orbit_gym itself)."""
    return sorted(name_of(path) for path in PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def source_of(name: str) -> Path:
    path = PACKAGE.joinpath(*name.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def imports(source: str, known: list[str]) -> tuple[set[str], set[str]]:
    """Modules of orbit_gym and top-level foreign packages that a source imports anywhere, inside functions too."""
    ours: set[str] = set()
    foreign: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"relative import in line {node.lineno}: write orbit_gym in full"
            full = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            full = [alias.name for alias in node.names]
        else:
            continue
        for name in full:
            top, _, rest = name.partition(".")
            foreign.add(top)
            if top == "orbit_gym":
                ours.add(module_of(rest, known))
    return ours, foreign


def module_of(path: str, known: list[str]) -> str:
    """The module behind "world.World", "physics.sun" or "DAY_S", as a name under orbit_gym."""
    parent = path.rpartition(".")[0]
    return next((part for part in (path, parent, path.partition(".")[0]) if part in known or part in FLOORS), "__init__")


def floor_of(name: str) -> int:
    top = name.partition(".")[0]
    assert top in FLOORS, f"orbit_gym.{name} has no floor: give it a line in FLOORS"
    return FLOORS[top]


@cache
def all_imports() -> dict[str, tuple[set[str], set[str]]]:
    known = module_names()
    return {name: imports(source_of(name).read_text(encoding="utf-8"), known) for name in known}


def check_down(name: str, ours: set[str]) -> None:
    for other in ours:
        is_sibling = "." in name + other and name.partition(".")[0] == other.partition(".")[0]
        assert is_sibling or floor_of(other) < floor_of(name), f"orbit_gym.{name} imports orbit_gym.{other}, which is not below it"


def check_foreign(name: str, foreign: set[str]) -> None:
    top = name.partition(".")[0]
    allowed = PHYSICS if top == "physics" else ANYWHERE | {library for library, owners in OWNERS.items() if top in owners}
    assert not foreign & NEVER, f"orbit_gym.{name} imports {foreign & NEVER}: the environment knows nothing of agents"
    assert foreign <= allowed, (
        f"orbit_gym.{name} imports {sorted(foreign - allowed)}; allowed here beside Python's own: {sorted(allowed - STANDARD)}"
    )


def find_cycle(graph: dict[str, set[str]]) -> list[str]:
    """One cycle of a graph, or an empty list."""
    done: set[str] = set()

    def visit(name: str, trail: list[str]) -> list[str]:
        if name in trail:
            return [*trail[trail.index(name) :], name]
        if name in done:
            return []
        found = next((cycle for other in sorted(graph.get(name, ())) if (cycle := visit(other, [*trail, name]))), [])
        done.add(name)
        return found

    return next((cycle for name in sorted(graph) if (cycle := visit(name, []))), [])


@pytest.mark.parametrize("name", module_names())
def test_imports_point_down_and_libraries_stay_home(name: str) -> None:
    ours, foreign = all_imports()[name]
    check_down(name, ours)
    check_foreign(name, foreign)


def test_there_is_no_import_cycle() -> None:
    assert find_cycle({name: ours for name, (ours, _) in all_imports().items()}) == []


KNOWN = ["units", "scenario", "catalogue", "env", "physics", "physics.sun", "physics.links", "__init__"]


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("scenario", "from orbit_gym.catalogue import load_scenario"),
        ("scenario", "def f():\n    from orbit_gym import catalogue"),
        ("units", "import orbit_gym.env"),
        ("physics.sun", "from orbit_gym.scenario import Scenario"),
        ("physics.sun", "import scipy"),
        ("scenario", "import gymnasium"),
        ("catalogue", "from sgp4.api import Satrec"),
        ("env", "import torch"),
        ("env", "from agents import heuristics"),
        ("env", "import matplotlib.pyplot as plt"),
        ("nowhere", "from orbit_gym import units"),
        ("env", "from . import units"),
    ],
)
def test_the_check_can_fail(name: str, source: str) -> None:
    with pytest.raises(AssertionError):
        ours, foreign = imports(source, KNOWN)
        check_down(name, ours)
        check_foreign(name, foreign)


def test_the_check_lets_good_imports_pass() -> None:
    ours, foreign = imports(
        "import math\nimport numpy as np\nfrom orbit_gym.physics import links\nfrom orbit_gym.units import DAY_S", KNOWN
    )
    assert ours == {"physics.links", "units"}
    check_down("physics.sun", ours)
    check_foreign("physics.sun", foreign)
    assert find_cycle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert find_cycle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []
