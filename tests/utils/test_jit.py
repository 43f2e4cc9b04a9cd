"""Kernels that only kernels call have no wrapper for Python, and yet Python may call them, in any
order and from the cache.
"""

import shutil
from pathlib import Path

import numpy as np
import pytest

from orbit_gym.utils import jit
from tests.helpers.fresh import output_of

SOURCE = """
from orbit_gym.utils.jit import inline_kernel, internal_kernel, kernel, merged_kernel

@inline_kernel
def twice(x):
    if x < 0:
        return -2 * x
    return 2 * x

@internal_kernel
def more(x):
    return x + 1

@merged_kernel
def both(x):
    total = 0
    for k in range(3):
        total += more(twice(x)) * k
    return total

@kernel
def outer(x):
    return both(x) + twice(x)
"""


def outer(x: float) -> float:
    """What the kernels compute."""
    return 3 * (2 * abs(x) + 1) + 2 * abs(x)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "orbit_gym" / "utils").mkdir(parents=True)
    (tmp_path / "orbit_gym" / "utils" / "__init__.py").touch()
    (tmp_path / "orbit_gym" / "__init__.py").write_text(
        "from orbit_gym.utils.kernel_cache import set_cache_folder\nset_cache_folder()\n"
    )
    (tmp_path / "orbit_gym" / "kernels.py").write_text(SOURCE)
    for name in ("kernel_cache.py", "jit.py"):
        shutil.copy(Path(jit.__file__).with_name(name), tmp_path / "orbit_gym" / "utils" / name)
    return tmp_path


def ask(tree: Path, question: str) -> str:
    """What a fresh process prints, with the cache of those before it; a tuple."""
    code = f"from orbit_gym.kernels import *; print(({question}))"
    return output_of(code, tree, XDG_CACHE_HOME=str(tree / "cache")).strip()


def test_python_may_call_them_before_and_after_kernels_did_and_from_the_cache(tree: Path) -> None:
    calls = "outer(-4), twice(-4), more(3), both(-4), twice(-4), twice(2.5), outer(2.5)"
    expected = str((outer(-4), 8, 4, 27, 8, 5.0, outer(2.5)))
    assert ask(tree, calls) == expected
    assert (
        ask(tree, calls) == expected
    )  # compiled code comes from the cache now, a twin's apart from the kernel's
    assert ask(tree, "twice(-4), outer(-4)") == str((8, outer(-4)))


def test_they_have_no_wrappers_and_merged_ones_are_never_compiled(tree: Path) -> None:
    calls = "outer(1), *(len(kernel.overloads) for kernel in (twice, more, both, outer))"
    assert ask(tree, calls) == str((outer(1), 1, 1, 0, 1))
    wrapped = "[kernel.overloads[kernel.signatures[0]].fndesc.llvm_cpython_wrapper_name in "
    wrapped += (
        "kernel.overloads[kernel.signatures[0]].library.get_llvm_str() for kernel in "
        "(twice, more, outer) if outer(1)]"
    )
    shutil.rmtree(tree / "cache")  # what came from the cache shows no code
    assert ask(tree, wrapped) == str([False, False, True])


def test_a_numba_that_does_not_know_an_option_compiles_plain_kernels(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert jit._where_known(no_such_option=True, no_cpython_wrapper=True) == {
        "no_cpython_wrapper": True
    }
    monkeypatch.setattr(jit, "_KERNELS_ONLY", {})
    monkeypatch.setattr(jit, "_OPTIONS", {})
    assert jit.inline_kernel(_double)(np.float64(2.0)) == 4.0


def _double(x: float) -> float:
    return 2.0 * x
