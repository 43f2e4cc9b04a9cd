"""Tables of text: each cell is parsed by its column.

A bad line is named with what was expected, or skipped and counted.
"""

import csv
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np

UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# a longer request is a corrupt line (choice: ten times the longest context window on offer)
MOST_TOKENS = 1e8


class Column(NamedTuple):
    """How to read one column: parse raises ValueError for what is not `expected`."""

    parse: Callable[[str], float | str]
    expected: str


class Table(NamedTuple):
    """Columns of a file, all of one length, and how many lines were left out."""

    columns: dict[str, list]
    lines: list[int]  # line number of each row
    n_skipped: int


class BadLine(ValueError):
    """A line that cannot be read; the message says file, line, value and what was expected."""


def number_column(
    low: float = -math.inf, high: float = math.inf, is_whole: bool = False, open_low: bool = False
) -> Column:
    """Return the column of a finite number from low (excluded if open_low) to high."""

    def parse(text: str) -> float:
        value = float(text)
        if not (
            math.isfinite(value) and low <= value <= high and (not is_whole or value == int(value))
        ) or (open_low and value == low):
            raise ValueError
        return value

    limits = (
        f" {'above' if open_low else 'of at least'} {low:g}"
        if high == math.inf
        else f" from {low:g} to {high:g}"
    )
    return Column(
        parse,
        f"a {'whole' if is_whole else 'finite'} number{'' if low == -math.inf else limits}",
    )


def _parse_time(text: str) -> float:
    moment = datetime.fromisoformat(text)
    return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - UNIX_EPOCH).total_seconds()


TIME_UTC = Column(
    _parse_time, "a time in ISO 8601 like 2018-05-23T00:25:00Z (UTC where no zone is given)"
)
TOKENS_IN = number_column(1.0, MOST_TOKENS, is_whole=True)
TOKENS_OUT = number_column(0.0, MOST_TOKENS, is_whole=True)


def read_lines(path: Path) -> list[str]:
    """Return the lines of a text file; ValueError if it is absent, empty or no UTF-8 text."""
    if not path.is_file():
        raise ValueError(f"file {str(path)!r} does not exist")
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f"file {str(path)!r} is not UTF-8 text: {error}") from error
    if not any(line.strip() for line in lines):
        raise ValueError(f"file {str(path)!r} is empty")
    return lines


def read_header(path: Path) -> list[str]:
    """Return the column names of the first line."""
    return [name.strip() for name in next(csv.reader(read_lines(path)))]


def read_csv(
    path: Path, columns: Mapping[str, Column], strict: bool, blank: Sequence[str] = ()
) -> Table:
    """Read the named columns of a CSV file with a header.

    Cells of the columns in `blank` may be empty and become "".
    """
    rows = csv.reader(read_lines(path))
    header = [name.strip() for name in next(rows)]
    missing = [name for name in columns if name not in header]
    if missing:
        raise ValueError(
            f"{path}, line 1: the header has no column {missing[0]!r}, expected "
            f"{','.join(columns)}; got {','.join(header)}"
        )
    positions = {name: header.index(name) for name in columns}

    def cells() -> Iterator[tuple[int, Mapping[str, str] | str]]:
        for row in rows:
            if not any(cell.strip() for cell in row):
                continue
            if len(row) != len(header):
                yield (
                    rows.line_num,
                    f"{','.join(row)!r} has {len(row)} values, expected {len(header)}: "
                    f"{','.join(header)}",
                )
            else:
                yield rows.line_num, {name: row[index].strip() for name, index in positions.items()}

    return parse_rows(path, columns, cells(), strict, blank)


def parse_rows(
    path: Path,
    columns: Mapping[str, Column],
    cells: Iterator[tuple[int, Mapping[str, str] | str]],
    strict: bool,
    blank: Sequence[str] = (),
) -> Table:
    """Parse (line, cells or what is wrong with the line).

    Strict raises BadLine, else bad lines are counted. ValueError if none is left.
    """
    table = Table({name: [] for name in columns}, [], 0)
    n_skipped = 0
    for line, row in cells:
        try:
            parsed = _parse_row(path, line, columns, row, blank)
        except BadLine:
            if strict:
                raise
            n_skipped += 1
            continue
        table.lines.append(line)
        for name, value in parsed.items():
            table.columns[name].append(value)
    if not table.lines:
        raise ValueError(
            f"{path} holds no row that can be read, expected {','.join(columns)}; {n_skipped} "
            "lines were skipped"
        )
    return table._replace(n_skipped=n_skipped)


def _parse_row(
    path: Path,
    line: int,
    columns: Mapping[str, Column],
    row: Mapping[str, str] | str,
    blank: Sequence[str],
) -> dict[str, float | str]:
    if isinstance(row, str):
        raise BadLine(f"{path}, line {line}: {row}")
    parsed: dict[str, float | str] = {}
    for name, column in columns.items():
        text = row[name]
        if name in blank and not text:
            parsed[name] = ""
            continue
        try:
            parsed[name] = column.parse(text)
        except (ValueError, OverflowError):
            raise BadLine(
                f"{path}, line {line}: {name} is {text!r}, expected {column.expected}"
            ) from None
    return parsed


def sort_by_time(times_s: Sequence[float], *columns: Sequence[float]) -> list[np.ndarray]:
    """Return times from the first on, in order, (n,), and the other columns in the same order.

    Equal times keep the file's order.
    """
    times = np.array(times_s, np.float64)
    order = np.argsort(times, kind="stable")
    arrays = [
        times[order] - times.min(),
        *(np.array(column, np.float64)[order] for column in columns),
    ]
    for array in arrays:
        array.flags.writeable = False
    return arrays
