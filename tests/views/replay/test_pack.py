"""The page's data: what the browser gets is what the log says, to within the steps that pack.py
rounds to.
"""

import re
from pathlib import Path

import numpy as np
import pytest

from orbit_gym.simulation.outcomes import COUNTS
from orbit_gym.views.episode_log import EpisodeLog
from orbit_gym.views.replay import write_page
from orbit_gym.views.replay.pack import (
    Packer,
    check_same_episode,
    outcomes,
    pack,
)
from orbit_gym.views.replay.page import page
from tests.helpers.playing_logs import changed, columns, faulty, quarter, recorded
from tests.helpers.unpacking import from_page, unpacked


@pytest.mark.parametrize("kind", ["i1", "i2", "i4"])
@pytest.mark.parametrize("differences", [0, 1, 2])
def test_whole_numbers_come_back_exactly(kind: str, differences: int) -> None:
    """The type's whole range: differences of its ends wrap, and so do their sums."""
    limits = np.iinfo(np.dtype(kind))
    values = np.random.default_rng(0).integers(limits.min, limits.max, (17, 3), endpoint=True)
    values[:2, 0] = limits.min, limits.max
    packer = Packer()
    packer.add(np.arange(5), "i1")  # something before it
    entry = packer.add(values, kind, 1.0, differences)
    assert np.array_equal(unpacked(packer.finish({"x": entry}))["x"], values)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(
        ValueError, match="a value of the log does not fit the replay: 0 to 40000 as i2"
    ):
        Packer().add(np.array([0, 40_000]), "i2")


@pytest.mark.parametrize("case", [quarter, faulty, lambda: recorded("Tiny")])
def test_the_page_holds_what_the_log_says(case) -> None:
    log = case().log
    data = unpacked(pack([log]))
    world, (episode,), start_s = data["world"], data["episodes"], log.header["start_s"]
    table, tasks = log.group("decisions"), episode["tasks"]
    is_booked = table["node"] >= 0
    for name in (
        "origin",
        "destination",
        "node",
        "task_class",
        "model",
        "input_hops",
        "result_hops",
        "by_alert",
    ):
        assert tasks[name].tolist() == table[name].tolist(), name
    assert tasks["release_s"] + start_s == pytest.approx(table["release_s"], abs=0.01)
    assert tasks["slack_s"] == pytest.approx(table["slack_s"], abs=0.006) and tasks[
        "value"
    ] == pytest.approx(table["value"], abs=6e-4)
    has_load = ~np.isnan(table["load_start_s"])
    loads_s = (tasks["release_s"] + tasks["load_start_s"])[has_load] + start_s
    assert (
        loads_s == pytest.approx(table["load_start_s"][has_load], abs=0.02)
        and (tasks["load_start_s"][~has_load] == -1.0).all()
    )
    for name in ("arrival_s", "start_s", "finish_s", "delivery_s"):
        assert (tasks["release_s"] + tasks[name])[is_booked] + start_s == pytest.approx(
            table[name][is_booked], abs=0.02
        ), name
        assert (tasks[name][~is_booked] == -1.0).all()
    hops = log.group("hops")
    for name in ("from_node", "to_node"):
        assert episode["hops"][name].tolist() == hops[name].tolist()
    begin_s = table["release_s"][hops["decision"]] + episode["hops"]["start_s"]
    assert begin_s == pytest.approx(hops["start_s"], abs=1e-3)
    assert begin_s + episode["hops"]["end_s"] == pytest.approx(hops["end_s"], abs=2e-3)
    for name, step in (
        ("queue_s", 0.5),
        ("charge_fraction", 1e-4),
        ("temperature_c", 0.05),
        ("lanes_busy", 0.0),
        ("resident", 0.0),
    ):
        np.testing.assert_allclose(
            episode["series"][name], log.arrays[f"series/{name}"], atol=0.5001 * step, rtol=1e-6
        )
    for name in ("start_s", "end_s"):
        assert world["links"][name] + start_s == pytest.approx(
            log.arrays[f"links/{name}"], abs=0.006
        )
        assert world["sunlight"][name] + start_s == pytest.approx(
            log.arrays[f"sunlight/{name}"], abs=0.006
        )
    assert world["sunlight"]["satellite"].tolist() == log.arrays["sunlight/satellite"].tolist()
    for name in ("node_a", "node_b", "kind"):
        assert world["links"][name].tolist() == log.arrays[f"links/{name}"].tolist()
    assert world["links"]["rate_bps"] == pytest.approx(
        log.arrays["links/rate_bps"], abs=5.1e3, rel=1e-6
    )
    np.testing.assert_allclose(world["sites"], log.arrays["sites/positions_m"], atol=0.51)
    assert world["start_s"] == start_s and world["nodes"] == log.header["nodes"]


