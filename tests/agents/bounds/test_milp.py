"""The bound holds for every policy, is tight where arithmetic says so, and bad input is refused."""

import numpy as np
import pytest

from agents.bounds.milp import Choices, Comparison, compare, least_inside_s
from orbit_gym.scenario.scenario import ScriptedTask

LIMIT_S = 20.0
# Twenty scenes at once on one satellite of Tiny, due after 135 s. The station opens at second 120;
# inputs that wait for it are too late for the datacentre. A satellite loads 16 GB in 13.67 s, then
# serves one scene in 17.92 s: (135 - 13.67) / 17.92 = 6.77, so 6 each.
CROWD = tuple(ScriptedTask("eo_scene", 0.01 * k, "P01S01") for k in range(20))
CROWDED = {"workload.script": CROWD, "workload.slack_scale": {"eo_scene": 135.0 / 1_050.0}}


def test_tiny_is_tight() -> None:
    """The bound of Tiny is its best return, 10, which the search of tests/test_tiny.py and the
    clairvoyant reach.
    """
    row = compare(Comparison("Tiny", policies=("eft_admit", "clairvoyant"), limit_s=LIMIT_S))[0]
    assert row["integer"] == pytest.approx(10.0, abs=1e-6)
    assert (row["clairvoyant"], row["eft_admit"]) == (10.0, 9.5)


def test_a_crowd_is_bounded_by_whole_scenes() -> None:
    """3 satellites times 6.

    Without integers 3 x 6.77 = 20.3, so the linear bound says nothing here. A rule reaches 18.
    """
    row = compare(Comparison("Tiny", policies=("eft_admit",), limit_s=LIMIT_S, overrides=CROWDED))[
        0
    ]  # type: ignore[arg-type]
    assert row["relaxed"] == 20.0 and row["linear"] == pytest.approx(20.0, abs=1e-6)
    assert row["integer"] == pytest.approx(18.0, abs=1e-6)
    assert row["eft_admit"] == 18.0


@pytest.mark.parametrize("name", ["ThreeBody12", "swap-heavy"])
def test_no_policy_exceeds_the_bound(name: str) -> None:
    """Short crowded episodes: the bound lies below the relaxed value and above every policy."""
    crowd = {"episode_s": 20.0, "workload.load": 8.0}
    row = compare(
        Comparison(
            name,
            policies=("eft_admit", "nearest", "model_affinity"),
            limit_s=LIMIT_S,
            overrides=crowd,
        )
    )[0]
    bound = min(row["linear"], row["integer"])
    assert bound <= row["relaxed"] + 1e-6
    assert bound >= max(row[policy] for policy in ("eft_admit", "nearest", "model_affinity")) > 0.0


def test_energetic_reasoning_by_hand() -> None:
    """A service of 4 s on half the lanes within [0, 10]. In [0, 10] all of it, 2.

    In [3, 7] at least 0 + 4 - 3 = 1 s if early and 7 - 6 = 1 s if late, 0.5; in [4, 6] none; where
    it must be within [2, 7]: in [3, 6], 3 s each way, 1.5.
    """
    one = np.ones(1)
    ways = Choices(
        *(one.astype(int),) * 3,
        one,
        ready_s=0.0 * one,
        last_s=10.0 * one,
        service_s=4.0 * one,
        share=0.5 * one,
    )
    assert [least_inside_s(ways, *span)[0] for span in ((0.0, 10.0), (3.0, 7.0), (4.0, 6.0))] == [
        2.0,
        0.5,
        0.0,
    ]
    ways = Choices(
        *(one.astype(int),) * 3,
        one,
        ready_s=2.0 * one,
        last_s=7.0 * one,
        service_s=4.0 * one,
        share=0.5 * one,
    )
    assert least_inside_s(ways, 3.0, 6.0)[0] == 1.5


BAD = [
    ({"seeds": 0}, "--seeds must be at least 1"),
    ({"limit_s": 0.0}, "--limit-s positive"),
    ({"policies": ("etf",)}, "unknown policy 'etf'"),
    ({"scenario": "tests.helpers.fake_env:Fake/Affinity-v0"}, "not one of OrbitGym's own"),
]


@pytest.mark.parametrize(("changes", "message"), BAD)
def test_bad_input_is_refused(changes, message) -> None:
    with pytest.raises(ValueError, match=message):
        compare(Comparison(**({"scenario": "Tiny"} | changes)))
