"""Orbit ephemeris messages (CCSDS 502.0-B): states as SGP4, Skyfield and closed forms have them."""

import dataclasses
import gzip
import math
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from skyfield.api import EarthSatellite, load
from skyfield.framelib import ICRS, ICRS_to_J2000, itrs

from orbit_gym.orbits.epochs import epoch_of, julian_date, span_of_worlds
from orbit_gym.orbits.oem_text import segments_of
from orbit_gym.orbits.positions import Orbits, load_orbits
from orbit_gym.physics.geometry import gmst_rad, rotate_to_earth_fixed
from orbit_gym.scenario.loading import load_scenario
from orbit_gym.scenario.scenario import Constellation, Scenario, Workload
from orbit_gym.utils.units import DAY_S
from orbit_gym.workload.splits import SPLIT_DAYS
from orbit_gym.world.ephemeris import (
    COARSE_GRID_S,
    passes_over,
    propagate_day,
    site_geometry,
    time_grid,
)
from tests.helpers.oem_files import START, oem_segment, oem_text

LINE1 = "1 63982U 25100A   25214.80554412  .00009133  00000+0  43367-3 0  9990"
LINE2 = "2 63982  97.4033 288.9511 0010590  50.2724 309.9442 15.19411726 12253"
STEP_S = 60.0
ROWS_S = np.arange(23.0 * 3_600.0, 8.2 * DAY_S, STEP_S)  # from the first day's eve past the last
MU, RADIUS_M = 3.986004418e14, 6_878_137.0
MOTION = math.sqrt(MU / RADIUS_M**3)  # rad/s


def scenario_of(**constellation: Any) -> Scenario:
    work = Workload(mix={"eo_scene": 1.0})
    return Scenario("test", Constellation(**constellation), workload=work)


def states(orbits: Orbits, times_s: np.ndarray, start: datetime = START):
    jd, fraction = julian_date(start)
    return orbits.propagate(np.full(len(times_s), jd), fraction + times_s / DAY_S)


