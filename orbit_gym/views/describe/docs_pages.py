"""Generated blocks of the docs and their pages: ``python -m orbit_gym tables --write``.

A block stands in a page between ``<!-- generated:NAME -->`` and ``<!-- /generated -->``; a test
compares each with what the code, or a file of figures in ``docs/data``, says.
"""

import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from orbit_gym.scenario.loading import scenario_names
from orbit_gym.views.describe.command_tables import COMMANDS, command_group
from orbit_gym.views.describe.docs_tables import (
    HEADLINE,
    action_table,
    class_table,
    observation_table,
    results_table,
    reward_table,
    scenario_table,
)
from orbit_gym.views.describe.environment_pages import environment_block
from orbit_gym.views.describe.gains_table import gains_table
from orbit_gym.views.describe.scenario_tables import reference, switch_table
from orbit_gym.views.describe.study_tables import study_blocks

BLOCK = re.compile(r"(<!-- generated:(\w+) -->\n)(.*?)(<!-- /generated -->)", re.DOTALL)
SUMMARY_KEYS = ("scenario", "split", "seeds", "command", "labels")
DATA = "docs/data"  # figures that a command wrote, each with that command
# What is made from the code alone: page, then block.
PAGES: dict[str, dict[str, Callable[[], str]]] = {
    "docs/reference/observation.md": {"observation": observation_table},
    "docs/reference/actions.md": {"actions": action_table},
    "docs/reference/reward.md": {"reward": reward_table},
    "docs/reference/task-classes.md": {"classes": class_table},
    "docs/reference/scenario.md": {"switches": switch_table, "fields": reference},
    "docs/environments/index.md": {"scenarios": scenario_table},
    "docs/reference/commands.md": {
        f"commands_{group}": partial(command_group, group) for group in COMMANDS
    },
}


def environment_page(name: str) -> str:
    """Path of the page of a scenario of the catalogue."""
    return f"docs/environments/{name}.md"


def contents(folder: Path) -> dict[str, dict[str, str]]:
    """Return every generated block of the docs in a checkout: page, then name, then text.

    ValueError names the file of figures that cannot be read.
    """
    pages = {
        page: {name: make() for name, make in makers.items()} for page, makers in PAGES.items()
    }
    for name in scenario_names():
        pages[environment_page(name)] = {"facts": environment_block(name)}
    figures = read_figures(folder / DATA / "results.json")
    gains = gains_table(figures)
    pages["README.md"] = {"gains": gains}
    pages["docs/results/index.md"] = {
        **study_blocks(figures),
        "gains": gains,
        "results": results_table(read_figures(folder / DATA / "default_run.json")),
    }
    return pages


def replace_blocks(text: str, blocks: dict[str, str]) -> str:
    """Return a text with the named generated blocks replaced.

    ValueError if one of them is not in the text.
    """
    missing = set(blocks) - {match[2] for match in BLOCK.finditer(text)}
    if missing:
        raise ValueError(f"there is no block <!-- generated:{min(missing)} --> in the text")
    return BLOCK.sub(
        lambda match: f"{match[1]}{blocks[match[2]]}{match[4]}" if match[2] in blocks else match[0],
        text,
    )


def tables(write: bool = False, folder: str = ".", results: str = "") -> None:
    """Print the generated blocks of the README and the docs, or write them there.

    Args:
        write: write them into the pages instead of printing them
        folder: the checkout whose pages are written
        results: a results.json of agents.evaluate, kept in docs/data for the table of results
    """
    root = Path(folder)
    if results:
        summary = summary_of(read_figures(Path(results)))
        results_table(summary)  # refused before anything is written
        text = json.dumps(summary, indent=1, allow_nan=False) + "\n"
        (root / DATA / "default_run.json").write_text(text, encoding="utf-8")
    pages = contents(root)
    if not write:
        for page, blocks in pages.items():
            print("\n".join(f"{page}: {name}\n\n{text}" for name, text in blocks.items()))
        return
    texts = {
        page: replace_blocks((root / page).read_text(encoding="utf-8"), blocks)
        for page, blocks in pages.items()
    }
    for page, text in texts.items():  # all are made before the first is written
        (root / page).write_text(text, encoding="utf-8")
        print(f"wrote {', '.join(pages[page])} into {page}")


def read_figures(path: Path) -> Any:
    """Read a JSON file of figures; ValueError says what is wrong with it."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path} is not valid JSON: {error}") from error


def summary_of(results: Any) -> dict[str, Any]:
    """Return the means and intervals of a results.json, without its single episodes.

    ValueError if it is not one.
    """
    try:
        summary = {key: results[key] for key in SUMMARY_KEYS if key in results}
        summary["policies"] = {
            name: {metric: _mean_of(item) for metric, item in metrics.items()}
            for name, metrics in results["policies"].items()
        }
        summary["differences"] = {
            name: {
                "reference": item["reference"],
                "metrics": {HEADLINE: _mean_of(item["metrics"][HEADLINE])},
            }
            for name, item in results.get("differences", {}).items()
        }
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"this is not a results.json of agents.evaluate: {error!r}") from error
    return summary


def _mean_of(item: dict[str, Any]) -> dict[str, Any]:
    return {key: item[key] for key in ("mean", "ci95") if key in item}
