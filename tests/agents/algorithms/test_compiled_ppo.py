"""Compiled rollouts hold what stepping the environment gives, and learning from them is PPO."""

import numpy as np
import pytest
import torch
from gymnasium import spaces
from stable_baselines3.common.buffers import RolloutBuffer
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import configure

from agents.algorithms.advantages import generalised_advantages, less_other_replicas
from agents.algorithms.compiled_ppo import RATE_BOUNDS, RATE_STEP, CompiledPPO
from agents.algorithms.rollout_collector import RolloutCollector
from agents.envs.native_vec_env import MemberSeeds, NativeVecEnv, TrainingOptions
from agents.policies.deep_set.inputs import ROW_WIDTH, fill_batch
from agents.policies.deep_set.network import DeepSet
from agents.policies.deep_set.policy import DeepSetPolicy
from orbit_gym.vector import OrbitVectorEnv

SHORT = {"episode_s": 120.0}
STEPS, GAMMA = 300, 0.97


def make_env(members=2, replicas=1, random_episode_start=False) -> NativeVecEnv:
    envs = OrbitVectorEnv(
        members, scenario="CrossPlane12", overrides=SHORT, autoreset_mode="Disabled"
    )
    options = TrainingOptions(0.05, True, random_episode_start=random_episode_start)
    return NativeVecEnv(envs, MemberSeeds(members, 3, replicas=replicas), options)


@pytest.fixture(scope="module")
def network() -> DeepSet:
    torch.manual_seed(1)
    return DeepSet(16)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_rollout_is_what_stepping_gives(network, threads):
    """The same actions, one by one: inputs, rewards, ends, values, over several episodes."""
    env = make_env()
    env.reset()
    collector = RolloutCollector(env, network.hidden, threads)
    uniforms = np.random.default_rng(5).random((2, STEPS))
    rollout = collector.collect(network.compiled(), uniforms, GAMMA)
    steps = rollout.transitions
    twin = make_env()
    observation, all_valid = twin.reset(), np.ones((2, steps.mask.shape[2]), bool)
    for t in range(STEPS):
        rows = rows_of(observation)
        assert np.array_equal(steps.task[:, t], observation["task"])
        assert np.array_equal(steps.rows[:, t], rows)
        assert np.array_equal(steps.mask[:, t], np.stack(twin.env_method("action_masks")))
        values = values_of(network, observation, steps.mask[:, t])
        assert steps.value[:, t] == pytest.approx(values, abs=1e-4)
        observation, rewards, dones, infos = twin.step(steps.action[:, t])
        assert np.array_equal(rollout.is_last[:, t] == 1.0, dones)
        for member in np.flatnonzero(dones):
            last = {
                key: block[None] for key, block in infos[member]["terminal_observation"].items()
            }
            rewards[member] += (
                GAMMA * values_of(network, last, np.ones((1, steps.mask.shape[2]), bool))[0]
            )
        assert rollout.rewards[:, t] == pytest.approx(rewards, abs=1e-5)
    all_valid = np.ones((2, steps.mask.shape[2]), bool)
    assert rollout.last_values == pytest.approx(
        values_of(network, observation, all_valid), abs=1e-4
    )
    assert rollout.is_last.sum() >= 2 and len(rollout.episode_infos) == rollout.is_last.sum()
    assert all(0.0 <= info["served_value_fraction"] <= 1.0 for info in rollout.episode_infos)


def rows_of(observation):
    rows = np.empty((*observation["nodes"].shape[:2], ROW_WIDTH), np.float32)
    fill_batch(observation["task"], observation["nodes"], observation["links"], rows)
    return rows


def values_of(network, observation, mask):
    with torch.no_grad():
        blocks = (observation["task"], rows_of(observation), mask)
        return network(*(torch.from_numpy(block) for block in blocks))[1].numpy()


def test_advantages_are_those_of_stable_baselines3():
    """Against RolloutBuffer.compute_returns_and_advantage, random numbers, ends among them."""
    rng, members, steps = np.random.default_rng(0), 3, 40
    rewards, values = rng.normal(size=(2, members, steps)).astype(np.float32)
    is_last = (rng.random((members, steps)) < 0.1).astype(np.float32)
    last_values = rng.normal(size=members).astype(np.float32)
    space = spaces.Box(-1.0, 1.0, (1,))
    buffer = RolloutBuffer(steps, space, space, gae_lambda=0.9, gamma=0.97, n_envs=members)
    starts = np.zeros(members, np.float32)
    for t in range(steps):
        blank = np.zeros((members, 1), np.float32)
        buffer.add(
            blank,
            blank,
            rewards[:, t],
            starts,
            torch.from_numpy(values[:, t]),
            torch.zeros(members),
        )
        starts = is_last[:, t]
    buffer.compute_returns_and_advantage(torch.from_numpy(last_values), starts)
    advantages_here = generalised_advantages(rewards, values, is_last, last_values, 0.97, 0.9)
    assert advantages_here.T == pytest.approx(buffer.advantages, abs=1e-5)