def circle(times_s: np.ndarray, phase_rad: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """A circular orbit over the poles, by hand."""
    angle, zero = MOTION * times_s + phase_rad, np.zeros(len(times_s))
    position_m = RADIUS_M * np.stack([np.cos(angle), zero, np.sin(angle)], axis=-1)
    velocity_mps = RADIUS_M * MOTION * np.stack([-np.sin(angle), zero, np.cos(angle)], axis=-1)
    return position_m, velocity_mps


def circle_segment(name: str = "A", times_s: np.ndarray = ROWS_S, **changes: Any) -> str:
    return oem_segment(name, times_s, *circle(times_s), **changes)


def file_of(folder: Path, text: str, name: str = "a.oem") -> str:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return str(path)


def load_file(folder: Path, *segments: str, strict: bool = True) -> Orbits:
    return load_orbits(scenario_of(oem_file=file_of(folder, oem_text(*segments)), strict=strict))


# --- against SGP4


POLYNOMIALS = {
    # An axis is off by h / 8 of what SGP4's velocity differs from the derivative of its position,
    # and its rate by about that difference: below 0.1 m/s (test_positions.py), 0.02 as a rule.
    "HERMITE": ("7", STEP_S / 8.0 * 0.03, 0.1),
    # Rows are rounded to 0.5 mm, and weights in the middle of a window add up to less than 2.
    "LAGRANGE": ("9", 2e-3, 1e-5),
}


@cache
def ring_text(method: str) -> str:
    """Ring12's satellites by SGP4, a row a minute, in millimetres."""
    orbits = load_orbits(load_scenario("Ring12"))
    position_m, velocity_mps = states(orbits, ROWS_S)
    changes = {"INTERPOLATION": method, "INTERPOLATION_DEGREE": POLYNOMIALS[method][0]}
    return oem_text(
        *(
            oem_segment(name, ROWS_S, position_m[k], velocity_mps[k], **changes)
            for k, name in enumerate(orbits.names)
        )
    )


def ring_of_file(folder: Path, method: str) -> Scenario:
    ring = load_scenario("Ring12")
    path = file_of(folder, ring_text(method), "ring.oem")
    return dataclasses.replace(ring, constellation=Constellation(oem_file=path))


@pytest.mark.parametrize("method", list(POLYNOMIALS))
def test_a_table_of_sgp4_flies_as_sgp4(tmp_path: Path, method: str) -> None:
    ring, copy = load_orbits(load_scenario("Ring12")), load_orbits(ring_of_file(tmp_path, method))
    assert copy.names == ring.names and copy.planes.tolist() == ring.planes.tolist()
    times_s = np.arange(DAY_S, 8.0 * DAY_S, 1_007.3)
    (ring_m, ring_mps), (copy_m, copy_mps) = states(ring, times_s), states(copy, times_s)
    _, bound_m, bound_mps = POLYNOMIALS[method]
    assert 0.0 < np.abs(copy_m - ring_m).max() < bound_m
    assert np.abs(copy_mps - ring_mps).max() < bound_mps


@pytest.mark.parametrize("method", list(POLYNOMIALS))
def test_passes_of_a_table_are_those_of_sgp4(tmp_path: Path, method: str) -> None:
    """As many passes over each station, and edges within 5 ms.

    Edges are found to 2 ms; 0.23 m are 0.03 ms of flight, more where a pass just clears the mask.
    """
    ring, copy = load_scenario("Ring12"), ring_of_file(tmp_path, method)
    ephemerides = [propagate_day(scenario, load_orbits(scenario), 1) for scenario in (ring, copy)]
    n_passes = 0
    for station in ring.stations:
        site = site_geometry(station.latitude_deg, station.longitude_deg, station.altitude_m)
        one, two = (passes_over(ephemeris, *site, station.mask_deg) for ephemeris in ephemerides)
        assert one.satellite.tolist() == two.satellite.tolist()
        assert np.abs(one.start_s - two.start_s).max(initial=0.0) < 5e-3
        assert np.abs(one.end_s - two.end_s).max(initial=0.0) < 5e-3
        n_passes += len(one.satellite)
    assert n_passes > 100


# --- closed forms


@pytest.mark.parametrize(
    ("method", "degree", "bound_m"),
    # Hermite: r w^2n / (2n)! times the product of squared distances, in the middle of a window.
    # Lagrange: r w^(n+1) / (n+1)! times the product of distances; an even number of rows.
    [
        ("HERMITE", 3, RADIUS_M * (MOTION * STEP_S) ** 4 / 384),
        ("HERMITE", 5, RADIUS_M * (MOTION * STEP_S) ** 6 / 720 * 1.2),
        ("LAGRANGE", 5, RADIUS_M * (MOTION * STEP_S) ** 6 / 720 * 0.5**2 * 1.5**2 * 2.5**2),
        ("LAGRANGE", 7, RADIUS_M * (MOTION * STEP_S) ** 8 / 40_320 * (0.5 * 1.5 * 2.5 * 3.5) ** 2),
    ],
)
def test_the_error_of_a_polynomial_is_that_of_theory(
    tmp_path: Path, method: str, degree: int, bound_m: float
) -> None:
    """A circle between rows: below the bound and above a tenth of it, so the degree counts."""
    segment = circle_segment(digits=12, INTERPOLATION=method, INTERPOLATION_DEGREE=str(degree))
    times_s = DAY_S + STEP_S * (np.arange(0.0, 100.0) + 0.5)
    error_m = np.linalg.norm(
        states(load_file(tmp_path, segment), times_s)[0][0] - circle(times_s)[0], axis=-1
    ).max()
    assert 0.1 * bound_m < error_m < 1.01 * bound_m + 1e-6


def test_rows_are_met_and_an_even_degree_takes_one_more(tmp_path: Path) -> None:
    segments = [
        circle_segment(f"{method}{degree}", INTERPOLATION=method, INTERPOLATION_DEGREE=str(degree))
        for method in ("HERMITE", "LAGRANGE")
        for degree in (1, 2, 7, 8, 15)
    ]
    position_m, velocity_mps = states(load_file(tmp_path, *segments), ROWS_S[100:200])
    expected_m, expected_mps = circle(ROWS_S[100:200])
    # times are seconds since the first day: a float of a Julian date resolves 2e-11 days
    assert np.abs(position_m - expected_m).max() < 1e-3
    assert np.abs(velocity_mps - expected_mps).max() < 1e-5


def test_a_small_message_by_hand() -> None:
    """Comments, a covariance, accelerations, a day of the year, and a Z: read as they stand."""
    text = """CCSDS_OEM_VERS = 2.0
COMMENT by hand
META_START
OBJECT_NAME = ONE
OBJECT_ID = 2025-001A
CENTER_NAME = Earth
REF_FRAME = ITRF2014
TIME_SYSTEM = UTC
USEABLE_START_TIME = 2025-08-03T00:00:30
INTERPOLATION = LAGRANGE
INTERPOLATION_DEGREE = 1
META_STOP
2025-08-03T00:00:00.5 7000 0 0 0 7.5 0
COMMENT between
2025-215T00:01:00.25Z 7000 450.0 -1.5 0 7.5 0.25 1e-3 0 0
COVARIANCE_START
EPOCH = 2025-08-03T00:00:00
1.0
COVARIANCE_STOP
"""
    (segment,) = segments_of(text)
    assert (segment.name, segment.center, segment.frame) == ("ONE", "EARTH", "ITRF2014")
    midnight_ns = 1_754_179_200 * 10**9  # date -u -d 2025-08-03 +%s
    assert (segment.epochs_ns - midnight_ns).tolist() == [500_000_000, 60_250_000_000]
    assert segment.usable_ns == (midnight_ns + 30 * 10**9, None)
    assert segment.states_km.tolist() == [[7000, 0, 0, 0, 7.5, 0], [7000, 450, -1.5, 0, 7.5, 0.25]]
    assert (segment.method, segment.n_rows) == ("LAGRANGE", 2)


# --- against Skyfield


POLYNOMIAL = {"INTERPOLATION": "LAGRANGE", "INTERPOLATION_DEGREE": "9"}


@pytest.mark.parametrize("frame", ["EME2000", "ICRF", "GCRF", "ITRF", "ITRF-97", "ITRF2014"])
def test_frames_come_out_where_skyfield_has_them(tmp_path: Path, frame: str) -> None:
    """Rows by Skyfield in each frame; Earth-fixed positions are its ITRS, to the rows' rounding.

    Taking UTC for UT1 would be off by 30 m, EME2000 for ICRF by 0.7 m.
    """
    scale = load.timescale(builtin=True)
    satellite = EarthSatellite(LINE1, LINE2, "A", scale)
    times = scale.utc(2025, 8, 2, 0, 0, ROWS_S)
    place = satellite.at(times)
    axes = itrs if frame.startswith("ITRF") else ICRS
    distance, velocity = place.frame_xyz_and_velocity(axes)
    turn = ICRS_to_J2000 if frame == "EME2000" else np.eye(3)
    segment = oem_segment(
        "A",
        ROWS_S,
        (turn @ distance.m).T,
        (turn @ velocity.m_per_s).T,
        REF_FRAME=frame,
        **POLYNOMIAL,
    )
    scenario = scenario_of(oem_file=file_of(tmp_path, oem_text(segment)))
    ephemeris = propagate_day(scenario, load_orbits(scenario), 1)
    seconds = DAY_S + ephemeris.times_s[::7]
    expected, rate = satellite.at(scale.utc(2025, 8, 2, 0, 0, seconds)).frame_xyz_and_velocity(itrs)
    assert np.abs(ephemeris.positions_m[0, ::7] - expected.m.T).max() < 3e-3
    assert np.abs(ephemeris.velocities_mps[0, ::7] - rate.m_per_s.T).max() < 1e-3


@pytest.mark.parametrize(
    ("time_system", "ahead_s"), [("UTC", 0.0), ("TAI", 37.0), ("TT", 69.184), ("GPS", 18.0)]
)
def test_time_systems_are_that_far_ahead_of_utc(
    tmp_path: Path, time_system: str, ahead_s: float
) -> None:
    """IERS Bulletin C: TAI - UTC is 37 s since 2017; TT is TAI + 32.184 s, GPS TAI - 19 s."""
    segment = circle_segment(TIME_SYSTEM=time_system)
    times_s = DAY_S + np.array([0.0, 1_234.5])
    position_m, _ = states(load_file(tmp_path, segment), times_s)
    assert np.abs(position_m[0] - circle(times_s + ahead_s)[0]).max() < 2e-3


# --- several files, several segments


def test_a_folder_a_pattern_and_gzip(tmp_path: Path) -> None:
    for name in ("two.oem", "one.oem.gz"):
        file_of(tmp_path / "many", oem_text(circle_segment(name[:3])), name)
    (tmp_path / "many" / "notes.txt").write_text("none of it")
    for path in ("many", "many/*.oem*"):
        orbits = load_orbits(scenario_of(oem_file=str(tmp_path / path)))
        assert orbits.names == ("one", "two") and orbits.planes.tolist() == [0, 0]


def test_segments_of_one_satellite_meet(tmp_path: Path) -> None:
    """A jump of 1 km between two segments stays a jump: no polynomial goes through it."""
    cut = len(ROWS_S) // 2
    position_m, velocity_mps = circle(ROWS_S)
    position_m[cut:, 1] += 1e3
    segments = [
        oem_segment("A", ROWS_S[part], position_m[part], velocity_mps[part])
        for part in (slice(0, cut + 1), slice(cut, None))
    ]
    segments[0] = segments[0].rpartition("\n2025")[0] + "\n"
    last_s, first_s = ROWS_S[cut - 1], ROWS_S[cut]
    with pytest.raises(ValueError, match="does not|and the file covers"):
        load_file(tmp_path, *segments)  # a minute is uncovered
    whole_segment = oem_segment(
        "A", ROWS_S[: cut + 1], position_m[: cut + 1], velocity_mps[: cut + 1]
    )
    y_m = states(
        load_file(tmp_path, whole_segment, segments[1]), np.array([last_s, first_s + 1.0])
    )[0]
    assert y_m[0, :, 1] == pytest.approx([0.0, 1e3], abs=2e-3)


def test_usable_times_part_overlapping_segments(tmp_path: Path) -> None:
    half = "2025-08-06T00:00:00"
    first = circle_segment(USEABLE_STOP_TIME=half)
    second = circle_segment(USEABLE_START_TIME=half, times_s=ROWS_S[100:])
    assert load_file(tmp_path, first, second).names == ("A",)
    with pytest.raises(ValueError, match="satellite 'A': segments overlap from 2025-08-06T00:00"):
        load_file(tmp_path, circle_segment(), second)


def test_tables_fly_beside_elements_and_shells(tmp_path: Path) -> None:
    """Satellites of a file come last, and planes are told over all kinds of sources."""
    ring = load_scenario("Ring12")
    orbits = load_orbits(ring)
    position_m, velocity_mps = states(orbits, ROWS_S)
    tle = tmp_path / "a.tle"
    tle.write_text(f"REAL\n{LINE1}\n{LINE2}\n")
    real = load_orbits(scenario_of(tle_file=str(tle)))
    real_m, real_mps = states(real, ROWS_S)
    text = oem_text(
        oem_segment("TWIN", ROWS_S, real_m[0], real_mps[0]),
        oem_segment("POLAR", ROWS_S, *circle(ROWS_S)),
    )
    mixed = load_orbits(
        scenario_of(
            tle_file=str(tle), oem_file=file_of(tmp_path, text), shells=ring.constellation.shells
        )
    )
    assert mixed.names == ("REAL", *orbits.names, "TWIN", "POLAR")
    assert mixed.planes.tolist() == [0, *(orbits.planes + 2), 0, 1]
    assert mixed.shells.tolist() == [-1, *orbits.shells, -1, -1]
    members = np.array([13, 0, 14, 3])
    part = mixed.subset(members)
    assert part.names == tuple(mixed.names[k] for k in members)
    times_s = np.array([DAY_S, 2.0 * DAY_S])
    assert np.array_equal(states(part, times_s)[0], states(mixed, times_s)[0][members])
    assert np.array_equal(
        states(part.subset(np.array([2])), times_s)[0][0], states(mixed, times_s)[0][14]
    )
    assert part.fingerprint() != mixed.subset(members[::-1]).fingerprint()


def test_what_is_flown_names_the_world(tmp_path: Path) -> None:
    """One row changed by a metre, or another degree, is another World."""
    text = oem_text(circle_segment())
    row = text.splitlines()[500]
    later_row = row.replace(row.split()[1], f"{float(row.split()[1]) + 0.001:.6f}")
    texts = [text, text.replace(row, later_row), text.replace("DEGREE = 7", "DEGREE = 9")]
    prints = {
        load_orbits(scenario_of(oem_file=file_of(tmp_path, item))).fingerprint() for item in texts
    }
    assert len(prints) == 3


# --- what is refused

LABEL = r"constellation\.oem_file '.*a\.oem'"
SHORT_S = ROWS_S[ROWS_S < 3.0 * DAY_S]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", r", line 1: must begin with 'CCSDS_OEM_VERS = 2.0', got ''"),
        ("<oem/>", r" is XML; only messages as text of key = value \(KVN\) are read: convert it"),
        (
            oem_text(circle_segment(), version="9"),
            r", line 1: CCSDS_OEM_VERS must be one of 1.0, 2.0, 3.0, got '9'",
        ),
        (oem_text(), r" holds no segment; one begins with META_START"),
        (oem_text("META_START\n"), r", line 4: META_START without META_STOP"),
        (
            oem_text("META_START\nOBJECT_NAME: A\nMETA_STOP\n"),
            r", line 5: must be KEY = value before META_STOP, got 'OBJECT_NAME: A'",
        ),
        (
            oem_text(circle_segment(REF_FRAME=None)),
            r", line 4: the metadata lack REF_FRAME; needed are OBJECT_NAME, CENTER_NAME, .*",
        ),
        (
            oem_text(circle_segment(INTERPOLATION="LINEAR")),
            r", line 12: satellite 'A': INTERPOLATION must be HERMITE or LAGRANGE, got 'LINEAR'",
        ),
        (
            oem_text(circle_segment(INTERPOLATION_DEGREE="16")),
            r", line 13: satellite 'A': INTERPOLATION_DEGREE must be a whole number from 1 to 15, "
            "got '16'",
        ),
        (
            oem_text(circle_segment(times_s=ROWS_S[:3])),
            r", line 4: satellite 'A': the segment has 3 rows, and its interpolation needs 4",
        ),
        (
            oem_text(circle_segment(times_s=ROWS_S[[0, 1, 1, 2]])),
            r", line 17: satellite 'A': times must rise from row to row, got '2025-08-02T23:01:00'",
        ),
        (
            oem_text(circle_segment(USEABLE_START_TIME="noon")),
            r", line 14: USEABLE_START_TIME must be a time like '2025-08-03T00:00:00.000', got "
            "'noon'",
        ),
    ],
)
def test_a_text_that_is_no_message_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    """Strict or not: what is not of the format is an error."""
    for strict in (True, False):
        with pytest.raises(ValueError, match=f"^{LABEL}{sentence}$"):
            load_orbits(scenario_of(oem_file=file_of(tmp_path, text), strict=strict))


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("2025-08-03 7000 0 0 0 7.5 0", "a row is a time, x, y, z in km and their rates in km/s.*"),
        ("2025-13-03T00:00:00 7000 0 0 0 7.5 0", "a row is a time.*"),
        ("2025-08-02T23:59:60 7000 0 0 0 7.5 0", "a row is a time.*"),
        ("2025-08-03T00:00:00 7000 0 0", "a row is a time.*"),
        ("2025-08-03T00:00:00 7000 0 0 0 7.5 x", "position and velocity must be finite numbers.*"),
        ("2025-08-03T00:00:00 nan 0 0 0 7.5 0", "position and velocity must be finite numbers.*"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, row: str, sentence: str) -> None:
    lines = oem_text(circle_segment()).splitlines()
    lines[20] = row
    with pytest.raises(ValueError, match=f"^{LABEL}, line 21: satellite 'A': {sentence}, got "):
        load_orbits(scenario_of(oem_file=file_of(tmp_path, "\n".join(lines))))


