"""The commands as tables for the docs, from the dataclasses and functions that tyro parses.

Modules are named as text and imported when a table is made: what lies above this package is not
imported by it.
"""

import ast
import dataclasses
import importlib
import inspect
import os
import re
import textwrap
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import tyro

PARAMETER = re.compile(r"^    (?:    )?(\w+): (.*)$")
CHECKOUT = Path(__file__).resolve().parents[3]
POSITIONAL = typing.get_args(tyro.conf.Positional[int])[1:]
# Command, where its options are declared.
COMMANDS: dict[str, dict[str, str]] = {
    "package": {
        "python -m orbit_gym list": "orbit_gym.cli:list_scenarios",
        "python -m orbit_gym describe": "orbit_gym.cli:describe",
        "python -m orbit_gym replay": "orbit_gym.cli:replay",
        "python -m orbit_gym tables": "orbit_gym.cli:tables",
    },
    "training": {
        "python train.py": "agents.training.config:TrainingConfig",
        "python -m agents.evaluate": "agents.evaluate:Evaluation",
        "python -m agents.report": "agents.report.__main__:Report",
        "python -m agents.training.publish": "agents.training.publish:Publication",
        "python -m agents.training.widen": "agents.training.widen:Options",
    },
    "search": {
        "python -m agents.search.tune": "agents.search.tune:Tuning",
        "python -m agents.search.evolve": "agents.search.evolve:Evolution",
    },
    "studies": {
        "python -m agents.studies.suite": "agents.studies.suite:Suite",
        "python -m agents.studies.seed_analysis": "agents.studies.seed_analysis:SeedAnalysis",
        "python -m agents.studies.ablations": "agents.studies.ablations:Ablations",
        "python -m agents.bounds": "agents.bounds.milp:Comparison",
    },
    "experiments": {
        "python -m experiments.action_values": "experiments.action_values:Labels",
        "python -m experiments.imitate": "experiments.imitate:Imitation",
    },
    "checks": {
        "python -m validation": "validation.report:Options",
        "python -m benchmarks.speed": "benchmarks.speed:Options",
        "python -m benchmarks.plain_step": "benchmarks.plain_step:Options",
        "python -m benchmarks.choices": "benchmarks.choices:Options",
        "python -m benchmarks.lookahead": "benchmarks.lookahead:Options",
        "python -m benchmarks.growth": "benchmarks.growth:Options",
        "python -m benchmarks.worlds": "benchmarks.worlds:Options",
        "python -m benchmarks.calibrate": "benchmarks.calibrate:Options",
        "python -m benchmarks.picture": "benchmarks.picture:Options",
    },
}


class Option(NamedTuple):
    """One option or argument of a command, as its help shows it."""

    name: str
    default: str
    meaning: str


def command_group(group: str) -> str:
    """Return the tables of a group of commands; ValueError where a module cannot be imported."""
    sections = [command_section(command, target) for command, target in COMMANDS[group].items()]
    return "\n" + "\n".join(sections)


def command_section(command: str, target: str) -> str:
    """Return heading, summary and options of one command."""
    declared = load_target(target)
    lines = [f"### `{command}`", "", summary_of_command(declared), ""]
    options = list(options_of(declared))
    if options:
        lines += ["| option | default | meaning |", "| --- | --- | --- |"]
        lines += [f"| `{name}` | {default} | {meaning} |" for name, default, meaning in options]
        lines.append("")
    return "\n".join(lines)


def load_target(target: str) -> Any:
    """Return the dataclass or function that a text "module:name" names."""
    module, _, name = target.partition(":")
    try:
        return getattr(importlib.import_module(module), name)
    except ImportError as error:
        raise ValueError(
            f"the table of commands needs {module} ({error}); work in a checkout, with "
            "pip install -e .[dev,train]"
        ) from error


def summary_of_command(declared: Any) -> str:
    """Return the first paragraph of its docstring."""
    return " ".join((inspect.getdoc(declared) or "").split("\n\n")[0].split())


def options_of(declared: Any) -> Iterator[Option]:
    """Yield the options of a dataclass or a function, in the order of its help."""
    meanings = (_attribute_texts if inspect.isclass(declared) else _parameter_texts)(declared)
    hints = typing.get_type_hints(declared, include_extras=True)
    for name, default in _defaults(declared):
        hint = hints[name]
        yield Option(
            _shown_name(name, hint),
            _shown_default(default),
            _cell(meanings.get(name, "")) + _choices(hint),
        )


def _cell(text: str) -> str:
    """Return a text as one cell of a Markdown table, in which <name> is no tag."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def _attribute_texts(declared: type) -> dict[str, str]:
    """Return the text below each field of a dataclass."""
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(declared))).body
    assert isinstance(definition, ast.ClassDef)
    return {
        ast.unparse(field.target): str(text.value.value)
        for field, text in zip(definition.body, definition.body[1:])
        if isinstance(field, ast.AnnAssign)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
    }


def _parameter_texts(declared: Any) -> dict[str, str]:
    """Return the lines of a docstring's Args."""
    lines = (inspect.getdoc(declared) or "").partition("Args:\n")[2].splitlines()
    matches = (PARAMETER.match(line) for line in lines)
    return {match[1]: match[2] for match in matches if match}


def _defaults(declared: Any) -> Iterator[tuple[str, Any]]:
    if dataclasses.is_dataclass(declared):
        for field in dataclasses.fields(declared):
            factory = field.default_factory
            yield field.name, field.default if factory is dataclasses.MISSING else factory()
    else:
        for name, parameter in inspect.signature(declared).parameters.items():
            is_needed = parameter.default is inspect.Parameter.empty
            yield name, dataclasses.MISSING if is_needed else parameter.default


def _shown_name(name: str, hint: Any) -> str:
    marks = getattr(hint, "__metadata__", ())
    if any(mark in POSITIONAL for mark in marks):
        return name
    option_names = [mark.name for mark in marks if getattr(mark, "name", None)]
    option = "--" + (option_names[0] if option_names else name.replace("_", "-"))
    base = typing.get_args(hint)[0] if marks else hint
    return f"{option}, --no-{option[2:]}" if base is bool else option


def _shown_default(default: Any) -> str:
    if default is dataclasses.MISSING:
        return "needed"
    if isinstance(default, bool):
        return "yes" if default else "no"
    if default is None or default in ((), "", {}):
        return "-"
    if isinstance(default, tuple):
        return f"`{' '.join(map(str, default))}`"
    path = Path(str(default))
    if path.is_absolute():
        path = Path(os.path.relpath(path, CHECKOUT))
    return f"`{path if isinstance(default, str | Path) else default}`"


def _choices(hint: Any) -> str:
    base = typing.get_args(hint)[0] if hasattr(hint, "__metadata__") else hint
    if typing.get_origin(base) is not typing.Literal:
        return ""
    return f" One of `{'`, `'.join(map(str, typing.get_args(base)))}`."
