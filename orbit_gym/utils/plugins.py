"""Extensions of installed packages, announced as entry points and imported when first needed.

A package names them in its pyproject.toml (packaging.python.org, Entry points specification):

    [project.entry-points."orbit_gym.task_classes"]
    flood_alert = "my_package.tasks:FLOOD_ALERT"
"""

import warnings
from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from typing import Any

_installed: set[tuple[str, Callable[[str, Any], object]]] = set()


def install_plugins(group: str, register: Callable[[str, Any], object]) -> None:
    """Hand each entry point of a group, its name and what it stands for, to `register`, once.

    One that cannot be imported, or that `register` refuses with ValueError or TypeError, is left
    out with one warning that names it. Call it where names are looked up, not on import: a plug-in
    may import the package that looks for it.
    """
    if (group, register) in _installed:
        return
    _installed.add((group, register))  # before the imports, which may come back here
    for entry in sorted(entry_points(group=group)):
        _install(entry, register)


def _install(entry: EntryPoint, register: Callable[[str, Any], object]) -> None:
    try:
        register(entry.name, entry.load())
    except Exception as error:  # whatever a stranger's module raises
        package = f" of package {entry.dist.name}" if entry.dist else ""
        warnings.warn(
            f"plug-in {entry.name!r}{package} ({entry.group}: {entry.value}) is left out: "
            f"{type(error).__name__}: {' '.join(str(error).split())}",
            stacklevel=2,
        )