BAD_SATELLITES = [
    (
        {"CENTER_NAME": "MARS"},
        "line 4: satellite 'A': CENTER_NAME must be EARTH, got 'MARS'",
        "OEM of another centre",
    ),
    (
        {"REF_FRAME": "TOD"},
        r"line 4: satellite 'A': REF_FRAME must be one of TEME, EME2000, ICRF, GCRF, ITRF "
        r"\(with or without a year\), got 'TOD'",
        "OEM of another frame",
    ),
    (
        {"TIME_SYSTEM": "TDB"},
        "line 4: satellite 'A': TIME_SYSTEM must be one of UTC, TAI, TT, GPS, got 'TDB'",
        "OEM of another time system",
    ),
    (
        {"times_s": SHORT_S},
        r"satellite 'A': positions are needed from 2025-08-03T00:00:00 to 2025-08-10T\d\d:\d\d:\d\d"
        ", and the file covers 2025-08-02T23:00:00 to 2025-08-04T23:59:00; give a longer file or "
        "another epoch_utc",
        "OEM does not cover the days",
    ),
    (
        {"times_s": ROWS_S + 100.0 * DAY_S},
        "satellite 'A': positions are needed .*, and the file covers none of it; give a longer .*",
        "OEM does not cover the days",
    ),
]


