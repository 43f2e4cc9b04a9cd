"""Imports point down and never in a circle; foreign libraries stay on the floors that own them.

A new module of orbit_gym takes one line in FLOORS. A module may import only modules of a lower floor.
"""

import sys
from functools import cache
from pathlib import Path

import pytest

from tests.helpers.importing import imported_names

PACKAGE = Path(__file__).resolve().parent.parent / "orbit_gym"

FLOORS = {
    "units": 0,
    "tasks": 0,
    "files": 0,
    "cache": 0,
    "jit": 0,
    "chance": 0,
    "traces": 0,  # the folder; its files may import each other, downwards too (no cycles)
    "physics": 1,  # the folder, like traces
    "episode": 1,
    "sections": 1,  # the folder, like traces
    "scenario": 2,
    "catalogue": 3,
    "reward": 3,
    "observation": 3,
    "orbits": 3,
    "orbits.planes": 0,  # folders that have lines for their files have floors inside
    "orbits.tle": 0,
    "orbits.omm": 1,
    "orbits.elements": 2,
    "orbits.positions": 3,
    "compiled": 4,
    "compiled.world": 0,
    "compiled.bounds": 0,
    "compiled.sightings": 1,
    "compiled.opportunities": 1,
    "compiled.flight": 1,
    "compiled.indices": 1,
    "compiled.footprint": 2,
    "compiled.contacts": 2,
    "compiled.compiler": 3,
    "compiled.world_store": 4,
    "core": 5,
    "core.state": 0,
    "core.calendars": 1,
    "core.heap": 1,
    "core.transfers": 2,
    "core.landings": 2,
    "core.compute": 2,
    "core.profiles": 2,
    "core.aims": 3,
    "core.ledger": 3,
    "core.asked": 3,
    "core.ways_down": 4,
    "core.relaxing": 4,
    "core.placing": 4,
    "core.booking": 4,
    "core.faults": 4,
    "core.encoding": 4,
    "core.routing": 5,
    "core.delivery": 6,
    "core.planning": 7,
    "core.kernel": 8,
    "details": 5,
    "topology": 6,
    "workloads": 6,
    "workloads.bursts": 0,
    "workloads.load_store": 0,
    "workloads.making": 1,
    "workloads.outages": 1,
    "workloads.replay": 2,
    "workloads.arrivals": 3,
    "simulation": 6,
    "worlds": 7,
    "metrics": 7,
    "rendering": 7,  # the folder, like traces
    "descriptions": 8,
    "descriptions.derived": 0,
    "descriptions.scenario_tables": 0,
    "descriptions.docs_tables": 1,
    "descriptions.loads": 1,
    "descriptions.describing": 2,
    "drawing": 8,
    "batch": 9,
    "env": 10,
    "vector": 10,
    "registration": 11,
    "recording": 11,  # the folder, like traces
    "globe": 12,  # the folder, like traces
    "cli": 13,
    "__main__": 14,
    "__init__": 15,
}
STANDARD = set(sys.stdlib_module_names)
ANYWHERE = STANDARD | {"numpy", "numba", "orbit_gym"}
PHYSICS = {"math", "typing", "numpy", "numba", "orbit_gym", "collections", "__future__"}
# Foreign libraries and the only modules that may import them.
OWNERS = {
    "skyfield": {"orbits.positions"},
    "sgp4": {"orbits"},
    "gymnasium": {"observation", "drawing", "env", "vector", "registration", "recording"},
    "matplotlib": {"rendering"},
    "czml3": {"rendering"},
    "networkx": {"env", "topology", "rendering"},
    "scipy": {"workloads.arrivals", "descriptions.derived", "metrics", "orbits.positions", "compiled.compiler"},
    "tyro": {"cli"},
    "rich": {"descriptions.describing"},
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
    for name in imported_names(source):
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


def floor_inside(name: str) -> int | None:
    """Floor inside its folder, None where the folder's files have none; the folder's own docstring is below all."""
    folder, _, module = name.partition(".")
    if not any(key.startswith(f"{folder}.") for key in FLOORS):
        return None
    assert not module or name in FLOORS, f"orbit_gym.{name} has no floor: give it a line in FLOORS"
    return FLOORS[name] if module else -1


@cache
def all_imports() -> dict[str, tuple[set[str], set[str]]]:
    known = module_names()
    return {name: imports(source_of(name).read_text(encoding="utf-8"), known) for name in known}


def check_down(name: str, ours: set[str]) -> None:
    for other in ours:
        here, there = floor_of(name), floor_of(other)
        if "." in name + other and name.partition(".")[0] == other.partition(".")[0]:
            inside, beside = floor_inside(name), floor_inside(other)
            here, there = (1, 0) if inside is None or beside is None else (inside, beside)
        assert there < here, f"orbit_gym.{name} imports orbit_gym.{other}, which is not below it"


def check_foreign(name: str, foreign: set[str]) -> None:
    top = name.partition(".")[0]
    allowed = PHYSICS if top == "physics" else ANYWHERE | {library for library, owners in OWNERS.items() if owners & {name, top}}
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
        ("scenario", "from orbit_gym.scenario.loading import load_scenario"),
        ("scenario", "def f():\n    from orbit_gym import catalogue"),
        ("units", "import orbit_gym.env"),
        ("physics.sun", "from orbit_gym.scenario.scenario import Scenario"),
        ("physics.sun", "import scipy"),
        ("scenario", "import gymnasium"),
        ("catalogue", "from sgp4.api import Satrec"),
        ("env", "import torch"),
        ("env", "from agents.rules import heuristics"),
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
        "import math\nimport numpy as np\nfrom orbit_gym.physics import links\nfrom orbit_gym.utils.units import DAY_S", KNOWN
    )
    assert ours == {"physics.links", "units"}
    check_down("physics.sun", ours)
    check_foreign("physics.sun", foreign)
    assert find_cycle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert find_cycle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []
