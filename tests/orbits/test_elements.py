"""Files of elements: TLE and OMM give the same orbits.

Bad ones are told with file, line and value, or counted by reason.
"""

import csv
import dataclasses
import gzip
import json
import warnings
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sgp4.api import Satrec
from sgp4.exporter import export_omm

from orbit_gym.orbits.elements import SkippedElements, read_elements
from orbit_gym.orbits.positions import load_orbits
from orbit_gym.orbits.sgp4_source import FLOWN_DAYS, GOOD_FOR_DAYS, sgp4_errors
from orbit_gym.orbits.tle import check_line, checksum, record_of
from orbit_gym.scenario.scenario import Constellation, Satellite, Scenario, Shell, Workload
from orbit_gym.utils.units import DAY_S
from orbit_gym.workload.splits import SPLIT_DAYS

LINE1 = "1 63982U 25100A   25214.80554412  .00009133  00000+0  43367-3 0  9990"
LINE2 = "2 63982  97.4033 288.9511 0010590  50.2724 309.9442 15.19411726 12253"
OTHER1 = "1 63983U 25100B   25214.80659006  .00013727  00000+0  61362-3 0  9995"
OTHER2 = "2 63983  97.4027 289.0958 0012372 351.6146   8.4881 15.21370966 12240"


def scenario_of(epoch_utc: str = "2025-08-02T00:00:00", **constellation: Any) -> Scenario:
    return Scenario(
        "test",
        Constellation(**constellation),
        epoch_utc=epoch_utc,
        workload=Workload(mix={"eo_scene": 1.0}),
    )


def with_checksum(line: str) -> str:
    return line[:68] + str(checksum(line))


def tle(folder: Path, text: str, name: str = "a.tle") -> str:
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return str(path)


def omm_fields(name: str = "A", line1: str = LINE1, line2: str = LINE2) -> dict[str, Any]:
    """Authority for the fields: the sgp4 library's own exporter."""
    return dict(export_omm(Satrec.twoline2rv(line1, line2), name))


def omm(folder: Path, rows: list[dict[str, Any]], name: str = "a.csv") -> str:
    path = folder / name
    with path.open("w", newline="", encoding="utf-8") as file:
        if name.endswith("json"):
            json.dump(rows, file)
        else:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    return str(path)


def positions_m(scenario: Scenario) -> np.ndarray:
    return load_orbits(scenario).propagate(np.full(9, 2_460_890.5), np.linspace(0.0, 8.0, 9))[0]


# --- the formats


@pytest.mark.parametrize("name", ["a.tle", "a.tle.gz", "a.txt"])
def test_two_and_three_lines_and_comments_in_one_file(tmp_path: Path, name: str) -> None:
    """Without a name line the object number is the name.

    '0 ' of three-line elements, blank lines, CRLF and '#' lines are no part of it.
    """
    text = f"# of today\r\n{LINE1}\r\n{LINE2}\r\n\r\n0 NAMED   \r\n{OTHER1}   \r\n{OTHER2}\r\n"
    orbits = load_orbits(scenario_of(tle_file=tle(tmp_path, text, name)))
    assert orbits.names == ("63982", "NAMED") and orbits.planes.tolist() == [0, 0]
    assert orbits.shells.tolist() == [-1, -1] and orbits.skipped == ()
    from_toml = scenario_of(
        satellites=(Satellite("A", LINE1, LINE2), Satellite("B", OTHER1, OTHER2))
    )
    assert np.array_equal(
        positions_m(scenario_of(tle_file=tle(tmp_path, text, name))), positions_m(from_toml)
    )


@pytest.mark.parametrize("ending", ["csv", "json"])
def test_omm_flies_as_the_tle_that_it_was_made_from(tmp_path: Path, ending: str) -> None:
    """Both carry the same elements.

    Epochs agree to 1 microsecond, 8 mm of motion: 2 cm after eight days.
    """
    path = omm(tmp_path, [omm_fields("A"), omm_fields("B", OTHER1, OTHER2)], f"a.{ending}")
    from_omm = scenario_of(omm_file=path)
    from_toml = scenario_of(
        satellites=(Satellite("A", LINE1, LINE2), Satellite("B", OTHER1, OTHER2))
    )
    assert load_orbits(from_omm).names == ("A", "B")
    assert np.abs(positions_m(from_omm) - positions_m(from_toml)).max() < 0.02


