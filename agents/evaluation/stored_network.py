"""Networks of run folders and shipped weights, made ready to play."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from agents.algorithms.registry import algorithm_names, alternatives, build_policy
from agents.envs.problem import FOREIGN, scenario_of
from agents.policies.protocol import Admitting, Environments, Policy
from agents.policies.rule_registry import CompiledScorer
from agents.policies.shipped import DEFAULT, names, read_card, read_weights
from agents.utils.checkpoints import BEST, load_checkpoint, load_weights
from orbit_gym.vector import OrbitVectorEnv

PRETRAINED = "pretrained"
SHIPPED = PRETRAINED + ":"  # before the name of shipped weights


def read_network(name: str) -> tuple[str, dict[str, Any], dict[str, torch.Tensor]]:
    """Return algorithm, network settings and best weights of a run folder.

    Or of shipped weights: pretrained:NAME, default without a name.
    """
    if name == PRETRAINED or name.startswith(SHIPPED):
        shipped = name.removeprefix(PRETRAINED).removeprefix(":") or DEFAULT
        card = read_card(shipped)
        return card["algo"], card["network"], read_weights(shipped)
    checkpoint = load_checkpoint(Path(name) / BEST)
    return checkpoint["algo"], checkpoint["network"], checkpoint["weights"]


def check_run(folder: str) -> None:
    """ValueError where a folder holds no trained run, or a damaged one."""
    path = Path(folder) / BEST
    if not path.is_file():
        raise ValueError(f"{folder} holds no trained run: {path} is missing")
    load_checkpoint(path)


def check_shipped(name: str) -> None:
    """ValueError where `pretrained` or pretrained:NAME cannot be read."""
    shipped = name.removeprefix(PRETRAINED).removeprefix(":")
    for card_name in [shipped] if shipped else {DEFAULT, *names()}:
        read_card(card_name), read_weights(card_name)


def shipped_for(name: str, envs: Environments) -> str:
    """Return pretrained:NAME for `pretrained`: the weights shipped for the scenario played.

    Those named default where it has none of its own.
    """
    if name != PRETRAINED:
        return name
    own_name = scenario_name(envs)
    return SHIPPED + (own_name if own_name in names() else DEFAULT)


def make_network(
    source: str,
    envs: Environments,
    is_untrained: bool = False,
    is_sampled: bool = False,
    admits_all: bool = False,
) -> Policy:
    """Make the policy of a run folder or of shipped weights for the spaces of the environments.

    Weights serve any number of candidates. A greedy one that decides by its rule alone is compiled.
    """
    algo, network, weights = read_network(source)
    if algo not in algorithm_names():
        raise ValueError(
            f"{source} was trained with an unknown algorithm {algo!r}; {alternatives(algo)}"
        )
    torch.set_num_threads(1)
    policy = build_policy(algo, *_spaces(envs), network)
    if not is_untrained:
        load_weights(policy, weights, Path(source))
    rule = None if is_sampled else rule_alone(policy)
    player: Any = policy if rule is None else CompiledScorer(rule)
    if admits_all:
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


def scenario_name(envs: Environments) -> str:
    """Name of the scenario that environments play, "another problem" where they are not ours."""
    scenario = scenario_of(envs)
    return FOREIGN if scenario is None else scenario.name


def _spaces(envs: Environments) -> tuple[Any, Any]:
    """Observation and action space of one environment."""
    if isinstance(envs, OrbitVectorEnv):
        return envs.single_observation_space, envs.single_action_space
    return envs[0].observation_space, envs[0].action_space
