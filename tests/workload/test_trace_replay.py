"""Recorded work in an episode: windows, rates, who asks, who sees, and what a scenario refuses."""

from pathlib import Path

import numpy as np
import pytest

from orbit_gym.kernels.episode import ANY_STATION
from orbit_gym.physics.geometry import gmst_rad
from orbit_gym.scenario.loading import load_scenario
from orbit_gym.scenario.scenario import EventList, RequestTrace, TaskFile, Workload
from orbit_gym.scenario.task_classes import FLOP_PER_TOKEN_8B, TASK_CLASSES
from orbit_gym.utils.units import DAY_S
from orbit_gym.workload.arrivals import Arrivals
from orbit_gym.workload.day_cache import get_arrivals
from orbit_gym.workload.event_visibility import NO_SATELLITE, first_satellite_over, satellite_facing
from orbit_gym.workload.trace_replay import rows_in_span
from tests.helpers.recordings import minute_file

GROUND = "time_utc,latitude_deg,longitude_deg,strength\n"
SKY = "time_utc,ra_deg,dec_deg,strength\n"


@pytest.fixture
def minute(tmp_path: Path) -> str:
    return str(minute_file(tmp_path))


def request_trace(file: str, **fields) -> RequestTrace:
    return RequestTrace(**({"file": file, "form": "azure"} | fields))


