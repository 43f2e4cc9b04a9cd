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
