"""What a log says is what happened: against the episode itself, a plain ledger, the topology, the
shadow's geometry.
"""

from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest

from orbit_gym.env import OrbitEnv
from orbit_gym.kernels.episode import CALENDAR_FAULT, FAULT, UNIT_FAULT
from orbit_gym.kernels.network.transfers import position_m
from orbit_gym.orbits.epochs import julian_date
from orbit_gym.physics.geometry import gmst_rad, rotate_to_earth_fixed
from orbit_gym.physics.sun import shadow_margin_m, sun_direction_of_date
from orbit_gym.simulation.graph import topology
from orbit_gym.utils.units import DAY_S
from orbit_gym.views.episode_log import read_log
from orbit_gym.views.episode_log.tables import SAMPLE_S, faults_table
from orbit_gym.world.ephemeris import midnight_of
from orbit_gym.world.layout import DOWNLINK, LASER
from orbit_gym.wrappers import RecordEpisode
from tests.helpers.playing_logs import (
    FAULTY,
    SHORT,
    Recorded,
    columns,
    faulty,
    play,
    quarter,
    recorded,
)

CASES = {"quiet": quarter, "faulty": faulty, "tiny": lambda: recorded("Tiny")}


@pytest.fixture(params=CASES)
def any_case(request: pytest.FixtureRequest) -> Recorded:
    return CASES[request.param]()


@pytest.mark.parametrize(
    ("scenario", "overrides"), [("ThreeBody12", SHORT), ("CrossPlane12", FAULTY)]
)
def test_recording_changes_nothing(scenario: str, overrides: tuple) -> None:
    """Bit for bit the rewards, the metrics and the final State of the same episode without the
    wrapper.
    """
    with_log = recorded(scenario, "eft", 3, overrides)
    env = OrbitEnv(scenario, overrides=dict(overrides), split="validation")
    rewards, metrics = play(env, "eft", 3)
    assert (
        rewards == with_log.rewards
        and metrics == with_log.metrics == with_log.log.header["metrics"]
    )
    for plain, other in zip(env.simulation.state, with_log.simulation.state, strict=True):
        assert plain.tobytes() == other.tobytes()


def test_decisions_add_up_to_the_metrics(any_case: Recorded) -> None:
    log, metrics = any_case.log, any_case.metrics
    node, on_time, lost, terms, energy_j = columns(
        log, "decisions", "node", "on_time", "is_lost", "reward_terms", "energy_j"
    )
    is_booked = node >= 0
    assert len(node) == metrics["n_released"] and (~is_booked).sum() == metrics["n_rejected"]
    assert (is_booked & on_time & ~lost).sum() == metrics["n_delivered"] and (
        is_booked & ~on_time & ~lost
    ).sum() == metrics["n_late"]
    assert lost.sum() == metrics["n_revoked"] and energy_j.sum() == pytest.approx(
        metrics["energy_j"], rel=1e-12
    )
    assert terms.sum(axis=1).tolist() == any_case.rewards
    assert log.header["reward_terms"] == ["delivered_value", "revoked_value", "energy_cost"]
    for name in ("arrival_s", "start_s", "finish_s", "delivery_s"):
        assert (np.isnan(log.arrays[f"decisions/{name}"]) == ~is_booked).all()


def test_the_action_names_the_candidate_and_times_stand_where_they_mean_something(
    any_case: Recorded,
) -> None:
    log = any_case.log
    candidates, action, node = columns(log, "decisions", "candidates", "action", "node")
    is_booked = node >= 0
    assert (
        candidates[is_booked, action[is_booked]] == node[is_booked]
    ).all() and is_booked.sum() > 4
    by_alert, send_s, finish_s = columns(log, "decisions", "by_alert", "send_s", "finish_s")
    assert (np.isnan(send_s) == ~by_alert).all() and (send_s[by_alert] >= finish_s[by_alert]).all()
    load_s, load_start_s, start_s = columns(log, "decisions", "load_s", "load_start_s", "start_s")
    has_load = is_booked & (load_s > 0.0)
    assert (np.isnan(load_start_s) == ~has_load).all() and has_load.any()
    assert (load_start_s[has_load] + load_s[has_load] <= start_s[has_load] + 1e-6).all()


def test_the_faulty_case_is_a_case() -> None:
    log = faulty().log
    assert faulty().metrics["n_revoked"] > 3 and len(log.arrays["faults/strike_s"]) > 20
    ends = set(zip(*(column.tolist() for column in columns(log, "faults", "node_a", "node_b"))))
    assert all(0 <= a < 12 and -1 <= b < 12 for a, b in ends)
    is_accelerator = log.arrays["faults/is_accelerator"]
    assert is_accelerator.any() and (log.arrays["faults/node_b"][is_accelerator] == -1).all()
    assert (log.arrays["faults/node_b"][~is_accelerator] >= 0).all()


