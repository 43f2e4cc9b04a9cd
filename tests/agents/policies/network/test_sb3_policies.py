"""Symmetry, start at eft_admit, and one set of weights for any number of candidates."""

import gymnasium as gym
import numpy as np
import pytest
import torch

from agents.algorithms.registry import ALGORITHMS, build_policy
from agents.policies.heuristics import make_heuristic
from agents.policies.linear_rule import N_COST, WEIGHTS, choose_many
from agents.policies.network.candidate_scorer import MASKED
from agents.policies.network.rule_prior import make_rule_prior, prepare
from agents.policies.network.sb3_policies import NETWORK
from orbit_gym.observation import observation_space
from tests.helpers.fake_env import NODE, random_observation

# algorithms whose network is the scorer
SCORERS = [name for name, algorithm in ALGORITHMS.items() if algorithm.network == NETWORK]


def untrained(algo, n):
    """The untrained policy of an algorithm for n candidates."""
    return build_policy(algo, observation_space(n, 2), gym.spaces.Discrete(n + 1), NETWORK)


def logits_of(policy, algo, obs):
    """Logits (batch, n + 1) of a batch."""
    tensors, _ = policy.obs_to_tensor(obs)
    with torch.no_grad():
        return policy.mlp_extractor.forward_actor(policy.extract_features(tensors))


def randomised(policy):
    """The same policy with every weight drawn anew, so that residuals matter."""
    generator = torch.Generator().manual_seed(
        0
    )  # with other draws a limited logit may be so far out that its gradient is 0
    with torch.no_grad():
        for parameter in policy.parameters():
            parameter.normal_(0.0, 0.3, generator=generator)
    return policy


def masks_of(obs):
    """Action masks from plan_exists."""
    exists = obs["nodes"][..., NODE["plan_exists"]] > 0.5
    return np.concatenate([exists, np.ones_like(exists[..., :1])], axis=-1)


@pytest.mark.parametrize("algo", SCORERS)
def test_untrained_greedy_is_eft_admit(algo):
    obs = random_observation(np.random.default_rng(0), 12, 2000)
    obs["nodes"][:500, :, NODE["plan_delivery"]] = np.round(
        obs["nodes"][:500, :, NODE["plan_delivery"]], 1
    )  # ties
    obs["nodes"][500:600, :, NODE["plan_on_time"]] = 0.0  # nothing in time
    actions, _ = untrained(algo, 12).predict(obs, deterministic=True, action_masks=masks_of(obs))
    assert np.array_equal(actions, make_heuristic("eft_admit").predict(obs)[0])


@pytest.mark.parametrize("seed", range(4))
def test_untrained_greedy_is_the_tuned_rule_where_its_weights_are_given(seed):
    rng = np.random.default_rng(seed)
    obs, weights = random_observation(rng, 12, 3000), rng.normal(size=len(WEIGHTS))
    weights[N_COST] = 2.0 * seed + 1.0  # admits more and more
    network_actions = np.zeros(3000, np.int64)
    choose_many(obs["task"], obs["nodes"], masks_of(obs), weights, network_actions)
    space = observation_space(12, 2)
    policy = build_policy(
        "maskable_ppo",
        space,
        gym.spaces.Discrete(13),
        NETWORK | {"rule": dict(zip(WEIGHTS, weights.tolist()))},
    )
    actions, _ = policy.predict(obs, deterministic=True, action_masks=masks_of(obs))
    assert np.array_equal(actions, network_actions)
    assert 0 < (network_actions == 12).sum() < 3000  # both happen


def test_a_rule_with_an_unknown_weight_is_refused():
    with pytest.raises(
        ValueError, match=r"network's rule: unknown weight 'cost.colour'; choose from cost"
    ):
        make_rule_prior(64.0, 4.0, {"cost.colour": 1.0})


def test_prior_order_is_best_then_reject_then_late():
    nodes = torch.zeros(1, 3, len(NODE))
    nodes[0, :, NODE["plan_exists"]] = 1.0
    nodes[0, :, NODE["plan_on_time"]] = torch.tensor([1.0, 1.0, 0.0])
    nodes[0, :, NODE["plan_delivery"]] = torch.tensor([0.5, 0.25, 0.125])
    # best in time 0; the other -64 * (0.5 - 0.25); late -4 - 20 - 0.125; rejection -4
    shapes = {name: space.shape for name, space in observation_space(3, 2).spaces.items()}
    observation = {name: torch.zeros(1, *shape) for name, shape in shapes.items()} | {
        "nodes": nodes
    }
    assert prepare(observation, make_rule_prior(64.0, 4.0, None)).prior.tolist() == [
        [-16.0, 0.0, -24.125, -4.0]
    ]


@pytest.mark.parametrize("algo", SCORERS)
def test_permuting_candidates_permutes_logits(algo):
    rng = np.random.default_rng(2)
    policy, obs, order = (
        randomised(untrained(algo, 7)),
        random_observation(rng, 7, 50),
        rng.permutation(7),
    )
    permuted = {
        "task": obs["task"],
        "nodes": obs["nodes"][:, order],
        "links": obs["links"][:, order],
    }
    logits_before, after = logits_of(policy, algo, obs), logits_of(policy, algo, permuted)
    torch.testing.assert_close(after[:, :-1], logits_before[:, order], rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(after[:, -1], logits_before[:, -1], rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(values(policy, permuted), values(policy, obs), rtol=1e-4, atol=1e-4)


def values(policy, obs):
    """The critic's values of a batch."""
    with torch.no_grad():
        return policy.predict_values(policy.obs_to_tensor(obs)[0])


@pytest.mark.parametrize("algo", SCORERS)
def test_weights_load_for_another_number_of_candidates(algo):
    small, large = randomised(untrained(algo, 5)), untrained(algo, 9)
    large.load_state_dict(small.state_dict())
    obs = random_observation(np.random.default_rng(3), 5, 20)
    padded_obs = {  # unused rows are zero and must change nothing
        "task": obs["task"],
        "nodes": np.pad(obs["nodes"], ((0, 0), (0, 4), (0, 0))),
        "links": np.pad(obs["links"], ((0, 0), (0, 4), (0, 0), (0, 0))),
    }
    logits_before, after = logits_of(small, algo, obs), logits_of(large, algo, padded_obs)
    torch.testing.assert_close(after[:, [0, 1, 2, 3, 4, 9]], logits_before, rtol=1e-4, atol=1e-4)
    assert (after[:, 5:9] == MASKED).all()


def test_gradient_reaches_every_weight_and_optimizer_holds_them():
    policy = randomised(untrained("maskable_ppo", 6))
    obs = random_observation(np.random.default_rng(6), 6, 64)
    values_, log_prob, entropy = policy.evaluate_actions(
        policy.obs_to_tensor(obs)[0], torch.full((64,), 6)
    )
    (values_.sum() + log_prob.sum() + entropy.sum()).backward()
    optimized = {id(p) for group in policy.optimizer.param_groups for p in group["params"]}
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in policy.parameters())
    assert optimized == {id(p) for p in policy.parameters()}
