"""Policies by name: a heuristic, a run folder, or shipped weights (`pretrained`,
`pretrained:NAME`).

`pretrained` takes the weights shipped for the scenario that is played, and those named default
where it has none of its own. `untrained:` before a run folder or shipped weights is the network
that they started from; `@sampled` after it draws actions instead of the best, `@admitting` takes
what it would turn away though some plan serves it in time.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from agents.algorithms.registry import algorithm_names, build_policy
from agents.envs.episode_runner import Environments
from agents.envs.make import FOREIGN, scenario_of
from agents.policies.heuristics import HEURISTICS, make_heuristic
from agents.policies.linear_rule import EFT_ADMIT
from agents.policies.planner.planner import PLANNERS, make_planner
from agents.policies.protocol import Admitting, Policy
from agents.policies.rule_registry import RULES, CompiledScorer, RulePolicy, make_rule
from agents.policies.shipped import DEFAULT, names, read_card, read_weights
from agents.utils.checkpoints import BEST, CONFIG, load_checkpoint, load_weights, read_json
from orbit_gym.utils.suggestions import choices
from orbit_gym.vector import OrbitVectorEnv

BASELINES = (*HEURISTICS, *RULES)  # policies by name that need no run
NAMES = (*BASELINES, *PLANNERS)  # planners take minutes an episode
UNTRAINED, SAMPLED, ADMITTING, PRETRAINED = "untrained:", "@sampled", "@admitting", "pretrained"
BY_SCENARIO = "*"  # shipped weights that are chosen when the environments are known


@dataclass(frozen=True)
class Spec:
    """One policy as typed."""

    name: str  # as typed: the key in the results
    is_sampled: bool
    is_untrained: bool
    run: Path | None  # run folder, None for a baseline and for shipped weights
    heuristic: str = ""  # or the name of a rule or planner
    shipped: str = ""  # name in agents/weights/pretrained, or BY_SCENARIO
    admits_all: bool = False

    @property
    def is_network(self) -> bool:
        """Whether it has weights."""
        return self.run is not None or bool(self.shipped)

    @property
    def is_control(self) -> bool:
        """Whether it is not played as it was trained."""
        return self.is_untrained or self.is_sampled or self.admits_all

    @property
    def plans(self) -> bool:
        """True for what looks ahead in the simulation: slow, and one episode at a time."""
        return self.heuristic in PLANNERS


def parse(name: str) -> Spec:
    """Read a policy's name.

    ValueError with the choices if there is no such policy, or one that cannot be loaded.
    """
    base, is_sampled, admits_all = (
        name.removesuffix(SAMPLED),
        name.endswith(SAMPLED),
        name.endswith(ADMITTING),
    )
    base = base.removesuffix(ADMITTING)
    if base in NAMES:
        if is_sampled or admits_all:
            raise ValueError(
                f"{name!r}: {base} is a rule and has no {name[len(base) :].strip('@')} form; give "
                f"{base!r}"
            )
        return Spec(name, False, False, None, base)
    if is_sampled and ADMITTING in name:
        raise ValueError(f"{name!r}: give {SAMPLED} or {ADMITTING}, not both")
    untrained, spec_name = base.startswith(UNTRAINED), base.removeprefix(UNTRAINED)
    if spec_name == PRETRAINED or spec_name.startswith(PRETRAINED + ":"):
        shipped = spec_name.removeprefix(PRETRAINED).removeprefix(":")
        for card_name in [shipped] if shipped else {DEFAULT, *names()}:
            read_card(card_name), read_weights(card_name)
        return Spec(
            name, is_sampled, untrained, None, shipped=shipped or BY_SCENARIO, admits_all=admits_all
        )
    run = Path(spec_name)
    if not run.is_dir():
        alternatives = choices(base, (*NAMES, PRETRAINED))
        raise ValueError(
            f"unknown policy {name!r}; {alternatives}, or give a run folder or untrained:<run "
            "folder>"
        )
    if not (run / BEST).is_file():
        raise ValueError(f"{run} holds no trained run: {run / BEST} is missing")
    spec = Spec(name, is_sampled, untrained, run, admits_all=admits_all)
    load_checkpoint(run / BEST)  # damaged files are found now, not after long work
    return spec


def with_controls(names: tuple[str, ...], sampled: bool, controls: bool) -> tuple[str, ...]:
    """Add to every run its untrained control, greedy and sampled, without repetition.

    And its own sampled form where that is wanted.
    """
    result: dict[str, None] = {}
    for name in names:
        result[name] = None
        if name in NAMES or name.startswith(UNTRAINED) or name.endswith((SAMPLED, ADMITTING)):
            continue
        extra = [name + SAMPLED] * sampled + [
            UNTRAINED + name,
            UNTRAINED + name + SAMPLED,
        ] * controls
        result |= dict.fromkeys(extra)
    return tuple(result)


def load_policy(spec: Spec, envs: Environments, seed: int = 0) -> Policy:
    """Make the policy for the spaces of the environments; weights serve any number of candidates.

    Seed matters to `random` only.
    """
    if spec.plans:
        return make_planner(spec.heuristic, scenario_name(envs))
    if spec.heuristic in RULES:
        return make_rule(spec.heuristic, scenario_name(envs))
    if spec.heuristic == "eft_admit":
        return RulePolicy("tuned", EFT_ADMIT)  # the same choices (a test), compiled
    if not spec.is_network:
        return make_heuristic(spec.heuristic, seed)
    source = str(spec.run) if spec.run is not None else f"{PRETRAINED}:{shipped_name(spec, envs)}"
    algo, network, weights = stored_network(source)
    if algo not in algorithm_names():
        raise ValueError(f"{source} was trained with an unknown algorithm {algo!r}")
    torch.set_num_threads(1)
    policy = build_policy(algo, *_spaces(envs), network)
    if not spec.is_untrained:
        load_weights(policy, weights, Path(source))
    rule = None if spec.is_sampled else rule_alone(policy)
    player: Any = policy if rule is None else CompiledScorer(rule)
    if spec.admits_all:
        return Admitting(player, player if rule is None else CompiledScorer(rule, admits_all=True))
    return player  # type: ignore[no-any-return]


def rule_alone(policy: Any) -> np.ndarray | None:
    """Return the rule (3, P, M) by which a network decides if its learned logits are all zero.

    As after policy search or untrained; None for other networks.
    """
    heads, rule = (
        getattr(policy, "mlp_extractor", None),
        getattr(getattr(policy, "features_extractor", None), "rule", None),
    )
    if (
        heads is None
        or rule is None
        or any(
            bool(part.any()) for layer in (heads.score, heads.reject) for part in layer.parameters()
        )
    ):
        return None
    return np.asarray(rule)


def shipped_name(spec: Spec, envs: Environments) -> str:
    """Name of the shipped weights that a policy plays these environments with."""
    if spec.shipped != BY_SCENARIO:
        return spec.shipped
    own_name = scenario_name(envs)
    return own_name if own_name in names() else DEFAULT


def stored_network(name: str) -> tuple[str, dict[str, Any], dict[str, torch.Tensor]]:
    """Return algorithm, network settings and best weights of a run folder.

    Or of shipped weights: pretrained:NAME, default without a name.
    """
    if name == PRETRAINED or name.startswith(PRETRAINED + ":"):
        shipped = name.removeprefix(PRETRAINED).removeprefix(":") or DEFAULT
        card = read_card(shipped)
        return card["algo"], card["network"], read_weights(shipped)
    checkpoint = load_checkpoint(Path(name) / BEST)
    return checkpoint["algo"], checkpoint["network"], checkpoint["weights"]


def scenario_name(envs: Environments) -> str:
    """Name of the scenario that environments play, "another problem" where they are not ours."""
    scenario = scenario_of(envs)
    return FOREIGN if scenario is None else scenario.name


def _spaces(envs: Environments) -> tuple[Any, Any]:
    """Observation and action space of one environment."""
    if isinstance(envs, OrbitVectorEnv):
        return envs.single_observation_space, envs.single_action_space
    return envs[0].observation_space, envs[0].action_space


def label(spec: Spec) -> str:
    """Return the name of a policy for tables.

    A trained run says that its interval is about this one policy, not about training again.
    """
    if spec.plans and PLANNERS[spec.heuristic][1]:
        return f"{spec.name} (yardstick: knows the future)"
    return (
        f"{spec.name} (this policy only)"
        if spec.is_network and not spec.is_untrained
        else spec.name
    )


def trained_on(spec: Spec) -> str | None:
    """Scenario that a run was trained on, None for heuristics."""
    if spec.run is None or not (spec.run / CONFIG).exists():
        return None
    return str(read_json(spec.run / CONFIG)["settings"]["scenario"])
