"""Tables of the docs, made from the code: observation, actions, reward, scenarios, task classes.

Which page holds which is said in :mod:`orbit_gym.views.describe.docs_pages`.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from orbit_gym.observation import FIELDS
from orbit_gym.scenario.loading import REGISTERED, VARIANTS, load_scenario
from orbit_gym.scenario.models import MODEL_BYTES
from orbit_gym.scenario.scenario import Constellation, Reward, Scenario
from orbit_gym.scenario.task_classes import TASK_CLASSES
from orbit_gym.simulation.metric_table import DOCS, HEADLINE, shown_metrics
from orbit_gym.simulation.reward import TERMS

RESULT_COLUMNS = tuple(metric.name for metric in shown_metrics(DOCS) if metric.name != HEADLINE)


def markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines) + "\n"


def observation_table() -> str:
    """One row per column of the observation, from FIELDS."""
    return markdown(
        ("block", "column", "low", "high", "meaning"),
        ((f.block, f"`{f.name}`", f"{f.low:g}", f"{f.high:g}", f.meaning) for f in FIELDS),
    )


def action_table() -> str:
    """Actions of each registered scenario, counted from its constellation and datacentres."""
    rows = []
    for name in REGISTERED:
        scenario = load_scenario(name)
        total, centres = n_satellites(scenario.constellation), len(scenario.datacentres)
        n_rows = min(int(scenario.candidates), total) if scenario.candidates else total
        rows.append(
            (
                f"`OrbitGym/{name}-v0`",
                f"`Discrete({n_rows + centres + 1})`",
                str(n_rows),
                str(centres),
                str(n_rows + centres),
            )
        )
    return markdown(
        ("id", "action space", "satellites shown", "datacentres", "reject is action"), rows
    )


def reward_table() -> str:
    """One row per reward term with its default weight."""
    prices = Reward()
    return markdown(
        ("term", "weight", "what it is"),
        ((f"`{term.name}`", f"{getattr(prices, term.name):g}", term.meaning) for term in TERMS),
    )


def scenario_table() -> str:
    """One row per scenario of the catalogue."""
    rows = []
    for name in REGISTERED + VARIANTS:
        scenario = load_scenario(name)
        way = f"`OrbitGym/{name}-v0`" if name in REGISTERED else f'`scenario="{name}"`'
        rows.append(
            (
                way,
                str(n_satellites(scenario.constellation)),
                str(len(scenario.stations)),
                tasks_text(scenario),
                scenario.description,
            )
        )
    return markdown(("how to make it", "satellites", "stations", "tasks", "what it is"), rows)


def class_table() -> str:
    """One row per task class."""
    rows = []
    for name, kind in TASK_CLASSES.items():
        slack = " to ".join(f"{value:g}" for value in dict.fromkeys(kind.slack_s))
        model = f"{kind.model} ({MODEL_BYTES[kind.model] / 1e9:g} GB)"
        rows.append(
            (
                f"`{name}`",
                kind.origin,
                model,
                f"{kind.input_bits:.3g}",
                f"{kind.result_bits:.3g}",
                slack,
                f"{kind.value:g}",
                kind.source,
            )
        )
    return markdown(
        (
            "class",
            "appears at",
            "model",
            "bits in",
            "bits out",
            "slack s",
            "value",
            "source, or assumption",
        ),
        rows,
    )


def n_satellites(constellation: Constellation) -> int:
    """Satellites typed one by one and in shells; catalogue scenarios use no TLE file."""
    return len(constellation.satellites) + sum(
        int(shell.planes * shell.per_plane) for shell in constellation.shells
    )


def tasks_text(scenario: Scenario) -> str:
    """Load, or number of typed tasks."""
    work = scenario.workload
    if work.script:
        return f"{len(work.script)} typed by hand"
    return f"load {work.load:g}, {sum(share > 0.0 for share in work.mix.values())} classes"


def results_table(results: Any) -> str:
    """Measured means of a results.json, best headline first; ValueError if it is not one."""
    try:
        policies, labels = results["policies"], results.get("labels", {})
        ranked = sorted(policies, key=lambda name: -(policies[name][HEADLINE]["mean"] or 0.0))
        columns = [
            column for column in RESULT_COLUMNS if all(column in policies[name] for name in ranked)
        ]
        rows = [
            (
                f"`{labels.get(name, name)}`",
                _with_interval(policies[name][HEADLINE]),
                _difference(results, name),
                *(_plain(policies[name][column]["mean"]) for column in columns),
            )
            for name in ranked
        ]
        first, last = min(results["seeds"]), max(results["seeds"])
        reference = (
            next(iter(results["differences"].values()))["reference"]
            if results.get("differences")
            else "reference"
        )
        header = (
            f"{results['scenario']}, {results.get('split', 'test')} days, "
            f"{len(results['seeds'])} episodes, seeds {first} to {last}"
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"this is not a results.json of agents.evaluate: {error!r}") from error
    note = (
        f"{header}. Mean and 95 % t-interval over episodes, the same ones for all; for a trained "
        "run the interval is about this "
        "one policy, not about training again. Made by "
        f"`{results.get('command', 'python -m agents.evaluate')}`.\n\n"
    )
    return note + markdown(("policy", HEADLINE, f"minus {reference}, paired", *columns), rows)


def _difference(results: dict[str, Any], name: str) -> str:
    item = results.get("differences", {}).get(name, {}).get("metrics", {}).get(HEADLINE)
    return "-" if item is None else _with_interval(item, "+")


def _with_interval(item: dict[str, Any], sign: str = "") -> str:
    if item["mean"] is None:
        return "-"
    low, high = item["ci95"]
    return f"{item['mean']:{sign}.4f}" + (
        "" if low is None else f" [{low:{sign}.4f}, {high:{sign}.4f}]"
    )


def _plain(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}" if abs(value) < 10.0 else f"{value:,.0f}"
