"""Score policies on the same held-out episodes: ``python -m agents.evaluate --policies eft least_loaded runs/demo``.

Writes results.json, results.csv and pictures, prints a table with paired differences. Networks always see the masks.
"""

import shlex
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Literal

import torch
import tyro
from tqdm import tqdm

from agents import report
from agents.checkpoints import write_json
from agents.environments import make_many
from agents.episodes import Environments, Metrics, play
from agents.heuristics import HEURISTICS
from agents.loading import Spec, label, load_policy, parse, with_controls
from agents.recording import FOLDER, Remembering, check_recordable, record
from agents.statistics import paired_difference, summarise
from orbit_gym.cache import announce_compilation
from orbit_gym.cli import fail_cleanly

GROUP = 10  # episodes played in step; part of the definition of sampled results, so not an option
RESULTS = "results.json"
VERSION = 1


@dataclass(frozen=True)
class Evaluation:
    """Evaluate policies on the same episodes."""

    policies: tuple[str, ...] = tuple(HEURISTICS)
    """Names of heuristics, run folders, or untrained:<run folder>; @sampled after a run draws its actions."""
    scenario: str = "ThreeBody12"
    """Catalogue name, path to a TOML file, or a registered id."""
    seeds: int = 30
    """Number of episodes."""
    first_seed: int = 3_000_000
    """Seed of the first episode; the others follow."""
    split: Literal["train", "validation", "test"] = "test"
    """Days that episodes are drawn from."""
    out: str = "results"
    """Folder to write to."""
    sampled: bool = False
    """Also score every run with sampled actions."""
    controls: bool = True
    """Also score the untrained network of every run, greedy and sampled."""
    reference: str = "eft_admit"
    """Policy that paired differences are taken from; the first policy if this one is not evaluated."""
    processes: int = 2
    """Worker processes."""
    record: int = 0
    """Also write episode logs of the first so many seeds of every policy, to <out>/episodes; `python -m orbit_gym replay` shows them."""
    overwrite: bool = False
    """Replace results that are already in --out."""
    overrides: dict[str, float] = field(default_factory=dict)
    """Changes of the scenario, such as workload.load 1.3."""


def evaluate(asked: Evaluation) -> dict[str, Any]:
    """Play, summarise, write and print; ValueError before any long work if something is wrong. Returns results.json's content."""
    specs = check(asked)
    announce_compilation()
    by_policy = _play_everything(asked, specs)
    results = assemble(asked, specs, by_policy)
    out = Path(asked.out)
    out.mkdir(parents=True, exist_ok=True)
    report.write_csv(out / "results.csv", results["policies"])
    report.draw(out, results)
    write_json(out / RESULTS, results)  # last: a folder with results.json is complete
    report.print_table(results, {spec.name: label(spec) for spec in specs}, _reference(asked, specs))
    print(f"wrote {out / RESULTS}, results.csv and pictures" + (f", episode logs in {out / FOLDER}" if asked.record else ""))
    return results


def check(asked: Evaluation) -> list[Spec]:
    """Check numbers, policies, scenario and folder; return the policies to play."""
    for name, low in (("seeds", 1), ("first_seed", 0), ("processes", 1), ("record", 0)):
        if getattr(asked, name) < low:
            raise ValueError(f"--{name.replace('_', '-')} must be at least {low}, got {getattr(asked, name)}")
    if not asked.policies:
        raise ValueError(f"--policies must name at least one policy; choose from {', '.join(HEURISTICS)}, or a run folder")
    specs = [parse(name) for name in with_controls(asked.policies, asked.sampled, asked.controls)]
    out = Path(asked.out)
    if out.exists() and not out.is_dir():
        raise ValueError(f"{out} is a file; choose another --out")
    if (out / RESULTS).exists() and not asked.overwrite:
        raise ValueError(f"{out} already holds results; choose another --out or add --overwrite")
    envs = make_many(asked.scenario, asked.split, 1, asked.overrides)  # an unknown scenario is refused here
    for spec in specs:
        load_policy(spec, envs)
    if asked.record:
        check_recordable(asked.scenario)
    return specs


