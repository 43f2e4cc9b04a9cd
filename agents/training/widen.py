"""Fit shipped weights to a wider observation: ``python -m agents.training.widen``.

A network has one weight per hidden unit and column of the observation. Where a column was added
since it was trained, this command puts zeros there: the policy decides as before, and training from
it may find a use for the column. Each card records the columns that its weights read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import tyro
from safetensors.torch import load_file, save

from agents.policies.network.input_names import (
    Columns,
    current_columns,
    layer_inputs,
    renamed,
)
from agents.policies.shipped import FOLDER, names, read_card
from agents.utils.checkpoints import write_atomically, write_json
from orbit_gym.utils.errors import fail_cleanly


@dataclass(frozen=True)
class Options:
    """Widen shipped weights to the columns of this version."""

    folder: str = str(FOLDER)
    """Where shipped policies stand."""


def widen_all(folder: Path) -> list[str]:
    """Widen every shipped policy whose columns are not this version's; returns their names."""
    widened = []
    for name in names(folder):
        card = read_card(name, folder)
        if "columns" not in card:
            raise ValueError(f"the card of {name!r} does not name the columns that it reads")
        if card["columns"] != current_columns():
            _widen(folder, name, card)
            widened.append(name)
    return widened


def _widen(folder: Path, name: str, card: dict[str, Any]) -> None:
    path = folder / f"{name}.safetensors"
    weights = load_file(path)
    weights = widened_weights(weights, card["columns"], int(card["network"].get("hidden", 64)))
    # the card last: were this interrupted, the sizes of the weights would tell
    write_atomically(path, lambda temporary: temporary.write_bytes(save(weights)))
    write_json(folder / f"{name}.json", card | {"columns": current_columns()})


def widened_weights(
    weights: dict[str, torch.Tensor], columns: Columns, hidden: int
) -> dict[str, torch.Tensor]:
    """Weights for this version's columns from those trained with other ones.

    ValueError if a column that they read is gone: no weights could make up for it.
    """
    old_inputs, new_inputs = (
        layer_inputs(renamed(columns), hidden),
        layer_inputs(current_columns(), hidden),
    )
    return weights | {
        layer: _with_columns(layer, weights[layer], old_inputs[layer], new_inputs[layer])
        for layer in new_inputs
    }


def _with_columns(
    layer: str, matrix: torch.Tensor, old_inputs: Sequence[str], new_inputs: Sequence[str]
) -> torch.Tensor:
    """The matrix (hidden, n inputs) with its columns in their new places, zeros elsewhere."""
    if missing_inputs := sorted(set(old_inputs) - set(new_inputs)):
        raise ValueError(
            f"{layer} reads {missing_inputs[0]}, which is no longer observed: train anew"
        )
    if matrix.shape[1] != len(old_inputs):
        raise ValueError(
            f"{layer} has {matrix.shape[1]} inputs, but its card names {len(old_inputs)}"
        )
    wide = torch.zeros(matrix.shape[0], len(new_inputs), dtype=matrix.dtype)
    wide[:, [new_inputs.index(name) for name in old_inputs]] = matrix
    return wide


def main() -> None:
    """Command line."""
    options = tyro.cli(Options, description=__doc__)
    widened = widen_all(Path(options.folder))
    print(
        f"widened {', '.join(widened)}" if widened else "every policy reads these columns already"
    )


if __name__ == "__main__":
    fail_cleanly(main)
