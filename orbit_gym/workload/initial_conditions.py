"""An episode's initial conditions: charge of batteries and models in memory."""

from collections.abc import Sequence

import numpy as np

from orbit_gym.kernels.episode import FAULT, Episode
from orbit_gym.world.layout import World


def make_episode(
    world: World,
    tasks: np.ndarray,
    span_s: tuple[float, float],
    charge_fraction: np.ndarray,
    models: Sequence[int],
    rng: np.random.Generator | None,
) -> Episode:
    """Return a read-only Episode without faults, its memory filled from `models` (indices).

    charge_fraction (n_satellites,) is raised where even idling would break the floor.
    """
    capacity_j = world.accelerators["capacity_j"][: charge_fraction.size]
    resident = [
        initial_models(accelerator, world.model_bytes, models, rng)
        for accelerator in world.accelerators
    ]
    episode = Episode(
        tasks=tasks,
        initial_charge_j=np.maximum(
            charge_fraction * capacity_j, required_charge_j(world, span_s[0])
        ),
        initial_resident=np.array(resident, np.int64),
        span_s=np.array(span_s),
        faults=np.zeros(0, FAULT),
    )
    for array in episode:
        array.flags.writeable = False
    return episode


def required_charge_j(world: World, time_s: float) -> np.ndarray:
    """Charge that each baseline needs at a time, an upper bound within its row. (n_satellites,)."""
    required_j = np.empty(world.power_offsets.size - 1)
    for satellite in range(required_j.size):
        rows = world.power[world.power_offsets[satellite] : world.power_offsets[satellite + 1]]
        row = int(np.searchsorted(rows["start_s"], time_s, side="right")) - 1
        required_j[satellite] = rows["required_j"][row : row + 2].max()
    return required_j


def initial_models(
    accelerator: np.void,
    model_bytes: np.ndarray,
    models: Sequence[int],
    rng: np.random.Generator | None,
) -> int:
    """Return the models in memory at the start, one bit each, of those in `models` (indices).

    On the ground all that fit, the smallest first; in orbit those that fit in random order, without
    rng none. Models that no task of the episode runs do not matter: one more in the catalogue
    leaves every scenario as it is.
    """
    if accelerator["has_battery"] and rng is None:
        return 0
    indices = np.array(models, np.int64)
    order = (
        rng.permutation(indices.size)
        if rng is not None and accelerator["has_battery"]
        else np.argsort(model_bytes[indices])
    )
    free_bytes = float(accelerator["memory_bytes"])
    resident = 0
    for model in indices[order]:
        if model_bytes[model] <= free_bytes:
            resident |= 1 << int(model)
            free_bytes -= float(model_bytes[model])
    return resident
