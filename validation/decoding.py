"""Decoding on lanes against the measured device: Jetson AGX Thor, Llama-3.1-8B INT4-AWQ (4.5 GB),
273 GB/s.

Authority: NVIDIA TensorRT-Edge-LLM performance benchmarks: 135.3 tok/s at batch 8, 50.8 tok/s at
batch 1 (https://nvidia.github.io/TensorRT-Edge-LLM).
"""

from pathlib import Path

import numpy as np

from orbit_gym.simulation.simulation import Simulation
from tests.helpers.small_world import LANES, MODEL_BYTES, one_lane, small_world, start
from validation.rows import Row, judged_row

AUTHORITY = "Jetson AGX Thor, TensorRT-Edge-LLM benchmarks"
BATCH_TOKENS_PER_S = 135.3
LONE_TOKENS_PER_S = 50.8
DEVICE_BYTES_PER_S = 273e9
DEVICE_WEIGHTS_BYTES = 4.5e9
NODE_BYTES_PER_S = 400e9  # the default node
LANGUAGE = 2
NODE_WEIGHTS_BYTES = MODEL_BYTES[LANGUAGE]  # 8B INT8
THROUGHPUT_TOLERANCE = 1e-9  # relative: the model is this figure, scaled
SLOWNESS = 3.0  # how many times too slow the design says a lone request is
SLOWNESS_TOLERANCE = 0.05  # the design's rounding
TOKENS = 1_000.0
REQUESTS = 20 * LANES
NO_PREFILL = {"bandwidth_efficiency_fraction": 1e12}  # decoding alone


def simulation_of(requests: int, bandwidth_bytes_per_s: float, weights_bytes: float) -> Simulation:
    """So many requests of TOKENS at once on one node."""
    world = small_world(1, bandwidth_bytes_per_s=bandwidth_bytes_per_s, **NO_PREFILL)
    model_bytes = world.model_bytes.copy()
    model_bytes[LANGUAGE] = weights_bytes
    model_bytes.flags.writeable = False
    tasks = [one_lane(0.0, TOKENS, 0.0) for _ in range(requests)]
    return start(world._replace(model_bytes=model_bytes), tasks, 1 << LANGUAGE)


def throughput_tokens_per_s(
    requests: int, bandwidth_bytes_per_s: float, weights_bytes: float
) -> float:
    """Tokens over the time until the last request is finished, by booking them all."""
    simulation = simulation_of(requests, bandwidth_bytes_per_s, weights_bytes)
    finish_s = 0.0
    while not simulation.is_over:
        simulation.apply(0)
        finish_s = max(finish_s, float(simulation.last_booking["finish_s"]))
    return requests * TOKENS / finish_s


def throughput_error() -> float:
    """Return the relative error of saturated throughput.

    Of the device itself, and of the default node scaled by bandwidth and weights.
    """
    scaled = (
        BATCH_TOKENS_PER_S
        * (NODE_BYTES_PER_S / DEVICE_BYTES_PER_S)
        * (DEVICE_WEIGHTS_BYTES / NODE_WEIGHTS_BYTES)
    )
    device = (
        throughput_tokens_per_s(REQUESTS, DEVICE_BYTES_PER_S, DEVICE_WEIGHTS_BYTES)
        / BATCH_TOKENS_PER_S
    )
    node = throughput_tokens_per_s(REQUESTS, NODE_BYTES_PER_S, NODE_WEIGHTS_BYTES) / scaled
    return float(np.abs([device - 1.0, node - 1.0]).max())


def slowness() -> float:
    """How many times longer a lone request decodes on a lane than on the measured device."""
    return LONE_TOKENS_PER_S / throughput_tokens_per_s(1, DEVICE_BYTES_PER_S, DEVICE_WEIGHTS_BYTES)


def measure(data: Path | None) -> list[Row]:
    """Return two rows: saturated throughput, and by how much a lone request is too slow."""
    lone = slowness()
    text = f"{lone:.3f} times too slow, as stated"
    return [
        judged_row(
            "saturated decoding, 160 requests on 8 lanes",
            AUTHORITY,
            throughput_error(),
            THROUGHPUT_TOLERANCE,
            "relative",
        ),
        Row(
            "a lone request on one lane",
            AUTHORITY,
            text,
            f"{SLOWNESS:g} +- {SLOWNESS_TOLERANCE:g} times",
            abs(lone - SLOWNESS) <= SLOWNESS_TOLERANCE,
        ),
    ]
