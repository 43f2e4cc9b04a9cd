"""Imports of `agents` point down: packages know nothing of commands, and nobody knows the packages above."""

from pathlib import Path

import pytest

from tests.helpers.importing import imported_names

PACKAGE = Path(__file__).resolve().parents[2] / "agents"

# A file or package may import only what stands on a lower floor; files of one package may import each other.
FLOORS = [
    {"common"},
    {"pretrained", "rules"},
    {"episodes", "networks"},
    {"planners", "report"},
    {"evaluation"},
    {"learning"},
    {"evaluate", "tune", "bounds", "expert", "labels", "imitate", "publish", "evolve"},  # commands
    {"rows", "planned_runs", "learner_picture"},
    {"learner", "ablations"},
]
FLOOR_OF = {name: floor for floor, names in enumerate(FLOORS) for name in names}
MODULES = [
    path.relative_to(PACKAGE).with_suffix("").as_posix() for path in sorted(PACKAGE.rglob("*.py")) if path != PACKAGE / "__init__.py"
]


def check(module: str, source: str) -> None:
    own = module.partition("/")[0]
    for other in {name.split(".")[1] for name in imported_names(source) if name.startswith("agents.")}:
        assert other == own or FLOOR_OF[other] < FLOOR_OF[own], f"agents/{module}.py imports agents.{other}, which is not below it"


def test_every_module_has_a_floor() -> None:
    assert {module.partition("/")[0] for module in MODULES} == set(FLOOR_OF)


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_down(module: str) -> None:
    check(module, (PACKAGE / f"{module}.py").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("rules/scoring", "from agents.policies.planner.workspace import Rule"),
        ("learning/training", "def f():\n    from agents import evaluate"),
        ("common/policy", "import agents.policies.linear_rule"),
        ("tune", "from agents.search.evolve import evolve"),
    ],
)
def test_the_check_can_fail(module: str, source: str) -> None:
    with pytest.raises(AssertionError, match="not below"):
        check(module, source)
