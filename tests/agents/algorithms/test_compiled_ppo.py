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
    kept = rollout.transitions
    twin = make_env()
    observation, all_valid = twin.reset(), np.ones((2, kept.mask.shape[2]), bool)
    for t in range(STEPS):
        rows = rows_of(observation)
        assert np.array_equal(kept.task[:, t], observation["task"])
        assert np.array_equal(kept.rows[:, t], rows)
        assert np.array_equal(kept.mask[:, t], np.stack(twin.env_method("action_masks")))
        values = values_of(network, observation, kept.mask[:, t])
        assert kept.value[:, t] == pytest.approx(values, abs=1e-4)
        observation, rewards, dones, infos = twin.step(kept.action[:, t])
        assert np.array_equal(rollout.is_last[:, t] == 1.0, dones)
        for member in np.flatnonzero(dones):
            last = {
                key: block[None] for key, block in infos[member]["terminal_observation"].items()
            }
            rewards[member] += (
                GAMMA * values_of(network, last, np.ones((1, kept.mask.shape[2]), bool))[0]
            )
        assert rollout.rewards[:, t] == pytest.approx(rewards, abs=1e-5)
    all_valid = np.ones((2, kept.mask.shape[2]), bool)
    assert rollout.last_values == pytest.approx(
        values_of(network, observation, all_valid), abs=1e-4
    )
    assert rollout.is_last.sum() >= 2 and len(rollout.finished) == rollout.is_last.sum()
    assert all(0.0 <= info["served_value_fraction"] <= 1.0 for info in rollout.finished)


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
        nothing = np.zeros((members, 1), np.float32)
        buffer.add(
            nothing,
            nothing,
            rewards[:, t],
            starts,
            torch.from_numpy(values[:, t]),
            torch.zeros(members),
        )
        starts = is_last[:, t]
    buffer.compute_returns_and_advantage(torch.from_numpy(last_values), starts)
    ours = generalised_advantages(rewards, values, is_last, last_values, 0.97, 0.9)
    assert ours.T == pytest.approx(buffer.advantages, abs=1e-5)


def test_the_other_replicas_are_subtracted():
    """Against a plain loop over the members of each group."""
    advantages = np.random.default_rng(0).normal(size=(6, 5))
    ours = less_other_replicas(advantages, 3)
    for member in range(6):
        first = member // 3 * 3
        others = [other for other in range(first, first + 3) if other != member]
        assert ours[member] == pytest.approx(advantages[member] - advantages[others].mean(axis=0))
    assert less_other_replicas(advantages, 1) is advantages


def test_replicas_see_the_same_tasks(network):
    """In groups of two the same tasks come at the same decision, whatever is done with them."""
    env = make_env(members=4, replicas=2, random_episode_start=True)
    env.reset()
    collector = RolloutCollector(env, network.hidden)
    uniforms = np.random.default_rng(5).random((4, STEPS))
    kept = collector.collect(network.compiled(), uniforms, GAMMA).transitions
    own_columns = slice(1, 11)  # what belongs to the task; the rest remembers what was done
    tasks = kept.task[:, :, own_columns]
    assert np.array_equal(tasks[0], tasks[1]) and np.array_equal(tasks[2], tasks[3])
    assert not np.array_equal(tasks[0], tasks[2])
    assert not np.array_equal(kept.action[0], kept.action[1])


def test_replicas_must_divide_the_members():
    with pytest.raises(ValueError, match="replicas must divide the number of environments, 4"):
        MemberSeeds(4, 0, replicas=3)


def model(**options) -> CompiledPPO:
    made = CompiledPPO(
        DeepSetPolicy, make_env(4), n_steps=64, batch_size=64, n_epochs=2, seed=0, **options
    )
    made.set_logger(configure(None, []))
    return made


class Counter(BaseCallback):
    """Counts the calls of a callback, and stops after so many."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most, self.calls = most, 0

    def _on_step(self) -> bool:
        self.calls += 1
        return self.calls < self.most


def test_the_same_seed_learns_the_same():
    """Two runs end with equal weights; they are not those of the start."""
    ends = []
    for _ in range(2):
        made = model(target_kl=0.02)
        start = [weight.clone() for weight in made.policy.network.parameters()]
        made.learn(4 * 64 * 3)
        assert made.num_timesteps == 4 * 64 * 3
        ends.append(list(made.policy.network.parameters()))
        assert not all(torch.equal(a, b) for a, b in zip(start, ends[-1]))
    assert all(torch.equal(a, b) for a, b in zip(*ends))


def test_a_callback_stops_learning():
    made, counter = model(), Counter(2)
    made.learn(100_000, callback=counter)
    assert counter.calls == 2 and made.num_timesteps == 2 * 4 * 64


def test_the_rate_follows_the_divergence():
    """Down beyond twice the wanted KL, up below half of it, within bounds; fixed without one."""
    made = model(target_kl=0.02, learning_rate=1e-3)
    assert made._next_rate(0.05) == pytest.approx(1e-3 / RATE_STEP)
    assert made._next_rate(0.005) == pytest.approx(1e-3 * RATE_STEP)
    assert made._next_rate(0.02) == pytest.approx(1e-3)
    made.rate = RATE_BOUNDS[1]
    assert made._next_rate(0.0) == RATE_BOUNDS[1]
    made.target_kl = None
    assert made._next_rate(9.0) == RATE_BOUNDS[1]


def test_an_update_prefers_what_paid():
    """Of one decision with two rows, the one with the higher advantage becomes likelier."""
    made = model(learning_rate=1e-3)
    made.learn(4 * 64)
    batch = made._learned_from(
        made.collector.collect(
            made.policy.network.compiled(), np.random.default_rng(0).random((4, 64)), GAMMA
        )
    )
    wanted = (batch.actions == batch.actions.mode().values).float()
    made.batch = batch._replace(advantages=wanted)
    before = log_probs(made, made.batch)
    made.train()
    after = log_probs(made, made.batch)
    gain = (after - before)[wanted > 0].mean() - (after - before)[wanted == 0].mean()
    assert float(gain) > 0.0


def log_probs(made, batch) -> torch.Tensor:
    with torch.no_grad():
        return made.policy.evaluate_inputs(batch[:3], batch.actions)[1]
