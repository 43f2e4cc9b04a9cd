"""What is observed, against plans, the table's formulas and the space."""

import numpy as np
import pytest

from orbit_gym.env import OrbitEnv
from orbit_gym.kernels.observation_encoder import log_time
from orbit_gym.observation import COLUMNS, neighbours
from orbit_gym.scenario.loading import REGISTERED
from tests.helpers.playing import at_random
from tests.helpers.sizes import by_size


@pytest.mark.parametrize("name", by_size(REGISTERED))
def test_observations_stay_inside_the_space(name: str) -> None:
    env, rng = OrbitEnv(name, split="validation"), np.random.default_rng(1)
    observation, _ = env.reset(seed=1)
    for _ in range(250):
        assert env.observation_space.contains(observation)
        observation, _, _, truncated, _ = env.step(at_random(env.simulation, rng))
        if truncated:
            observation, _ = env.reset()


def test_plan_columns_are_the_plans(env: OrbitEnv) -> None:
    """Every plan column of every candidate from plan(k), by the table's formulas, to float32."""
    rng, column = np.random.default_rng(2), COLUMNS["nodes"]
    for _ in range(60):
        rows, task = (
            env.simulation.observe()["nodes"],
            env.simulation.episode.tasks[env.simulation.task_index],
        )
        for k, row in enumerate(rows):
            plan = env.plan(k)
            assert bool(row[column["plan_exists"]]) == plan.exists == bool(env.action_masks()[k])
            if not plan.exists:
                continue
            since = {
                name: getattr(plan, f"{name}_s") - task["release_s"]
                for name in ("arrival", "start", "finish", "delivery")
            }
            expected = {
                f"plan_{name}": np.log1p(min(s, 7200.0)) / np.log1p(7200.0)
                for name, s in since.items()
            }
            expected["plan_load"] = plan.load_s / 60.0
            expected["plan_margin"] = np.clip(1.0 - since["delivery"] / task["slack_s"], -1.0, 1.0)
            expected["plan_energy"] = np.log1p(plan.energy_j) / np.log1p(1e6)
            expected["plan_input_hops"], expected["plan_result_hops"] = (
                len(plan.input_hops) / 40,
                len(plan.result_hops) / 40,
            )
            expected["plan_on_time"] = float(plan.on_time)
            for name, value in expected.items():
                assert row[column[name]] == pytest.approx(value, abs=2e-7), name
        env.step(at_random(env.simulation, rng))


def test_rows_are_in_order_of_delay_and_neighbours_point_back(env: OrbitEnv) -> None:
    """Ring12: fore and aft neighbours are candidates, and each is the other's neighbour."""
    around = neighbours(env.simulation.observe())
    links = env.simulation.world.edges
    assert links.size and around.shape == (13, 4)
    for row, ends in enumerate(around[:12, :2]):
        for end in ends[ends >= 0]:
            assert row in around[end, :2]
            assert abs(env.candidate_nodes[row] - env.candidate_nodes[end]) in (1, 11)
    origin = int(env.simulation.episode.tasks["origin"][0])
    if origin < 12:
        assert env.candidate_nodes[0] == origin


def test_the_same_numbers_on_every_scale() -> None:
    """The logarithm of the table, by hand: 0 at 0, 1 at 7,200 s, and clipped outside."""
    assert [log_time(t) for t in (-1.0, 0.0, 7_200.0, 1e6)] == [0.0, 0.0, 1.0, 1.0]
