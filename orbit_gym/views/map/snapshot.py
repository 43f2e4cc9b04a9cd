"""One moment of an episode as plain arrays: all that the map shows, nothing of how it is drawn."""

from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

import numpy as np

from orbit_gym.kernels.accelerator.charge_now import settle_satellites
from orbit_gym.kernels.episode import CALENDAR_FAULT, UNIT_FAULT, Episode
from orbit_gym.kernels.state import NONE, State
from orbit_gym.orbits.epochs import julian_date
from orbit_gym.physics.sun import shadow_margin_m
from orbit_gym.scenario.scenario import Scenario
from orbit_gym.simulation.booking_log import BookingLog
from orbit_gym.simulation.outcomes import TaskOutcome, task_outcomes
from orbit_gym.simulation.simulation import Plan, Simulation
from orbit_gym.views.map.active_links import Links, Sightlines, calendars_out
from orbit_gym.views.map.daylight import sun_at
from orbit_gym.views.map.reservations import RecentUse, queues
from orbit_gym.world.ephemeris import midnight_of
from orbit_gym.world.layout import World
from orbit_gym.world.nodes import n_satellites


class Placement(NamedTuple):
    """Hold the decision before.

    Its task, and the plan that was booked, or None where the task was rejected.
    """

    number: int  # of the task in the episode, from 0
    task: np.void  # TASK
    plan: Plan | None
    was_masked: bool


class Totals(NamedTuple):
    """Running totals of an episode."""

    decisions: int
    released_value: float
    delivered_value: float  # of what was booked in time and not lost to a fault since
    n_delivered: int
    n_late: int
    n_rejected: int
    n_lost: int


@dataclass(frozen=True)
class Snapshot:
    """What there is to see; graph nodes are numbered as in the World."""

    time_s: float
    span_s: tuple[float, float]
    sun: np.ndarray  # (3,) Earth-fixed unit vector
    positions_m: np.ndarray  # (n_nodes, 3) Earth-fixed
    is_sunlit: np.ndarray  # (S,) bool
    queue_s: np.ndarray  # (S,) work booked ahead, seconds of the whole accelerator
    busy_fraction: np.ndarray  # (S,) lanes in use
    charge_fraction: np.ndarray  # (S,)
    floor_fraction: np.ndarray  # (S,) of the depth of discharge
    is_rebooting: np.ndarray  # (S,) bool
    lasers: Links
    lasers_down: np.ndarray  # (N, 2) pairs that acquire each other, or that a fault holds down
    passes: Links
    beams: Links
    candidates: np.ndarray  # (N,) graph nodes of the candidates of the task at hand
    n_plans: int  # candidates that can deliver it at all
    n_plans_on_time: int
    task_index: int
    task: np.void | None  # TASK at hand, None where there is none
    placement: Placement | None
    totals: Totals


