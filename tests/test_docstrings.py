"""The summary of a public docstring is one line (PEP 257), as CONTRIBUTING.md, Comments, asks."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("orbit_gym", "agents", "experiments", "validation", "benchmarks")


def long_summaries(node: ast.AST) -> Iterator[str]:
    """Yield public functions, classes and their methods whose summary goes on in a second line."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.ClassDef) or child.name.startswith("_"):
            continue
        if "\n" in (ast.get_docstring(child) or "").split("\n\n")[0]:
            yield f"{child.name}, line {child.lineno}"
        if isinstance(child, ast.ClassDef):
            yield from long_summaries(child)


@pytest.mark.parametrize("folder", FOLDERS)
def test_summaries_are_one_line(folder: str) -> None:
    assert not [
        f"{path.relative_to(ROOT)}: {row}"
        for path in sorted((ROOT / folder).rglob("*.py"))
        for row in long_summaries(ast.parse(path.read_text(encoding="utf-8")))
    ]


def test_a_summary_of_two_lines_is_found() -> None:
    source = '''
class A:
    """Short."""
    def b(self):
        """Long, and
        longer.
        """
    def _c(self):
        """Private and
        long.
        """
'''
    assert list(long_summaries(ast.parse(source))) == ["b, line 4"]
