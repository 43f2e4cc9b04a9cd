"""What the map shows is what the environment says: links of the topology, sunlight and charge of
the World, queues of the observation.
"""

import numpy as np
import pytest

from orbit_gym.env import OrbitEnv
from orbit_gym.kernels.accelerator.charge_and_heat import advance_to, power_row
from orbit_gym.kernels.observation_encoder import log_time
from orbit_gym.kernels.state import copy_state
from orbit_gym.observation import COLUMNS
from orbit_gym.views.map import palette
from orbit_gym.views.map.active_links import Sightlines
from orbit_gym.views.map.canvas import PLACEMENT
from orbit_gym.views.map.layers import arcs, free_place
from orbit_gym.views.map.panels import SMALL
from orbit_gym.views.map.projection import Box
from orbit_gym.views.map.reservations import FADING_S, RecentUse
from orbit_gym.views.map.snapshot import Placement, Snapshot, Tracker, totals
from orbit_gym.views.map.text import text_width
from orbit_gym.views.map.text_blocks import amount, duration, hops, plan_lines, task_lines
from orbit_gym.world.layout import DOWNLINK
from tests.helpers.playing import at_random

FAULTS = {"faults.enabled": True, "faults.reset_mean_s": 1_500.0, "faults.link_up_fraction": 0.6}


def play(
    name: str, steps: int, overrides: dict | None = None
) -> tuple[OrbitEnv, Tracker, Snapshot]:
    """An environment after some random steps, and what there is to see."""
    env, rng = OrbitEnv(name, overrides=overrides, split="validation"), np.random.default_rng(4)
    _, info = env.reset(seed=4)
    tracker = Tracker(env.scenario, info["day"], env.simulation.world, env.simulation.episode)
    for _ in range(steps):
        env.step(at_random(env.simulation, rng))
        tracker.follow(env.simulation)
    return (
        env,
        tracker,
        tracker.snapshot(env.simulation, None, totals(env.simulation, env.booking_log)),
    )


@pytest.fixture(scope="module")
def late_view() -> tuple[OrbitEnv, Snapshot]:
    env, _, snapshot = play("CrossPlane12", 300)
    return env, snapshot


def test_a_pass_is_used_as_much_as_both_its_ends_are(late_view: tuple[OrbitEnv, Snapshot]) -> None:
    """Radios booked for 0.8 of the last minute and antennas for 0.3: no pass was used for more than
    0.3.
    """
    world, edges = late_view[0].simulation.world, late_view[0].simulation.world.edges
    use_fraction = np.zeros(1 + max(edges["resource_a"].max(), edges["resource_b"].max()))
    is_downlink = edges["kind"] == DOWNLINK
    (
        use_fraction[edges["resource_a"][is_downlink]],
        use_fraction[edges["resource_b"][is_downlink]],
    ) = 0.8, 0.3
    start_s, end_s = late_view[0].simulation.episode.span_s
    sightlines = Sightlines(world, start_s, end_s, 0.0)
    passes = [sightlines.passes(time_s, use_fraction) for time_s in np.linspace(start_s, end_s, 60)]
    assert {use for row in passes for use in row.use_fraction.tolist()} == {0.3}


def test_hops_in_words() -> None:
    assert [hops(count) for count in (0, 1, 5)] == ["no hop", "1 hop", "5 hops"]


def test_links_are_those_of_the_topology(late_view: tuple[OrbitEnv, Snapshot]) -> None:
    env, snapshot = late_view
    expected: dict[str, set[tuple[int, int]]] = {
        "laser": set(),
        "downlink": set(),
        "user_up": set(),
    }
    for a, b, data in env.graph().edges(data=True):
        if data["kind"] in expected:
            expected[data["kind"]].add((min(a, b), max(a, b)))
    for kind, links in (
        ("laser", snapshot.lasers),
        ("downlink", snapshot.passes),
        ("user_up", snapshot.beams),
    ):
        assert {tuple(pair) for pair in links.ends.tolist()} == expected[kind], kind
        assert len(links.ends) == len(links.use_fraction) == len(expected[kind])
    assert expected["laser"]


