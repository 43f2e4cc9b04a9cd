"""The World of small and real scenarios: layout, contacts against SGP4, power against a forward walk, refusals."""

import dataclasses

import networkx
import numpy as np
import pytest

from orbit_gym import flight
from orbit_gym.catalogue import load_scenario
from orbit_gym.compiler import compile_world, graph_names
from orbit_gym.orbits import Orbits, load_orbits
from orbit_gym.physics.geometry import geodetic_to_earth_fixed_m, geodetic_up, gmst_rad, rotate_to_earth_fixed, sight_margin_m
from orbit_gym.physics.links import longest_sight_m, mode_rate_bps
from orbit_gym.physics.sun import shadow_margin_m, sun_direction_of_date
from orbit_gym.scenario import (
    AlertChannel,
    Constellation,
    Datacentre,
    LaserLinks,
    Power,
    Scenario,
    Shell,
    Station,
    Users,
    UserSite,
    Workload,
)
from orbit_gym.tasks import MODEL_BYTES
from orbit_gym.world import ACCELERATOR, CONTACT, DOWNLINK, EDGE, FIBRE, LASER, PIECE, POWER, UPLINK, USER_DOWN, USER_UP

JD = 2_460_890.5  # 2025-08-03 00:00 UTC
TIED = [(LASER, LASER), (DOWNLINK, UPLINK), (UPLINK, DOWNLINK), (USER_UP, USER_DOWN), (USER_DOWN, USER_UP), (FIBRE, FIBRE)]


def small(**changes) -> Scenario:
    """Two planes of two, 15 degrees apart, with two antennas at one station, a datacentre and two users."""
    shell = Shell(97.4, 500e3, planes=2, per_plane=2, phasing=0, raan_spread_deg=30.0, slot_spacing_deg=12.0)
    return dataclasses.replace(
        Scenario(
            name="small",
            constellation=Constellation(shells=(shell,)),
            stations=(Station("North", 78.23, 15.41, antennas=2, datacentre="Hall"), Station("South", -51.7, -57.85)),
            datacentres=(Datacentre("Hall", 59.3, 18.1, accelerator_count=3),),
            users=Users(sites=(UserSite("Oslo", 59.91, 10.75), UserSite("Quito", -0.18, -78.47))),
            workload=Workload(mix={"eo_scene": 1.0}),
        ),
        **changes,
    )


@pytest.fixture(scope="module")
def scenario():
    return small()


@pytest.fixture(scope="module")
def world(scenario):
    return compile_world(scenario, 1)


@pytest.fixture(scope="module")
def crossing():
    scenario = load_scenario("CrossPlane12")
    return scenario, compile_world(scenario, 1)


def edge_table(world):
    """(from, to, edge row) of every edge."""
    for node in range(len(world.edge_offsets) - 1):
        for row in range(world.edge_offsets[node], world.edge_offsets[node + 1]):
            yield node, int(world.edges[row]["to"]), world.edges[row]


def contacts_of(world, edge):
    return world.contacts[edge["first_contact"] : edge["end_contact"]]


def fixed_m(orbits: Orbits, satellite: int, times_s: np.ndarray) -> np.ndarray:
    """Earth-fixed positions (N, 3) straight from SGP4 at these seconds of 2025-08-03."""
    alone = Orbits((orbits.names[satellite],), orbits.planes[:1], (orbits.records[satellite],))
    position_m, _ = alone.propagate(np.full(len(times_s), JD), times_s / 86_400.0)
    return rotate_to_earth_fixed(position_m, gmst_rad(JD, times_s / 86_400.0))[0]


def test_arrays_are_read_only_contiguous_and_typed(world):
    assert all(array.flags.c_contiguous and not array.flags.writeable for array in world)
    kinds = (world.edges.dtype, world.contacts.dtype, world.pieces.dtype, world.power.dtype, world.accelerators.dtype)
    assert kinds == (EDGE, CONTACT, PIECE, POWER, ACCELERATOR)
    assert all(world._asdict()[name].dtype == np.int32 for name in ("edge_offsets", "power_offsets", "datacentre_offsets"))
    assert world.model_bytes.tolist() == list(MODEL_BYTES.values())


