"""Numba's file cache does not see an edit in another file than the kernel's.

Our cache folder must.
"""

import os
import shutil
from pathlib import Path

import pytest

from orbit_gym.utils import kernel_cache
from tests.helpers.fresh import output_of

PACKAGE = Path(kernel_cache.__file__).parents[1]
CALLER = (
    "from numba import njit\nfrom orbit_gym.callee import twice\n\n\n@njit(cache=True)\ndef "
    "kernel(x):\n    return twice(x) + 1\n"
)
CALLEE = (
    "from numba import njit\nfrom orbit_gym.constants import "
    "FACTOR\n\n\n@njit(cache=True)\ndef twice(x):\n    return FACTOR * x\n"
)
ASK = (
    "import orbit_gym, orbit_gym.caller as c; print(c.kernel(10), "
    "sum(c.kernel.stats.cache_hits.values()))"
)


def small_tree(folder: Path, init: str) -> Path:
    """A package of the same name with our kernel_cache.py, a kernel, a callee and a constant, each
    in a file of its own.
    """
    package = folder / "orbit_gym"
    package.mkdir(parents=True)
    (package / "utils").mkdir()
    (package / "utils" / "__init__.py").touch()
    shutil.copy(PACKAGE / "utils" / "kernel_cache.py", package / "utils" / "kernel_cache.py")
    texts = {
        "__init__": init,
        "caller": CALLER,
        "callee": CALLEE,
        "constants": "FACTOR = 2\n",
        "other": "x = 1\n",
    }
    for name, text in texts.items():
        (package / f"{name}.py").write_text(text)
    return package


def ask(package: Path, **more: str) -> tuple[int, int]:
    """Result of the kernel in a fresh process, and how many of its signatures came from the file
    cache.
    """
    result, hits = output_of(ASK, package.parent, **more).split()
    return int(result), int(hits)


def test_an_edit_of_a_callee_or_constant_in_another_file_changes_the_result(tmp_path: Path) -> None:
    package = small_tree(
        tmp_path / "tree",
        "from orbit_gym.utils.kernel_cache import set_cache_folder\nset_cache_folder()\n",
    )
    home = str(tmp_path / "cache")
    assert ask(package, XDG_CACHE_HOME=home) == (21, 0)
    (package / "other.py").write_text("x = 2\n")  # no kernel imports it
    assert ask(package, XDG_CACHE_HOME=home) == (21, 1)
    (package / "callee.py").write_text(CALLEE.replace("FACTOR *", "2 * FACTOR *"))
    assert ask(package, XDG_CACHE_HOME=home) == (41, 0)
    (package / "constants.py").write_text("FACTOR = 5\n")
    assert ask(package, XDG_CACHE_HOME=home) == (101, 0)


def test_without_our_folder_numba_returns_the_old_result(tmp_path: Path) -> None:
    """The premise: should this fail, numba has learnt to look and kernel_cache.py can go."""
    package = small_tree(tmp_path / "tree", "")
    assert ask(package) == (21, 0)
    (package / "callee.py").write_text(CALLEE.replace("FACTOR *", "2 * FACTOR *"))
    assert ask(package) == (21, 1)


def test_kernel_sources_are_found_with_what_they_import() -> None:
    names = {path.relative_to(PACKAGE).as_posix() for path in kernel_cache.kernel_sources()}
    assert {
        "utils/units.py",
        "world/layout.py",
        "kernels/network/search.py",
        "kernels/network/calendars.py",
    } <= names
    assert not names & {"cli.py", "scenario/loading.py", "scenario/scenario.py"}


def test_a_folder_of_the_users_is_respected(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "mine"))
    assert kernel_cache.set_cache_folder() is None
    assert os.environ["NUMBA_CACHE_DIR"] == str(tmp_path / "mine")


def test_a_folder_that_cannot_be_made_is_no_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    assert kernel_cache.set_cache_folder() is None and "NUMBA_CACHE_DIR" not in os.environ


def test_old_folders_of_other_sources_are_removed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "orbit_gym" / "of_a_parent_process"))
    monkeypatch.setattr(kernel_cache.numba.config, "CACHE_DIR", "")
    for name, age_s in (("stale", kernel_cache.KEEP_S + 60.0), ("recent", 60.0)):
        folder = tmp_path / "orbit_gym" / name
        folder.mkdir(parents=True)
        stamp = folder.stat().st_mtime - age_s
        os.utime(folder, (stamp, stamp))
    current = kernel_cache.set_cache_folder()
    assert current is not None and {path.name for path in (tmp_path / "orbit_gym").iterdir()} == {
        "recent",
        current.name,
    }


def test_a_wait_for_compilation_is_announced_once(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    kernel_cache.announce_compilation()
    assert "compiling kernels" in capsys.readouterr().err
    (tmp_path / "kernel.1.nbc").touch()
    kernel_cache.announce_compilation()
    assert capsys.readouterr().err == ""
