"""What follows from a scenario's World, for people: eclipses, passes, the laser graph, users in
view. Of its first 24 hours.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from orbit_gym.scenario.scenario import Scenario
from orbit_gym.utils.units import DAY_S
from orbit_gym.world.layout import DOWNLINK, LASER, USER_UP, World
from orbit_gym.world.nodes import n_satellites, n_users, station_index, user_index

SAMPLE_S = 60.0  # step at which the laser graph is looked at
SAMPLE_MANY_S = 600.0  # the same for more than MANY_SATELLITES
MANY_SATELLITES = 400


@dataclass(frozen=True)
class StationView:
    """What one station sees of the satellites in a day."""

    name: str
    passes: np.ndarray  # (n_satellites,) begun in the day
    view_s: np.ndarray  # (n_satellites,) time in view of each
    any_view_s: float  # time in which at least one is in view
    longest_gap_s: float  # without any in view

    @property
    def any_fraction(self) -> float:
        """Share of the day in which at least one satellite is in view."""
        return self.any_view_s / DAY_S


@dataclass(frozen=True)
class Derived:
    """Figures of one day; nothing in it depends on the workload."""

    eclipse_fraction: (
        np.ndarray
    )  # (n_satellites,) of an orbit, mean over the whole orbits of the day
    eclipse_day_fraction: np.ndarray  # (n_satellites,) of the day, which cuts an orbit in two
    longest_eclipse_s: float
    stations: tuple[StationView, ...]
    user_coverage_fraction: (
        np.ndarray
    )  # (n_users,) of the day in which a site sees at least one satellite
    sample_s: float
    # (n_samples,) connected components of the laser graph; a satellite without a link is one of its
    # own
    components: np.ndarray
    largest_component: np.ndarray  # (n_samples,) satellites in the largest
    link_events: int  # laser links that come up or go down in the day


class _Contacts:
    """Contacts of one kind, flat: ends, edge and times of each, clipped to the day."""

    def __init__(self, world: World, kind: int) -> None:
        """Gather the contacts of all edges of a kind that begin within the day."""
        senders = np.repeat(np.arange(len(world.edge_offsets) - 1), np.diff(world.edge_offsets))
        of_kind = np.flatnonzero(world.edges["kind"] == kind)
        counts = world.edges["end_contact"][of_kind] - world.edges["first_contact"][of_kind]
        offsets = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        rows = world.contacts[np.repeat(world.edges["first_contact"][of_kind], counts) + offsets]
        keep = rows["start_s"] < DAY_S
        edge = np.repeat(of_kind, counts)[keep]
        self.sender, self.receiver = senders[edge], world.edges["to"][edge].astype(np.int64)
        self.start_s, self.end_s = rows["start_s"][keep], rows["end_s"][keep]


def derive(scenario: Scenario, world: World) -> Derived:
    """Figures of the first 24 hours of a compiled World."""
    users = _Contacts(world, USER_UP)
    seen_s, _ = occupancy(
        user_index(world, users.sender), users.start_s, users.end_s, n_users(world)
    )
    orbit, day, longest_s = eclipses(world)
    sample_s = SAMPLE_S if n_satellites(world) <= MANY_SATELLITES else SAMPLE_MANY_S
    components, largest = laser_components(world, np.arange(0.5 * sample_s, DAY_S, sample_s))
    return Derived(
        eclipse_fraction=orbit,
        eclipse_day_fraction=day,
        longest_eclipse_s=longest_s,
        stations=station_views([station.name for station in scenario.stations], world),
        user_coverage_fraction=seen_s / DAY_S,
        sample_s=sample_s,
        components=components,
        largest_component=largest,
        link_events=laser_events(world),
    )


def eclipses(world: World) -> tuple[np.ndarray, np.ndarray, float]:
    """Return each satellite's share of shadow in an orbit and in the day (n_satellites,).

    And the longest shadow begun in the day.
    """
    orbit, day, longest_s = (
        np.zeros(world.power_offsets.size - 1),
        np.zeros(world.power_offsets.size - 1),
        0.0,
    )
    for satellite in range(day.size):
        rows = world.power[world.power_offsets[satellite] : world.power_offsets[satellite + 1]]
        changes = np.flatnonzero(np.r_[True, np.diff(rows["is_sunlit"]) != 0])
        start_s, is_dark = rows["start_s"][changes], rows["is_sunlit"][changes] == 0
        end_s = np.r_[start_s[1:], world.sizes["horizon_s"][0]]
        day[satellite] = (
            np.clip(np.minimum(end_s, DAY_S) - start_s, 0.0, None)[is_dark].sum() / DAY_S
        )
        longest_s = max(longest_s, (end_s - start_s)[is_dark & (start_s < DAY_S)].max(initial=0.0))
        dawns_s = start_s[1:][
            ~is_dark[1:] & (start_s[1:] < DAY_S)
        ]  # whole orbits lie between the first and the last of them
        covered_s = (
            is_dark & (start_s >= dawns_s.min(initial=DAY_S)) & (end_s <= dawns_s.max(initial=0.0))
        )
        orbit[satellite] = (
            (end_s - start_s)[covered_s].sum() / np.ptp(dawns_s)
            if len(dawns_s) > 1
            else day[satellite]
        )
    return orbit, day, float(longest_s)


def station_views(names: list[str], world: World) -> tuple[StationView, ...]:
    """What each station sees, from its downlink contacts.

    Several antennas see the same pass once.
    """
    n_flying = n_satellites(world)
    links = _Contacts(world, DOWNLINK)
    station = station_index(world, links.receiver)
    rows = np.unique(np.stack([station, links.sender, links.start_s, links.end_s], axis=1), axis=0)
    station, satellite = rows[:, 0].astype(np.int64), rows[:, 1].astype(np.int64)
    cell = station * n_flying + satellite
    shape, n_cells = (len(names), n_flying), len(names) * n_flying
    passes = np.bincount(cell, minlength=n_cells).reshape(shape)
    view_s = np.bincount(
        cell, weights=np.minimum(rows[:, 3], DAY_S) - rows[:, 2], minlength=n_cells
    ).reshape(shape)
    any_s, gap_s = occupancy(station, rows[:, 2], rows[:, 3], len(names))
    return tuple(
        StationView(name, passes[k], view_s[k], float(any_s[k]), float(gap_s[k]))
        for k, name in enumerate(names)
    )


def occupancy(
    group: np.ndarray, start_s: np.ndarray, end_s: np.ndarray, n_groups: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return covered seconds of the day and the longest gap (n_groups,).

    Of spans (N,) that may overlap, each of one group.
    """
    numbers = np.arange(n_groups)
    owner = np.concatenate(
        [numbers, group, numbers]
    )  # an empty span at either end of the day bounds the gaps
    low_s = np.concatenate(
        [np.zeros(n_groups), np.clip(start_s, 0.0, DAY_S), np.full(n_groups, DAY_S)]
    )
    high_s = np.concatenate(
        [np.zeros(n_groups), np.clip(end_s, 0.0, DAY_S), np.full(n_groups, DAY_S)]
    )
    order = np.lexsort((low_s, owner))
    owner = owner[order]
    low_s, high_s = (
        low_s[order] + owner * DAY_S,
        high_s[order] + owner * DAY_S,
    )  # one group after the other on one axis
    before_s = np.maximum.accumulate(np.r_[0.0, high_s])[:-1]
    covered_s = np.bincount(
        owner, weights=np.clip(high_s - np.maximum(low_s, before_s), 0.0, None), minlength=n_groups
    )
    longest_s = np.zeros(n_groups)
    np.maximum.at(longest_s, owner, low_s - before_s)
    return covered_s, longest_s


def laser_components(world: World, times_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the number of connected components of the laser graph at each time (T,).

    And the satellites in the largest.
    """
    n_flying = n_satellites(world)
    links = _Contacts(world, LASER)
    counts, largest = np.zeros(len(times_s), np.int64), np.zeros(len(times_s), np.int64)
    for k, time_s in enumerate(times_s):
        up = (links.start_s <= time_s) & (time_s < links.end_s)
        graph = coo_array(
            (np.ones(np.count_nonzero(up)), (links.sender[up], links.receiver[up])),
            shape=(n_flying, n_flying),
        )
        counts[k], labels = connected_components(graph, directed=False)
        largest[k] = np.bincount(labels).max()
    return counts, largest


def laser_events(world: World) -> int:
    """Return how many laser links come up or go down within the day.

    Each link is counted once for its two directions.
    """
    links = _Contacts(world, LASER)
    forward = links.sender < links.receiver
    return int(((links.start_s > 0.0) & forward).sum() + ((links.end_s < DAY_S) & forward).sum())
