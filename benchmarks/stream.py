"""A stored stream of actions in one compiled call: what the step costs, without Python."""

import numpy as np

from orbit_gym.kernels.observation_encoder import Decision
from orbit_gym.kernels.state import Scratch, State
from orbit_gym.kernels.step import step
from orbit_gym.utils.jit import kernel
from orbit_gym.world.layout import World


@kernel
def play_stream(
    world: World,
    state: State,
    scratch: Scratch,
    tasks: np.ndarray,
    faults: np.ndarray,
    actions: np.ndarray,
    decision: Decision,
) -> int:
    """Play actions (n,), observations encoded each step; returns how many tasks were booked."""
    n_booked = 0
    for action in actions:
        step(world, state, scratch, tasks, faults, action, decision)
        n_booked += scratch.outcome[0].is_booked
    return n_booked