@pytest.mark.parametrize(("changes", "sentence", "reason"), BAD_SATELLITES)
def test_a_satellite_that_cannot_be_flown_is_refused_or_left_out(
    tmp_path: Path, changes: dict[str, Any], sentence: str, reason: str
) -> None:
    bad = circle_segment(**changes)
    hint = "; constellation.strict = false leaves such satellites of files out"
    with pytest.raises(ValueError, match=f"^{LABEL}[,:] {sentence}{hint}$"):
        load_file(tmp_path, bad, circle_segment("B"))
    with pytest.warns(UserWarning, match=f"1 satellites left out, 1 fly: 1 x {reason}"):
        orbits = load_file(tmp_path, bad, circle_segment("B"), strict=False)
    assert orbits.names == ("B",) and [item.reason for item in orbits.skipped] == [reason]
    with pytest.raises(ValueError, match="no satellite is left to fly; the first of 1 left out: "):
        load_file(tmp_path, bad, strict=False)


def test_metres_are_not_taken_for_kilometres(tmp_path: Path) -> None:
    position_m, velocity_mps = circle(ROWS_S)
    sentence = (
        ", line 15: satellite 'A': positions must be km from the Earth's centre, 6,400 to "
        "1,000,000, got 6,878,137"
    )
    with pytest.raises(ValueError, match=f"^{LABEL}{sentence}"):
        load_file(tmp_path, oem_segment("A", ROWS_S, 1e3 * position_m, velocity_mps))


