"""The decorators of the step's kernels.

Three options of numba's own are not documented; a numba that does not know one gets plain kernels:
slower, same results.
"""

from collections.abc import Callable
from types import FunctionType
from typing import Any

from numba import njit
from numba.core.cpu import CPUTargetOptions


def _where_known(**options: Any) -> dict[str, Any]:
    """Return the options that numba knows; it refuses another only when it compiles."""
    return {name: value for name, value in options.items() if hasattr(CPUTargetOptions, name)}


# World and State are tuples of some twenty arrays; counting references to each at every call
# between kernels cost five times the work itself (search over the 12-satellite graph: 10.8 us with,
# 2.0 us without). Kernels that allocate nothing need none. And nobody calls them from C.
_OPTIONS = _where_known(_nrt=False, no_cfunc_wrapper=True)

# What unpacks the arguments of a call from Python holds some 250 words, and of an inlined kernel a
# second copy of all its code.
_KERNELS_ONLY = _where_known(no_cpython_wrapper=True)


def inline_kernel(function: Callable[..., Any]) -> Any:
    """Compile a kernel that LLVM puts into its callers.

    A call hands over World and State as some 250 words; without this half of a step was that
    (ThreeBody12: 37,000 against 73,000 steps/s).
    """
    return _for_kernels(function, forceinline=True)


def accessor(function: Callable[..., Any]) -> Any:
    """Compile a one-line kernel as `inline_kernel` does; Python runs the function as it stands.

    So Python waits for no compiler, and may give arrays in place of numbers.
    """
    compiled = njit(cache=True, **_OPTIONS, **_KERNELS_ONLY, forceinline=True)(function)
    _hand_over(compiled, function)
    return compiled


def internal_kernel(function: Callable[..., Any]) -> Any:
    """Compile a kernel that kernels call; LLVM may put it into its callers."""
    return _for_kernels(function)


def merged_kernel(function: Callable[..., Any]) -> Any:
    """Make a kernel part of its callers before anything is compiled.

    For long ones with one or two callers.

    An inlined kernel is optimised and turned into machine code by itself, and then once more with
    each kernel around it.
    """
    return _for_kernels(function, inline="always")


def _for_kernels(function: Callable[..., Any], **how: Any) -> Any:
    """Compile for calls from kernels alone.

    Called from Python, as tests do, it is compiled once more by itself.
    """
    options: dict[str, Any] = {"cache": True, **_OPTIONS, **_KERNELS_ONLY, **how}
    compiled = njit(**options)(function)
    if _KERNELS_ONLY:
        _hand_over(compiled, kernel(_renamed(function)))
    return compiled


def _renamed(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the same function under a name of its own.

    By that name numba keeps its cached file apart.
    """
    assert isinstance(function, FunctionType)
    copy = FunctionType(
        function.__code__,
        function.__globals__,
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    copy.__module__, copy.__qualname__, copy.__doc__ = (
        function.__module__,
        f"{function.__qualname__}.from_python",
        function.__doc__,
    )
    return copy


def _hand_over(compiled: Any, from_python: Any) -> None:
    """Let Python's calls go to the twin.

    Numba's C code asks for a callable whenever it knows none, and never learns of one here.
    """
    compiled._insert = lambda *_: None
    compiled._compile_for_args = lambda *_, **__: from_python


def threaded_kernel(function: Callable[..., Any]) -> Any:
    """Compile a kernel that several threads of Python may run at once, each on its own rows."""
    options: dict[str, Any] = {"cache": True, "nogil": True, **_OPTIONS}
    return njit(**options)(function)


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a kernel that allocates no array; it works on the arrays it is given."""
    options: dict[str, Any] = {"cache": True, **_OPTIONS}
    return njit(**options)(function)