def test_gzipped_omm_and_both_files_at_once(tmp_path: Path) -> None:
    (tmp_path / "b.json.gz").write_bytes(
        gzip.compress(json.dumps(omm_fields("B")).encode())
    )  # one object alone is one satellite
    orbits = load_orbits(
        scenario_of(
            tle_file=tle(tmp_path, f"A\n{LINE1}\n{LINE2}\n"), omm_file=str(tmp_path / "b.json.gz")
        )
    )
    assert orbits.names == ("A", "B")


def test_an_omm_needs_only_what_fixes_the_orbit(tmp_path: Path) -> None:
    """Numbers as text, an epoch with Z and without fraction, nine digits in the catalogue, no
    bookkeeping fields, no name.
    """
    keep = (
        "EPOCH",
        "MEAN_MOTION",
        "ECCENTRICITY",
        "INCLINATION",
        "RA_OF_ASC_NODE",
        "ARG_OF_PERICENTER",
        "MEAN_ANOMALY",
        "BSTAR",
    )
    fields = {key: str(value) for key, value in omm_fields().items() if key in keep}
    fields |= {"NORAD_CAT_ID": 799500123, "EPOCH": "2025-08-02T19:20:00Z"}
    orbits = load_orbits(scenario_of(omm_file=omm(tmp_path, [fields], "a.json")))
    assert orbits.names == ("799500123",)
    record = orbits.sources[0].records[0]
    assert record.jdsatepoch + record.jdsatepochF == pytest.approx(
        2_460_889.5 + (19 + 20 / 60) / 24, abs=1e-8
    )


def test_all_published_files_can_be_read(shared_data: Path) -> None:
    """Authority for the numbers: the counts in the data's own description."""
    counts = {"oneweb": 651, "resource": 167, "stations": 25, "science": 49, "weather": 74}
    for group, count in counts.items():
        elements = read_elements(
            shared_data / "tle" / f"celestrak_{group}_20260530.tle", "tle_file", True
        )
        assert len(elements.names) == len(elements.records) == count and elements.refusals == []


# --- what is wrong with a line


@pytest.mark.parametrize(
    "line1, line2, words",
    [
        (LINE1[:-1], LINE2, "'X': line 1 has 68 characters instead of 69"),
        (LINE1 + "0", LINE2, "'X': line 1 has 70 characters instead of 69"),
        (LINE2, LINE2, "'X': line 1 starts with '2 ' instead of '1 '"),
        (LINE1, LINE1, "'X': line 2 starts with '1 ' instead of '2 '"),
        (LINE1[:-1] + "5", LINE2, "'X': line 1 ends with checksum '5' instead of '0'"),
        (
            LINE1,
            LINE2.replace("97.4033", "97.4034"),
            "'X': line 2 ends with checksum '3' instead of '4'",
        ),
        (
            LINE1,
            with_checksum(LINE2.replace("63982", "63983")),
            "line 1 is for object 63982 and line 2 for object 63983",
        ),
        (
            LINE1,
            with_checksum(LINE2.replace("15.19411726", "15.x9411726")),
            "'X': line 2 holds 'x' where only numbers stand",
        ),
        (
            LINE1,
            with_checksum(LINE2.replace(" 97.4033", "197.4033")),
            "'X': inclination must be from 0 to 180 degrees, got 197.403",
        ),
        (
            LINE1,
            with_checksum(LINE2.replace("15.19411726", " 0.00000000")),
            "'X': mean motion must be above 0 revolutions per day, got 0",
        ),
        (LINE1, "", "'X': line 2 is missing"),
    ],
)
def test_malformed_lines_are_explained(line1: str, line2: str, words: str) -> None:
    with pytest.raises(ValueError) as caught:
        load_orbits(scenario_of(satellites=(Satellite("X", line1, line2),)))
    assert words in str(caught.value)


def test_messages_show_the_template() -> None:
    with pytest.raises(ValueError, match="it should look like '1 NNNNNC.*, got '1 25544'"):
        check_line("X", "1 25544", 1)
    assert check_line("X", LINE1 + "   ", 1) == LINE1
    assert checksum(LINE1) == 0 and checksum(LINE2) == 3  # as published


