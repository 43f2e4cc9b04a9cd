"""Measured class loads on disk: measuring takes ten seconds at 2,800 satellites.

A process needs them before it can draw an episode.
"""

from collections.abc import Callable

from orbit_gym.utils.source_keyed_store import SourceKeyedStore, cache_folder

ClassFigures = dict[str, tuple[float, ...]]  # of each class

STORE = SourceKeyedStore(
    cache_folder("loads"), ("orbit_gym.workload.arrivals", __name__), packages=("numpy",)
)


def cached_loads(
    world: str | None, mix: tuple, measure: Callable[[], ClassFigures]
) -> ClassFigures:
    """Return what `measure` gives for a World and a mix, stored after the first time.

    `world` is the World's name on disk; None stores nothing.
    """
    if world is None:
        return measure()
    figures = STORE.get((world, mix), measure)
    return {name: tuple(float(number) for number in numbers) for name, numbers in figures.items()}