def test_pairs_that_acquire_come_up_within_the_acquisition_time() -> None:
    """Looked at just before a link of CrossPlane12 opens: it is down, and up afterwards."""
    env, tracker, snapshot = play("CrossPlane12", 1)
    lasers = env.simulation.world.isl_contacts
    opens_s = np.sort(lasers["start_s"][lasers["start_s"] > snapshot.time_s])[0]
    for time_s, is_up in ((opens_s - 1.0, False), (opens_s + 0.5, True)):
        links, lasers_down = tracker._sightlines.lasers(
            time_s, np.zeros(int(env.simulation.world.sizes["n_resources"][0]))
        )
        edges = lasers["edge"][lasers["start_s"] == opens_s]
        ends = {
            tuple(
                sorted(
                    (
                        int(np.searchsorted(env.simulation.world.edge_offsets, edge, "right")) - 1,
                        int(env.simulation.world.edges["to"][edge]),
                    )
                )
            )
            for edge in edges
        }
        assert (ends <= {tuple(pair) for pair in links.ends.tolist()}) == is_up
        assert (ends <= {tuple(pair) for pair in lasers_down.tolist()}) != is_up


def test_sunlight_is_the_worlds(late_view: tuple[OrbitEnv, Snapshot]) -> None:
    env, snapshot = late_view
    world = env.simulation.world
    assert snapshot.is_sunlit.tolist() == [
        bool(world.power[power_row(world, node, snapshot.time_s)]["is_sunlit"])
        for node in range(12)
    ]


def test_charge_is_settled_and_the_state_is_not() -> None:
    """As advance_to() brings each satellite to the clock on a copy.

    With four candidates the State leaves others behind.
    """
    env, _, snapshot = play("CrossPlane12", 40, {"candidates": 4})
    world, state = env.simulation.world, copy_state(env.simulation.state)
    for unit in range(12):
        advance_to(world, state, unit, snapshot.time_s)
    capacity_j = world.accelerators["capacity_j"][:12]
    assert np.array_equal(snapshot.charge_fraction, state.units["charge_j"][:12] / capacity_j)
    assert (
        snapshot.charge_fraction != env.simulation.state.units["charge_j"][:12] / capacity_j
    ).any()


def test_queues_are_those_of_the_observation(late_view: tuple[OrbitEnv, Snapshot]) -> None:
    env, snapshot = late_view
    rows, column = env.simulation.observe()["nodes"], COLUMNS["nodes"]
    checked = 0
    for row, node in enumerate(env.candidate_nodes.tolist()):
        if 0 <= node < 12:
            assert rows[row, column["booked_work"]] == pytest.approx(
                log_time(snapshot.queue_s[node]), abs=1e-6
            )
            assert rows[row, column["lanes_busy"]] == pytest.approx(
                snapshot.busy_fraction[node], abs=1e-6
            )
            assert rows[row, column["charge"]] == pytest.approx(
                snapshot.charge_fraction[node], abs=1e-6
            )
            checked += 1
    assert checked == 12 and snapshot.queue_s.max() > 0.0


def test_faults_take_links_down_and_satellites_out() -> None:
    """In some moment of a faulty episode a struck laser is down although the World has it up, and
    an accelerator reboots.
    """
    env, tracker, _ = play("CrossPlane12", 1, FAULTS)
    rng, has_struck, has_rebooted = np.random.default_rng(0), False, False
    for _ in range(400):
        env.step(at_random(env.simulation, rng))
        snapshot = tracker.snapshot(env.simulation, None, totals(env.simulation, env.booking_log))
        up = {
            (min(a, b), max(a, b))
            for a, b, data in env.graph().edges(data=True)
            if data["kind"] == "laser"
        }
        pairs = {tuple(pair) for pair in snapshot.lasers.ends.tolist()}
        pairs_down = {tuple(pair) for pair in snapshot.lasers_down.tolist()}
        assert pairs <= up and up - pairs <= pairs_down
        has_struck |= bool(up - pairs)
        has_rebooted |= bool(snapshot.is_rebooting.any())
        if has_struck and has_rebooted:
            return
    raise AssertionError((has_struck, has_rebooted))