CORRUPT = [
    (
        f"A\n{LINE1[:-1]}7\n{LINE2}\n",
        r"line 2: satellite 'A': line 1 ends with checksum '7' instead of '0'.*got '1 63982U.*7'",
    ),
    (f"A\n{LINE1}\n", r"line 2: satellite 'A': line 2 is missing; it should look like '2 NNNNN"),
    (f"A\n{LINE2}\n", r"line 2: satellite 'A': line 1 is missing; it should look like '1 NNNNN"),
    (
        f"A\nX{LINE1[1:]}\n{LINE2}\n",
        r"line 2: satellite 'A': line 1 starts with 'X ' instead of '1 '",
    ),
    (
        f"A\n{LINE1}\nX{LINE2[1:]}\n",
        r"line 2: satellite 'A': line 2 starts with 'X ' instead of '2 '",
    ),
    (f"A\nB\n{LINE1}\n{LINE2}\n", r"line 1: satellite 'A': line 1 is missing"),
    (f"{LINE1}\n{LINE2}\nA\n", r"line 3: satellite 'A': line 1 is missing"),
    (
        f"{LINE1}\n{LINE2[:30]}\N{REPLACEMENT CHARACTER}{LINE2[31:]}\n",
        r"line 1: satellite '63982': line 2 ends with checksum",
    ),
]


@pytest.mark.parametrize(("text", "message"), CORRUPT, ids=[message[:40] for _, message in CORRUPT])
def test_a_corrupt_line_is_told_with_file_line_and_value(
    tmp_path: Path, text: str, message: str
) -> None:
    good = f"\nGOOD\n{OTHER1}\n{OTHER2}\n"
    with pytest.raises(
        ValueError,
        match=rf"constellation\.tle_file '.*a\.tle', {message}.*; constellation\.strict = "
        rf"false leaves",
    ):
        load_orbits(scenario_of(tle_file=tle(tmp_path, text + good)))


@pytest.mark.parametrize(("text", "message"), CORRUPT, ids=[message[:40] for _, message in CORRUPT])
def test_a_reader_that_is_not_strict_goes_on_behind_it(
    tmp_path: Path, text: str, message: str
) -> None:
    """What stands before and after the bad satellite is read as if it were not there."""
    good = f"GOOD\n{OTHER1}\n{OTHER2}\n"
    elements = read_elements(
        Path(tle(tmp_path, f"FIRST\n{LINE1}\n{LINE2}\n{text}{good}")), "tle_file", False
    )
    assert (
        elements.names[0] == "FIRST"
        and elements.names[-1] == "GOOD"
        and len(elements.refusals) == 1
    )
    assert len(elements.names) == 2 + (f"{LINE1}\n{LINE2}" in text)


def test_skipped_satellites_are_counted_by_reason(tmp_path: Path) -> None:
    wrong = f"A\n{LINE1[:-1]}7\n{LINE2}\nB\n{LINE1[:-1]}8\n{LINE2}\nC\n{LINE1}\n"
    path = tle(tmp_path, f"{wrong}GOOD\n{OTHER1}\n{OTHER2}\nGOOD\n{OTHER1}\n{OTHER2}\n")
    with pytest.warns(
        UserWarning,
        match=r"4 satellites left out, 1 fly: 2 x TLE line 1: wrong checksum \(first: line 2: "
        r"satellite 'A'",
    ):
        orbits = load_orbits(scenario_of(tle_file=path, strict=False))
    assert orbits.names == ("GOOD",)
    assert [(item.count, item.reason) for item in orbits.skipped] == [
        (2, "TLE line 1: wrong checksum"),
        (1, "TLE line 2: missing"),
        (1, "name stands twice"),
    ]
    assert (
        orbits.skipped[1] == SkippedElements(1, "TLE line 2: missing", orbits.skipped[1].first)
        and "'C'" in orbits.skipped[1].first
    )


