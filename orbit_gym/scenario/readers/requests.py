"""Request traces: when a language model was asked, how long the prompt and the answer were."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from orbit_gym.scenario.readers.lines import (
    TIME_UTC,
    TOKENS_IN,
    TOKENS_OUT,
    Table,
    number_column,
    parse_rows,
    read_csv,
    read_lines,
    sort_by_time,
)

# Azure LLM inference traces of 2023 and 2024 (github.com/Azure/AzurePublicDataset; Splitwise, ISCA
# 2024).
AZURE = {"TIMESTAMP": TIME_UTC, "ContextTokens": TOKENS_IN, "GeneratedTokens": TOKENS_OUT}
# Mooncake traces (github.com/kvcache-ai/Mooncake; FAST 2025): JSON lines as published, or the same
# numbers as CSV.
MOONCAKE_JSON = {
    "timestamp": number_column(0.0),
    "input_length": TOKENS_IN,
    "output_length": TOKENS_OUT,
}
MOONCAKE_CSV = {
    "timestamp_ms": number_column(0.0),
    "input_tokens": TOKENS_IN,
    "output_tokens": TOKENS_OUT,
}
S_PER_MS = 1e-3


class Requests(NamedTuple):
    """A request trace in order of time."""

    times_s: np.ndarray  # (n,) from the first request on
    prompt_tokens: np.ndarray  # (n,)
    output_tokens: np.ndarray  # (n,)
    n_skipped: int


def read_azure(path: Path, strict: bool) -> Requests:
    """Read a trace with the header TIMESTAMP,ContextTokens,GeneratedTokens.

    ValueError names a bad line.
    """
    return _requests(read_csv(path, AZURE, strict), 1.0)


def read_mooncake(path: Path, strict: bool) -> Requests:
    """Read a trace with timestamp (ms), input_length, output_length as JSON lines.

    Or CSV with timestamp_ms,input_tokens,output_tokens. ValueError names a bad line.
    """
    lines = read_lines(path)
    if not next(line for line in lines if line.strip()).lstrip().startswith("{"):
        return _requests(read_csv(path, MOONCAKE_CSV, strict), S_PER_MS)
    return _requests(parse_rows(path, MOONCAKE_JSON, _json_cells(lines), strict), S_PER_MS)


def _json_cells(lines: list[str]) -> Iterator[tuple[int, Mapping[str, str] | str]]:
    for number_, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            row = None
        if not isinstance(row, dict) or any(name not in row for name in MOONCAKE_JSON):
            yield number_, f"{line[:60]!r} is not a JSON object with {', '.join(MOONCAKE_JSON)}"
        else:
            yield number_, {name: json.dumps(row[name]) for name in MOONCAKE_JSON}


def _requests(table: Table, seconds: float) -> Requests:
    times_s, prompt_tokens, output_tokens = sort_by_time(*table.columns.values())
    return Requests(times_s * seconds, prompt_tokens, output_tokens, table.n_skipped)


READERS = {"azure": read_azure, "mooncake": read_mooncake}
