"""Every switch of docs/reference/scenario.md changes what it names in the World and nothing else.

For what Worlds do not hold, episodes and play.
"""

from typing import Any

import numpy as np
import pytest

from orbit_gym.env import OrbitEnv
from orbit_gym.observation import COLUMNS
from orbit_gym.scenario.loading import load_scenario, scenario_to_dict
from orbit_gym.scenario.scenario import Scenario
from orbit_gym.simulation.graph import KIND_NAMES
from orbit_gym.views.describe.scenario_tables import SWITCHES, Switch
from orbit_gym.workload.day_cache import get_arrivals
from orbit_gym.world.compiler import compile_world, graph_names
from orbit_gym.world.layout import ACCELERATOR, LASER, World

KIRUNA = {
    "name": "Kiruna",
    "latitude_deg": 67.86,
    "longitude_deg": 20.96,
    "is_optical": True,
    "datacentre": "Hangzhou",
}
MIYUN = {
    "name": "Miyun",
    "latitude_deg": 40.45,
    "longitude_deg": 116.86,
    "more_datacentres": ["Hangzhou"],
}
SITES = [
    {"name": "Nuuk", "latitude_deg": 64.18, "longitude_deg": -51.72},
    {"name": "Cairo", "latitude_deg": 30.04, "longitude_deg": 31.24},
]

# CrossPlane12 with every model on and little on the ground.
ALL_MODELS_ON: dict[str, Any] = {
    "stations": [KIRUNA, MIYUN],
    "users.sites": SITES,
    "faults.enabled": True,
    "faults.reset_mean_s": 20_000.0,  # so that an episode holds some of every kind
    "faults.cloud_spell_s": 600.0,
    "reward.energy_cost": 1e-6,
    "peak_op_per_s_each": [744e12] * 5 + [183e12] * 7,
    "candidates": 4,
}
LASERS = {"laser contacts", "laser rates"}
DRAW = {"draw", "charge needed"}
AIR = ("downlink", "uplink", "user_up", "user_down")

# What each switch may touch, and must: names of facets.
TOUCHES: dict[str, set[str]] = {
    "laser links": LASERS | DRAW | {"laser ends", "laser transmit_w", "terminals"},
    "laser rate by range": {"laser rates"},
    "laser acquisition": {"laser contacts"},
    "hysteresis of links between planes": LASERS | DRAW | {"laser ends"},
    "polar cut-off": LASERS | DRAW | {"laser ends"},
    "links between planes": LASERS | DRAW | {"laser ends"},
    "power of laser links": DRAW | {"laser transmit_w"},
    "stations": DRAW
    | {
        f"{kind} {facet}"
        for kind in ("downlink", "uplink", "fibre")
        for facet in ("ends", "contacts", "rates", "transmit_w")
    },
    "datacentres": {
        "fibre ends",
        "fibre contacts",
        "fibre rates",
        "fibre transmit_w",
        "shown",
        "ground accelerators",
    },
    "elevation masks": DRAW
    | {f"{kind} {facet}" for kind in AIR for facet in ("contacts", "rates")},
    "power of the radio": DRAW | {"downlink transmit_w", "user_down transmit_w"},
    "users": {
        f"{kind} {facet}"
        for kind in ("user_up", "user_down")
        for facet in ("ends", "contacts", "rates", "transmit_w")
    },
    "alert channel": {"alerts"},
    "unequal nodes": {"peak_op_per_s"},
    "lanes": {"lanes"},
    "overhead of model loads": {"load_overhead_s"},
    "limited memory": {"memory_bytes"},
    "limited battery": {"capacity_j", "floor_j", "charge needed"},
    "idle draw": DRAW | {"idle_w", "dynamic_w", "ground accelerators"},
    "thermal limit": {"thermal_k_per_w", "ground accelerators"},
    "all faults": set(),
    "resets": set(),
    "link outages": set(),
    "clouds": set(),
    "limited candidates": {"shown"},
    "price of energy": set(),
}
OUTSIDE_WORLD = [name for name, touched in TOUCHES.items() if not touched]


def switched(*names: str) -> Scenario:
    """The scenario with everything on, but for the named models."""
    table = scenario_to_dict(load_scenario("CrossPlane12", ALL_MODELS_ON))
    for switch in SWITCHES:
        if switch.model in names:
            type_in(table, switch)
    return load_scenario(table)