def test_typed_elements_are_never_skipped() -> None:
    """strict is about files: what a person types is mended by that person."""
    with pytest.raises(ValueError, match="'X': line 1 has 68 characters"):
        load_orbits(
            scenario_of(
                satellites=(Satellite("X", LINE1[:-1], LINE2), Satellite("Y", OTHER1, OTHER2)),
                strict=False,
            )
        )


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        (
            "a.tle",
            b"",
            r"tle_file '.*a\.tle' holds no elements; a pair of lines looks like '1 NNNNNC",
        ),
        (
            "a.tle",
            b"<html>no data</html>\n",
            r"tle_file '.*a\.tle'.*(holds no elements|line 1: satellite '<html>no data)",
        ),
        ("a.tle", None, r"tle_file '.*a\.tle' does not exist"),
        (
            "a.tle.gz",
            b"1 63982U",
            r"tle_file '.*a\.tle\.gz' is not a whole gzip file: Not a gzipped file",
        ),
        (
            "a.tle.gz",
            gzip.compress(b"1 63982U", mtime=0)[:-9],
            r"tle_file '.*a\.tle\.gz' is not a whole gzip file",
        ),
        (
            "a.csv",
            b"",
            r"omm_file '.*a\.csv', line 1: no column EPOCH; needed are EPOCH, MEAN_MOTION",
        ),
        ("a.csv", b'EPOCH,"MEAN_MOTION', r"omm_file '.*a\.csv', line 1: is not valid CSV"),
        ("a.json", b"[]", r"omm_file '.*a\.json' holds no elements"),
        ("a.json", b"[\n{,}]", r"omm_file '.*a\.json', line 2: is not valid JSON"),
        ("a.json", b"3", r"omm_file '.*a\.json' must hold a JSON array of objects, got int"),
        ("a.json", b"[3]", r"omm_file '.*a\.json', entry 1: must be a JSON object .*, got 3"),
        ("a.xml", b"<ndm/>", r"omm_file '.*a\.xml' must end in \.csv or \.json"),
        ("a.csv", None, r"omm_file '.*a\.csv' does not exist"),
    ],
)
def test_a_file_that_is_none_is_refused_strict_or_not(
    tmp_path: Path, name: str, data: bytes | None, message: str, strict: bool
) -> None:
    if data is not None:
        (tmp_path / name).write_bytes(data)
    key = "tle_file" if ".tle" in name else "omm_file"
    with pytest.raises(ValueError, match=message):
        load_orbits(scenario_of(**{key: str(tmp_path / name), "strict": strict}))


# --- what is wrong with a message

WRONG_FIELDS = [
    (
        "MEAN_MOTION",
        "nan",
        r"MEAN_MOTION must be a finite number, got 'nan'",
        "OMM MEAN_MOTION is no number",
    ),
    ("BSTAR", "inf", r"BSTAR must be a finite number, got 'inf'", "OMM BSTAR is no number"),
    (
        "ECCENTRICITY",
        "",
        r"ECCENTRICITY must be a finite number, got ''",
        "OMM ECCENTRICITY is no number",
    ),
    (
        "INCLINATION",
        "97,4",
        r"INCLINATION must be a finite number, got '97,4'",
        "OMM INCLINATION is no number",
    ),
    (
        "INCLINATION",
        181,
        r"INCLINATION must be from 0 to 180, got '?181'?",
        "OMM INCLINATION out of range",
    ),
    (
        "ECCENTRICITY",
        1.0,
        r"ECCENTRICITY must be below 1, got '?1\.0'?",
        "OMM ECCENTRICITY out of range",
    ),
    ("MEAN_MOTION", 0, r"MEAN_MOTION must be above 0, got '?0'?", "OMM MEAN_MOTION out of range"),
    (
        "MEAN_MOTION",
        -15.0,
        r"MEAN_MOTION must be from 0 to 20, got '?-15\.0'?",
        "OMM MEAN_MOTION out of range",
    ),
    (
        "EPOCH",
        "yesterday",
        r"EPOCH must be UTC like '2026-06-26T.*', got 'yesterday'",
        "OMM EPOCH is no time",
    ),
    (
        "EPOCH",
        "2025-08-02T19:20:00+08:00",
        r"EPOCH must be UTC like .*, got '2025-08-02T19:20:00\+08:00'",
        "OMM EPOCH is no time",
    ),
    (
        "MEAN_ELEMENT_THEORY",
        "DSST",
        r"mean elements must be made for SGP4, got DSST",
        "OMM of another theory",
    ),
    (
        "EPHEMERIS_TYPE",
        4,
        r"mean elements must be made for SGP4, got EPHEMERIS_TYPE 4, SGP4-XP",
        "OMM of another theory",
    ),
]


