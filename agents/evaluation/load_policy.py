"""Policies by name: a heuristic, a rule, a planner, a run folder, shipped weights (`pretrained`,
`pretrained:NAME`), or what a package adds to agents.evaluation.policy_kinds.

`pretrained` takes the weights shipped for the scenario that is played, and those named default
where it has none of its own. `untrained:` before a run folder or shipped weights is the network
that they started from; `@sampled` after it draws actions instead of the best, `@admitting` takes
what it would turn away though some plan serves it in time.
"""

from collections.abc import Sequence
from typing import NamedTuple

from agents.evaluation.policy_kinds import POLICY_KINDS, PolicySpec, kind_of, policy_names
from agents.policies.protocol import Environments, Policy
from agents.policies.rule_registry import RulePolicy
from orbit_gym.utils.suggestions import choices

UNTRAINED, SAMPLED, ADMITTING = "untrained:", "@sampled", "@admitting"


class LoadedPolicy(NamedTuple):
    """A policy that is ready to play, and what its episodes can be kept under."""

    spec: PolicySpec
    policy: Policy
    fingerprint: str | None

    @property
    def rule(self) -> RulePolicy | None:
        """The policy where it is a compiled rule, which draws nothing and so serves all seeds."""
        return self.policy if isinstance(self.policy, RulePolicy) else None


def parse(name: str) -> PolicySpec:
    """Read a policy's name.

    ValueError with the choices if there is no such policy, or one that cannot be loaded.
    """
    is_untrained, base, forms = _split(name)
    kind = _kind_name(base)
    if kind is None:
        raise ValueError(
            f"unknown policy {name!r}; {choices(base, policy_names())}, or give a run folder or "
            "untrained:<run folder>"
        )
    if (forms or is_untrained) and not POLICY_KINDS[kind].is_trained:
        form = (forms or [UNTRAINED])[0].strip("@:")
        raise ValueError(f"{name!r}: {base} is a rule and has no {form} form; give {base!r}")
    if len(forms) > 1:
        raise ValueError(f"{name!r}: give {SAMPLED} or {ADMITTING}, not both")
    POLICY_KINDS[kind].check(base)
    return PolicySpec(name, kind, base, is_untrained, SAMPLED in forms, ADMITTING in forms)


def _split(name: str) -> tuple[bool, str, list[str]]:
    """Return whether a name asks for the untrained network, the policy, and forms behind it."""
    trained_name, forms = name.removeprefix(UNTRAINED), list[str]()
    for form in (SAMPLED, ADMITTING, SAMPLED):  # in either order
        if trained_name.endswith(form):
            trained_name = trained_name.removesuffix(form)
            forms.append(form)
    return name.startswith(UNTRAINED), trained_name, forms


def _kind_name(base: str) -> str | None:
    """Key of POLICY_KINDS for a name without forms; None for an unknown one."""
    if base in (kinds := policy_names()):
        return kinds[base]
    return next((key for key, kind in POLICY_KINDS.items() if kind.recognises(base)), None)


def with_controls(names: Sequence[str], sampled: bool, controls: bool) -> tuple[str, ...]:
    """Add to every run its untrained control, greedy and sampled, without repetition.

    And its own sampled form where that is wanted.
    """
    result: dict[str, None] = {}
    for name in names:
        result[name] = None
        is_untrained, base, forms = _split(name)
        kind = _kind_name(base)
        if is_untrained or forms or kind is None or not POLICY_KINDS[kind].is_trained:
            continue
        untrained = UNTRAINED + name
        extra = [name + SAMPLED] * sampled + [untrained, untrained + SAMPLED] * controls
        result |= dict.fromkeys(extra)
    return tuple(result)


def load_policy(spec: PolicySpec, envs: Environments, seed: int = 0) -> Policy:
    """Make the policy for environments; the seed is for those that draw."""
    return kind_of(spec).make(spec, envs, seed)


def load_policies(specs: Sequence[PolicySpec], envs: Environments) -> list[LoadedPolicy]:
    """Make policies for environments, with what tells their kept episodes from others."""
    loaded_policies = []
    for spec in specs:
        policy = load_policy(spec, envs)
        loaded_policies.append(LoadedPolicy(spec, policy, kind_of(spec).fingerprint(spec, policy)))
    return loaded_policies


def label(spec: PolicySpec) -> str:
    """Return the name of a policy for tables, with what is to be known of it."""
    note = kind_of(spec).note(spec)
    return f"{spec.name} ({note})" if note else spec.name
