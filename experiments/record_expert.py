"""Decisions of a planner to learn from: ``python -m experiments.record_expert --out runs/expert``.

One npz file an episode, resumable.

Keys: task (n, T), nodes (n, c, F) float32, links (n, c, slots, L) float16, mask (n, c + 1) bool,
action (n,) int64: what the planner would do; values (n, c + 1) float32: what look-ahead found each
action tried to be worth, NaN where not tried; steered (n,) bool: the planner's action was taken,
not the rule's; info: JSON text with scenario, seed, load and the value served.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import tyro
from tqdm import tqdm

from agents.envs.make import TRAINING_SEEDS
from agents.policies.linear_rule import choose_many
from agents.policies.planner.planner import PLANNERS, EpisodePlanner, Member
from agents.policies.rule_registry import load_weights
from agents.policies.rule_variants import stances_of
from agents.utils.checkpoints import write_atomically
from orbit_gym.scenario.loading import load_scenario
from orbit_gym.utils.errors import fail_cleanly
from orbit_gym.utils.kernel_cache import announce_compilation
from orbit_gym.vector import OrbitVectorEnv

SPELL_S = 300.0  # the hand that steers may change so often: long enough for queues to be its own


@dataclass(frozen=True)
class Expert:
    """Play training episodes and keep every decision."""

    scenario: str = "ThreeBody12"
    """Catalogue name or path to a TOML file."""
    policy: Literal["rollout", "clairvoyant", "tuned"] = "rollout"
    """Whose decisions are kept; tuned has no values."""
    episodes: int = 12
    """Number of episodes."""
    first_seed: int = 0
    """Seed of the first episode; the others follow, all below 1,000,000."""
    loads: tuple[float, ...] = (0.8, 1.0, 1.3)
    """Loads, taken in turn."""
    rule_share: float = 0.5
    """Share of the time in which the rule steers and the planner only says what it would do: so the
    states of both are seen.
    """
    out: str = "runs/expert"
    """Folder to write to; episodes that are there are not played again."""


def record(options: Expert) -> list[Path]:
    """Play what is missing; returns the files of all episodes asked for.

    ValueError before any long work if something is wrong.
    """
    check(options)
    announce_compilation()
    out = Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    jobs = [
        (options.first_seed + i, options.loads[i % len(options.loads)])
        for i in range(options.episodes)
    ]
    paths = [
        out / f"{Path(options.scenario).stem}-{options.policy}-{load:g}-{seed}.npz"
        for seed, load in jobs
    ]
    missing = [(path, seed, load) for path, (seed, load) in zip(paths, jobs) if not path.exists()]
    with tqdm(
        total=options.episodes,
        initial=options.episodes - len(missing),
        unit=" episodes",
        desc=options.policy,
        mininterval=5.0,
    ) as bar:
        for path, seed, load in missing:
            arrays = play(options, seed, load)
            write_atomically(
                path,
                lambda temporary, arrays=arrays: np.savez_compressed(  # type: ignore[misc]
                    temporary, **arrays
                ),
            )
            bar.update()
            bar.write(f"{path.name}: {arrays['info']}")
    return paths


def check(options: Expert) -> None:
    """Refuse what makes no sense, naming the option."""
    load_scenario(options.scenario)
    if options.episodes < 1:
        raise ValueError(f"--episodes must be at least 1, got {options.episodes}")
    if options.first_seed < 0 or options.first_seed + options.episodes > TRAINING_SEEDS:
        raise ValueError(
            f"seeds to learn from lie from 0 to {TRAINING_SEEDS - 1:,}; got {options.episodes} "
            "from "
            f"{options.first_seed:,} on"
        )
    if not options.loads or min(options.loads) <= 0.0:
        raise ValueError(f"--loads must be positive numbers, got {options.loads}")
    if not 0.0 <= options.rule_share <= 1.0:
        raise ValueError(f"--rule-share must be from 0 to 1, got {options.rule_share}")


def play(options: Expert, seed: int, load: float) -> dict[str, np.ndarray]:
    """Play one episode; returns the arrays of its file."""
    envs = OrbitVectorEnv(1, options.scenario, {"workload.load": load}, "train", "Disabled")
    weights = load_weights("tuned", envs.scenario.name)
    envs.reset(seed=seed)
    rows = list(_decisions(options, envs, weights, np.random.default_rng([seed, 1])))
    arrays = {name: np.stack([row[name] for row in rows]) for name in rows[0] if name != "served"}
    served = rows[-1]["served"]
    info = {
        "scenario": envs.scenario.name,
        "seed": seed,
        "load": load,
        "policy": options.policy,
        "served_value_fraction": round(served, 5),
    }
    return arrays | {"info": np.array(json.dumps(info))}


def _decisions(
    options: Expert, envs: OrbitVectorEnv, weights: np.ndarray, rng: np.random.Generator
) -> Iterator[dict[str, Any]]:
    """Each decision of the episode, as it is played."""
    knobs, knows_future = PLANNERS.get(options.policy, (None, False))
    planner = (
        EpisodePlanner(Member(envs, 0), knobs, stances_of(envs.scenario.name), knows_future)
        if knobs
        else None
    )
    by_rule, is_steered, until_s = np.zeros(1, np.int64), True, -np.inf
    simulation = envs.simulation(0)
    while True:
        seen, mask = simulation.observe(), simulation.action_masks()
        choose_many(seen["task"][None], seen["nodes"][None], mask[None], weights, by_rule)
        action = planner.decide() if planner else int(by_rule[0])
        values = planner.values if planner else np.full(mask.size, np.nan)
        if simulation.time_s >= until_s:
            is_steered, until_s = (
                bool(rng.random() >= options.rule_share),
                simulation.time_s + SPELL_S,
            )
        row: dict[str, Any] = {
            "task": seen["task"],
            "nodes": seen["nodes"],
            "links": seen["links"].astype(np.float16),
            "mask": mask,
        }
        row |= {
            "action": np.int64(action),
            "values": values.astype(np.float32),
            "steered": np.bool_(is_steered),
            "served": 0.0,
        }
        _, _, _, truncated, infos = envs.step(np.array([action if is_steered else by_rule[0]]))
        if truncated[0]:
            row["served"] = float(infos["episode_metrics"]["served_value_fraction"][0])
        yield row
        if truncated[0]:
            return


def main() -> None:
    """Command line."""
    options = tyro.cli(Expert)
    fail_cleanly(lambda: record(options))


if __name__ == "__main__":
    main()
