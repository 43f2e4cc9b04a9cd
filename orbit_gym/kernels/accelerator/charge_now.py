"""Charge as it is now: a kernel of its own, because a State brings a satellite to the clock's time
only when a task needs it.
"""

from orbit_gym.kernels.accelerator.charge_and_heat import advance_to
from orbit_gym.kernels.state import State
from orbit_gym.utils.jit import kernel
from orbit_gym.world.layout import World
from orbit_gym.world.nodes import n_satellites


@kernel
def settle_satellites(world: World, state: State, time_s: float) -> None:
    """Bring charge and temperature of every satellite to time_s.

    The caller gives a copy of clock, units and segments.
    """
    for unit in range(n_satellites(world)):
        advance_to(world, state, unit, time_s)
