"""Kinds of actions beside the candidates: `earliest`, which is shipped, and one that is added."""

import json
import textwrap
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest

import orbit_gym  # noqa: F401 (registers the environments)
from agents.policies.heuristics import make_heuristic
from orbit_gym.actions import KINDS, ActionLayout, checked_kinds
from orbit_gym.env import OrbitEnv
from orbit_gym.observation import COLUMNS
from tests.helpers.edited import edited_copy
from tests.helpers.fresh import output_of
from tests.helpers.pages import DOCS, code_after

EARLIEST = ("reject", "earliest")
NODE = COLUMNS["nodes"]
EXTEND = DOCS / "guides" / "extend.md"
BRANCH = textwrap.indent(code_after(EXTEND, "recipe:action-branch"), "    ")
ADDED = {
    "orbit_gym/actions.py": [
        ("REJECT, EARLIEST = range(2)", "REJECT, EARLIEST, AT_ORIGIN = range(3)"),
        (
            "KINDS: dict[str, ActionKind] = {",
            f"KINDS: dict[str, ActionKind] = {{\n{code_after(EXTEND, 'recipe:action-kind')}",
        ),
    ],
    "orbit_gym/kernels/action_kinds.py": [
        ("import EARLIEST, REJECT", "import AT_ORIGIN, EARLIEST, REJECT"),
        ("    return NONE  # REJECT", f"{BRANCH}    return NONE  # REJECT"),
    ],
}
PLAY = """
import json
from orbit_gym.env import OrbitEnv
results = []
for actions in (("reject",), ("reject", "at_origin")):
    env = OrbitEnv("Tiny", actions=actions)
    env.reset(seed=1)
    action = 0 if len(actions) == 1 else env.action_layout.index("at_origin")
    results.append([env.step(action)[1] for _ in range(4)])
print(json.dumps(results))
"""


@pytest.mark.parametrize("name", ["Tiny", "ThreeBody12"])
def test_earliest_books_the_plan_that_delivers_first(name: str) -> None:
    """Step by step as an environment that names the candidate, to the last bit."""
    env, twin = OrbitEnv(name, actions=EARLIEST), OrbitEnv(name)
    assert env.action_space.n == twin.action_space.n + 1
    layout = env.action_layout
    (observation, _), _ = env.reset(seed=1), twin.reset(seed=1)
    n_booked = 0
    for _ in range(60):
        masks = env.action_masks()
        assert masks[layout.index("earliest")] == masks[: layout.n_candidates].any()
        plans = [env.plan(k) for k in range(layout.n_candidates)]
        delivery_s = np.array([plan.delivery_s for plan in plans])
        has_plan = bool(np.isfinite(delivery_s).any())
        candidate = int(delivery_s.argmin()) if has_plan else twin.action_layout.reject
        observation, reward, _, truncated, info = env.step(layout.index("earliest"))
        expected = twin.step(candidate)
        assert (reward, truncated, info["elapsed_s"]) == (
            expected[1], expected[3], expected[4]["elapsed_s"],
        )  # fmt: skip
        assert info["invalid_action"] != has_plan
        assert all(np.array_equal(observation[block], expected[0][block]) for block in observation)
        n_booked += has_plan
        if truncated:
            break
    assert n_booked > 3


def test_the_batch_has_the_same_kinds() -> None:
    envs = gym.make_vec("OrbitGym/Tiny-v0", num_envs=3, actions=EARLIEST)
    envs.reset(seed=5)
    single = OrbitEnv("Tiny", actions=EARLIEST)
    single.reset(seed=6)
    layout = single.action_layout
    assert envs.single_action_space.n == layout.n_actions == single.action_space.n
    for kind in ("earliest", "reject", "earliest", "earliest"):
        action = layout.index(kind)
        observations, rewards, *_ = envs.step(np.full(3, action))
        observation, reward, *_ = single.step(action)
        assert rewards[1] == reward
        assert np.array_equal(observations["nodes"][1], observation["nodes"])
        assert np.array_equal(envs.unwrapped.action_masks()[1], single.action_masks())
    envs.close()


def test_heuristics_play_with_any_kinds() -> None:
    """Candidates and rejection keep their numbers, so that policies need not know of more kinds."""
    rewards = []
    for kinds in (("reject",), EARLIEST):
        env, policy = OrbitEnv("Tiny", actions=kinds), make_heuristic("eft_admit")
        observation, _ = env.reset(seed=2)
        total, truncated = 0.0, False
        while not truncated:
            action, _ = policy.predict(observation, action_masks=env.action_masks())
            observation, reward, _, truncated, _ = env.step(action)
            total += reward
        rewards.append(total)
    assert rewards[0] == rewards[1] > 0.0


def test_a_layout_names_its_actions() -> None:
    layout = ActionLayout(4, EARLIEST)
    assert [layout.name(action) for action in (0, 3, 4, 5)] == [
        "candidate 0", "candidate 3", "reject", "earliest",
    ]  # fmt: skip
    assert (layout.n_actions, layout.reject, layout.index("earliest")) == (6, 4, 5)
    assert [layout.is_candidate(action) for action in (-1, 0, 3, 4)] == [False, True, True, False]


@pytest.mark.parametrize(
    ("kinds", "text"),
    [
        (("reject", "nearest"), f"unknown action 'nearest'; choose from {', '.join(KINDS)}"),
        (("earliest",), 'actions must begin with "reject" and name each kind once'),
        ((), 'actions must begin with "reject"'),
        (("reject", "earliest", "earliest"), "name each kind once"),
    ],
)
def test_wrong_kinds_are_refused(kinds: tuple[str, ...], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        OrbitEnv("Tiny", actions=kinds)
    with pytest.raises(ValueError, match=text):
        checked_kinds(kinds)


def test_an_action_outside_the_space_is_refused_with_the_number_that_rejects() -> None:
    env = OrbitEnv("Tiny", actions=EARLIEST)
    env.reset(seed=1)
    with pytest.raises(ValueError, match=r"integer from 0 to 5 \(4 rejects\), got 6"):
        env.step(6)
    with pytest.raises(ValueError, match="no action 'earliest' here; there are reject"):
        OrbitEnv("Tiny").action_layout.index("earliest")


@pytest.mark.slow
def test_a_kind_is_one_entry_and_one_branch(tmp_path: Path) -> None:
    """In a copy of the package the added kind earns what the candidate it stands for earns."""
    folder = edited_copy(tmp_path, ADDED)
    by_number, by_kind = json.loads(output_of(PLAY, folder))
    assert by_number == by_kind and sum(by_number) > 0.0
