"""Returns of every id and variant stay what they were: a change of them asks for a new -vN
(CONTRIBUTING.md, Versions).
"""

from typing import Any

import numpy as np
import pytest

from tests.helpers import golden_trace

# relative, of sums in float64: another machine may round differently, a changed rule does more
TOLERANCE = 1e-9
CASES = golden_trace.cases()


def differences(expected: dict[str, Any], actual: dict[str, Any], with_bits: bool) -> list[str]:
    """What differs between two traces, by key: hashes exactly, sums within TOLERANCE."""
    keys = (
        []
        if expected.keys() == actual.keys()
        else [f"keys {sorted(expected.keys() ^ actual.keys())}"]
    )
    for key in expected.keys() & actual.keys() - ({"bits_sha256"} if not with_bits else set()):
        one, two = expected[key], actual[key]
        if isinstance(one, dict):
            keys += [
                f"{key}.{name}"
                for name in one.keys() | two.keys()
                if not _close(one.get(name), two.get(name))
            ]
        elif not _close(one, two):
            keys.append(key)
    return sorted(keys)


def _close(one: Any, two: Any) -> bool:
    if isinstance(one, str | None) or isinstance(two, str | None):
        return one == two
    one, two = np.atleast_1d(one), np.atleast_1d(two)
    return one.shape == two.shape and bool(
        np.allclose(one, two, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True)
    )


@pytest.mark.parametrize("case", CASES, ids=[case.file.stem for case in CASES])
def test_returns_are_what_they_were(
    case: golden_trace.Case, request: pytest.FixtureRequest
) -> None:
    """A failure means that results are no longer comparable: undo the change, or give the id a new
    version.
    """
    if request.config.getoption("--write-golden") and not case.file.exists():
        golden_trace.write(case)
    expected = golden_trace.read(case)
    actual = golden_trace.play(case, expected["actions"])
    assert differences(expected, actual, request.config.getoption("--golden-bits")) == []


def test_a_stream_that_books_one_task_elsewhere_is_told_apart() -> None:
    """The comparison can fail: one action changed, and hashes and sums differ."""
    expected = golden_trace.read(CASES[0])
    changed = expected["actions"].replace(
        expected["actions"][0], "b" if expected["actions"][0] == "a" else "a", 1
    )
    assert "choices_sha256" in differences(
        expected, golden_trace.play(CASES[0], changed), with_bits=False
    )


def test_a_sum_that_moved_is_told_apart() -> None:
    expected = golden_trace.read(CASES[0])
    altered = {
        **expected,
        "reward_sums": [expected["reward_sums"][0] * (1 + 1e-7), expected["reward_sums"][1]],
    }
    assert differences(expected, altered, with_bits=True) == ["reward_sums"]
    assert differences(expected, {**expected, "bits_sha256": ""}, with_bits=True) == ["bits_sha256"]
    assert differences(expected, {**expected, "bits_sha256": ""}, with_bits=False) == []


def test_no_trace_is_stored_of_what_is_no_longer_there() -> None:
    assert {path for path in golden_trace.FOLDER.glob("*.json")} == {case.file for case in CASES}