def play(
    trace: RequestTrace, start_s: float, span_s: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    return rows_in_span(
        trace, trace.rows().times_s, start_s, start_s, start_s + span_s, np.random.default_rng(seed)
    )


# --- windows and rates


@pytest.mark.parametrize("time_scale", [0.5, 1.0, 3.0])
def test_a_circle_gives_every_row_once_a_turn(minute: str, time_scale: float) -> None:
    """Ten turns of 60 s, stretched: each row ten times, one turn apart, and rows apart as in the
    file.
    """
    times_s, rows = play(
        request_trace(minute, time_scale=time_scale), 5_000.0, 600.0 * time_scale, seed=3
    )
    assert np.bincount(rows).tolist() == [10, 10, 10] and (times_s >= 5_000.0).all()
    assert np.diff(times_s[rows == 1]) == pytest.approx(60.0 * time_scale)
    after = {0: 10.0, 1: 30.0, 2: 20.0}
    assert np.diff(times_s) == pytest.approx([after[row] * time_scale for row in rows[:-1]])


def test_seeds_see_different_windows_and_the_same_seed_the_same(minute: str) -> None:
    first = [play(request_trace(minute), 0.0, 300.0, seed)[0] for seed in range(50)]
    assert all(
        np.array_equal(times_s, play(request_trace(minute), 0.0, 300.0, seed)[0])
        for seed, times_s in enumerate(first)
    )
    gaps_s = np.array([times_s[0] for times_s in first])
    assert len(np.unique(gaps_s)) == 50
    # Uniform offset: the wait for the next request after a random instant has mean E[gap^2] / (2
    # E[gap]) = 1400 / 3 / 40 = 11.7 s.
    assert gaps_s.mean() == pytest.approx(11.67, abs=3.0 * gaps_s.std() / np.sqrt(50.0))


@pytest.mark.parametrize("rate_scale", [0.25, 1.0, 2.5, 3.0])
def test_rate_scale_is_the_mean_rate(minute: str, rate_scale: float) -> None:
    """10,000 turns of three requests.

    Whole copies are exact, a thinned one is binomial: 3 standard deviations.
    """
    times_s, rows = play(request_trace(minute, rate_scale=rate_scale), 0.0, 600_000.0, seed=1)
    part = rate_scale % 1.0
    assert abs(times_s.size - 30_000 * rate_scale) <= 3.0 * np.sqrt(30_000 * part * (1.0 - part))
    assert (np.diff(times_s) >= 0.0).all()
    if rate_scale == 3.0:  # three copies, each shifted by its own offset
        phases_s = np.unique(np.round(np.mod(times_s[rows == 0], 60.0), 6))
        assert phases_s.size == 3


def test_window_start_plays_once_from_the_start(minute: str) -> None:
    times_s, rows = play(
        request_trace(minute, window="start", time_scale=2.0), 500.0, 10_000.0, seed=1
    )
    assert times_s.tolist() == [500.0, 520.0, 580.0] and rows.tolist() == [0, 1, 2]


def test_too_many_rows_are_refused(minute: str) -> None:
    for fields in ({"time_scale": 1e-4}, {"rate_scale": 1e4}):
        with pytest.raises(
            ValueError,
            match=r"minute\.csv would give more than 2,000,000 rows an episode with time_scale "
            r".* raise",
        ):
            play(request_trace(minute, **fields), 0.0, 6_000.0, seed=1)


# --- in a World


@pytest.fixture(scope="module")
def arrivals() -> Arrivals:
    """Tiny's three satellites over the equator; user node 5 is Kisumu."""
    return get_arrivals(load_scenario("Tiny"), 1)


def tasks_of(
    arrivals: Arrivals, seed: int = 0, start_s: float = 0.0, end_s: float = DAY_S, **fields
) -> np.ndarray:
    return arrivals.trace_replay.tasks(
        Workload(**fields), start_s, end_s, np.random.default_rng(seed)
    )


def test_requests_are_asked_by_users_in_view(arrivals: Arrivals, minute: str) -> None:
    """Every request within a window of Kisumu is there, with the tokens of its row.

    Every other one is left out.
    """
    tasks = tasks_of(arrivals, traces=(request_trace(minute),))
    times_s, rows = play(request_trace(minute), 0.0, DAY_S, seed=0)
    windows = arrivals.user_windows
    is_inside = ((times_s[:, None] >= windows[:, 1]) & (times_s[:, None] < windows[:, 2])).any(
        axis=1
    )
    assert 0 < is_inside.sum() < times_s.size
    assert np.array_equal(tasks["release_s"], times_s[is_inside])
    assert np.array_equal(
        tasks["prefill_flop"], FLOP_PER_TOKEN_8B * np.array([100.0, 110.0, 140.0])[rows[is_inside]]
    )
    assert np.array_equal(tasks["decode_tokens"], np.array([1.0, 11.0, 41.0])[rows[is_inside]])
    assert (
        (tasks["origin"] == 5).all()
        and (tasks["destination"] == 5).all()
        and (tasks["one_lane"] == 1).all()
    )


def test_requests_of_the_sky_come_from_polarimeters(arrivals: Arrivals, minute: str) -> None:
    tasks = tasks_of(
        arrivals,
        traces=(request_trace(minute, task_class="xray_trigger"),),
        polarimeters=("P01S02", "P01S03"),
    )
    assert tasks.size == 1440 * 3 and (tasks["destination"] == ANY_STATION).all()
    assert np.bincount(tasks["origin"], minlength=3)[0] == 0
    assert np.bincount(tasks["origin"])[1:] / tasks.size == pytest.approx(
        [0.5, 0.5], abs=3.0 * 0.5 / np.sqrt(tasks.size)
    )


def place_below(arrivals: Arrivals, satellite: int, time_s: float) -> np.ndarray:
    """Latitude and longitude under a satellite; over the equator geodetic and geocentric agree."""
    x, y, z = arrivals.world.positions_m[int(time_s / 10.0), satellite]
    return np.degrees([np.arctan2(z, np.hypot(x, y)), np.arctan2(y, x)])


def test_the_highest_satellite_sees_an_event_below_it_at_once(arrivals: Arrivals) -> None:
    for satellite in range(3):
        assert first_satellite_over(
            arrivals.world, place_below(arrivals, satellite, 600.0), 20.0, 600.0, 0.0
        ) == (600.0, satellite)
        assert first_satellite_over(
            arrivals.world, place_below(arrivals, satellite, 600.0), 20.0, 603.0, 0.0
        ) == (603.0, satellite)


def test_an_event_waits_for_the_first_satellite(arrivals: Arrivals) -> None:
    """The string flies east, P01S03 ahead: a place 40 degrees ahead of it is seen by P01S03 first,
    when it rises 20 degrees there.

    By the sine rule from 578.73 km, 20 degrees of elevation is arccos(R cos(20) / (R + h)) - 20 =
    10.5 degrees of arc; the string moves by 3.5 deg/min over the ground (Tiny.toml), so that the
    wait is (40 - 10.5) / 3.5 min = 506 s.
    """
    place_deg = place_below(arrivals, 2, 600.0) + np.array([0.0, 40.0])
    time_s, satellite = first_satellite_over(arrivals.world, place_deg, 20.0, 600.0, 5_400.0)
    assert satellite == 2 and time_s == pytest.approx(600.0 + 506.0, abs=20.0)
    assert first_satellite_over(arrivals.world, place_deg, 20.0, 600.0, 400.0) == (
        600.0,
        NO_SATELLITE,
    )
    assert (
        first_satellite_over(arrivals.world, np.array([60.0, 0.0]), 20.0, 0.0, DAY_S)[1]
        == NO_SATELLITE
    )  # never from over the equator


def test_the_earth_hides_half_of_the_sky(arrivals: Arrivals) -> None:
    """Right ascension of a satellite's zenith is its longitude plus sidereal time.

    Opposite to it the Earth is in the way.

    Behind the limb begins where the ray passes 100 km over the ground: arcsin((R + 100) / (R +
    579)) = 68.6 degrees off the nadir.
    """
    longitude = place_below(arrivals, 1, 600.0)[1]
    zenith = longitude + np.degrees(gmst_rad(arrivals.midnight_jd, np.array([600.0 / DAY_S])))[0]
    for off_nadir, is_visible in (
        (180.0, 1),
        (90.0, 1),
        (69.5, 1),
        (67.5, NO_SATELLITE),
        (0.0, NO_SATELLITE),
    ):
        place_deg = np.array([(zenith + 180.0 + off_nadir) % 360.0, 0.0])
        assert (
            satellite_facing(arrivals.world, arrivals.midnight_jd, place_deg, [1], 600.0)
            == is_visible
        ), off_nadir
    assert (
        satellite_facing(
            arrivals.world, arrivals.midnight_jd, np.array([zenith % 360.0, 0.0]), [0, 1, 2], 600.0
        )
        == 1
    )


def event_list(folder: Path, text: str, **fields) -> EventList:
    path = folder / "events.csv"
    path.write_text(text, encoding="utf-8")
    return EventList(**({"file": str(path), "window": "start"} | fields))


def test_events_release_tasks_where_they_are_seen(arrivals: Arrivals, tmp_path: Path) -> None:
    """Two events at the start: one below P01S02, seen at once, by a task of each class (a mapping
    is three chunks), one too weak.
    """
    latitude, longitude = place_below(arrivals, 1, 600.0)
    text = (
        GROUND + f"2020-01-01T00:00:00Z,{latitude},{longitude},6\n"
        f"2020-01-01T00:00:00Z,{latitude},{longitude},1\n"
    )
    recording = event_list(
        tmp_path, text, task_classes=("wildfire_alert", "emergency_mapping"), minimum_strength=5.0
    )
    tasks = tasks_of(arrivals, start_s=600.0, end_s=2_000.0, events=(recording,))
    assert sorted(tasks["release_s"].tolist()) == [600.0, 600.0, 605.0, 610.0]
    assert (tasks["origin"] == 1).all() and (tasks["destination"] == ANY_STATION).all()
    names = [list(TASK_CLASSES)[index] for index in tasks["task_class"]]
    assert sorted(names) == ["emergency_mapping"] * 3 + ["wildfire_alert"]


def test_an_event_that_waits_since_before_the_start_is_seen(
    arrivals: Arrivals, tmp_path: Path
) -> None:
    """A fire three times an hour at one place: the next pass after the start sees all of the 90 min
    before it, none twice.
    """
    latitude, longitude = place_deg = place_below(arrivals, 2, 600.0) + np.array([0.0, 40.0])
    text = GROUND + "".join(
        f"2020-01-01T{hour:02d}:{minute:02d}:00Z,{latitude},{longitude},6\n"
        for hour in range(20)
        for minute in (0, 20, 40)
    )
    recording = event_list(tmp_path, text, task_classes=("wildfire_alert",), window="drawn")
    start_s = 23_000.0
    rise_s = first_satellite_over(arrivals.world, place_deg, 20.0, start_s, 20_000.0)[0]
    assert rise_s - start_s > 1_800.0
    assert (
        first_satellite_over(
            arrivals.world, place_deg, 20.0, rise_s - recording.wait_s, recording.wait_s
        )[0]
        == rise_s
    )  # no pass in between
    for seed in range(5):
        released = tasks_of(arrivals, seed, start_s, 41_000.0, events=(recording,))["release_s"]
        rng = np.random.default_rng(seed)
        waiting, _ = rows_in_span(
            recording,
            recording.rows().times_s,
            start_s,
            rise_s - recording.wait_s,
            rise_s,
            rng,
        )
        assert 0 < (waiting > start_s).sum() < waiting.size == (released == rise_s).sum()
        assert released[0] == rise_s and released[-1] < 41_000.0


def test_bursts_on_the_sky_are_seen_at_their_instant(arrivals: Arrivals, tmp_path: Path) -> None:
    """48 bursts at the celestial pole, an hour apart: an equatorial satellite always sees it (90
    degrees off the nadir, limb at 68.6).
    """
    text = SKY + "".join(
        f"2020-01-{1 + hour // 24:02d}T{hour % 24:02d}:00:00Z,0,90,1\n" for hour in range(48)
    )
    recording = event_list(tmp_path, text, task_classes=("xray_trigger",))
    tasks = tasks_of(
        arrivals, start_s=600.0, end_s=36_700.0, events=(recording,), polarimeters=("P01S03",)
    )
    assert (
        tasks["release_s"].tolist() == [600.0 + 3_600.0 * hour for hour in range(11)]
        and (tasks["origin"] == 2).all()
    )
    assert (tasks["alert_delay_s"] >= 10.0).all()


TASK_ROWS = """\
release_s,origin,task_class,slack_s,value,input_bits,result_bits,\
vision_flop,vision_bytes,prompt_tokens,output_tokens
30,Kisumu,language_request,60,5,,,,,200,20
10.5,P01S02,eo_scene,,,1e9,2e6,3e15,4e9,,
20,P01S01,wildfire_alert,,,,5e6,,,,
"""


def test_a_task_file_gives_the_numbers_that_it_types(arrivals: Arrivals, tmp_path: Path) -> None:
    """What is left out comes from the class.

    A result of 5 Mbit is too long for the alert channel.
    """
    path = tmp_path / "tasks.csv"
    path.write_text(TASK_ROWS, encoding="utf-8")
    scene, fire, request = tasks_of(
        arrivals, start_s=1_000.0, end_s=5_000.0, task_files=(TaskFile(file=str(path)),)
    )
    assert [row["release_s"] for row in (scene, fire, request)] == [1_010.5, 1_020.0, 1_030.0]
    assert [row["origin"] for row in (scene, fire, request)] == [1, 0, 5] and request[
        "destination"
    ] == 5
    assert (
        scene["input_bits"],
        scene["result_bits"],
        scene["vision_flop"],
        scene["vision_bytes"],
    ) == (1e9, 2e6, 3e15, 4e9)
    assert 300.0 <= scene["slack_s"] <= 1_800.0 and scene["value"] == 1.0
    assert (
        request["slack_s"],
        request["value"],
        request["prefill_flop"],
        request["decode_tokens"],
    ) == (60.0, 5.0, 200 * 16e9, 20.0)
    assert fire["result_bits"] == 5e6 and fire["alert_delay_s"] == -1.0
