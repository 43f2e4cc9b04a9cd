"""Worlds that these tests share, and how to walk through their edges."""

import dataclasses

import numpy as np

from orbit_gym.orbits.positions import Orbits
from orbit_gym.physics.geometry import gmst_rad, rotate_to_earth_fixed
from orbit_gym.scenario.scenario import (
    Constellation,
    Datacentre,
    Scenario,
    Shell,
    Station,
    Users,
    UserSite,
    Workload,
)

JD = 2_460_890.5  # 2025-08-03 00:00 UTC


def small(**changes) -> Scenario:
    """Two planes of two, 15 degrees apart, with two antennas at one station, a datacentre and two
    users.
    """
    shell = Shell(
        97.4, 500e3, planes=2, per_plane=2, phasing=0, raan_spread_deg=30.0, slot_spacing_deg=12.0
    )
    return dataclasses.replace(
        Scenario(
            name="small",
            constellation=Constellation(shells=(shell,)),
            stations=(
                Station("North", 78.23, 15.41, antennas=2, datacentre="Hall"),
                Station("South", -51.7, -57.85),
            ),
            datacentres=(Datacentre("Hall", 59.3, 18.1, accelerator_count=3),),
            users=Users(sites=(UserSite("Oslo", 59.91, 10.75), UserSite("Quito", -0.18, -78.47))),
            workload=Workload(mix={"eo_scene": 1.0}),
        ),
        **changes,
    )


def edge_table(world):
    """(from, to, edge row) of every edge."""
    for node in range(len(world.edge_offsets) - 1):
        for row in range(world.edge_offsets[node], world.edge_offsets[node + 1]):
            yield node, int(world.edges[row]["to"]), world.edges[row]


def contacts_of(world, edge):
    return world.contacts[edge["first_contact"] : edge["end_contact"]]


def fixed_m(orbits: Orbits, satellite: int, times_s: np.ndarray) -> np.ndarray:
    """Earth-fixed positions (N, 3) straight from SGP4 at these seconds of 2025-08-03."""
    one = orbits.subset(np.array([satellite]))
    position_m, _ = one.propagate(np.full(len(times_s), JD), times_s / 86_400.0)
    return rotate_to_earth_fixed(position_m, gmst_rad(JD, times_s / 86_400.0))[0]
