"""Scenario and day become a World: read-only arrays of everything that never changes."""

import numpy as np

from orbit_gym.contacts import Edges, LaserRun, downlink_passes, laser_runs, split_by_satellite
from orbit_gym.flight import Flight, Passes, fly, passes_over, site_geometry, sunlit_intervals
from orbit_gym.orbits import Orbits, load_orbits
from orbit_gym.physics.energy import required_charge_j
from orbit_gym.scenario import Accelerator, Scenario
from orbit_gym.tasks import MODEL_BYTES
from orbit_gym.world import ACCELERATOR, DOWNLINK, FIBRE, LASER, POWER, SIZES, UPLINK, USER_DOWN, USER_UP, World


def graph_names(scenario: Scenario, orbits: Orbits | None = None) -> tuple[str, ...]:
    """Return names in graph node order: satellites, stations, datacentres, user sites."""
    stations, centres, users = scenario.stations, scenario.datacentres, scenario.users.sites
    sites = [station.name for station in stations] + [centre.name for centre in centres] + [user.name for user in users]
    return (*(orbits or load_orbits(scenario)).names, *sites)


def compile_world(scenario: Scenario, day: int, orbits: Orbits | None = None) -> World:
    """Return the World of the day that lies day days after the epoch's date; ValueError where the scenario cannot be flown."""
    orbits = orbits or load_orbits(scenario)
    n_satellites = len(orbits.names)
    flight = fly(scenario, orbits, day)
    sites_m, ups = _sites(scenario)
    runs = laser_runs(flight, orbits.planes, scenario.lasers)
    n_stations, first_user = len(scenario.stations), len(scenario.stations) + len(scenario.datacentres)
    station_passes = [passes_over(flight, sites_m[k], ups[k], station.mask_deg) for k, station in enumerate(scenario.stations)]
    user_passes = [passes_over(flight, sites_m[k], ups[k], scenario.users.mask_deg) for k in range(first_user, len(sites_m))]
    edges = Edges()
    directions = _add_lasers(edges, runs, scenario.lasers.transmit_w)
    beams = _add_ground(edges, scenario, n_satellites, station_passes, directions)
    alerts = _add_users(edges, scenario, n_satellites, user_passes, beams)
    _add_fibre(edges, scenario, n_satellites, flight.horizon_s)
    first_alert = alerts if scenario.alerts.enabled else -1
    n_resources = alerts + (n_satellites if scenario.alerts.enabled else 0)
    offsets, edge_rows, contacts, pieces = edges.assemble(n_satellites + len(sites_m))
    pass_offsets, passes = downlink_passes(n_satellites, offsets, edge_rows, contacts)
    power_offsets, power = _power(scenario, orbits, flight, runs, station_passes)
    accelerators, datacentre_offsets = _accelerators(scenario, orbits, n_stations)
    world = World(
        sizes=_sizes(scenario, flight, n_satellites, n_resources, first_alert, passes),
        positions_m=flight.positions_m.transpose(1, 0, 2),
        site_positions_m=sites_m,
        edge_offsets=offsets,
        edges=edge_rows,
        contacts=contacts,
        pieces=pieces,
        pass_offsets=pass_offsets,
        passes=passes,
        power_offsets=power_offsets,
        power=power,
        accelerators=accelerators,
        datacentre_offsets=datacentre_offsets,
        model_bytes=np.array(list(MODEL_BYTES.values())),
    )
    return World(*(_freeze(array) for array in world))


def _freeze(array: np.ndarray) -> np.ndarray:
    array = np.ascontiguousarray(array)
    array.flags.writeable = False
    return array


def _sites(scenario: Scenario) -> tuple[np.ndarray, np.ndarray]:
    """Return Earth-fixed positions and unit normals (N, 3) of stations, datacentres, user sites (on the ellipsoid)."""
    places = [(station.latitude_deg, station.longitude_deg, station.altitude_m) for station in scenario.stations]
    places += [(centre.latitude_deg, centre.longitude_deg, centre.altitude_m) for centre in scenario.datacentres]
    places += [(site.latitude_deg, site.longitude_deg, 0.0) for site in scenario.users.sites]
    pairs = [site_geometry(*place) for place in places]
    return np.array([pair[0] for pair in pairs]).reshape(-1, 3), np.array([pair[1] for pair in pairs]).reshape(-1, 3)


def _add_lasers(edges: Edges, runs: list[LaserRun], transmit_w: float) -> int:
    """Add both directions of each pair that ever holds a contact, each its own calendar; return the number of calendars."""
    pairs: dict[tuple[int, int], list[LaserRun]] = {}
    for run in runs:
        pairs.setdefault((run.low, run.high), []).append(run)
    for number, (pair, held) in enumerate(pairs.items()):
        for way in range(2):
            edges.add_laser(pair[way], held, LASER, 2 * number + way, transmit_w)
    return 2 * len(pairs)


