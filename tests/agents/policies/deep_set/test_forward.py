"""The compiled deep-set network computes what torch computes, and treats candidates alike."""

import numpy as np
import pytest
import torch

from agents.policies.deep_set.forward import (
    best_action,
    draw_action,
    forward,
    log_normaliser,
    new_workspace,
)
from agents.policies.deep_set.inputs import DERIVED, N_NODE, ROW_WIDTH, fill_batch, fill_rows
from agents.policies.deep_set.network import DeepSet
from agents.policies.deep_set.policy import DeepSetPolicy
from orbit_gym.env import OrbitEnv
from orbit_gym.observation import COLUMNS, LOG_TIME

NODE = COLUMNS["nodes"]


@pytest.fixture(scope="module")
def observations():
    """Sixty decisions of a random policy, as one batch."""
    env, rng = OrbitEnv(scenario="CrossPlane12"), np.random.default_rng(1)
    observation, _ = env.reset(seed=11)
    records = []
    for _ in range(60):
        records.append(observation)
        action = rng.choice(np.flatnonzero(env.action_masks()))
        observation = env.step(int(action))[0]
    return {key: np.stack([item[key] for item in records]) for key in records[0]}


@pytest.fixture(scope="module")
def network(observations):
    """A network with scaled inputs and heads large enough to matter."""
    torch.manual_seed(3)
    network = DeepSet(16)
    for head in (network.score, network.reject):
        torch.nn.init.normal_(head.weight)
    rows = rows_of(observations)
    network.fit_scales(torch.from_numpy(observations["task"]), torch.from_numpy(rows))
    return network


def rows_of(observations):
    """Inputs (B, n, ROW_WIDTH) of a batch."""
    rows = np.empty((*observations["nodes"].shape[:2], ROW_WIDTH), np.float32)
    fill_batch(observations["task"], observations["nodes"], observations["links"], rows)
    return rows


def mask_of(observations):
    """Valid actions (B, n + 1)."""
    nodes = observations["nodes"]
    mask = np.ones((len(nodes), nodes.shape[1] + 1), bool)
    mask[:, :-1] = nodes[..., NODE["plan_exists"]] > 0.5
    return mask


def test_kernel_and_torch_agree(observations, network):
    """Logits and values of sixty decisions within 1e-4: float32, sums in another order."""
    rows, mask = rows_of(observations), mask_of(observations)
    with torch.no_grad():
        logits, values = network(
            *(torch.from_numpy(block) for block in (observations["task"], rows, mask))
        )
    weights, work = network.compiled(), new_workspace(rows.shape[1], network.hidden)
    for b in range(len(rows)):
        forward(observations["task"][b], observations["nodes"][b], rows[b], weights, work)
        assert np.array_equal(np.isfinite(work.logits), mask[b])
        finite = work.logits[mask[b]]
        assert finite == pytest.approx(logits[b].numpy()[mask[b]], abs=1e-4)
        assert work.value[0] == pytest.approx(float(values[b]), abs=1e-4)
        assert best_action(work.logits) == int(logits[b].argmax())
    assert logits[torch.from_numpy(mask)].std() > 0.1


def test_permuted_candidates_permute_logits(observations, network):
    """Swapping rows swaps logits; rejection and value stay."""
    rows, mask = rows_of(observations), mask_of(observations)
    order = np.random.default_rng(0).permutation(rows.shape[1])
    with torch.no_grad():
        task = torch.from_numpy(observations["task"])
        logits, values = network(task, torch.from_numpy(rows), torch.from_numpy(mask))
        mask[:, :-1] = mask[:, order]
        permuted, moved_values = network(
            task, torch.from_numpy(rows[:, order]), torch.from_numpy(mask)
        )
    assert torch.allclose(permuted[:, :-1], logits[:, order], atol=1e-4)
    assert torch.allclose(permuted[:, -1], logits[:, -1], atol=1e-4)
    assert torch.allclose(moved_values, values, atol=1e-4)


