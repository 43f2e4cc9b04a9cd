"""Where numba keeps compiled kernels.

Numba's file cache looks only at the file of the kernel it loads: after an edit of a callee, or of a
constant, in another file the cached caller still returns the old result. So the folder is named
after a hash of every source that can be compiled in: an edit there gives a fresh folder, an edit
elsewhere does not cost a recompilation. Called by ``orbit_gym/__init__`` before any kernel is
imported; this module therefore imports none.
"""

import ast
import hashlib
import os
import platform
import shutil
import sys
import time
from pathlib import Path

import numba

PACKAGE = Path(__file__).resolve().parent.parent
KERNEL_MARKS = ("njit", "orbit_gym.utils.jit")  # a file with kernels says one of these
KEEP_S = 30 * 86_400.0  # folders of other sources that nobody has used for this long are removed


def kernel_sources(package: Path = PACKAGE) -> list[Path]:
    """Return the files of a package that compile kernels.

    And all files of it that those import, directly or not.
    """
    files = _files(package)
    return sources_behind(
        [
            name
            for name, path in files.items()
            if any(mark in path.read_text(encoding="utf-8") for mark in KERNEL_MARKS)
        ],
        package,
    )


def sources_behind(modules: list[str], package: Path = PACKAGE) -> list[Path]:
    """Return the files of a package that hold these modules (dotted names).

    And all files of it that those import, directly or not.
    """
    files, waiting = _files(package), list(modules)
    names: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in files and name not in names:
            names.add(name)
            waiting.extend(_imports(files[name]))
    return [files[name] for name in sorted(names)]


def importers_of(module: str, package: Path = PACKAGE) -> list[str]:
    """Return the modules of a package that import a module, by dotted names."""
    return [name for name, path in _files(package).items() if module in _imports(path)]


def _files(package: Path) -> dict[str, Path]:
    return {_module_name(path, package): path for path in sorted(package.rglob("*.py"))}


def _module_name(path: Path, package: Path) -> str:
    parts = path.relative_to(package.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imports(path: Path) -> list[str]:
    """Absolute names that a file may import.

    A name after ``import`` may be a module or something in one.
    """
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.extend(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.append(node.module)
            names.extend(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def source_hash(package: Path = PACKAGE) -> str:
    """Return the hash of the kernel sources.

    Names and contents, with numba's and Python's version and the machine's kind.
    """
    return hash_of(kernel_sources(package), package)


def hash_of(sources: list[Path], package: Path = PACKAGE) -> str:
    """Return the hash of these files of a package.

    Names and contents, with numba's and Python's version and the machine's kind.
    """
    digest = hashlib.sha256(
        f"{numba.__version__} {sys.version_info[:3]} {platform.machine()}".encode()
    )
    for path in sources:
        digest.update(f"\n{path.relative_to(package)}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def cache_root() -> Path:
    """Folder of everything that OrbitGym keeps in the user's cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")) / "orbit_gym"


def set_cache_folder(package: Path = PACKAGE) -> Path | None:
    """Point numba at a folder of the user's cache named after the sources.

    Returns it, or None where nothing was set.

    A NUMBA_CACHE_DIR set by the user is respected; where no folder can be written, numba's own
    choice stays.
    """
    root = cache_root()
    folder_set = os.environ.get("NUMBA_CACHE_DIR")
    if (
        folder_set and Path(folder_set).parent != root
    ):  # one of ours is inherited by child processes, perhaps of other sources
        return None
    folder = root / source_hash(package)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        os.utime(folder)
        _remove_stale(root, folder)
    except OSError:
        return None
    if not os.access(folder, os.W_OK):
        return None
    os.environ["NUMBA_CACHE_DIR"] = str(folder)
    numba.config.CACHE_DIR = str(folder)  # type: ignore[attr-defined]  # numba reads it, its stubs do not know it
    return folder


def announce_compilation() -> None:
    """Say on stderr that a wait lies ahead if no kernel has been compiled for these sources yet."""
    folder = os.environ.get("NUMBA_CACHE_DIR")
    if not folder or not any(Path(folder).rglob("*.nbc")):
        print(
            "compiling kernels, once for this version: about one to two minutes",
            file=sys.stderr,
            flush=True,
        )


def _remove_stale(root: Path, current: Path) -> None:
    for folder in root.iterdir():
        if folder != current and folder.is_dir() and time.time() - folder.stat().st_mtime > KEEP_S:
            shutil.rmtree(folder, ignore_errors=True)
