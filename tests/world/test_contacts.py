"""Contacts of compiled Worlds: pairs, kinds and rates, start and end against SGP4, lasers against
closed forms.
"""

import dataclasses

import numpy as np
import pytest

from orbit_gym.orbits.positions import load_orbits
from orbit_gym.physics.geometry import geodetic_to_earth_fixed_m, geodetic_up, sight_margin_m
from orbit_gym.physics.links import mode_rate_bps
from orbit_gym.scenario.loading import load_scenario
from orbit_gym.scenario.scenario import AlertChannel, Constellation, Shell
from orbit_gym.world.compiler import compile_world
from orbit_gym.world.layout import DOWNLINK, FIBRE, LASER, UPLINK, USER_DOWN, USER_UP
from tests.helpers.sight import longest_sight_m
from tests.helpers.small_scenarios import contacts_of, edge_table, fixed_m, small

TIED = [
    (LASER, LASER),
    (DOWNLINK, UPLINK),
    (UPLINK, DOWNLINK),
    (USER_UP, USER_DOWN),
    (USER_DOWN, USER_UP),
    (FIBRE, FIBRE),
]


@pytest.mark.parametrize("name", ["small", "CrossPlane12"])
def test_edges_are_sorted_and_come_in_pairs(world, crossing, name):
    """Fibre, lasers, user uplinks.

    Then uplinks, users; then downlinks; receivers rise in each; contacts never overlap.
    """
    world = world if name == "small" else crossing[1]
    times_of: dict[tuple[int, int, int], list] = {}
    for node, to, edge in edge_table(world):
        contacts = contacts_of(world, edge)
        assert len(contacts) > 0
        assert (contacts["start_s"] < contacts["end_s"]).all() and (
            contacts["start_s"][1:] >= contacts["end_s"][:-1]
        ).all()
        assert (
            contacts["start_s"][0] >= 0.0 and contacts["end_s"][-1] <= world.sizes["horizon_s"][0]
        )
        times_of.setdefault((node, to, int(edge["kind"])), []).append(
            contacts[["start_s", "end_s"]].tolist()
        )
    for (node, to, kind), times in times_of.items():
        assert [times_of[to, node, other] for first, other in TIED if first == kind] == [times]
    for node in range(len(world.edge_offsets) - 1):
        edges = world.edges[world.edge_offsets[node] : world.edge_offsets[node + 1]]
        place = np.select(
            [np.isin(edges["kind"], [UPLINK, USER_DOWN]), edges["kind"] == DOWNLINK], [1, 2], 0
        )
        order = list(zip(place, edges["to"], strict=True))
        assert order == sorted(order)


def test_contacts_and_pieces_partition_their_arrays(world):
    """Each contact belongs to one edge and each piece to one contact.

    A contact's first piece starts with it, with nothing sent.
    """
    assert np.array_equal(world.edges["first_contact"][1:], world.edges["end_contact"][:-1])
    assert world.edges["first_contact"][0] == 0 and world.edges["end_contact"][-1] == len(
        world.contacts
    )
    rows = [
        row
        for contact in world.contacts
        for row in range(contact["first_rate_segment"], contact["end_rate_segment"])
    ]
    assert sorted(rows) == list(range(len(world.rate_segments)))
    first = world.rate_segments[world.contacts["first_rate_segment"]]
    assert (
        np.array_equal(first["start_s"], world.contacts["start_s"])
        and (first["sent_bits"] == 0.0).all()
    )


def test_resources_and_rates_of_each_kind(scenario, world):
    """Radio and antenna serve both directions.

    Beams are the satellite's; two antennas make two parallel edges; fibre is free.
    """
    n_lasers = np.count_nonzero(world.edges["kind"] == LASER)
    radio, antenna, first_up, first_down = n_lasers, n_lasers + 4, n_lasers + 7, n_lasers + 11
    lasers = []
    for node, to, edge in edge_table(world):
        resources, watts = (
            (int(edge["resource_a"]), int(edge["resource_b"])),
            float(edge["transmit_w"]),
        )
        rate_bps = world.rate_segments[contacts_of(world, edge)["first_rate_segment"]]["rate_bps"]
        match int(edge["kind"]):
            case 0:  # LASER
                lasers.append(resources[0])
                assert resources[1] == -1 and watts == scenario.lasers.transmit_w
            case 1:  # DOWNLINK
                assert (
                    resources[0] == radio + node
                    and antenna <= resources[1] < antenna + 3
                    and watts == 50.0
                )
                assert (resources[1] == antenna + 2) == (to == 5) and set(rate_bps) == {1.2e9}
            case 2:  # UPLINK
                assert (
                    resources[0] == radio + to
                    and (resources[1] == antenna + 2) == (node == 5)
                    and watts == 0.0
                )
                assert set(rate_bps) == {50e6}
            case 3:  # USER_UP
                assert resources == (first_up + to, -1) and set(rate_bps) == {50e6} and watts == 0.0
            case 4:  # USER_DOWN
                assert (
                    resources == (first_down + node, -1)
                    and set(rate_bps) == {100e6}
                    and watts == 50.0
                )
            case 5:  # FIBRE
                assert (
                    {node, to} == {4, 6}
                    and resources == (-1, -1)
                    and edge["delay_s"] == 0.030
                    and set(rate_bps) == {10e9}
                )
                assert contacts_of(world, edge)[["start_s", "end_s"]].tolist() == [
                    (0.0, world.sizes["horizon_s"][0])
                ]
    assert sorted(lasers) == list(range(n_lasers))
    pairs = [(node, to) for node, to, edge in edge_table(world) if edge["kind"] == DOWNLINK]
    assert all(
        pairs.count((satellite, 4)) == 2 and pairs.count((satellite, 5)) == 1
        for satellite in range(4)
    )


