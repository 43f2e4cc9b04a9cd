"""The replay in a real browser, without a network: what it shows is what the log says."""

from collections.abc import Iterator
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from orbit_gym.simulation.outcomes import TaskOutcome
from orbit_gym.views.episode_log import EpisodeLog
from orbit_gym.views.replay import write_page
from orbit_gym.views.replay.pack import outcomes
from tests.helpers.chromium import PATIENCE_MS, OpenPage
from tests.helpers.playing_logs import faulty, quarter

NODE = 4  # the satellite that tests choose
DESK, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}


def open_replay(browser: Any, path: Path, fragment: str = "#paused", **context: Any) -> OpenPage:
    """The page of a replay, once the episode is unpacked."""
    replay = OpenPage(browser, path, fragment, **{"viewport": DESK, **context})
    replay.page.evaluate("window.replay.ready")
    return replay


def wait_until(page: Any, condition: str) -> None:
    """Look every frame, for a minute at most.

    The page's own policy forbids what Page.wait_for_function does.
    """
    look = (
        f"({condition}) ? done(true) : performance.now() > until ? done(false) : "
        "requestAnimationFrame(look)"
    )
    script = (
        "new Promise(done => "
        f"{{ const until = performance.now() + {PATIENCE_MS}, look = () => {look}; look(); }})"
    )
    assert page.evaluate(script), f"{condition} did not come true within {PATIENCE_MS / 1000.0:g} s"


@pytest.fixture(scope="module")
def single(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenPage]:
    replay = open_replay(
        browser, write_page(tmp_path_factory.mktemp("replay") / "replay.html", [faulty().log])
    )
    yield replay
    replay.page.close()


@pytest.fixture(scope="module")
def pair(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenPage]:
    logs = [quarter("eft").log, quarter("least_loaded").log]
    replay = open_replay(
        browser,
        write_page(tmp_path_factory.mktemp("replay") / "pair.html", logs),
        color_scheme="light",
    )
    yield replay
    replay.page.close()


def expected_counts(log: EpisodeLog, time_s: float) -> dict[str, float]:
    """What must be shown at a time of the episode: by delivery, or by release where nothing is
    delivered.
    """
    table, kind, now_s = log.group("decisions"), outcomes(log), log.header["start_s"] + time_s
    counts = {
        name: int(((kind == code) & (table[column] <= now_s)).sum())
        for name, code, column in (
            ("on_time", TaskOutcome.DELIVERED, "delivery_s"),
            ("late", TaskOutcome.LATE, "delivery_s"),
            ("rejected", TaskOutcome.REJECTED, "release_s"),
            ("lost", TaskOutcome.LOST, "release_s"),
        )
    }
    released = int((table["release_s"] <= now_s).sum())
    value = float(
        table["value"][(kind == TaskOutcome.DELIVERED) & (table["delivery_s"] <= now_s)].sum()
    )
    return {
        "released": released,
        **counts,
        "under_way": released - sum(counts.values()),
        "value": value,
    }


def quiet_time_s(log: EpisodeLog, about_s: float) -> float:
    """A time near about_s that is not within 0.05 s of anything that is counted, so that rounding
    cannot change the counts.
    """
    table, start_s = log.group("decisions"), log.header["start_s"]
    events_s = (
        np.sort(
            np.concatenate(
                [table["release_s"], table["delivery_s"][~np.isnan(table["delivery_s"])]]
            )
        )
        - start_s
    )
    gaps = np.diff(events_s)
    wide = np.flatnonzero(gaps > 0.1)
    best = wide[np.abs(events_s[wide] - about_s).argmin()]
    return round(float(events_s[best] + gaps[best] / 2.0), 3)


def test_it_opens_alone_and_without_a_word(single: OpenPage) -> None:
    """No error, no warning, no request.

    Frames are drawn, and the canvas shows more than one colour.
    """
    single.page.evaluate("replay.seek(60)")
    state = single.page.evaluate("replay.state()")
    assert single.troubles == [] and single.foreign_requests == [] and len(single.requests) >= 1
    assert state["playing"] is False and single.page.evaluate("replay.frames()") > 0
    assert single.page.title() == "CrossPlane12, eft: OrbitGym replay" and single.page.is_hidden(
        "#trouble"
    )
    picture = single.page.locator("#globe").screenshot()
    assert len(picture) > 30_000  # an empty one of this size has about 8 kB


