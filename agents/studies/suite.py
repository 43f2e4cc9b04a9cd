"""The rows of the comparison, one evaluation each, and what a policy gains on another in every row:
``python -m agents.studies.suite``.

Interrupted, it goes on: finished rows are read, and an unfinished one keeps the episodes of its
planners (agents.evaluate).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import tyro
from rich.console import Console
from rich.table import Table

from agents.evaluate import RESULTS, Evaluation, evaluate
from agents.experimental_protocol import LEAST_GAIN, TUNING_SEEDS, Split, compared_loads
from agents.report.formatting import with_interval
from agents.report.results import Estimate
from agents.utils.checkpoints import read_json, write_json
from agents.utils.statistics import paired_difference
from orbit_gym.scenario.loading import load_scenario
from orbit_gym.simulation.metric_table import HEADLINE
from orbit_gym.utils.errors import fail_cleanly


class Case(NamedTuple):
    """A scenario at a load."""

    scenario: str
    load: float

    @property
    def name(self) -> str:
        """Name of its row and of its folder."""
        return f"{self.scenario}-{self.load:g}"


CASES = (
    *(
        Case(name, load)
        for name in ("ThreeBody12", "Ring12", "CrossPlane12", "tight-downlink")
        for load in compared_loads(load_scenario(name))
    ),
    *(Case("swap-heavy", load) for load in compared_loads(load_scenario("swap-heavy"))[1:]),
    Case("tight-energy", 2.5),  # its own load: the ground is not counted in it
    Case("faults", 1.0),
)
SUMMARY = "rows.json"


@dataclass(frozen=True)
class Suite:
    """Evaluate policies on every row."""

    policies: tuple[str, ...] = ("eft_admit", "tuned", "rollout", "clairvoyant")
    """Names as for agents.evaluate."""
    gain: str = "rollout"
    """Policy whose gain is shown,"""
    baseline: str = "tuned"
    """over this one."""
    seeds: int = 20
    """Number of episodes a row."""
    first_seed: int = TUNING_SEEDS.start
    """Seed of the first episode; the others follow."""
    split: Split = "train"
    """Days that episodes are drawn from."""
    cases: tuple[str, ...] = ()
    """Rows to play, such as Ring12-1.3; empty: all."""
    out: str = "results/rows"
    """Folder with one folder a row."""
    controls: bool = True
    """Also score the untrained network of every run, greedy and sampled."""
    processes: int = 2
    """Worker processes."""


def play_suite(options: Suite) -> dict[str, Any]:
    """Play what is missing.

    Returns and writes, row by row, every policy's mean and the gain with its interval.
    """
    rows = chosen_cases(options)
    out = Path(options.out)
    summary: dict[str, Any] = {}
    for name, case in rows.items():
        results = result_of(options, out / name, case)
        episodes = {
            policy: metrics[HEADLINE]["episodes"] for policy, metrics in results["policies"].items()
        }
        means = {
            policy: metrics[HEADLINE]["mean"] for policy, metrics in results["policies"].items()
        }
        summary[name] = {
            "means": means,
            "gain": paired_difference(episodes[options.gain], episodes[options.baseline]),
        }
        write_json(out / SUMMARY, summary)
    return summary


def chosen_cases(options: Suite) -> dict[str, Case]:
    """The rows asked for by name.

    ValueError with the choices for an unknown one, or for a gain that is not played.
    """
    rows = {case.name: case for case in CASES}
    for name in options.cases:
        if name not in rows:
            raise ValueError(
                f"--cases names an unknown case {name!r}; choose from {', '.join(rows)}"
            )
    for option in ("gain", "baseline"):
        if getattr(options, option) not in options.policies:
            raise ValueError(
                f"--{option} {getattr(options, option)} is not among --policies "
                f"{' '.join(options.policies)}"
            )
    return {name: row for name, row in rows.items() if not options.cases or name in options.cases}


def result_of(options: Suite, folder: Path, case: Case) -> dict[str, Any]:
    """Results of a row, read where the same has been played before."""
    evaluation = Evaluation(
        policies=options.policies,
        scenario=case.scenario,
        seeds=options.seeds,
        first_seed=options.first_seed,
        split=options.split,
        out=str(folder),
        reference=options.baseline,
        processes=options.processes,
        overwrite=True,
        controls=options.controls,
        overrides={"workload.load": case.load},
    )
    if (folder / RESULTS).exists():
        results = read_json(folder / RESULTS)
        seeds = list(range(options.first_seed, options.first_seed + options.seeds))
        is_same = (results["seeds"], results["split"], results["overrides"]) == (
            seeds,
            options.split,
            evaluation.overrides,
        )
        if is_same and set(options.policies) <= set(results["policies"]):
            return results
    return evaluate(evaluation)


def _estimate(row: dict[str, Any]) -> Estimate:
    """A stored gain as the report's estimates; None stands for what has no value."""
    mean, low, high = (
        float("nan") if value is None else float(value) for value in (row["mean"], *row["ci95"])
    )
    return Estimate(mean, low, high, 0)


def print_suite(options: Suite, summary: dict[str, Any]) -> None:
    """One line a row."""
    table = Table(
        title=f"value served / relaxed bound, {options.seeds} paired episodes, {options.split} "
        "split",
        box=None,
    )
    for heading in ("row", *options.policies, f"{options.gain} - {options.baseline}", "decisive"):
        table.add_column(heading, justify="left" if heading == "row" else "right")
    for name, row in summary.items():
        means = (f"{row['means'][policy]:.4f}" for policy in options.policies)
        table.add_row(
            name,
            *means,
            with_interval(_estimate(row["gain"]), signed=True),
            "yes" if row["gain"]["mean"] >= LEAST_GAIN else "no",
        )
    Console(width=1_000).print(table)  # as wide as its columns: a row that is broken cannot be read


def main() -> None:
    """Command line."""
    options = tyro.cli(Suite)
    fail_cleanly(lambda: print_suite(options, play_suite(options)))


if __name__ == "__main__":
    main()
