"""A task class checks itself: what is wrong is named, and what to type instead."""

import dataclasses
from typing import Any

import pytest

from orbit_gym.scenario.origins import ORIGINS
from orbit_gym.scenario.task_class import Burstiness, TaskClass
from orbit_gym.scenario.task_classes import TASK_CLASSES

SHIP: dict[str, Any] = {
    "origin": "scene",
    "model": "detectors",
    "slack_s": (60.0, 300.0),
    "value": 1.0,
    "input_bits": 1e9,
    "result_bits": 1e3,
    "vision_flop": 1e12,
    "source": "choice: of this test",
}
TOKENS = ((0.0, 10.0), (1.0, 20.0))
MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"origin": "hotspots"}, r"origin must be one of scene, .*; did you mean 'hotspot'\? got 'hot"),
    ({"model": "detector"}, r"model must be one of .*; did you mean 'detectors'\? got 'detector'"),
    ({"slack_s": (300.0, 60.0)}, r"slack_s must be the least and the largest slack like \(60\.0, "),
    ({"slack_s": (0.0, 60.0)}, r"task_class\.slack_s must be positive, got 0"),
    ({"slack_s": (60.0,)}, r"slack_s must be the least and the largest slack"),
    ({"value": -1.0}, r"task_class\.value must be at least 0, got -1"),
    ({"value": float("nan")}, r"task_class\.value must be finite, got nan"),
    ({"input_bits": 0.0}, r"task_class\.input_bits must be positive, got 0"),
    ({"result_bits": "1"}, r"task_class\.result_bits must be a number, got '1'"),
    ({"vision_flop": 0.0}, r"needs either vision_flop above 0, .*, or prompt_tokens and output_to"),
    ({"prompt_tokens": TOKENS}, r"needs prompt_tokens and output_tokens, or neither"),
    ({"prompt_tokens": TOKENS, "output_tokens": TOKENS}, r"needs either vision_flop above 0"),
    ({"size_spread": 1.0}, r"task_class\.size_spread must be at least 0 and at most 0\.99, got 1"),
    ({"burst_count": 0}, r"task_class\.burst_count must be at least 1"),
    ({"burst_spacing_s": -1.0}, r"task_class\.burst_spacing_s must be at least 0"),
    ({"burstiness": Burstiness("", cluster_mean=0.5)}, r"cluster_mean of at least 1"),
    ({"burstiness": Burstiness("", memory_s=0.0)}, r"a positive memory_s"),
    (
        {"burstiness": Burstiness("", busy_fraction=0.5, busy_factor=2.5)},
        r"busy_factor from 1 to 1 / busy_fraction, got 0\.5 and 2\.5",
    ),
]


@pytest.mark.parametrize(
    ("changes", "message"), MISTAKES, ids=[str(changes) for changes, _ in MISTAKES]
)
def test_a_mistake_is_answered(changes: dict[str, Any], message: str) -> None:
    assert TaskClass(**SHIP).value == 1.0
    with pytest.raises(ValueError, match=message):
        TaskClass(**SHIP | changes)


@pytest.mark.parametrize(
    "tokens", [((0.0, 10.0),), ((0.0, 9.0), (0.5, 8.0), (1.0, 10.0)), ((0.1, 1.0), (1.0, 2.0))]
)
def test_quantiles_must_rise_from_0_to_1(tokens: tuple[tuple[float, float], ...]) -> None:
    language = {**SHIP, "vision_flop": 0.0, "prompt_tokens": TOKENS, "output_tokens": TOKENS}
    assert TaskClass(**language).is_language
    with pytest.raises(ValueError, match=r"task_class\.output_tokens must be \(probability, tok"):
        TaskClass(**language | {"output_tokens": tokens})


def test_every_class_of_ours_passes_the_checks_and_every_origin_is_used() -> None:
    """A copy is checked like a new class."""
    for kind in TASK_CLASSES.values():
        assert dataclasses.replace(kind) == kind
    assert {kind.origin for kind in TASK_CLASSES.values()} == set(ORIGINS)
