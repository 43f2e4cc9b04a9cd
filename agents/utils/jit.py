"""Kernels of agents: compiled like the environment's, kept in a cache folder of their own.

The environment's folder is named after its own kernel sources (orbit_gym/utils/kernel_cache.py) and
knows nothing of this package. So ours is a folder inside it, named after the sources in `agents`
that can be compiled in: an edit on either side gives a fresh folder.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numba

from orbit_gym.utils import jit
from orbit_gym.utils.kernel_cache import hash_of, importers_of, sources_behind

PACKAGE = Path(__file__).resolve().parents[__name__.count(".") - 1]  # wherever this module is


def kernel_sources(package: Path = PACKAGE) -> list[Path]:
    """Return the files of a package that import this module, and so may compile kernels with it.

    And all files of it that those import, directly or not.
    """
    return sources_behind(importers_of(__name__, package), package)


def inline_kernel(function: Callable[..., Any]) -> Any:
    """Compile a kernel that LLVM puts into its callers; see orbit_gym.utils.jit."""
    with _own_folder():
        return jit.inline_kernel(function)


def threaded_kernel(function: Callable[..., Any]) -> Any:
    """Compile a kernel that several threads of Python may run at once; see orbit_gym.utils.jit."""
    with _own_folder():
        return jit.threaded_kernel(function)


_NAME = f"agents-{hash_of(kernel_sources(), PACKAGE)}"


@contextmanager
def _own_folder() -> Iterator[None]:
    """Let numba, which reads the setting while it decorates, keep the kernel in our folder.

    No folder set, none of ours.
    """
    config: Any = numba.config  # type: ignore[attr-defined]  # numba's stubs do not know it
    outer = config.CACHE_DIR
    if outer:
        config.CACHE_DIR = str(Path(outer) / _NAME)
    try:
        yield
    finally:
        config.CACHE_DIR = outer
