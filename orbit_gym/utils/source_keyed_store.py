"""Results on disk that are good as long as the sources that made them stay as they are.

One small JSON file an entry, named after a hash of its key, of the source files behind the modules
that make it, and of the versions of the packages that they compute with. An entry is written beside
its place and moved there, so it is whole or absent. A damaged one is made anew. Entries that nobody
used for a month are removed. Where nothing can be written, making an entry again only costs time.
"""

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Callable, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

from orbit_gym.utils.atomic_files import replacing
from orbit_gym.utils.kernel_cache import KEEP_S, PACKAGE, cache_root, hash_of, sources_behind

SUFFIX = ".json"
NAME_LENGTH = 32


def cache_folder(name: str) -> Callable[[], Path]:
    """Return what gives a folder of the user's cache, by the environment of the moment."""
    return lambda: cache_root() / name


def source_version(modules: Sequence[ModuleType | str], packages: Sequence[str] = ()) -> str:
    """Return a text that changes with the sources behind modules and with packages' versions.

    Modules of orbit_gym, as objects or dotted names. ValueError for a name that no file has: a
    module that moved would else be left out of the hash, and stale results found again.
    """
    return _source_version(tuple(_name_of(module) for module in modules), tuple(packages))


def _name_of(module: ModuleType | str) -> str:
    name = module if isinstance(module, str) else module.__name__
    path = PACKAGE.parent.joinpath(*name.split("."))
    if not (path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()):
        raise ValueError(f"there is no module {name!r} beside {PACKAGE}; give one that exists")
    return name


@cache
def _source_version(names: tuple[str, ...], packages: tuple[str, ...]) -> str:
    return " ".join(
        [hash_of(sources_behind(list(names))), *(f"{name} {version(name)}" for name in packages)]
    )


class SourceKeyedStore:
    """Entries of one kind in one folder."""

    def __init__(
        self,
        folder: Path | Callable[[], Path],
        modules: Sequence[ModuleType | str],
        packages: Sequence[str] = (),
        keep_s: float = KEEP_S,
    ) -> None:
        """Take the folder, and the modules and packages that decide an entry beside its key.

        Unused entries are removed after keep_s. ValueError for a module that does not exist.
        """
        self._folder = folder
        self._modules = tuple(_name_of(module) for module in modules)
        self._packages, self._keep_s = tuple(packages), keep_s

    @property
    def folder(self) -> Path:
        """The folder of the entries."""
        return self._folder() if callable(self._folder) else self._folder

    def path(self, key: object) -> Path:
        """Return the file of a key, which is told from others by its repr."""
        sources = source_version(self._modules, self._packages)
        name = hashlib.sha256(f"{sources}\n{key!r}".encode()).hexdigest()[:NAME_LENGTH]
        return self.folder / f"{name}{SUFFIX}"

    def get(self, key: object, make: Callable[[], Any]) -> Any:
        """Return the content under a key, made and stored if it is not there.

        It is returned as JSON gives it back: tuples as lists, the keys of tables as text.
        """
        content = self.read(key)
        if content is None:
            content = _plain(make())
            with contextlib.suppress(OSError):
                self.write(key, content)
        return content

    def read(self, key: object) -> Any | None:
        """Return the content under a key; None where there is none, or where it is damaged."""
        path = self.path(key)
        try:
            entry = json.loads(path.read_text(encoding="utf-8"))
            if entry["check"] != _checksum(entry["content"]):
                return None
        except (OSError, ValueError, KeyError, TypeError):
            return None
        with contextlib.suppress(OSError):
            os.utime(path)  # used now
        return entry["content"]

    def write(self, key: object, content: Any) -> None:
        """Store content that JSON can carry; OSError where it cannot be written."""
        path = self.path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._remove_unused()
        entry = {"content": content, "check": _checksum(_plain(content))}
        with replacing(path) as file:
            file.write(json.dumps(entry).encode())

    def _remove_unused(self) -> None:
        for path in self.folder.glob(f"*{SUFFIX}"):
            with contextlib.suppress(OSError):  # another process may have removed it
                if time.time() - path.stat().st_mtime > self._keep_s:
                    path.unlink()


def _plain(content: Any) -> Any:
    """Content as JSON gives it back."""
    return json.loads(json.dumps(content))


def _checksum(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]
