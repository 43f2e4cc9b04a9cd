"""Runs of one change at a time: ``python -m agents.studies.ablations
agents/configs/recipes/ablations.json --out runs/ablations``.

The plan names a base and variants: each a change of settings and recipe, or of settings and search
(agents.search.evolve). The base's recipe or search stands in the plan, or is the name of its file,
as seen from there. Every variant is run with every seed, in a folder of its own; finished runs are
kept and interrupted ones go on, so that the command can be given again. At the end one table: the
best comparison of each run (validation, on the same episodes for all; of a search, its gain on
`tuned`), its mean over seeds with a t-interval over seeds, and the difference from the base, paired
by seed.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import tyro
from rich.console import Console
from rich.table import Table

from agents.studies.planned_runs import KINDS, Run, kind_of
from agents.training.config import RECIPES
from agents.utils.checkpoints import read_json, write_json
from agents.utils.renamed_keys import with_current_keys
from agents.utils.statistics import none_if_nan, t_interval
from orbit_gym.utils.errors import fail_cleanly

KEYS = {"about", "seeds", "settings", "variants", *(kind.key for kind in KINDS)}
VariantRun = tuple[str, int, Run]  # variant, seed


@dataclass(frozen=True)
class Ablations:
    """Train every variant of a plan with every seed, and print one table."""

    plan: Annotated[str, tyro.conf.Positional]
    """JSON file: seeds, settings and recipe (or search) of the base, and variants {name:
    {"settings": ..., "recipe": ...}}.
    """
    out: str = "runs/ablations"
    """Folder of all runs, and of table.json."""
    most_s: float = float("inf")
    """Begin no further run after so many seconds; give the command again to go on."""


def read_plan(path: Path) -> dict[str, Any]:
    """The plan, checked; ValueError names what is wrong before anything is trained."""
    plan = read_json(path, RECIPES / "ablations.json")
    if not isinstance(plan, dict) or not {"seeds", "variants"} <= set(plan) <= KEYS:
        raise ValueError(
            f"{path} must hold seeds and variants, and may hold "
            f"{', '.join(sorted(KEYS - {'seeds', 'variants'}))}"
        )
    if len(set(plan["seeds"])) != len(plan["seeds"]) or not plan["seeds"]:
        raise ValueError(
            f"{path}: seeds must be different numbers, at least one, got {plan['seeds']}"
        )
    if "base" in plan["variants"]:
        raise ValueError(
            f"{path}: the base stands in settings and recipe, so no variant may be called 'base'"
        )
    kind = kind_of(plan)
    if isinstance(base_path := plan.get(kind.key), str):
        plan[kind.key] = read_json(path.parent / base_path)
    for change in (plan, *plan["variants"].values()):
        if kind.key in change:
            change[kind.key] = with_current_keys(change[kind.key])
    other_keys = {other.key for other in KINDS} - {kind.key}
    for name, change in {"base": plan, **plan["variants"]}.items():
        for other in sorted(other_keys & set(change)):
            raise ValueError(
                f"{path}: {name} has a {other}, which the base has not: a plan is of runs of one "
                "kind"
            )
        for key in sorted(set(change.get("settings", {})) - kind.allowed):
            raise ValueError(
                f"{path}: {name} has the setting {key!r}; choose from "
                f"{', '.join(sorted(kind.allowed))}"
            )
    return plan


def merged(base: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """The base with a change, entry by entry one level down.

    Hyperparameters, network and directions keep what the change does not name.
    """
    result = dict(base)
    for key, value in change.items():
        result[key] = (
            {**base[key], **value}
            if isinstance(value, dict) and isinstance(base.get(key), dict)
            else value
        )
    return result


def run_all(options: Ablations) -> dict[str, Any]:
    """Train what is not trained yet, then return and print the table."""
    plan, out, start_s = read_plan(Path(options.plan)), Path(options.out), time.monotonic()
    runs = list_runs(plan, out)
    for _, _, run in runs:  # a recipe or search that is wrong is found before any long work
        run.check()
    for name, seed, run in runs:
        if not run.is_finished() and time.monotonic() - start_s <= options.most_s:
            print(f"{name}, seed {seed}", flush=True)
            run.go_on()
    table = tabulate(plan, runs)
    write_json(out / "table.json", table)
    print_table(table)
    return table


def list_runs(plan: Mapping[str, Any], out: Path) -> list[VariantRun]:
    """Every variant with every seed, seed by seed.

    Writes the recipes or searches, so that a run can be done again by itself.
    """
    kind, variants = kind_of(plan), {"base": {}, **plan["variants"]}
    runs = []
    for seed in plan["seeds"]:
        for name, change in variants.items():
            content = merged(plan.get(kind.key, {}), change.get(kind.key, {}))
            file = out / name / f"{kind.key}.json"
            file.parent.mkdir(parents=True, exist_ok=True)
            if file.exists() and without_about(with_current_keys(read_json(file))) != json.loads(
                json.dumps(without_about(content))
            ):
                raise ValueError(f"{file} is of another plan; choose another --out")
            write_json(file, content)
            settings = merged(plan.get("settings", {}), change.get("settings", {}))
            runs.append((name, seed, kind(settings, seed, out / name / f"seed{seed}", file)))
    return runs


def without_about(content: Mapping[str, Any]) -> dict[str, Any]:
    """What decides a run, of a recipe or search."""
    return {key: value for key, value in content.items() if key != "about"}


def tabulate(plan: Mapping[str, Any], runs: list[VariantRun]) -> dict[str, Any]:
    """Best and last comparison of every finished run.

    Means over seeds with t-intervals over seeds.
    """
    by_variant: dict[str, dict[int, tuple[float, float, float]]] = {}
    for name, seed, run in runs:
        if run.is_finished():
            means = run.comparisons()
            by_variant.setdefault(name, {})[seed] = (means[0], max(means), means[-1])
    rows = {}
    for name, by_seed in by_variant.items():
        start, best, last = (np.array(column) for column in zip(*by_seed.values(), strict=True))
        common = [seed for seed in by_seed if seed in by_variant.get("base", {})]
        against = np.array([by_seed[seed][2] - by_variant["base"][seed][2] for seed in common])
        rows[name] = {"seeds": list(by_seed), "untrained": float(start.mean())}
        rows[name] |= {
            "best": summary(best),
            "last": summary(last),
            "last_minus_base": summary(against),
        }
    kind = kind_of(plan)
    return {
        "about": plan.get("about", ""),
        "metric": kind.metric,
        "split": kind.split,
        "rows": rows,
    }


def summary(values: np.ndarray) -> dict[str, Any]:
    """Mean and t-interval over seeds, None where there is none."""
    mean = float(values.mean()) if len(values) else float("nan")
    return {
        "mean": none_if_nan(mean),
        "ci95": [none_if_nan(end) for end in t_interval(values)],
        "n": len(values),
    }


def print_table(table: Mapping[str, Any]) -> None:
    """One row a variant."""
    printed_table = Table(
        title=f"{table['metric']} ({table['split']}), mean ± half of the 95 % t-interval over "
        "seeds",
        box=None,
    )
    for heading in ("variant", "seeds", "untrained", "best", "last", "last minus base"):
        printed_table.add_column(heading, justify="left" if heading == "variant" else "right")
    for name, row in table["rows"].items():
        cells = [
            with_half(row[key], sign)
            for key, sign in (("best", ""), ("last", ""), ("last_minus_base", "+"))
        ]
        printed_table.add_row(name, str(len(row["seeds"])), f"{row['untrained']:.4f}", *cells)
    Console(width=120).print(printed_table)


def with_half(item: Mapping[str, Any], sign: str) -> str:
    """Mean ± half of the interval, where there are enough seeds for one."""
    if item["mean"] is None:
        return "-"
    low, high = item["ci95"]
    return f"{item['mean']:{sign}.4f}" + ("" if low is None else f" ± {(high - low) / 2:.4f}")


def main() -> None:
    """Command line."""
    fail_cleanly(lambda: run_all(tyro.cli(Ablations)))


if __name__ == "__main__":
    main()
