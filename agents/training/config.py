"""Options and recipe of a training run."""

from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any

import tyro

from agents.algorithms.registry import (
    DEFAULT,
    RECIPES,
    algorithm_names,
    alternatives,
    find_algorithm,
)
from agents.envs.native_vec_env import TrainingOptions
from agents.envs.problem import Problem
from agents.experimental_protocol import TEST_EPISODES, VALIDATION_EPISODES
from agents.policies.linear_rule import UNTUNED, WEIGHTS
from agents.policies.network.sb3_policies import NETWORK
from agents.policies.rule_registry import load_weights
from agents.utils.checkpoints import read_json
from agents.utils.options import NonNegativeInt, PositiveInt, check_ranges
from agents.utils.renamed_keys import with_current_keys

# returns over the horizon of 1 / (1 - gamma) = 500 decisions are then of order 10
REWARD_SCALE = 0.05


@dataclass(frozen=True)
class TrainingConfig:
    """Train an agent, then evaluate it against every baseline on held-out episodes."""

    scenario: str = "ThreeBody12"
    """Catalogue name, path to a TOML file, or a registered id."""
    algo: str = DEFAULT
    """Learning algorithm: maskable_ppo, compiled_ppo, or one that an installed package adds."""
    timesteps: PositiveInt = 75_000
    """Decisions to train on, over all environments."""
    seed: NonNegativeInt = 0
    """Seed of weights, sampling and training episodes."""
    envs: PositiveInt = 64
    """Environments that step together."""
    out: str = "runs/demo"
    """Folder of the run."""
    recipe: str | None = None
    """JSON file of hyperparameters, such as agents/configs/recipes/start.json.

    What it leaves out is as in the algorithm's own, tuned.json for maskable_ppo.
    """
    start: Annotated[str | None, tyro.conf.arg(name="from")] = None
    """Run folder, or `pretrained`, whose best weights the network starts from.

    Its network settings go before the recipe's.
    """
    resume: bool = False
    """Go on with the run in --out."""
    validations: PositiveInt = 5
    """How often the policy is validated after the start; the best one is kept."""
    validation_episodes: PositiveInt = VALIDATION_EPISODES
    """Episodes of each validation, always the same ones."""
    eval_episodes: PositiveInt = TEST_EPISODES
    """Held-out test episodes of the evaluation after training."""
    evaluate: bool = True
    """Evaluate after training."""
    processes: PositiveInt = 2
    """Worker processes of the evaluation."""

    def __post_init__(self) -> None:
        """Check ranges and combinations."""
        check_ranges(self)
        if self.algo not in algorithm_names():
            raise ValueError(f"--algo {self.algo} is unknown; {alternatives(self.algo)}")


# settings that a resumed run must keep
LEARNING = ("scenario", "algo", "seed", "envs", "recipe", "start")


@dataclass(frozen=True)
class Recipe:
    """Everything that shapes learning and is not a setting.

    Written to config.json and read back on resume.
    """

    hyperparameters: dict[str, Any]
    """Keyword arguments of the algorithm's class."""
    network: dict[str, Any] = field(default_factory=lambda: dict(NETWORK))
    """Settings of the network."""
    reward_scale: float = REWARD_SCALE
    """Factor of rewards."""
    # with gamma .998 validation rose from .824 to .847 in 30,000 decisions
    regret_reward: bool = True
    """Whether the value of the task is subtracted from each reward: less noise to learn through."""
    load_range: tuple[float, float] | None = None
    """Range that every episode draws its load from."""
    # without it 64 short rollouts saw only empty queues
    random_episode_start: bool = True
    """Whether the first episodes begin anywhere in their course."""
    replicas: int = 1
    """So many environments play the same episodes; compiled_ppo learns from their differences."""
    scenarios: tuple[str, ...] = ()
    """Trained on together, and validated on, in place of the one in the settings."""
    about: str = ""
    """What the recipe is for."""

    def __post_init__(self) -> None:
        """Make tuples of lists from JSON and check what has a range."""
        object.__setattr__(self, "scenarios", tuple(self.scenarios))
        if self.load_range is not None:
            object.__setattr__(self, "load_range", tuple(self.load_range))
            if len(self.load_range) != 2 or not 0.0 < self.load_range[0] <= self.load_range[
                1
            ] < float("inf"):
                raise ValueError(
                    f"load_range must be two positive numbers in order, got {list(self.load_range)}"
                )
        if not isinstance(self.replicas, int) or self.replicas < 1:
            raise ValueError(f"replicas must be an integer of at least 1, got {self.replicas!r}")
        if not 0.0 < self.reward_scale < float("inf"):
            raise ValueError(f"reward_scale must be positive and finite, got {self.reward_scale}")

    @property
    def training_options(self) -> TrainingOptions:
        """How its episodes are begun and rewarded."""
        return TrainingOptions(
            self.reward_scale,
            self.regret_reward,
            self.load_range,
            self.random_episode_start,
            self.replicas,
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain dict for JSON."""
        return asdict(self)


def recipe_for(settings: TrainingConfig) -> Recipe:
    """Recipe of these settings: the file if there is one, over the defaults of the algorithm.

    ValueError names what is wrong.
    """
    algorithm = find_algorithm(settings.algo)
    defaults = algorithm.defaults
    content = _read_recipe(settings.recipe)
    for name, names in (
        ("network", defaults["network"]),
        ("hyperparameters", {*defaults["hyperparameters"], *algorithm.more_hyperparameters}),
    ):
        if unknown := sorted(set(content.get(name, {})) - set(names)):
            raise ValueError(
                f"{settings.recipe} has an unknown entry {unknown[0]!r} in {name}; choose from "
                f"{', '.join(sorted(names))}"
            )
    content = (
        defaults
        | content
        | {name: defaults[name] | content.get(name, {}) for name in ("network", "hyperparameters")}
    )
    try:
        if "rule" in content["network"]:
            rule = rule_weights(content["network"]["rule"], settings.scenario)
            content["network"]["rule"] = rule
        return Recipe(**content)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{settings.recipe}: {error}" if settings.recipe else str(error)
        ) from error


def _read_recipe(path: str | None) -> dict[str, Any]:
    """Content of a recipe's file, empty without one; ValueError names an unknown entry."""
    if path is None:
        return {}
    content = read_json(Path(path), RECIPES / "tuned.json")
    field_names = [item.name for item in fields(Recipe)]
    if not isinstance(content, dict):
        raise ValueError(f"{path} must hold one JSON object with some of {', '.join(field_names)}")
    try:
        content = with_current_keys(content)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    if unknown := sorted(set(content) - set(field_names)):
        raise ValueError(
            f"{path} has an unknown entry {unknown[0]!r}; choose from {', '.join(field_names)}"
        )
    return dict(content)


def rule_weights(rule: str | dict[str, float] | None, scenario: str) -> dict[str, float] | None:
    """Return the weights of the rule that the network starts from.

    As given, or by name: `tuned` for this scenario, or `untuned`.
    """
    if not isinstance(rule, str):
        return rule
    if rule not in ("tuned", "untuned"):
        raise ValueError(
            f"the network's rule must be tuned, untuned, null or weights by name, got {rule!r}"
        )
    weights = (
        UNTUNED if rule == "untuned" else load_weights("tuned", Problem(scenario).scenario_name)
    )
    return dict(zip(WEIGHTS, weights.tolist(), strict=True))
