"""The kinds of policies that an evaluation plays, by name: one table.

An installed package adds a kind, or a single policy, by an entry point, a program by
`register_policy`:

    [project.entry-points."orbit_gym.policies"]
    oracle = "my_package.oracle:make_oracle"
"""

import hashlib
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from agents.evaluation.stored_network import (
    PRETRAINED,
    SHIPPED,
    check_run,
    check_shipped,
    make_network,
    scenario_name,
    shipped_for,
)
from agents.policies.heuristics import HEURISTICS, heuristic_names, make_heuristic
from agents.policies.linear_rule import EFT_ADMIT
from agents.policies.planner.planner import PLANNERS, fingerprint, make_planner
from agents.policies.protocol import Environments, Policy
from agents.policies.rule_registry import RULES, RulePolicy, make_rule
from agents.utils import jit
from orbit_gym.utils.kernel_cache import hash_of
from orbit_gym.utils.plugins import install_plugins

GROUP = "orbit_gym.policies"
# Episodes played in step. Part of the definition of what is drawn, so not an option.
EPISODES_IN_STEP = 10
# Of a greedy network: a call for 50 decisions takes two to three times as long as one for 10.
EPISODES_OF_NETWORK = 50
COMPILED_HEURISTICS = {"eft_admit": EFT_ADMIT}  # the same choices (a test) by weights of `tuned`


@dataclass(frozen=True)
class PolicySpec:
    """One policy as typed."""

    name: str
    """As typed: the key in the results."""
    kind: str
    """Key of POLICY_KINDS."""
    base: str
    """The name without what is before and after it: a heuristic, a run folder, and so on."""
    is_untrained: bool = False
    """Whether the network that it started from is played."""
    is_sampled: bool = False
    """Whether actions are drawn instead of the best taken."""
    admits_all: bool = False
    """Whether it takes what it would turn away though some plan serves it in time."""

    @property
    def is_control(self) -> bool:
        """Whether it is not played as it was trained."""
        return self.is_untrained or self.is_sampled or self.admits_all


PolicyMaker = Callable[[PolicySpec, Environments, int], Policy]


@dataclass(frozen=True)
class PolicyKind:
    """What an evaluation knows of policies of one kind."""

    make: PolicyMaker
    """Makes a policy for environments. The seed is for those that draw."""
    names: Collection[str] = ()
    """Names that --policies takes; those listed when a name is unknown."""
    recognises: Callable[[str], bool] = lambda name: False
    """Whether a name that is not listed, such as a path, is of this kind."""
    check: Callable[[str], None] = lambda name: None
    """Reads what a policy is stored in; ValueError before any long work."""
    is_default: bool = False
    """Whether all of its names are played where --policies is not given."""
    is_slow: bool = False
    """Whether an episode takes minutes: each one is then kept as soon as it is played."""
    is_trained: bool = False
    """Whether there are untrained:, @sampled and @admitting forms of it."""
    run_folder: Callable[[PolicySpec], Path | None] = lambda spec: None
    """Folder with the settings and learning curve that a report shows."""
    episodes_in_step: Callable[[PolicySpec], int] = lambda spec: EPISODES_IN_STEP
    """Episodes that one call of `predict` decides for."""
    fingerprint: Callable[[PolicySpec, Policy], str | None] = lambda spec, policy: None
    """Names all that decides its actions, so that played episodes can be kept; None: they are not.
    """
    note: Callable[[PolicySpec], str] = lambda spec: ""
    """What tables say behind its name."""


def _make_heuristic(spec: PolicySpec, envs: Environments, seed: int) -> Policy:
    weights = COMPILED_HEURISTICS.get(spec.base)
    return make_heuristic(spec.base, seed) if weights is None else RulePolicy("tuned", weights)


def _make_network(spec: PolicySpec, envs: Environments, seed: int) -> Policy:
    forms = spec.is_untrained, spec.is_sampled, spec.admits_all
    return make_network(shipped_for(spec.base, envs), envs, *forms)


