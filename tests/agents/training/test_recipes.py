"""Recipes in files: all shipped ones are read, mistakes are named, rules are found by name.

Episodes begin scattered.
"""

import json

import numpy as np
import pytest

from agents.algorithms.registry import find_algorithm
from agents.envs.make import make_vec
from agents.envs.native_vec_env import TrainingOptions
from agents.policies.linear_rule import EFT_ADMIT, UNTUNED, WEIGHTS, choose_many
from agents.policies.network.sb3_policies import NETWORK
from agents.policies.rule_registry import load_weights
from agents.studies.ablations import read_plan
from agents.training.config import RECIPES, TrainingConfig, recipe_for
from orbit_gym.vector import OrbitVectorEnv

TRAINING = sorted(path for path in RECIPES.glob("*.json") if "seeds" not in path.read_text())


@pytest.mark.parametrize("path", TRAINING, ids=lambda path: path.stem)
def test_every_shipped_recipe_is_read(path):
    recipe = recipe_for(TrainingConfig(recipe=str(path)))
    assert recipe.about and set(recipe.network) == set(NETWORK)
    assert (
        recipe.hyperparameters.items()
        >= {**json.loads(path.read_text())["hyperparameters"]}.items()
    )


def with_recipe(tmp_path, **content):
    (tmp_path / "recipe.json").write_text(json.dumps(content))
    return TrainingConfig(recipe=str(tmp_path / "recipe.json"), scenario="Ring12")


def test_what_a_recipe_leaves_out_keeps_its_default(tmp_path):
    recipe = recipe_for(
        with_recipe(
            tmp_path,
            hyperparameters={"n_epochs": 7},
            load_range=[0.8, 1.2],
            scenarios=["Tiny", "Ring12"],
        )
    )
    assert recipe.hyperparameters == find_algorithm("maskable_ppo").hyperparameters | {
        "n_epochs": 7
    }
    assert (recipe.load_range, recipe.scenarios, recipe.reward_scale) == (
        (0.8, 1.2),
        ("Tiny", "Ring12"),
        recipe_for(TrainingConfig()).reward_scale,
    )
    assert recipe.network == recipe_for(TrainingConfig(scenario="Ring12")).network


def test_the_default_starts_from_the_rule_of_its_scenario():
    """So that `make train` begins level with the best rule there is."""
    for name in ("ThreeBody12", "Ring12"):
        assert recipe_for(TrainingConfig(scenario=name)).network["rule"] == dict(
            zip(WEIGHTS, load_weights("tuned", name).tolist())
        )
    assert (
        recipe_for(TrainingConfig(scenario="OrbitGym/Ring12-v0")).network
        == recipe_for(TrainingConfig(scenario="Ring12")).network
    )
    assert recipe_for(TrainingConfig(recipe=str(RECIPES / "eft-admit.json"))).network == NETWORK


def test_a_part_of_the_network_leaves_the_others(tmp_path):
    default = recipe_for(with_recipe(tmp_path)).network
    assert recipe_for(
        with_recipe(tmp_path, network={"reject_logit_gap": 3.0})
    ).network == default | {"reject_logit_gap": 3.0}


def test_a_rule_is_found_by_name(tmp_path):
    recipe = recipe_for(with_recipe(tmp_path, network={"rule": "untuned"}))
    assert recipe.network["rule"] == dict(zip(WEIGHTS, UNTUNED.tolist()))


def test_a_missing_file_says_where_recipes_are(tmp_path) -> None:
    with pytest.raises(
        ValueError,
        match="nope.json is missing; give a file like agents/configs/recipes/tuned.json, or one "
        "of those beside it",
    ):
        recipe_for(TrainingConfig(recipe=str(tmp_path / "nope.json")))


BAD = [
    ({"colour": 1}, "unknown entry 'colour'; choose from hyperparameters, network"),
    (
        {"hyperparameters": {"colour": 1}},
        "unknown entry 'colour' in hyperparameters; choose from batch_size",
    ),
    ({"network": {"colour": 1}}, "unknown entry 'colour' in network; choose from hidden"),
    (
        {"network": {"rule": "best"}},
        "the network's rule must be tuned, untuned, null or weights by name, got 'best'",
    ),
    (
        {"load_range": [1.4, 0.7]},
        r"load_range must be two positive numbers in order, got \[1.4, 0.7\]",
    ),
    ({"reward_scale": 0.0}, "reward_scale must be positive and finite, got 0.0"),
]


def test_the_shipped_plan_of_ablations_is_read():
    plan = read_plan(RECIPES / "ablations.json")
    base = recipe_for(TrainingConfig(recipe=str(RECIPES / "tuned-reject.json")))
    assert plan["recipe"]["hyperparameters"] == base.hyperparameters and len(plan["seeds"]) >= 3
    assert plan["recipe"]["network"].items() <= (base.network | {"rule": "tuned"}).items()


@pytest.mark.parametrize(("content", "message"), BAD)
def test_mistakes_are_named(tmp_path, content, message):
    with pytest.raises(ValueError, match=message):
        recipe_for(with_recipe(tmp_path, **content))


def test_a_misspelt_scenario_is_named_before_the_recipe():
    with pytest.raises(ValueError, match="^unknown scenario 'Rign12'; did you mean 'Ring12'"):
        recipe_for(TrainingConfig(scenario="Rign12"))


def test_scattered_episodes_begin_where_eft_admit_has_brought_them():
    env = make_vec("Ring12", 3, seed=4, options=TrainingOptions(random_episode_start=True))
    observations = env.reset()
    rngs = [np.random.default_rng([4, index, 0]) for index in range(3)]
    width = 1_000_000 // 3
    seeds = [
        int(rng.integers(index * width, (index + 1) * width)) for index, rng in enumerate(rngs)
    ]
    plain = OrbitVectorEnv(3, "Ring12", split="train", autoreset_mode="Disabled")
    expected, _ = plain.reset(seed=seeds)
    tasks = [plain.simulation(member).episode for member in range(3)]
    counts = [
        int(rng.integers((item.tasks["release_s"] < item.span_s[1]).sum()))
        for rng, item in zip(rngs, tasks)
    ]
    assert min(counts) > 100 and len(set(counts)) == 3
    actions = np.zeros(3, np.int64)
    for step in range(max(counts)):
        choose_many(expected["task"], expected["nodes"], plain.action_masks(), EFT_ADMIT, actions)
        expected = plain.step_members(np.flatnonzero(np.array(counts) > step), actions)[0]
    for name, block in observations.items():
        assert np.array_equal(block, expected[name])
