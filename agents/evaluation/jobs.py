"""The episodes of an evaluation as jobs: groups of them for one policy, played in this process or
in workers, long ones kept.
"""

import hashlib
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import torch
from tqdm import tqdm

from agents.envs.episode_runner import Environments, Metrics, play
from agents.envs.make import make_many, scenario_of
from agents.evaluation.load_policy import Spec, load_policy
from agents.evaluation.record import FOLDER, Remembering, record
from agents.evaluation.result_cache import Parts, world_of
from agents.policies.planner.planner import fingerprint
from agents.policies.protocol import Policy
from agents.policies.rule_registry import RulePolicy
from agents.utils import jit
from orbit_gym.scenario.scenario import Scenario
from orbit_gym.simulation.episode_summary import Details
from orbit_gym.utils.kernel_cache import hash_of

GROUP = 10  # episodes played in step; part of the definition of sampled results, so not an option
# of a greedy network: a call for 50 decisions takes two to three times as long as one for 10
GROUP_OF_NETWORK = 50
KEPT_FROM_S = (
    5.0  # a job that took longer is kept, so that an interrupted evaluation does not play it again
)


class Setting(NamedTuple):
    """Say where the episodes of an evaluation are drawn from.

    And where logs of the first of them go.
    """

    scenario: str
    split: str
    overrides: tuple[tuple[str, float], ...]
    logs: str = FOLDER
    record: range = range(0)  # seeds whose episodes are also logged

    def environments(self, count: int) -> Environments:
        """Environments for so many episodes side by side."""
        return make_many(self.scenario, self.split, count, dict(self.overrides))


class Job(NamedTuple):
    """One policy on a few seeds."""

    spec: Spec
    setting: Setting
    seeds: tuple[int, ...]
    rule: RulePolicy | None = (
        # the policy itself where it is a compiled rule, which draws nothing and so serves all seeds
        None
    )

    @property
    def logged(self) -> tuple[int, ...]:
        """Those of its seeds whose episodes are logged."""
        return tuple(seed for seed in self.seeds if seed in self.setting.record)

    @property
    def key(self) -> tuple[object, ...]:
        """What its result is kept under."""
        return (self.spec, *self.setting[:3], self.logged, self.seeds)


class JobResult(NamedTuple):
    """What a job gave, one item a seed."""

    metrics: list[Metrics]
    details: list[Details | None]
    took_s: float = 0.0


def play_everything(
    setting: Setting, specs: Sequence[Spec], seeds: range, out: Path, processes: int
) -> dict[str, JobResult]:
    """Play all seeds with every policy and return the results by its name.

    They do not depend on the number of processes.

    What is found in OUT/parts is not played again; its details are not kept, so a report shows them
    for episodes played in one go.
    """
    envs = setting.environments(1)
    rules = {spec: compiled_rule(spec, envs) for spec in specs}
    jobs = [
        Job(spec, setting, group, rule)
        for spec, rule in rules.items()
        for group in groups(spec, seeds, rule is not None)
    ]
    jobs.sort(key=lambda job: job.seeds)
    parts = _parts(scenario_of(envs), rules, out)
    read = {job: parts[job.spec].read(job.key) for job in jobs if job.spec in parts}
    cached = {
        job: JobResult(metrics, [None] * len(metrics))
        for job, metrics in read.items()
        if metrics is not None
    }
    every_s = 0.2 if sys.stderr.isatty() else 15.0
    n_kept = sum(len(job.seeds) for job in cached)
    with tqdm(
        total=len(seeds) * len(specs),
        initial=n_kept,
        unit=" episodes",
        desc="evaluating",
        mininterval=every_s,
    ) as bar:
        for job, result in _results_as_they_come(
            [job for job in jobs if job not in cached], processes
        ):
            cached[job] = result
            bar.update(len(job.seeds))
            if job.spec in parts and (job.spec.plans or result.took_s > KEPT_FROM_S):
                parts[job.spec].write(job.key, result.metrics)
    return {
        spec.name: _concatenate([cached[job] for job in jobs if job.spec == spec]) for spec in specs
    }


def groups(spec: Spec, seeds: range, is_compiled: bool) -> list[tuple[int, ...]]:
    """Return the seeds that are played side by side.

    Planners and compiled rules play one episode at a time.
    """
    size = (
        1
        if spec.plans or is_compiled
        else GROUP_OF_NETWORK
        if spec.is_network and not spec.is_sampled
        else GROUP
    )
    return [tuple(seeds[first : first + size]) for first in range(0, len(seeds), size)]


def compiled_rule(spec: Spec, envs: Environments) -> RulePolicy | None:
    """The policy for these environments if it is a compiled rule, else None."""
    policy = load_policy(spec, envs)
    return policy if isinstance(policy, RulePolicy) else None


def play_job(job: Job, members: int) -> JobResult:
    """Play one job in environments for so many members; sampling is seeded by its first seed."""
    began_s, setting = time.monotonic(), job.setting
    envs = _environments(setting, members)
    policy: Policy = job.rule or load_policy(job.spec, envs, job.seeds[0])
    torch.manual_seed(job.seeds[0])
    details: list[Details | None] = []
    if job.logged:
        policy = remembering = Remembering(policy)
    metrics = play(envs, policy, job.seeds, not job.spec.is_sampled, details)
    if job.logged:
        played_on = setting.scenario, setting.split, dict(setting.overrides)
        record(job.spec.name, played_on, job.logged, remembering.actions, Path(setting.logs))
    return JobResult(metrics, details, time.monotonic() - began_s)


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


def _concatenate(results: Sequence[JobResult]) -> JobResult:
    """Several jobs of one policy as one, in their order."""
    return JobResult(
        [item for job in results for item in job.metrics],
        [item for job in results for item in job.details],
    )


def _parts(
    scenario: Scenario | None, rules: Mapping[Spec, RulePolicy | None], out: Path
) -> dict[Spec, Parts]:
    """Where episodes of planners and compiled rules are kept.

    Those of other policies and of foreign environments are not.
    """
    if scenario is None:
        return {}
    world, decided_by = (
        world_of(scenario),
        {spec: _fingerprint(spec, rule) for spec, rule in rules.items()},
    )
    return {
        spec: Parts(out, f"{world} {policy}")
        for spec, policy in decided_by.items()
        if policy is not None
    }


def _fingerprint(spec: Spec, rule: RulePolicy | None) -> str | None:
    """What decides the actions of a policy whose episodes may be kept; None for others."""
    if spec.plans:
        return fingerprint(spec.heuristic)
    if rule is None:
        return None
    weights = hashlib.sha256(rule.weights.tobytes()).hexdigest()
    return f"{hash_of(jit.kernel_sources(), jit.PACKAGE)} {rule.number} {weights}"


@lru_cache(maxsize=1)
def _environments(setting: Setting, members: int) -> Environments:
    """Environments of this process, made once; an episode depends on its seed alone."""
    return setting.environments(members)
