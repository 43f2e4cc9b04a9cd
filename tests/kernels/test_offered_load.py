"""What was asked lately equals the sum that it stands for, task by task."""

import numpy as np
import pytest

from orbit_gym.env import OrbitEnv
from orbit_gym.kernels.offered_load import (
    FIVE_MINUTES_S,
    IDLE_START_S,
    MAX_OFFERED_LOAD,
    START_URGENT,
    THIRTY_MINUTES_S,
    URGENT_MEMORY_S,
    URGENT_SLACK_S,
)
from orbit_gym.observation import COLUMNS

TASK, NODE = COLUMNS["task"], COLUMNS["nodes"]
LOG_LONGEST = np.log1p(7200.0)


@pytest.mark.parametrize("rejects", [False, True])
def test_columns_are_the_fading_sum_of_what_could_be_served(rejects: bool) -> None:
    """Closed form: sum of work x exp(-age / tau) over tau (1 - exp(-time / tau)) + START_S, per
    satellite; float32 columns, 1e-4.
    """
    env = OrbitEnv("Ring12", overrides={"episode_s": 900.0, "workload.load": 1.5})
    obs, _ = env.reset(seed=3)
    simulation = env.simulation
    first_s, releases, works, is_feasible = simulation.time_s, [], [], []
    is_over = False
    while not is_over:
        for column, tau_s in (
            ("offered_load_5min", FIVE_MINUTES_S),
            ("offered_load_30min", THIRTY_MINUTES_S),
        ):
            age_s = simulation.time_s - np.array(releases)
            span_s = tau_s * (1.0 - np.exp(-(simulation.time_s - first_s) / tau_s))
            expected = float((np.array(works) * np.exp(-age_s / tau_s)).sum()) / (
                (span_s + IDLE_START_S) * 12
            )
            assert obs["task"][TASK[column]] == pytest.approx(
                min(expected, MAX_OFFERED_LOAD), rel=1e-4, abs=1e-6
            )
        could = bool((obs["nodes"][:, NODE["plan_on_time"]] > 0.5).any())
        releases.append(simulation.time_s)
        works.append(
            np.expm1(obs["task"][TASK["service"]] * LOG_LONGEST) * obs["task"][TASK["lanes"]]
            if could
            else 0.0
        )
        is_feasible.append(could)
        masks = env.action_masks()
        obs, _, _, is_over, _ = env.step(masks.size - 1 if rejects else int(masks.argmax()))
    assert len(is_feasible) > 100 and obs["task"][TASK["offered_load_5min"]] > 0.1
    assert rejects or not all(is_feasible)  # some tasks count for nothing


def test_missed_is_the_fading_share_of_urgent_tasks_that_nobody_could_do_in_time() -> None:
    """Closed form: sum of exp(-age / URGENT_MEMORY_S) over the missed, over the same of all urgent
    and START_URGENT; float32 column, 1e-4.
    """
    env = OrbitEnv("swap-heavy", overrides={"episode_s": 900.0, "workload.load": 1.5})
    obs, _ = env.reset(seed=3)
    simulation = env.simulation
    releases, is_infeasible, is_over = [], [], False
    while not is_over:
        weights = np.exp(-(simulation.time_s - np.array(releases)) / URGENT_MEMORY_S)
        expected = float(weights @ np.array(is_infeasible, float)) / (
            float(weights.sum()) + START_URGENT
        )
        assert obs["task"][TASK["urgent_infeasible_rate"]] == pytest.approx(
            expected, rel=1e-4, abs=1e-6
        )
        if float(simulation.episode.tasks[simulation.task_index]["slack_s"]) <= URGENT_SLACK_S:
            releases.append(simulation.time_s)
            is_infeasible.append(not (obs["nodes"][:, NODE["plan_on_time"]] > 0.5).any())
        masks = env.action_masks()
        obs, _, _, is_over, _ = env.step(int(masks.argmax()))
    assert len(is_infeasible) > 100 and 0.02 < np.mean(is_infeasible) < 0.98


def test_a_fork_remembers() -> None:
    env = OrbitEnv("Ring12", overrides={"episode_s": 900.0})
    env.reset(seed=3)
    for _ in range(50):
        obs, *_ = env.step(0)
    fork = env.simulation.fork()
    assert (
        np.array_equal(fork.observe()["task"], obs["task"])
        and obs["task"][TASK["offered_load_5min"]] > 0.0
    )
