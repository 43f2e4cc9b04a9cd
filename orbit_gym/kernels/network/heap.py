"""A heap of graph nodes over an array, each label knowing its node's place.

Earliest priority first, then lowest tie_s and index.
"""

import numpy as np

from orbit_gym.kernels.state import NONE
from orbit_gym.utils.jit import inline_kernel


@inline_kernel
def _comes_first(labels: np.ndarray, node: int, other: int) -> bool:
    """Order of the heap: earlier priority, then lower tie_s, then lower index."""
    a = labels[node].priority_s
    b = labels[other].priority_s
    if a != b:
        return a < b
    a = labels[node].tie_s
    b = labels[other].tie_s
    return a < b or (a == b and node < other)


@inline_kernel
def rise(labels: np.ndarray, heap: np.ndarray, place: int) -> None:
    """Move the node at a place up to where it belongs."""
    node = heap[place]
    while place > 0:
        parent = (place - 1) // 2
        if not _comes_first(labels, node, heap[parent]):
            break
        heap[place] = heap[parent]
        labels[heap[place]].heap_place = place
        place = parent
    heap[place] = node
    labels[node].heap_place = place


@inline_kernel
def pop(labels: np.ndarray, heap: np.ndarray, size: int) -> int:
    """Take the first node out of a heap of this size."""
    top = heap[0]
    labels[top].heap_place = NONE
    node = heap[size - 1]
    size -= 1
    place = 0
    while True:
        child = 2 * place + 1
        if child >= size:
            break
        if child + 1 < size and _comes_first(labels, heap[child + 1], heap[child]):
            child += 1
        if not _comes_first(labels, heap[child], node):
            break
        heap[place] = heap[child]
        labels[heap[place]].heap_place = place
        place = child
    if size > 0:
        heap[place] = node
        labels[node].heap_place = place
    return top
