"""Train one agent: a run folder with config.json, best.pt, last.pt and TensorBoard logs, which can
be interrupted and resumed.
"""

import contextlib
import ctypes
import math
import shlex
import sys
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import torch
from stable_baselines3.common.callbacks import BaseCallback, CallbackList
from stable_baselines3.common.logger import configure

from agents.algorithms.registry import build_model
from agents.envs.make import make_vec
from agents.envs.problem import Problem, scenario_of
from agents.evaluation.stored_network import read_network
from agents.experimental_protocol import VALIDATION_MEMBERS
from agents.training.callbacks import Progress, Validation
from agents.training.config import LEARNING, Recipe, TrainingConfig, recipe_for
from agents.training.tensorboard import SchedulerScalars
from agents.utils.checkpoints import (
    CONFIG,
    LAST,
    load_checkpoint,
    load_weights,
    read_json,
    write_json,
)
from agents.utils.provenance import versions
from agents.utils.renamed_keys import with_current_keys
from orbit_gym.scenario.loading import scenario_to_dict
from orbit_gym.utils.kernel_cache import announce_compilation

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # malloc.h of glibc


class Interrupted(Exception):
    """Ctrl-C during training; everything is saved. The message says how to resume."""


def train(settings: TrainingConfig) -> Path:
    """Train (or go on training) and return the run folder.

    ValueError before any long work if that cannot be done.
    """
    torch.set_num_threads(1)  # the network is small: threads only get in each other's way
    keep_freed_memory()
    out = Path(settings.out)
    if settings.resume:
        settings, recipe = resumed_settings(settings, out)
        checkpoint = load_checkpoint(out / LAST)
    else:
        refuse_used_folder(out)
        recipe, checkpoint = recipe_for(settings), None
        recipe, weights = started_from(settings, recipe)
    first = checkpoint["timesteps"] if checkpoint else 0
    announce_compilation()
    scenarios = recipe.scenarios or (settings.scenario,)
    env = make_vec(scenarios, settings.envs, settings.seed, first, recipe.training_options)
    try:
        model: Any = build_model(
            settings.algo, recipe.hyperparameters, recipe.network, settings.seed, env
        )
        if checkpoint:
            restore(model, checkpoint, out / LAST)
        else:
            if weights is not None:
                load_weights(model.policy, weights, Path(str(settings.start)))
            out.mkdir(parents=True, exist_ok=True)
            write_json(out / CONFIG, describe_run(settings, recipe))
        _learn(model, settings, recipe, out, checkpoint["history"] if checkpoint else [])
    finally:
        env.close()
    return out


def keep_freed_memory() -> None:
    """Let the allocator keep large blocks (glibc only).

    Every minibatch frees and asks for the same ones, a sixth of an update's time.
    """
    with contextlib.suppress(OSError, AttributeError):  # another C library decides for itself
        library = ctypes.CDLL("libc.so.6")
        library.mallopt(M_MMAP_THRESHOLD, 1 << 30)
        library.mallopt(M_TRIM_THRESHOLD, (1 << 31) - 1)


def started_from(
    settings: TrainingConfig, recipe: Recipe
) -> tuple[Recipe, dict[str, torch.Tensor] | None]:
    """The recipe with the network of the run that --from names, and its weights.

    Unchanged and None without --from.
    """
    if settings.start is None:
        return recipe, None
    algo, network, weights = read_network(settings.start)
    if algo != settings.algo:
        raise ValueError(
            f"--from {settings.start} was trained with --algo {algo}, not {settings.algo}"
        )
    return replace(recipe, network=network), weights


def refuse_used_folder(out: Path) -> None:
    """ValueError if `out` already holds a run, or cannot be a folder."""
    if out.is_file():
        raise ValueError(f"{out} is a file; choose another --out")
    if (out / CONFIG).exists() or (out / LAST).exists():
        raise ValueError(f"{out} already holds a run; choose another --out or add --resume")