def _add_ground(edges: Edges, scenario: Scenario, n_satellites: int, passes: list[Passes], first_radio: int) -> int:
    """Add down- and uplinks, one pair of edges per antenna; return the first calendar after radios and antennas."""
    antenna_calendar = first_radio + n_satellites
    for number, (station, seen) in enumerate(zip(scenario.stations, passes, strict=True)):
        node = n_satellites + number
        for satellite, start_s, end_s in split_by_satellite(seen):
            for antenna in range(int(station.antennas)):
                resources = (first_radio + satellite, antenna_calendar + antenna)
                edges.add_steady((satellite, node), DOWNLINK, resources, station.downlink_bps, scenario.power.radio_w, start_s, end_s)
                edges.add_steady((node, satellite), UPLINK, resources, station.uplink_bps, 0.0, start_s, end_s)
        antenna_calendar += int(station.antennas)
    return antenna_calendar


def _add_users(edges: Edges, scenario: Scenario, n_satellites: int, passes: list[Passes], first_up_beam: int) -> int:
    """Add user links over each satellite's shared beams; return the first calendar after the beams."""
    first_user = n_satellites + len(scenario.stations) + len(scenario.datacentres)
    first_down_beam = first_up_beam + n_satellites
    users = scenario.users
    for number, seen in enumerate(passes):
        node = first_user + number
        for satellite, start_s, end_s in split_by_satellite(seen):
            up, down = (first_up_beam + satellite, -1), (first_down_beam + satellite, -1)
            edges.add_steady((node, satellite), USER_UP, up, users.up_bps, 0.0, start_s, end_s)
            edges.add_steady((satellite, node), USER_DOWN, down, users.down_bps, scenario.power.radio_w, start_s, end_s)
    return first_down_beam + n_satellites


def _add_fibre(edges: Edges, scenario: Scenario, n_satellites: int, horizon_s: float) -> None:
    """Add the fibre between each station and the datacentres it names, both ways."""
    numbers = {centre.name: number for number, centre in enumerate(scenario.datacentres)}
    for number, station in enumerate(scenario.stations):
        for name in station.wired_to:
            centre = scenario.datacentres[numbers[name]]
            ends = (n_satellites + number, n_satellites + len(scenario.stations) + numbers[name])
            for pair in (ends, ends[::-1]):
                edges.add_fibre(pair, FIBRE, centre.fibre_bps, centre.fibre_delay_s, horizon_s)


def _power(
    scenario: Scenario, orbits: Orbits, flight: Flight, runs: list[LaserRun], station_passes: list[Passes]
) -> tuple[np.ndarray, np.ndarray]:
    """Return power_offsets and power rows of all satellites; ValueError naming one whose baseline its battery cannot carry."""
    lit = sunlit_intervals(flight)
    ends = [(satellite, run.held_from_s, run.held_to_s) for run in runs for satellite in (run.low, run.high)]
    held = np.array(ends, dtype=np.float64).reshape(-1, 3)
    seen = [np.concatenate([np.asarray(passes[k], dtype=np.float64) for passes in station_passes] or [np.zeros(0)]) for k in range(3)]
    rows = []
    for satellite, name in enumerate(orbits.names):
        changes = [
            _changes(lit.satellite, lit.start_s, lit.end_s, satellite, 0),
            _changes(held[:, 0], held[:, 1], held[:, 2], satellite, 1),
            _changes(seen[0], seen[1], seen[2], satellite, 2),
        ]
        rows.append(_power_rows(scenario, name, flight.horizon_s, np.concatenate(changes)))
    offsets = np.concatenate([[0], np.cumsum([len(part) for part in rows])]).astype(np.int32)
    return offsets, np.concatenate(rows)


