"""Scenario and day become a World: read-only arrays of everything that never changes."""

import math
from collections.abc import Callable

import numpy as np

from orbit_gym.orbits.positions import Orbits, load_orbits
from orbit_gym.physics.energy import required_charge_j
from orbit_gym.scenario.models import MODEL_BYTES
from orbit_gym.scenario.scenario import Accelerator, Scenario
from orbit_gym.utils.units import SPEED_OF_LIGHT_MPS
from orbit_gym.world.contact_index import (
    ground_pass_index,
    isl_index,
    station_downlink_index,
    user_downlink_index,
)
from orbit_gym.world.contacts import (
    NO_RESOURCE,
    Batch,
    LaserRuns,
    assemble,
    laser_batch,
    laser_runs,
    pass_batch,
    steady_batch,
)
from orbit_gym.world.downlink_bounds import (
    DIRECTED_FROM,
    LinkTables,
    Motion,
    bounds_to_ground,
)
from orbit_gym.world.ephemeris import (
    DayGeometry,
    GroundSite,
    Passes,
    compute_day_geometry,
    site_geometry,
)
from orbit_gym.world.layout import (
    ACCELERATOR,
    DOWNLINK,
    FIBRE,
    POWER,
    SIZES,
    STATION_DOWNLINK,
    UPLINK,
    USER_DOWN,
    USER_UP,
    World,
)
from orbit_gym.world.memory_estimate import refuse_too_large
from orbit_gym.world.nodes import Numbering, numbering

# the plumb line is up to 0.19 deg off the line from the Earth's centre (WGS84); the rest is for
# interpolation
PLUMB_DEG = 0.25
FLYING_SHARE = (
    0.6  # of the time a World takes; pointing takes most of the rest (measured at 2,800 satellites)
)


def graph_names(scenario: Scenario, orbits: Orbits | None = None) -> tuple[str, ...]:
    """Return names in graph node order: satellites, stations, datacentres, user sites."""
    stations, centres, users = scenario.stations, scenario.datacentres, scenario.users.sites
    sites = (
        [station.name for station in stations]
        + [centre.name for centre in centres]
        + [user.name for user in users]
    )
    return (*(orbits or load_orbits(scenario)).names, *sites)


def compile_world(
    scenario: Scenario,
    day: int,
    orbits: Orbits | None = None,
    tell: Callable[[str, float], None] | None = None,
) -> World:
    """Return the World of the day that lies day days after the epoch's date.

    ValueError where the scenario cannot be flown.

    tell hears what is being done, and the fraction of all that is finished.

    """
    tell = tell or _silently
    orbits = orbits or load_orbits(scenario)
    n_satellites = len(orbits.names)
    refuse_too_large(scenario, n_satellites)
    sites_m, ups = _sites(scenario)
    sky = compute_day_geometry(
        scenario,
        orbits,
        day,
        _ground_sites(scenario, sites_m, ups),
        lambda done: tell("flying", FLYING_SHARE * done),
    )
    rest = 1.0 - FLYING_SHARE
    runs = laser_runs(
        sky,
        orbits.planes,
        scenario.lasers,
        lambda done: tell("pointing", FLYING_SHARE + rest * done),
    )
    tell("collecting contacts", 1.0)
    batches, first_alert = _batches(scenario, n_satellites, sky, runs)
    offsets, edge_rows, contacts, rate_segments = assemble(batches, n_satellites + len(sites_m))
    ground_pass_offsets, passes = ground_pass_index(offsets, edge_rows, contacts)
    n_terminals = int(scenario.lasers.terminals)
    isl_offsets, lasers = isl_index(
        n_satellites, n_terminals, offsets, edge_rows, contacts, contacts["terminal"]
    )
    n_stations = len(scenario.stations)
    light_s, hops = (
        np.zeros((0, n_satellites, n_stations), np.float32),
        np.zeros((0, n_satellites, n_stations), np.uint8),
    )
    downlink_offsets = np.zeros(n_stations + 1, np.int32)
    downlinks = np.zeros(0, STATION_DOWNLINK)
    if n_satellites >= DIRECTED_FROM:
        tell("bounding", 1.0)
        downlink_offsets, downlinks = station_downlink_index(
            n_satellites, n_stations, offsets, edge_rows, contacts
        )
        links = LinkTables(
            np.ascontiguousarray(edge_rows["to"]),
            isl_offsets,
            lasers,
            downlink_offsets,
            downlinks,
            contacts,
            rate_segments,
        )
        motion = Motion(sky.positions_m, sky.grid_s, sites_m, sky.horizon_s)
        light_s, hops = bounds_to_ground(motion, links, max(scenario.lasers.mode_rate_bps))
    power_offsets, power = _power(scenario, orbits, sky, runs)
    accelerators, datacentre_offsets = _accelerators(scenario, orbits)
    world = World(
        sizes=_sizes(scenario, sky, n_satellites, first_alert, passes, sites_m),
        positions_m=sky.positions_m,
        site_positions_m=sites_m,
        edge_offsets=offsets,
        edges=edge_rows,
        contacts=contacts,
        rate_segments=rate_segments,
        ground_pass_offsets=ground_pass_offsets,
        ground_passes=passes,
        station_downlink_offsets=downlink_offsets,
        downlinks_by_station=downlinks,
        isl_offsets=isl_offsets,
        isl_contacts=lasers,
        user_downlinks=user_downlink_index(offsets, edge_rows),
        ground_light_s=light_s,
        ground_hops=hops,
        power_offsets=power_offsets,
        power=power,
        accelerators=accelerators,
        datacentre_offsets=datacentre_offsets,
        model_bytes=np.array(list(MODEL_BYTES.values())),
    )
    return World(*(_freeze(array) for array in world))


