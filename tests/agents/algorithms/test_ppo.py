"""The lean PPO against stock MaskablePPO, its falling rates, and a critic that learns alone."""

import numpy as np
import pytest
import torch
from sb3_contrib import MaskablePPO
from stable_baselines3.common.vec_env import DummyVecEnv

from agents.algorithms.ppo import FastMaskablePPO
from agents.algorithms.registry import ALGORITHMS
from agents.policies.network.sb3_policies import NETWORK, policy_kwargs
from tests.helpers.fake_env import FakeEnv

COMMON = {
    "n_steps": 40,
    "batch_size": 80,
    "n_epochs": 3,
    "seed": 3,
    "device": "cpu",
    "gamma": 0.9,
    "ent_coef": 0.01,
}


def train_model(kind, timesteps=80, **changes):
    """A model of either kind after some rollouts of two environments.

    A minibatch is the whole rollout, so its order is nothing.
    """
    env = DummyVecEnv([lambda: FakeEnv(steps=12) for _ in range(2)])
    model = kind(
        ALGORITHMS["maskable_ppo"].policy_class,
        env,
        policy_kwargs=policy_kwargs(NETWORK),
        **(COMMON | changes),
    )
    return model.learn(timesteps)


CASES = [
    ({}, 3),
    ({"target_kl": 1e-6, "learning_rate": 1e-3, "n_epochs": 8}, 2),
    ({"normalize_advantage": False, "clip_range": 1e-3}, 3),
]


@pytest.mark.parametrize(("changes", "updates"), CASES)
def test_one_update_is_that_of_stock(changes, updates):
    stock, own_model = train_model(MaskablePPO, **changes), train_model(FastMaskablePPO, **changes)
    assert (
        stock._n_updates == own_model._n_updates == updates
    )  # a divergence beyond target_kl ends an update early
    start = train_model(FastMaskablePPO, learning_rate=0.0).policy.state_dict()
    theirs, changed = stock.policy.state_dict(), 0.0
    for name, value in own_model.policy.state_dict().items():
        torch.testing.assert_close(
            value, theirs[name], rtol=1e-3, atol=2e-5
        )  # float32 sums in another order, through Adam
        changed = max(changed, float((value - start[name]).abs().max()))
    assert changed > 5e-4


def test_rates_fall_to_their_final_fraction():
    model = train_model(FastMaskablePPO, timesteps=240, learning_rate=1e-3, final_lr_fraction=0.25)
    assert model.lr_schedule(1.0) == pytest.approx(1e-3) and model.lr_schedule(
        0.0
    ) == pytest.approx(0.25e-3)
    assert model.policy.optimizer.param_groups[0]["lr"] == pytest.approx(
        0.25e-3
    )  # nothing was left at the last update


def test_the_critic_learns_alone_first():
    start = train_model(FastMaskablePPO, learning_rate=0.0).policy.state_dict()
    warmed_up = train_model(
        FastMaskablePPO, timesteps=160, learning_rate=1e-2, critic_warmup_steps=160
    ).policy.state_dict()
    changed = {name for name, value in warmed_up.items() if not torch.equal(value, start[name])}
    assert changed == {
        "mlp_extractor.critic.weight",
        "mlp_extractor.critic.bias",
        "value_net.weight",
        "value_net.bias",
    }
    after = train_model(
        FastMaskablePPO, timesteps=160, learning_rate=1e-2, critic_warmup_steps=80
    ).policy.state_dict()
    assert not torch.equal(after["mlp_extractor.score.weight"], start["mlp_extractor.score.weight"])


def test_a_rollout_holds_what_was_decided():
    model = train_model(FastMaskablePPO, timesteps=80)
    rollout = model.rollout_buffer.prepared(model.policy)
    assert len(rollout.actions) == 80 and rollout.inputs.rows.shape[:2] == (80, 4)
    fresh = model.policy.evaluate_actions(rollout.inputs, rollout.actions)
    assert fresh[0].shape == (80, 1) and np.isfinite(fresh[1].detach().numpy()).all()
    batch_actions = torch.cat([batch.actions for batch in rollout.batches(32)])
    assert sorted(batch_actions.tolist()) == sorted(rollout.actions.tolist())
