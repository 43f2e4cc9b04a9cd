"""The report as Markdown: the same tables, captions and pictures (SVG files beside it)."""

from agents.report.configuration import blocks, facts, summary
from agents.report.figure_style import Picture
from agents.report.formatting import BOLD
from agents.report.html import Chapter, rows, shown_columns


def markdown(chapters: list[Chapter], overview: list[Picture], figures: str) -> str:
    """The whole text; `figures` is the folder of the pictures, relative to it."""
    lines = ["# Evaluation report", ""]
    for picture in overview:
        lines += _picture(picture, figures, "##")
    for chapter in chapters:
        lines += [
            f"## {chapter.results.title}",
            "",
            summary(chapter.results),
            "",
            *_table(chapter),
            "",
        ]
        for section in chapter.sections:
            if section.pictures:
                lines += [f"### {section.title}", ""]
            for picture in section.pictures:
                lines += _picture(picture, figures, "####")
        lines += _configuration(chapter)
    return "\n".join(lines).rstrip() + "\n"


def _table(chapter: Chapter) -> list[str]:
    results = chapter.results
    columns = shown_columns(results)
    headings = [
        "policy",
        *(column.heading for column in columns),
        "IQM",
        f"minus {results.reference}, paired",
        "better in",
        "episodes",
    ]
    lines = [_row(headings), _row(["---", *["---:"] * (len(headings) - 1)])]
    for row in rows(results):
        cells = [f"**{cell.text}**" if cell.is_best else cell.text for cell in row["cells"]]
        gap = row["difference"]
        gap_text = f"**{gap['text']}**" if gap["bold"] else gap["text"]
        lines.append(
            _row(
                [
                    f"`{row['label']}`",
                    *cells,
                    row["iqm"].text,
                    gap_text,
                    gap["better"],
                    str(row["n"]),
                ]
            )
        )
    about = "; ".join(f"{column.heading}: {column.meaning}" for column in columns)
    return [
        *lines,
        "",
        f"Means over episodes, [95 % t-interval]. {about}. IQM: mean of the middle half. {BOLD}",
    ]


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _picture(picture: Picture, figures: str, level: str) -> list[str]:
    return [
        f"{level} {picture.title}",
        "",
        f"![{picture.alt}]({figures}/{picture.name}.svg)",
        "",
        f"*{picture.caption}*",
        "",
    ]


def _configuration(chapter: Chapter) -> list[str]:
    lines = [
        "### Configuration",
        "",
        *(
            f"- {name}: {_code(value) if name == 'command' else value}"
            for name, value in facts(chapter.results)
        ),
        "",
    ]
    for block in blocks(chapter.results):
        lines += [
            f"<details><summary>{block.heading}</summary>",
            "",
            "```toml",
            block.text,
            "```",
            "",
            "</details>",
            "",
        ]
    return lines


def _code(text: str) -> str:
    return f"`{text}`"