def type_in(table: dict[str, Any], switch: Switch) -> None:
    """Write what a switch asks to type into a plain scenario, [] meaning every row."""
    for path, value in switch.own_values.items():
        array, is_array, name = path.partition("[].")
        *sections, last = (name if is_array else path).split(".")
        for row in table[array] if is_array else [table]:
            for section in sections:
                row = row[section]
            assert last in row
            row[last] = value


def facets(scenario: Scenario) -> dict[str, Any]:
    """What a World says, by part, in names and times, so that a change of numbering is none."""
    world, names = compile_world(scenario, 1), graph_names(scenario)
    sizes, n_satellites = world.sizes[0], int(world.sizes["n_satellites"][0])
    table: dict[str, Any] = {
        "positions": world.positions_m.tobytes(),
        "sunlit": [sunlit_changes(world, satellite) for satellite in range(n_satellites)],
        "draw": np.round(sampled_draw_w(world, scenario), 9).tolist(),
        "charge needed": [
            float(np.round(rows["required_j"], 3).max()) for rows in power_rows(world)
        ],
        "alerts": (bool(sizes["first_alert_resource"] >= 0),),
        "shown": int(sizes["n_candidates"]),
        "terminals": int(sizes["n_terminals"]),
        "models": world.model_bytes.tolist(),
        "ground accelerators": world.accelerators[n_satellites:][
            [name for name in ACCELERATOR.names or () if name != "node"]
        ].tolist(),
    }
    table |= {
        name: world.accelerators[name][:n_satellites].tolist()
        for name in ACCELERATOR.names or ()
        if name not in ("node", "pad")
    }
    senders = np.repeat(np.arange(len(names)), np.diff(world.edge_offsets))
    for kind, word in KIND_NAMES.items():
        kind_rows = [row for row in range(len(world.edges)) if world.edges[row]["kind"] == kind]
        ends = [(names[senders[row]], names[world.edges[row]["to"]]) for row in kind_rows]
        order = sorted(range(len(kind_rows)), key=lambda k: ends[k])
        contacts = [
            world.contacts[
                world.edges[kind_rows[k]]["first_contact"] : world.edges[kind_rows[k]][
                    "end_contact"
                ]
            ]
            for k in order
        ]
        table[f"{word} ends"] = [ends[k] for k in order]
        table[f"{word} contacts"] = [rows[["start_s", "end_s"]].tolist() for rows in contacts]
        table[f"{word} rates"] = [
            [
                world.rate_segments[row["first_rate_segment"] : row["end_rate_segment"]][
                    "rate_bps"
                ].tolist()
                for row in rows
            ]
            for rows in contacts
        ]
        table[f"{word} transmit_w"] = sorted(
            {float(world.edges[row]["transmit_w"]) for row in kind_rows}
        )
    return table


def power_rows(world: World) -> list[np.ndarray]:
    return [
        world.power[low:high] for low, high in zip(world.power_offsets, world.power_offsets[1:])
    ]


def sunlit_changes(world: World, satellite: int) -> list[tuple[float, int]]:
    rows = power_rows(world)[satellite]
    changes = np.flatnonzero(np.r_[True, np.diff(rows["is_sunlit"]) != 0])
    return rows[["start_s", "is_sunlit"]][changes].tolist()


def sampled_draw_w(world: World, scenario: Scenario) -> np.ndarray:
    """Baseline draw every 20 s, (n_satellites, n)."""
    times_s = np.arange(0.0, float(world.sizes["horizon_s"][0]), 20.0) + 0.5
    satellite_rows = [
        rows[np.searchsorted(rows["start_s"], times_s, side="right") - 1]
        for rows in power_rows(world)
    ]
    return np.array(
        [scenario.power.solar_w * rows["is_sunlit"] - rows["net_w"] for rows in satellite_rows]
    )


@pytest.fixture(scope="module")
def base_facets() -> dict[str, Any]:
    return facets(switched())


def test_every_switch_is_tested() -> None:
    assert [switch.model for switch in SWITCHES] == list(TOUCHES)


@pytest.mark.parametrize("name", TOUCHES)
def test_a_switch_touches_what_it_names_and_nothing_else(
    base_facets: dict[str, Any], name: str
) -> None:
    switched_off = facets(switched(name))
    assert {
        facet for facet in switched_off if switched_off[facet] != base_facets[facet]
    } == TOUCHES[name]