def _silently(stage: str, fraction: float) -> None:
    """Tell nobody."""


def _freeze(array: np.ndarray) -> np.ndarray:
    array = np.ascontiguousarray(array)
    array.flags.writeable = False
    return array


def _sites(scenario: Scenario) -> tuple[np.ndarray, np.ndarray]:
    """Return Earth-fixed positions and unit normals (N, 3) of the sites on the ellipsoid.

    Stations, then datacentres, then user sites.
    """
    places = [
        (station.latitude_deg, station.longitude_deg, station.altitude_m)
        for station in scenario.stations
    ]
    places += [
        (centre.latitude_deg, centre.longitude_deg, centre.altitude_m)
        for centre in scenario.datacentres
    ]
    places += [(site.latitude_deg, site.longitude_deg, 0.0) for site in scenario.users.sites]
    pairs = [site_geometry(*place) for place in places]
    return np.array([pair[0] for pair in pairs]).reshape(-1, 3), np.array(
        [pair[1] for pair in pairs]
    ).reshape(-1, 3)


def _ground_sites(scenario: Scenario, sites_m: np.ndarray, ups: np.ndarray) -> list[GroundSite]:
    """Return who looks at the sky: stations, then user sites; sites_m and ups as from _sites."""
    masks_deg = [station.mask_deg for station in scenario.stations] + [
        scenario.users.mask_deg
    ] * len(scenario.users.sites)
    nodes = _numbering(scenario, 0)
    places = [*range(nodes.first_datacentre), *range(nodes.first_user, len(sites_m))]
    return [
        GroundSite(sites_m[place], ups[place], mask_deg)
        for place, mask_deg in zip(places, masks_deg, strict=True)
    ]


def _numbering(scenario: Scenario, n_satellites: int) -> Numbering:
    return numbering(n_satellites, len(scenario.stations), len(scenario.datacentres))


def _batches(
    scenario: Scenario, n_satellites: int, sky: DayGeometry, runs: LaserRuns
) -> tuple[list[Batch], int]:
    """Return all edges, and the first calendar after theirs.

    Calendars are those of lasers, radios, antennas, up and down beams.
    """
    lasers, n_stations = laser_batch(runs, scenario.lasers.transmit_w), len(scenario.stations)
    first_radio = len(lasers.edges)
    first_beam = (
        first_radio + n_satellites + sum(int(station.antennas) for station in scenario.stations)
    )
    ground = _ground(scenario, n_satellites, sky.passes[:n_stations], first_radio)
    users = _users(scenario, n_satellites, sky.passes[n_stations:], first_beam)
    return [
        lasers,
        *ground,
        *users,
        *_fibre(scenario, n_satellites, sky.horizon_s),
    ], first_beam + 2 * n_satellites


