"""Files that version 0.1 wrote are read: run folders, checkpoints, recipes, shipped cards.

`data/config-0.1.json` is of `python train.py --scenario Tiny --timesteps 200 --no-evaluate`, run
with that version; `envs` is 2 in place of 64, so that one update is small.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from agents.envs.problem import Problem
from agents.evaluation.load_policy import load_policy, parse
from agents.evaluation.stored_network import read_network
from agents.policies.network.sb3_policies import NETWORK
from agents.policies.shipped import FOLDER, names, read_card
from agents.training.config import TrainingConfig, recipe_for
from agents.training.train import train
from agents.utils.checkpoints import load_checkpoint
from agents.utils.renamed_keys import RENAMED_KEYS, with_current_keys

CONFIG = Path(__file__).parent / "data" / "config-0.1.json"
EARLIER = {new: old for old, new in RENAMED_KEYS.items()}


def with_earlier_keys(content: Any) -> Any:
    """The content as version 0.1 wrote it."""
    if isinstance(content, dict):
        return {EARLIER.get(key, key): with_earlier_keys(item) for key, item in content.items()}
    return content


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder of version 0.1."""
    folder = tmp_path_factory.mktemp("old")
    config = json.loads(CONFIG.read_text())
    (folder / "recipe.json").write_text(json.dumps(config["recipe"]))
    out = train(
        TrainingConfig(
            scenario="Tiny",
            timesteps=100,
            envs=2,
            validations=1,
            validation_episodes=1,
            recipe=str(folder / "recipe.json"),
            out=str(folder / "run"),
        )
    )
    for name in ("best.pt", "last.pt"):
        content = torch.load(out / name, weights_only=True)
        network = with_earlier_keys(content["network"])
        assert "most_learned" in network
        torch.save(content | {"network": network}, out / name)
    (out / "config.json").write_text(CONFIG.read_text())
    return out


def test_a_run_is_resumed(run: Path) -> None:
    steps = load_checkpoint(run / "last.pt")["timesteps"]
    train(TrainingConfig(out=str(run), timesteps=steps + 100, validations=1, resume=True))
    assert load_checkpoint(run / "last.pt")["timesteps"] > steps


def test_a_run_is_played_and_started_from(run: Path) -> None:
    algo, network, _ = read_network(str(run))
    assert algo == "maskable_ppo" and network["residual_bound"] == 32.0
    load_policy(parse(str(run)), Problem("Tiny", "validation").make_envs(1))


def test_a_recipe_is_read(tmp_path: Path) -> None:
    content = json.loads(CONFIG.read_text())["recipe"]
    path = tmp_path / "recipe.json"
    path.write_text(json.dumps(content))
    recipe = recipe_for(TrainingConfig(recipe=str(path), scenario="Tiny"))
    default = recipe_for(TrainingConfig(scenario="Tiny"))
    assert replace(recipe, about="") == replace(default, about="")
    assert recipe.hyperparameters["critic_warmup_steps"] == 16_384
    assert recipe.random_episode_start and recipe.regret_reward


def test_both_names_of_a_key_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "recipe.json"
    path.write_text(json.dumps({"scatter": True, "random_episode_start": False}))
    with pytest.raises(ValueError, match="'scatter' is an earlier name of 'random_episode_start'"):
        recipe_for(TrainingConfig(recipe=str(path)))


@pytest.mark.parametrize("name", names())
def test_shipped_cards_speak_of_the_network_in_current_keys(name: str) -> None:
    assert set(read_card(name)["network"]) == set(NETWORK)
    assert "most_learned" in (FOLDER / f"{name}.json").read_text()  # as it was published


def test_the_table_turns_no_key_into_an_earlier_one() -> None:
    assert not set(RENAMED_KEYS) & set(RENAMED_KEYS.values())
    assert with_current_keys([{"scatter": {"most_learned": 1}}, 2]) == [
        {"random_episode_start": {"residual_bound": 1}},
        2,
    ]