def test_lasers_off_leave_no_laser() -> None:
    world = compile_world(switched("laser links"), 1)
    assert not (world.edges["kind"] == LASER).any()


def test_acquisition_off_starts_contacts_when_they_are_held(base_facets: dict[str, Any]) -> None:
    """Without acquisition a contact begins 15 s sooner, except where it was up at midnight.

    None shorter than 15 s is lost.
    """
    base_contacts = [row for rows in base_facets["laser contacts"] for row in rows]
    after = {
        (round(start_s, 6), end_s)
        for rows in facets(switched("laser acquisition"))["laser contacts"]
        for start_s, end_s in rows
    }
    assert (
        all(
            (round(start_s - 15.0 * (start_s > 0.0), 6), end_s) in after
            for start_s, end_s in base_contacts
        )
        and len(base_contacts) > 200
    )


def draw(scenario: Scenario) -> Any:
    """One episode of day 1, always with the same generator."""
    return get_arrivals(scenario, 1).sample_episode(
        scenario.workload, scenario.faults, 1_000.0, np.random.default_rng(5)
    )


@pytest.mark.parametrize("name", OUTSIDE_WORLD)
def test_switches_outside_the_world_leave_tasks_and_charge(name: str) -> None:
    """Faults are drawn last, so that everything before them is bit-equal."""
    base_episode, switched_off = draw(switched()), draw(switched(name))
    for part in ("tasks", "initial_charge_j", "initial_resident", "span_s"):
        assert getattr(base_episode, part).tobytes() == getattr(switched_off, part).tobytes(), part


@pytest.mark.parametrize(
    ("names", "left"),
    [
        ((), {"reset", "link", "cloud"}),
        (("all faults",), set()),
        (("resets",), {"link", "cloud"}),
        (("link outages",), {"reset", "cloud"}),
        (("clouds",), {"reset", "link"}),
    ],
)
def test_kinds_of_faults_left(names: tuple[str, ...], left: set[str]) -> None:
    """Kinds by what they strike: an accelerator, a laser calendar, an antenna's calendar.

    Those that are left are the very same.
    """
    base_facets, scenario = switched(), switched(*names)
    world = get_arrivals(scenario, 1).world
    lasers = set(world.edges["resource_a"][world.edges["kind"] == LASER].tolist())

    def rows(faults: np.ndarray, kinds: set[str]) -> list[tuple]:
        kinds_of_rows = [
            "reset" if row["kind"] == 1 else "link" if int(row["index"]) in lasers else "cloud"
            for row in faults
        ]
        return [
            row.tolist() for row, kind in zip(faults, kinds_of_rows, strict=True) if kind in kinds
        ]

    left_over = draw(scenario).faults
    assert rows(left_over, left) == [row.tolist() for row in left_over]
    if (
        "clouds" not in names
    ):  # a station without clouds is another World, with the same faults of satellites
        assert rows(left_over, left) == rows(draw(base_facets).faults, left)
    assert all(rows(left_over, {kind}) for kind in left)


def test_alerts_off_leave_no_task_that_may_alert() -> None:
    assert (draw(switched()).tasks["alert_delay_s"] >= 0.0).any()
    assert (draw(switched("alert channel")).tasks["alert_delay_s"] == -1.0).all()


def play(overrides: dict[str, Any]) -> tuple[list[float], list[float]]:
    """Tiny with every task at the first node that can take it: hottest observed temperature and
    energy term at each step.
    """
    env = OrbitEnv("Tiny", overrides=overrides)
    observation, _ = env.reset(seed=7)
    hottest, energy, truncated = [], [], False
    while not truncated:
        mask = env.action_masks()
        observation, _, _, truncated, info = env.step(int(mask.argmax()))
        hottest.append(float(observation["nodes"][:, COLUMNS["nodes"]["temperature"]].max()))
        energy.append(info["reward_terms"]["energy_cost"])
    return hottest, energy


def test_without_thermal_resistance_nothing_warms() -> None:
    """The observed temperature is counted from the sink."""
    assert max(play({})[0]) > 0.05
    assert set(play({"thermal.resistance_k_per_w": 0.0})[0]) == {0.0}


def test_without_a_price_energy_costs_nothing() -> None:
    assert min(play({"reward.energy_cost": 1e-6})[1]) < 0.0
    assert set(play({"reward.energy_cost": 0.0})[1]) == {0.0}
