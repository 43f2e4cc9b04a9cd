"""Elements in, positions out: against the Walker definition and closed forms.

SGP4's set and Skyfield are in tests/reference.
"""

import dataclasses
import math

import numpy as np
import pytest

from orbit_gym.orbits.epochs import epoch_of, julian_date
from orbit_gym.orbits.positions import Orbits, load_orbits
from orbit_gym.orbits.walker_shells import build_shell, circular_record
from orbit_gym.scenario.scenario import Constellation, Satellite, Scenario, Shell, Workload

LINE1 = "1 63982U 25100A   25214.80554412  .00009133  00000+0  43367-3 0  9990"
LINE2 = "2 63982  97.4033 288.9511 0010590  50.2724 309.9442 15.19411726 12253"
WORK = Workload(mix={"eo_scene": 1.0})


def scenario_of(**constellation) -> Scenario:
    return Scenario("test", Constellation(**constellation), workload=WORK)


def shell_of(**changes) -> Shell:
    return dataclasses.replace(
        Shell(inclination_deg=53.0, altitude_m=550e3, planes=6, per_plane=4, phasing=1), **changes
    )


def states(
    orbits: Orbits, scenario: Scenario, seconds: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    jd, fraction = julian_date(epoch_of(scenario))
    return orbits.propagate(np.full(len(seconds), jd), fraction + seconds / 86_400.0)


@pytest.fixture
def three_body(shared_data):
    return shared_data / "tle" / "three_body_scs01_20250802.tle"


def test_velocity_is_the_derivative_of_position():
    """Central difference over 1 s; 10 cm/s."""
    scenario = scenario_of(satellites=(Satellite("A", LINE1, LINE2),))
    seconds = np.arange(0.0, 86_400.0, 977.0)
    orbits = load_orbits(scenario)
    _, velocity_mps = states(orbits, scenario, seconds)
    later_m, _ = states(orbits, scenario, seconds + 0.5)
    earlier_m, _ = states(orbits, scenario, seconds - 0.5)
    assert np.allclose(later_m - earlier_m, velocity_mps, atol=0.1)


def test_the_twelve_fly_in_one_plane(three_body):
    """Facts, section 0.2: one sun-synchronous plane."""
    orbits = load_orbits(scenario_of(tle_file=str(three_body)))
    assert (orbits.planes == 0).all()
    assert orbits.names[0] == "SCS-01 A" and orbits.names[-1] == "SCS-01 M"


def test_planes_of_typed_elements_are_told_apart():
    """Two node longitudes 15 degrees apart are two planes, half a degree apart one."""
    near_line2 = LINE2.replace("288.9511", "289.4511")
    far_line2 = LINE2.replace("288.9511", "303.9511")
    satellites = tuple(
        Satellite(name, LINE1, with_checksum(line))
        for name, line in (("a", LINE2), ("b", near_line2), ("c", far_line2))
    )
    assert load_orbits(scenario_of(satellites=satellites)).planes.tolist() == [0, 0, 1]


def with_checksum(line: str) -> str:
    total = sum(
        int(character) if character.isdigit() else character == "-" for character in line[:68]
    )
    return line[:68] + str(total % 10)


@pytest.mark.parametrize("spread_deg", [360.0, 180.0, 90.0])
def test_walker_spreads_planes_and_slots(spread_deg):
    """Walker's definition: P planes raan_spread / P apart, slots 360 / per_plane apart, neighbour
    planes shifted by F 360 / T.

    Six planes of four, so transposing them is seen; read back from SGP4's states, 0.2 degrees for
    its short-period terms.
    """
    scenario = scenario_of(shells=(shell_of(raan_spread_deg=spread_deg, raan_deg=10.0),))
    orbits = load_orbits(scenario)
    assert orbits.planes.tolist() == [plane for plane in range(6) for _ in range(4)]
    assert orbits.names[0] == "P01S01" and orbits.names[5] == "P02S02"
    raan_deg, latitude_deg, inclination_deg, axis_m = elements(
        *states(orbits, scenario, np.zeros(1))
    )
    assert np.allclose(inclination_deg, 53.0, atol=0.1)
    assert np.allclose(axis_m, 6_378_135.0 + 550e3, atol=12e3)
    for number in range(24):
        plane, slot = divmod(number, 4)
        assert apart_deg(raan_deg[number], 10.0 + plane * spread_deg / 6) < 0.2
        assert apart_deg(latitude_deg[number], slot * 90.0 + plane * 360.0 / 24) < 0.2


def elements(position_m: np.ndarray, velocity_mps: np.ndarray) -> tuple[np.ndarray, ...]:
    """Osculating node, argument of latitude, inclination and radius by textbook vector formulas."""
    r, v = position_m[:, 0], velocity_mps[:, 0]
    h = np.cross(r, v)
    h /= np.linalg.norm(h, axis=1, keepdims=True)
    raan = np.arctan2(h[:, 0], -h[:, 1])
    node = np.stack([np.cos(raan), np.sin(raan), 0.0 * raan], axis=-1)
    latitude = np.arctan2(
        np.einsum("ij,ij->i", r, np.cross(h, node)), np.einsum("ij,ij->i", r, node)
    )
    return (
        np.degrees(raan),
        np.degrees(latitude),
        np.degrees(np.arccos(h[:, 2])),
        np.linalg.norm(r, axis=1),
    )


def apart_deg(a: float, b: float) -> float:
    return abs((a - b + 180.0) % 360.0 - 180.0)


def test_slot_spacing_makes_strings():
    """Three strings of four 12 degrees apart in planes 15 degrees apart (45 over three): the design
    of CrossPlane12.
    """
    shell = shell_of(
        inclination_deg=97.4,
        planes=3,
        per_plane=4,
        phasing=0,
        raan_spread_deg=45.0,
        slot_spacing_deg=12.0,
        raan_deg=274.0,
    )
    scenario = scenario_of(shells=(shell,))
    raan_deg, latitude_deg, _, _ = elements(*states(load_orbits(scenario), scenario, np.zeros(1)))
    assert all(apart_deg(raan_deg[4 * plane], 274.0 + 15.0 * plane) < 0.2 for plane in range(3))
    assert all(
        apart_deg(latitude_deg[4 * plane + slot], 12.0 * slot) < 0.2
        for plane in range(3)
        for slot in range(4)
    )


def test_shell_flies_at_the_speed_of_its_altitude():
    """Nodal period at 500 km: two-body 5,677.0 s (2 pi sqrt(a^3 / mu)) with J2's secular rates
    (Vallado); after one period each satellite is back at its argument of latitude within 0.05
    degrees.
    """
    shell = shell_of(altitude_m=500e3, inclination_deg=97.4)
    axis_m = 6_378_135.0 + 500e3
    motion = math.sqrt(3.986008e14 / axis_m**3)
    j2 = 1.5 * 0.001082616 * (6_378_135.0 / axis_m) ** 2
    inclination = math.radians(97.4)
    nodal = motion * (
        1.0
        + j2 * (1.0 - 1.5 * math.sin(inclination) ** 2)
        + j2 * (2.0 - 2.5 * math.sin(inclination) ** 2)
    )
    scenario = scenario_of(shells=(shell,))
    orbits = load_orbits(scenario)
    position_m, velocity_mps = states(orbits, scenario, np.array([0.0, 2.0 * math.pi / nodal]))
    _, before_deg, _, _ = elements(position_m[:, :1], velocity_mps[:, :1])
    _, after_deg, _, _ = elements(position_m[:, 1:], velocity_mps[:, 1:])
    assert max(apart_deg(a, b) for a, b in zip(before_deg, after_deg, strict=True)) < 0.05


def test_mean_altitude_of_a_shell():
    """The orbit's mean radius is the equatorial radius plus the altitude, within J2's 8 km."""
    scenario = scenario_of(shells=(shell_of(altitude_m=500e3),))
    position_m, _ = states(load_orbits(scenario), scenario, np.arange(0.0, 5_700.0, 60.0))
    assert np.linalg.norm(position_m, axis=-1).mean() == pytest.approx(6_378_135.0 + 500e3, abs=8e3)


def test_shells_and_typed_satellites_mix():
    """Planes are numbered on; two shells get a prefix each so that no name stands twice."""
    shells = (shell_of(planes=2, per_plane=2), shell_of(planes=1, per_plane=3))
    orbits = load_orbits(scenario_of(satellites=(Satellite("A", LINE1, LINE2),), shells=shells))
    assert orbits.names == (
        "A",
        "A-P01S01",
        "A-P01S02",
        "A-P02S01",
        "A-P02S02",
        "B-P01S01",
        "B-P01S02",
        "B-P01S03",
    )
    assert orbits.planes.tolist() == [0, 1, 1, 2, 2, 3, 3, 3]


def test_a_decayed_satellite_is_refused_by_name():
    """SGP4's own error for a mean motion above what the Earth's radius allows (18 rev/day at 97
    degrees is underground).
    """
    low = with_checksum(LINE2.replace("15.19411726", "17.49411726"))
    with pytest.raises(ValueError, match="'Low'"):
        load_orbits(scenario_of(satellites=(Satellite("Low", LINE1, low),)))


def test_names_must_be_distinct():
    twins = (Satellite("A", LINE1, LINE2), Satellite("A", LINE1, LINE2))
    with pytest.raises(ValueError, match="'A' stands twice"):
        load_orbits(scenario_of(satellites=twins))


def test_epoch_with_a_time_zone_is_turned_into_utc():
    scenario = dataclasses.replace(
        scenario_of(shells=(shell_of(),)), epoch_utc="2025-08-02T08:00:00+08:00"
    )
    assert epoch_of(scenario).isoformat() == "2025-08-02T00:00:00"


def test_shell_records_do_not_depend_on_numbering():
    """A lone record equals the same slot built as part of its shell."""
    shell = shell_of()
    _, _, records = build_shell(shell, epoch_of(scenario_of(shells=(shell,))))
    single = circular_record(
        shell, 60.0, (15.0 + 90.0) % 360.0, epoch_of(scenario_of(shells=(shell,))), 1
    )
    assert records[5].sgp4(2_460_890.5, 0.3)[1] == single.sgp4(2_460_890.5, 0.3)[1]


def test_elements_carried_too_far_are_refused_by_name():
    """Ten years of this drag end in SGP4's error code 6 (decayed), which must not pass as a
    position.
    """
    orbits = load_orbits(scenario_of(satellites=(Satellite("Low", LINE1, LINE2),)))
    with pytest.raises(ValueError, match="satellite 'Low' cannot be propagated to the asked day: "):
        orbits.propagate(np.array([2_460_889.5 + 10 * 365.25]), np.array([0.0]))
