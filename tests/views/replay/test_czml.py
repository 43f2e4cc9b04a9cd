"""CZML: czml3 accepts every packet, and what it says is what the log says."""

import json
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from orbit_gym.views.replay.czml import czml, write_czml
from tests.helpers.playing_logs import Recorded, faulty, quarter, recorded

czml3 = pytest.importorskip("czml3", reason="czml3 (extra dev) is not installed")
CASES = {"quiet": quarter, "faulty": faulty, "tiny": lambda: recorded("Tiny")}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Recorded:
    return CASES[request.param]()


def seconds(instant: str, log) -> float:
    """Seconds of the day of an instant."""
    return (
        datetime.fromisoformat(instant) - datetime.fromisoformat(log.header["midnight_utc"])
    ).total_seconds()


def test_czml3_reads_what_is_written(case: Recorded, tmp_path: Path) -> None:
    packets = json.loads(write_czml(tmp_path / "e.czml", case.log).read_text())
    document = czml3.Document.model_validate({"packets": packets})
    assert len(document.packets) == len(packets) == len({packet["id"] for packet in packets})
    round_trip = json.loads(document.dumps())
    assert [packet["id"] for packet in round_trip] == [packet["id"] for packet in packets]
    assert round_trip[1]["position"]["cartesian"] == packets[1]["position"]["cartesian"]


def test_positions_and_clock(case: Recorded) -> None:
    log = case.log
    packets = {packet["id"]: packet for packet in czml(log)}
    time_s, places_m = log.arrays["positions/time_s"], log.arrays["positions/positions_m"]
    begin, end = packets["document"]["clock"]["interval"].split("/")
    assert seconds(begin, log) == pytest.approx(log.header["start_s"], abs=1e-3)
    assert seconds(end, log) == pytest.approx(log.header["last_s"], abs=1e-3)
    for node in range(places_m.shape[1]):
        position = packets[f"node-{node}"]["position"]
        rows = np.array(position["cartesian"]).reshape(-1, 4)
        assert (
            position["referenceFrame"] == "FIXED"
            and packets[f"node-{node}"]["name"] == log.header["nodes"][node]["name"]
        )
        np.testing.assert_allclose(rows[:, 0] + seconds(position["epoch"], log), time_s, atol=1e-6)
        np.testing.assert_allclose(rows[:, 1:], places_m[:, node], atol=0.6)
    assert rows[0, 0] <= log.header["start_s"] and rows[-1, 0] >= log.header["last_s"]


def test_links_are_shown_while_they_are_up(case: Recorded) -> None:
    log = case.log
    links, kinds = log.group("links"), log.header["link_kinds"]
    spans_of: dict[str, list[tuple[float, float]]] = {}
    for packet in czml(log):
        if "polyline" in packet:
            spans = (
                packet["availability"]
                if isinstance(packet["availability"], list)
                else [packet["availability"]]
            )
            spans_of[packet["id"]] = [
                tuple(seconds(instant, log) for instant in span.split("/")) for span in spans
            ]
            ends = [
                reference.removesuffix("#position")
                for reference in packet["polyline"]["positions"]["references"]
            ]
            assert packet["id"].split("-")[1:] == [end.removeprefix("node-") for end in ends]
    expected: dict[str, list[tuple[float, float]]] = {}
    for a, b, kind, start_s, end_s in zip(
        *(links[name].tolist() for name in ("node_a", "node_b", "kind", "start_s", "end_s"))
    ):
        if kinds[kind] != "fibre" and end_s - start_s >= 1e-3:
            expected.setdefault(f"{kinds[kind]}-{a}-{b}", []).append((start_s, end_s))
    assert list(spans_of) == list(expected)
    for name, spans in expected.items():
        np.testing.assert_allclose(spans_of[name], spans, atol=1.1e-3)