def test_ground_contacts_start_and_end_at_the_mask(scenario, world):
    """SGP4 at the very instants: elevation equals the mask to 0.003 degrees, and is above it
    between.

    At 0.06 degrees/s, the fastest rise through these masks, that is 0.05 s.
    """
    orbits, n_checked = load_orbits(scenario), 0
    for node, to, edge in edge_table(world):
        if edge["kind"] not in (UPLINK, USER_UP):
            continue
        site = (scenario.stations + scenario.users.sites)[node - 4 if node < 6 else node - 5]
        mask_deg = site.mask_deg if node < 6 else scenario.users.mask_deg
        latitude_rad, longitude_rad = np.radians(site.latitude_deg), np.radians(site.longitude_deg)
        site_m, up = (
            geodetic_to_earth_fixed_m(latitude_rad, longitude_rad, 0.0),
            geodetic_up(latitude_rad, longitude_rad),
        )
        inner = contacts_of(world, edge)[1:-1]
        for times_s, at_edge in (
            (inner["start_s"], True),
            (inner["end_s"], True),
            (0.5 * (inner["start_s"] + inner["end_s"]), False),
        ):
            line_m = fixed_m(orbits, to, times_s) - site_m
            elevation_deg = np.degrees(np.arcsin(line_m @ up / np.linalg.norm(line_m, axis=1)))
            if at_edge:
                assert np.abs(elevation_deg - mask_deg).max(initial=0.0) < 0.003
            assert (elevation_deg > mask_deg - 1e-5).all()
            n_checked += len(times_s)
    assert n_checked > 300


def test_laser_contacts_hold_only_in_sight_and_at_rates_the_range_allows(crossing):
    """Every 7 s of every laser contact: SGP4 positions see each other above 80 km, and the rate is
    not above the mode's.

    The grid can miss 110 m of range (a h^2 / 8 at 10 s), so 200 m are allowed.
    """
    scenario, world = crossing
    orbits, modes = (
        load_orbits(scenario),
        [
            np.array(column)
            for column in (scenario.lasers.mode_range_m, scenario.lasers.mode_rate_bps)
        ],
    )
    for node, to, edge in edge_table(world):
        if edge["kind"] != LASER or node > to:
            continue
        for contact in contacts_of(world, edge)[:3]:
            times_s = np.arange(
                contact["start_s"], min(contact["end_s"], contact["start_s"] + 4_000.0), 7.0
            )
            a_m, b_m = fixed_m(orbits, node, times_s), fixed_m(orbits, to, times_s)
            limit_m = 6_378_137.0 + 80e3
            assert (
                min(sight_margin_m(x, y, limit_m) for x, y in zip(a_m, b_m, strict=True)) > -200.0
            )
            rate_segments = world.rate_segments[
                contact["first_rate_segment"] : contact["end_rate_segment"]
            ]
            rate_bps = rate_segments["rate_bps"][
                np.searchsorted(rate_segments["start_s"], times_s, side="right") - 1
            ]
            allowed_bps = [
                mode_rate_bps(range_m - 200.0, *modes)
                for range_m in np.linalg.norm(a_m - b_m, axis=1)
            ]
            assert (rate_bps <= allowed_bps).all()
            assert (np.diff(rate_segments["start_s"]) > 0.0).all() and (
                rate_segments["rate_bps"][1:] != rate_segments["rate_bps"][:-1]
            ).all()
            sent_bits = np.r_[
                0.0, np.cumsum(rate_segments["rate_bps"][:-1] * np.diff(rate_segments["start_s"]))
            ]
            assert np.allclose(rate_segments["sent_bits"], sent_bits, rtol=1e-12)


def test_a_new_link_waits_for_acquisition(crossing):
    """At any time a terminal serves one link.

    A link between planes starts 15 s after the grid instant it was formed at.
    """
    scenario, world = crossing
    late, by_terminal = 0, {}
    for node, _, edge in edge_table(world):
        if edge["kind"] == LASER:
            for contact in contacts_of(world, edge):
                by_terminal.setdefault((node, int(contact["terminal"])), []).append(
                    (contact["start_s"], contact["end_s"])
                )
                if contact["start_s"] > 0.0:
                    assert (contact["start_s"] - scenario.lasers.acquisition_s) % 10.0 == 0.0
                    late += 1
    assert late > 200
    for spans in by_terminal.values():
        spans.sort()
        assert all(
            after[0] >= earlier[1] + scenario.lasers.acquisition_s
            for earlier, after in zip(spans, spans[1:], strict=False)
        )
    assert {terminal for _, terminal in by_terminal} == {0, 1, 2, 3}


