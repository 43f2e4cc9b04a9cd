"""Fault processes: resets of accelerators, outages of laser links, clouds over optical stations."""

import numpy as np

from orbit_gym.kernels.episode import CALENDAR_FAULT, FAULT, UNIT_FAULT
from orbit_gym.scenario.scenario import Faults, Station
from orbit_gym.world.layout import DOWNLINK, LASER, World
from orbit_gym.world.nodes import n_satellites, station_node

# The box in which resets are more frequent (its edges: an assumption).
SAA_SOUTH_DEG, SAA_NORTH_DEG, SAA_WEST_DEG, SAA_EAST_DEG = -50.0, 0.0, -90.0, 40.0


def sample_faults(
    faults: Faults,
    stations: tuple[Station, ...],
    world: World,
    start_s: float,
    end_s: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Draw the faults (n,) FAULT that occur in a span, in order of occurrence.

    The span goes from an episode's start to its last possible delivery.
    """
    if not faults.enabled:
        return np.zeros(0, FAULT)
    # one kind switched off leaves the others as they are
    for_resets, for_links, for_clouds = rng.spawn(3)
    parts = [
        _resets(faults, world, start_s, end_s, for_resets),
        _link_outages(faults, world, start_s, end_s, for_links),
        _clouds(faults, stations, world, start_s, end_s, for_clouds),
    ]
    rows = np.concatenate(parts)
    return rows[np.argsort(rows["strike_s"], kind="stable")]


def _resets(
    faults: Faults, world: World, start_s: float, end_s: float, rng: np.random.Generator
) -> np.ndarray:
    """Draw resets: a Poisson process per satellite, thinned from the anomaly's rate."""
    if faults.reset_mean_s == 0.0:
        return np.zeros(0, FAULT)
    n_flying = n_satellites(world)
    count = rng.poisson(n_flying * (end_s - start_s) * faults.saa_factor / faults.reset_mean_s)
    begin_s, satellite = rng.uniform(start_s, end_s, count), rng.integers(n_flying, size=count)
    keep = rng.random(count) < np.where(
        in_anomaly(world, satellite, begin_s), 1.0, 1.0 / faults.saa_factor
    )
    reboot_s = rng.uniform(faults.reboot_low_s, faults.reboot_high_s, count)
    return _rows(begin_s[keep], (begin_s + reboot_s)[keep], UNIT_FAULT, satellite[keep])


def in_anomaly(world: World, satellites: np.ndarray, times_s: np.ndarray) -> np.ndarray:
    """Mark where a satellite (n,) is over the South Atlantic Anomaly's box at a time (n,).

    Latitude is geocentric.
    """
    row = np.minimum(
        (times_s / world.sizes["grid_s"][0]).astype(np.int64), world.positions_m.shape[0] - 1
    )
    x, y, z = world.positions_m[row, satellites].T
    latitude_deg = np.degrees(np.arctan2(z, np.hypot(x, y)))
    longitude_deg = np.degrees(np.arctan2(y, x))
    is_inside = (latitude_deg >= SAA_SOUTH_DEG) & (latitude_deg <= SAA_NORTH_DEG)
    return is_inside & (longitude_deg >= SAA_WEST_DEG) & (longitude_deg <= SAA_EAST_DEG)


def _link_outages(
    faults: Faults, world: World, start_s: float, end_s: float, rng: np.random.Generator
) -> np.ndarray:
    """Outages of laser links: alternating exponential spells, both directions of a link at once."""
    if faults.link_up_fraction == 1.0:
        return np.zeros(0, FAULT)
    pairs = laser_pairs(world)
    link, down_s, up_s = sample_spells(
        len(pairs), 1.0 - faults.link_up_fraction, faults.link_outage_s, start_s, end_s, rng
    )
    return np.concatenate(
        [_rows(down_s, up_s, CALENDAR_FAULT, pairs[link, way]) for way in range(2)]
    )


def laser_pairs(world: World) -> np.ndarray:
    """Calendars of both directions of each laser link, (n_links, 2)."""
    senders = np.repeat(np.arange(world.edge_offsets.size - 1), np.diff(world.edge_offsets))
    lasers = world.edges["kind"] == LASER
    ends = np.sort(np.stack([senders[lasers], world.edges["to"][lasers]]), axis=0)
    order = np.lexsort((ends[1], ends[0]))
    return world.edges["resource_a"][lasers][order].reshape(-1, 2)


def _clouds(
    faults: Faults,
    stations: tuple[Station, ...],
    world: World,
    start_s: float,
    end_s: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Clouds: alternating exponential spells at each optical station, all its antennas at once."""
    parts = [np.zeros(0, FAULT)]
    downlinks = world.edges[world.edges["kind"] == DOWNLINK]
    for number, station in enumerate(stations):
        if not station.is_optical or station.cloud_fraction == 0.0:
            continue
        _, begin_s, over_s = sample_spells(
            1, station.cloud_fraction, faults.cloud_spell_s, start_s, end_s, rng
        )
        for antenna in np.unique(
            downlinks["resource_b"][downlinks["to"] == station_node(world, number)]
        ):
            parts.append(_rows(begin_s, over_s, CALENDAR_FAULT, np.full(begin_s.size, antenna)))
    return np.concatenate(parts)


def sample_spells(
    count: int,
    down_fraction: float,
    down_mean_s: float,
    start_s: float,
    end_s: float,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw the down spells of `count` stationary on-off processes that touch [start_s, end_s).

    Returns process (n,), begin_s (n,), over_s (n,). Spells are exponential; a process is down at
    the start with probability down_fraction, and its residual spell is exponential too.
    """
    if down_fraction >= 1.0:
        return np.arange(count), np.full(count, start_s), np.full(count, end_s)
    up_mean_s = down_mean_s * (1.0 - down_fraction) / down_fraction
    is_down, clock_s = rng.random(count) < down_fraction, np.full(count, start_s)
    spells = [np.zeros((3, 0))]
    while (clock_s < end_s).any():
        length_s = rng.exponential(np.where(is_down, down_mean_s, up_mean_s))
        down_processes = np.flatnonzero(is_down & (clock_s < end_s))
        spells.append(
            np.stack(
                [down_processes, clock_s[down_processes], (clock_s + length_s)[down_processes]]
            )
        )
        clock_s, is_down = clock_s + length_s, ~is_down
    process, begin_s, over_s = np.concatenate(spells, axis=1)
    return process.astype(np.int64), begin_s, over_s


def _rows(begin_s: np.ndarray, end_s: np.ndarray, kind: int, index: np.ndarray) -> np.ndarray:
    rows = np.zeros(begin_s.size, FAULT)
    rows["strike_s"], rows["end_s"], rows["kind"], rows["index"] = begin_s, end_s, kind, index
    return rows