def test_sizes_and_names(scenario, world):
    """Horizon: a day, the episode and the look-ahead. Calendars counted by hand: lasers, 4 radios, 3 antennas, 4 + 4 beams, 4 alerts."""
    sizes = world.sizes[0]
    assert [int(sizes[name]) for name in ("n_satellites", "n_stations", "n_datacentres", "n_users", "n_candidates")] == [4, 2, 1, 2, 5]
    assert sizes["horizon_s"] == 86_400.0 + scenario.episode_s + scenario.look_ahead_s
    assert (len(world.positions_m) - 2) * sizes["grid_s"] >= sizes["horizon_s"]
    n_lasers = np.count_nonzero(world.edges["kind"] == LASER)
    assert sizes["first_alert_resource"] == n_lasers + 4 + 3 + 8 and sizes["n_resources"] == sizes["first_alert_resource"] + 4
    assert graph_names(scenario) == ("P01S01", "P01S02", "P02S01", "P02S02", "North", "South", "Hall", "Oslo", "Quito")
    assert len(world.edge_offsets) == len(graph_names(scenario)) + 1


def test_positions_are_those_of_sgp4(scenario, world):
    """Grid samples equal SGP4 rotated by GMST to 1 mm; linear interpolation between them is good to 110 m (a h^2 / 8)."""
    orbits = load_orbits(scenario)
    index = np.array([0, 1, 777, len(world.positions_m) - 1])
    for satellite in range(4):
        assert np.allclose(world.positions_m[index, satellite], fixed_m(orbits, satellite, index * 10.0), atol=1e-3)
        halfway_m = 0.5 * (world.positions_m[777, satellite] + world.positions_m[778, satellite])
        assert np.linalg.norm(halfway_m - fixed_m(orbits, satellite, np.array([7_775.0]))[0]) < 110.0


@pytest.mark.parametrize("name", ["small", "CrossPlane12"])
def test_edges_are_sorted_and_come_in_pairs(world, crossing, name):
    """Fibre, lasers, user uplinks; then uplinks, users; then downlinks; receivers rise in each; contacts never overlap."""
    world = world if name == "small" else crossing[1]
    seen: dict[tuple[int, int, int], list] = {}
    for node, to, edge in edge_table(world):
        contacts = contacts_of(world, edge)
        assert len(contacts) > 0
        assert (contacts["start_s"] < contacts["end_s"]).all() and (contacts["start_s"][1:] >= contacts["end_s"][:-1]).all()
        assert contacts["start_s"][0] >= 0.0 and contacts["end_s"][-1] <= world.sizes["horizon_s"][0]
        seen.setdefault((node, to, int(edge["kind"])), []).append(contacts[["start_s", "end_s"]].tolist())
    for (node, to, kind), times in seen.items():
        assert [seen[to, node, other] for first, other in TIED if first == kind] == [times]
    for node in range(len(world.edge_offsets) - 1):
        edges = world.edges[world.edge_offsets[node] : world.edge_offsets[node + 1]]
        place = np.select([np.isin(edges["kind"], [UPLINK, USER_DOWN]), edges["kind"] == DOWNLINK], [1, 2], 0)
        order = list(zip(place, edges["to"], strict=True))
        assert order == sorted(order)


def test_contacts_and_pieces_partition_their_arrays(world):
    """Each contact belongs to one edge and each piece to one contact; a contact's first piece starts with it, with nothing sent."""
    assert np.array_equal(world.edges["first_contact"][1:], world.edges["end_contact"][:-1])
    assert world.edges["first_contact"][0] == 0 and world.edges["end_contact"][-1] == len(world.contacts)
    rows = [row for contact in world.contacts for row in range(contact["first_piece"], contact["end_piece"])]
    assert sorted(rows) == list(range(len(world.pieces)))
    first = world.pieces[world.contacts["first_piece"]]
    assert np.array_equal(first["start_s"], world.contacts["start_s"]) and (first["sent_bits"] == 0.0).all()


