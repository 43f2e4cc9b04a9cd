"""What a learner gains on a baseline, row by row: ``python -m agents.studies.seed_analysis --runs
runs/x-0 runs/x-1 --rows tight-downlink-0.6``.

A learner is several runs that differ in their training seed alone. Its unit is the training seed
(DESIGN, Statistics): the paired difference of each run is averaged over the same episodes, and the
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
from agents.report.results import HEADLINE
from agents.studies.seed_figures import Scores, draw, read_learning
from agents.utils.checkpoints import read_json, write_json
from agents.utils.statistics import holm, one_sided_p, t_interval
from orbit_gym.utils.errors import fail_cleanly

SUMMARY = "learner.json"
LEAST_GAIN = 0.010  # on a decisive row, or half of what the planner gains if that is more
MARGIN = 0.005  # by which a learner may fall short elsewhere and still count as not inferior


@dataclass(frozen=True)
class Learner:
    """Compare runs that differ in their training seed with a baseline."""

    runs: Annotated[tuple[str, ...], tyro.conf.arg(metavar="RUN...")]
    """Run folders, one a training seed, as they were named in --policies of agents.studies.suite.
    """
    rows: tuple[str, ...]
    """Rows to compare on, such as tight-downlink-0.6."""
    over: str = "tuned"
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


def compare(asked: Learner) -> dict[str, Any]:
    """Gains of every row; writes them beside the rows.

    ValueError names what has not been played.
    """
    if asked.picture and not (
        asked.picture.endswith(".png") and Path(asked.picture).resolve().parent.is_dir()
    ):
        raise ValueError(
            f"--picture must be a .png file in a folder that exists, got {asked.picture}"
        )
    if asked.planner and not any(has_planned(asked, name) for name in asked.rows):
        raise ValueError(
            f"--planner {asked.planner} holds none of the rows {', '.join(asked.rows)}"
        )
    if len(asked.runs) < 2:
        raise ValueError(
            "--runs must name at least 2 training seeds for an interval over them, got "
            f"{len(asked.runs)}"
        )
    scores = {name: _scores(asked, name) for name in asked.rows}
    rows = {name: _row(asked, *both) for name, both in scores.items()}
    for row, adjusted in zip(rows.values(), holm([row["p"] for row in rows.values()]), strict=True):
        row["p_holm"] = adjusted
    write_json(
        Path(asked.results) / SUMMARY, {"runs": list(asked.runs), "over": asked.over, "rows": rows}
    )
    if asked.picture:
        draw(
            Path(asked.picture),
            read_learning(asked.runs),
            {name: _profile(asked, *both) for name, both in scores.items()},
        )
    return rows


def has_planned(asked: Learner, name: str) -> bool:
    """Whether the planner has played a row."""
    return bool(asked.planner) and (Path(asked.planner) / name / RESULTS).exists()


def _scores(asked: Learner, name: str) -> tuple[Scores, Scores]:
    """Served value of every episode of a row by policy, and that of the planner and the baseline,
    empty where they have not been played.
    """
    policies = (*asked.runs, asked.over)
    planned = (
        _read(Path(asked.planner) / name / RESULTS, ("rollout", asked.over))
        if has_planned(asked, name)
        else {}
    )
    return _read(Path(asked.results) / name / RESULTS, policies), planned


def _profile(asked: Learner, played: Scores, planned: Scores) -> Scores:
    """Scores of the baseline, of all runs together and, where it has been played, of the
    planner.
    """
    scores = {
        asked.over: played[asked.over],
        "learned": np.concatenate([played[run] for run in asked.runs]),
    }
    return scores | ({"rollout": planned["rollout"]} if planned else {})


def _row(asked: Learner, played: Scores, planned: Scores) -> dict[str, Any]:
    base = played[asked.over]
    gains = np.stack([played[run] for run in asked.runs]) - base
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
    if planned:
        over = planned["rollout"] - planned[asked.over]
        row |= {
            "planner": float(over.mean()),
            "planner_ci95": list(t_interval(over)),
            "planner_episodes": int(over.size),
        }
        row["bar"] = (
            max(LEAST_GAIN, float(over.mean()) / 2.0) if over.mean() >= LEAST_GAIN else -MARGIN
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


def print_gains(asked: Learner, rows: dict[str, Any]) -> None:
    """One line a row."""
    table = Table(
        title=f"{len(asked.runs)} training seeds against {asked.over}; intervals of 95 % over "
        "training seeds and episodes",
        box=None,
    )
    for heading in (
        "row",
        "episodes",
        asked.over,
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
    asked = tyro.cli(Learner)
    fail_cleanly(lambda: print_gains(asked, compare(asked)))


if __name__ == "__main__":
    main()
