"""Files of a run: written whole or not at all, read back with one clear sentence when damaged."""

import json
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from agents.utils.renamed_keys import with_current_keys

FORMAT = 1
CONFIG, BEST, LAST = "config.json", "best.pt", "last.pt"
KEYS = {"format", "algo", "network", "weights", "optimizer", "timesteps", "updates", "history"}


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a temporary neighbour, then put it in place.

    A reader sees the old file or the new one.
    """
    temporary = path.with_name(f".{path.stem}.tmp{os.getpid()}{path.suffix}")
    try:
        write(temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, content: Any) -> None:
    """Write JSON atomically; NaN is refused, not written."""
    text = json.dumps(content, indent=1, allow_nan=False)
    write_atomically(path, lambda temporary: temporary.write_text(text + "\n", encoding="utf-8"))


def read_json(path: Path, example: Path | None = None) -> Any:
    """Read JSON; ValueError with one sentence if it is missing or damaged.

    The sentence says where an example of such a file is.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        advice = (
            f"; give a file like {'/'.join(example.parts[-4:])}, or one of those beside it"
            if example
            else ""
        )
        raise ValueError(f"{path} is missing{advice}") from error
    except (ValueError, OSError) as error:
        raise ValueError(f"{path} is damaged and cannot be read: {error}") from error


def save_checkpoint(path: Path, content: dict[str, Any]) -> None:
    """Write a checkpoint of tensors and plain values atomically."""
    assert set(content) | {"format"} == KEYS
    write_atomically(path, lambda temporary: torch.save({"format": FORMAT, **content}, temporary))


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint without running code from it.

    ValueError with one sentence if it is missing or damaged.
    """
    if not path.is_file():
        raise ValueError(f"{path} is missing")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (
        RuntimeError,
        EOFError,
        OSError,
        KeyError,
        ValueError,
        pickle.UnpicklingError,
        zipfile.BadZipFile,
    ) as error:
        raise ValueError(
            f"{path} is damaged and cannot be read ({type(error).__name__})"
        ) from error
    if not isinstance(content, dict) or set(content) != KEYS:
        raise ValueError(f"{path} is not a checkpoint of this project")
    if content["format"] != FORMAT:
        raise ValueError(
            f"{path} has checkpoint format {content['format']}; this version reads {FORMAT}"
        )
    return content | {"network": with_current_keys(content["network"])}


def load_weights(policy: torch.nn.Module, weights: dict[str, torch.Tensor], path: Path) -> None:
    """Put weights into a policy; ValueError with one sentence if they belong to another network."""
    try:
        policy.load_state_dict(weights)
    except (RuntimeError, KeyError) as error:
        raise ValueError(
            f"{path} holds weights of another network or another version of the observation"
        ) from error
