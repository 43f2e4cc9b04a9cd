"""Score policies on the same held-out episodes: ``python -m agents.evaluate --policies eft least_loaded runs/demo``.

Writes results.json, details.json and results.csv, prints a table with paired differences, and makes the report (agents.report).
Networks always see the masks. Interrupted, it keeps the episodes of planners (minutes each) in OUT/parts and goes on from there.
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
from agents.episodes.environments import make_many
from agents.episodes.parts import Parts
from agents.episodes.recording import FOLDER, Remembering, check_recordable, record
from agents.episodes.whole import Environments, Metrics, play
from agents.loading import BASELINES, Spec, label, load_policy, parse, with_controls
from agents.planners.planner import fingerprint
from agents.report.gathered import gathered
from agents.report.provenance import about, run_record
from agents.statistics import paired_difference, summarise
from orbit_gym.cache import announce_compilation
from orbit_gym.cli import fail_cleanly
from orbit_gym.details import Details

GROUP = 10  # episodes played in step; part of the definition of sampled results, so not an option
GROUP_OF_NETWORK = 50  # of a greedy network: a call for 50 decisions takes two to three times as long as one for 10
RESULTS = "results.json"
VERSION = 1


@dataclass(frozen=True)
class Evaluation:
    """Evaluate policies on the same episodes."""

    policies: tuple[str, ...] = BASELINES
    """Names of baselines, run folders, or untrained:<run folder>; @sampled after a run draws its actions, @admitting takes what it
    would turn away though some plan serves it in time."""
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
    out = Path(asked.out)
    out.mkdir(parents=True, exist_ok=True)  # now, so that a place that cannot be written to is known before the work
    announce_compilation()
    by_policy, details = _play_everything(asked, specs)
    results = assemble(asked, specs, by_policy)
    report.write_csv(out / "results.csv", results["policies"])
    report.write_details(out, gathered(details, results["seeds"], make_many(asked.scenario, asked.split, 1, asked.overrides)))
    write_json(out / RESULTS, results)  # last: a folder with results.json is complete
    report.print_table(results, {spec.name: label(spec) for spec in specs}, _reference(asked, specs))
    pages = report.write_report([out])
    logs = f", episode logs in {out / FOLDER}" if asked.record else ""
    print(f"wrote {out / RESULTS}, results.csv, {', '.join(page.name for page in pages)}{logs}; open {pages[0]} in a browser")
    return results


def check(asked: Evaluation) -> list[Spec]:
    """Check numbers, policies, scenario and folder; return the policies to play."""
    for name, low in (("seeds", 1), ("first_seed", 0), ("processes", 1), ("record", 0)):
        if getattr(asked, name) < low:
            raise ValueError(f"--{name.replace('_', '-')} must be at least {low}, got {getattr(asked, name)}")
    if asked.record > asked.seeds:
        raise ValueError(f"--record {asked.record} asks for logs of more episodes than --seeds {asked.seeds} plays")
    if not asked.policies:
        raise ValueError(f"--policies must name at least one policy; choose from {', '.join(BASELINES)}, or a run folder")
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
        "reference": _reference(asked, specs),
        "version": VERSION,
        "command": shlex.join(sys.argv),
        "about": about(asked.scenario, asked.split, asked.overrides),
        "runs": {spec.name: run_record(spec.run) for spec in specs if spec.run and not spec.is_control},
    }


def summarise_policy(episodes: list[Metrics]) -> dict[str, Any]:
    """Summary of every metric that occurs; episodes without it count as None."""
    names = dict.fromkeys(name for metrics in episodes for name in metrics)
    return {name: summarise([metrics.get(name) for metrics in episodes]) for name in names}


def _reference(asked: Evaluation, specs: list[Spec]) -> str:
    names = [spec.name for spec in specs]
    return asked.reference if asked.reference in names else names[0]


# Policy; scenario, split, overrides; folder of logs and how many of the seeds are recorded; seeds.
Job = tuple[Spec, tuple[str, str, tuple[tuple[str, float], ...]], tuple[str, int], tuple[int, ...]]
Played = tuple[list[Metrics], list[Details | None]]  # of a group of episodes


def _play_everything(asked: Evaluation, specs: list[Spec]) -> tuple[dict[str, list[Metrics]], dict[str, list[Details | None]]]:
    """Play all groups of episodes, in this process or in workers; the outcome does not depend on how many there are."""
    seeds = range(asked.first_seed, asked.first_seed + asked.seeds)
    grouped = [(spec, group) for spec in specs for group in groups(spec, seeds)]
    played_on = asked.scenario, asked.split, tuple(asked.overrides.items())
    members = max(len(group) for _, group in grouped)
    jobs: list[Job] = [(spec, played_on, _logged(asked, group), group) for spec, group in grouped]
    jobs.sort(key=lambda job: job[-1])
    parts = {spec: Parts(Path(asked.out), fingerprint(spec.heuristic)) for spec in specs if spec.plans}
    found: dict[Job, Played] = {
        job: (kept, [None] * len(kept)) for job in jobs if job[0].plans and (kept := parts[job[0]].read(job))
    }  # details are not kept: a report shows them for episodes played in one go
    every_s = 0.2 if sys.stderr.isatty() else 15.0
    with tqdm(total=len(seeds) * len(specs), initial=len(found), unit=" episodes", desc="evaluating", mininterval=every_s) as bar:
        for job, played in _finished([job for job in jobs if job not in found], members, asked.processes):
            found[job] = played
            bar.update(len(played[0]))
            if job[0].plans:
                parts[job[0]].write(job, played[0])
    metrics = {spec.name: [item for job in jobs if job[0] == spec for item in found[job][0]] for spec in specs}
    return metrics, {spec.name: [item for job in jobs if job[0] == spec for item in found[job][1]] for spec in specs}


def _logged(asked: Evaluation, group: tuple[int, ...]) -> tuple[str, int]:
    """Folder of the episode logs, and how many of a group's episodes are recorded: the first `record` of all."""
    return str(Path(asked.out) / FOLDER), max(0, min(len(group), asked.record - (group[0] - asked.first_seed)))


