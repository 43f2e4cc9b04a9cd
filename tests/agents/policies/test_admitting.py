"""What admission is worth: the same policy where it may not turn away what some plan serves in
time.
"""

from pathlib import Path

import numpy as np
import pytest

from agents.algorithms.registry import build_policy
from agents.evaluation.load_policy import load_policy, parse, with_controls
from agents.evaluation.stored_network import read_network
from agents.policies.protocol import PLAN_ON_TIME, Admitting, Policy
from agents.utils.checkpoints import load_weights
from orbit_gym.vector import OrbitVectorEnv

NAME = "pretrained:tight-downlink@admitting"


def network(envs: OrbitVectorEnv) -> Policy:
    """The shipped weights, played by torch."""
    algo, settings, weights = read_network("pretrained:tight-downlink")
    policy = build_policy(algo, envs.single_observation_space, envs.single_action_space, settings)
    load_weights(policy, weights, Path(NAME))
    return policy  # type: ignore[return-value]


def test_it_takes_whatever_some_plan_serves_in_time_compiled_or_not() -> None:
    envs = OrbitVectorEnv(
        4, "tight-downlink", split="train", overrides={"workload.load": 0.78}, metrics=False
    )
    admitting, own_policy, policy = (
        load_policy(parse(NAME), envs),
        load_policy(parse("pretrained:tight-downlink"), envs),
        network(envs),
    )
    wrapped = Admitting(policy, policy)
    observation, _ = envs.reset(seed=1_000_000)
    n_refused, reject = 0, envs.single_action_space.n - 1
    for _ in range(150):
        masks = envs.action_masks()
        has_plan = (observation["nodes"][..., PLAN_ON_TIME] > 0.5).any(axis=-1)
        usual = own_policy.predict(observation, action_masks=masks)[0]
        actions = [one.predict(observation, action_masks=masks)[0] for one in (admitting, wrapped)]
        for action in actions:
            assert np.array_equal(action < reject, has_plan)
            assert np.array_equal(action[usual < reject], usual[usual < reject])
        n_refused += int((usual[has_plan] == reject).sum())
        observation = envs.step(actions[0])[0]
    assert n_refused > 5  # else nothing is shown here
    envs.close()


def test_its_name() -> None:
    assert parse(NAME).admits_all and not parse(NAME.removesuffix("@admitting")).admits_all
    assert parse(NAME).is_control and not parse(NAME.removesuffix("@admitting")).is_control
    assert with_controls((NAME,), True, True) == (NAME,)
    with pytest.raises(ValueError, match="tuned is a rule and has no admitting form"):
        parse("tuned@admitting")
    with pytest.raises(ValueError, match="not both"):
        parse(NAME + "@sampled")
