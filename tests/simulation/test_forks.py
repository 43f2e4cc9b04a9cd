"""Forks: what a search needs of one, and another future in place of the true one."""

from dataclasses import asdict

import numpy as np
import pytest

from orbit_gym.env import OrbitEnv


def test_a_fork_offers_what_a_search_needs(env: OrbitEnv) -> None:
    fork = env.fork()
    assert np.array_equal(fork.candidate_nodes, env.candidate_nodes)
    assert np.array_equal(fork.action_masks(), env.action_masks())
    assert asdict(fork.plan(0)) == asdict(env.plan(0))
    reward, is_over = fork.step(0)
    assert (env.simulation.task_index, fork.task_index, is_over) == (0, 1, False)
    assert reward >= 0.0 and fork.fork().task_index == 1
    with pytest.raises(ValueError, match="action must be an integer"):
        fork.step(99)


def test_a_fork_takes_another_future(env: OrbitEnv) -> None:
    """Same task at hand, other tasks after it.

    A future that disagrees about the task at hand is refused.
    """
    episode = env.simulation.episode
    other = episode.tasks.copy()
    other["value"][1:] *= 2.0
    other.flags.writeable = False
    fork = env.fork(episode._replace(tasks=other))
    fork.step(13)
    assert fork.episode.tasks["value"][1] == 2.0 * episode.tasks["value"][1]
    wrong = other.copy()
    wrong["value"][0] += 1.0
    with pytest.raises(
        ValueError, match="the other future must hold the same task at hand, at the same index"
    ):
        env.fork(episode._replace(tasks=wrong))


def test_a_sampled_continuation_keeps_the_past_and_is_another_future(env: OrbitEnv) -> None:
    """What came up to the task at hand is the episode's own, what comes later is not."""
    for _ in range(3):
        env.step(13)
    tasks, task = env.simulation.episode.tasks, env.simulation.task_index
    guess = env.sample_continuation(np.random.default_rng(0))
    assert np.array_equal(guess.tasks[: task + 1], tasks[: task + 1])
    assert not np.array_equal(guess.tasks[task + 1 : task + 4], tasks[task + 1 : task + 4])
    assert (np.diff(guess.tasks["release_s"]) >= 0.0).all()
    fork = env.fork(guess)
    assert fork.time_s == env.simulation.time_s
    fork.step(13)
    assert fork.time_s == guess.tasks["release_s"][task + 1]
