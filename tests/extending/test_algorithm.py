"""A learning algorithm that a program or an installed package adds is trained and evaluated."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sb3_contrib import TRPO
from stable_baselines3 import A2C
from stable_baselines3.common.policies import MultiInputActorCriticPolicy

from agents.algorithms.registry import ALGORITHMS, Algorithm, build_policy, register_algorithm
from agents.evaluate import Evaluation, evaluate
from agents.training.config import TrainingConfig, recipe_for
from agents.training.train import train
from agents.utils.checkpoints import load_checkpoint
from orbit_gym.observation import observation_space
from tests.helpers.fake_env import ENV_ID
from tests.helpers.fresh import output_of

ROOT = Path(__file__).resolve().parents[2]
# Stock policies over the flattened Dict observation: no scorer, no masks.
STOCK = {
    "a2c": Algorithm(
        A2C, MultiInputActorCriticPolicy, {"hyperparameters": {"n_steps": 10}}, ("vf_coef",)
    ),
    "trpo": Algorithm(
        TRPO,
        MultiInputActorCriticPolicy,
        {"hyperparameters": {"n_steps": 50, "batch_size": 5_000}},
        network={"net_arch": [8]},
    ),
}


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    """What a test registers is gone after it."""
    copy = dict(ALGORITHMS)
    yield
    ALGORITHMS.clear()
    ALGORITHMS.update(copy)


@pytest.mark.parametrize("name", STOCK)
def test_it_trains_resumes_and_is_evaluated(name: str, tmp_path: Path) -> None:
    register_algorithm(name, STOCK[name])
    config = TrainingConfig(
        scenario=ENV_ID,
        algo=name,
        timesteps=200,
        envs=2,
        out=str(tmp_path / "run"),
        validations=1,
        validation_episodes=2,
    )
    out = train(config)
    checkpoint = load_checkpoint(out / "last.pt")
    assert checkpoint["algo"] == name and checkpoint["timesteps"] >= 200
    assert checkpoint["updates"] > 0 and len(checkpoint["history"]) >= 2
    train(TrainingConfig(out=str(out), timesteps=300, resume=True))
    assert load_checkpoint(out / "last.pt")["timesteps"] >= 300
    results = evaluate(
        Evaluation(
            policies=("eft", str(out)),
            scenario=ENV_ID,
            seeds=2,
            out=str(tmp_path / "results"),
            processes=1,
        )
    )
    fractions = results["policies"][str(out)]["served_value_fraction"]["episodes"]
    assert len(fractions) == 2 and all(0.0 <= value <= 1.0 for value in fractions)


def test_its_policy_drops_masks_and_its_recipe_is_checked(tmp_path: Path) -> None:
    register_algorithm("trpo", STOCK["trpo"])
    space = observation_space(4, 2)
    from gymnasium.spaces import Discrete

    policy = build_policy("trpo", space, Discrete(5), {"net_arch": [8]})
    action, _ = policy.predict(space.sample(), None, None, True, np.ones(5, bool))  # type: ignore[call-arg]
    assert 0 <= int(action) < 5
    path = tmp_path / "recipe.json"
    path.write_text(json.dumps({"network": {"net_arch": [4]}}))
    recipe = recipe_for(TrainingConfig(scenario=ENV_ID, algo="trpo", recipe=str(path)))
    assert recipe.network == {"net_arch": [4]} and recipe.hyperparameters["n_steps"] == 50
    path.write_text(json.dumps({"hyperparameters": {"vf_coef": 1.0}}))
    with pytest.raises(ValueError, match="unknown entry 'vf_coef' in hyperparameters"):
        recipe_for(TrainingConfig(scenario=ENV_ID, algo="trpo", recipe=str(path)))


def test_mistakes_are_named() -> None:
    with pytest.raises(ValueError, match="there is an algorithm 'maskable_ppo' already"):
        register_algorithm("maskable_ppo", STOCK["a2c"])
    with pytest.raises(TypeError, match="algorithm 'x' must be an Algorithm, got 3"):
        register_algorithm("x", 3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="--algo x is unknown; choose from maskable_ppo, compi"):
        TrainingConfig(algo="x")
    with pytest.raises(ValueError, match="--algo dqn is unknown; dqn was removed, since no res"):
        TrainingConfig(algo="dqn")


PACKAGE = """
from stable_baselines3 import A2C
from stable_baselines3.common.policies import MultiInputActorCriticPolicy
from agents.algorithms.registry import Algorithm
A2C_STOCK = Algorithm(A2C, MultiInputActorCriticPolicy, {"hyperparameters": {"n_steps": 10}})
"""


def test_an_installed_package_adds_one_by_an_entry_point(tmp_path: Path) -> None:
    (tmp_path / "a2c_lab.py").write_text(PACKAGE)
    dist_info = tmp_path / "a2c_lab-1.0.dist-info"
    dist_info.mkdir()
    (dist_info / "METADATA").write_text("Metadata-Version: 2.1\nName: a2c_lab\nVersion: 1.0\n")
    (dist_info / "entry_points.txt").write_text("[orbit_gym.algorithms]\na2c = a2c_lab:A2C_STOCK\n")
    text = output_of(
        "from agents.training.config import TrainingConfig, recipe_for\n"
        "print(recipe_for(TrainingConfig(algo='a2c')).hyperparameters)",
        ROOT,
        PYTHONPATH=str(tmp_path),
    )
    assert text.splitlines()[-1] == "{'n_steps': 10}"
