"""What an accelerator does with a task: service by a roofline, lanes and their power, models in
memory.
"""

import numpy as np

from orbit_gym.kernels.state import NONE, State
from orbit_gym.utils.jit import inline_kernel
from orbit_gym.utils.units import (
    DECODE_REFERENCE_BANDWIDTH_BYTES_PER_S,
    DECODE_REFERENCE_BATCH,
    DECODE_REFERENCE_TOKENS_PER_S,
    DECODE_REFERENCE_WEIGHTS_BYTES,
)
from orbit_gym.world.layout import World


@inline_kernel
def decode_tokens_per_s(bandwidth_bytes_per_s: float, weights_bytes: float) -> float:
    """Return the decode speed of one stream of a full batch.

    Scaled from a measured device by bandwidth and weights.
    """
    return (
        DECODE_REFERENCE_TOKENS_PER_S
        / DECODE_REFERENCE_BATCH
        * (bandwidth_bytes_per_s / DECODE_REFERENCE_BANDWIDTH_BYTES_PER_S)
        * (DECODE_REFERENCE_WEIGHTS_BYTES / weights_bytes)
    )


@inline_kernel
def service_s(world: World, tasks: np.ndarray, task: int, unit: int) -> float:
    """Seconds of service on an accelerator that holds the model: a roofline per phase."""
    accelerator = world.accelerators[unit]
    bandwidth = accelerator.bandwidth_bytes_per_s * accelerator.bandwidth_efficiency_fraction
    weights_bytes = world.model_bytes[tasks[task].model]
    if tasks[task].one_lane == 0:
        speed = accelerator.peak_op_per_s * accelerator.vision_efficiency_fraction
        return max(tasks[task].vision_flop / speed, tasks[task].vision_bytes / bandwidth)
    speed = accelerator.peak_op_per_s * accelerator.prefill_efficiency_fraction
    prefill_s = accelerator.lanes * max(tasks[task].prefill_flop / speed, weights_bytes / bandwidth)
    return prefill_s + tasks[task].decode_tokens / decode_tokens_per_s(
        accelerator.bandwidth_bytes_per_s, weights_bytes
    )


@inline_kernel
def lanes_taken(world: World, tasks: np.ndarray, task: int, unit: int) -> int:
    """Lanes that a task occupies on an accelerator."""
    return 1 if tasks[task].one_lane == 1 else world.accelerators[unit].lanes


@inline_kernel
def lane_power_w(world: World, unit: int, lanes: int) -> float:
    """Power above idle of so many busy lanes."""
    return world.accelerators[unit].dynamic_w * lanes / world.accelerators[unit].lanes


@inline_kernel
def resident_bytes(world: World, resident: int) -> float:
    """Memory that a set of models takes."""
    total = 0.0
    for model in range(world.model_bytes.size):
        if resident >> model & 1:
            total += world.model_bytes[model]
    return total


@inline_kernel
def resident_after_load(world: World, state: State, unit: int, model: int) -> int:
    """Return the models in memory once `model` is loaded after the last booking.

    The least recently used go until it fits.
    """
    resident = state.units[unit].queue_end_resident
    room_bytes = world.accelerators[unit].memory_bytes - world.model_bytes[model]
    while resident_bytes(world, resident) > room_bytes:
        oldest = NONE
        for other in range(world.model_bytes.size):
            if resident >> other & 1 and (
                oldest == NONE or state.last_use_s[unit, other] < state.last_use_s[unit, oldest]
            ):
                oldest = other
        resident &= ~(np.int64(1) << oldest)
    return resident | np.int64(1) << model


@inline_kernel
def load_s(world: World, unit: int, model: int) -> float:
    """Seconds to load a model from storage."""
    return (
        world.model_bytes[model] / world.accelerators[unit].load_bytes_per_s
        + world.accelerators[unit].load_overhead_s
    )
