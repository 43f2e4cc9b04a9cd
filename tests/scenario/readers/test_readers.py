"""Readers of recorded work: known forms, and every way in which a file can be wrong, as one
sentence.
"""

import time
from pathlib import Path

import numpy as np
import pytest

from orbit_gym.scenario.readers.events import read_events
from orbit_gym.scenario.readers.requests import read_azure, read_mooncake
from orbit_gym.scenario.readers.task_files import read_task_file
from orbit_gym.scenario.scenario import EventList, RequestTrace, TaskFile
from orbit_gym.scenario.task_classes import TASK_CLASSES

LANGUAGE = {name: kind.is_language for name, kind in TASK_CLASSES.items()}
AZURE = "TIMESTAMP,ContextTokens,GeneratedTokens\n"
GROUND = "time_utc,latitude_deg,longitude_deg,strength\n"
TASKS = "release_s,origin,task_class,slack_s,prompt_tokens\n"


def write(folder: Path, text: str, name: str = "work.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_azure(tmp_path: Path) -> None:
    """Seven digits of a second as published.

    Rows out of order are put in order; times count from the first.
    """
    text = AZURE + "2023-11-16 18:15:48.5000000,374,44\n2023-11-16 18:15:46.0000000,396,109\n\n"
    trace = read_azure(write(tmp_path, text), strict=True)
    assert trace.times_s.tolist() == [0.0, 2.5]
    assert (trace.prompt_tokens.tolist(), trace.output_tokens.tolist(), trace.n_skipped) == (
        [396.0, 374.0],
        [109.0, 44.0],
        0,
    )


def test_mooncake_as_published_and_as_csv(tmp_path: Path) -> None:
    lines = (
        '{"timestamp": 500, "input_length": 6758, "output_length": 500, "hash_ids": [0, 1]}\n' * 2
    )
    lines += '{"timestamp": 2750, "input_length": 7322, "output_length": 490, "hash_ids": []}\n'
    table = (
        "timestamp_ms,input_tokens,output_tokens,prefix_blocks_512tok\n"
        "500,6758,500,2\n500,6758,500,2\n2750,7322,490,0\n"
    )
    for path in (write(tmp_path, lines, "a.jsonl"), write(tmp_path, table)):
        trace = read_mooncake(path, strict=True)
        assert trace.times_s.tolist() == [0.0, 0.0, 2.25]
        assert (trace.prompt_tokens.tolist(), trace.output_tokens.tolist()) == (
            [6758.0, 6758.0, 7322.0],
            [500.0, 500.0, 490.0],
        )


EVENTS = {
    "ground": (
        GROUND + "2018-05-23T00:00:00Z,10.5,120.25,7\n2018-05-23T01:00:00+00:30,-5,300,2\n",
        False,
    ),
    "sky": (
        "time_utc,ra_deg,dec_deg,strength\n2018-05-23T00:00:00,10.5,-20.25,7\n2018-05-23T00:30:00,300,-5,2\n",
        True,
    ),
    "firms": (
        "acq_utc,lat,lon,frp_MW,satellite\n2018-05-23T00:00:00Z,10.5,120.25,7,Terra\n2018-05-23T00:30:00Z,-5,300,2,Aqua\n",
        False,
    ),
    "usgs": (
        "time_utc,lat,lon,mag,place\n2018-05-23T00:30:00Z,-5,300,2,a\n"
        '2018-05-23T00:00:00Z,10.5,120.25,7,"Amboy, WA"\n',
        False,
    ),
    "gbm": (
        "name,trigger_utc,ra_deg,dec_deg,fluence_erg_cm2\na,2018-05-23T00:00:00Z,10.5,-20.25,7\nb,2018-05-23T00:30:00Z,300,-5,2\n",
        True,
    ),
}


@pytest.mark.parametrize("name", EVENTS)
def test_event_lists_by_their_header(tmp_path: Path, name: str) -> None:
    """The second event is half an hour after the first, whatever the zone and the order of
    lines.
    """
    text, is_sky = EVENTS[name]
    events = read_events(write(tmp_path, text), strict=True)
    assert (
        events.is_sky is is_sky
        and events.times_s.tolist() == [0.0, 1800.0]
        and events.strengths.tolist() == [7.0, 2.0]
    )
    assert events.places_deg.tolist() == [
        [10.5, -20.25 if is_sky else 120.25],
        [300.0, -5.0] if is_sky else [-5.0, 300.0],
    ]


def test_times_without_a_zone_are_utc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the machine stands."""
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    time.tzset()
    try:
        text = GROUND + "2018-05-23T00:00:00,1,2,3\n2018-05-23T00:00:05Z,1,2,3\n"
        assert read_events(write(tmp_path, text), strict=True).times_s.tolist() == [0.0, 5.0]
    finally:
        monkeypatch.undo()
        time.tzset()


def test_the_reference_files_can_be_read(shared_data: Path) -> None:
    """Rows by the README of the data; one line of the Fermi catalogue has no fluence."""
    traces = shared_data / "llm_traces"
    assert read_azure(traces / "azure2023_conv.csv", True).times_s.size == 19_366
    assert read_azure(traces / "azure2023_code.csv", True).times_s.size == 8_819
    assert read_mooncake(traces / "mooncake_fast25_synthetic.csv", True).times_s.size == 3_993
    assert (
        read_events(
            shared_data / "events/firms_modis_fires_sea_2018-05-23_25.csv", True
        ).times_s.size
        == 614
    )
    assert (
        read_events(shared_data / "events/usgs_earthquakes_week_2018-02.csv", True).times_s.size
        == 1_679
    )
    bursts = read_events(shared_data / "events/fermi_gbm_grb_2008_2025.csv", False)
    assert (bursts.times_s.size, bursts.n_skipped) == (4_040, 1)
    with pytest.raises(
        ValueError,
        match=r"fermi_gbm_grb_2008_2025\.csv, line \d+: fluence_erg_cm2 is '', expected a "
        r"finite number",
    ):
        read_events(shared_data / "events/fermi_gbm_grb_2008_2025.csv", True)


def test_task_file(tmp_path: Path) -> None:
    """A cell left empty is -1 here: the class decides. Rows are put in order of release."""
    rows = read_task_file(
        write(tmp_path, TASKS + "30,Kisumu,language_request,,50\n5.5,P01S01,eo_scene,60,\n"),
        True,
        LANGUAGE,
    )
    assert (
        rows.times_s.tolist() == [5.5, 30.0]
        and rows.origins == ("P01S01", "Kisumu")
        and rows.lines == (3, 2)
    )
    assert rows.task_classes == ("eo_scene", "language_request")
    assert {key: values.tolist() for key, values in rows.numbers.items()} == {
        "slack_s": [60.0, -1.0],
        "prompt_tokens": [-1.0, 50.0],
    }


GOOD_REQUEST = "2023-11-16 18:15:46,5,5\n"
BAD_LINES = [
    (
        read_azure,
        AZURE,
        GOOD_REQUEST,
        "yesterday,374,44",
        "TIMESTAMP is 'yesterday', expected a time in ISO 8601 like",
    ),
    (
        read_azure,
        AZURE,
        GOOD_REQUEST,
        "2023-11-16 18:15:46,374.5,44",
        "ContextTokens is '374.5', expected a whole number from 1 to 1e.08",
    ),
    (
        read_azure,
        AZURE,
        GOOD_REQUEST,
        "2023-11-16 18:15:46,nan,44",
        "ContextTokens is 'nan', expected a whole number from 1 to 1e.08",
    ),
    (
        read_azure,
        AZURE,
        GOOD_REQUEST,
        "2023-11-16 18:15:46,0,44",
        "ContextTokens is '0', expected a whole number",
    ),
    (
        read_azure,
        AZURE,
        GOOD_REQUEST,
        "2023-11-16 18:15:46,374",
        "'2023-11-16 18:15:46,374' has 2 values, expected 3: TIMESTAMP,ContextTokens",
    ),
    (
        read_azure,
        AZURE,
        GOOD_REQUEST,
        "2023-11-16 18:15:46,374,",
        "GeneratedTokens is '', expected a whole number from 0",
    ),
    (
        read_mooncake,
        "",
        '{"timestamp": 1, "input_length": 1, "output_length": 1}\n',
        '{"timestamp": 1}',
        "is not a JSON object with timestamp",
    ),
    (
        read_mooncake,
        "",
        '{"timestamp": 1, "input_length": 1, "output_length": 1}\n',
        "{",
        "is not a JSON object with timestamp",
    ),
    (
        read_mooncake,
        "",
        '{"timestamp": 1, "input_length": 1, "output_length": 1}\n',
        '{"timestamp": -5, "input_length": 1, "output_length": 1}',
        "timestamp is '-5', expected a finite number of at least 0",
    ),
    (
        read_events,
        GROUND,
        "2018-05-23T00:00:00Z,1,2,3\n",
        "2018-05-23T00:00:00Z,91,2,3",
        "latitude_deg is '91', expected a finite number from -90",
    ),
    (
        read_events,
        GROUND,
        "2018-05-23T00:00:00Z,1,2,3\n",
        "2018-05-23T00:00:00Z,1,2,inf",
        "strength is 'inf', expected a finite number",
    ),
    (
        read_events,
        GROUND,
        "2018-05-23T00:00:00Z,1,2,3\n",
        "2018-05-23T25:00:00Z,1,2,3",
        "time_utc is '2018-05-23T25:00:00Z', expected a time",
    ),
]


@pytest.mark.parametrize(("reader", "header", "good", "bad", "message"), BAD_LINES)
def test_a_bad_line_is_named_or_skipped_and_counted(
    tmp_path: Path, reader, header: str, good: str, bad: str, message: str
) -> None:
    """File and line number stand in front; the good lines around are read where strict is off."""
    path = write(tmp_path, header + good + bad + "\n" + good)
    line = 3 if header else 2
    with pytest.raises(ValueError, match=rf"work\.csv, line {line}: .*{message}"):
        reader(path, True)
    rows = reader(path, False)
    assert (rows.times_s.size, rows.n_skipped) == (2, 1) and all(
        np.isfinite(column).all() for column in rows[:2]
    )


BAD_TASKS = [
    ("-1,Kisumu,language_request,,", "release_s is '-1', expected a finite number of at least 0"),
    ("1,,language_request,,", "origin is '', expected the name of a satellite or user site"),
    ("1,Kisumu,chess,,", "task_class is 'chess', expected one of eo_scene, "),
    ("1,Kisumu,language_request,0,", "slack_s is '0', expected a finite number above 0"),
    ("1,Kisumu,eo_scene,,50", "prompt_tokens is 50, expected an empty cell: eo_scene has none"),
]


@pytest.mark.parametrize(("bad", "message"), BAD_TASKS)
def test_a_bad_task_is_named_or_skipped_and_counted(tmp_path: Path, bad: str, message: str) -> None:
    path = write(tmp_path, TASKS + "0,Kisumu,language_request,,\n" + bad + "\n")
    with pytest.raises(ValueError, match=rf"work\.csv, line 3: {message}"):
        read_task_file(path, True, LANGUAGE)
    rows = read_task_file(path, False, LANGUAGE)
    assert (rows.times_s.size, rows.n_skipped) == (1, 1)


def trace(path: Path, **fields) -> RequestTrace:
    return RequestTrace(**({"file": str(path), "form": "azure"} | fields))


TWO = AZURE + GOOD_REQUEST + "2023-11-16 18:15:56,5,5\n"
FIRES = GROUND + "2018-05-23T00:00:00Z,1,2,3\n2018-05-23T01:00:00Z,1,2,3\n"
MISTAKES = [
    (TWO, lambda p: trace(p.parent / "none.csv"), r"file '.*none\.csv' does not exist"),
    ("\n", lambda p: trace(p), r"work\.csv' is empty"),
    (
        "a,b\n1,2\n",
        lambda p: trace(p),
        r"work\.csv, line 1: the header has no column 'TIMESTAMP', expected "
        r"TIMESTAMP,ContextTokens",
    ),
    (AZURE, lambda p: trace(p), r"work\.csv holds no row that can be read, expected TIMESTAMP"),
    (
        AZURE + "x,1,1\n",
        lambda p: trace(p, strict=False),
        r"holds no row that can be read, .*; 1 lines were skipped",
    ),
    (TWO, lambda p: trace(p, form="burst"), r"form must be one of azure, mooncake, got 'burst'"),
    (
        TWO,
        lambda p: trace(p, task_class="chess"),
        r"task_class names an unknown task class 'chess'; choose from xray_trigger, "
        r"language_request",
    ),
    (
        TWO,
        lambda p: trace(p, task_class="eo_scene"),
        r"task_class must name a class with tokens: .*language_request.*; got 'eo_scene'",
    ),
    (
        TWO,
        lambda p: trace(p, rate_scale=0.0),
        r"rate_scale must be above 0 and at most 100000, got 0\.0",
    ),
    (TWO, lambda p: trace(p, time_scale=-1.0), r"time_scale must be positive, got -1\.0"),
    (TWO, lambda p: trace(p, window="utc"), r"window must be one of drawn, start, got 'utc'"),
    (
        TWO,
        lambda p: trace(p, window="start", rate_scale=2.0),
        r"rate_scale must be at most 1 with window = 'start'",
    ),
    (
        AZURE + GOOD_REQUEST * 2,
        lambda p: trace(p),
        r"must hold at least two rows at different times to be played in a circle",
    ),
    (
        "a,b\n1,2\n",
        lambda p: EventList(file=str(p), task_classes=("eo_scene",)),
        r"line 1: the header a,b is not known, expected time_utc,",
    ),
    (
        FIRES,
        lambda p: EventList(file=str(p), task_classes=()),
        r"task_classes must name at least one task class",
    ),
    (
        FIRES,
        lambda p: EventList(file=str(p), task_classes=("xray_trigger",)),
        r"that satellites see on the ground: eo_scene, .*; got 'xray_trigger'",
    ),
    (
        FIRES,
        lambda p: EventList(file=str(p), task_classes=("drone_query",)),
        r"task_classes must name a class that satellites see on the ground",
    ),
    (
        EVENTS["sky"][0],
        lambda p: EventList(file=str(p), task_classes=("eo_scene",)),
        r"that satellites see on the sky: xray_trigger; got 'eo_scene'",
    ),
    (
        FIRES,
        lambda p: EventList(file=str(p), task_classes=("eo_scene",), minimum_strength=4.0),
        r"holds no event of strength 4 or more",
    ),
    (
        "release_s,origin,task_class,slack\n",
        lambda p: TaskFile(file=str(p)),
        r"line 1: unknown column 'slack', expected release_s,origin",
    ),
    (
        "release_s,origin\n1,a\n",
        lambda p: TaskFile(file=str(p)),
        r"line 1: the header has no column 'task_class'",
    ),
]


@pytest.mark.parametrize(("text", "make", "message"), MISTAKES)
def test_what_cannot_be_played_is_refused(tmp_path: Path, text: str, make, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make(write(tmp_path, text))


def test_a_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    path = write(tmp_path, TWO)
    assert trace(path).rows().times_s[-1] == 10.0
    write(tmp_path, TWO + "2023-11-16 18:16:16,5,5\n")
    assert trace(path).rows().times_s[-1] == 30.0


def test_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "work.csv"
    path.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(ValueError, match=r"work\.csv' is not UTF-8 text"):
        trace(path)