def test_hops_lead_from_the_origin_to_the_node_and_on_to_the_destination(
    any_case: Recorded,
) -> None:
    log = any_case.log
    kinds = [item["kind"] for item in log.header["nodes"]]
    table, hops = log.group("decisions"), log.group("hops")
    first = 0
    for k in range(len(table["node"])):
        n_input, n_result = int(table["input_hops"][k]), int(table["result_hops"][k])
        own_hops = slice(first, first + n_input + n_result)
        first += n_input + n_result
        assert (hops["decision"][own_hops] == k).all()
        if table["node"][k] < 0:
            assert n_input + n_result == 0
            continue
        path = [int(table["origin"][k]), *hops["to_node"][own_hops].tolist()]
        assert (
            hops["from_node"][own_hops].tolist() == path[:-1] and path[n_input] == table["node"][k]
        )
        end, destination = path[-1], int(table["destination"][k])
        assert (
            end == destination
            if destination >= 0
            else table["by_alert"][k] or kinds[end] in ("station", "datacentre")
        )
        times_s = [
            table["release_s"][k],
            *np.stack([hops["start_s"][own_hops], hops["end_s"][own_hops]], axis=1).ravel(),
        ]
        assert (np.diff(times_s) >= 0.0).all()
        assert (
            table["arrival_s"][k]
            <= table["start_s"][k]
            < table["finish_s"][k]
            <= table["delivery_s"][k]
        )
    assert first == len(hops["start_s"])


def test_every_laser_hop_lies_in_a_link() -> None:
    log = quarter().log
    hops, links = log.group("hops"), log.group("links")
    lasers = np.flatnonzero(hops["kind"] == log.header["hop_kinds"].index("laser"))
    assert lasers.size > 100
    for hop in lasers:
        ends = sorted((int(hops["from_node"][hop]), int(hops["to_node"][hop])))
        is_link = (links["node_a"] == ends[0]) & (links["node_b"] == ends[1])
        assert (
            is_link
            & (links["start_s"] <= hops["start_s"][hop])
            & (links["end_s"] >= hops["end_s"][hop] - 1e-6)
        ).any()