@pytest.mark.parametrize("about_s", [5.0, 300.0, 720.0, 900.0, 2_000.0])
def test_counts_are_the_logs(single: OpenPage, about_s: float) -> None:
    log = faulty().log
    time_s = quiet_time_s(log, about_s)
    single.page.evaluate(f"replay.seek({time_s})")
    state = single.page.evaluate("replay.state()")
    expected = expected_counts(log, time_s)
    episode = state["episodes"][0]
    assert {name: episode[name] for name in expected if name != "value"} == {
        name: expected[name] for name in expected if name != "value"
    }
    assert episode["value"] == pytest.approx(expected["value"], abs=1e-6)
    texts = {
        name: single.page.inner_text(f'[data-count="{name}"]')
        for name in ("on_time", "late", "rejected", "lost", "under_way")
    }
    assert texts == {name: f"{expected[name]:,}" for name in texts}
    moment = (
        datetime.fromisoformat(log.header["midnight_utc"]).timestamp()
        + log.header["start_s"]
        + time_s
    )
    assert datetime.fromisoformat(state["utc"]).timestamp() == pytest.approx(moment, abs=0.002)
    assert single.page.inner_text("#clock time") == state["utc"][:19].replace("T", " ")


@pytest.mark.parametrize("time_s", [123.4, 500.0, 888.8])
def test_links_and_places_are_the_logs(single: OpenPage, time_s: float) -> None:
    log = faulty().log
    single.page.evaluate(f"replay.seek({time_s})")
    state, links, now_s = (
        single.page.evaluate("replay.state()"),
        log.group("links"),
        log.header["start_s"] + time_s,
    )
    is_up = (links["start_s"] <= now_s) & (now_s < links["end_s"])
    for name, kind in (("lasers", 0), ("passes", 1), ("users", 2)):
        assert state[name] == (is_up & (links["kind"] == kind)).sum(), name
    samples_s, places_m = log.arrays["positions/time_s"], log.arrays["positions/positions_m"]
    node, row = NODE, int(np.searchsorted(samples_s, now_s))
    part = (now_s - samples_s[row - 1]) / (samples_s[row] - samples_s[row - 1])
    straight_m = (1 - part) * places_m[row - 1, node] + part * places_m[row, node]
    found_m = single.page.evaluate(f"replay.where({node}).earth_fixed_m")
    assert (
        np.linalg.norm(found_m - straight_m) < 1_500.0
    )  # a chord of 30 s lies at most 960 m below the orbit; steps of 220 m


def test_playing_moves_the_clock_and_pausing_stops_it(single: OpenPage) -> None:
    page = single.page
    page.evaluate("replay.seek(100); replay.setPace(120)")
    page.click("#play")
    wait_until(page, "replay.state().time_s > 130")
    assert page.get_attribute("#play", "aria-label") == "Pause"
    page.keyboard.press("Escape")  # leaves the play button's own key alone
    page.click("#play")
    state = page.evaluate("replay.state()")
    assert state["playing"] is False and page.get_attribute("#play", "aria-label") == "Play"
    frames = page.evaluate(
        "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => "
        "done(replay.state().time_s))))"
    )
    assert frames == state["time_s"]


def test_keys(single: OpenPage) -> None:
    page = single.page
    page.evaluate(
        "replay.pause(); replay.select(-1); replay.seek(200); replay.setPace(60); "
        "document.activeElement.blur()"
    )

    def after(key: str) -> dict[str, Any]:
        page.keyboard.press(key)
        return page.evaluate("replay.state()")

    assert after("ArrowRight")["time_s"] == 230 and after("Shift+ArrowLeft")["time_s"] == 0
    assert after("ArrowUp")["pace"] == 120 and after("ArrowDown")["pace"] == 60
    assert (
        after("End")["time_s"] == page.evaluate("replay.state().last_s")
        and after("Home")["time_s"] == 0
    )
    first, second = (faulty().log.header["nodes"][k]["name"] for k in range(2))
    assert (
        after("n")["selected"] == first
        and after("n")["selected"] == second
        and after("p")["selected"] == first
    )
    assert after("Escape")["selected"] is None
    assert after("Space")["playing"] is True and after("Space")["playing"] is False


def test_the_slider_scrubs(single: OpenPage) -> None:
    """A press on a quarter of the time line; the slider says the time to those who listen."""
    box = single.page.locator("#timeline input").bounding_box()
    single.page.mouse.click(box["x"] + box["width"] / 4, box["y"] + box["height"] / 2)
    state = single.page.evaluate("replay.state()")
    assert state["time_s"] == pytest.approx(state["last_s"] / 4, rel=0.02)
    wait_until(
        single.page,
        "document.querySelector('#timeline "
        "input').getAttribute('aria-valuetext').startsWith('2025-')",
    )


