"""Files of elements become SGP4 records: TLE in two or three lines, OMM as CSV or JSON, also
gzipped.

What cannot be read is told with file, line, value and what was expected; a reader that is not
strict counts it by reason.
"""

import csv
import gzip
import io
import json
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

from sgp4.api import Satrec

from orbit_gym.orbits.omm import OMM_RANGES, record_of_omm
from orbit_gym.orbits.tle import TLE_TEMPLATE, RefusedElements, entries, record_of

Entry = tuple[
    str, Callable[[], tuple[str, Satrec]]
]  # where it stands, and what makes its name and record


@dataclass(frozen=True)
class SkippedElements:
    """How many satellites were left out for one reason, and the first of them in words."""

    count: int
    reason: str
    first: str


class Elements(NamedTuple):
    """Satellites of a file, in its order, and what was left out of it."""

    names: list[str]
    records: list[Satrec]
    refusals: list[RefusedElements]


def summary(refusals: Iterable[RefusedElements]) -> tuple[SkippedElements, ...]:
    """Return what was left out, counted by reason, most frequent first."""
    first: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for item in refusals:
        counts[item.reason] += 1
        first.setdefault(item.reason, str(item))
    return tuple(
        SkippedElements(count, reason, first[reason]) for reason, count in counts.most_common()
    )


def _read_tle(text: str) -> Iterator[Entry]:
    """Yield (place, function that makes name and record) of each satellite of a TLE file."""
    for place, name, line1, line2 in entries(text):
        yield place, partial(_of_lines, name, line1, line2)


def _of_lines(name: str, line1: str, line2: str) -> tuple[str, Satrec]:
    return name, record_of(name, line1, line2)


def _read_omm_csv(text: str) -> Iterator[Entry]:
    """Yield (place, function that makes name and record) of each row.

    ValueError where the header lacks a column.
    """
    rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    needed = ["EPOCH", *OMM_RANGES]
    try:
        missing = [column for column in needed if column not in (rows.fieldnames or ())]
        if missing:
            raise ValueError(
                f"line 1: no column {missing[0]}; needed are {', '.join(needed)} and OBJECT_NAME "
                "or NORAD_CAT_ID"
            )
        for row in rows:
            yield f"line {rows.line_num}", partial(record_of_omm, row)
    except csv.Error as error:
        raise ValueError(f"line {max(rows.line_num, 1)}: is not valid CSV: {error}") from error


def _read_omm_json(text: str) -> Iterator[Entry]:
    """Yield the entries of a JSON array of objects.

    Each is (place, function that makes name and record).
    """
    try:
        entries = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"line {error.lineno}: is not valid JSON: {error.msg}") from error
    entries = [entries] if isinstance(entries, dict) else entries
    if not isinstance(entries, list):
        raise ValueError(f"must hold a JSON array of objects, got {type(entries).__name__}")
    for number, entry in enumerate(entries, 1):
        if not isinstance(entry, dict):
            raise ValueError(
                f"entry {number}: must be a JSON object with OBJECT_NAME, EPOCH, MEAN_MOTION and "
                f"so on, got {entry!r}"
            )
        yield f"entry {number}", partial(record_of_omm, entry)


def read_elements(path: Path, source_field: str, strict: bool) -> Elements:
    """Return the satellites of a tle_file or omm_file (what).

    ValueError with file, line and value, or counted if not strict.
    """
    label = f"constellation.{source_field} {str(path)!r}"
    try:
        text = read_text(path)
        elements = _collect(_reader(path, source_field)(text), strict)
    except ValueError as error:
        place = ", " if str(error).startswith(("line ", "entry ")) else " "
        hint = (
            "; constellation.strict = false leaves such satellites out"
            if isinstance(error.__cause__, RefusedElements)
            else ""
        )
        raise ValueError(f"{label}{place}{error}{hint}") from error
    if not elements.names:
        example = (
            f"a pair of lines looks like {' / '.join(TLE_TEMPLATE)!r}"
            if source_field == "tle_file"
            else "it needs one row a satellite"
        )
        reasons = "".join(
            f"; {item.count} left out ({item.reason}): {item.first}"
            for item in summary(elements.refusals)
        )
        raise ValueError(f"{label} holds no elements; {example}{reasons}")
    return elements


def read_text(path: Path) -> str:
    """Return a file's text, gunzipped by its ending.

    A byte that is no text becomes a mark that no number holds.
    """
    if not path.is_file():
        raise ValueError("does not exist")
    data = path.read_bytes()
    try:
        return (gzip.decompress(data) if path.suffix == ".gz" else data).decode(
            "utf-8-sig", errors="replace"
        )
    except (EOFError, OSError, zlib.error) as error:
        raise ValueError(f"is not a whole gzip file: {error}") from error


def _reader(path: Path, source_field: str) -> Callable[[str], Iterator[Entry]]:
    """Return the generator function that reads this kind of file."""
    if source_field == "tle_file":
        return _read_tle
    ending = path.name.removesuffix(".gz").rpartition(".")[2].lower()
    if ending not in ("csv", "json"):
        raise ValueError(
            "must end in .csv or .json (or .csv.gz, .json.gz): its format goes by its ending"
        )
    return _read_omm_csv if ending == "csv" else _read_omm_json


def _collect(entries: Iterator[Entry], strict: bool) -> Elements:
    """Make the record of every entry.

    What is refused is raised if strict and kept with its place otherwise.
    """
    elements = Elements([], [], [])
    for place, make in entries:
        try:
            name, record = make()
        except RefusedElements as error:
            if strict:
                raise ValueError(f"{place}: {error}") from error
            elements.refusals.append(RefusedElements(f"{place}: {error}", error.reason))
            continue
        elements.names.append(name)
        elements.records.append(record)
    return elements
