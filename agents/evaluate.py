"""Score policies on the same held-out episodes: ``python -m agents.evaluate --policies eft
least_loaded runs/demo``.

Writes results.json, details.json and results.csv, prints a table with paired differences, and makes
the report (agents.report). Networks always see the masks. Interrupted, it keeps long episodes (of
planners and of large constellations) in OUT/parts and goes on from there.
"""

import shlex
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tyro

from agents import report
from agents.envs.episode_runner import Metrics
from agents.envs.problem import Problem
from agents.evaluation.jobs import Recording, play_everything
from agents.evaluation.load_policy import LoadedPolicy, label, load_policies, parse, with_controls
from agents.evaluation.policy_kinds import BASELINES, PolicySpec, kind_of
from agents.evaluation.record import FOLDER, check_recordable
from agents.experimental_protocol import TEST_EPISODES, TEST_SEEDS, Split
from agents.report.aggregate import aggregate
from agents.report.run_records import about, run_record
from agents.utils.checkpoints import write_json
from agents.utils.options import NonNegativeInt, PositiveInt, check_ranges
from agents.utils.statistics import paired_difference, summarise
from orbit_gym.utils.errors import fail_cleanly
from orbit_gym.utils.kernel_cache import announce_compilation

RESULTS = "results.json"
VERSION = 1


@dataclass(frozen=True)
class Evaluation:
    """Evaluate policies on the same episodes."""

    policies: tuple[str, ...] = BASELINES
    """Names of baselines, run folders, or untrained:<run folder>; or what a package adds.

    @sampled after a run draws its actions, @admitting takes what it would turn away though some
    plan serves it in time.
    """
    scenario: str = "ThreeBody12"
    """Catalogue name, path to a TOML file, or a registered id."""
    seeds: PositiveInt = TEST_EPISODES
    """Number of episodes."""
    first_seed: NonNegativeInt = TEST_SEEDS.start
    """Seed of the first episode; the others follow."""
    split: Split = "test"
    """Days that episodes are drawn from."""
    out: str = "results"
    """Folder to write to."""
    sampled: bool = False
    """Also score every run with sampled actions."""
    controls: bool = True
    """Also score the untrained network of every run, greedy and sampled."""
    reference: str = "eft_admit"
    """Policy that paired differences are taken from.

    The first policy if this one is not evaluated.
    """
    processes: PositiveInt = 2
    """Worker processes."""
    record: NonNegativeInt = 0
    """Also write episode logs of the first so many seeds of every policy, to <out>/episodes.

    `python -m orbit_gym replay` shows them.
    """
    overwrite: bool = False
    """Replace results that are already in --out."""
    overrides: dict[str, float] = field(default_factory=dict)
    """Changes of the scenario, such as workload.load 1.3."""

    @property
    def problem(self) -> Problem:
        """What is played."""
        return Problem(self.scenario, self.split, self.overrides)


def evaluate(options: Evaluation) -> dict[str, Any]:
    """Play, summarise, write and print; ValueError before any long work if something is wrong.

    Returns results.json's content.
    """
    policies = check(options)
    specs = [policy.spec for policy in policies]
    out = Path(options.out)
    out.mkdir(
        parents=True, exist_ok=True
    )  # now, so that a place that cannot be written to is known before the work
    announce_compilation()
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    logs, logged = str(out / FOLDER), seeds[: options.record]
    episodes = play_everything(
        options.problem, policies, seeds, out, options.processes, Recording(logged, logs)
    )
    metrics = {name: [item.metrics for item in items] for name, items in episodes.items()}
    results = assemble(options, specs, metrics)
    report.write_csv(out / "results.csv", results["policies"])
    details = {name: [item.details for item in items] for name, items in episodes.items()}
    report.write_details(out, aggregate(details, results["seeds"], options.problem.make_envs(1)))
    write_json(out / RESULTS, results)  # last: a folder with results.json is complete
    report.print_table(
        results, {spec.name: label(spec) for spec in specs}, _reference(options, specs)
    )
    pages = report.write_report([out])
    and_logs = f", episode logs in {logs}" if options.record else ""
    print(
        f"wrote {out / RESULTS}, results.csv, {', '.join(page.name for page in pages)}{and_logs}; "
        f"open {pages[0]} in a browser"
    )
    return results


def check(options: Evaluation) -> list[LoadedPolicy]:
    """Check numbers, policies, scenario and folder; return the policies to play."""
    check_ranges(options)
    if options.record > options.seeds:
        raise ValueError(
            f"--record {options.record} asks for logs of more episodes than --seeds "
            f"{options.seeds} "
            "plays"
        )
    if not options.policies:
        raise ValueError(
            f"--policies must name at least one policy; choose from {', '.join(BASELINES)}, or a "
            "run folder"
        )
    specs = [
        parse(name) for name in with_controls(options.policies, options.sampled, options.controls)
    ]
    out = Path(options.out)
    if out.exists() and not out.is_dir():
        raise ValueError(f"{out} is a file; choose another --out")
    if (out / RESULTS).exists() and not options.overwrite:
        raise ValueError(f"{out} already holds results; choose another --out or add --overwrite")
    envs = options.problem.make_envs(1)  # an unknown scenario is refused here
    policies = load_policies(specs, envs)
    if options.record:
        check_recordable(options.problem)
    return policies


def assemble(
    options: Evaluation, specs: list[PolicySpec], by_policy: dict[str, list[Metrics]]
) -> dict[str, Any]:
    """Content of results.json: the promised keys, and what else one wants to know."""
    policies = {spec.name: summarise_policy(by_policy[spec.name]) for spec in specs}
    reference = policies[_reference(options, specs)]
    differences = {
        name: {
            "reference": _reference(options, specs),
            "metrics": {
                m: paired_difference(item["episodes"], reference[m]["episodes"])
                for m, item in metrics.items()
                if m in reference
            },
        }
        for name, metrics in policies.items()
    }
    return {
        "scenario": options.scenario,
        "seeds": list(range(options.first_seed, options.first_seed + options.seeds)),
        "policies": policies,
        "split": options.split,
        "overrides": options.overrides,
        "differences": differences,
        "labels": {spec.name: label(spec) for spec in specs},
        "reference": _reference(options, specs),
        "version": VERSION,
        "command": shlex.join(sys.argv),
        "about": about(options.problem),
        "runs": {
            spec.name: run_record(folder)
            for spec in specs
            if (folder := kind_of(spec).run_folder(spec)) and not spec.is_control
        },
    }


def summarise_policy(episodes: list[Metrics]) -> dict[str, Any]:
    """Summary of every metric that occurs; episodes without it count as None."""
    names = dict.fromkeys(name for metrics in episodes for name in metrics)
    return {name: summarise([metrics.get(name) for metrics in episodes]) for name in names}


def _reference(options: Evaluation, specs: list[PolicySpec]) -> str:
    names = [spec.name for spec in specs]
    return options.reference if options.reference in names else names[0]


def main() -> None:
    """Command line."""
    fail_cleanly(lambda: evaluate(tyro.cli(Evaluation)))


if __name__ == "__main__":
    main()
