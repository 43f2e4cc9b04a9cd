"""The command behind make validate: finds every subject, says what is skipped, and its document
speaks of each.
"""

import sys
from pathlib import Path

import pytest

from orbit_gym.views.describe.docs_pages import replace_blocks
from validation import report
from validation.rows import Row, judged_row, skipped_row

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs" / "results" / "validation.md").read_text(encoding="utf-8")
ROWS = [
    judged_row("a", "b", 0.5, 1.0, "m", "3 points"),
    judged_row("a", "b", 2.0, 1.0, "m"),
    skipped_row("c", "d", "1 s"),
]


def test_every_subject_has_a_test_a_section_and_rows() -> None:
    """A module with a measure is found by itself.

    Its test module asserts on its numbers and docs/results/validation.md explains it.
    """
    subjects = report.measures()
    assert {
        "propagation",
        "positions",
        "eclipses",
        "passes",
        "plus_grid",
        "routing",
        "queues",
        "energy",
    } <= set(subjects)
    for name in subjects:
        assert (ROOT / "tests" / "validation" / f"test_{name}.py").is_file()
        title = name.replace("_", " ")
        assert f"\n## {title.capitalize()}\n" in DOCUMENT
        assert f"\n| {title} | " in DOCUMENT


def test_document_holds_no_failed_or_skipped_row() -> None:
    """The table is that of a run with the reference data in which everything held."""
    assert "| NO |" not in DOCUMENT and "| skipped |" not in DOCUMENT


def test_rows_are_judged() -> None:
    """By hand: 0.5 of 1 m holds, 2 of 1 m does not, NaN never does; a skipped row says so."""
    cells = report.cells({"some_subject": ROWS})
    assert [row[-1] for row in cells] == ["yes", "NO", "skipped"]
    assert cells[0] == ("some subject", "a", "b", "0.5 m (3 points)", "1 m", "yes")
    assert not judged_row("a", "b", float("nan"), 1.0, "m").ok


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["validate", *arguments])
    report.main()


def test_a_failed_row_ends_with_status_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        report, "measures", lambda: {"bad": lambda data: ROWS, "good": lambda data: ROWS[:1]}
    )
    run(monkeypatch, "good")
    with pytest.raises(SystemExit, match="1"):
        run(monkeypatch, "bad")
    assert "NO" in capsys.readouterr().out


def test_the_table_is_written_between_its_markers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path, folders = tmp_path / "validation.md", []

    def measure(data: Path | None) -> list[Row]:
        folders.append(data)
        return ROWS[:1]

    path.write_text(DOCUMENT, encoding="utf-8")
    monkeypatch.setattr(report, "measures", lambda: {"good": measure})
    run(monkeypatch, "--write", "--document", str(path), "--data", str(tmp_path / "absent"))
    table = report.markdown(report.HEADER, report.cells({"good": ROWS[:1]}))
    assert path.read_text(encoding="utf-8") == replace_blocks(DOCUMENT, {"validation": table})
    assert folders == [None]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nope",), "there is no subject 'nope'; choose from charge_floor"),
        (("decoding", "--write"), "--write needs every subject"),
    ],
)
def test_wrong_arguments_are_one_sentence(
    monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        run(monkeypatch, *arguments)
