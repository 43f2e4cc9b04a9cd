"""Several scenarios in one training vector, and episodes with loads of their own."""

import numpy as np
import pytest

from agents.envs.make import make_vec
from agents.envs.native_vec_env import TrainingOptions
from agents.experimental_protocol import TRAINING_SEEDS
from orbit_gym.vector import OrbitVectorEnv

PARTS = ("Tiny", "Ring12")


def test_a_mixture_steps_its_parts_as_they_step_alone():
    mixed = make_vec(PARTS, 3, seed=5)
    single_envs = [make_vec("Tiny", 2, 5), make_vec("Ring12", 1, 5)]
    observation, own_observations = mixed.reset(), [part.reset() for part in single_envs]
    rng = np.random.default_rng(0)
    ends = 0
    for _ in range(12):
        masks = np.stack(mixed.env_method("action_masks"))
        own_masks = [np.stack(part.env_method("action_masks")) for part in single_envs]
        first = 0
        for observations, own_mask in zip(own_observations, own_masks):
            count, n, slots = observations["links"].shape[:3]
            rows = slice(first, first + count)
            assert np.array_equal(observation["task"][rows], observations["task"])
            assert (
                np.array_equal(observation["nodes"][rows, :n], observations["nodes"])
                and not observation["nodes"][rows, n:].any()
            )
            assert (
                np.array_equal(observation["links"][rows, :n, :slots], observations["links"])
                and not observation["links"][rows, :, slots:].any()
            )
            assert (
                np.array_equal(masks[rows, :n], own_mask[:, :-1])
                and not masks[rows, n:-1].any()
                and masks[rows, -1].all()
            )
            first += count
        actions = np.where(masks, rng.random(masks.shape), -1.0).argmax(axis=1)
        tiny, reject = single_envs[0].action_space.n - 1, mixed.action_space.n - 1
        observation, rewards, dones, infos = mixed.step(actions)
        results = [
            single_envs[0].step(np.where(actions[:2] == reject, tiny, actions[:2])),
            single_envs[1].step(actions[2:]),
        ]
        own_observations = [result[0] for result in results]
        assert np.array_equal(rewards, np.concatenate([result[1] for result in results]))
        assert np.array_equal(dones, np.concatenate([result[2] for result in results]))
        ends += dones.sum()
        for member in np.flatnonzero(dones):
            last = infos[member]["terminal_observation"]
            assert last["nodes"].shape == observation["nodes"].shape[1:]
    assert ends > 0


def test_a_mixture_needs_a_member_for_each_scenario():
    with pytest.raises(ValueError, match="2 scenarios need at least as many environments, got 1"):
        make_vec(PARTS, 1, seed=0)


def test_every_episode_draws_its_load_and_its_seed_from_its_own_range(monkeypatch):
    drawn_loads = []
    reset = OrbitVectorEnv.reset

    def look(self, *, seed=None, options=None):
        member = int(np.flatnonzero(options["reset_mask"])[0])
        drawn_loads.append((member, seed[member], options["load"]))
        return reset(self, seed=seed, options=options)

    monkeypatch.setattr(OrbitVectorEnv, "reset", look)
    env = make_vec("Ring12", 4, seed=0, options=TrainingOptions(load_range=(0.7, 1.4)))
    env.reset()
    env.reset()
    members, seeds, loads = map(np.array, zip(*drawn_loads))
    assert members.tolist() == [0, 1, 2, 3] * 2
    assert (seeds // (len(TRAINING_SEEDS) // 4) == members).all() and len(set(seeds.tolist())) == 8
    assert len(set(loads.tolist())) == 8 and loads.min() >= 0.7 and loads.max() <= 1.4


def test_a_load_range_needs_a_scenario_of_this_package():
    with pytest.raises(
        ValueError, match="load_range works with scenarios of this package, not with tests.helpers"
    ):
        make_vec(
            "tests.helpers.fake_env:Fake/Affinity-v0",
            2,
            seed=0,
            options=TrainingOptions(load_range=(0.7, 1.4)),
        )
