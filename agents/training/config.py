"""What a training run is asked to do, and the hyperparameters of each algorithm."""

from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from agents.envs.make import name_of
from agents.policies.linear_rule import UNTUNED, WEIGHTS
from agents.policies.network.sb3_policies import NETWORK
from agents.policies.rule_registry import load_weights
from agents.utils.checkpoints import read_json

Algo = Literal["maskable_ppo", "ppo", "dqn"]

RECIPES = Path(__file__).resolve().parent.parent / "configs" / "recipes"
DEFAULTS: dict[str, dict[str, Any]] = {  # what a recipe leaves out is as in its algorithm's own
    algo: (recipe := read_json(RECIPES / name)) | {"network": NETWORK | recipe.get("network", {})}
    for algo, name in (("maskable_ppo", "tuned.json"), ("ppo", "ppo.json"), ("dqn", "dqn.json"))
}
HYPERPARAMETERS: dict[str, dict[str, Any]] = {
    algo: recipe["hyperparameters"] for algo, recipe in DEFAULTS.items()
}
_MORE_PPO = ("clip_range", "clip_range_vf", "normalize_advantage", "vf_coef", "max_grad_norm")
MORE = {  # hyperparameters that have a default in the algorithm itself
    "maskable_ppo": (*_MORE_PPO, "final_fraction", "critic_alone"),
    "ppo": _MORE_PPO,
    "dqn": ("tau", "max_grad_norm"),
}
REWARD_SCALE = (
    0.05  # returns over the horizon of 1 / (1 - gamma) = 500 decisions are then of order 10
)


@dataclass(frozen=True)
class Settings:
    """Train an agent, then evaluate it against every baseline on held-out episodes."""

    scenario: str = "ThreeBody12"
    """Catalogue name, path to a TOML file, or a registered id."""
    algo: Algo = "maskable_ppo"
    """Learning algorithm."""
    timesteps: int = 75_000
    """Decisions to train on, over all environments."""
    seed: int = 0
    """Seed of weights, sampling and training episodes."""
    envs: int = 64
    """Environments that step together."""
    out: str = "runs/demo"
    """Folder of the run."""
    recipe: str | None = None
    """JSON file of hyperparameters, such as agents/configs/recipes/start.json.

    What it leaves out is as in tuned.json, ppo.json or dqn.json.
    """
    start: Annotated[str | None, tyro.conf.arg(name="from")] = None
    """Run folder, or `pretrained`, whose best weights the network starts from.

    Its network settings go before the recipe's.
    """
    resume: bool = False
    """Go on with the run in --out."""
    validations: int = 5
    """How often the policy is validated after the start; the best one is kept."""
    validation_episodes: int = 6
    """Episodes of each validation, always the same ones."""
    eval_episodes: int = 30
    """Held-out test episodes of the evaluation after training."""
    evaluate: bool = True
    """Evaluate after training."""
    processes: int = 2
    """Worker processes of the evaluation."""

    def __post_init__(self) -> None:
        """Check ranges and combinations."""
        for name in (
            "timesteps",
            "envs",
            "validations",
            "validation_episodes",
            "eval_episodes",
            "processes",
        ):
            if getattr(self, name) < 1:
                raise ValueError(
                    f"--{name.replace('_', '-')} must be at least 1, got {getattr(self, name)}"
                )
        if self.seed < 0:
            raise ValueError(f"--seed must be at least 0, got {self.seed}")
        if self.algo not in HYPERPARAMETERS:
            raise ValueError(f"--algo must be one of {', '.join(DEFAULTS)}, got {self.algo!r}")


LEARNING = (
    "scenario",
    "algo",
    "seed",
    "envs",
    "recipe",
    "start",
)  # settings that a resumed run must keep


@dataclass(frozen=True)
class Recipe:
    """Everything that shapes learning and is not a setting.

    Written to config.json and read back on resume.
    """

    hyperparameters: dict[str, Any]
    network: dict[str, Any] = field(default_factory=lambda: dict(NETWORK))
    reward_scale: float = REWARD_SCALE
    # less noise to learn through; with gamma .998 validation rose from .824 to .847 in 30,000
    # decisions
    subtract_value: bool = True
    load_range: tuple[float, float] | None = None  # every episode draws its load from it
    # the first episodes begin anywhere in their course; without it 64 short rollouts saw only empty
    # queues
    scatter: bool = True
    scenarios: tuple[
        str, ...
    ] = ()  # trained on together, and validated on, in place of the one in the settings
    about: str = ""  # what the recipe is for

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
        if not 0.0 < self.reward_scale < float("inf"):
            raise ValueError(f"reward_scale must be positive and finite, got {self.reward_scale}")

    def as_dict(self) -> dict[str, Any]:
        """Plain dict for JSON."""
        return asdict(self)


def recipe_for(settings: Settings) -> Recipe:
    """Recipe of these settings: the file if there is one, over the defaults of the algorithm.

    ValueError names what is wrong.
    """
    defaults = DEFAULTS[settings.algo]
    content = (
        {} if settings.recipe is None else read_json(Path(settings.recipe), RECIPES / "tuned.json")
    )
    field_names = [item.name for item in fields(Recipe)]
    if not isinstance(content, dict):
        raise ValueError(
            f"{settings.recipe} must hold one JSON object with some of {', '.join(field_names)}"
        )
    if unknown := sorted(set(content) - set(field_names)):
        raise ValueError(
            f"{settings.recipe} has an unknown entry {unknown[0]!r}; choose from "
            f"{', '.join(field_names)}"
        )
    for name, names in (
        ("network", NETWORK),
        ("hyperparameters", {*defaults["hyperparameters"], *MORE[settings.algo]}),
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
        content["network"]["rule"] = rule_weights(content["network"]["rule"], settings.scenario)
        return Recipe(**content)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{settings.recipe}: {error}" if settings.recipe else str(error)
        ) from error


def rule_weights(rule: str | dict[str, float] | None, scenario: str) -> dict[str, float] | None:
    """Weights of the rule that the network starts from: as given, or by name: `tuned` for this
    scenario, or `untuned`.
    """
    if not isinstance(rule, str):
        return rule
    if rule not in ("tuned", "untuned"):
        raise ValueError(
            f"the network's rule must be tuned, untuned, null or weights by name, got {rule!r}"
        )
    weights = UNTUNED if rule == "untuned" else load_weights("tuned", name_of(scenario))
    return dict(zip(WEIGHTS, weights.tolist(), strict=True))
