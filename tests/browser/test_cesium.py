"""CZML in Cesium itself: what its own CzmlDataSource makes of a file is what the log says.

Cesium is not among the requirements:

npm install cesium in any folder, and CESIUM=that-folder/node_modules/cesium python -m pytest
tests/browser/test_cesium.py
"""

import mimetypes
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.interpolate import CubicSpline

from orbit_gym.views.replay import write_czml
from tests.helpers.playing_logs import quarter

SITE = "http://cesium.test/"  # no such host: every request is answered here, from files
PAGE = """<!doctype html><title>CZML</title>
<link rel="stylesheet" href="Build/Cesium/Widgets/widgets.css">
<style>html, body, #view { height: 100%; margin: 0 }</style><div id="view"></div>
<script>window.CESIUM_BASE_URL = "/Build/Cesium/"</script>
<script src="Build/Cesium/Cesium.js"></script>"""
LOOK = """([ids, instants]) => instants.map(instant => {
  const isStraight = entity => entity.polyline.arcType.getValue(time) === Cesium.ArcType.NONE;
  const time = Cesium.JulianDate.fromIso8601(instant), entities = source.entities;
  const place = id => {
    const at = entities.getById(id).position.getValue(time); return [at.x, at.y, at.z];
  };
  const shown = entities.values.filter(entity => entity.polyline && entity.isAvailable(time));
  const ends = shown.map(entity =>
    entity.polyline.positions.getValue(time).map(at => [at.x, at.y, at.z]));
  return { places: ids.map(place), links: shown.map(entity => entity.id), ends,
    straight: shown.every(isStraight) };
})"""
VIEW = """async () => {
  const imagery = Cesium.TileMapServiceImageryProvider.fromUrl(
    Cesium.buildModuleUrl("Assets/Textures/NaturalEarthII"));
  const baseLayer = Cesium.ImageryLayer.fromProviderAsync(imagery);
  window.viewer = new Cesium.Viewer("view", { baseLayer, baseLayerPicker: false, geocoder: false });
  await viewer.dataSources.add(source);
  await new Promise(done => {
    let frames = 0;
    viewer.scene.postRender.addEventListener(() => ++frames === 10 && done());
  });
  return { now: Cesium.JulianDate.toIso8601(viewer.clock.currentTime, 0), title: source.name };
}"""


@pytest.fixture(scope="module")
def cesium() -> Path:
    """The npm package; skipped where CESIUM does not name it."""
    folder = Path(os.environ.get("CESIUM", ""))
    if not (folder / "Build" / "Cesium" / "Cesium.js").is_file():
        pytest.skip(
            "CESIUM does not name the npm package cesium, which is not among our requirements"
        )
    return folder


@pytest.fixture(scope="module")
def page(cesium: Path, browser: Any) -> Iterator[Any]:
    """A page with Cesium, which has loaded the CZML of a quarter of an hour as window.source.

    Page.troubles are its errors.
    """
    new_page = browser.new_page(viewport={"width": 1280, "height": 800})
    new_page.set_default_timeout(120_000.0)  # workers and shaders, drawn without a graphics card
    new_page.troubles = []
    new_page.on("pageerror", lambda error: new_page.troubles.append(str(error)))
    new_page.route("**/*", lambda route: answer(route, cesium, new_page.troubles))
    new_page.goto(SITE)
    new_page.evaluate(
        "async () => { window.source = await Cesium.CzmlDataSource.load('episode.czml'); }"
    )
    yield new_page
    new_page.close()


def answer(route: Any, folder: Path, troubles: list[str]) -> None:
    """The page, the CZML or a file of Cesium; any other request is a trouble."""
    name = route.request.url.removeprefix(SITE).partition("?")[0]
    if name == "":
        route.fulfill(body=PAGE, content_type="text/html")
    elif name == "episode.czml":
        route.fulfill(
            body=write_czml(folder.parent / "episode.czml", quarter().log).read_bytes(),
            content_type="application/json",
        )
    elif (folder / name).is_file():
        route.fulfill(
            path=folder / name,
            content_type=mimetypes.guess_type(name)[0] or "application/octet-stream",
        )
    else:
        troubles.append(f"asked for {route.request.url}")
        route.abort()


