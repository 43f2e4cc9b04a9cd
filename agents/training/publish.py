"""Make a shipped policy from a run folder: ``python -m agents.training.publish runs/x --name
default --about "..."``.

Writes agents/weights/pretrained/NAME.safetensors (weights alone) and NAME.json (the card: data,
seeds, results, versions). The card holds the results of some validation episodes, so that a test
can play one again.
"""

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import tyro
from safetensors.torch import save

import orbit_gym
from agents.envs.episode_runner import play
from agents.envs.problem import Problem
from agents.evaluation.load_policy import load_policy, parse
from agents.experimental_protocol import VALIDATION_MEMBERS, VALIDATION_SEEDS
from agents.policies.heuristics import make_heuristic
from agents.policies.network.input_names import current_columns
from agents.policies.shipped import CARD_FORMAT, DEFAULT, FOLDER, SHARED
from agents.utils.checkpoints import (
    BEST,
    CONFIG,
    load_checkpoint,
    read_json,
    write_atomically,
    write_json,
)
from agents.utils.options import PositiveInt, check_ranges
from agents.utils.provenance import revision
from orbit_gym.simulation.metric_table import HEADLINE
from orbit_gym.utils.errors import fail_cleanly

REFERENCE = "eft_admit"


@dataclass(frozen=True)
class Publication:
    """Turn a run folder into a shipped policy."""

    run: Annotated[str, tyro.conf.Positional]
    """Run folder of train.py or experiments.imitate."""
    name: str = DEFAULT
    """Name of the shipped policy; `pretrained` means default, `pretrained:NAME` any other."""
    about: str = ""
    """What it is, in a sentence or two."""
    episodes: PositiveInt = 3
    """Validation episodes of each scenario that are played for the card."""
    folder: str = str(FOLDER)
    """Where shipped policies stand."""


def publish(options: Publication) -> Path:
    """Write both files and return the card's path.

    ValueError before any long work if that cannot be done.
    """
    run = Path(options.run)
    spec, config, checkpoint = (
        parse(options.run),
        read_json(run / CONFIG),
        load_checkpoint(run / BEST),
    )
    check_ranges(options)
    if not options.name.replace("-", "").replace("_", "").isalnum():
        raise ValueError(f"--name must be letters, digits, - and _, got {options.name!r}")
    folder = Path(options.folder)
    folder.mkdir(parents=True, exist_ok=True)
    card = {
        "format": CARD_FORMAT,
        "name": options.name,
        "about": options.about,
        "algo": checkpoint["algo"],
        "network": checkpoint["network"],
        "columns": current_columns(),
        "trained_on": trained_on(config, checkpoint),
        "results": [results(spec, scenario, options.episodes) for scenario in scenarios_of(config)],
        "version": {
            "orbit_gym": orbit_gym.__version__,
            "revision": revision(),
            "packages": config["packages"],
        },
        "made_by": shlex.join(["python", "-m", "agents.training.publish", *sys.argv[1:]]),
    }
    weights = {
        key: value.contiguous()
        for key, value in checkpoint["weights"].items()
        if not key.startswith(SHARED)
    }
    path = folder / f"{options.name}.json"
    write_atomically(
        path.with_suffix(".safetensors"), lambda temporary: temporary.write_bytes(save(weights))
    )
    write_json(path, card)
    return path


def scenarios_of(config: dict[str, Any]) -> list[str]:
    """Scenarios that a run was trained on."""
    return list(config["recipe"].get("scenarios") or [config["settings"]["scenario"]])


def trained_on(config: dict[str, Any], checkpoint: dict[str, Any]) -> dict[str, Any]:
    """Data, seeds and hyperparameters of the run."""
    return {
        "scenarios": scenarios_of(config),
        "settings": config["settings"],
        "recipe": config["recipe"],
        "decisions": checkpoint["timesteps"],
        "command": config["command"],
        "revision": config["revision"],
    }


def results(spec: Any, scenario: str, episodes: int) -> dict[str, Any]:
    """Validation episodes of one scenario, played by the policy and by the reference rule."""
    torch.set_num_threads(1)
    envs = Problem(scenario, "validation").make_envs(min(episodes, VALIDATION_MEMBERS))
    seeds = VALIDATION_SEEDS[:episodes]
    policy, rule = load_policy(spec, envs), make_heuristic(REFERENCE)
    own_scores, other = (
        [metrics[HEADLINE] for metrics in play(envs, p, seeds)] for p in (policy, rule)
    )
    return {
        "scenario": scenario,
        "split": "validation",
        "seeds": list(seeds),
        HEADLINE: own_scores,
        REFERENCE: other,
        "mean_difference": float(np.mean(np.subtract(own_scores, other))),
    }


def main() -> None:
    """Command line."""
    fail_cleanly(lambda: print(f"wrote {publish(tyro.cli(Publication))} and its weights"))


if __name__ == "__main__":
    main()