def assemble(asked: Evaluation, specs: list[Spec], by_policy: dict[str, list[Metrics]]) -> dict[str, Any]:
    """Content of results.json: the promised keys, and what else one wants to know."""
    policies = {spec.name: summarise_policy(by_policy[spec.name]) for spec in specs}
    reference = policies[_reference(asked, specs)]
    differences = {
        name: {
            "reference": _reference(asked, specs),
            "metrics": {m: paired_difference(item["episodes"], reference[m]["episodes"]) for m, item in metrics.items() if m in reference},
        }
        for name, metrics in policies.items()
    }
    return {
        "scenario": asked.scenario,
        "seeds": list(range(asked.first_seed, asked.first_seed + asked.seeds)),
        "policies": policies,
        "split": asked.split,
        "overrides": asked.overrides,
        "differences": differences,
        "labels": {spec.name: label(spec) for spec in specs},
        "version": VERSION,
        "command": shlex.join(sys.argv),
    }


def summarise_policy(episodes: list[Metrics]) -> dict[str, Any]:
    """Summary of every metric that occurs; episodes without it count as None."""
    names = dict.fromkeys(name for metrics in episodes for name in metrics)
    return {name: summarise([metrics.get(name) for metrics in episodes]) for name in names}


def _reference(asked: Evaluation, specs: list[Spec]) -> str:
    names = [spec.name for spec in specs]
    return asked.reference if asked.reference in names else names[0]


# Policy, scenario, split, overrides, folder of logs and how many of the seeds are recorded, seeds.
Job = tuple[Spec, str, str, tuple[tuple[str, float], ...], tuple[str, int], tuple[int, ...]]


def _play_everything(asked: Evaluation, specs: list[Spec]) -> dict[str, list[Metrics]]:
    """Play all groups of episodes, in this process or in workers; the outcome does not depend on how many there are."""
    seeds = range(asked.first_seed, asked.first_seed + asked.seeds)
    groups = [tuple(seeds[first : first + GROUP]) for first in range(0, len(seeds), GROUP)]
    where = (asked.scenario, asked.split, tuple(asked.overrides.items()))
    logs = [(str(Path(asked.out) / FOLDER), max(0, min(GROUP, asked.record - GROUP * place))) for place in range(len(groups))]
    jobs: list[Job] = [(spec, *where, logged, group) for group, logged in zip(groups, logs) for spec in specs]
    found: dict[tuple[str, int], list[Metrics]] = {}
    every_s = 0.2 if sys.stderr.isatty() else 15.0
    with tqdm(total=len(seeds) * len(specs), unit=" episodes", desc="evaluating", mininterval=every_s) as bar:
        for job, metrics in _finished(jobs, asked.processes):
            found[job[0].name, job[-1][0]] = metrics
            bar.update(len(metrics))
    return {spec.name: [item for group in groups for item in found[spec.name, group[0]]] for spec in specs}


def _finished(jobs: list[Job], processes: int) -> Iterator[tuple[Job, list[Metrics]]]:
    """Jobs with their results as they come."""
    if processes == 1:
        for job in jobs:
            yield job, play_job(job)
        return
    # spawn: forking a process that has used torch or numba threads can hang
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        futures = {pool.submit(play_job, job): job for job in jobs}
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def play_job(job: Job) -> list[Metrics]:
    """Play one group of episodes with one policy; randomness of sampling is seeded by the group's first seed."""
    spec, scenario, split, overrides, (folder, n_recorded), seeds = job
    envs = _environments(scenario, split, overrides)
    policy = load_policy(spec, envs, seeds[0])
    torch.manual_seed(seeds[0])
    if not n_recorded:
        return play(envs, policy, seeds, deterministic=not spec.is_sampled)
    remembering = Remembering(policy)
    metrics = play(envs, remembering, seeds, deterministic=not spec.is_sampled)
    record(spec.name, (scenario, split, dict(overrides)), seeds[:n_recorded], remembering.actions, Path(folder))
    return metrics


@lru_cache(maxsize=1)
def _environments(scenario: str, split: str, overrides: tuple[tuple[str, float], ...]) -> Environments:
    """Environments of this process, made once; an episode depends on its seed alone."""
    return make_many(scenario, split, GROUP, dict(overrides))


def main() -> None:
    """Command line."""
    fail_cleanly(lambda: evaluate(tyro.cli(Evaluation)))


if __name__ == "__main__":
    main()
