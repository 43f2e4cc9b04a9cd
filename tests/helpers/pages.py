"""Pages of the docs as tests read them: where they are, their code, their prose."""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
README = ROOT / "README.md"
PAGES = [README, ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]
GENERATED = re.compile(r"<!-- generated:\w+ -->.*?<!-- /generated -->", re.DOTALL)
FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```", re.DOTALL | re.MULTILINE)


def name_of(path: Path) -> str:
    """Path of a page within the checkout, for the ids of tests."""
    return path.relative_to(ROOT).as_posix()


class Code(NamedTuple):
    """A fenced block: its language, its text, and the comment on the line above it."""

    language: str
    text: str
    marker: str


def code_of(path: Path) -> list[Code]:
    """Every fenced block of a page, generated ones too."""
    text = path.read_text(encoding="utf-8")
    blocks = []
    for match in FENCE.finditer(text):
        line_above = text[: match.start()].rstrip("\n").rpartition("\n")[2]
        blocks.append(Code(match[1], match[2], line_above if line_above.startswith("<!--") else ""))
    return blocks


def code_after(path: Path, marker: str) -> str:
    """The block below a comment; AssertionError where there is none."""
    texts = [code.text for code in code_of(path) if code.marker == f"<!-- {marker} -->"]
    assert texts, f"{name_of(path)} has no block after <!-- {marker} -->"
    return texts[0]


def prose_lines(path: Path) -> list[str]:
    """Lines of prose: no code, generated block, table, heading, picture or comment."""
    text = FENCE.sub("", GENERATED.sub("", path.read_text(encoding="utf-8")))
    lines = [line.strip() for line in text.splitlines()]
    return [
        line for line in lines if line and not re.match(r"(#|\||<|!\[|:::|options:|members:)", line)
    ]