def test_resources_and_rates_of_each_kind(scenario, world):
    """Radio and antenna serve both directions; beams are the satellite's; two antennas make two parallel edges; fibre is free."""
    n_lasers = np.count_nonzero(world.edges["kind"] == LASER)
    radio, antenna, up, down = n_lasers, n_lasers + 4, n_lasers + 7, n_lasers + 11
    lasers = []
    for node, to, edge in edge_table(world):
        resources, watts = (int(edge["resource_a"]), int(edge["resource_b"])), float(edge["transmit_w"])
        rate_bps = world.pieces[contacts_of(world, edge)["first_piece"]]["rate_bps"]
        match int(edge["kind"]):
            case 0:  # LASER
                lasers.append(resources[0])
                assert resources[1] == -1 and watts == scenario.lasers.transmit_w
            case 1:  # DOWNLINK
                assert resources[0] == radio + node and antenna <= resources[1] < antenna + 3 and watts == 50.0
                assert (resources[1] == antenna + 2) == (to == 5) and set(rate_bps) == {1.2e9}
            case 2:  # UPLINK
                assert resources[0] == radio + to and (resources[1] == antenna + 2) == (node == 5) and watts == 0.0
                assert set(rate_bps) == {50e6}
            case 3:  # USER_UP
                assert resources == (up + to, -1) and set(rate_bps) == {50e6} and watts == 0.0
            case 4:  # USER_DOWN
                assert resources == (down + node, -1) and set(rate_bps) == {100e6} and watts == 50.0
            case 5:  # FIBRE
                assert {node, to} == {4, 6} and resources == (-1, -1) and edge["delay_s"] == 0.030 and set(rate_bps) == {10e9}
                assert contacts_of(world, edge)[["start_s", "end_s"]].tolist() == [(0.0, world.sizes["horizon_s"][0])]
    assert sorted(lasers) == list(range(n_lasers))
    pairs = [(node, to) for node, to, edge in edge_table(world) if edge["kind"] == DOWNLINK]
    assert all(pairs.count((satellite, 4)) == 2 and pairs.count((satellite, 5)) == 1 for satellite in range(4))


def test_ground_contacts_start_and_end_at_the_mask(scenario, world):
    """SGP4 at the very instants: elevation equals the mask to 0.003 degrees, and is above it between.

    At 0.06 degrees/s, the fastest rise through these masks, that is 0.05 s."""
    orbits, n_checked = load_orbits(scenario), 0
    for node, to, edge in edge_table(world):
        if edge["kind"] not in (UPLINK, USER_UP):
            continue
        site = (scenario.stations + scenario.users.sites)[node - 4 if node < 6 else node - 5]
        mask_deg = site.mask_deg if node < 6 else scenario.users.mask_deg
        latitude_rad, longitude_rad = np.radians(site.latitude_deg), np.radians(site.longitude_deg)
        site_m, up = geodetic_to_earth_fixed_m(latitude_rad, longitude_rad, 0.0), geodetic_up(latitude_rad, longitude_rad)
        inner = contacts_of(world, edge)[1:-1]
        for times_s, at_edge in ((inner["start_s"], True), (inner["end_s"], True), (0.5 * (inner["start_s"] + inner["end_s"]), False)):
            line_m = fixed_m(orbits, to, times_s) - site_m
            elevation_deg = np.degrees(np.arcsin(line_m @ up / np.linalg.norm(line_m, axis=1)))
            if at_edge:
                assert np.abs(elevation_deg - mask_deg).max(initial=0.0) < 0.003
            assert (elevation_deg > mask_deg - 1e-5).all()
            n_checked += len(times_s)
    assert n_checked > 300