class Tracker:
    """Looks at one episode, moment by moment; it reads the State and never changes it."""

    def __init__(self, scenario: Scenario, day: int, world: World, episode: Episode) -> None:
        """Prepare what stays the same through the episode.

        Day is counted from the scenario's epoch.
        """
        self._midnight = midnight_of(scenario, day)
        self._jd = sum(julian_date(self._midnight))
        self._world, self._episode = world, episode
        self._use = RecentUse(int(world.sizes["n_resources"][0]), float(episode.span_s[0]))
        self._sightlines = Sightlines(
            world,
            float(episode.span_s[0]),
            float(episode.span_s[1]) + scenario.look_ahead_s,
            scenario.lasers.acquisition_s,
        )

    def follow(self, simulation: Simulation) -> None:
        """Take note of a decision.

        To be called after each, so that the use of links is known when it is shown.
        """
        self._use.follow(simulation.state.used_s, simulation.time_s)

    def snapshot(
        self, simulation: Simulation, placement: Placement | None, totals: Totals
    ) -> Snapshot:
        """Return what there is to see at the clock's time."""
        world, state, time_s = self._world, simulation.state, simulation.time_s
        count = n_satellites(world)
        positions_m, sun = positions_at(world, time_s), sun_at(self._jd, time_s)
        faults = self._episode.faults
        out = calendars_out(faults, CALENDAR_FAULT, time_s)
        self.follow(simulation)
        used_fraction = self._use.fraction
        lasers, turning = self._sightlines.lasers(time_s, used_fraction)
        lasers, links_down = self._sightlines.split_by_fault(lasers, out)
        queue_s, lanes = queues(world, state, time_s)
        accelerators = world.accelerators[:count]
        is_candidate = state.candidates != NONE
        has_plan = is_candidate & (state.plans["exists"] == 1)
        return Snapshot(
            time_s=time_s,
            span_s=(float(self._episode.span_s[0]), float(self._episode.span_s[1])),
            sun=sun,
            positions_m=positions_m,
            is_sunlit=shadow_margin_m(positions_m[:count], sun) > 0.0,
            queue_s=queue_s[:count],
            busy_fraction=lanes[:count] / accelerators["lanes"],
            charge_fraction=charge_j(world, state, time_s) / accelerators["capacity_j"],
            floor_fraction=accelerators["floor_j"] / accelerators["capacity_j"],
            is_rebooting=np.isin(np.arange(count), calendars_out(faults, UNIT_FAULT, time_s)),
            lasers=lasers,
            lasers_down=np.concatenate([turning, links_down]),
            passes=self._sightlines.passes(time_s, used_fraction),
            beams=self._sightlines.beams(time_s, used_fraction),
            candidates=simulation.candidate_nodes[is_candidate],
            n_plans=int(has_plan.sum()),
            n_plans_on_time=int((has_plan & (state.plans["on_time"] == 1)).sum()),
            task_index=simulation.task_index,
            task=self._episode.tasks[simulation.task_index]
            if simulation.task_index < self._episode.tasks.size
            else None,
            placement=placement,
            totals=totals,
        )

    def utc(self, time_s: float) -> str:
        """Clock in UTC, to the second."""
        return f"{self._midnight + timedelta(seconds=int(time_s)):%Y-%m-%d %H:%M:%S}"


def positions_at(world: World, time_s: float) -> np.ndarray:
    """Return Earth-fixed positions (n_nodes, 3) of all graph nodes.

    Linear between grid points as in orbit_gym.kernels.network.transfers.
    """
    place = time_s / float(world.sizes["grid_s"][0])
    row = min(max(int(place), 0), len(world.positions_m) - 2)
    satellites_m = world.positions_m[row] + (place - row) * (
        world.positions_m[row + 1] - world.positions_m[row]
    )
    return np.concatenate([satellites_m, world.site_positions_m])


def charge_j(world: World, state: State, time_s: float) -> np.ndarray:
    """Return the charge of every satellite (S,) at time_s, exactly; the State stays as it is."""
    current = state._replace(
        clock=state.clock.copy(), units=state.units.copy(), segments=state.segments.copy()
    )
    settle_satellites(world, current, time_s)
    return current.units["charge_j"][: n_satellites(world)]


def totals(simulation: Simulation, log: BookingLog) -> Totals:
    """Return the totals so far."""
    count = min(simulation.task_index, simulation.episode.tasks.size)
    value = simulation.episode.tasks["value"][:count]
    outcomes = task_outcomes(
        log.plans["on_time"][:count] == 1,
        log.is_booked[:count],
        simulation.state.is_lost[:count],
    )
    n_delivered, n_late, n_lost, n_rejected = np.bincount(outcomes, minlength=4).tolist()
    return Totals(
        decisions=count,
        released_value=float(value.sum()),
        delivered_value=float(value[outcomes == TaskOutcome.DELIVERED].sum()),
        n_delivered=n_delivered,
        n_late=n_late,
        n_rejected=n_rejected,
        n_lost=n_lost,
    )