def _rows(
    senders: int | np.ndarray,
    to: int | np.ndarray,
    kind: int,
    resource: np.ndarray,
    other: int,
    transmit_w: float,
) -> np.ndarray:
    """Return rows (S, 7) for steady_batch, one a satellite.

    Resource is the satellite's own calendar, other one they share.
    """
    return np.stack(
        np.broadcast_arrays(senders, to, kind, resource, other, 0.0, transmit_w), axis=1
    )


def _ground(
    scenario: Scenario, n_satellites: int, passes: list[Passes], first_radio: int
) -> list[Batch]:
    """Return down- and uplinks, one pair of edges per antenna.

    Calendars: a radio each satellite, then the antennas.
    """
    satellites, radios = np.arange(n_satellites), first_radio + np.arange(n_satellites)
    antenna, batches = first_radio + n_satellites, []
    nodes = _numbering(scenario, n_satellites)
    for number, (station, station_passes) in enumerate(zip(scenario.stations, passes, strict=True)):
        node, links = nodes.first_station + number, []
        for calendar in range(antenna, antenna + int(station.antennas)):
            links.append(
                (
                    _rows(satellites, node, DOWNLINK, radios, calendar, scenario.power.radio_w),
                    station.downlink_bps,
                )
            )
            links.append(
                (_rows(node, satellites, UPLINK, radios, calendar, 0.0), station.uplink_bps)
            )
        antenna += int(station.antennas)
        batches.append(pass_batch(station_passes, links))
    return batches


def _users(
    scenario: Scenario, n_satellites: int, passes: list[Passes], first_beam: int
) -> list[Batch]:
    """Return user links over each satellite's shared beams.

    Calendars: up beams, then down beams.
    """
    users, satellites = scenario.users, np.arange(n_satellites)
    ups, downs = first_beam + satellites, first_beam + n_satellites + satellites
    batches = []
    first_user = _numbering(scenario, n_satellites).first_user
    for node, user_passes in enumerate(passes, first_user):
        up = _rows(node, satellites, USER_UP, ups, NO_RESOURCE, 0.0)
        downlink_rows = _rows(
            satellites, node, USER_DOWN, downs, NO_RESOURCE, scenario.power.radio_w
        )
        batches.append(
            pass_batch(user_passes, [(up, users.up_bps), (downlink_rows, users.down_bps)])
        )
    return batches


def _fibre(scenario: Scenario, n_satellites: int, horizon_s: float) -> list[Batch]:
    """Return the fibre between each station and the datacentres it names, both ways.

    It is always up, for any number at once.
    """
    numbers = {centre.name: number for number, centre in enumerate(scenario.datacentres)}
    batches = []
    nodes = _numbering(scenario, n_satellites)
    for node, station in enumerate(scenario.stations, nodes.first_station):
        for name in station.wired_to:
            centre = scenario.datacentres[numbers[name]]
            ends = (node, nodes.first_datacentre + numbers[name])
            rows = np.array(
                [
                    (*pair, FIBRE, NO_RESOURCE, NO_RESOURCE, centre.fibre_delay_s, 0.0)
                    for pair in (ends, ends[::-1])
                ]
            )
            batches.append(
                steady_batch(
                    rows,
                    np.full(2, centre.fibre_bps),
                    np.zeros(2),
                    np.full(2, horizon_s),
                    np.ones(2, np.int64),
                )
            )
    return batches