def test_laser_contacts_hold_only_in_sight_and_at_rates_the_range_allows(crossing):
    """Every 7 s of every laser contact: SGP4 positions see each other above 80 km, and the rate is not above the mode's.

    The grid can miss 110 m of range (a h^2 / 8 at 10 s), so 200 m are allowed."""
    scenario, world = crossing
    orbits, modes = load_orbits(scenario), [np.array(column) for column in (scenario.lasers.mode_range_m, scenario.lasers.mode_rate_bps)]
    for node, to, edge in edge_table(world):
        if edge["kind"] != LASER or node > to:
            continue
        for contact in contacts_of(world, edge)[:3]:
            times_s = np.arange(contact["start_s"], min(contact["end_s"], contact["start_s"] + 4_000.0), 7.0)
            a_m, b_m = fixed_m(orbits, node, times_s), fixed_m(orbits, to, times_s)
            limit_m = 6_378_137.0 + 80e3
            assert min(sight_margin_m(x, y, limit_m) for x, y in zip(a_m, b_m, strict=True)) > -200.0
            pieces = world.pieces[contact["first_piece"] : contact["end_piece"]]
            rate_bps = pieces["rate_bps"][np.searchsorted(pieces["start_s"], times_s, side="right") - 1]
            allowed_bps = [mode_rate_bps(range_m - 200.0, *modes) for range_m in np.linalg.norm(a_m - b_m, axis=1)]
            assert (rate_bps <= allowed_bps).all()
            assert (np.diff(pieces["start_s"]) > 0.0).all() and (pieces["rate_bps"][1:] != pieces["rate_bps"][:-1]).all()
            sent_bits = np.r_[0.0, np.cumsum(pieces["rate_bps"][:-1] * np.diff(pieces["start_s"]))]
            assert np.allclose(pieces["sent_bits"], sent_bits, rtol=1e-12)


def test_a_new_link_waits_for_acquisition(crossing):
    """At any time a terminal serves one link; a link between planes starts 15 s after the grid instant it was formed at."""
    scenario, world = crossing
    late, by_terminal = 0, {}
    for node, _, edge in edge_table(world):
        if edge["kind"] == LASER:
            for contact in contacts_of(world, edge):
                by_terminal.setdefault((node, int(contact["terminal"])), []).append((contact["start_s"], contact["end_s"]))
                if contact["start_s"] > 0.0:
                    assert (contact["start_s"] - scenario.lasers.acquisition_s) % 10.0 == 0.0
                    late += 1
    assert late > 200
    for spans in by_terminal.values():
        spans.sort()
        assert all(later[0] >= earlier[1] + scenario.lasers.acquisition_s for earlier, later in zip(spans, spans[1:], strict=False))
    assert {terminal for _, terminal in by_terminal} == {0, 1, 2, 3}


def test_links_between_planes_come_and_go(crossing):
    """The design asks for at least 50 link events in an episode of 5,700 s, counted as starts and ends of undirected links."""
    _, world = crossing
    planes = load_orbits(load_scenario("CrossPlane12")).planes
    events_s = [
        instant
        for node, to, edge in edge_table(world)
        if edge["kind"] == LASER and node < to and planes[node] != planes[to]
        for contact in contacts_of(world, edge)
        for instant in (contact["start_s"], contact["end_s"])
    ]
    events_s = np.sort(events_s)
    assert max(np.count_nonzero((events_s >= start_s) & (events_s < start_s + 5_700.0)) for start_s in range(0, 80_000, 1_000)) >= 50