def _plain_ledger(case: Recorded, satellite: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lanes, charge in joules and queue at every sample, from the decisions alone.

    A full battery stays full.
    """
    world, log = case.simulation.world, case.log
    unit, table = world.accelerators[satellite], log.group("decisions")
    power = world.power[world.power_offsets[satellite] : world.power_offsets[satellite + 1]]
    of_satellite = table["node"] == satellite
    vision = of_satellite & (case.simulation.episode.tasks["one_lane"][: len(of_satellite)] == 0)
    blocks = [
        (start, end, 8)
        for start, end in zip(table["load_start_s"][of_satellite], table["start_s"][of_satellite])
        if not np.isnan(start)
    ]
    blocks += list(
        zip(
            table["start_s"][of_satellite],
            table["finish_s"][of_satellite],
            np.where(vision, 8, 1)[of_satellite],
        )
    )
    samples_s = log.arrays["series/time_s"]
    begin, end, lanes = (np.array([block[axis] for block in blocks]) for axis in range(3))
    events_s = np.unique(np.concatenate([samples_s, begin, end, power["start_s"]]))
    events_s = events_s[(events_s >= samples_s[0]) & (events_s <= samples_s[-1])]
    charge_j, at_s = (
        float(case.simulation.episode.initial_charge_j[satellite]),
        {float(events_s[0]): 0.0},
    )
    at_s[float(events_s[0])] = charge_j
    for now_s, next_s in zip(events_s, events_s[1:]):
        lanes_used = lanes[(begin <= now_s) & (now_s < end)].sum()
        net_w = (
            power["net_w"][np.searchsorted(power["start_s"], now_s, side="right") - 1]
            - unit["dynamic_w"] * lanes_used / unit["lanes"]
        )
        charge_j = min(charge_j + net_w * (next_s - now_s), float(unit["capacity_j"]))
        at_s[float(next_s)] = charge_j
    in_use = np.array([lanes[(begin <= now_s) & (now_s < end)].sum() for now_s in samples_s])
    release_s = table["release_s"][of_satellite]
    finish_s = table["finish_s"][of_satellite]
    queue_s = np.array([max([0.0, *(finish_s[release_s <= now_s] - now_s)]) for now_s in samples_s])
    return in_use, np.array([at_s[float(now_s)] for now_s in samples_s]), queue_s


@pytest.mark.parametrize("case", ["quiet", "tiny"])
def test_the_series_follow_from_the_decisions(case: str) -> None:
    """Charge within a float32 of capacity (1e-7), lanes exactly, queues within 1 ms.

    On every satellite, also after the end.
    """
    case_log = CASES[case]()
    series = case_log.log.group("series")
    assert (
        series["time_s"][0] == case_log.log.header["start_s"]
        and series["time_s"][-1] >= case_log.log.header["last_s"]
    )
    assert (np.diff(series["time_s"]) == pytest.approx(SAMPLE_S)) and case_log.log.header[
        "last_s"
    ] >= case_log.log.header["end_s"]
    for satellite in range(series["queue_s"].shape[1]):
        in_use, charge_j, queue_s = _plain_ledger(case_log, satellite)
        assert series["lanes_busy"][:, satellite].tolist() == in_use.tolist()
        capacity_j = case_log.log.header["satellites"]["capacity_j"][satellite]
        np.testing.assert_allclose(
            series["charge_fraction"][:, satellite], charge_j / capacity_j, atol=1e-6
        )
        np.testing.assert_allclose(series["queue_s"][:, satellite], queue_s, atol=1e-3, rtol=1e-6)


def test_a_service_holds_its_lanes_and_its_model_in_memory_until_a_fault(
    any_case: Recorded,
) -> None:
    """At every sample within the service of a task that no fault has ended so far."""
    log, n_seen = any_case.log, 0
    series, table, faults = log.group("series"), log.group("decisions"), log.group("faults")
    for row, now_s in enumerate(series["time_s"]):
        nodes_down = set(
            faults["node_a"][
                faults["is_accelerator"] & (faults["strike_s"] <= now_s) & (now_s < faults["end_s"])
            ].tolist()
        )
        assert all(
            series["lanes_busy"][row, node] == log.header["satellites"]["lanes"][node]
            for node in nodes_down
        )  # it reboots on all
        running = (
            ~table["is_lost"]
            & (table["start_s"] <= now_s)
            & (now_s < table["finish_s"])
            & (table["release_s"] < now_s)
        )
        for k in np.flatnonzero(running & (table["node"] < series["queue_s"].shape[1])):
            node = table["node"][k]
            assert (
                series["lanes_busy"][row, node] >= 1
                and series["resident"][row, node] >> table["model"][k] & 1
            ), (k, now_s)
            n_seen += 1
    assert n_seen > 1


def test_the_series_stay_within_their_limits(any_case: Recorded) -> None:
    header, series = any_case.log.header, any_case.log.group("series")
    satellites = header["satellites"]
    floor = np.array(satellites["floor_j"]) / np.array(satellites["capacity_j"])
    assert (series["charge_fraction"] >= floor - 1e-6).all() and (
        series["charge_fraction"] <= 1.0
    ).all()
    assert (series["temperature_c"] <= np.array(satellites["limit_c"]) + 1e-3).all()
    assert (series["temperature_c"] >= np.array(satellites["sink_c"]) - 1e-3).all()
    assert (series["lanes_busy"] >= 0).all() and (
        series["lanes_busy"] <= np.array(satellites["lanes"])
    ).all()


def test_positions_are_the_worlds(any_case: Recorded) -> None:
    world, log = any_case.simulation.world, any_case.log
    time_s, places_m = columns(log, "positions", "time_s", "positions_m")
    assert time_s[0] <= log.header["start_s"] and time_s[-1] >= log.header["last_s"]
    for row in (0, len(time_s) // 2, len(time_s) - 1):
        expected = [position_m(world, node, time_s[row]) for node in range(places_m.shape[1])]
        np.testing.assert_allclose(places_m[row], expected, atol=1.0)


def test_links_are_the_topologys() -> None:
    """At instants over the episode: the same pairs as the graph that OrbitEnv.graph() shows."""
    quarter_log = quarter()
    links, names = (
        quarter_log.log.group("links"),
        [item["name"] for item in quarter_log.log.header["nodes"]],
    )
    rates_seen: dict[tuple[int, int], set[float]] = {}
    start_s, last_s = (quarter_log.log.header[name] for name in ("start_s", "last_s"))
    for now_s in np.linspace(start_s, last_s, 23)[1:-1]:
        graph = topology(quarter_log.simulation.world, tuple(names), float(now_s))
        expected = {(min(a, b), max(a, b)) for a, b in graph.edges()}
        is_up = (links["start_s"] <= now_s) & (now_s < links["end_s"])
        assert (
            set(zip(links["node_a"][is_up].tolist(), links["node_b"][is_up].tolist())) == expected
        )
        rates = {
            (min(a, b), max(a, b)): data["rate_bps"]
            for a, b, data in graph.edges(data=True)
            if data["kind"] in ("laser", "fibre")
        }
        for k in np.flatnonzero(is_up):
            pair = (int(links["node_a"][k]), int(links["node_b"][k]))
            if pair in rates:
                rates_seen.setdefault(pair, set()).add(round(rates[pair] / links["rate_bps"][k], 6))
    assert (
        sum(ratios == {1.0} for ratios in rates_seen.values()) > 5
    )  # the rate of most lasers never changes, so its mean is that
    assert all(0.2 < ratio < 5.0 for ratios in rates_seen.values() for ratio in ratios)
    kinds = {item: kind["kind"] for item, kind in enumerate(quarter_log.log.header["nodes"])}
    expected_kinds = {"satellite": "laser", "station": "station", "user": "user"}
    for a, b, kind in zip(*(links[name].tolist() for name in ("node_a", "node_b", "kind"))):
        assert quarter_log.log.header["link_kinds"][kind] == (
            expected_kinds[kinds[b]] if kinds[a] == "satellite" else "fibre"
        )
    assert links["start_s"].min() == start_s and links["end_s"].max() == last_s


def test_faults_are_named_by_the_ends_of_what_they_hold_down() -> None:
    """A laser by its two satellites, a station's antenna by the station, an accelerator by its
    satellite.
    """
    world = quarter().simulation.world
    senders = np.repeat(np.arange(world.edge_offsets.size - 1), np.diff(world.edge_offsets))
    laser, downlink = (
        int(np.flatnonzero(world.edges["kind"] == kind)[-1]) for kind in (LASER, DOWNLINK)
    )
    faults = np.zeros(3, FAULT)
    faults["kind"] = CALENDAR_FAULT, CALENDAR_FAULT, UNIT_FAULT
    faults["index"] = world.edges["resource_a"][laser], world.edges["resource_b"][downlink], 5
    table = faults_table(world, faults, 100.0)
    ends = {int(senders[laser]), int(world.edges["to"][laser])}
    assert {int(table["node_a"][0]), int(table["node_b"][0])} == ends
    assert table["node_a"][1:].tolist() == [world.edges["to"][downlink], 5] and table["node_b"][
        1:
    ].tolist() == [-1, -1]
    assert table["is_accelerator"].tolist() == [False, False, True]


def test_sunlight_is_the_shadows() -> None:
    quarter_log = quarter()
    log, scenario = quarter_log.log, OrbitEnv("ThreeBody12").scenario
    jd, _ = julian_date(midnight_of(scenario, log.header["day"]))
    time_s, places_m = columns(log, "positions", "time_s", "positions_m")
    satellite, start_s, end_s = columns(log, "sunlight", "satellite", "start_s", "end_s")
    is_inside = (time_s >= log.header["start_s"]) & (time_s < log.header["last_s"])
    fraction = time_s / DAY_S
    sun = rotate_to_earth_fixed(sun_direction_of_date(jd, fraction), gmst_rad(jd, fraction))
    margin_m = shadow_margin_m(places_m.astype(np.float64), sun[:, None])
    for row in np.flatnonzero(is_inside):
        lit = set(satellite[(start_s <= time_s[row]) & (time_s[row] < end_s)].tolist())
        clear = np.abs(margin_m[row]) > 20e3  # within 3 s of the edge either answer will do
        assert {int(k) for k in np.flatnonzero(clear & (margin_m[row] > 0))} <= lit
        assert not lit & {int(k) for k in np.flatnonzero(clear & (margin_m[row] < 0))}
    assert 0 < len(satellite) and (margin_m < 0).any()


def test_which_episodes_are_written(tmp_path: Path) -> None:
    """One left before its end is not.

    The trigger gets the episode's number; names hold scenario, policy and seed.
    """
    env = RecordEpisode(
        gym.make("OrbitGym/Tiny-v0"),
        tmp_path,
        policy="/runs/my run",
        episode_trigger=lambda number: number != 1,
    )
    env.reset(seed=5)
    env.step(0)
    assert not list(tmp_path.iterdir()) and env.path is None
    for seed in (6, 7, 8):  # episodes 1, 2, 3
        play(env, "eft", seed)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "Tiny-runs_my_run-7.log",
        "Tiny-runs_my_run-8.log",
    ]


def test_a_wrong_action_is_refused_before_anything_is_noted(tmp_path: Path) -> None:
    """The episode goes on, and its log has one row a decision."""
    env = RecordEpisode(OrbitEnv("Tiny"), tmp_path)
    env.reset(seed=5)
    with pytest.raises(ValueError, match="action must be an integer from 0 to 4"):
        env.step(9)
    truncated = False
    while not truncated:
        *_, truncated, info = env.step(4)
    assert env.path is not None and env.path.name == "Tiny-5.log"
    assert read_log(env.path).arrays["decisions/action"].tolist() == [4] * int(
        info["episode_metrics"]["n_released"]
    )


def test_only_our_environment_is_recorded(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match="RecordEpisode records orbit_gym's OrbitEnv, got CartPoleEnv"
    ):
        RecordEpisode(gym.make("CartPole-v1"), tmp_path)