def test_absent_rows_change_nothing(observations, network):
    """Empty rows behind the candidates leave logits, rejection and value alone."""
    rows, mask = rows_of(observations), mask_of(observations)
    more_rows = np.concatenate([rows, np.zeros_like(rows[:, :4])], axis=1)
    more_mask = np.insert(mask, [mask.shape[1] - 1] * 4, False, axis=1)
    with torch.no_grad():
        task = torch.from_numpy(observations["task"])
        logits, values = network(task, torch.from_numpy(rows), torch.from_numpy(mask))
        wider, wider_values = network(
            task, torch.from_numpy(more_rows), torch.from_numpy(more_mask)
        )
    assert torch.allclose(wider[:, [*range(rows.shape[1]), -1]], logits, atol=1e-4)
    assert torch.allclose(wider_values, values, atol=1e-4)


def test_derived_inputs_by_hand():
    """A row in time at 100 s and one at 130 s: 30 s behind on three scales, waits in between."""
    task = np.zeros(len(COLUMNS["task"]), np.float32)
    nodes = np.zeros((2, len(NODE)), np.float32)
    links = np.zeros((2, 3, len(COLUMNS["links"])), np.float32)
    task[COLUMNS["task"]["slack"]] = LOG_TIME.encode(200.0)
    for row, delivery_s in zip(nodes, (100.0, 130.0)):
        for name in ("present", "plan_exists", "plan_on_time"):
            row[NODE[name]] = 1.0
        times_s = {"arrival": 5.0, "start": 25.0, "finish": 85.0, "delivery": delivery_s}
        for name, time_s in times_s.items():
            row[NODE[f"plan_{name}"]] = LOG_TIME.encode(time_s)
    rows = np.empty((2, ROW_WIDTH), np.float32)
    fill_rows(task, nodes, links, rows)
    derived = dict(zip(DERIVED, rows[1, N_NODE : N_NODE + len(DERIVED)].tolist()))
    assert derived["behind_10s"] == 1.0
    assert derived["behind_1min"] == pytest.approx(0.5, abs=1e-4)
    assert derived["behind_10min"] == pytest.approx(0.05, abs=1e-4)
    for name, time_s in (("time_left", 70.0), ("queue_wait", 20.0), ("down_wait", 45.0)):
        assert LOG_TIME.decode(derived[name]) == pytest.approx(time_s, abs=0.01)
    assert rows[0, N_NODE] == 0.0


def test_draws_follow_the_softmax():
    """A fine grid of uniforms gives each action its probability; what is masked is never drawn."""
    logits = np.array([0.5, -np.inf, 2.0, -1.0], np.float32)
    normaliser = log_normaliser(logits)
    uniforms = (np.arange(10_000) + 0.5) / 10_000
    actions = np.array([draw_action(logits, normaliser, uniform) for uniform in uniforms])
    shares = np.bincount(actions, minlength=4) / len(actions)
    assert shares == pytest.approx(np.exp(logits) / np.exp(logits).sum(), abs=2e-4)
    assert shares[1] == 0.0


def test_scales_are_kept_with_the_weights(observations, network):
    """A copy that loads the weights decides alike."""
    twin = DeepSet(16)
    twin.load_state_dict(network.state_dict())
    blocks = (observations["task"], rows_of(observations), mask_of(observations))
    tensors = [torch.from_numpy(block) for block in blocks]
    with torch.no_grad():
        assert torch.equal(twin(*tensors)[0], network(*tensors)[0])


def test_policy_answers_single_and_batch(observations):
    """One observation and a batch give the same greedy actions, and masks narrow them."""
    env = OrbitEnv(scenario="CrossPlane12")
    torch.manual_seed(0)
    policy = DeepSetPolicy(env.observation_space, env.action_space, lambda _: 1e-3)
    actions, _ = policy.predict(observations, deterministic=True)
    for b in range(5):
        single = {key: block[b] for key, block in observations.items()}
        assert policy.predict(single, deterministic=True)[0] == actions[b]
    only_reject = np.zeros((len(actions), env.action_space.n), bool)
    only_reject[:, -1] = True
    narrowed, _ = policy.predict(observations, action_masks=only_reject)
    assert (narrowed == env.action_space.n - 1).all()