@pytest.mark.parametrize("ending", ["csv", "json"])
@pytest.mark.parametrize(
    ("key", "value", "message", "reason"),
    WRONG_FIELDS,
    ids=[f"{row[0]}={row[1]}" for row in WRONG_FIELDS],
)
def test_a_wrong_field_is_named_with_its_value(
    tmp_path: Path, ending: str, key: str, value: Any, message: str, reason: str
) -> None:
    good = omm_fields("GOOD", OTHER1, OTHER2)
    path = (
        omm(tmp_path, [good, omm_fields("A") | {key: value}], f"a.{ending}")
        if key in good
        else None
    )
    path = path or omm(
        tmp_path, [good | {key: "SGP4"}, omm_fields("A") | {key: value}], f"a.{ending}"
    )
    place = "line 3" if ending == "csv" else "entry 2"
    with pytest.raises(
        ValueError, match=rf"omm_file '.*a\.{ending}', {place}: satellite 'A': {message}"
    ):
        load_orbits(scenario_of(omm_file=path))
    with pytest.warns(UserWarning, match="1 satellites left out, 1 fly"):
        orbits = load_orbits(scenario_of(omm_file=path, strict=False))
    assert orbits.names == ("GOOD",) and [(item.count, item.reason) for item in orbits.skipped] == [
        (1, reason)
    ]


def test_json_has_its_own_words_for_no_number(tmp_path: Path) -> None:
    for value in (float("nan"), None, True, [1.0]):
        path = omm(tmp_path, [omm_fields("A") | {"MEAN_ANOMALY": value}], "a.json")
        with pytest.raises(
            ValueError, match=r"entry 1: satellite 'A': MEAN_ANOMALY must be a finite number, got "
        ):
            load_orbits(scenario_of(omm_file=path))


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    fields = omm_fields("A")
    del fields["BSTAR"]
    with pytest.raises(
        ValueError,
        match=r"a\.csv', line 1: no column BSTAR; needed are EPOCH, .* and OBJECT_NAME or "
        r"NORAD_CAT_ID",
    ):
        load_orbits(scenario_of(omm_file=omm(tmp_path, [fields])))
    with pytest.raises(
        ValueError,
        match=r"a\.json', entry 1: satellite 'A': BSTAR must be a finite number, got None",
    ):
        load_orbits(scenario_of(omm_file=omm(tmp_path, [fields], "a.json")))
    nameless = omm_fields() | {"OBJECT_NAME": "", "NORAD_CAT_ID": ""}
    with pytest.raises(ValueError, match=r"line 2: OBJECT_NAME and NORAD_CAT_ID are both empty"):
        load_orbits(scenario_of(omm_file=omm(tmp_path, [nameless])))


# --- what cannot fly, and what is old


def test_a_satellite_that_decays_within_the_splits_is_refused_or_left_out(tmp_path: Path) -> None:
    """SGP4 flies it at the epoch and says 'decayed' some days later, within the days that the
    splits use.
    """
    line1 = with_checksum(LINE1.replace("43367-3", "20000-2"))
    line2 = with_checksum(LINE2.replace("15.19411726", "16.35000000").replace("0010590", "0000100"))
    record = record_of("LOW", line1, line2)
    assert record.sgp4(2_460_889.5, 0.8)[0] == 0 and record.sgp4(2_460_889.5, 8.0)[0] in (1, 6)
    path = tle(tmp_path, f"LOW\n{line1}\n{line2}\nGOOD\n{OTHER1}\n{OTHER2}\n")
    with pytest.raises(
        ValueError,
        match=r"satellite 'LOW' cannot be propagated from the epoch to 9 days after "
        r"2025-08-02: .*strict = false",
    ):
        load_orbits(scenario_of(tle_file=path))
    with pytest.warns(UserWarning, match="1 satellites left out, 1 fly: 1 x SGP4: "):
        orbits = load_orbits(scenario_of(tle_file=path, strict=False))
    assert (
        orbits.names == ("GOOD",)
        and orbits.skipped[0].count == 1
        and "'LOW'" in orbits.skipped[0].first
    )
    with pytest.raises(
        ValueError, match=r"no satellite is left to fly; the first of 1 left out: satellite 'LOW'"
    ):
        load_orbits(scenario_of(tle_file=tle(tmp_path, f"LOW\n{line1}\n{line2}\n"), strict=False))
    satellites = (Satellite("LOW", line1, line2), Satellite("GOOD", OTHER1, OTHER2))
    with pytest.raises(ValueError, match=r"satellite 'LOW' cannot be propagated"):
        load_orbits(scenario_of(satellites=satellites, strict=False))