def test_one_name_is_one_object(tmp_path: Path) -> None:
    segments = circle_segment(), circle_segment(OBJECT_ID="2025-002B")
    with pytest.raises(ValueError, match="distinct names; 'A' is object '2025-001A' and '2025-002"):
        load_file(tmp_path, *segments)


def test_paths_that_lead_nowhere(tmp_path: Path) -> None:
    for path, sentence in (
        ("none.oem", "does not exist"),
        ("*.oem", "fits no file"),
        ("", "is a folder without a file ending in .oem or .oem.gz"),
    ):
        with pytest.raises(ValueError, match=rf"^constellation\.oem_file '.*' {sentence}$"):
            load_orbits(scenario_of(oem_file=str(tmp_path / path)))


def test_times_beyond_the_rows_are_named(tmp_path: Path) -> None:
    orbits = load_file(tmp_path, circle_segment())
    with pytest.raises(ValueError, match="satellite 'A' has no position at 2025-09-01T00:00:00: "):
        states(orbits, np.array([0.0]), datetime(2025, 9, 1))


def test_the_span_is_what_worlds_need() -> None:
    """From the first day of a split to the last sample of its last day."""
    for name in ("Ring12", "StarCompute2800"):
        scenario = load_scenario(name)
        days = [day for split in SPLIT_DAYS.values() for day in split]
        start, end = span_of_worlds(scenario)
        midnight = datetime.combine(epoch_of(scenario).date(), datetime.min.time())
        _, grid_s, n_times = time_grid(scenario, 2_800)
        assert grid_s == COARSE_GRID_S
        assert (start - midnight).total_seconds() == min(days) * DAY_S
        last_s = max(days) * DAY_S + (n_times - 1) * grid_s
        assert last_s <= (end - midnight).total_seconds() <= last_s + 2.0 * grid_s


def test_earth_fixed_axes_of_teme_rows_are_those_of_elements(tmp_path: Path) -> None:
    """TEME rows are turned by the same sidereal time as SGP4's: nothing is added."""
    orbits = load_file(tmp_path, circle_segment())
    times_s = np.array([DAY_S])
    jd, fraction = julian_date(START)
    gmst = gmst_rad(jd, fraction + times_s / DAY_S)
    turned_m = rotate_to_earth_fixed(states(orbits, times_s)[0], gmst)
    assert np.abs(turned_m - rotate_to_earth_fixed(circle(times_s)[0], gmst)).max() < 2e-3