def test_the_other_replicas_are_subtracted():
    """Against a plain loop over the members of each group."""
    advantages = np.random.default_rng(0).normal(size=(6, 5))
    advantages_here = less_other_replicas(advantages, 3)
    for member in range(6):
        first = member // 3 * 3
        other_members = [other for other in range(first, first + 3) if other != member]
        assert advantages_here[member] == pytest.approx(
            advantages[member] - advantages[other_members].mean(axis=0)
        )
    assert less_other_replicas(advantages, 1) is advantages


def test_replicas_see_the_same_tasks(network):
    """In groups of two the same tasks come at the same decision, whatever is done with them."""
    env = make_env(members=4, replicas=2, random_episode_start=True)
    env.reset()
    collector = RolloutCollector(env, network.hidden)
    uniforms = np.random.default_rng(5).random((4, STEPS))
    steps = collector.collect(network.compiled(), uniforms, GAMMA).transitions
    own_columns = slice(1, 11)  # what belongs to the task; the rest remembers what was done
    tasks = steps.task[:, :, own_columns]
    assert np.array_equal(tasks[0], tasks[1]) and np.array_equal(tasks[2], tasks[3])
    assert not np.array_equal(tasks[0], tasks[2])
    assert not np.array_equal(steps.action[0], steps.action[1])


def test_replicas_must_divide_the_members():
    with pytest.raises(ValueError, match="4 environments make no groups of 3 replicas; give a mul"):
        MemberSeeds(4, 0, replicas=3)


def model(**options) -> CompiledPPO:
    ppo = CompiledPPO(
        DeepSetPolicy, make_env(4), n_steps=64, batch_size=64, n_epochs=2, seed=0, **options
    )
    ppo.set_logger(configure(None, []))
    return ppo


class Counter(BaseCallback):
    """Counts the calls of a callback, and stops after so many."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.limit, self.calls = limit, 0

    def _on_step(self) -> bool:
        self.calls += 1
        return self.calls < self.limit


def test_the_same_seed_learns_the_same():
    """Two runs end with equal weights; they are not those of the start."""
    ends = []
    for _ in range(2):
        ppo = model(target_kl=0.02)
        start = [weight.clone() for weight in ppo.policy.network.parameters()]
        ppo.learn(4 * 64 * 3)
        assert ppo.num_timesteps == 4 * 64 * 3
        ends.append(list(ppo.policy.network.parameters()))
        assert not all(torch.equal(a, b) for a, b in zip(start, ends[-1]))
    assert all(torch.equal(a, b) for a, b in zip(*ends))


def test_a_callback_stops_learning():
    ppo, counter = model(), Counter(2)
    ppo.learn(100_000, callback=counter)
    assert counter.calls == 2 and ppo.num_timesteps == 2 * 4 * 64


def test_the_rate_follows_the_divergence():
    """Down beyond twice the KL asked for, up below half of it, within bounds; fixed without one."""
    ppo = model(target_kl=0.02, learning_rate=1e-3)
    assert ppo._next_rate(0.05) == pytest.approx(1e-3 / RATE_STEP)
    assert ppo._next_rate(0.005) == pytest.approx(1e-3 * RATE_STEP)
    assert ppo._next_rate(0.02) == pytest.approx(1e-3)
    ppo.rate = RATE_BOUNDS[1]
    assert ppo._next_rate(0.0) == RATE_BOUNDS[1]
    ppo.target_kl = None
    assert ppo._next_rate(9.0) == RATE_BOUNDS[1]


def test_an_update_prefers_what_paid():
    """Of one decision with two rows, the one with the higher advantage becomes likelier."""
    ppo = model(learning_rate=1e-3)
    ppo.learn(4 * 64)
    batch = ppo._learned_from(
        ppo.collector.collect(
            ppo.policy.network.compiled(), np.random.default_rng(0).random((4, 64)), GAMMA
        )
    )
    is_common = (batch.actions == batch.actions.mode().values).float()
    ppo.batch = batch._replace(advantages=is_common)
    log_probs_before = log_probs(ppo, ppo.batch)
    ppo.train()
    log_probs_after = log_probs(ppo, ppo.batch)
    gain = (log_probs_after - log_probs_before)[is_common > 0].mean() - (
        log_probs_after - log_probs_before
    )[is_common == 0].mean()
    assert float(gain) > 0.0


def log_probs(ppo, batch) -> torch.Tensor:
    with torch.no_grad():
        return ppo.policy.evaluate_inputs(batch[:3], batch.actions)[1]