def test_low_orbits_are_looked_at_between_the_days() -> None:
    """An orbit without drag whose perigee lies 21 km under ground passes ten daily looks.

    The close one finds it (SGP4's error 6).
    """
    line2 = with_checksum(LINE2.replace("0010590", "0600000").replace("15.19411726", "15.60000000"))
    record = record_of("DIP", with_checksum(LINE1.replace("43367-3", "00000+0")), line2)
    assert [record.sgp4(2_460_889.5, float(day))[0] for day in range(FLOWN_DAYS + 1)] == [0] * (
        FLOWN_DAYS + 1
    )
    assert sgp4_errors([record], datetime(2025, 8, 2)).tolist() == [6]


def test_every_day_of_the_splits_is_looked_at() -> None:
    scenario = scenario_of(
        shells=(Shell(inclination_deg=97.4, altitude_m=500e3, planes=1, per_plane=1),)
    )
    last_s = (
        (max(day for days in SPLIT_DAYS.values() for day in days) + 1) * DAY_S
        + scenario.episode_s
        + scenario.look_ahead_s
    )
    assert last_s <= FLOWN_DAYS * DAY_S


@pytest.mark.parametrize(
    ("epoch_utc", "age_days"), [("2025-08-16T20:00:00", 14.0278), ("2025-07-19T19:00:00", 14.0139)]
)
def test_old_elements_give_one_warning(epoch_utc: str, age_days: float) -> None:
    """Two weeks is what drag leaves (facts, 6): one warning with how many, the oldest and what to
    do; line 1 says day 214.8055.
    """
    satellites = (Satellite("A", LINE1, LINE2), Satellite("B", OTHER1, with_checksum(OTHER2)))
    scenario = scenario_of(epoch_utc, satellites=satellites)
    with pytest.warns(
        UserWarning, match=r"elements of 2 of 2 satellites lie more than 14 days from"
    ) as caught:
        load_orbits(scenario)
    assert len(caught) == 1
    warning = str(caught[0].message)
    assert (
        f"at most {age_days:.1f} days (" in warning
        and "set epoch_utc near the elements, or use newer elements" in warning
    )
    assert GOOD_FOR_DAYS == 14.0
    load_orbits(
        dataclasses.replace(
            scenario,
            epoch_utc=scenario.epoch_utc.replace("08-16", "08-15").replace("07-19", "07-20"),
        )
    )  # none


def test_a_warning_is_shown_once_however_often_orbits_are_loaded() -> None:
    """By Python's own rule for warnings, as a user has it."""
    scenario = scenario_of("2025-09-02T00:00:00", satellites=(Satellite("A", LINE1, LINE2),))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        load_orbits(scenario)
        load_orbits(scenario)
    assert len(caught) == 1


def test_the_starlink_catalogue_loads_whole(shared_data: Path) -> None:
    """10,395 satellites, of which SGP4 cannot carry 25 over the days of the splits (18 by its error
    1, 7 by 6: counted with sgp4 itself).

    72 planes of the 53-degree shell at 540 km were licensed (FCC); those with five or more
    satellites are within three of that.
    """
    path = str(shared_data / "tle" / "celestrak_starlink_20260530.tle.gz")
    with pytest.warns(
        UserWarning, match="25 satellites left out, 10370 fly: 18 x SGP4: mean eccentricity"
    ) as caught:
        orbits = load_orbits(scenario_of("2026-05-30T00:00:00", tle_file=path, strict=False))
    assert len(caught) == 1 and len(orbits.names) == len(set(orbits.names)) == 10_370
    assert [item.count for item in orbits.skipped] == [18, 7] and "decayed" in orbits.skipped[
        1
    ].reason
    height_km = np.array([(record.a - 1.0) * 6_378.135 for record in orbits.sources[0].records])
    inclination_deg = np.degrees([record.inclo for record in orbits.sources[0].records])
    planes, sizes = np.unique(
        orbits.planes[(np.abs(height_km - 540.0) < 2.0) & (np.abs(inclination_deg - 53.2) < 0.2)],
        return_counts=True,
    )
    assert abs(np.count_nonzero(sizes >= 5) - 72) <= 3 and len(planes) < 90
