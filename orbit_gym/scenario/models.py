"""Models in memory: the bytes of their weights.

A new model is one entry of MODEL_BYTES, at its end; a package adds its own by register_model.
"""

import math

# Weights in memory. An 8B model is 16 GB in FP16 and 8.5 GB in INT8 (parameter count times width);
# the two 8B models flown are remote sensing and astronomy (Xinhua, 2026-02-13). The other sizes are
# assumptions.
MODEL_BYTES: dict[str, float] = {
    "remote_sensing_8b_fp16": 16e9,
    "astronomy_8b_fp16": 16e9,
    "language_8b_int8": 8.5e9,
    "stereo_3d": 6e9,
    "detectors": 0.2e9,
}
MOST_MODELS = 62  # one bit each in a signed word of a State


def register_model(name: str, weights_bytes: float) -> None:
    """Add a model for the task classes of a package.

    Registering the same model again changes nothing. ValueError for a name that another has, and
    for a size that is not a positive number of bytes.
    """
    if not isinstance(weights_bytes, (int, float)) or not 0.0 < weights_bytes < math.inf:
        raise ValueError(
            f"model {name!r} needs the bytes of its weights, for example 16e9; got "
            f"{weights_bytes!r}"
        )
    if MODEL_BYTES.get(name, weights_bytes) != weights_bytes:
        raise ValueError(
            f"there is a model {name!r} of {MODEL_BYTES[name]:g} bytes already; choose another name"
        )
    if name not in MODEL_BYTES and len(MODEL_BYTES) >= MOST_MODELS:
        raise ValueError(f"there are {MOST_MODELS} models already, as many as memory can mark")
    MODEL_BYTES[name] = float(weights_bytes)
