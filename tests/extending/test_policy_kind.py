"""A kind of policies is one entry of a table: ours, a program's, or an installed package's."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agents.evaluate import Evaluation, evaluate
from agents.evaluation import jobs
from agents.evaluation.load_policy import parse, with_controls
from agents.evaluation.policy_kinds import POLICY_KINDS, PolicyKind, PolicySpec, register_policy
from agents.policies.protocol import Environments, NeedsEnvironments
from orbit_gym.vector import OrbitVectorEnv
from tests.helpers.edited import printed_with_edits
from tests.helpers.fresh import output_of
from tests.helpers.installed import install

ROOT = Path(__file__).resolve().parents[2]
HEADLINE = "served_value_fraction"


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    """What a test registers is gone after it."""
    copy = dict(POLICY_KINDS)
    yield
    POLICY_KINDS.clear()
    POLICY_KINDS.update(copy)


class LeastPower(NeedsEnvironments):
    """The valid candidate by a limit, counted in the simulation itself."""

    def __init__(self, limit: int) -> None:
        self.limit, self.steps = limit, list[int]()

    def attach(self, envs: Environments) -> None:
        assert isinstance(envs, OrbitVectorEnv)
        self.envs = envs

    def predict(
        self, observation: Any, state: Any, starts: Any, deterministic: bool, masks: np.ndarray
    ) -> tuple[Any, Any]:
        self.steps.append(self.envs.simulation(0).task_index)
        rows = np.argmax(masks, axis=1)
        return np.where(rows < self.limit, rows, masks.shape[1] - 1), state


def make_first(spec: PolicySpec, envs: Environments, seed: int) -> LeastPower:
    return LeastPower(int(spec.base.removeprefix("first:")))


FIRST_FEW = PolicyKind(
    make_first,
    recognises=lambda name: name.startswith("first:"),
    check=lambda name: None if name[6:].isdigit() else _refuse(name),
    episodes_in_step=lambda spec: 2,
    fingerprint=lambda spec, policy: f"one version of {spec.base}",
    note=lambda spec: "of the lab",
    is_slow=True,
)


def _refuse(name: str) -> None:
    raise ValueError(f"{name!r} must end in a number")


def test_a_kind_is_parsed_grouped_played_kept_and_labelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register_policy("first_few", FIRST_FEW)
    groups, play = [], jobs.play_job
    monkeypatch.setattr(
        jobs, "play_job", lambda job, members: groups.append(job.seeds) or play(job, members)
    )
    options = Evaluation(("first:3", "eft"), "Tiny", seeds=3, out=str(tmp_path), processes=1)
    results = evaluate(options)
    first = options.first_seed
    assert (first, first + 1) in groups and (first + 2,) in groups
    assert results["labels"]["first:3"] == "first:3 (of the lab)"
    groups.clear()
    second_answer = evaluate(
        Evaluation(("first:3",), "Tiny", seeds=3, out=str(tmp_path), processes=1, overwrite=True)
    )
    assert groups == []  # it is slow and has a fingerprint, so it was kept
    assert (
        second_answer["policies"]["first:3"][HEADLINE] == results["policies"]["first:3"][HEADLINE]
    )
    assert with_controls(("first:3",), True, True) == ("first:3",)
    with pytest.raises(ValueError, match="'first:many' must end in a number"):
        parse("first:many")
    with pytest.raises(ValueError, match="first:3 is a rule and has no sampled form"):
        parse("first:3@sampled")


ENTRY = """    "never": PolicyKind(lambda spec, envs, seed: Never(), ("never",)),
"""
REJECTS_ALL = """class Never:
    def predict(self, observation, state=None, starts=None, deterministic=True, masks=None):
        return masks.shape[1] - 1 + 0 * masks[:, 0].astype(int), state


"""
BEFORE_TABLE, LAST_ENTRY = "POLICY_KINDS: dict[str, PolicyKind] = {", '    "run": PolicyKind('
EVALUATE = """
import json, sys
from agents.evaluate import Evaluation, evaluate
results = evaluate(Evaluation({names!r}, "Tiny", seeds=2, out={out!r}, processes=1))
print(json.dumps(results["policies"]))
"""


def test_one_entry_in_our_table_is_a_kind(tmp_path: Path) -> None:
    edits = [(BEFORE_TABLE, REJECTS_ALL + BEFORE_TABLE), (LAST_ENTRY, ENTRY + LAST_ENTRY)]
    program = EVALUATE.format(names=("never",), out=str(tmp_path))
    text = printed_with_edits({"agents/evaluation/policy_kinds.py": edits}, program)
    policies = json.loads(text.splitlines()[-1])
    assert policies["never"]["n_released"] == policies["never"]["n_rejected"]
    assert policies["never"][HEADLINE]["mean"] == 0.0


PACKAGE = (
    "from agents.evaluation.policy_kinds import PolicyKind\n"
    + REJECTS_ALL
    + """
def make_never(envs, seed):
    return Never()


KIND = PolicyKind(lambda spec, envs, seed: Never(), ("hardly", "seldom"))
"""
)
ENTRY_POINTS = """
[orbit_gym.policies]
never = lab:make_never
lab_kind = lab:KIND
rollout = lab:make_never
"""


def test_an_installed_package_adds_a_policy_and_a_kind(tmp_path: Path) -> None:
    install(tmp_path, "lab", PACKAGE, ENTRY_POINTS)
    program = "import warnings; warnings.simplefilter('ignore')\n"
    program += EVALUATE.format(names=("never", "seldom"), out=str(tmp_path / "results"))
    policies = json.loads(output_of(program, ROOT, PYTHONPATH=str(tmp_path)).splitlines()[-1])
    assert policies["never"] == policies["seldom"]
    assert policies["never"][HEADLINE]["mean"] == 0.0
    text = output_of(
        "import warnings\n"
        "with warnings.catch_warnings(record=True) as caught:\n"
        "    warnings.simplefilter('always')\n"
        "    from agents.evaluation.policy_kinds import POLICY_KINDS, policy_names\n"
        "    print('never' in POLICY_KINDS)\n"
        "    print(policy_names()['rollout'])\n"
        "print(caught[-1].message)",
        ROOT,
        PYTHONPATH=str(tmp_path),
    ).splitlines()
    assert text[:2] == ["False", "planner"]  # nothing is imported before names are looked up
    assert "there is a policy 'rollout' already; choose another name" in text[2]


def test_mistakes_are_named() -> None:
    with pytest.raises(TypeError, match="must be a function of environments and seed, or a Poli"):
        register_policy("x", 3)  # type: ignore[arg-type]
    for name in ("rule", "eft", "pretrained"):
        with pytest.raises(ValueError, match=f"there is a policy '{name}' already; choose another"):
            register_policy(name, lambda envs, seed: LeastPower(1))
    with pytest.raises(ValueError, match="there is a policy 'eft' already; choose another"):
        register_policy("mine", PolicyKind(make_first, ("eft",)))
    with pytest.raises(ValueError, match="'a@b' must be called by letters, digits, - and _"):
        register_policy("a@b", FIRST_FEW)
    register_policy("always_first", lambda envs, seed: LeastPower(1))
    with pytest.raises(ValueError, match="choose from random, .*pretrained, always_first, or give"):
        parse("always_firs")
