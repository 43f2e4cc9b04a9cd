"""The one decorator of the step's kernels."""

from collections.abc import Callable
from typing import Any

from numba import njit


def _without_reference_counts() -> dict[str, bool]:
    """Options that drop reference counting from kernels that allocate nothing.

    World and State are tuples of some twenty arrays; counting references to each at every call between kernels cost five times
    the work itself (search over the 12-satellite graph: 10.8 us with, 2.0 us without). The option is numba's own but not
    documented, so a numba that does not know it gets plain kernels: slower, same results.
    """
    try:
        njit(cache=False, _nrt=False)(_nothing)
    except (KeyError, TypeError, ValueError):
        return {}
    return {"_nrt": False}


def _nothing() -> int:
    return 0


_OPTIONS = _without_reference_counts()


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a kernel that allocates no array; it works on the arrays it is given."""
    return njit(cache=True, **_OPTIONS)(function)
