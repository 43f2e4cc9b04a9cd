"""Shipped weights: what the card promises is what they play.

Damaged or foreign files are refused; publishing makes such files.
"""

import json

import numpy as np
import pytest
import torch

from agents.envs.episode_runner import play
from agents.envs.problem import Problem
from agents.evaluation import stored_network
from agents.evaluation.load_policy import label, load_policy, parse, with_controls
from agents.policies import shipped as pretrained
from agents.policies.shipped import names, read_card, read_weights
from agents.training.config import RECIPES
from agents.training.publish import Publication, publish
from agents.utils.checkpoints import load_checkpoint, save_checkpoint
from experiments.imitate import Imitation, imitate

HEADLINE = "served_value_fraction"


@pytest.mark.parametrize(
    "name",
    names() or [pytest.param("", marks=pytest.mark.skip(reason="no weights are shipped yet"))],
)
def test_shipped_weights_play_what_their_card_says(name):
    """The first validation episode of the first scenario, to 1e-9: another machine may add floats
    in another order (1e-3 then).
    """
    card_results = read_card(name)["results"][0]
    envs = Problem(card_results["scenario"], card_results["split"]).make_envs(1)
    policy = load_policy(parse(f"pretrained:{name}"), envs)
    score = play(envs, policy, card_results["seeds"][:1])[0][HEADLINE]
    assert score == pytest.approx(card_results[HEADLINE][0], abs=1e-3)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run whose best weights are not those it started from."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    start = str(
        RECIPES / "eft-admit.json"
    )  # from `tuned` the untrained control is a compiled rule, which has no logits to compare
    imitate(
        Imitation(
            out=str(folder),
            scenario="Tiny",
            policy="eft",
            recipe=start,
            decisions=40,
            every=1,
            epochs=1,
            validation_episodes=1,
        )
    )
    best = load_checkpoint(folder / "best.pt")
    best["weights"]["mlp_extractor.score.weight"].normal_(
        generator=torch.Generator().manual_seed(0)
    )
    save_checkpoint(
        folder / "best.pt", {key: value for key, value in best.items() if key != "format"}
    )
    return folder


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """An empty folder of shipped weights in place of the real one."""
    for function in (pretrained.names, pretrained.read_card, pretrained.read_weights):
        defaults = function.__defaults__
        monkeypatch.setattr(function, "__defaults__", (*defaults[:-1], tmp_path))
    return tmp_path


def test_published_weights_are_those_of_the_run(run, shelf):
    path = publish(Publication(str(run), about="a test", episodes=2, folder=str(shelf)))
    assert path.name == "default.json" and names() == ["default"]
    card, best = json.loads(path.read_text()), load_checkpoint(run / "best.pt")
    assert (
        card["network"] == best["network"] and card["trained_on"]["decisions"] == best["timesteps"]
    )
    assert (
        card["results"][0]["seeds"] == [2_000_000, 2_000_001]
        and len(card["results"][0][HEADLINE]) == 2
    )
    weights = read_weights()
    assert set(weights) == set(best["weights"]) and all(
        torch.equal(weights[key], value) for key, value in best["weights"].items()
    )
    envs = Problem("Tiny", "validation").make_envs(2)
    shipped, own_policy, untrained = (
        load_policy(parse(name), envs)
        for name in ("pretrained", str(run), "untrained:pretrained:default")
    )
    observations, _ = envs.reset(seed=[1, 2])
    logits = [
        policy.mlp_extractor(policy.features_extractor(policy.obs_to_tensor(observations)[0]))[0]
        for policy in (shipped, own_policy, untrained)
    ]
    assert torch.equal(logits[0], logits[1])
    assert (
        play(envs, shipped, range(2_000_000, 2_000_002))[0][HEADLINE]
        == card["results"][0][HEADLINE][0]
    )
    assert np.isfinite(logits[2].detach().numpy()).all() and not torch.equal(logits[0], logits[2])


def test_names_and_labels(run, shelf):
    publish(Publication(str(run), name="other", episodes=1, folder=str(shelf)))
    spec = parse("pretrained:other@sampled")
    assert (spec.base, spec.is_sampled, spec.is_untrained) == ("pretrained:other", True, False)
    assert label(parse("pretrained:other")) == "pretrained:other (this policy only)"
    assert with_controls(("pretrained:other",), False, True)[1:] == (
        "untrained:pretrained:other",
        "untrained:pretrained:other@sampled",
    )
    assert stored_network.read_network("pretrained:other")[0] == "maskable_ppo"


def test_what_is_missing_or_damaged_is_said_in_one_sentence(run, shelf):
    with pytest.raises(ValueError, match="no shipped policy 'default' in .*; there: none yet"):
        parse("pretrained")
    path = publish(Publication(str(run), episodes=1, folder=str(shelf)))
    card = json.loads(path.read_text())
    path.with_suffix(".safetensors").write_bytes(b"nothing")
    with pytest.raises(ValueError, match="default.safetensors is damaged and cannot be read"):
        parse("pretrained")
    path.write_text(json.dumps(card | {"format": 99}))
    with pytest.raises(ValueError, match="has card format 99; this version reads 1"):
        parse("pretrained")
    path.write_text("{}")
    with pytest.raises(ValueError, match="is not a card of this project: it must hold format"):
        parse("pretrained")


def test_publishing_checks_before_it_plays(run, tmp_path):
    with pytest.raises(ValueError, match="--episodes must be at least 1, got 0"):
        publish(Publication(str(run), episodes=0, folder=str(tmp_path)))
    with pytest.raises(ValueError, match="--name must be letters, digits, - and _, got '../x'"):
        publish(Publication(str(run), name="../x", folder=str(tmp_path)))
    assert not list(tmp_path.iterdir())