def test_links_between_planes_come_and_go(crossing):
    """The design asks for at least 50 link events in an episode of 5,700 s, counted as starts and
    ends of undirected links.
    """
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
    assert (
        max(
            np.count_nonzero((events_s >= start_s) & (events_s < start_s + 5_700.0))
            for start_s in range(0, 80_000, 1_000)
        )
        >= 50
    )


def test_no_alert_channel_no_alert_calendars(scenario, world):
    silent = compile_world(dataclasses.replace(scenario, alerts=AlertChannel(enabled=False)), 1)
    assert silent.sizes["first_alert_resource"][0] == -1
    assert silent.sizes["n_resources"][0] == world.sizes["n_resources"][0] - 4


def test_a_station_that_sees_nobody_has_no_edges():
    """Over the equator nobody passes Svalbard: only its fibre leaves it, and there is no pass to be
    listed.
    """
    world = compile_world(
        small(
            constellation=Constellation(
                shells=(Shell(0.0, 500e3, planes=1, per_plane=3, phasing=0),)
            )
        ),
        1,
    )
    assert [(node, int(edge["kind"])) for node, _, edge in edge_table(world) if node == 3] == [
        (3, FIBRE)
    ]
    assert world.ground_pass_offsets[:4].tolist() == [0, 0, 0, 0]  # satellites: no downlink
    assert set(world.edges["kind"][world.ground_passes["edge"]].tolist()) == {USER_UP}


def test_indices_list_every_contact_once_and_terminals_never_overlap(crossing):
    """Passes: downlinks of satellites, uplinks of stations and users.

    Lasers by satellite and terminal; both in order of time.
    """
    contacts = crossing[1]
    kinds = np.repeat(
        contacts.edges["kind"], contacts.edges["end_contact"] - contacts.edges["first_contact"]
    )
    for rows, kinds_of_rows in (
        (contacts.ground_passes, (DOWNLINK, UPLINK, USER_UP)),
        (contacts.isl_contacts, (LASER,)),
    ):
        assert (
            sorted(rows["contact"].tolist())
            == np.flatnonzero(np.isin(kinds, kinds_of_rows)).tolist()
        )
        assert (rows["start_s"] == contacts.contacts["start_s"][rows["contact"]]).all()
        assert (contacts.edges["first_contact"][rows["edge"]] <= rows["contact"]).all()
        assert (rows["contact"] < contacts.edges["end_contact"][rows["edge"]]).all()
    senders = (
        np.searchsorted(contacts.edge_offsets, np.arange(len(contacts.edges)), side="right") - 1
    )
    n_terminals = int(contacts.sizes["n_terminals"][0])
    for terminal, (first, end) in enumerate(
        zip(contacts.isl_offsets, contacts.isl_offsets[1:], strict=False)
    ):
        rows = contacts.isl_contacts[first:end]
        assert (senders[rows["edge"]] == terminal // n_terminals).all()
        assert (contacts.contacts["terminal"][rows["contact"]] == terminal % n_terminals).all()
        assert (rows["end_s"][:-1] <= rows["start_s"][1:]).all()
    for node, (first, end) in enumerate(
        zip(contacts.ground_pass_offsets, contacts.ground_pass_offsets[1:], strict=False)
    ):
        assert (senders[contacts.ground_passes["edge"][first:end]] == node).all()
        assert (np.diff(contacts.ground_passes["start_s"][first:end]) >= 0.0).all()
    for node in range(len(contacts.edge_offsets) - 1):
        node_edges = range(contacts.edge_offsets[node], contacts.edge_offsets[node + 1])
        beams = [edge for edge in node_edges if contacts.edges["kind"][edge] == USER_DOWN]
        assert (
            list(range(contacts.user_downlinks[0, node], contacts.user_downlinks[1, node])) == beams
        )


def test_no_laser_is_longer_than_sight_allows(crossing):
    """Closed form: two satellites at the shell's height (10 km of J2 added) see each other at most
    4,733 km apart plus 100 km.
    """
    _, world = crossing
    longest_m = longest_sight_m(511e3, 511e3, 80e3)
    for node, to, edge in edge_table(world):
        if edge["kind"] == LASER:
            for contact in contacts_of(world, edge)[:5]:
                index = np.arange(int(contact["start_s"] // 10) + 1, int(contact["end_s"] // 10))
                assert (
                    np.linalg.norm(
                        world.positions_m[index, node] - world.positions_m[index, to], axis=1
                    ).max(initial=0.0)
                    <= longest_m
                )
