"""Positions between the rows of a table, by polynomials through several rows about each time.

CCSDS 502.0-B names both methods. A Hermite polynomial of degree 2n - 1 goes through n positions and
velocities; its error is at most max |r^(2n)| / (2n)! times the product of the squared distances to
the rows. In a circular orbit at 500 km with rows 60 s apart that is 2e-8 m for degree 7 and 0.35 m
for degree 3. It also takes over h / 8 of what velocities differ from the derivative of positions:
SGP4's do by 0.02 m/s, 0.15 m at 60 s, which Lagrange polynomials do not see.
"""

import numpy as np

HERMITE, LAGRANGE = "HERMITE", "LAGRANGE"
MOST_DEGREE = 15  # choice: beyond it equally spaced rows swing at the ends of a table
DEFAULT_METHOD, DEFAULT_DEGREE = HERMITE, 7  # choice, where a file says nothing


def rows_needed(method: str, degree: int) -> int:
    """Return the rows that a polynomial goes through, at least two.

    An even Hermite degree takes the next odd one, degree 1 takes 3.
    """
    return max(degree // 2 + 1, 2) if method == HERMITE else degree + 1


def interpolate(
    method: str,
    n_rows: int,
    rows_s: np.ndarray,
    position_m: np.ndarray,
    velocity_mps: np.ndarray,
    times_s: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return positions and velocities (T, 3) at times_s (T,) from rows at rows_s (N,), (N, 3).

    Through the n_rows rows about each time, those at the end of the table near its ends.
    """
    last_row = np.searchsorted(rows_s, times_s, side="right") - 1
    first = np.clip(last_row - (n_rows - 1) // 2, 0, len(rows_s) - n_rows)
    window = first[:, None] + np.arange(n_rows)
    polynomial = _hermite if method == HERMITE else _lagrange
    return polynomial(rows_s[window], times_s, position_m[window], velocity_mps[window])


def _lagrange(
    nodes_s: np.ndarray, times_s: np.ndarray, position_m: np.ndarray, velocity_mps: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Positions and velocities (T, 3), each by its own polynomial; nodes (T, N)."""
    basis = np.stack([_basis(nodes_s, times_s, k) for k in range(nodes_s.shape[1])], axis=1)
    return (
        np.einsum("tn,tni->ti", basis, position_m),
        np.einsum("tn,tni->ti", basis, velocity_mps),
    )


def _hermite(
    nodes_s: np.ndarray, times_s: np.ndarray, position_m: np.ndarray, velocity_mps: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Positions (T, 3) through rows and slopes, and their derivative; nodes (T, N)."""
    result_m, result_mps = np.zeros((len(times_s), 3)), np.zeros((len(times_s), 3))
    for k in range(nodes_s.shape[1]):
        basis, slope = _basis(nodes_s, times_s, k), _basis_slope(nodes_s, times_s, k)
        rest_nodes = [m for m in range(nodes_s.shape[1]) if m != k]
        slope_at_node = (1.0 / (nodes_s[:, [k]] - nodes_s[:, rest_nodes])).sum(axis=1)
        offset_s = times_s - nodes_s[:, k]
        square, square_slope = basis**2, 2.0 * basis * slope
        lead = 1.0 - 2.0 * offset_s * slope_at_node
        result_m += (lead * square)[:, None] * position_m[:, k]
        result_m += (offset_s * square)[:, None] * velocity_mps[:, k]
        position_rate = lead * square_slope - 2.0 * slope_at_node * square
        result_mps += position_rate[:, None] * position_m[:, k]
        result_mps += (square + offset_s * square_slope)[:, None] * velocity_mps[:, k]
    return result_m, result_mps


def _basis(
    nodes_s: np.ndarray, times_s: np.ndarray, number: int, skip: int | None = None
) -> np.ndarray:
    """Lagrange's polynomial (T,) that is 1 at one node and 0 at all others but `skip`."""
    factors = [m for m in range(nodes_s.shape[1]) if m not in (number, skip)]
    return np.prod(
        (times_s[:, None] - nodes_s[:, factors]) / (nodes_s[:, [number]] - nodes_s[:, factors]),
        axis=1,
    )


def _basis_slope(nodes_s: np.ndarray, times_s: np.ndarray, number: int) -> np.ndarray:
    """Derivative (T,) of Lagrange's polynomial by the product rule."""
    return sum(
        (
            _basis(nodes_s, times_s, number, skip) / (nodes_s[:, number] - nodes_s[:, skip])
            for skip in range(nodes_s.shape[1])
            if skip != number
        ),
        np.zeros(len(times_s)),
    )