def groups(spec: Spec, seeds: range) -> list[tuple[int, ...]]:
    """Seeds that are played side by side: planners plan one episode at a time, which is kept when it is over."""
    size = 1 if spec.plans else GROUP_OF_NETWORK if spec.is_network and not spec.is_sampled else GROUP
    return [tuple(seeds[first : first + size]) for first in range(0, len(seeds), size)]


def _finished(jobs: list[Job], members: int, processes: int) -> Iterator[tuple[Job, Played]]:
    """Jobs with their results as they come, played with as many environments as the largest group needs."""
    if processes == 1:
        for job in jobs:
            yield job, play_job(job, members)
        return
    # spawn: forking a process that has used torch or numba threads can hang
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        futures = {pool.submit(play_job, job, members): job for job in jobs}
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def play_job(job: Job, members: int) -> Played:
    """Play one group of episodes with one policy: metrics and details by seed; sampling is seeded by the first of them."""
    spec, (scenario, split, overrides), (folder, n_recorded), seeds = job
    envs = _environments(scenario, split, overrides, members)
    policy = load_policy(spec, envs, seeds[0])
    torch.manual_seed(seeds[0])
    details: list[Details | None] = []
    if not n_recorded:
        return play(envs, policy, seeds, not spec.is_sampled, details), details
    remembering = Remembering(policy)
    metrics = play(envs, remembering, seeds, not spec.is_sampled, details)
    record(spec.name, (scenario, split, dict(overrides)), seeds[:n_recorded], remembering.actions, Path(folder))
    return metrics, details


@lru_cache(maxsize=1)
def _environments(scenario: str, split: str, overrides: tuple[tuple[str, float], ...], members: int) -> Environments:
    """Environments of this process, made once; an episode depends on its seed alone."""
    return make_many(scenario, split, members, dict(overrides))


def main() -> None:
    """Command line."""
    fail_cleanly(lambda: evaluate(tyro.cli(Evaluation)))


if __name__ == "__main__":
    main()
