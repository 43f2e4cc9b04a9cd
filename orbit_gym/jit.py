"""The one decorator of the step's kernels."""

from collections.abc import Callable
from typing import Any

from numba import njit

UNDOCUMENTED: dict[str, Any] = {"_nrt": False}


def _without_reference_counts() -> dict[str, Any]:
    """Options that drop reference counting from kernels that allocate nothing.

    World and State are tuples of some twenty arrays; counting references to each at every call between kernels cost five times
    the work itself (search over the 12-satellite graph: 10.8 us with, 2.0 us without). The option is numba's own but not
    documented, so a numba that does not know it gets plain kernels: slower, same results.
    """
    try:
        njit(**UNDOCUMENTED)(_nothing)
    except (KeyError, TypeError, ValueError):
        return {}
    return UNDOCUMENTED


def _nothing() -> int:
    return 0


_OPTIONS = _without_reference_counts()


def inlined(function: Callable[..., Any]) -> Any:
    """Compile a kernel that LLVM puts into its callers.

    A call hands over World and State as some 250 words; without this half of a step was that (ThreeBody12: 37,000 against 73,000 steps/s).
    """
    options: dict[str, Any] = {"cache": True, "forceinline": True, **_OPTIONS}
    return njit(**options)(function)


def shared(function: Callable[..., Any]) -> Any:
    """Compile a kernel that several threads of Python may run at once, each on its own rows."""
    options: dict[str, Any] = {"cache": True, "nogil": True, **_OPTIONS}
    return njit(**options)(function)


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a kernel that allocates no array; it works on the arrays it is given."""
    options: dict[str, Any] = {"cache": True, **_OPTIONS}
    return njit(**options)(function)
