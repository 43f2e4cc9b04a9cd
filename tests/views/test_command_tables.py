"""The page of commands against the commands' own help, and against the commands that pages name."""

import re
from pathlib import Path

import pytest
import tyro

from orbit_gym.views.describe.command_tables import COMMANDS, load_target, options_of
from tests.helpers.pages import PAGES, ROOT

TARGETS = {
    command: target for commands in COMMANDS.values() for command, target in commands.items()
}
OPTION = re.compile(r"--[a-z][a-z-]*")
COMMAND = re.compile(
    r"python -m (?:orbit_gym \w+|(?:agents|benchmarks|experiments)[\w.]*|validation)"
)


@pytest.mark.parametrize("command", TARGETS)
def test_options_are_those_of_the_help(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tyro's help begins the line of an option with its names."""
    monkeypatch.setenv("COLUMNS", "200")
    declared = load_target(TARGETS[command])
    with pytest.raises(SystemExit):
        tyro.cli(declared, args=["--help"])
    lines = [line.strip("│ ") for line in capsys.readouterr().out.splitlines()]
    expected = {
        name
        for line in lines
        if line.startswith(("-h, ", "--"))
        for name in OPTION.findall(line.split("   ")[0])
    }
    options = list(options_of(declared))
    names = {name for option in options for name in OPTION.findall(option.name)}
    assert names == expected - {"--help"}
    assert all(option.meaning for option in options), command


def test_every_command_that_a_page_names_has_its_table() -> None:
    found_commands = {
        match[0].rstrip(".")
        for path in [*PAGES, Path(ROOT / "CONTRIBUTING.md")]
        for match in COMMAND.finditer(path.read_text(encoding="utf-8"))
    }
    assert len(found_commands) > 15
    assert found_commands - {"python -m agents.bounds.milp"} <= set(TARGETS)


def test_a_module_that_cannot_be_imported_is_one_sentence() -> None:
    with pytest.raises(ValueError, match="needs agents.nowhere .*pip install"):
        load_target("agents.nowhere:Options")