def test_the_twelve_are_two_groups():
    """Design figure on the real elements: two components of eight and four, the same satellites all day."""
    scenario = load_scenario("ThreeBody12")
    for day in (0, 1, 2):
        world = compile_world(scenario, day)
        links = [(node, to, edge) for node, to, edge in edge_table(world) if edge["kind"] == LASER and node < to]
        groups = networkx.Graph()
        groups.add_nodes_from(range(12))
        groups.add_edges_from((node, to) for node, to, _ in links)
        assert sorted(map(len, networkx.connected_components(groups))) == [4, 8]
        instant_s = np.arange(600.0, world.sizes["horizon_s"][0] - 60.0, 600.0)
        whole = 0
        for now_s in instant_s:
            up = networkx.Graph()
            up.add_nodes_from(range(12))
            for node, to, edge in links:
                contacts = contacts_of(world, edge)
                if ((contacts["start_s"] <= now_s) & (now_s < contacts["end_s"])).any():
                    up.add_edge(node, to)
            whole += sorted(map(len, networkx.connected_components(up))) == [4, 8]
        assert whole >= 0.98 * len(instant_s)  # a retarget takes both terminals down for 15 s


def test_ring_of_twelve_is_a_ring_all_day():
    """Facts: even spacing closes the ring with 3,560 km hops, hence 10 Gbit/s and one contact over the whole horizon."""
    world = compile_world(load_scenario("Ring12"), 1)
    lasers = [(node, to, edge) for node, to, edge in edge_table(world) if edge["kind"] == LASER]
    assert {(node, to) for node, to, _ in lasers} == {(k, (k + step) % 12) for k in range(12) for step in (1, -1)}
    for node, to, edge in lasers:
        (contact,) = contacts_of(world, edge)
        assert (contact["start_s"], contact["end_s"]) == (0.0, world.sizes["horizon_s"][0])
        assert contact["terminal"] == (0 if to == (node + 1) % 12 else 1)
        assert world.pieces["rate_bps"][contact["first_piece"] : contact["end_piece"]].tolist() == [10e9]


@pytest.mark.parametrize("planes, per_plane", [(1, 1), (1, 2), (2, 1), (2, 2), (1, 3), (3, 1)])
def test_constellations_below_three_by_three(planes, per_plane):
    """Where others crash or double their links: each pair is linked at most once, whatever the number of terminals."""
    shell = Shell(97.4, 500e3, planes=planes, per_plane=per_plane, phasing=0, raan_spread_deg=10.0 * planes, slot_spacing_deg=15.0)
    for terminals in (0, 1, 2, 4):
        scenario = small(constellation=Constellation(shells=(shell,)), lasers=LaserLinks(terminals=terminals))
        world = compile_world(scenario, 1)
        pairs = [(node, to) for node, to, edge in edge_table(world) if edge["kind"] == LASER]
        assert len(pairs) == len(set(pairs))
        assert bool(pairs) == (planes * per_plane > 1 and terminals > 0)


