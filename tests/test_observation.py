"""What is observed, against plans, the table's formulas and the space."""

import numpy as np
import pytest

from orbit_gym.env import OrbitEnv
from orbit_gym.kernels.observation_encoder import log_time
from orbit_gym.observation import COLUMNS, FIELDS, RENAMED, Field, decode, field_of, neighbours
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
            since_release_s = {
                name: getattr(plan, f"{name}_s") - task["release_s"]
                for name in ("arrival", "start", "finish", "delivery")
            }
            expected = {
                f"plan_{name}": np.log1p(min(s, 7200.0)) / np.log1p(7200.0)
                for name, s in since_release_s.items()
            }
            expected["plan_load"] = plan.load_s / 60.0
            expected["plan_margin"] = np.clip(
                1.0 - since_release_s["delivery"] / task["slack_s"], -1.0, 1.0
            )
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


def name_of(field: Field) -> str:
    return f"{field.block}.{field.name}"


@pytest.mark.parametrize("field", FIELDS, ids=name_of)
def test_what_a_column_shows_is_read_back(field: Field) -> None:
    """decode(encode(x)) is x over the range of the column, to the steps of float32."""
    low, high = (float(field.scale.decode(bound)) for bound in (field.low, field.high))
    amounts = np.linspace(low, high, 1001)
    columns = field.scale.encode(amounts).astype(np.float32)
    assert columns.min() >= field.low and columns.max() <= field.high
    steps = np.spacing(np.maximum(np.abs(columns), np.float32(2.0**-20))).astype(np.float64)
    slope = np.abs(field.scale.decode(columns + steps) - field.scale.decode(columns))
    assert np.all(np.abs(decode(field.block, field.name, columns) - amounts) <= slope)
    clipped = field.scale.encode(np.array([low - 1.0 - abs(low), high + 1.0 + abs(high)]))
    assert clipped.tolist() == [field.low, field.high]


@pytest.mark.parametrize("field", [field for field in FIELDS if field.scale.formula], ids=name_of)
def test_the_meaning_says_how_the_column_is_made(field: Field) -> None:
    """The formula in the text, worked out as Python, is the scale: relative 1e-12."""
    text = field.meaning.rsplit(": ", 1)[1]
    unit = field.scale.unit  # type: ignore[attr-defined]
    for share in (0.1, 0.5, 1.0):
        amount = float(field.scale.decode(share * field.high))
        names = {"log1p": np.log1p, "amount": amount}
        worked_out = eval(text.replace(unit, "amount", 1), {"__builtins__": {}}, names)
        assert float(field.scale.encode(amount)) == pytest.approx(worked_out, rel=1e-12)


def test_columns_answer_to_the_names_that_they_had() -> None:
    assert {field_of("task", name).name for name in RENAMED} == set(RENAMED.values())
    with pytest.raises(ValueError, match="no column 'urgency' in block 'task'; choose from pre"):
        decode("task", "urgency", 0.5)
    with pytest.raises(ValueError, match="choose from the blocks task, nodes, links"):
        decode("tasks", "slack", 0.5)
