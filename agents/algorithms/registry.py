"""The table of learning algorithms, by the name that --algo takes.

An installed package adds one by an entry point, a program by `register_algorithm`:

    [project.entry-points."orbit_gym.algorithms"]
    a2c = "my_package.learning:A2C_OVER_ALL_COLUMNS"
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from gymnasium import spaces
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.policies import BasePolicy
from stable_baselines3.common.vec_env import VecEnv

from agents.algorithms.compiled_ppo import CompiledPPO
from agents.algorithms.ppo import FastMaskablePPO
from agents.policies.deep_set import policy as deep_set
from agents.policies.deep_set.policy import DeepSetPolicy
from agents.policies.network.sb3_policies import (
    NETWORK,
    IgnoresMasks,
    MaskableScorerPolicy,
    policy_kwargs,
)
from agents.utils.checkpoints import read_json
from orbit_gym.utils.plugins import install_plugins

GROUP = "orbit_gym.algorithms"
DEFAULT = "maskable_ppo"
RECIPES = Path(__file__).resolve().parent.parent / "configs" / "recipes"


@dataclass(frozen=True)
class Algorithm:
    """One learning algorithm: classes, defaults, and what a recipe may say."""

    model_class: type[BaseAlgorithm]
    """Of stable-baselines3 or sb3-contrib, or one with their interface."""
    policy_class: type[BasePolicy]
    """Its policy over the Dict observation. One whose `predict` takes no masks is offered none."""
    recipe: Mapping[str, Any] | Path
    """Default recipe (agents.training.config.Recipe), or the JSON file that holds it."""
    more_hyperparameters: tuple[str, ...] = ()
    """Hyperparameters beside the recipe's own that a recipe may set."""
    network: Mapping[str, Any] = field(default_factory=dict)
    """Settings of the network with their defaults; a recipe may change them."""
    policy_kwargs: Callable[[dict[str, Any]], dict[str, Any]] = dict
    """Turns settings of the network into keyword arguments of the policy class."""

    @property
    def defaults(self) -> dict[str, Any]:
        """Default recipe, with every setting of the network."""
        content = read_json(self.recipe) if isinstance(self.recipe, Path) else dict(self.recipe)
        return content | {
            "hyperparameters": dict(content.get("hyperparameters", {})),
            "network": {**self.network, **content.get("network", {})},
        }

    @property
    def hyperparameters(self) -> dict[str, Any]:
        """Default hyperparameters."""
        return dict(self.defaults["hyperparameters"])


_MORE_PPO = ("clip_range", "clip_range_vf", "normalize_advantage", "vf_coef", "max_grad_norm")
ALGORITHMS: dict[str, Algorithm] = {
    DEFAULT: Algorithm(
        FastMaskablePPO,
        MaskableScorerPolicy,
        RECIPES / "tuned.json",
        (*_MORE_PPO, "final_lr_fraction", "critic_warmup_steps"),
        NETWORK,
        policy_kwargs,
    ),
    "compiled_ppo": Algorithm(
        CompiledPPO,
        DeepSetPolicy,
        RECIPES / "from-nothing.json",
        (*_MORE_PPO, "final_ent_fraction", "threads"),
        deep_set.NETWORK,
        deep_set.policy_kwargs,
    ),
}
REMOVED = ("ppo", "dqn")  # of version 0.1; no result was made with them


def register_algorithm(name: str, algorithm: Algorithm) -> None:
    """Add an algorithm to the table, under the name that --algo takes.

    ValueError for a name that is taken; TypeError for what is no Algorithm.
    """
    if not isinstance(algorithm, Algorithm):
        raise TypeError(f"algorithm {name!r} must be an Algorithm, got {algorithm!r}")
    if "action_masks" not in inspect.signature(algorithm.policy_class.predict).parameters:
        policy_class = algorithm.policy_class
        algorithm = replace(
            algorithm, policy_class=type(policy_class.__name__, (IgnoresMasks, policy_class), {})
        )
    if name in ALGORITHMS:
        raise ValueError(f"there is an algorithm {name!r} already; choose another name")
    ALGORITHMS[name] = algorithm


def algorithm_names() -> tuple[str, ...]:
    """Names of all algorithms, those of installed packages included."""
    install_plugins(GROUP, register_algorithm)
    return tuple(ALGORITHMS)


def alternatives(name: str) -> str:
    """Say what to take in place of an algorithm that is not there."""
    advice = f"choose from {', '.join(algorithm_names())}"
    if name not in REMOVED:
        return advice
    return (
        f"{name} was removed, since no result was made with it: {advice}, or register the class of "
        "stable-baselines3 as docs/guides/extend.md shows"
    )


def find_algorithm(name: str) -> Algorithm:
    """The algorithm of a name; ValueError with the choices where there is none."""
    if name not in algorithm_names():
        raise ValueError(f"unknown algorithm {name!r}; {alternatives(name)}")
    return ALGORITHMS[name]


def build_policy(
    name: str,
    observation_space: spaces.Dict,
    action_space: spaces.Discrete,
    network: dict[str, Any],
) -> BasePolicy:
    """Make the untrained policy of an algorithm for these spaces."""
    algorithm = find_algorithm(name)
    return algorithm.policy_class(
        observation_space,
        action_space,
        lambda _: 0.0,  # type: ignore[call-arg]
        **algorithm.policy_kwargs(network),
    )


def build_model(
    name: str,
    hyperparameters: Mapping[str, Any],
    network: dict[str, Any],
    seed: int,
    env: VecEnv,
) -> BaseAlgorithm:
    """Make the untrained model of an algorithm for these environments."""
    algorithm, arguments = find_algorithm(name), dict(hyperparameters)
    if {"n_steps", "batch_size"} <= set(arguments):  # few environments make small rollouts
        arguments["batch_size"] = min(arguments["batch_size"], arguments["n_steps"] * env.num_envs)
    return algorithm.model_class(
        algorithm.policy_class,
        env,
        policy_kwargs=algorithm.policy_kwargs(network),
        seed=seed,
        device="cpu",
        **arguments,
    )
