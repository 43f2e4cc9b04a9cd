"""Ids of scenarios in Gymnasium's registry.

Importing orbit_gym registers those of the catalogue, and doing so again changes nothing; a package
adds its own by register_scenario.
"""

import os
from pathlib import Path

import gymnasium as gym

from orbit_gym.scenario.loading import (
    REGISTERED,
    ScenarioSource,
    add_scenario,
    load_scenario,
    scenario_to_dict,
)
from orbit_gym.scenario.scenario import Scenario


def environment_id(name: str) -> str:
    """Return the id of a registered scenario of the catalogue."""
    return f"OrbitGym/{name}-v0"


def register_all() -> None:
    """Register every scenario that asks for an id; ids already there are left alone."""
    for name in REGISTERED:
        if environment_id(name) not in gym.registry:
            _register(environment_id(name), name)


def register_scenario(
    source: ScenarioSource, name: str | None = None, id: str | None = None
) -> Scenario:
    """Let a scenario be used by name wherever a name of the catalogue is, and by an id of its own.

    The source is a path ending in .toml, a dict or a Scenario; without a name it has its own. The
    id is one of Gymnasium, like "MyLab/MyRing-v0". Registering the same again changes nothing.
    ValueError for what cannot be read, and for a name or an id that another scenario has.
    """
    if isinstance(source, (str, os.PathLike)):
        if not os.fspath(source).endswith(".toml"):
            raise ValueError(
                f"register_scenario takes a path ending in .toml, a dict or a Scenario, got "
                f"{source!r}"
            )
        source = str(Path(source).resolve())
    if isinstance(source, dict) and name and "name" not in source:
        source = {**source, "name": name}
    scenario = load_scenario(source)
    name = name or scenario.name
    if id is not None:
        _check_id(id, name)
    add_scenario(name, source if isinstance(source, str) else scenario_to_dict(scenario))
    if id is not None and id not in gym.registry:
        _register(id, name)
    return load_scenario(name)


def _check_id(id: str, name: str) -> None:
    if id.startswith("OrbitGym/"):
        raise ValueError(f"ids of OrbitGym/ are its own; choose another, like 'MyLab/{name}-v0'")
    gym.envs.registration.parse_env_id(id)
    if id in gym.registry and gym.registry[id].kwargs != {"scenario": name}:
        raise ValueError(f"there is an environment {id!r} already; choose another id")


def _register(id: str, name: str) -> None:
    gym.register(
        id,
        entry_point="orbit_gym.env:OrbitEnv",
        vector_entry_point="orbit_gym.vector:OrbitVectorEnv",
        kwargs={"scenario": name},
    )
