"""The estimate of a World's memory against Worlds, and the refusal before any work."""

import dataclasses

import pytest

from orbit_gym.scenario.loading import load_scenario
from orbit_gym.scenario.scenario import Constellation, LaserLinks, Scenario, Shell, UserSite
from orbit_gym.world import compiler, memory_estimate
from orbit_gym.world.compiler import compile_world


def shell_of(planes: int, per_plane: int) -> Scenario:
    """CrossPlane12's stations and users under one shell at 550 km, with four terminals whose rate
    changes at 3,000 and 4,000 km.
    """
    base = load_scenario("CrossPlane12")
    return dataclasses.replace(
        base,
        constellation=Constellation(
            shells=(Shell(53.0, 550e3, planes=planes, per_plane=per_plane, phasing=1),)
        ),
        lasers=LaserLinks(terminals=4),
        workload=dataclasses.replace(base.workload, polarimeters=()),
    )


@pytest.mark.parametrize("name", ["ThreeBody12", "CrossPlane12", "shell"])
def test_worlds_are_as_large_as_estimated_or_smaller(name):
    """Never above the estimate.

    A shell of 100, whose links change most often, takes more than 0.6 of it without its positions.
    """
    scenario, n_satellites = (
        (shell_of(10, 10), 100) if name == "shell" else (load_scenario(name), 12)
    )
    world = compile_world(scenario, 1)
    rest = (
        memory_estimate.estimate_memory(scenario, n_satellites).world_bytes
        - world.positions_m.nbytes
    )
    used_bytes = sum(array.nbytes for array in world) - world.positions_m.nbytes
    assert (0.6 * rest if name == "shell" else 0.0) < used_bytes < rest


def test_every_part_of_the_scenario_counts():
    small = shell_of(10, 10)
    n_bytes = memory_estimate.estimate_memory(small, 100).build_bytes
    larger = [
        dataclasses.replace(small, look_ahead_s=2 * small.look_ahead_s),
        dataclasses.replace(small, lasers=dataclasses.replace(small.lasers, terminals=8)),
        dataclasses.replace(
            small,
            stations=tuple(dataclasses.replace(station, antennas=4) for station in small.stations),
        ),
        dataclasses.replace(
            small,
            users=dataclasses.replace(
                small.users, sites=(*small.users.sites, UserSite("Nowhere", 0.0, 0.0))
            ),
        ),
    ]
    assert all(
        memory_estimate.estimate_memory(scenario, 100).build_bytes > n_bytes for scenario in larger
    )
    assert memory_estimate.estimate_memory(small, 101).build_bytes > n_bytes


def test_what_does_not_fit_is_refused_before_any_work(monkeypatch):
    """One sentence with the estimate, what is free and what to change.

    Satellites by the number it gives do fit.
    """
    monkeypatch.setattr(memory_estimate, "free_bytes", lambda: 2e9)
    monkeypatch.setattr(compiler, "compute_day_geometry", lambda *_: pytest.fail("work began"))
    scenario = shell_of(200, 100)
    with pytest.raises(
        ValueError,
        match=r"20,000 satellites, 4 terminals each .* needs about \d+\.\d GB to compile, and "
        r"2\.0 GB are free",
    ) as error:
        compile_world(scenario, 1)
    fitting = int(
        str(error.value).split("at most about ")[1].split(" satellites")[0].replace(",", "")
    )
    assert 4_000 < fitting < 20_000
    memory_estimate.refuse_too_large(scenario, fitting)
    with pytest.raises(ValueError):
        memory_estimate.refuse_too_large(scenario, fitting + 50)


def test_free_memory_is_what_the_system_says(monkeypatch):
    assert 1e6 < memory_estimate.free_bytes() < 1e15

    def absent(*_, **__):
        raise FileNotFoundError

    monkeypatch.setattr("builtins.open", absent)
    assert 1e6 < memory_estimate.free_bytes() < 1e15
    monkeypatch.setattr(memory_estimate.os, "sysconf", absent)
    assert memory_estimate.free_bytes() == float("inf")
