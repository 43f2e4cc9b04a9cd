"""What a source imports, for the tests of floors."""

import ast
from collections.abc import Iterator


def imported_names(source: str) -> Iterator[str]:
    """Dotted names that a source imports anywhere, inside functions too.

    Those of `from a import b` as "a.b".
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, (
                f"relative import in line {node.lineno}: write the package in full"
            )
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
