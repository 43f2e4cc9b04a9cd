"""Arrivals: how many tasks the load asks for, and the drawing of an Episode.

Rates follow the load: offered node-seconds over available node-seconds. The node-seconds of a
released task and the share that is feasible on the relaxed system are measured once per World from
a fixed sample of every class. Recorded work (traces, event lists, task files) is added to what the
mix draws; the load does not speak of it.
"""

from dataclasses import astuple, dataclass, field

import numpy as np

from orbit_gym.kernels.episode import TASK, Episode
from orbit_gym.scenario.models import MODEL_BYTES
from orbit_gym.scenario.scenario import Faults, Scenario, Workload
from orbit_gym.scenario.task_classes import TASK_CLASSES
from orbit_gym.utils.sampling import Random, Stratified
from orbit_gym.utils.units import DAY_S
from orbit_gym.workload.arrival_processes import lead_time_s, sample_arrivals
from orbit_gym.workload.fault_process import sample_faults
from orbit_gym.workload.initial_conditions import make_episode
from orbit_gym.workload.load_accounting import (
    ClassLoad,
    available_node_s,
    relaxed_on_time,
    service_node_s,
)
from orbit_gym.workload.load_cache import cached_loads
from orbit_gym.workload.spawn_sites import SpawnSites
from orbit_gym.workload.task_factory import TaskFactory, merge_by_release
from orbit_gym.workload.trace_replay import TraceReplay
from orbit_gym.world.layout import World
from orbit_gym.world.nodes import n_satellites

SAMPLES_PER_CLASS = 1_000
SAMPLE_SEED = 20250514  # the launch; fixed so that a load means the same for everybody