def _power(
    scenario: Scenario, orbits: Orbits, sky: DayGeometry, runs: LaserRuns
) -> tuple[np.ndarray, np.ndarray]:
    """Return power_offsets and power rows of all satellites.

    ValueError naming one whose baseline its battery cannot carry.
    """
    spans = [(sky.sunlit, 1)]
    spans += [
        (Passes(runs.ends[end], runs.held_from_s, runs.held_to_s), 2) for end in ("low", "high")
    ]
    spans += [(passes, 3) for passes in sky.passes[: len(scenario.stations)]]
    satellites = np.concatenate([np.tile(span.satellite, 2) for span, _ in spans])
    changes = np.zeros(
        (len(satellites), 4)
    )  # time, and what begins (+1) or ends (-1): sunlight, links held, stations in view
    changes[:, 0] = np.concatenate(
        [part for span, _ in spans for part in (span.start_s, span.end_s)]
    )
    lengths = [len(span.start_s) for span, _ in spans]
    columns = np.repeat([column for _, column in spans], 2 * np.array(lengths))
    changes[np.arange(len(changes)), columns] = np.concatenate(
        [np.repeat([1.0, -1.0], length) for length in lengths]
    )
    changes = changes[np.argsort(satellites, kind="stable")]
    ends = np.cumsum(np.bincount(satellites, minlength=len(orbits.names)))
    rows = [
        _power_rows(scenario, name, sky.horizon_s, part)
        for name, part in zip(orbits.names, np.split(changes, ends[:-1]), strict=True)
    ]
    offsets = np.concatenate([[0], np.cumsum([len(part) for part in rows])]).astype(np.int32)
    return offsets, np.concatenate(rows)


def _power_rows(scenario: Scenario, name: str, horizon_s: float, changes: np.ndarray) -> np.ndarray:
    """Return the POWER rows of one satellite from its changes (N, 4).

    Their columns are time, sunlit, links held, stations in view.
    """
    power = scenario.power
    times_s, step = np.unique(np.r_[0.0, changes[:, 0]], return_inverse=True)
    counts = np.zeros((len(times_s), 3))
    np.add.at(counts, step[1:], changes[:, 1:])
    counts = np.cumsum(counts, axis=0)[times_s < horizon_s]
    times_s = times_s[times_s < horizon_s]
    is_sunlit, is_seen = counts[:, 0] > 0.5, counts[:, 2] > 0.5
    draw_w = (
        power.bus_w
        + power.compute_idle_w
        + scenario.lasers.hold_w * counts[:, 1]
        + power.radio_w * is_seen
    )
    net_w = power.solar_w * is_sunlit - draw_w
    keep = np.r_[True, (net_w[1:] != net_w[:-1]) | (is_sunlit[1:] != is_sunlit[:-1])]
    rows = np.zeros(np.count_nonzero(keep), POWER)
    rows["start_s"], rows["net_w"], rows["is_sunlit"] = times_s[keep], net_w[keep], is_sunlit[keep]
    floor_j = power.battery_j * (1.0 - power.depth_of_discharge_fraction)
    rows["required_j"] = required_charge_j(
        rows["start_s"].copy(), rows["net_w"].copy(), horizon_s, floor_j
    )
    needed_j = rows["required_j"].max()
    if needed_j > power.battery_j:
        raise ValueError(
            f"the baseline of satellite {name} cannot be carried: needs {needed_j:,.0f} J, "
            f"battery holds {power.battery_j:,.0f} J"
        )
    return rows


def _accelerators(scenario: Scenario, orbits: Orbits) -> tuple[np.ndarray, np.ndarray]:
    """Return accelerators (satellites', then each datacentre's) and datacentre_offsets."""
    peak_each, n_satellites = scenario.peak_op_per_s_each, len(orbits.names)
    if peak_each and len(peak_each) != n_satellites:
        raise ValueError(
            f"scenario.peak_op_per_s_each must give one number for each of {n_satellites} "
            f"satellites, got {len(peak_each)}"
        )
    counts = [int(centre.accelerator_count) for centre in scenario.datacentres]
    rows = np.zeros(n_satellites + sum(counts), ACCELERATOR)
    satellite_rows = rows[:n_satellites]
    _fill(satellite_rows, scenario.accelerator, scenario)
    satellite_rows["node"], satellite_rows["has_battery"] = np.arange(n_satellites), 1
    satellite_rows["capacity_j"] = scenario.power.battery_j
    satellite_rows["floor_j"] = scenario.power.battery_j * (
        1.0 - scenario.power.depth_of_discharge_fraction
    )
    for number, shell in enumerate(scenario.constellation.shells):
        if shell.peak_op_per_s:
            satellite_rows["peak_op_per_s"][orbits.shells == number] = shell.peak_op_per_s
    if peak_each:
        satellite_rows["peak_op_per_s"] = peak_each
    offsets = n_satellites + np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
    first_node = _numbering(scenario, n_satellites).first_datacentre
    for number, centre in enumerate(scenario.datacentres):
        ground = rows[offsets[number] : offsets[number + 1]]
        _fill(ground, centre.accelerator, scenario)
        ground["node"] = first_node + number
    return rows, offsets.astype(np.int32)


