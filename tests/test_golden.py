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


def differences(stored: dict[str, Any], played: dict[str, Any], with_bits: bool) -> list[str]:
    """What differs between two traces, by key: hashes exactly, sums within TOLERANCE."""
    found = (
        [] if stored.keys() == played.keys() else [f"keys {sorted(stored.keys() ^ played.keys())}"]
    )
    for key in stored.keys() & played.keys() - ({"bits_sha256"} if not with_bits else set()):
        one, two = stored[key], played[key]
        if isinstance(one, dict):
            found += [
                f"{key}.{name}"
                for name in one.keys() | two.keys()
                if not _close(one.get(name), two.get(name))
            ]
        elif not _close(one, two):
            found.append(key)
    return sorted(found)


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
    stored = golden_trace.read(case)
    played = golden_trace.play(case, stored["actions"])
    assert differences(stored, played, request.config.getoption("--golden-bits")) == []


def test_a_stream_that_books_one_task_elsewhere_is_told_apart() -> None:
    """The comparison can fail: one action changed, and hashes and sums differ."""
    stored = golden_trace.read(CASES[0])
    changed = stored["actions"].replace(
        stored["actions"][0], "b" if stored["actions"][0] == "a" else "a", 1
    )
    assert "choices_sha256" in differences(
        stored, golden_trace.play(CASES[0], changed), with_bits=False
    )


def test_a_sum_that_moved_is_told_apart() -> None:
    stored = golden_trace.read(CASES[0])
    moved = {
        **stored,
        "reward_sums": [stored["reward_sums"][0] * (1 + 1e-7), stored["reward_sums"][1]],
    }
    assert differences(stored, moved, with_bits=True) == ["reward_sums"]
    assert differences(stored, {**stored, "bits_sha256": ""}, with_bits=True) == ["bits_sha256"]
    assert differences(stored, {**stored, "bits_sha256": ""}, with_bits=False) == []


def test_no_trace_is_stored_of_what_is_no_longer_there() -> None:
    assert {path for path in golden_trace.FOLDER.glob("*.json")} == {case.file for case in CASES}