def test_the_sun_stands_over_the_place_where_it_is_noon() -> None:
    """Solar noon is where longitude = -15 degrees an hour after 12:00 UTC, within the equation of
    time (up to 4.2 degrees); in August the Sun is 8 to 18 degrees north. The Earth turns eastward
    by 360 degrees in a sidereal day of 86,164 s.
    """
    log = quarter().log
    world = unpacked(pack([log]))["world"]
    x, y, z = world["sun"]
    noon_deg = -15.0 * (log.header["start_s"] / 3600.0 - 12.0)
    assert abs((np.degrees(np.arctan2(y, x)) - noon_deg + 180.0) % 360.0 - 180.0) < 4.5
    assert 8.0 < np.degrees(np.arcsin(z)) < 18.5 and x * x + y * y + z * z == pytest.approx(1.0)
    assert 2.0 * np.pi / world["rotation_rad_per_s"] == pytest.approx(86_164.1, abs=0.2)


def test_positions_enclose_the_episode_and_are_good_to_a_step() -> None:
    log = quarter().log
    world = unpacked(pack([log]))["world"]
    time_s, places_m = columns(log, "positions", "time_s", "positions_m")
    step_s, packed_m = world["position_step_s"], world["positions_m"]
    assert step_s == 60.0 and world["position_start_s"] == time_s[0]
    assert world["position_start_s"] + step_s * (len(packed_m) - 1) >= log.header["last_s"]
    assert world["positions_m"].shape[0] * 2 - len(places_m) in (1, 2)
    n_common = min(len(packed_m), len(places_m[::2]))
    assert (
        np.abs(packed_m[:n_common] - places_m[::2][:n_common]).max() < 120.0
    )  # half a step of 7,000 km / 32,000


def test_outcomes_are_counted_once() -> None:
    log, metrics = faulty().log, faulty().metrics
    kinds = outcomes(log)
    assert {name: int((kinds == kind).sum()) for kind, name in COUNTS.items()} == {
        name: int(metrics[name]) for name in COUNTS.values()
    }


def test_two_policies_share_one_world() -> None:
    one, two = quarter("eft").log, quarter("least_loaded").log
    data = unpacked(pack([one, two]))
    assert [episode["policy"] for episode in data["episodes"]] == ["eft", "least_loaded"]
    assert data["world"]["last_s"] == max(one.header["last_s"], two.header["last_s"])
    assert (
        data["episodes"][0]["tasks"]["origin"].tolist()
        == data["episodes"][1]["tasks"]["origin"].tolist()
    )
    assert len(page([one, two])) < len(page([one])) + len(page([two])) - len(page([one])) // 2


def test_other_episodes_do_not_stand_side_by_side() -> None:
    log = quarter().log
    for change, message in (
        ({"seed": 4}, "but seed is 3 in one and 4 in the other"),
        (
            {"midnight_utc": "2025-08-09T00:00:00Z"},
            "but day is 2025-08-06 in one and 2025-08-09 in the other",
        ),
        (
            {"scenario": {**log.header["scenario"], "name": "Mine"}},
            "but scenario is ThreeBody12 in one and Mine in the other",
        ),
        (
            {"scenario": {**log.header["scenario"], "candidates": 3}},
            "but their scenarios or tasks differ",
        ),
    ):
        with pytest.raises(
            ValueError, match=f"side by side needs two logs of the same episode, {message}"
        ):
            check_same_episode([log, changed(log, **change)])
    shifted = {**log.arrays, "decisions/release_s": log.arrays["decisions/release_s"] + 1.0}
    with pytest.raises(ValueError, match="but their scenarios or tasks differ"):
        check_same_episode([log, EpisodeLog(log.header, shifted)])


def test_a_page_takes_one_log_or_two(tmp_path: Path) -> None:
    log = quarter().log
    for logs in ([], [log, log, log]):
        with pytest.raises(
            ValueError, match=f"one episode log, or two side by side; got {len(logs)}"
        ):
            write_page(tmp_path / "replay.html", logs)
    assert not list(tmp_path.iterdir())


def test_the_page_stands_alone(tmp_path: Path) -> None:
    """Everything is inside, nothing is fetched: no address in any attribute, and a policy that
    forbids it.
    """
    text = write_page(tmp_path / "replay.html", [quarter().log]).read_text(encoding="utf-8")
    assert (
        "{{" not in text[: text.index('id="coastlines"')]
        and from_page(text)["world"]["scenario"] == "ThreeBody12"
    )
    assert not re.search(
        r"""\s(?:src|href)\s*=\s*["'](?!data:,)""", text.split('<script type="application/json"')[0]
    )
    assert "@import" not in text and "default-src 'none'" in text
    assert len(re.findall(r"<script", text)) == len(re.findall(r"</script>", text)) == 3
