"""Every check of a Scenario fires, every float field carries its unit, every catalogue entry is
sound.
"""

import dataclasses
import math
from typing import get_args, get_type_hints

import pytest

from orbit_gym.scenario import scenario as scenario_module
from orbit_gym.scenario.loading import load_scenario, scenario_names
from orbit_gym.scenario.models import MODEL_BYTES
from orbit_gym.scenario.scenario import (
    AlertChannel,
    Checked,
    Constellation,
    LaserLinks,
    Power,
    Satellite,
    Scenario,
    ScriptedTask,
    Shell,
    Station,
    Users,
    UserSite,
    Workload,
)
from orbit_gym.scenario.task_classes import TASK_CLASSES
from orbit_gym.utils.units import SUFFIXES

# Floats without a unit: the load ratio, shares and factors per class, relative weights, and the
# reward's prices.
DIMENSIONLESS = {
    "load",
    "mix",
    "slack_scale",
    "weight",
    "saa_factor",
    "delivered_value",
    "revoked_value",
    "energy_cost",
}
DIMENSIONLESS |= {
    "time_scale",
    "rate_scale",
    "minimum_strength",
}  # factors; the unit of an event file is its own
SECTIONS = [
    item
    for item in vars(scenario_module).values()
    if isinstance(item, type) and issubclass(item, Checked) and item is not Checked
]
RING = Constellation(shells=(Shell(inclination_deg=97.4, altitude_m=500e3, planes=1, per_plane=3),))
MIX = {"drone_query": 1.0}


def scenario(**fields: object) -> Scenario:
    return Scenario(
        **({"name": "test", "constellation": RING, "workload": Workload(mix=MIX)} | fields)
    )  # type: ignore[arg-type]


def float_fields(section: type) -> list[str]:
    hints = get_type_hints(section)
    return [
        item.name
        for item in dataclasses.fields(section)
        if hints[item.name] is float or float in get_args(hints[item.name])
    ]


def test_every_section_is_found() -> None:
    assert {section.__name__ for section in SECTIONS} >= {
        "Satellite",
        "Shell",
        "Station",
        "Power",
        "Thermal",
        "Workload",
        "Scenario",
    }


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.__name__)
def test_float_fields_carry_their_unit(section: type) -> None:
    for name in float_fields(section):
        stem = name.removesuffix("_each")
        assert stem in DIMENSIONLESS or stem.endswith(SUFFIXES), (
            f"{section.__name__}.{name} has no unit of {SUFFIXES}"
        )


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.__name__)
def test_float_fields_declare_a_range(section: type) -> None:
    fields = {item.name: item for item in dataclasses.fields(section)}
    for name in float_fields(section):
        assert "low" in fields[name].metadata or name in ("mix", "slack_scale"), (
            f"{section.__name__}.{name} is not checked"
        )


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.__name__)
def test_sections_are_frozen(section: type) -> None:
    assert section.__dataclass_params__.frozen  # type: ignore[attr-defined]