@dataclass
class Arrivals:
    """Arrival processes of one World."""

    spawn_sites: SpawnSites
    midnight_jd: float  # Julian date of 00:00 UTC of the World's day
    world_name: str | None = None  # of the World on disk; measured loads are stored under it
    loads: dict[tuple, dict[str, ClassLoad]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Make what draws from the same scenario and World."""
        sites = self.spawn_sites
        self.task_factory = TaskFactory(self.scenario, sites.satellite_names, sites.first_user)
        self.trace_replay = TraceReplay(sites, self.task_factory, self.midnight_jd)

    @property
    def scenario(self) -> Scenario:
        """The scenario; its workload need not be the one that is drawn."""
        return self.spawn_sites.scenario

    @property
    def world(self) -> World:
        """The World whose day it is."""
        return self.spawn_sites.world

    @property
    def user_windows(self) -> np.ndarray:
        """When users see at least one satellite: rows (user index, start_s, end_s, weight)."""
        return self.spawn_sites.user_windows

    def class_loads(self, workload: Workload) -> dict[str, ClassLoad]:
        """Return the load of every class in the mix, measured on a fixed sample of the day."""
        key = (
            tuple(sorted(workload.slack_scale.items())),
            workload.polarimeters,
            tuple((name, TASK_CLASSES[name]) for name in sorted(workload.mix)),
        )
        if key not in self.loads:
            figures = cached_loads(
                self.world_name,
                key,
                lambda: {
                    name: astuple(self._measure(name, workload)) for name in sorted(workload.mix)
                },
            )
            self.loads[key] = {name: ClassLoad(*numbers) for name, numbers in figures.items()}
        return self.loads[key]

    def _measure(self, name: str, workload: Workload) -> ClassLoad:
        rng: Random = Stratified(SAMPLE_SEED)
        sites = self.spawn_sites.of(TASK_CLASSES[name].origin, workload)
        if sites.weighted_s(0.0, DAY_S) <= 0.0:
            return ClassLoad(0.0, 0.0, 0.0)
        times_s, origins = sites.sample(SAMPLES_PER_CLASS, 0.0, DAY_S, rng)
        order = np.argsort(times_s, kind="stable")
        tasks = self.task_factory.create(name, times_s[order], origins[order], workload, rng)
        is_feasible = relaxed_on_time(self.world, tasks)
        node_s = service_node_s(self.world, tasks)
        return ClassLoad(
            float(node_s.mean()), float(is_feasible.mean()), float((node_s * is_feasible).mean())
        )

    def tasks_per_s(self, workload: Workload) -> float:
        """Return the mean release rate of all classes of the mix together at this load.

        Recorded work is not counted. ValueError where no task of the mix is feasible.
        """
        if not workload.has_mix:
            return 0.0
        loads = self.class_loads(workload)
        total = sum(workload.mix.values())
        node_s = sum(
            share / total * loads[name].feasible_node_s for name, share in workload.mix.items()
        )
        if node_s <= 0.0:
            raise ValueError(
                "no task of workload.mix is feasible on this constellation: its load has no "
                "meaning; change the mix or the stations"
            )
        return workload.load * available_node_s(self.world) / node_s

    def sample_episode(
        self, workload: Workload, faults: Faults, start_s: float, rng: np.random.Generator
    ) -> Episode:
        """Draw one Episode that begins start_s seconds into the day.

        All randomness is spent here.
        """
        end_s = start_s + self.scenario.episode_s
        episode = (
            self._scripted(workload, start_s, end_s)
            if workload.script
            else self._random(workload, start_s, end_s, rng)
        )
        # Faults are drawn last: what else is drawn does not depend on their switch.
        until_s = end_s + self.scenario.look_ahead_s
        return episode._replace(faults=self._faults(faults, start_s, until_s, rng))

    def sample_future(
        self, workload: Workload, faults: Faults, start_s: float, rng: np.random.Generator
    ) -> Episode:
        """Draw what might come, for planners: tasks of the mix and faults of the same span.

        They are drawn apart from any episode's own, and go on for the look-ahead after its end,
        which a scheduler does not know of. Recorded work is left out, since its only future is the
        true one; ValueError where nothing else is asked.
        """
        if not workload.has_mix:
            raise ValueError(
                "no future can be sampled: the workload has no mix, its tasks are typed or recorded"
            )
        end_s = start_s + self.scenario.episode_s
        until_s = end_s + self.scenario.look_ahead_s
        tasks = self.sample_tasks(workload, start_s, until_s, rng)
        tasks.flags.writeable = False
        unknown = np.zeros(0, np.int64)  # a planner forks a State and needs no initial conditions
        return Episode(
            tasks=tasks,
            initial_charge_j=unknown,
            initial_resident=unknown,
            span_s=np.array([start_s, end_s]),
            faults=self._faults(faults, start_s, until_s, rng),
        )

    def _faults(
        self, faults: Faults, start_s: float, end_s: float, rng: np.random.Generator
    ) -> np.ndarray:
        rows = sample_faults(faults, self.scenario.stations, self.world, start_s, end_s, rng)
        rows.flags.writeable = False
        return rows

    def _scripted(self, workload: Workload, start_s: float, end_s: float) -> Episode:
        charge = np.full(self._n_satellites, self.scenario.power.initial_charge_high_fraction)
        tasks = self.task_factory.scripted_tasks(workload, start_s)
        models = model_indices(workload)
        return make_episode(self.world, tasks, (start_s, end_s), charge, models, None)

    def _random(
        self, workload: Workload, start_s: float, end_s: float, rng: np.random.Generator
    ) -> Episode:
        until_s = end_s + self.scenario.look_ahead_s
        tasks = self.sample_tasks(workload, start_s, until_s, rng)
        if workload.has_recordings:
            recorded_tasks = self.trace_replay.tasks(workload, start_s, until_s, rng)
            tasks = merge_by_release([tasks, recorded_tasks])
        last = min(int(np.searchsorted(tasks["release_s"], end_s)) + 1, tasks.size)
        power = self.scenario.power
        charge = rng.uniform(
            power.initial_charge_low_fraction,
            power.initial_charge_high_fraction,
            self._n_satellites,
        )
        models = model_indices(workload)
        return make_episode(self.world, tasks[:last], (start_s, end_s), charge, models, rng)

    @property
    def _n_satellites(self) -> int:
        return n_satellites(self.world)

    def sample_tasks(
        self, workload: Workload, start_s: float, end_s: float, rng: np.random.Generator
    ) -> np.ndarray:
        """Draw the tasks of the mix released in a span, in order of release.

        ValueError if the span leaves the World.
        """
        parts = []
        if workload.has_mix:
            total_per_s = self.tasks_per_s(workload)
            total_share = sum(workload.mix.values())
            for name in sorted(workload.mix):
                rate_per_s = total_per_s * workload.mix[name] / total_share
                parts.append(self._class_tasks(name, workload, rate_per_s, start_s, end_s, rng))
        return merge_by_release(parts)

    def _class_tasks(
        self,
        name: str,
        workload: Workload,
        rate_per_s: float,
        start_s: float,
        end_s: float,
        rng: np.random.Generator,
    ) -> np.ndarray:
        """Draw the tasks of one class, rate_per_s the mean over the day."""
        kind = TASK_CLASSES[name]
        sites = self.spawn_sites.of(kind.origin, workload)
        # clusters that began before reach into the span
        from_s = max(0.0, start_s - lead_time_s(kind))
        per_day_s, within_s = sites.weighted_s(0.0, DAY_S), sites.weighted_s(from_s, end_s)
        if per_day_s <= 0.0 or within_s <= 0.0:
            return np.zeros(0, TASK)
        mean_count = rate_per_s * DAY_S * within_s / per_day_s
        times_s, origins = sample_arrivals(
            kind, mean_count, lambda n: sites.sample(n, from_s, end_s, rng), from_s, end_s, rng
        )
        is_inside = (times_s >= start_s) & (times_s < end_s)
        return self.task_factory.create(name, times_s[is_inside], origins[is_inside], workload, rng)


def model_indices(workload: Workload) -> list[int]:
    """Return the indices of the models that the workload's classes run, in order."""
    names = {TASK_CLASSES[name].model for name in workload.class_names}
    return [index for index, model in enumerate(MODEL_BYTES) if model in names]
