"""Every Python block of the docs runs; blocks of a page share their names, from top to bottom."""

from pathlib import Path

import gymnasium as gym
import pytest

from agents.algorithms.registry import ALGORITHMS
from orbit_gym.scenario import models, names, task_classes
from tests.helpers.pages import DOCS, PAGES, ROOT, code_of, name_of

# Blocks that are parts of a file, or that an own test runs with what they need around them.
TESTED_ELSEWHERE = ("recipe:", "no-run:")
WITH_CODE = [
    path
    for path in PAGES
    if any(code.language == "python" for code in code_of(path))
    and path.parent != DOCS / "environments"
]
# Worlds of a hundred satellites and more take long to compile, and the code differs in the name.
SMALL = ["Tiny", "Ring12", "tight-downlink"]


def run(path: Path) -> None:
    """Run a page's blocks in the current folder, beside the files that it shows."""
    variables: dict[str, object] = {"__name__": "docs"}
    for code in code_of(path):
        if code.marker.startswith("<!-- file:"):
            name = code.marker.removeprefix("<!-- file:").removesuffix(" -->")
            Path(name).write_text(code.text, encoding="utf-8")
        if code.language == "python" and not code.marker.startswith(
            tuple(f"<!-- {kind}" for kind in TESTED_ELSEWHERE)
        ):
            exec(compile(code.text, name_of(path), "exec"), variables)


@pytest.mark.parametrize("path", WITH_CODE, ids=name_of)
def test_code_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    registries: tuple[dict, ...] = (
        gym.registry,
        ALGORITHMS,
        models.MODEL_BYTES,
        names._added,
        task_classes.TASK_CLASSES,
    )
    copies = [dict(registry) for registry in registries]
    run(path)
    for registry, copy in zip(registries, copies, strict=True):  # a page may add its own
        registry.clear()
        registry.update(copy)


@pytest.mark.parametrize("name", SMALL)
def test_environments_are_made_as_their_pages_say(name: str) -> None:
    run(DOCS / "environments" / f"{name}.md")


def test_few_blocks_are_left_out() -> None:
    """A block that is not run is counted here, so that one more is a decision."""
    marked = [code.marker for path in PAGES for code in code_of(path) if "no-run:" in code.marker]
    assert not marked
    assert ROOT / "README.md" in WITH_CODE