def instants(times_s: np.ndarray) -> list[str]:
    """Times of day as CZML writes them, to the nanosecond."""
    midnight = np.datetime64(quarter().log.header["midnight_utc"].removesuffix("Z"), "ns")
    return [
        f"{midnight + np.timedelta64(round(1e9 * time_s), 'ns')}Z" for time_s in times_s.tolist()
    ]


def test_every_packet_becomes_an_entity_with_its_clock(page: Any) -> None:
    log = quarter().log
    links = {
        (a, b, kind)
        for a, b, kind in zip(
            *(log.arrays[f"links/{name}"].tolist() for name in ("node_a", "node_b", "kind"))
        )
    }
    n_links = sum(log.header["link_kinds"][kind] != "fibre" for *_, kind in links)
    assert page.evaluate("source.entities.values.length") == len(log.header["nodes"]) + n_links
    assert page.evaluate("source.entities.values.filter(entity => entity.path).length") == 12
    start, stop = page.evaluate(
        "[source.clock.startTime, source.clock.stopTime].map(time => "
        "Cesium.JulianDate.toIso8601(time, 3))"
    )
    interval = [np.datetime64(instant.removesuffix("Z"), "ms") for instant in (start, stop)]
    expected = [
        np.datetime64(text.removesuffix("Z"), "ms")
        for text in instants(np.array([log.header["start_s"], log.header["last_s"]]))
    ]
    assert max(abs(one - two) for one, two in zip(interval, expected)) <= np.timedelta64(1, "ms")
    assert page.troubles == []


def test_satellites_and_links_are_where_the_log_has_them(page: Any) -> None:
    """At samples within 0.2 m, which rounding explains.

    Between them within 5 m of a spline through all (Cesium's is of degree 5).
    """
    log = quarter().log
    samples_s, places_m = (
        log.arrays["positions/time_s"],
        log.arrays["positions/positions_m"].astype(np.float64),
    )
    inner_rows = np.flatnonzero(
        (samples_s > log.header["start_s"]) & (samples_s < log.header["last_s"])
    )[3:-3:5]
    between_s = samples_s[inner_rows] + 13.7
    spline = CubicSpline(samples_s, places_m)
    ids, links = [f"node-{node}" for node in range(12)], log.group("links")
    for times_s, reach_m in ((samples_s[inner_rows], 0.2), (between_s, 5.0)):
        for time_s, look in zip(times_s, page.evaluate(LOOK, [ids, instants(times_s)])):
            errors_m = np.linalg.norm(np.array(look["places"]) - spline(time_s), axis=-1)
            assert errors_m.max() < reach_m, (time_s, errors_m.max())
            is_up = (links["start_s"] <= time_s) & (time_s < links["end_s"])
            up = {
                (a, b)
                for a, b, kind in zip(
                    links["node_a"][is_up], links["node_b"][is_up], links["kind"][is_up]
                )
                if kind != 3
            }
            pairs = [tuple(int(part) for part in name.split("-")[1:]) for name in look["links"]]
            assert look["straight"] and set(pairs) == up and len(pairs) == len(up) >= 10
            for (a, _), ends in zip(pairs, look["ends"]):
                assert np.linalg.norm(np.array(ends[0]) - spline(time_s)[a]) < reach_m
    assert page.troubles == []


def test_a_viewer_shows_it(page: Any) -> None:
    """Cesium's whole viewer with the imagery that comes with it: no error, the clock stands at the
    episode's start.
    """
    view, log = page.evaluate(VIEW), quarter().log
    assert view["title"] == "OrbitGym ThreeBody12, eft, seed 3"
    now_utc, start = (
        np.datetime64(view["now"].removesuffix("Z"), "s"),
        np.datetime64(instants(np.array([log.header["start_s"]]))[0][:19], "s"),
    )
    assert (
        np.timedelta64(0, "s") <= now_utc - start < np.timedelta64(3600, "s")
    )  # it plays at 60 times speed
    picture = os.environ.get("CESIUM_PICTURE")
    page.screenshot(path=picture) if picture else page.screenshot()
    assert page.troubles == []
