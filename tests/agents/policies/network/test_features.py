"""The network's inputs as kernels fill them, against the same in NumPy
(validation.network_inputs).
"""

import numpy as np
import pytest
import torch

from agents.policies.bilinear_rule import NAMES
from agents.policies.network.rule_prior import make_rule_prior, prepare
from orbit_gym.observation import observation_space
from orbit_gym.vector import OrbitVectorEnv
from tests.helpers.fake_env import NODE, TASK, random_observation
from validation import network_inputs as reference

N = 6
EFT_ADMIT = {"cost.delivery": 1.0, "admit.one": 1.0}


def check(observation, rule):
    """Compare every input.

    Float32 columns pass through expm1 of up to two hours, hence 2e-4 on logits of up to 100 and
    more.
    """
    start = make_rule_prior(64.0, 4.0, rule)
    prepared = prepare(
        {name: torch.from_numpy(block) for name, block in observation.items()}, start
    )
    view = reference.ColumnView(observation)
    weights = make_rule_prior(64.0, 4.0, rule or EFT_ADMIT).rule.numpy()
    logits = reference.prior(view, weights, 64.0, 4.0)
    np.testing.assert_allclose(prepared.prior, logits, rtol=1e-5, atol=2e-4)
    np.testing.assert_allclose(prepared.pools, reference.pools(view, logits), rtol=0, atol=2e-4)
    np.testing.assert_allclose(
        prepared.rows, reference.rows(view, observation, logits), rtol=0, atol=2e-5
    )
    assert np.array_equal(prepared.task, observation["task"])
    assert np.array_equal(
        prepared.valid[:, :-1], observation["nodes"][..., NODE["plan_exists"]] > 0.5
    )
    assert bool(prepared.valid[:, -1].all())
    return prepared


def random_batch(seed):
    """Random observations, some of them with candidates that stand nowhere, with nothing in time
    and with links.
    """
    rng = np.random.default_rng(seed)
    observation = random_observation(rng, N, 600)
    observation["task"][:, TASK["offered_load_30min"]] = rng.uniform(0.0, 2.0, 600)
    observation["task"][:, TASK["urgent_infeasible_rate"]] = rng.uniform(0.0, 0.2, 600)
    observation["links"] = rng.uniform(-1.0, 1.0, observation["links"].shape).astype(np.float32)
    observation["nodes"][:100, 3:] = 0.0
    observation["nodes"][100:150, :, NODE["plan_on_time"]] = 0.0
    observation["nodes"][150:160] = 0.0
    return observation


@pytest.mark.parametrize("seed", range(3))
def test_every_weight_and_every_input(seed):
    weights = dict(
        zip(NAMES, np.random.default_rng(seed).normal(size=len(NAMES)).tolist(), strict=True)
    )
    prepared = check(random_batch(seed), weights)
    assert (
        0.02 < float((prepared.prior.argmax(dim=1) == N).float().mean()) < 0.98
    )  # both accepted and rejected


def test_without_a_rule_it_is_eft_admit():
    check(random_batch(5), None)


def test_where_no_candidate_stands_nothing_is_pooled():
    observation = {
        key: np.zeros((1, *space.shape), np.float32)
        for key, space in observation_space(N, 2).spaces.items()
    }
    assert not check(observation, None).pools.any()


def test_observations_of_the_simulation():
    envs = OrbitVectorEnv(4, "Ring12", metrics=False)
    observations, _ = envs.reset(seed=3)
    rng, rule = (
        np.random.default_rng(3),
        {"cost.delivery": 1.0, "admit.worth": 1.0, "admit.work": -1.0},
    )
    for step in range(120):
        if step % 12 == 0:
            check({name: block.copy() for name, block in observations.items()}, rule)
        masks = envs.action_masks()
        observations = envs.step(np.where(masks, rng.random(masks.shape), -1.0).argmax(axis=1))[0]
    envs.close()
