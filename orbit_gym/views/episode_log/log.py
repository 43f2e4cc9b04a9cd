"""The episode log: one file that holds all of an episode that a picture of it needs.

A zip archive of header.json and NumPy arrays, deflated; ``numpy.load`` reads it too.
docs/guides/replay.md lists what is in it.
"""

import io
import json
import os
import zipfile
import zlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from orbit_gym.utils.atomic_files import replacing

FORMAT = "orbit_gym episode log"
VERSION = 1  # changes when a name, a unit or a meaning does; a new name alone leaves it
HEADER = "header.json"
ZIP_MAGIC = b"PK\x03\x04"
SAME_TIME = (1980, 1, 1, 0, 0, 0)  # equal episodes give equal files
# What a file of this version must hold: names of the header, and of each group the columns that
# readers rely on; all columns are as long.
NEEDED_HEADER = (
    "policy", "scenario", "split", "seed", "day", "midnight_utc", "midnight_jd", "start_s",
    "end_s", "last_s",
    "nodes", "satellites", "task_classes", "models", "link_kinds", "hop_kinds", "metrics",
)  # fmt: skip
COLUMNS = {
    "decisions": (
        "release_s", "slack_s", "value", "task_class", "model", "origin", "destination",
        "node", "arrival_s", "load_start_s",
        "start_s", "finish_s", "delivery_s", "on_time", "by_alert", "input_hops",
        "result_hops", "is_lost",
    ),
    "hops": ("decision", "from_node", "to_node", "start_s", "end_s"),
    "links": ("node_a", "node_b", "kind", "start_s", "end_s", "rate_bps"),
    "positions": ("time_s", "positions_m"),
    "sites": ("positions_m",),
    "series": ("time_s", "queue_s", "lanes_busy", "charge_fraction", "temperature_c", "resident"),
    "sunlight": ("satellite", "start_s", "end_s"),
    "faults": ("node_a", "node_b", "strike_s", "end_s"),
}  # fmt: skip
NEEDED = tuple(f"{group}/{column}" for group, columns in COLUMNS.items() for column in columns)


class EpisodeLog(NamedTuple):
    """What a file holds."""

    header: dict[str, Any]
    arrays: dict[str, np.ndarray]  # "group/column" -> one row an entry of the group

    def group(self, name: str) -> dict[str, np.ndarray]:
        """Columns of one group by their own names."""
        return {
            key.partition("/")[2]: array
            for key, array in self.arrays.items()
            if key.startswith(f"{name}/")
        }


def write_log(path: str | os.PathLike[str], log: EpisodeLog) -> Path:
    """Write a log beside its place and move it there.

    A file with this name is always whole.
    """
    with (
        replacing(path) as file,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive,
    ):
        header = {"format": FORMAT, "version": VERSION, **log.header}
        _write_member(archive, HEADER, json.dumps(header, allow_nan=False).encode())
        for key, array in log.arrays.items():
            content = io.BytesIO()
            np.lib.format.write_array(content, np.ascontiguousarray(array), allow_pickle=False)
            _write_member(archive, f"{key}.npy", content.getvalue())
    return Path(path)


def _write_member(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, SAME_TIME)
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, content)


def read_log(path: str | os.PathLike[str]) -> EpisodeLog:
    """Read a whole log.

    ValueError says in one sentence what is wrong with a file that cannot be read.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"episode log '{path}' does not exist")
    content = path.read_bytes()
    if not content.startswith(ZIP_MAGIC):
        reason = "it is empty" if not content else "it begins with other bytes than a zip archive"
        raise ValueError(
            f"'{path}' is not an episode log: {reason}; agents.evaluate --record and RecordEpisode "
            "write one"
        )
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            header = _read_header(path, archive)
            arrays = {
                name.removesuffix(".npy"): np.lib.format.read_array(
                    io.BytesIO(archive.read(name)), allow_pickle=False
                )
                for name in archive.namelist()
                if name.endswith(".npy")
            }
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise ValueError(
            f"episode log '{path}' is truncated or damaged ({error}); record the episode again"
        ) from error
    log = EpisodeLog(header, arrays)
    check_whole(path, log)
    return log


def check_whole(path: Path, log: EpisodeLog) -> None:
    """Refuse a log that lacks a part.

    ValueError names the first part, or the first group whose columns are not of one length.
    """
    missing = [f"its {HEADER} has no {name!r}" for name in NEEDED_HEADER if name not in log.header]
    missing += [f"it has no {name}" for name in NEEDED if name not in log.arrays]
    if missing:
        raise ValueError(
            f"episode log '{path}' is incomplete: {missing[0]}; record the episode again"
        )
    for name, columns in COLUMNS.items():
        rows = {column: len(log.arrays[f"{name}/{column}"]) for column in columns}
        odd = next((column for column in columns if rows[column] != rows[columns[0]]), None)
        if odd:
            raise ValueError(
                f"episode log '{path}' is damaged: {name}/{odd} has {rows[odd]} rows and "
                f"{name}/{columns[0]} {rows[columns[0]]}; "
                "record the episode again"
            )


def _read_header(path: Path, archive: zipfile.ZipFile) -> dict[str, Any]:
    """The header of a log of this version.

    ValueError for another kind of archive or another version.
    """
    if HEADER not in archive.namelist():
        raise ValueError(f"'{path}' is not an episode log: it is a zip archive without {HEADER}")
    try:
        header = json.loads(archive.read(HEADER))
    except ValueError as error:
        raise ValueError(
            f"episode log '{path}' is damaged: its {HEADER} is not JSON ({error})"
        ) from error
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise ValueError(
            f"'{path}' is not an episode log: its {HEADER} does not say format {FORMAT!r}"
        )
    if header.get("version") != VERSION:
        raise ValueError(
            f"'{path}' is an episode log of version {header.get('version')}, and this orbit_gym "
            f"reads version {VERSION}; "
            "record the episode again"
        )
    return header
