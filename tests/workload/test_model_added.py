"""One more model in the catalogue changes no existing scenario: what it returns stays bit-equal."""

from typing import Any

import pytest

from orbit_gym.scenario.models import MODEL_BYTES
from orbit_gym.scenario.scenario import Workload
from orbit_gym.workload import day_cache
from orbit_gym.workload.arrivals import model_indices
from orbit_gym.world import world_cache
from tests.helpers import golden_trace

CASES = [golden_trace.Case("Ring12", False), golden_trace.Case("Tiny", True)]


def play(case: golden_trace.Case) -> dict[str, Any]:
    """The golden trace of a case, in Worlds that know of every model of the moment."""
    world_cache._worlds.clear()
    day_cache._arrivals.clear()
    return golden_trace.play(case, golden_trace.read(case)["actions"])


@pytest.mark.parametrize("case", CASES, ids=[case.scenario for case in CASES])
def test_traces_are_bit_equal(case: golden_trace.Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """The model is so small that it would fit beside any other."""
    base_trace = play(case)
    with monkeypatch.context() as patch:
        patch.setitem(MODEL_BYTES, "one_more", 0.1e9)
        changed_trace = play(case)
        (arrivals,) = day_cache._arrivals._values.values()
        assert arrivals.world.model_bytes.size == len(MODEL_BYTES) == 6
    assert changed_trace == base_trace


def test_models_of_the_classes_count_alone() -> None:
    names = list(MODEL_BYTES)
    drones = Workload(mix={"drone_query": 1.0, "xray_trigger": 0.0})
    assert [names[index] for index in model_indices(drones)] == ["astronomy_8b_fp16", "detectors"]
