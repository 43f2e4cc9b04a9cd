"""The log as a file: it comes back as it was, it is whole or not there, and what cannot be read
says why.
"""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from orbit_gym.utils.atomic_files import replacing
from orbit_gym.views.episode_log import EpisodeLog, read_log, write_log
from orbit_gym.views.episode_log.log import NEEDED, NEEDED_HEADER, VERSION
from tests.helpers.playing_logs import recorded


@pytest.fixture
def log() -> EpisodeLog:
    return recorded("Tiny").log


def test_a_log_comes_back_as_it_was(log: EpisodeLog, tmp_path: Path) -> None:
    copy = read_log(write_log(tmp_path / "new" / "e.log", log))
    assert copy.header == log.header and list(copy.arrays) == list(log.arrays)
    for name, array in log.arrays.items():
        assert copy.arrays[name].dtype == array.dtype and np.array_equal(
            copy.arrays[name], array, equal_nan=array.dtype.kind == "f"
        ), name


def test_equal_episodes_give_equal_files(log: EpisodeLog, tmp_path: Path) -> None:
    one, two = (write_log(tmp_path / name, log).read_bytes() for name in ("a", "b"))
    assert one == two == recorded("Tiny").path.read_bytes()


def test_numpy_and_zipfile_read_it_alone(log: EpisodeLog, tmp_path: Path) -> None:
    path = write_log(tmp_path / "e.log", log)
    with zipfile.ZipFile(path) as archive:
        assert json.loads(archive.read("header.json"))["seed"] == 3
    with np.load(path) as arrays:
        assert np.array_equal(
            arrays["decisions/delivery_s"], log.arrays["decisions/delivery_s"], equal_nan=True
        )


@pytest.mark.parametrize("part", [0.999, 0.9, 0.5, 0.1, 0.01])
def test_a_truncated_log_is_one_sentence(log: EpisodeLog, tmp_path: Path, part: float) -> None:
    path = write_log(tmp_path / "cut.log", log)
    content = path.read_bytes()
    path.write_bytes(content[: int(part * len(content))])
    with pytest.raises(
        ValueError,
        match=r"^episode log '.*cut\.log' is truncated or damaged \(.*\); record the episode "
        r"again$",
    ):
        read_log(path)


def test_a_flipped_byte_is_found(log: EpisodeLog, tmp_path: Path) -> None:
    """The archive carries a checksum of every member.

    In the middle of the file lies the data of one.
    """
    path = write_log(tmp_path / "bad.log", log)
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        member = max(archive.infolist(), key=lambda item: item.compress_size)
    content[member.header_offset + 60 + member.compress_size // 2] ^= 0x55
    path.write_bytes(content)
    with pytest.raises(ValueError, match="is truncated or damaged"):
        read_log(path)


def test_another_version_is_one_sentence(log: EpisodeLog, tmp_path: Path) -> None:
    path = write_log(
        tmp_path / "old.log", EpisodeLog({**log.header, "version": VERSION + 1}, log.arrays)
    )
    expected = (
        rf"old\.log' is an episode log of version {VERSION + 1}, and this orbit_gym reads version "
        rf"{VERSION}; record the episode again$"
    )
    with pytest.raises(ValueError, match=expected):
        read_log(path)


def _arrays(path: Path) -> None:
    with path.open("wb") as file:
        np.savez(file, x=np.zeros(3))


def _archive(path: Path, name: str, content: bytes) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, content)


BAD_FILES = {
    "empty": (lambda path: path.write_bytes(b""), "is not an episode log: it is empty"),
    "text": (
        lambda path: path.write_text("hello"),
        "is not an episode log: it begins with other bytes than a zip archive",
    ),
    "arrays": (_arrays, r"is not an episode log: it is a zip archive without header\.json"),
    "json": (
        lambda path: _archive(path, "header.json", b"{}"),
        "is not an episode log: its header.json does not say format",
    ),
    "broken": (
        lambda path: _archive(path, "header.json", b"{"),
        r"is damaged: its header\.json is not JSON",
    ),
    "missing": (lambda path: None, "does not exist"),
    "folder": (lambda path: path.mkdir(), "does not exist"),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_another_file_is_one_sentence(tmp_path: Path, case: str) -> None:
    make, message = BAD_FILES[case]
    make(tmp_path / "it")
    with pytest.raises(ValueError, match=message) as caught:
        read_log(tmp_path / "it")
    assert str(tmp_path / "it") in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("name", NEEDED)
def test_a_log_without_a_column_is_refused(log: EpisodeLog, tmp_path: Path, name: str) -> None:
    path = write_log(
        tmp_path / "part.log",
        EpisodeLog(log.header, {key: array for key, array in log.arrays.items() if key != name}),
    )
    with pytest.raises(ValueError, match=f"is incomplete: it has no {name}; record"):
        read_log(path)


@pytest.mark.parametrize("name", NEEDED_HEADER)
def test_a_log_without_a_part_of_its_header_is_refused(
    log: EpisodeLog, tmp_path: Path, name: str
) -> None:
    path = write_log(
        tmp_path / "part.log",
        EpisodeLog({key: value for key, value in log.header.items() if key != name}, log.arrays),
    )
    with pytest.raises(
        ValueError, match=rf"is incomplete: its header\.json has no '{name}'; record"
    ):
        read_log(path)


def test_columns_of_different_length_are_refused(log: EpisodeLog, tmp_path: Path) -> None:
    short = {**log.arrays, "hops/end_s": log.arrays["hops/end_s"][:-2]}
    n_hops = len(log.arrays["hops/end_s"])
    path = write_log(tmp_path / "ragged.log", EpisodeLog(log.header, short))
    with pytest.raises(
        ValueError,
        match=f"is damaged: hops/end_s has {n_hops - 2} rows and hops/decision {n_hops}; record",
    ):
        read_log(path)


def test_a_place_that_cannot_be_written_to_is_one_sentence(tmp_path: Path) -> None:
    """A folder, a file in the place of one, and a file system that takes no files (/proc)."""
    (tmp_path / "file").write_text("x")
    for path, message in (
        (tmp_path, f"cannot write {tmp_path}: it is a folder; name a file"),
        (
            tmp_path / "file" / "e.log",
            f"cannot write {tmp_path}/file/e.log: {tmp_path}/file is a file, not a folder",
        ),
        (Path("/proc/e.log"), r"cannot write /proc/e\.log: /proc cannot be written to \(.+\)"),
    ):
        with pytest.raises(OSError, match=f"^{message}$"), replacing(path) as file:
            file.write(b"never")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_file_is_whole_or_not_there(tmp_path: Path) -> None:
    path = tmp_path / "e.log"
    path.write_bytes(b"before")
    with pytest.raises(RuntimeError), replacing(path) as file:
        file.write(b"half of it")
        raise RuntimeError
    assert path.read_bytes() == b"before" and list(tmp_path.iterdir()) == [path]
    with replacing(path) as file:
        file.write(b"after")
    assert path.read_bytes() == b"after" and list(tmp_path.iterdir()) == [path]
