"""Heat of a node: first order, one resistance to a sink."""

import math

from numba import njit


@njit(cache=True)
def steady_temperature_c(power_w: float, resistance_k_per_w: float, sink_c: float) -> float:
    """Return the temperature that constant power settles at."""
    return sink_c + resistance_k_per_w * power_w


@njit(cache=True)
def temperature_after_c(
    temperature_c: float, steady_c: float, step_s: float, tau_s: float
) -> float:
    """Return the temperature after step_s on the way to steady_c.

    Exact solution of tau dT/dt = steady - T.
    """
    return steady_c + (temperature_c - steady_c) * math.exp(-step_s / tau_s)
