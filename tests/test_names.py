"""Names are nouns for data and verbs for functions: no bare participle, pronoun or adverb.

The rule is that of CONTRIBUTING.md, Names. A word alone is refused, as `found` or `_given`; in a
longer name it is welcome, as `found_path` or `is_booked`.
"""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("orbit_gym", "agents", "experiments", "validation", "benchmarks", "tests", "examples")
PARTICIPLES = """
asked begun booked bought brought built called carried chosen compared computed counted decided
denied described done drawn fallen filled finished flown followed found gathered given gone grown
guessed held hidden joined judged kept known learned learnt left listed loaded looked lost made
measured met missed moved named noted offered opened ordered packed padded passed picked placed
planned played printed put read_back reached refused rejected remembered replaced resolved run_out
said saved scored seen sent served shown skipped sorted_out spent started stored struck taken
thinned told tried turned typed used wanted warned watched worn written
"""
PRONOUNS = """
all_of any_of both each either everything few it its many mine most much none_of nothing other
others ours own same some somebody something such that them these they this those what whatever
which who whole whom whose
"""
ADVERBS = """
about above across afterwards again ahead already along alone apart at away back before behind
below beneath beside between beyond by down early else elsewhere ever far forth further here hence
in_between inside instead late lately later meanwhile near nearby never now off often on once only
onto otherwise out outside over perhaps rather since so sometimes soon still there therefore
through thus together too under until up upon well when whenever where why within without yet
"""
REFUSED_WORDS = frozenset(f"{PARTICIPLES} {PRONOUNS} {ADVERBS}".split())
# Words that are the field's own terms, or the name that a protocol fixes.
TERMS = {
    "about": "the key of recipes, cards and columns that says what they are for",
    "hidden": "a layer of a network",
    "late": "an outcome of a task",
    "lost": "an outcome of a task",
    "rejected": "an outcome of a task",
    "skipped": "the public attribute for satellites that a file holds and that do not fly",
    "left": "a side of a picture, as right is",
    "done": "the flag of stable-baselines3 and Gymnasium",
    "up": "the unit vector of a local frame",
    "other": "the operand that Python's data model names so",
    "out": "the array that NumPy's functions write to, and the option --out",
    "at": "an axis of scipy and matplotlib calls",
}


def names(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Every name that a source binds: functions, classes, parameters, variables, attributes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name, node.lineno
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, node.lineno
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr, node.lineno
        elif isinstance(node, ast.alias) and node.asname:
            yield node.asname, getattr(node, "lineno", 0)


def offenders(source: str) -> list[tuple[str, int]]:
    """The names of a source that the rule refuses, with their lines."""
    found_names = names(ast.parse(source))
    return [
        (name, line)
        for name, line in found_names
        if name.strip("_").lower() in REFUSED_WORDS and name.strip("_").lower() not in TERMS
    ]


@pytest.mark.parametrize("folder", FOLDERS)
def test_names_say_what_they_hold(folder: str) -> None:
    rows = [
        f"{path.relative_to(ROOT)}:{line} {name}"
        for path in sorted((ROOT / folder).rglob("*.py"))
        for name, line in offenders(path.read_text(encoding="utf-8"))
    ]
    assert not rows


def test_a_bare_participle_is_found_and_a_longer_name_is_not() -> None:
    source = (
        "def told(given, found_path):\n"
        "    others = [held for held in given]\n"
        "    self.kept = others"
    )
    assert [name for name, _ in offenders(source)] == ["told", "given", "others", "kept", "held"]
    assert not offenders("def read(path, is_booked, n_held):\n    done = up = is_booked")


if __name__ == "__main__":
    totals: Counter[str] = Counter()
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            rows = offenders(path.read_text(encoding="utf-8"))
            totals[folder] += len(rows)
            if rows:
                print(path.relative_to(ROOT), *sorted({f"{name}:{line}" for name, line in rows}))
    print(dict(totals), sum(totals.values()))