def test_power_rows_say_what_is_drawn(crossing):
    """At random instants net power is recomputed from SGP4: Sun, links held (acquiring counts), stations in view."""
    scenario, world = crossing
    orbits, power = load_orbits(scenario), scenario.power
    rng = np.random.default_rng(0)
    times_s = np.sort(rng.uniform(0.0, world.sizes["horizon_s"][0], 600))
    sun = rotate_to_earth_fixed(sun_direction_of_date(JD, times_s / 86_400.0), gmst_rad(JD, times_s / 86_400.0))
    for satellite in range(0, 12, 5):
        rows = world.power[world.power_offsets[satellite] : world.power_offsets[satellite + 1]]
        row = np.searchsorted(rows["start_s"], times_s, side="right") - 1
        position_m = fixed_m(orbits, satellite, times_s)
        is_sunlit = shadow_margin_m(position_m, sun) > 0.0
        is_seen = np.zeros(len(times_s), bool)
        for station in scenario.stations:
            latitude_rad, longitude_rad = np.radians(station.latitude_deg), np.radians(station.longitude_deg)
            line_m = position_m - geodetic_to_earth_fixed_m(latitude_rad, longitude_rad, 0.0)
            sine = line_m @ geodetic_up(latitude_rad, longitude_rad) / np.linalg.norm(line_m, axis=1)
            is_seen |= sine > np.sin(np.radians(station.mask_deg))
        held = np.zeros(len(times_s))
        for node, _, edge in edge_table(world):
            if edge["kind"] == LASER and node == satellite:
                for contact in contacts_of(world, edge):
                    start_s = contact["start_s"] - (scenario.lasers.acquisition_s if contact["start_s"] > 0.0 else 0.0)
                    held += (times_s >= start_s) & (times_s < contact["end_s"])
        net_w = power.solar_w * is_sunlit - power.bus_w - power.compute_idle_w - scenario.lasers.hold_w * held - power.radio_w * is_seen
        assert np.array_equal(rows["is_sunlit"][row] == 1, is_sunlit)
        assert np.allclose(rows["net_w"][row], net_w, atol=1e-9)
        changes = (rows["net_w"][1:] != rows["net_w"][:-1]) | (rows["is_sunlit"][1:] != rows["is_sunlit"][:-1])
        assert changes.all() and (np.diff(rows["start_s"]) > 0.0).all() and rows["start_s"][0] == 0.0


def test_required_charge_carries_the_baseline_to_the_horizon(crossing):
    """Brute force: start at any row with required_j and walk forward with the battery's cap; the lowest charge is the floor within 1 J."""
    scenario, world = crossing
    for satellite in range(0, 12, 4):
        rows = world.power[world.power_offsets[satellite] : world.power_offsets[satellite + 1]]
        unit = world.accelerators[satellite]
        length_s = np.diff(np.r_[rows["start_s"], world.sizes["horizon_s"][0]])
        for first in range(0, len(rows), 17):
            charge_j = lowest_j = rows["required_j"][first]
            for net_w, span_s in zip(rows["net_w"][first:], length_s[first:], strict=True):
                charge_j = min(unit["capacity_j"], charge_j + net_w * span_s)
                lowest_j = min(lowest_j, charge_j)
            assert lowest_j == pytest.approx(unit["floor_j"], abs=1.0)


def test_a_baseline_that_cannot_be_carried_is_refused_with_numbers(scenario):
    with pytest.raises(ValueError, match=r"the baseline of satellite P01S01 cannot be carried: needs [\d,]+ J, battery holds 1,440,000 J"):
        compile_world(dataclasses.replace(scenario, power=Power(solar_w=100.0)), 1)
    with pytest.raises(ValueError, match="battery holds 200,000 J"):
        compile_world(dataclasses.replace(scenario, power=Power(battery_j=200_000.0)), 1)


def test_accelerators(scenario, world):
    """Satellites first, with batteries; three ground units without; the floor is battery x (1 - depth of discharge)."""
    flown, ground = world.accelerators[:4], world.accelerators[4:]
    assert flown["node"].tolist() == [0, 1, 2, 3] and ground["node"].tolist() == [6, 6, 6]
    assert world.datacentre_offsets.tolist() == [4, 7]
    assert flown["has_battery"].all() and not ground["has_battery"].any()
    assert set(flown["floor_j"]) == {1_440_000.0 * 0.7} and set(flown["dynamic_w"]) == {180.0} and set(ground["memory_bytes"]) == {80e9}
    unequal = dataclasses.replace(scenario, peak_op_per_s_each=(1e12, 2e12, 3e12, 4e12))
    assert compile_world(unequal, 1).accelerators["peak_op_per_s"][:4].tolist() == [1e12, 2e12, 3e12, 4e12]
    with pytest.raises(ValueError, match="one number for each of 4 satellites, got 2"):
        compile_world(dataclasses.replace(scenario, peak_op_per_s_each=(1e12, 2e12)), 1)


