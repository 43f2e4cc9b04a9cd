"""Every page: blocks are current, links lead somewhere, commands exist, prose is plain."""

import re
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

from agents.envs.problem import Problem
from orbit_gym.scenario.loading import REGISTERED
from orbit_gym.views.describe.docs_pages import BLOCK, contents
from tests.helpers.pages import DOCS, PAGES, README, ROOT, code_of, name_of, prose_lines

LAB = DOCS / "lab"
MOST_WORDS, MEDIAN_WORDS = 45, 25
CONTENTS = contents(ROOT)


@pytest.mark.parametrize("page", CONTENTS)
def test_generated_blocks_are_current(page: str) -> None:
    blocks = {match[2]: match[3] for match in BLOCK.finditer((ROOT / page).read_text("utf-8"))}
    assert blocks == CONTENTS[page], "run: python -m orbit_gym tables --write"


@pytest.mark.parametrize("name", REGISTERED)
def test_action_table_agrees_with_the_environment(name: str) -> None:
    row = f"| `OrbitGym/{name}-v0` | `Discrete({Problem(name).make_env().action_space.n})` |"  # type: ignore[attr-defined]
    assert row in CONTENTS["docs/reference/actions.md"]["actions"]


def anchors(path: Path) -> set[str]:
    """Anchors of a page's headings, as Python-Markdown makes them."""
    headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    plain = [re.sub(r"[^\w\s-]", "", heading.replace("`", "")) for heading in headings]
    return {re.sub(r"[-\s]+", "-", heading.strip().lower()) for heading in plain}


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_links_and_files_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if not link.startswith("http")]
    missing = []
    for link in links:
        target, _, anchor = link.partition("#")
        page = path if not target else path.parent / target
        if not page.exists() or (anchor and anchor not in anchors(page)):
            missing.append(link)
    files = re.findall(r"`((?:orbit_gym|agents|tests|benchmarks|docs|validation)/[\w/.*-]+)`", text)
    if path != LAB / "moves.md":
        missing += [name for name in files if not list(ROOT.glob(name))]
    assert missing == []


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_modules_and_make_targets_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for module in set(re.findall(r"python -m ([\w.]+)", text)) - {"pip", "venv", "build"}:
        parts = ROOT.joinpath(*module.split("."))
        assert parts.with_suffix(".py").exists() or (parts / "__main__.py").exists(), module
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([\w-]+):", makefile, re.MULTILINE))
    assert set(re.findall(r"(?:`|^)make ([a-z][\w-]*)", text, re.MULTILINE)) <= targets


COMMANDS = sorted(
    {
        command
        for path in PAGES
        if LAB not in path.parents and DOCS / "results" not in path.parents
        for code in code_of(path)
        if code.language == "bash"
        for line in code.text.splitlines()
        if (command := line.partition("#")[0].strip()).startswith("python ")
    }
)


@pytest.mark.parametrize("command", COMMANDS)
def test_options_of_commands_are_known(command: str) -> None:
    """The command's own help lists every option that the docs type."""
    words = command.split()
    length = 3 if words[1] == "-m" else 2
    subcommand = words[length : length + 1] if words[2:3] == ["orbit_gym"] else []
    command_line = [sys.executable, *words[1:length], *subcommand, "--help"]
    done = subprocess.run(command_line, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    options = {word.partition("=")[0] for word in words if word.startswith("--")}
    assert not [option for option in options if option not in done.stdout]


PROSE = [path for path in PAGES if LAB not in path.parents]


@pytest.mark.parametrize("path", [*PROSE], ids=name_of)
def test_one_sentence_a_line(path: Path) -> None:
    """A line that goes on after a full stop holds two sentences; lists may."""
    lines = [line for line in prose_lines(path) if not re.match(r"([-*]|\d+\.) ", line)]
    double = [line for line in lines if re.search(r"[a-z)`][.!?] [A-Z`]", line)]
    assert not double


def sentences(path: Path) -> list[str]:
    """Every sentence of a page's prose, links without their addresses."""
    texts = [re.sub(r"\]\([^)]*\)", "]", line) for line in prose_lines(path)]
    return [
        sentence for text in texts for sentence in re.split(r"(?<=[a-z)`][.!?]) (?=[A-Z`])", text)
    ]


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_sentences_are_short(path: Path) -> None:
    counts = {sentence: len(sentence.split()) for sentence in sentences(path)}
    assert not [sentence for sentence, n_words in counts.items() if n_words > MOST_WORDS]
    assert not counts or statistics.median(counts.values()) <= MEDIAN_WORDS


def test_recipes_that_the_site_links_to_are_there() -> None:
    """Links to a file of the repository leave the site, so the anchors are checked here."""
    text = (DOCS / "guides" / "extend.md").read_text(encoding="utf-8")
    linked = set(re.findall(r"/CONTRIBUTING\.md#([\w-]+)", text))
    assert len(linked) > 10 and linked <= anchors(ROOT / "CONTRIBUTING.md")


def test_every_page_is_in_the_navigation() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("nav:")[2]
    pages = set(re.findall(r"[\w/-]+\.md", navigation))
    assert pages == {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")}


def test_the_changelog_is_the_repositorys() -> None:
    assert (DOCS / "changelog.md").read_text("utf-8") == (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_the_readme_is_read() -> None:
    assert README in PAGES and len(PAGES) > 40
