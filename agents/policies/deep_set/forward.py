"""The deep-set network as a kernel: logits and value of one decision, in float32.

The same arithmetic as agents.policies.deep_set.network in another order of sums (a test compares).
"""

import math
from typing import NamedTuple

import numpy as np

from agents.policies.deep_set.inputs import EXISTS, PRESENT
from agents.utils.jit import inline_kernel


class Weights(NamedTuple):
    """Weights as kernels read them: float32, matrices (inputs, outputs)."""

    node: np.ndarray  # (ROW_WIDTH, h)
    task: np.ndarray  # (T, h)
    first_bias: np.ndarray  # (h,)
    pool: np.ndarray  # (2 h, h) of mean and maximum of rows
    pool_bias: np.ndarray
    mixed: np.ndarray  # (h, h)
    spread: np.ndarray  # (h, h)
    second_bias: np.ndarray
    score: np.ndarray  # (h,)
    context: np.ndarray  # (2 h, h)
    context_bias: np.ndarray
    reject: np.ndarray  # (h,)
    value_hidden: np.ndarray  # (h, h)
    value_hidden_bias: np.ndarray
    value: np.ndarray  # (h,)
    biases: np.ndarray  # (3,) of score, reject and value


class Workspace(NamedTuple):
    """What a forward pass writes; one per thread."""

    first: np.ndarray  # (n, h)
    second: np.ndarray  # (n, h)
    pooled: np.ndarray  # (2 h,)
    shared: np.ndarray  # (h,)
    hidden: np.ndarray  # (h,)
    logits: np.ndarray  # (n + 1,) the last is rejection
    value: np.ndarray  # (1,)


def new_workspace(n_candidates: int, hidden: int) -> Workspace:
    """Arrays for so many candidates."""
    n, h = n_candidates, hidden
    shapes: tuple[tuple[int, ...], ...] = ((n, h), (n, h), (2 * h,), (h,), (h,), (n + 1,), (1,))
    return Workspace(*(np.zeros(shape, np.float32) for shape in shapes))


@inline_kernel
def _add_product(vector: np.ndarray, matrix: np.ndarray, out: np.ndarray) -> None:
    """Add vector @ matrix to out; four inputs at a time, so that out is read and written less."""
    n_in_fours = vector.size - vector.size % 4
    for i in range(0, n_in_fours, 4):
        a, b, c, d = vector[i], vector[i + 1], vector[i + 2], vector[i + 3]
        for j in range(out.size):
            out[j] += (a * matrix[i, j] + b * matrix[i + 1, j]) + (
                c * matrix[i + 2, j] + d * matrix[i + 3, j]
            )
    for i in range(n_in_fours, vector.size):
        for j in range(out.size):
            out[j] += vector[i] * matrix[i, j]


@inline_kernel
def copy_to(values: np.ndarray, out: np.ndarray) -> None:
    """Copy a vector; numba's slice assignment would allocate."""
    for j in range(out.size):
        out[j] = values[j]


@inline_kernel
def _rectify(out: np.ndarray) -> None:
    for j in range(out.size):
        out[j] = max(out[j], np.float32(0.0))


@inline_kernel
def _dot(a: np.ndarray, b: np.ndarray) -> np.floating:
    total = np.float32(0.0)
    for j in range(a.size):
        total += a[j] * b[j]
    return total


@inline_kernel
def _pool(nodes: np.ndarray, rows: np.ndarray, pooled: np.ndarray) -> None:
    """Mean and maximum of the rows (n, h) of candidates that are present; 0 where there is none."""
    h = rows.shape[1]
    pooled[:] = 0.0
    count = 0
    for k in range(rows.shape[0]):
        if nodes[k, PRESENT] > 0.5:
            count += 1
            for j in range(h):
                pooled[j] += rows[k, j]
                pooled[h + j] = max(pooled[h + j], rows[k, j])
    share = np.float32(1.0 / max(count, 1))
    for j in range(h):
        pooled[j] *= share


@inline_kernel
def forward(
    task: np.ndarray, nodes: np.ndarray, rows: np.ndarray, weights: Weights, work: Workspace
) -> None:
    """Fill logits and value of one decision; logits of rows without a plan are -inf.

    task (T,), nodes (n, F) of the observation, rows (n, ROW_WIDTH) of fill_rows.
    """
    n = nodes.shape[0]
    copy_to(weights.first_bias, work.hidden)
    _add_product(task, weights.task, work.hidden)
    for k in range(n):
        if nodes[k, PRESENT] > 0.5:
            copy_to(work.hidden, work.first[k])
            _add_product(rows[k], weights.node, work.first[k])
            _rectify(work.first[k])
    _pool(nodes, work.first, work.pooled)
    copy_to(weights.pool_bias, work.shared)
    _add_product(work.pooled, weights.pool, work.shared)
    _rectify(work.shared)
    copy_to(weights.second_bias, work.hidden)
    _add_product(work.shared, weights.spread, work.hidden)
    for k in range(n):
        work.logits[k] = -np.inf
        if nodes[k, PRESENT] > 0.5:
            copy_to(work.hidden, work.second[k])
            _add_product(work.first[k], weights.mixed, work.second[k])
            _rectify(work.second[k])
            if nodes[k, EXISTS] > 0.5:
                work.logits[k] = _dot(work.second[k], weights.score) + weights.biases[0]
    _pool(nodes, work.second, work.pooled)
    copy_to(weights.context_bias, work.shared)
    _add_product(work.pooled, weights.context, work.shared)
    _rectify(work.shared)
    work.logits[n] = _dot(work.shared, weights.reject) + weights.biases[1]
    copy_to(weights.value_hidden_bias, work.hidden)
    _add_product(work.shared, weights.value_hidden, work.hidden)
    _rectify(work.hidden)
    work.value[0] = _dot(work.hidden, weights.value) + weights.biases[2]


@inline_kernel
def best_action(logits: np.ndarray) -> int:
    """Action of the largest logit, ties to the lowest."""
    best = 0
    for k in range(1, logits.size):
        if logits[k] > logits[best]:
            best = k
    return best


@inline_kernel
def log_normaliser(logits: np.ndarray) -> float:
    """Logarithm of the sum of exponentials."""
    highest = logits[best_action(logits)]
    total = 0.0
    for k in range(logits.size):
        total += math.exp(logits[k] - highest)
    return highest + math.log(total)


@inline_kernel
def draw_action(logits: np.ndarray, normaliser: float, uniform: float) -> int:
    """Action at which the cumulative softmax passes a number drawn uniformly from [0, 1)."""
    total, last = 0.0, logits.size - 1
    for k in range(logits.size):
        if logits[k] > -math.inf:
            total += math.exp(logits[k] - normaliser)
            if uniform < total:
                return k
    return last