@pytest.mark.parametrize("candidates, shown", [(0, 5), (3, 4), (4, 5), (9, 5)])
def test_candidates(scenario, candidates, shown):
    """K nearest satellites plus the datacentre, all where K is 0 or covers everyone."""
    assert compile_world(dataclasses.replace(scenario, candidates=candidates), 1).sizes["n_candidates"][0] == shown


def test_no_alert_channel_no_alert_calendars(scenario, world):
    silent = compile_world(dataclasses.replace(scenario, alerts=AlertChannel(enabled=False)), 1)
    assert silent.sizes["first_alert_resource"][0] == -1
    assert silent.sizes["n_resources"][0] == world.sizes["n_resources"][0] - 4


def test_nothing_on_the_ground_and_no_lasers():
    """A lone satellite without anything to talk to still has a World, with no edges."""
    alone = small(
        constellation=Constellation(shells=(Shell(53.0, 550e3, planes=1, per_plane=1, phasing=0),)),
        stations=(),
        datacentres=(),
        users=Users(),
        lasers=LaserLinks(terminals=0),
    )
    world = compile_world(alone, 1)
    assert len(world.edges) == len(world.contacts) == len(world.pieces) == 0
    assert world.edge_offsets.tolist() == [0, 0] and world.site_positions_m.shape == (0, 3) and len(world.power) > 30


def test_a_station_that_sees_nobody_has_no_edges():
    """Over the equator nobody passes Svalbard: only its fibre leaves it, and there is no pass to be listed."""
    world = compile_world(small(constellation=Constellation(shells=(Shell(0.0, 500e3, planes=1, per_plane=3, phasing=0),))), 1)
    assert [(node, int(edge["kind"])) for node, _, edge in edge_table(world) if node == 3] == [(3, FIBRE)]
    assert world.pass_offsets[:4].tolist() == [0, 0, 0, 0]  # satellites: no downlink
    assert set(world.edges["kind"][world.passes["edge"]].tolist()) == {USER_UP}