def test_recent_use_fades() -> None:
    """30 s booked at once are half of the last minute.

    A minute later 1/e of it is left; never more than all.
    """
    use = RecentUse(2, 100.0)
    use.follow(np.array([30.0, 0.0]), 100.0)
    assert use.fraction.tolist() == [0.5, 0.0]
    use.follow(np.array([30.0, 0.0]), 100.0 + FADING_S)
    assert use.fraction == pytest.approx([0.5 * np.exp(-1.0), 0.0])
    use.follow(np.array([30.0, 500.0]), 100.0 + FADING_S)
    assert use.fraction[1] == 1.0


def test_text_can_be_read_and_classes_told_apart() -> None:
    """Text at 4.5 to 1 or better (WCAG 2.1, AA) on every ground it stands on.

    From idle to the longest queue ever lighter.
    """
    for ground in (palette.PAGE, palette.CARD):
        for colour in (
            palette.TEXT,
            palette.TEXT_QUIET,
            palette.TASK,
            palette.GOOD,
            palette.BAD,
            palette.INPUT,
            palette.STATION,
        ):
            assert palette.contrast(colour, ground) >= 4.5
    for colour in palette.QUEUE_COLOURS:  # 3 to 1 for what is no text
        assert (
            min(
                palette.contrast(colour, ground)
                for ground in (palette.OCEAN_NIGHT, palette.LAND_NIGHT)
            )
            >= 3.0
        )
    lightness = [palette.luminance(colour) for colour in palette.QUEUE_COLOURS[1:]]
    assert (
        all(
            after > 1.2 * earlier
            for earlier, after in zip(lightness[:-2], lightness[1:-1], strict=True)
        )
        and lightness[-1] > lightness[-2]
    )
    assert palette.contrast((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)) == pytest.approx(21.0)
    assert palette.queue_class(np.array([0.0, 5.0, 10.0, 11.0, 3_600.0, 1e5])).tolist() == [
        0,
        1,
        1,
        2,
        4,
        5,
    ]


def test_arcs_begin_at_the_top_and_turn_clockwise() -> None:
    arc = arcs(np.array([[10.0, 10.0]]), np.array([0.25]), 2.0)[0]
    assert np.allclose(arc[[0, -1]], [[10.0, 12.0], [12.0, 10.0]])


def test_labels_keep_clear_of_each_other_and_inside() -> None:
    box = Box(0.0, 0.0, 200.0, 100.0)
    first = free_place(np.array([50.0, 50.0]), 40.0, box, [])
    second = free_place(np.array([50.0, 50.0]), 40.0, box, [(*first, 40.0)])
    assert (first, second) == (
        (61.0, 54.0),
        (61.0, 37.0),
    )  # at the right; below it, since the left side leaves the box
    assert free_place(np.array([195.0, 50.0]), 40.0, box, []) == (144.0, 54.0)
    assert free_place(np.array([50.0, 50.0]), 300.0, box, []) is None


def test_tasks_fit_their_cards(late_view: tuple[OrbitEnv, Snapshot]) -> None:
    """Every line about every task of the episode, and about the plan at every candidate of the one
    at hand, without a cut.
    """
    env, _ = late_view
    tasks, number = env.simulation.episode.tasks, env.simulation.task_index
    lines = {line for task in tasks for line in task_lines(task, env.node_names)}
    for k in range(13):
        plan = env.plan(k)
        lines |= set(
            plan_lines(
                Placement(number, tasks[number], plan if plan.exists else None, not plan.exists),
                env.node_names,
            )
        )
    longest = max(lines, key=lambda line: text_width(line, SMALL, False))
    assert text_width(longest, SMALL, False) <= PLACEMENT.width - 24.0, longest


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (amount(1.71e10, "bit"), "17.1 Gbit"),
        (amount(3.95e15, "flop"), "3.95 Pflop"),
        (amount(999.7, "J"), "1 kJ"),
        (amount(208.4, "J"), "208 J"),
        (duration(0.0), "0 s"),
        (duration(0.0051), "5 ms"),
        (duration(0.35), "0.35 s"),
        (duration(42.4), "42 s"),
        (duration(725.0), "12 min 05 s"),
        (duration(7_199.6), "2 h 00 min"),
    ],
)
def test_numbers_have_units(text: str, expected: str) -> None:
    assert text == expected
