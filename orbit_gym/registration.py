"""Ids of the registered scenarios.

Importing orbit_gym runs it, and running it again changes nothing.
"""

import gymnasium as gym

from orbit_gym.scenario.loading import REGISTERED


def environment_id(name: str) -> str:
    """Id of a registered scenario."""
    return f"OrbitGym/{name}-v0"


def register_all() -> None:
    """Register every scenario that asks for an id; ids already there are left alone."""
    for name in REGISTERED:
        if environment_id(name) not in gym.registry:
            gym.register(
                environment_id(name),
                entry_point="orbit_gym.env:OrbitEnv",
                vector_entry_point="orbit_gym.vector:OrbitVectorEnv",
                kwargs={"scenario": name},
            )
