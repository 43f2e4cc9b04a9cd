"""Shipped weights: one safetensors file and one JSON card each, which cannot run code when they are
read.
"""

from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from agents.policies.network.input_names import current_columns, renamed
from agents.utils.checkpoints import read_json
from agents.utils.renamed_keys import with_current_keys

FOLDER = Path(__file__).resolve().parent.parent / "weights" / "pretrained"
DEFAULT = "default"
CARD_FORMAT = 1
SHARED = (
    "pi_features_extractor.",
    "vf_features_extractor.",
)  # other names of features_extractor in a policy; stored once
CARD_KEYS = (
    "format",
    "name",
    "about",
    "algo",
    "network",
    "trained_on",
    "results",
    "version",
    "made_by",
)


def names(folder: Path = FOLDER) -> list[str]:
    """Names of the shipped policies that have both files."""
    return sorted(
        path.stem for path in folder.glob("*.json") if path.with_suffix(".safetensors").is_file()
    )


def read_card(name: str = DEFAULT, folder: Path = FOLDER) -> dict[str, Any]:
    """The card of a shipped policy.

    ValueError with one sentence if there is none, or it is of another version.
    """
    if name not in names(folder):
        available = ", ".join(names(folder)) or "none yet"
        raise ValueError(f"no shipped policy {name!r} in {folder}; there: {available}")
    path = folder / f"{name}.json"
    card = read_json(path)
    if not isinstance(card, dict) or not set(CARD_KEYS) <= set(card):
        raise ValueError(
            f"{path} is not a card of this project: it must hold {', '.join(CARD_KEYS)}"
        )
    if card["format"] != CARD_FORMAT:
        raise ValueError(
            f"{path} has card format {card['format']}; this version reads {CARD_FORMAT}"
        )
    return card | {"network": with_current_keys(card["network"])}


def read_weights(name: str = DEFAULT, folder: Path = FOLDER) -> dict[str, torch.Tensor]:
    """Weights of a shipped policy.

    ValueError with one sentence if the file is damaged, or made for other columns.
    """
    path = folder / f"{name}.safetensors"
    columns = read_card(name, folder).get("columns", current_columns())
    if renamed(columns) != current_columns():
        raise ValueError(
            f"{path} reads other columns than this version observes; run `python -m "
            "agents.training.widen` to fit it"
        )
    try:
        tensors = load_file(path)
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{path} is damaged and cannot be read: {error}") from error
    encoder = {
        key: value for key, value in tensors.items() if key.startswith("features_extractor.")
    }
    return tensors | {
        prefix + key.split(".", 1)[1]: value for prefix in SHARED for key, value in encoder.items()
    }
