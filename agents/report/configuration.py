"""What a report says about how its numbers were made: facts in a list, whole configurations as
text.
"""

import json
from typing import Any, NamedTuple

from agents.report.formatting import plural, with_interval
from agents.report.results import Results
from orbit_gym.simulation.metric_table import HEADLINE


class Block(NamedTuple):
    """A long text under a heading that opens on demand."""

    heading: str
    text: str


def summary(results: Results) -> str:
    """The outcome in two sentences."""
    best = results.names[0]
    item = results.estimate(best, HEADLINE)
    first = (
        f"{results.label(best)} serves most: {with_interval(item)} of the value that the "
        "relaxed system could deliver"
    )
    first += f", over {plural(item.n, 'episode')}."
    if best == results.reference:
        if len(results.names) < 2:
            return first
        best = results.names[1]
        return f"{first} It is the reference; the next best: {comparison_text(results, best)}."
    return f"{first} That is {comparison_text(results, best)}."


def comparison_text(results: Results, name: str) -> str:
    """A paired difference in words."""
    item = results.paired(name, results.reference)
    label, against = results.label(name), results.label(results.reference)
    if not item.n:
        return f"{label}, which has no episode in common with {results.reference}"
    common = plural(item.n, "common episode")
    if item.mean == 0.0 and not item.high > item.low:  # the interval of one episode is NaN
        return f"{label}, neither better nor worse than {against} in {common}"
    certain = "" if item.is_certain else ", which these episodes do not tell from zero"
    return (
        f"{with_interval(item, signed=True)} for {label} against {against} (better in "
        f"{item.better} of {common}){certain}"
    )


def facts(results: Results) -> list[tuple[str, str]]:
    """Name and value of everything short that one needs to make the numbers again."""
    content = results.content
    seeds, about = content["seeds"], content.get("about") or {}
    rows = [
        ("scenario", str(content["scenario"])),
        (
            "overrides",
            ", ".join(f"{key} = {value:g}" for key, value in content.get("overrides", {}).items())
            or "none",
        ),
        ("split", str(content.get("split", "unknown"))),
        ("seeds", f"{min(seeds):,} to {max(seeds):,} ({plural(len(seeds), 'episode')})"),
        ("reference", results.label(results.reference)),
        ("tasks per episode", _tasks(results)),
        ("infeasible even when relaxed", _infeasible(results)),
        ("command", str(content.get("command", "unknown"))),
        ("revision", str(about.get("revision", "unknown"))),
        ("Python", str(about.get("python", "unknown"))),
        ("platform", str(about.get("platform", "unknown"))),
        (
            "packages",
            ", ".join(f"{name} {number}" for name, number in about.get("packages", {}).items())
            or "unknown",
        ),
    ]
    return [(name, value) for name, value in rows if value]


def _tasks(results: Results) -> str:
    item = results.estimate(results.reference, "n_released")
    return f"{item.mean:,.0f} on average" if item.n else ""


def _infeasible(results: Results) -> str:
    item = results.estimate(results.reference, "infeasible_value_fraction")
    return f"{100.0 * item.mean:.1f} % of the value" if item.n else ""


def blocks(results: Results) -> list[Block]:
    """The whole scenario, and settings, recipe and origin of every run."""
    rows = []
    scenario = (results.content.get("about") or {}).get("scenario")
    if scenario:
        rows.append(Block("The scenario, every field", toml(scenario)))
    for name, record in results.runs().items():
        if "config" in record:
            rows.append(
                Block(
                    f"The run {name}: settings, recipe, versions",
                    toml({k: v for k, v in record["config"].items() if k != "scenario"}),
                )
            )
    return rows


def toml(plain: dict[str, Any], section: str = "") -> str:
    """A nested dict in TOML's form, to be read by people; what is None is left out."""
    items = [
        f"{key} = {json.dumps(value)}"
        for key, value in plain.items()
        if not _is_nested(value) and value is not None
    ]
    parts = ["\n".join([f"[{section}]"] * bool(section and items) + items)] if items else []
    for key, value in plain.items():
        name = f"{section}.{key}" if section else key
        if isinstance(value, dict):
            parts.append(toml(value, name))
        elif _is_nested(value):
            parts += [f"[[{name}]]\n{toml(item)}" for item in value]
    return "\n\n".join(part for part in parts if part)


def _is_nested(value: Any) -> bool:
    return isinstance(value, dict) or (
        isinstance(value, (list, tuple)) and bool(value) and isinstance(value[0], dict)
    )
