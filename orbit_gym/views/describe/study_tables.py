"""Tables and commands of the studies on the results page, from docs/data/results.json."""

from typing import Any

from orbit_gym.views.describe.docs_tables import markdown


def study_blocks(figures: Any) -> dict[str, str]:
    """Return the generated blocks of every study: its commands, and each of its tables.

    ValueError if the figures are not those of the docs.
    """
    blocks = {}
    try:
        for study, parts in figures["studies"].items():
            for number, commands in enumerate(parts["commands"], start=1):
                suffix = "" if number == 1 else f"_{number}"
                blocks[f"{study}_commands{suffix}"] = command_block(commands)
            for name, table in parts["tables"].items():
                blocks[f"{study}_{name}"] = study_table(table)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"this is not a results.json of the docs: {error!r}") from error
    return blocks


def study_table(table: dict[str, Any]) -> str:
    """Return a table of figures in Markdown, each column printed by its kind and digits."""
    columns = table["columns"]
    rows = [
        tuple(cell_text(column, cell) for column, cell in zip(columns, row, strict=True))
        for row in table["rows"]
    ]
    return markdown(tuple(column["name"] for column in columns), rows)


def command_block(commands: list[str]) -> str:
    """Return command lines as a fenced block."""
    return "```bash\n" + "\n".join(commands) + "\n```\n"


def figure(figures: Any, study: str, table: str, case: str, column: str) -> Any:
    """Return one cell of a study's table, by its first column and a column's name.

    ValueError if there is no such cell.
    """
    parts = figures["studies"][study]["tables"][table]
    names = [item["name"] for item in parts["columns"]]
    rows = [row for row in parts["rows"] if row[0] == case]
    if column not in names or len(rows) != 1:
        raise ValueError(f"{study}, {table}: no cell {case!r}, {column!r}")
    return rows[0][names.index(column)]


def cell_text(column: dict[str, Any], cell: Any) -> str:
    """Return a cell as people read it: differences and intervals with their sign."""
    if cell is None:
        return ""
    kind, digits = column["kind"], column.get("digits", 0)
    if kind == "text":
        return str(cell)
    if kind == "number":
        return f"{cell:{'+' if column.get('signed') else ''},.{digits}f}"
    if kind == "numbers":
        return ", ".join(f"{value:.{digits}f}" for value in cell)
    if kind == "interval":
        return interval_text(cell, digits)
    if kind == "gain":
        return f"{cell['mean']:+.{digits}f} {interval_text(cell['ci95'], digits)}"
    if kind == "margin":
        return f"{cell['mean']:+.{digits}f} ± {cell['half_width']:.{digits}f}"
    raise ValueError(f"{kind!r} is no kind of column")


def interval_text(limits: list[float], digits: int) -> str:
    """Return a confidence interval with signs."""
    low, high = limits
    return f"[{low:+.{digits}f}, {high:+.{digits}f}]"
