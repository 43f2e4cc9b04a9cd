"""Weights of a narrower observation are widened by zeros, column by column under its name."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from agents.policies.network.input_names import current_columns, layer_inputs, renamed
from agents.policies.shipped import FOLDER, names, read_card, read_weights
from agents.training.widen import widen_all, widened_weights

HIDDEN = 64


def narrower() -> dict[str, list[str]]:
    """The columns without three of them, in other places of their blocks, and by old names."""
    columns = current_columns()
    columns["task"].remove("slack")
    columns["nodes"].remove("present")
    columns["links"].remove("range")
    columns["task"][columns["task"].index("offered_load_5min")] = "asked_short"
    return columns


def products(row: torch.Tensor, inputs: list[str], values: dict[str, torch.Tensor]) -> list[float]:
    return [float(weight * values[name]) for weight, name in zip(row, inputs, strict=True)]


def test_outputs_stay_what_they_were() -> None:
    """Named inputs, those of new columns at random: each layer gives the same numbers, exactly."""
    generator = torch.Generator().manual_seed(0)
    inputs_before = layer_inputs(renamed(narrower()), HIDDEN)
    after = layer_inputs(current_columns(), HIDDEN)
    weights = {
        layer: torch.randn(HIDDEN, len(inputs), generator=generator).double()
        for layer, inputs in inputs_before.items()
    }
    wide = widened_weights(weights, narrower(), HIDDEN)
    for layer, inputs in after.items():
        assert len(inputs) > len(inputs_before[layer])
        values = dict(zip(inputs, torch.randn(len(inputs), generator=generator).double()))
        for row in (0, HIDDEN - 1):
            expected = [
                float(w) * float(values[n])
                for w, n in zip(weights[layer][row], inputs_before[layer])
            ]
            terms = [float(w) * float(values[n]) for w, n in zip(wide[layer][row], inputs)]
            assert sorted(expected) == sorted(term for term in terms if term != 0.0)


def test_the_names_are_those_of_the_shipped_weights() -> None:
    """As many inputs as the stored matrices have, and the columns of this version."""
    for name in names():
        card, weights = read_card(name), load_file(FOLDER / f"{name}.safetensors")
        assert renamed(card["columns"]) == current_columns()
        for layer, inputs in layer_inputs(card["columns"], card["network"]["hidden"]).items():
            assert weights[layer].shape[1] == len(inputs)


def test_a_shipped_policy_of_other_columns_is_refused_until_it_is_widened(tmp_path: Path) -> None:
    for suffix in ("json", "safetensors"):
        shutil.copy(FOLDER / f"default.{suffix}", tmp_path)
    weights = load_file(tmp_path / "default.safetensors")
    inputs = layer_inputs(renamed(narrower()), HIDDEN)
    narrow = {layer: weights[layer][:, : len(names)] for layer, names in inputs.items()}
    save_file(
        {name: value.contiguous() for name, value in (weights | narrow).items()},
        tmp_path / "default.safetensors",
    )
    card = json.loads((tmp_path / "default.json").read_text())
    (tmp_path / "default.json").write_text(json.dumps(card | {"columns": narrower()}))
    with pytest.raises(ValueError, match="run `python -m agents.training.widen` to fit it"):
        read_weights("default", tmp_path)
    assert widen_all(tmp_path) == ["default"] and widen_all(tmp_path) == []
    fitted = read_weights("default", tmp_path)
    assert fitted["features_extractor.task.weight"].shape == (
        HIDDEN,
        len(current_columns()["task"]),
    )
    assert read_card("default", tmp_path)["columns"] == current_columns()


def test_a_column_that_is_gone_is_refused() -> None:
    columns = current_columns()
    columns["task"].append("phase_of_the_moon")
    weights = {
        layer: torch.zeros(HIDDEN, len(inputs))
        for layer, inputs in layer_inputs(columns, HIDDEN).items()
    }
    with pytest.raises(ValueError, match="phase_of_the_moon, which is no longer observed"):
        widened_weights(weights, columns, HIDDEN)