MISTAKES = [
    (lambda: scenario(episode_s=-1.0), r"scenario\.episode_s must be positive, got -1\.0"),
    (lambda: scenario(episode_s=math.nan), r"scenario\.episode_s must be finite, got nan"),
    (lambda: scenario(episode_s=True), r"scenario\.episode_s must be a number, got True"),
    (lambda: scenario(epoch_utc="tomorrow"), r"epoch_utc must be ISO 8601 like .*, got 'tomorrow'"),
    (
        lambda: scenario(information="delayed"),
        r"information must be 'global' in this version, got 'delayed'",
    ),
    (
        lambda: scenario(look_ahead_s=2.0),
        r"look_ahead_s must be at least the largest slack, 3 s of drone_query; got 2",
    ),
    (
        lambda: scenario(workload=Workload(mix=MIX, slack_scale={"drone_query": 3_000.0})),
        r"look_ahead_s must be at least the largest slack, 9000 s of drone_query; got 7200",
    ),
    (
        lambda: scenario(stations=(Station("A", 0.0, 0.0), Station("A", 1.0, 1.0))),
        r"distinct names; 'A' stands twice",
    ),
    (
        lambda: scenario(
            stations=(Station("A", 0.0, 0.0),), users=Users(sites=(UserSite("A", 0.0, 0.0),))
        ),
        r"'A' stands twice",
    ),
    (
        lambda: scenario(stations=(Station("A", 0.0, 0.0, datacentre="B"),)),
        r"station 'A' names an unknown datacentre 'B'",
    ),
    (
        lambda: scenario(peak_op_per_s_each=(1e12, 0.0)),
        r"peak_op_per_s_each must be positive, got 0\.0",
    ),
    (
        lambda: Constellation(),
        r"constellation is empty: give satellites, shells, tle_file, omm_file, oem_file or "
        "orbit_files",
    ),
    (
        lambda: Shell(inclination_deg=200.0, altitude_m=500e3, planes=1, per_plane=1),
        r"inclination_deg must be at least 0 and at most 180",
    ),
    (
        lambda: Shell(inclination_deg=0.0, altitude_m=500.0, planes=1, per_plane=1),
        r"altitude_m must be at least 150000",
    ),
    (
        lambda: Shell(inclination_deg=0.0, altitude_m=500e3, planes=0, per_plane=1),
        r"planes must be at least 1",
    ),
    (
        lambda: Station("A", 91.0, 0.0),
        r"station\.latitude_deg must be at least -90 and at most 90, got 91\.0",
    ),
    (lambda: LaserLinks(mode_range_m=(1e6,)), r"must have the same length"),
    (lambda: LaserLinks(mode_range_m=(3e6, 2e6, 4e6)), r"mode_range_m must rise"),
    (lambda: LaserLinks(mode_rate_bps=(1e9, 2e9, 3e9)), r"mode_rate_bps must fall"),
    (
        lambda: Power(compute_idle_w=300.0),
        r"compute_idle_w must be at most compute_full_w = 200, got 300",
    ),
    (
        lambda: Power(initial_charge_low_fraction=1.0, initial_charge_high_fraction=0.9),
        r"initial_charge_low_fraction must be at most",
    ),
    (
        lambda: Power(depth_of_discharge_fraction=1.1),
        r"depth_of_discharge_fraction must be at least 0 and at most 1",
    ),
    (lambda: Workload(), r"mix must give at least one task class a positive share"),
    (
        lambda: Workload(mix={"typo": 1.0}),
        r"workload\.mix names an unknown task class 'typo'; choose from eo_scene",
    ),
    (
        lambda: Workload(mix={"drone_query": -1.0}),
        r"workload\.mix\.drone_query must be at least 0, got -1\.0",
    ),
    (
        lambda: Workload(mix=MIX, slack_scale={"drone_query": 0.0}),
        r"workload\.slack_scale\.drone_query must be positive",
    ),
    (
        lambda: Workload(script=(ScriptedTask("typo", 0.0),)),
        r"workload\.script names an unknown task class 'typo'",
    ),
    (lambda: AlertChannel(interval_s=-1.0), r"alerts\.interval_s must be at least 0"),
    (
        lambda: AlertChannel(delay_low_s=50.0),
        r"alerts\.delay_low_s must be at most delay_high_s = 40, got 50",
    ),
]


@pytest.mark.parametrize(("make", "message"), MISTAKES, ids=[message for _, message in MISTAKES])
def test_mistakes_are_refused_with_what_to_type(make, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=message):
        make()


def test_a_misspelt_field_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="batery_j"):
        Power(batery_j=1.0)  # type: ignore[call-arg]


def test_a_sound_scenario_is_accepted() -> None:
    with_mix = scenario(
        constellation=Constellation(satellites=(Satellite("A", "1 ", "2 "),)), candidates=8
    )
    assert with_mix.workload.mix == MIX and with_mix.candidates == 8


@pytest.mark.parametrize("name", scenario_names())
def test_catalogue_scenarios_keep_the_contract(name: str) -> None:
    catalogue_scenario = load_scenario(name)
    assert catalogue_scenario.name == name and catalogue_scenario.description
    is_hand_sized = bool(catalogue_scenario.workload.script)
    assert is_hand_sized or catalogue_scenario.episode_s >= 3_000.0
    assert sum(catalogue_scenario.workload.mix.values()) == pytest.approx(
        0.0 if is_hand_sized else 1.0
    )
    model_names = {
        TASK_CLASSES[key].model
        for key in (
            *catalogue_scenario.workload.mix,
            *(task.task_class for task in catalogue_scenario.workload.script),
        )
    }
    assert (
        sum(MODEL_BYTES[model] for model in model_names)
        > catalogue_scenario.accelerator.memory_bytes
    )  # what is resident must be a choice
    assert all(
        MODEL_BYTES[model] <= catalogue_scenario.accelerator.memory_bytes for model in model_names
    )
    fleet = [satellite.name for satellite in catalogue_scenario.constellation.satellites]
    assert not fleet or set(catalogue_scenario.workload.polarimeters) <= set(fleet)