def resumed_settings(requested: TrainingConfig, out: Path) -> tuple[TrainingConfig, Recipe]:
    """TrainingConfig and recipe of the run in `out`.

    What was given differently on purpose is refused, except its length and reports.
    """
    if not (out / CONFIG).exists():
        raise ValueError(f"{out} holds no run to resume; start one without --resume")
    config = read_json(out / CONFIG)
    try:
        settings = stored_settings(config["settings"])
        recipe = Recipe(**with_current_keys(config["recipe"]))
    except (KeyError, TypeError) as error:
        raise ValueError(
            f"{out / CONFIG} is not a configuration of this version: {error}"
        ) from error
    default = TrainingConfig()
    for name in LEARNING:
        value = getattr(requested, name)
        if value not in (getattr(default, name), getattr(settings, name)):
            raise ValueError(
                f"{out} was started with --{name.replace('_', '-')} {getattr(settings, name)}, not "
                f"{value}"
            )
    free_settings = {item.name for item in fields(TrainingConfig)} - set(LEARNING)
    changed = {
        name: getattr(requested, name)
        for name in free_settings
        if getattr(requested, name) != getattr(default, name)
    }
    return replace(settings, **{**changed, "out": str(out), "resume": True}), recipe


def stored_settings(content: dict[str, Any]) -> TrainingConfig:
    """Read the settings of an earlier run.

    Runs of version 0.1 also say `tau_s`, a discount by elapsed time that is no longer there.
    """
    settings = dict(content)
    if settings.pop("tau_s", None) is not None:
        raise ValueError(
            "this run discounts by elapsed time (tau_s), which was removed; train anew"
        )
    return TrainingConfig(**settings)


def restore(model: Any, checkpoint: dict[str, Any], path: Path) -> None:
    """Put weights, optimizer and counters back into a model."""
    load_weights(model.policy, checkpoint["weights"], path)
    try:
        model.policy.optimizer.load_state_dict(checkpoint["optimizer"])
    except ValueError as error:
        raise ValueError(f"{path} holds an optimizer of another network") from error
    model.num_timesteps, model._n_updates = checkpoint["timesteps"], checkpoint["updates"]


def _learn(
    model: Any, settings: TrainingConfig, recipe: Recipe, out: Path, history: list[dict[str, Any]]
) -> None:
    """Learn until settings.timesteps, validate at the end, save whatever happens."""
    remaining = settings.timesteps - model.num_timesteps
    if remaining <= 0:
        return
    model.set_logger(configure(str(out / "tensorboard"), ["tensorboard"]))
    size = min(settings.validation_episodes, VALIDATION_MEMBERS)
    scenarios = recipe.scenarios or (settings.scenario,)
    envs = {name: Problem(name, "validation").make_envs(size) for name in scenarios}
    every = math.ceil(settings.timesteps / settings.validations)
    validation = Validation(
        envs, settings.validation_episodes, every, out, settings.algo, recipe.network, history
    )
    progress = Progress(settings.timesteps)
    parts: list[BaseCallback] = [validation, progress, SchedulerScalars()]
    try:
        model.learn(remaining, callback=CallbackList(parts), reset_num_timesteps=False)
        if validation.is_new() or history[-1]["timesteps"] < model.num_timesteps:
            validation.validate(model.num_timesteps)
        validation.save(LAST)
    except KeyboardInterrupt:
        if history:  # before the first validation nothing has been learned
            validation.save(LAST)
        raise Interrupted(how_to_resume(settings, bool(history))) from None
    finally:
        progress.close()
        model.logger.close()


def how_to_resume(settings: TrainingConfig, is_saved: bool) -> str:
    """One sentence for a person who pressed Ctrl-C."""
    if not is_saved:
        return f"interrupted before anything was learned; delete {settings.out} and start again"
    return (
        f"interrupted and saved; go on with: python train.py --out {shlex.quote(settings.out)} "
        "--resume"
    )


def describe_run(settings: TrainingConfig, recipe: Recipe) -> dict[str, Any]:
    """Everything needed to do the run again."""
    env = Problem(settings.scenario).make_env()
    scenario = scenario_of([env])
    env.close()
    return {
        "settings": asdict(settings),
        "recipe": recipe.as_dict(),
        "scenario": None if scenario is None else scenario_to_dict(scenario),
        "command": shlex.join(sys.argv),
        **versions(),
    }