def test_indices_list_every_contact_once_and_tracks_never_overlap(crossing):
    """Passes: downlinks of satellites, uplinks of stations and users; lasers by satellite and terminal; both in order of time."""
    made = crossing[1]
    kinds = np.repeat(made.edges["kind"], made.edges["end_contact"] - made.edges["first_contact"])
    for rows, wanted in ((made.passes, (DOWNLINK, UPLINK, USER_UP)), (made.lasers, (LASER,))):
        assert sorted(rows["contact"].tolist()) == np.flatnonzero(np.isin(kinds, wanted)).tolist()
        assert (rows["start_s"] == made.contacts["start_s"][rows["contact"]]).all()
        assert (made.edges["first_contact"][rows["edge"]] <= rows["contact"]).all()
        assert (rows["contact"] < made.edges["end_contact"][rows["edge"]]).all()
    senders = np.searchsorted(made.edge_offsets, np.arange(len(made.edges)), side="right") - 1
    n_tracks = int(made.sizes["n_terminals"][0])
    for track, (first, end) in enumerate(zip(made.laser_offsets, made.laser_offsets[1:], strict=False)):
        rows = made.lasers[first:end]
        assert (senders[rows["edge"]] == track // n_tracks).all()
        assert (made.contacts["terminal"][rows["contact"]] == track % n_tracks).all()
        assert (rows["end_s"][:-1] <= rows["start_s"][1:]).all()
    for node, (first, end) in enumerate(zip(made.pass_offsets, made.pass_offsets[1:], strict=False)):
        assert (senders[made.passes["edge"][first:end]] == node).all()
        assert (np.diff(made.passes["start_s"][first:end]) >= 0.0).all()
    for node in range(len(made.edge_offsets) - 1):
        mine = range(made.edge_offsets[node], made.edge_offsets[node + 1])
        beams = [edge for edge in mine if made.edges["kind"][edge] == USER_DOWN]
        assert list(range(made.beams[0, node], made.beams[1, node])) == beams


def test_days_differ_and_repeat(scenario, world):
    """The same day compiles to the same bits; another day does not."""
    again, other = compile_world(scenario, 1), compile_world(scenario, 2)
    assert all(np.array_equal(a, b) for a, b in zip(world, again, strict=True))
    assert not np.array_equal(world.positions_m, other.positions_m)


def test_no_laser_is_longer_than_sight_allows(crossing):
    """Closed form: two satellites at the shell's height (10 km of J2 added) see each other at most 4,733 km apart plus 100 km."""
    _, world = crossing
    longest_m = longest_sight_m(511e3, 511e3, 80e3)
    for node, to, edge in edge_table(world):
        if edge["kind"] == LASER:
            for contact in contacts_of(world, edge)[:5]:
                index = np.arange(int(contact["start_s"] // 10) + 1, int(contact["end_s"] // 10))
                assert np.linalg.norm(world.positions_m[index, node] - world.positions_m[index, to], axis=1).max(initial=0.0) <= longest_m


# Edges, contacts, pieces, power rows, seconds of contact in all, mean charge required: of version 0.1.0, before it compiled in blocks.
GOLDEN = {
    "Tiny": (18, 186, 186, 186, 616_730.4, 1_086_592.3),
    "ThreeBody12": (1858, 5214, 5218, 938, 4_120_040.7, 1_062_269.6),
    "Ring12": (1858, 5154, 5154, 902, 4_504_077.9, 1_062_708.4),
    "CrossPlane12": (1896, 6410, 6410, 3220, 5_047_638.2, 1_071_444.9),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_worlds_of_the_catalogue_stay_as_they_were(name):
    """The first training day; seconds and joules to 0.1, as far as another machine's last bits cannot reach."""
    world = compile_world(load_scenario(name), 1)
    counts = (len(world.edges), len(world.contacts), len(world.pieces), len(world.power))
    contact_s = float((world.contacts["end_s"] - world.contacts["start_s"]).sum())
    assert counts == GOLDEN[name][:4]
    assert (contact_s, float(world.power["required_j"].mean())) == pytest.approx(GOLDEN[name][4:], abs=0.1)


def test_flying_in_blocks_changes_no_bit(crossing, monkeypatch):
    """Three planes one after the other, their satellites numbered across planes: the same World as all at once."""
    scenario, world = crossing
    monkeypatch.setattr(flight, "BLOCK", 1)
    assert all(np.array_equal(a, b) for a, b in zip(world, compile_world(scenario, 1), strict=True))
    mixed = np.argsort(np.arange(12) % 4, kind="stable")  # first of each plane, second of each plane, and so on
    orbits = load_orbits(scenario)
    by_plane = compile_world(scenario, 1, orbits.some(mixed))
    monkeypatch.setattr(flight, "BLOCK", 64)
    at_once = compile_world(scenario, 1, orbits.some(mixed))
    assert len(list(flight._blocks(orbits.planes))) == 1
    assert all(np.array_equal(a, b) for a, b in zip(by_plane, at_once, strict=True))
    assert np.array_equal(at_once.positions_m, world.positions_m[:, mixed])
    monkeypatch.setattr(flight, "BLOCK", 1)
    lit = flight.survey(scenario, orbits.some(mixed), 1, [], lambda _: None).lit
    assert len(lit.start_s) > 12 and (np.lexsort((lit.start_s, lit.satellite)) == np.arange(len(lit.start_s))).all()


@pytest.mark.parametrize("terminals", [0, 4])
def test_progress_rises_to_the_end(scenario, terminals):
    told: list[float] = []
    lasers = dataclasses.replace(scenario.lasers, terminals=terminals)
    compile_world(dataclasses.replace(scenario, lasers=lasers), 1, tell=lambda what, fraction: told.append(fraction))
    assert told == sorted(told) and 0.0 < told[0] and told[-1] == 1.0 and len(told) >= 2
