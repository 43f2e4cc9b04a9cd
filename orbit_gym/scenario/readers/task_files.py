"""Task files: one row per task, its release, origin and class, and optionally its own numbers."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from orbit_gym.scenario.readers.lines import (
    TOKENS_IN,
    TOKENS_OUT,
    BadLine,
    Column,
    number_column,
    read_csv,
    read_header,
)

ABOVE_ZERO = number_column(0.0, open_low=True)
OPTIONAL = {
    "slack_s": ABOVE_ZERO,
    "value": number_column(0.0),
    "input_bits": ABOVE_ZERO,
    "result_bits": ABOVE_ZERO,
    "vision_flop": ABOVE_ZERO,
    "vision_bytes": ABOVE_ZERO,
    "prompt_tokens": TOKENS_IN,
    "output_tokens": TOKENS_OUT,
}
VISION, TOKENS = ("vision_flop", "vision_bytes"), ("prompt_tokens", "output_tokens")


class TaskRows(NamedTuple):
    """A task file in order of release.

    A number that a row leaves out is -1 and taken from its class.
    """

    # (n,) as typed: seconds after the episode's start, or after the start of the circle
    times_s: np.ndarray
    origins: tuple[str, ...]
    task_classes: tuple[str, ...]
    numbers: dict[str, np.ndarray]  # name of OPTIONAL -> (n,)
    lines: tuple[int, ...]
    n_skipped: int


def read_task_file(path: Path, strict: bool, language: Mapping[str, bool]) -> TaskRows:
    """Read a task file; language says of each known class whether it has tokens.

    ValueError names a bad line.
    """
    header = read_header(path)
    columns = {
        "release_s": number_column(0.0),
        "origin": Column(_nonempty, "the name of a satellite or user site"),
        "task_class": Column(_one_of(tuple(language)), f"one of {', '.join(language)}"),
    }
    unknown = [name for name in header if name not in columns and name not in OPTIONAL]
    if unknown:
        raise ValueError(
            f"{path}, line 1: unknown column {unknown[0]!r}, expected {','.join(columns)} and any "
            f"of {','.join(OPTIONAL)}"
        )
    optional_names = [name for name in OPTIONAL if name in header]
    table = read_csv(
        path,
        columns | {name: OPTIONAL[name] for name in optional_names},
        strict,
        blank=optional_names,
    )
    fit_rows = []
    for row, message in _misfits(path, table.columns, table.lines, optional_names, language):
        if message and strict:
            raise BadLine(message)
        if not message:
            fit_rows.append(row)
    if not fit_rows:
        raise ValueError(f"{path} holds no task that can be read")
    order = sorted(fit_rows, key=lambda row: table.columns["release_s"][row])
    return TaskRows(
        times_s=np.array([table.columns["release_s"][row] for row in order]),
        origins=tuple(table.columns["origin"][row] for row in order),
        task_classes=tuple(table.columns["task_class"][row] for row in order),
        numbers={
            name: np.array(
                [
                    -1.0 if table.columns[name][row] == "" else table.columns[name][row]
                    for row in order
                ]
            )
            for name in optional_names
        },
        lines=tuple(table.lines[row] for row in order),
        n_skipped=table.n_skipped + len(table.lines) - len(fit_rows),
    )


def _misfits(
    path: Path,
    columns: dict[str, list],
    lines: list[int],
    optional_names: list[str],
    language: Mapping[str, bool],
) -> Iterator[tuple[int, str]]:
    """Each row with what is wrong between its class and its numbers, or an empty text."""
    for row, line in enumerate(lines):
        name = columns["task_class"][row]
        unfit = [
            key
            for key in (VISION if language[name] else TOKENS)
            if key in optional_names and columns[key][row] != ""
        ]
        yield (
            row,
            f"{path}, line {line}: {unfit[0]} is {columns[unfit[0]][row]:g}, expected an empty "
            f"cell: {name} has none"
            if unfit
            else "",
        )


def _nonempty(text: str) -> str:
    if not text:
        raise ValueError
    return text


def _one_of(names: tuple[str, ...]) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in names:
            raise ValueError
        return text

    return parse