def _fill(rows: np.ndarray, accelerator: Accelerator, scenario: Scenario) -> None:
    """Write the numbers that all of these rows share.

    A ground node draws what a flown one does (assumption).
    """
    for name in (
        "lanes",
        "peak_op_per_s",
        "bandwidth_bytes_per_s",
        "memory_bytes",
        "load_bytes_per_s",
        "load_overhead_s",
    ):
        rows[name] = getattr(accelerator, name)
    for name in (
        "vision_efficiency_fraction",
        "prefill_efficiency_fraction",
        "bandwidth_efficiency_fraction",
    ):
        rows[name] = getattr(accelerator, name)
    rows["idle_w"] = scenario.power.compute_idle_w
    rows["dynamic_w"] = scenario.power.compute_full_w - scenario.power.compute_idle_w
    rows["thermal_tau_s"], rows["thermal_k_per_w"] = (
        scenario.thermal.tau_s,
        scenario.thermal.resistance_k_per_w,
    )
    rows["sink_c"], rows["limit_c"] = scenario.thermal.sink_c, scenario.thermal.limit_c


def _longest_down_s(scenario: Scenario, sky: DayGeometry, stations_m: np.ndarray) -> float:
    """Return a time that light from a satellite in view of a station never exceeds.

    The slant range at the lowest mask, by the cosine law.
    """
    if not len(stations_m):
        return 0.0
    lowest_rad = math.radians(min(station.mask_deg for station in scenario.stations) - PLUMB_DEG)
    highest_m = math.sqrt(
        max(float((row**2).sum(axis=-1).max()) for row in sky.positions_m)
    )  # a row at a time: gigabytes at once
    site_m = np.linalg.norm(stations_m, axis=-1)
    slant_m = -site_m * math.sin(lowest_rad) + np.sqrt(
        highest_m**2 - (site_m * math.cos(lowest_rad)) ** 2
    )
    return float(slant_m.max() / SPEED_OF_LIGHT_MPS)


def _sizes(
    scenario: Scenario,
    sky: DayGeometry,
    n_satellites: int,
    first_alert: int,
    passes: np.ndarray,
    sites_m: np.ndarray,
) -> np.ndarray:
    has_alerts = scenario.alerts.enabled
    n_rows = int(scenario.candidates) if 0 < scenario.candidates < n_satellites else n_satellites
    sizes = np.zeros(1, SIZES)
    sizes["n_satellites"], sizes["n_stations"] = n_satellites, len(scenario.stations)
    sizes["n_datacentres"], sizes["n_users"] = len(scenario.datacentres), len(scenario.users.sites)
    sizes["n_candidates"], sizes["n_terminals"] = (
        n_rows + len(scenario.datacentres),
        int(scenario.lasers.terminals),
    )
    sizes["n_resources"] = first_alert + n_satellites * has_alerts
    sizes["first_alert_resource"] = first_alert if has_alerts else -1
    sizes["horizon_s"], sizes["grid_s"], sizes["look_ahead_s"] = (
        sky.horizon_s,
        sky.grid_s,
        scenario.look_ahead_s,
    )
    sizes["longest_pass_s"] = (passes["end_s"] - passes["start_s"]).max(initial=0.0)
    sizes["fastest_laser_bps"] = max(scenario.lasers.mode_rate_bps)
    sizes["fastest_downlink_bps"] = max(
        (station.downlink_bps for station in scenario.stations), default=1.0
    )
    sizes["longest_down_s"] = _longest_down_s(scenario, sky, sites_m[: len(scenario.stations)])
    sizes["alert_interval_s"] = scenario.alerts.interval_s
    return sizes
