"""What is played: a scenario, the days of a split, and changes of the scenario."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gymnasium as gym

import orbit_gym  # noqa: F401  (registers the environments)
from agents.policies.protocol import Environments
from orbit_gym.scenario.loading import load_scenario
from orbit_gym.scenario.scenario import Scenario
from orbit_gym.vector import OrbitVectorEnv

FOREIGN = "another problem"  # stands for the name of a scenario where the environment is not ours
BASE_ID = "OrbitGym/ThreeBody12-v0"  # takes any scenario by name or path


@dataclass(frozen=True)
class Problem:
    """A scenario as typed, the split whose days episodes are drawn from, and overrides."""

    scenario: str
    """Catalogue name, path to a TOML file, or a registered id such as OrbitGym/Tiny-v0."""
    split: str = "train"
    """train, validation or test."""
    overrides: Mapping[str, Any] | tuple[tuple[str, Any], ...] = ()
    """Changes of the scenario, such as {"workload.load": 1.3}."""

    def __post_init__(self) -> None:
        """Keep overrides as pairs, so that problems can be compared and hashed."""
        object.__setattr__(self, "overrides", tuple(dict(self.overrides).items()))

    @property
    def changes(self) -> dict[str, Any]:
        """Overrides by name."""
        return dict(self.overrides)

    @property
    def native_options(self) -> dict[str, Any] | None:
        """Arguments of the native vector environment; None where the id is somebody else's."""
        if not re.search(r"-v\d+$", self.scenario):
            return {"scenario": self.scenario}
        spec = gym.registry.get(self.scenario)
        if spec is None or spec.vector_entry_point != "orbit_gym.vector:OrbitVectorEnv":
            return None
        return dict(spec.kwargs)

    @property
    def scenario_name(self) -> str:
        """Name by which rules and weights are kept.

        "another problem" where the id is somebody else's.
        """
        options = self.native_options
        return FOREIGN if options is None else load_scenario(options["scenario"]).name

    def make_env(self) -> gym.Env:
        """Make one environment; ValueError for an unknown scenario or id."""
        options: dict[str, Any] = {"split": self.split, "disable_env_checker": True}
        if self.overrides:
            options["overrides"] = self.changes
        own_id = f"OrbitGym/{self.scenario}-v0"
        if re.search(r"-v\d+$", self.scenario):
            return _make_registered(self.scenario, options)
        if own_id in gym.registry:
            return gym.make(own_id, **options)
        return gym.make(BASE_ID, scenario=self.scenario, **options)

    def make_envs(self, count: int) -> OrbitVectorEnv | list[gym.Env]:
        """Make environments to play `count` episodes side by side.

        One native batch, or a list where there is none; agents.envs.episode_runner plays them.
        """
        batch = self.make_batch(count)
        return [self.make_env() for _ in range(count)] if batch is None else batch

    def make_batch(self, count: int) -> OrbitVectorEnv | None:
        """Make the native vector environment; None where the id is somebody else's."""
        options = self.native_options
        if options is None:
            return None
        return OrbitVectorEnv(
            count,
            **options,
            split=self.split,
            overrides=self.changes,
            autoreset_mode="Disabled",
        )


def _make_registered(env_id: str, options: dict[str, Any]) -> gym.Env:
    """gym.make with one clear sentence for an id that nobody registered."""
    try:
        return gym.make(env_id, **options)
    except (gym.error.Error, ModuleNotFoundError) as error:
        raise ValueError(f"unknown environment {env_id!r}: {error}") from error
    except TypeError as error:
        raise ValueError(
            f"{env_id!r} cannot be scored here, it does not take the options of OrbitGym's "
            f"environments: {error}"
        ) from error


def scenario_of(envs: Environments) -> Scenario | None:
    """Scenario that environments play, None where they are not ours."""
    scenario = getattr(
        envs if isinstance(envs, OrbitVectorEnv) else envs[0].unwrapped, "scenario", None
    )
    return scenario if isinstance(scenario, Scenario) else None