def test_a_click_on_a_satellite_opens_what_the_log_says_of_it(single: OpenPage) -> None:
    page, log = single.page, faulty().log
    time_s = 450.0
    page.evaluate(f"replay.select(-1); replay.seek({time_s})")
    places = {k: page.evaluate(f"replay.where({k}).screen") for k in range(12)}
    pixel_of = {
        k: place
        for k, place in places.items()
        if place and 260 < place[0] < 1270 and 10 < place[1] < 640
    }
    node = max(
        pixel_of,
        key=lambda k: min(
            [
                1e9,
                *(
                    np.hypot(*np.subtract(pixel_of[k], pixel_of[other]))
                    for other in pixel_of
                    if other != k
                ),
            ]
        ),
    )
    page.mouse.click(*pixel_of[node])
    name = log.header["nodes"][node]["name"]
    assert page.inner_text("#panel h2") == name
    satellite = page.evaluate("replay.state().episodes[0].satellite")
    row = (
        int(
            np.searchsorted(
                log.arrays["series/time_s"], log.header["start_s"] + time_s, side="right"
            )
        )
        - 1
    )
    for key, step in (
        ("queue_s", 0.5),
        ("charge_fraction", 1e-4),
        ("temperature_c", 0.05),
        ("lanes_busy", 0.0),
    ):
        assert satellite[key] == pytest.approx(
            float(log.arrays[f"series/{key}"][row, node]), abs=0.51 * step + 1e-6
        )
    resident = int(log.arrays["series/resident"][row, node])
    assert satellite["models"] == [
        model for k, model in enumerate(log.header["models"]) if resident >> k & 1
    ]
    charge = f"{100 * satellite['charge_fraction']:.1f} %"
    wait_until(
        page,
        "[...document.querySelectorAll('#panel figcaption output')].every(output => "
        "output.textContent)",
    )  # the next frame
    outputs = page.locator("#panel figcaption output").all_inner_texts()
    assert (
        charge in outputs
        and f"{satellite['temperature_c']:.1f} °C" in outputs
        and any("laser" in text for text in outputs)
    )
    page.click("#panel .close")
    assert page.is_hidden("#panel") and page.evaluate("replay.state().selected") is None


def test_two_policies_share_a_clock(pair: OpenPage) -> None:
    page, logs = pair.page, [quarter("eft").log, quarter("least_loaded").log]
    time_s = quiet_time_s(logs[1], 600.0)
    page.evaluate(f"replay.seek({time_s}); replay.select({NODE})")
    state = page.evaluate("replay.state()")
    assert [episode["policy"] for episode in state["episodes"]] == ["eft", "least_loaded"]
    for place, log in enumerate(logs):
        expected = expected_counts(log, time_s)
        assert {name: state["episodes"][place][name] for name in expected} == pytest.approx(
            expected
        )
        assert (
            page.locator(".score").nth(place).locator('[data-count="on_time"]').inner_text()
            == f"{expected['on_time']:,}"
        )
        row = (
            int(
                np.searchsorted(
                    log.arrays["series/time_s"], log.header["start_s"] + time_s, side="right"
                )
            )
            - 1
        )
        shown_s = state["episodes"][place]["satellite"]["queue_s"]
        assert shown_s == pytest.approx(float(log.arrays["series/queue_s"][row, NODE]), abs=0.26)
    assert (
        page.locator("#panel polyline.line-1").count() == 4
        and pair.troubles == []
        and pair.foreign_requests == []
    )


def test_a_light_page_has_a_light_sky(pair: OpenPage) -> None:
    """Dark words need it, behind the left globe and the right one.

    The canvas must not let black through.
    """
    picture = np.asarray(
        Image.open(BytesIO(pair.page.locator("#globe").screenshot())).convert("RGB")
    )
    for x, y in ((10, 420), (630, 420), (1270, 420), (700, 130)):
        assert picture[y - 2 : y + 3, x - 2 : x + 3].mean() > 200.0, (x, y)


def test_a_phone_has_room_for_everything(browser: Any, pair: OpenPage, tmp_path: Path) -> None:
    """Nothing is wider than the screen.

    Panel, bar and globe share its height; the play button can be pressed.
    """
    pair.page.evaluate("replay.select(-1)")
    pair.page.set_viewport_size(PHONE)
    wait_until(pair.page, "document.querySelector('#bar').offsetWidth === 390")
    for panel in (False, True):
        pair.page.evaluate(f"replay.select({NODE if panel else -1})")
        boxes = {
            name: pair.page.locator(name).bounding_box()
            for name in ("#top", "#bar", "#play", *(("#panel",) if panel else ()))
        }
        assert all(
            box["x"] >= 0 and box["x"] + box["width"] <= PHONE["width"] + 0.5
            for box in boxes.values()
        )
        assert pair.page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
        lowest = boxes["#panel"]["y"] if panel else boxes["#bar"]["y"]
        assert boxes["#top"]["y"] + boxes["#top"]["height"] < lowest - 100
    pair.page.set_viewport_size(DESK)


def test_a_damaged_page_says_so(browser: Any, tmp_path: Path) -> None:
    text = write_page(tmp_path / "whole.html", [quarter().log]).read_text()
    start = text.index('id="data">') + len('id="data">')
    (tmp_path / "cut.html").write_text(
        text[: start + 4_000] + text[text.index("</script>", start) :]
    )
    replay = OpenPage(browser, tmp_path / "cut.html")
    replay.page.wait_for_selector("#trouble", state="visible")
    assert replay.page.inner_text("#trouble").startswith("This replay cannot be shown: ")
    replay.page.close()
