"""Measured class loads on disk: they take ten seconds at 2,800 satellites, and a process needs them
before it can draw an episode.

One small JSON file a World and a mix, in the folder ``loads`` of the user's cache, named after
everything they depend on. Written beside its place and moved there; a damaged one is measured anew,
and where nothing can be written, measuring only costs time.
"""

import contextlib
import hashlib
import json
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np

from orbit_gym.utils.atomic_files import replacing
from orbit_gym.utils.kernel_cache import KEEP_S, cache_root, hash_of, sources_behind

ClassFigures = dict[str, tuple[float, ...]]  # of each class


def cached_loads(
    world: str | None, mix: tuple, measure: Callable[[], ClassFigures]
) -> ClassFigures:
    """Return what `measure` gives for a World (its name on disk.

    None keeps nothing) and a mix: read where it is kept, else kept.
    """
    if world is None:
        return measure()
    name = hashlib.sha256(f"{_code_version()}\n{world}\n{mix!r}".encode()).hexdigest()[:32]
    path = cache_root() / "loads" / f"{name}.json"
    found = _read(path)
    if found is None:
        found = measure()
        with contextlib.suppress(OSError):
            _write(path, found)
    return found


def _read(path: Path) -> ClassFigures | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        figures = {
            str(name): tuple(float(number) for number in numbers)
            for name, numbers in found["loads"].items()
        }
        return figures if found["check"] == _check(figures) else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _check(figures: ClassFigures) -> str:
    return hashlib.sha256(repr(sorted(figures.items())).encode()).hexdigest()[:16]


def _write(path: Path, figures: ClassFigures) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    for old in path.parent.iterdir():
        if time.time() - old.stat().st_mtime > KEEP_S:
            old.unlink(missing_ok=True)
    with replacing(path) as file:
        file.write(json.dumps({"loads": figures, "check": _check(figures)}).encode())


@cache
def _code_version() -> str:
    """Hash of the sources that draw and measure tasks, and of what they compute with."""
    return f"{hash_of(sources_behind(['orbit_gym.workload.arrivals', __name__]))} {np.__version__}"
