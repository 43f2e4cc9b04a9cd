"""Files that are whole or not there."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

MODE = 0o644  # tempfile's own is readable by its owner only


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """Open a file beside its place and move it there once it is written.

    After an error nothing is left of it.

    Folders on its way are made; OSError in one sentence, before anything is written, where there
    can be no such file.
    """
    path = Path(path)
    if path.is_dir():
        raise OSError(f"cannot write {path}: it is a folder; name a file")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        reason = (
            "is a file, not a folder"
            if path.parent.is_file()
            else f"cannot be written to ({error.strerror})"
        )
        raise OSError(f"cannot write {path}: {path.parent} {reason}") from error
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        os.chmod(name, MODE)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
