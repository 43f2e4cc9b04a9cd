"""What a learner gains on a baseline, row by row: ``python -m agents.studies.seed_analysis --runs
runs/x-0 runs/x-1 --rows tight-downlink-0.6``.

A learner is several runs that differ in their training seed alone. Its unit is the training seed
only: the paired difference of each run is averaged over the same episodes, and the
interval is Student's over runs. Over the rows of one call the p-values are corrected by Holm's
method. Reads what ``python -m agents.studies.suite`` has played.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import tyro
from rich.console import Console
from rich.table import Table

from agents.evaluate import RESULTS
from agents.experimental_protocol import LEAST_GAIN, NON_INFERIORITY_MARGIN
from agents.studies.seed_figures import Scores, draw, read_learning
from agents.utils.checkpoints import read_json, write_json
from agents.utils.statistics import holm, one_sided_p, t_interval
from orbit_gym.simulation.metric_table import HEADLINE
from orbit_gym.utils.errors import fail_cleanly

SUMMARY = "learner.json"


@dataclass(frozen=True)
class SeedAnalysis:
    """Compare runs that differ in their training seed with a baseline."""

    runs: Annotated[tuple[str, ...], tyro.conf.arg(metavar="RUN...")]
    """Run folders, one a training seed, as they were named in --policies of agents.studies.suite.
    """
    rows: tuple[str, ...]
    """Rows to compare on, such as tight-downlink-0.6."""
    baseline: str = "tuned"
    """The baseline."""
    results: str = "results/rows"
    """Folder of agents.studies.suite that holds the runs and the baseline."""
    planner: str = ""
    """Another folder of agents.studies.suite with `rollout` and the baseline, on fewer episodes or
    rows if need be: half of its gain is the bar.
    """
    picture: str = ""
    """PNG to draw: how the runs went (gains of searches, or validations), and performance profiles
    of the rows.
    """


def compare(options: SeedAnalysis) -> dict[str, Any]:
    """Gains of every row; writes them beside the rows.

    ValueError names what has not been played.
    """
    if options.picture and not (
        options.picture.endswith(".png") and Path(options.picture).resolve().parent.is_dir()
    ):
        raise ValueError(
            f"--picture must be a .png file in a folder that exists, got {options.picture}"
        )
    if options.planner and not any(has_planned(options, name) for name in options.rows):
        raise ValueError(
            f"--planner {options.planner} holds none of the rows {', '.join(options.rows)}"
        )
    if len(options.runs) < 2:
        raise ValueError(
            "--runs must name at least 2 training seeds for an interval over them, got "
            f"{len(options.runs)}"
        )
    scores = {name: _scores(options, name) for name in options.rows}
    rows = {name: _row(options, *pair) for name, pair in scores.items()}
    for row, adjusted in zip(rows.values(), holm([row["p"] for row in rows.values()]), strict=True):
        row["p_holm"] = adjusted
    write_json(
        Path(options.results) / SUMMARY,
        {"runs": list(options.runs), "over": options.baseline, "rows": rows},
    )
    if options.picture:
        draw(
            Path(options.picture),
            read_learning(options.runs),
            {name: _profile(options, *pair) for name, pair in scores.items()},
        )
    return rows


def has_planned(options: SeedAnalysis, name: str) -> bool:
    """Whether the planner has played a row."""
    return bool(options.planner) and (Path(options.planner) / name / RESULTS).exists()


def _scores(options: SeedAnalysis, name: str) -> tuple[Scores, Scores]:
    """Served value of every episode of a row by policy, and that of the planner and the baseline,
    empty where they have not been played.
    """
    policies = (*options.runs, options.baseline)
    planner_scores = (
        _read(Path(options.planner) / name / RESULTS, ("rollout", options.baseline))
        if has_planned(options, name)
        else {}
    )
    return _read(Path(options.results) / name / RESULTS, policies), planner_scores


def _profile(options: SeedAnalysis, run_scores: Scores, planner_scores: Scores) -> Scores:
    """Scores of the baseline, of all runs together and, where it has been played, of the
    planner.
    """
    scores = {
        options.baseline: run_scores[options.baseline],
        "learned": np.concatenate([run_scores[run] for run in options.runs]),
    }
    return scores | ({"rollout": planner_scores["rollout"]} if planner_scores else {})


def _row(options: SeedAnalysis, run_scores: Scores, planner_scores: Scores) -> dict[str, Any]:
    base = run_scores[options.baseline]
    gains = np.stack([run_scores[run] for run in options.runs]) - base
    by_run = gains.mean(axis=1)
    row = {
        "episodes": int(base.size),
        "base": float(base.mean()),
        "gain": float(by_run.mean()),
        "by_run": by_run.tolist(),
        "ci95_runs": list(t_interval(by_run)),
        "ci95_episodes": list(t_interval(gains.mean(axis=0))),
        "p": one_sided_p(by_run),
    }
    if planner_scores:
        baseline = planner_scores["rollout"] - planner_scores[options.baseline]
        row |= {
            "planner": float(baseline.mean()),
            "planner_ci95": list(t_interval(baseline)),
            "planner_episodes": int(baseline.size),
        }
        row["bar"] = (
            max(LEAST_GAIN, float(baseline.mean()) / 2.0)
            if baseline.mean() >= LEAST_GAIN
            else -NON_INFERIORITY_MARGIN
        )
    return row


def _read(path: Path, needed: Sequence[str]) -> Scores:
    """Served value of every episode of the policies that are needed.

    ValueError names what has not been played.
    """
    if not path.exists():
        raise ValueError(
            f"{path} is missing: play the row with python -m agents.studies.suite first"
        )
    policies = read_json(path)["policies"]
    if missing := [name for name in needed if name not in policies]:
        raise ValueError(f"{path} does not hold {missing[0]!r}; it holds {', '.join(policies)}")
    return {name: np.array(policies[name][HEADLINE]["episodes"], np.float64) for name in needed}


def print_gains(options: SeedAnalysis, rows: dict[str, Any]) -> None:
    """One line a row."""
    table = Table(
        title=f"{len(options.runs)} training seeds against {options.baseline}; intervals of 95 % "
        "over "
        "training seeds and episodes",
        box=None,
    )
    for heading in (
        "row",
        "episodes",
        options.baseline,
        "gain",
        "over seeds",
        "over episodes",
        "p (Holm)",
        "rollout's gain",
        "bar",
    ):
        table.add_column(heading, justify="left" if heading == "row" else "right")
    for name, row in rows.items():
        ends = ("[{:+.4f}, {:+.4f}]".format(*row[key]) for key in ("ci95_runs", "ci95_episodes"))
        planner = (f"{row['planner']:+.4f}", f"{row['bar']:+.4f}") if "planner" in row else ("", "")
        table.add_row(
            name,
            str(row["episodes"]),
            f"{row['base']:.4f}",
            f"{row['gain']:+.4f}",
            *ends,
            f"{row['p_holm']:.2g}",
            *planner,
        )
    Console(width=170).print(table)


def main() -> None:
    """Command line."""
    options = tyro.cli(SeedAnalysis)
    fail_cleanly(lambda: print_gains(options, compare(options)))


if __name__ == "__main__":
    main()