def _changes(satellites: np.ndarray, start_s: np.ndarray, end_s: np.ndarray, satellite: int, column: int) -> np.ndarray:
    """Return (2N, 4): times and +1 or -1 in column 1 + column, for the intervals of one satellite."""
    mine = satellites == satellite
    changes = np.zeros((2 * np.count_nonzero(mine), 4))
    changes[:, 0] = np.concatenate([start_s[mine], end_s[mine]])
    changes[:, 1 + column] = np.repeat([1.0, -1.0], len(changes) // 2)
    return changes


def _power_rows(scenario: Scenario, name: str, horizon_s: float, changes: np.ndarray) -> np.ndarray:
    """Return the POWER rows of one satellite from its changes (N, 4): time, sunlit, links held, stations in view."""
    power = scenario.power
    times_s, step = np.unique(np.r_[0.0, changes[:, 0]], return_inverse=True)
    counts = np.zeros((len(times_s), 3))
    np.add.at(counts, step[1:], changes[:, 1:])
    counts = np.cumsum(counts, axis=0)[times_s < horizon_s]
    times_s = times_s[times_s < horizon_s]
    is_sunlit, is_seen = counts[:, 0] > 0.5, counts[:, 2] > 0.5
    draw_w = power.bus_w + power.compute_idle_w + scenario.lasers.hold_w * counts[:, 1] + power.radio_w * is_seen
    net_w = power.solar_w * is_sunlit - draw_w
    keep = np.r_[True, (net_w[1:] != net_w[:-1]) | (is_sunlit[1:] != is_sunlit[:-1])]
    rows = np.zeros(np.count_nonzero(keep), POWER)
    rows["start_s"], rows["net_w"], rows["is_sunlit"] = times_s[keep], net_w[keep], is_sunlit[keep]
    floor_j = power.battery_j * (1.0 - power.depth_of_discharge_fraction)
    rows["required_j"] = required_charge_j(rows["start_s"].copy(), rows["net_w"].copy(), horizon_s, floor_j)
    needed_j = rows["required_j"].max()
    if needed_j > power.battery_j:
        raise ValueError(
            f"the baseline of satellite {name} cannot be carried: needs {needed_j:,.0f} J, battery holds {power.battery_j:,.0f} J"
        )
    return rows


def _accelerators(scenario: Scenario, orbits: Orbits, n_stations: int) -> tuple[np.ndarray, np.ndarray]:
    """Return accelerators (satellites', then each datacentre's) and datacentre_offsets."""
    each, n_satellites = scenario.peak_op_per_s_each, len(orbits.names)
    if each and len(each) != n_satellites:
        raise ValueError(f"scenario.peak_op_per_s_each must give one number for each of {n_satellites} satellites, got {len(each)}")
    counts = [int(centre.accelerator_count) for centre in scenario.datacentres]
    rows = np.zeros(n_satellites + sum(counts), ACCELERATOR)
    flown = rows[:n_satellites]
    _fill(flown, scenario.accelerator, scenario)
    flown["node"], flown["has_battery"] = np.arange(n_satellites), 1
    flown["capacity_j"] = scenario.power.battery_j
    flown["floor_j"] = scenario.power.battery_j * (1.0 - scenario.power.depth_of_discharge_fraction)
    for number, shell in enumerate(scenario.constellation.shells):
        if shell.peak_op_per_s:
            flown["peak_op_per_s"][orbits.shells == number] = shell.peak_op_per_s
    if each:
        flown["peak_op_per_s"] = each
    offsets = n_satellites + np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
    for number, centre in enumerate(scenario.datacentres):
        ground = rows[offsets[number] : offsets[number + 1]]
        _fill(ground, centre.accelerator, scenario)
        ground["node"] = n_satellites + n_stations + number
    return rows, offsets.astype(np.int32)


def _fill(rows: np.ndarray, accelerator: Accelerator, scenario: Scenario) -> None:
    """Write the numbers that all of these rows share; a ground node draws what a flown one does (assumption)."""
    for name in ("lanes", "peak_op_per_s", "bandwidth_bytes_per_s", "memory_bytes", "load_bytes_per_s", "load_overhead_s"):
        rows[name] = getattr(accelerator, name)
    for name in ("vision_efficiency_fraction", "prefill_efficiency_fraction", "bandwidth_efficiency_fraction"):
        rows[name] = getattr(accelerator, name)
    rows["idle_w"] = scenario.power.compute_idle_w
    rows["dynamic_w"] = scenario.power.compute_full_w - scenario.power.compute_idle_w
    rows["thermal_tau_s"], rows["thermal_k_per_w"] = scenario.thermal.tau_s, scenario.thermal.resistance_k_per_w
    rows["sink_c"], rows["limit_c"] = scenario.thermal.sink_c, scenario.thermal.limit_c


def _sizes(scenario: Scenario, flight: Flight, n_satellites: int, n_resources: int, first_alert: int, passes: np.ndarray) -> np.ndarray:
    shown = int(scenario.candidates) if 0 < scenario.candidates < n_satellites else n_satellites
    sizes = np.zeros(1, SIZES)
    sizes["n_satellites"], sizes["n_stations"] = n_satellites, len(scenario.stations)
    sizes["n_datacentres"], sizes["n_users"] = len(scenario.datacentres), len(scenario.users.sites)
    sizes["n_candidates"], sizes["n_terminals"] = shown + len(scenario.datacentres), int(scenario.lasers.terminals)
    sizes["n_resources"], sizes["first_alert_resource"] = n_resources, first_alert
    sizes["horizon_s"], sizes["grid_s"], sizes["look_ahead_s"] = flight.horizon_s, flight.grid_s, scenario.look_ahead_s
    sizes["longest_pass_s"] = (passes["end_s"] - passes["start_s"]).max(initial=0.0)
    sizes["alert_bits"], sizes["alert_interval_s"] = scenario.alerts.message_bits, scenario.alerts.interval_s
    return sizes
