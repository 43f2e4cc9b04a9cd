"""The episodes of an evaluation as jobs: groups of them for one policy, played in this process or
in workers, long ones kept.
"""

import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import torch
from tqdm import tqdm

from agents.envs.episode_runner import EpisodeResult, runner_for
from agents.envs.problem import Problem, scenario_of
from agents.evaluation.load_policy import LoadedPolicy, load_policy
from agents.evaluation.policy_kinds import PolicySpec, kind_of
from agents.evaluation.record import FOLDER, ActionRecorder, record
from agents.evaluation.result_cache import Parts, world_of
from agents.policies.protocol import Environments, Policy
from agents.policies.rule_registry import RulePolicy
from orbit_gym.scenario.scenario import Scenario

# A job that took longer is kept, so that an interrupted evaluation does not play it again.
KEPT_FROM_S = 5.0


class Recording(NamedTuple):
    """Which episodes of an evaluation are also logged, and where to."""

    seeds: range = range(0)
    folder: str = FOLDER


NO_RECORDING = Recording()


class Job(NamedTuple):
    """One policy on a few seeds."""

    spec: PolicySpec
    problem: Problem
    seeds: tuple[int, ...]
    recording: Recording = NO_RECORDING
    rule: RulePolicy | None = None  # the policy itself where it is a compiled rule

    @property
    def logged(self) -> tuple[int, ...]:
        """Those of its seeds whose episodes are logged."""
        return tuple(seed for seed in self.seeds if seed in self.recording.seeds)

    @property
    def key(self) -> tuple[object, ...]:
        """What its result is kept under."""
        problem = self.problem
        return (
            self.spec.name,
            problem.scenario,
            problem.split,
            problem.overrides,
            self.logged,
            self.seeds,
        )


class JobResult(NamedTuple):
    """What a job gave, one episode a seed."""

    episodes: list[EpisodeResult]
    took_s: float = 0.0


def play_everything(
    problem: Problem,
    policies: Sequence[LoadedPolicy],
    seeds: range,
    out: Path,
    processes: int,
    recording: Recording = NO_RECORDING,
) -> dict[str, list[EpisodeResult]]:
    """Play all seeds with every policy and return the results by its name.

    They do not depend on the number of processes.

    What is found in OUT/parts is not played again; its details are not kept, so a report shows them
    for episodes played in one go.
    """
    jobs = [
        Job(item.spec, problem, group, recording, item.rule)
        for item in policies
        for group in groups(item, seeds)
    ]
    jobs.sort(key=lambda job: job.seeds)
    parts = _parts(scenario_of(problem.make_envs(1)), policies, out)
    read = {job: parts[job.spec].read(job.key) for job in jobs if job.spec in parts}
    cached = {
        job: [EpisodeResult(metrics) for metrics in episodes]
        for job, episodes in read.items()
        if episodes is not None
    }
    every_s = 0.2 if sys.stderr.isatty() else 15.0
    n_kept = sum(len(job.seeds) for job in cached)
    with tqdm(
        total=len(seeds) * len(policies),
        initial=n_kept,
        unit=" episodes",
        desc="evaluating",
        mininterval=every_s,
    ) as bar:
        for job, result in _results_as_they_come(
            [job for job in jobs if job not in cached], processes
        ):
            cached[job] = result.episodes
            bar.update(len(job.seeds))
            is_long = kind_of(job.spec).is_slow or result.took_s > KEPT_FROM_S
            if job.spec in parts and is_long:
                parts[job.spec].write(job.key, [item.metrics for item in result.episodes])
    return {
        item.spec.name: [
            episode for job in jobs if job.spec == item.spec for episode in cached[job]
        ]
        for item in policies
    }


def groups(policy: LoadedPolicy, seeds: range) -> list[tuple[int, ...]]:
    """Return the seeds that are played side by side.

    A compiled rule plays one episode in one call.
    """
    size = 1 if policy.rule else kind_of(policy.spec).episodes_in_step(policy.spec)
    return [tuple(seeds[first : first + size]) for first in range(0, len(seeds), size)]


def play_job(job: Job, members: int) -> JobResult:
    """Play one job in environments for so many members; sampling is seeded by its first seed."""
    began_s = time.monotonic()
    envs = _environments(job.problem, members)
    policy: Policy = job.rule or load_policy(job.spec, envs, job.seeds[0])
    torch.manual_seed(job.seeds[0])
    if job.logged:
        policy = recorder = ActionRecorder(policy)
    episodes = runner_for(envs, policy).play(
        policy, job.seeds, not job.spec.is_sampled, with_details=True
    )
    if job.logged:
        folder = Path(job.recording.folder)
        record(job.spec.name, job.problem, job.logged, recorder.actions, folder)
    return JobResult(episodes, time.monotonic() - began_s)


def _results_as_they_come(jobs: list[Job], processes: int) -> Iterator[tuple[Job, JobResult]]:
    """Yield jobs with their results as they come.

    Played with as many environments as the largest needs.
    """
    members = max((len(job.seeds) for job in jobs), default=1)
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


def _parts(
    scenario: Scenario | None, policies: Sequence[LoadedPolicy], out: Path
) -> dict[PolicySpec, Parts]:
    """Where episodes of policies that have a fingerprint are kept.

    Those of foreign environments are not.
    """
    if scenario is None:
        return {}
    world = world_of(scenario)
    return {
        item.spec: Parts(out, f"{world} {item.fingerprint}")
        for item in policies
        if item.fingerprint is not None
    }


@lru_cache(maxsize=1)
def _environments(problem: Problem, members: int) -> Environments:
    """Environments of this process, made once; an episode depends on its seed alone."""
    return problem.make_envs(members)