def _rule_fingerprint(spec: PolicySpec, policy: Policy) -> str | None:
    if not isinstance(policy, RulePolicy):
        return None
    weights = hashlib.sha256(policy.weights.tobytes()).hexdigest()
    return f"{hash_of(jit.kernel_sources(), jit.PACKAGE)} {policy.number} {weights}"


def _planner_note(spec: PolicySpec) -> str:
    return "yardstick: knows the future" if PLANNERS[spec.base].knows_future else ""


def _network_note(spec: PolicySpec) -> str:
    """Say that the interval is about this one policy, not about training again."""
    return "" if spec.is_untrained else "this policy only"


def _episodes_of_network(spec: PolicySpec) -> int:
    return EPISODES_IN_STEP if spec.is_sampled else EPISODES_OF_NETWORK


POLICY_KINDS: dict[str, PolicyKind] = {
    "heuristic": PolicyKind(
        _make_heuristic, HEURISTICS.keys(), is_default=True, fingerprint=_rule_fingerprint
    ),
    "rule": PolicyKind(
        lambda spec, envs, seed: make_rule(spec.base, scenario_name(envs)),
        RULES.keys(),
        is_default=True,
        fingerprint=_rule_fingerprint,
    ),
    "planner": PolicyKind(
        lambda spec, envs, seed: make_planner(spec.base, scenario_name(envs)),
        PLANNERS.keys(),
        is_slow=True,
        episodes_in_step=lambda spec: 1,
        fingerprint=lambda spec, policy: fingerprint(spec.base),
        note=_planner_note,
    ),
    "shipped network": PolicyKind(
        _make_network,
        (PRETRAINED,),
        lambda name: name.startswith(SHIPPED),
        check_shipped,
        is_trained=True,
        episodes_in_step=_episodes_of_network,
        fingerprint=_rule_fingerprint,
        note=_network_note,
    ),
    "run": PolicyKind(
        _make_network,
        recognises=lambda name: Path(name).is_dir(),
        check=check_run,
        is_trained=True,
        run_folder=lambda spec: Path(spec.base),
        episodes_in_step=_episodes_of_network,
        fingerprint=_rule_fingerprint,
        note=_network_note,
    ),
}
BASELINES = tuple(name for kind in POLICY_KINDS.values() if kind.is_default for name in kind.names)


def register_policy(name: str, policy: PolicyKind | Callable[[Environments, int], Policy]) -> None:
    """Add a kind of policies, or one policy under the name that --policies takes.

    One policy is a function of the environments and a seed that makes it. TypeError for what is
    neither, ValueError for a name that is no word or that is taken.
    """
    if not isinstance(policy, PolicyKind) and not callable(policy):
        raise TypeError(
            f"policy {name!r} must be a function of environments and seed, or a PolicyKind, got "
            f"{policy!r}"
        )
    if isinstance(policy, PolicyKind):
        kind = policy
    else:
        kind = PolicyKind(lambda spec, envs, seed: policy(envs, seed), (name,))
    for word in (name, *kind.names):
        if not re.fullmatch(r"[\w-]+", word):
            raise ValueError(f"policy {word!r} must be called by letters, digits, - and _")
    for word in {name} & POLICY_KINDS.keys() or set(kind.names) & policy_names().keys():
        raise ValueError(f"there is a policy {word!r} already; choose another name")
    POLICY_KINDS[name] = kind


def policy_names() -> dict[str, str]:
    """Every name that --policies takes and its kind, those of installed packages included.

    ValueError where two kinds have a policy of one name.
    """
    heuristic_names()
    install_plugins(GROUP, register_policy)
    kinds: dict[str, str] = {}
    for kind, entry in POLICY_KINDS.items():
        for name in entry.names:
            if kinds.setdefault(name, kind) != kind:
                raise ValueError(
                    f"{name!r} is the name of a {kinds[name]} and of a {kind}; register yours "
                    "under another name"
                )
    return kinds


def kind_of(spec: PolicySpec) -> PolicyKind:
    """Return the entry of a policy."""
    policy_names()
    return POLICY_KINDS[spec.kind]
