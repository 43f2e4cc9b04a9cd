"""The project with some text edited, in a process of its own, as by somebody who adds a thing.

Two ways. `printed_with_edits` edits the source while it is imported: nothing is copied, and
compiled kernels are used again, so no kernel source may be edited. `edited_copy` copies packages
into a folder and edits them there, where kernels are compiled anew.
"""

import json
import shutil
from pathlib import Path

from orbit_gym.utils.kernel_cache import kernel_sources
from tests.helpers.fresh import output_of

ROOT = Path(__file__).resolve().parents[2]
Edits = dict[str, list[tuple[str, str]]]  # path from the root -> (text, what takes its place)
PREFACE = """
import importlib.machinery, json, sys

EDITS = json.loads({edits!r})

class Loader(importlib.machinery.SourceFileLoader):
    def get_code(self, name):
        text = self.get_data(self.path).decode()
        for old, new in EDITS[name]:
            text = text.replace(old, new, 1)
        return self.source_to_code(text.encode(), self.path)

class Finder(importlib.machinery.PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        spec = super().find_spec(name, path, target) if name in EDITS else None
        if spec is not None:
            spec.loader = Loader(name, spec.origin)
        return spec

sys.meta_path.insert(0, Finder)
"""


def printed_with_edits(edits: Edits, program: str, **environment: str) -> str:
    """What a program prints that imports the project with these edits; no kernel source is one."""
    sources = {str(path.relative_to(ROOT)) for path in kernel_sources()}
    assert not sources & edits.keys(), "cached kernels do not know of the edit: use edited_copy"
    modules = {}
    for path, pairs in edits.items():
        _check(path, (ROOT / path).read_text(encoding="utf-8"), pairs)
        modules[path.removesuffix(".py").replace("/", ".")] = pairs
    return output_of(PREFACE.format(edits=json.dumps(modules)) + program, ROOT, **environment)


def edited_copy(folder: Path, edits: Edits, packages: tuple[str, ...] = ("orbit_gym",)) -> Path:
    """Copy packages of the project into a folder, with edits; returns the folder."""
    for package in packages:
        shutil.copytree(
            ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    for path, pairs in edits.items():
        text = (folder / path).read_text(encoding="utf-8")
        _check(path, text, pairs)
        for old, new in pairs:
            text = text.replace(old, new, 1)
        (folder / path).write_text(text, encoding="utf-8")
    return folder


def _check(path: str, text: str, pairs: list[tuple[str, str]]) -> None:
    for old, _ in pairs:
        assert old in text, f"{path} has no line to edit: {old}"
