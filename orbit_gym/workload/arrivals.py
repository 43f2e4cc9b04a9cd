"""Arrivals: how many tasks the load asks for, and the drawing of an Episode.

Rates follow the load: offered node-seconds over available node-seconds. The node-seconds of a
released task and the share that is feasible on the relaxed system are measured once per World from
a fixed sample of every class. Recorded work (traces, event lists, task files) is added to what the
mix draws; the load does not speak of it.
"""

from dataclasses import astuple, dataclass, field
from functools import partial

import numpy as np

from orbit_gym.kernels.accelerator.service import service_s
from orbit_gym.kernels.episode import FAULT, Episode
from orbit_gym.kernels.state import new_scratch, new_state
from orbit_gym.kernels.step import relaxed_on_time
from orbit_gym.scenario.scenario import Faults, Scenario, Workload
from orbit_gym.scenario.task_classes import TASK_CLASSES
from orbit_gym.utils.sampling import Random, Stratified
from orbit_gym.utils.units import DAY_S
from orbit_gym.workload.arrival_processes import lead_time_s, sample_arrivals
from orbit_gym.workload.fault_process import sample_faults
from orbit_gym.workload.load_cache import cached_loads
from orbit_gym.workload.spawn_sites import SpawnSites
from orbit_gym.workload.task_factory import TaskFactory, merge_by_release
from orbit_gym.workload.trace_replay import TraceReplay
from orbit_gym.world.layout import World

SAMPLES_PER_CLASS = 1_000
SAMPLE_SEED = 20250514  # the launch; fixed so that a load means the same for everybody


@dataclass(frozen=True)
class ClassLoad:
    """What a class brings, measured on a fixed sample."""

    node_s: float  # mean service of a released task, node-seconds, model resident, full batch
    feasible_fraction: float  # of released tasks, on the relaxed system
    feasible_node_s: float  # mean node-seconds counted as load: infeasible tasks count 0


@dataclass
class Arrivals:
    """Arrival processes of one World."""

    spawn_sites: SpawnSites
    midnight_jd: float  # Julian date of 00:00 UTC of the World's day
    world_name: str | None = None  # of the World on disk; measured loads are kept under it
    loads: dict[tuple, dict[str, ClassLoad]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Make what draws from the same scenario and World."""
        self.task_factory = TaskFactory(
            self.scenario, self.spawn_sites.satellite_names, self.spawn_sites.first_user
        )
        self.trace_replay = TraceReplay(self.spawn_sites, self.task_factory, self.midnight_jd)

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
        """Spans in which a user sees at least one satellite: rows (user index, start_s, end_s,
        weight).
        """
        return self.spawn_sites.user_windows

    def class_loads(self, workload: Workload) -> dict[str, ClassLoad]:
        """Measured load of every class in the mix, from a stratified sample of SAMPLES_PER_CLASS
        tasks spread over the day.
        """
        key = tuple(sorted(workload.slack_scale.items())) + (
            workload.polarimeters,
            tuple(sorted(workload.mix)),
        )
        if key not in self.loads:
            found = cached_loads(
                self.world_name,
                key,
                lambda: {
                    name: astuple(self._measure(name, workload)) for name in sorted(workload.mix)
                },
            )
            self.loads[key] = {name: ClassLoad(*figures) for name, figures in found.items()}
        return self.loads[key]

    def _measure(self, name: str, workload: Workload) -> ClassLoad:
        rng: Random = Stratified(SAMPLE_SEED)
        origin = TASK_CLASSES[name].origin
        if self.spawn_sites.weighted_s(origin, workload, 0.0, DAY_S) <= 0.0:
            return ClassLoad(0.0, 0.0, 0.0)
        times_s, origins = self.spawn_sites.sample(
            origin, workload, SAMPLES_PER_CLASS, 0.0, DAY_S, rng
        )
        order = np.argsort(times_s, kind="stable")
        tasks = self.task_factory.create(name, times_s[order], origins[order], workload, rng)
        feasible = self.relaxed_on_time(tasks)
        node_s = self.node_s(tasks)
        return ClassLoad(
            float(node_s.mean()), float(feasible.mean()), float((node_s * feasible).mean())
        )

    def node_s(self, tasks: np.ndarray) -> np.ndarray:
        """Node-seconds (n,) of tasks on a satellite: model resident, full batch."""
        node_s = np.array([service_s(self.world, tasks, row, 0) for row in range(tasks.size)])
        node_s[tasks["one_lane"] == 1] /= self.world.accelerators[0]["lanes"]
        return node_s

    def relaxed_on_time(self, tasks: np.ndarray) -> np.ndarray:
        """True for tasks, in order of release, that some candidate could deliver in time on the
        relaxed system. (n,) bool.
        """
        nothing = self._episode(
            tasks, 0.0, DAY_S, np.ones(int(self.world.sizes["n_satellites"][0])), None
        )
        state = new_state(self.world, nothing, 1, 1)
        feasible = np.zeros(tasks.size, np.bool_)
        relaxed_on_time(
            self.world, state, new_scratch(self.world), nothing.tasks, tasks.size, feasible
        )
        return feasible

    def available_node_s(self) -> float:
        """Node-seconds that the satellites can offer per second: each min(1, mean spare power /
        compute power).
        """
        return float(self.energy_duty_cycle().sum())

    def energy_duty_cycle(self) -> np.ndarray:
        """Share of time each satellite can compute at full power on its orbit-mean spare power, at
        most 1. (n_satellites,).
        """
        world = self.world
        energy_duty_cycle = np.empty(int(world.sizes["n_satellites"][0]))
        for satellite in range(energy_duty_cycle.size):
            rows = world.power[world.power_offsets[satellite] : world.power_offsets[satellite + 1]]
            lengths_s = np.diff(np.append(rows["start_s"], world.sizes["horizon_s"][0]))
            spare_w = (rows["net_w"] * lengths_s).sum() / lengths_s.sum()
            energy_duty_cycle[satellite] = np.clip(
                spare_w / max(world.accelerators[satellite]["dynamic_w"], 1e-9), 0.0, 1.0
            )
        return energy_duty_cycle

    def tasks_per_s(self, workload: Workload) -> float:
        """Mean release rate of all classes of the mix together at this load.

        Recorded work is not counted.
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
        return workload.load * self.available_node_s() / node_s

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
        drawn = sample_faults(
            faults,
            self.scenario.stations,
            self.world,
            start_s,
            end_s + self.scenario.look_ahead_s,
            rng,
        )
        drawn.flags.writeable = False
        return episode._replace(faults=drawn)

    def sample_future(
        self, workload: Workload, faults: Faults, start_s: float, rng: np.random.Generator
    ) -> Episode:
        """Draw what might come, for planners: tasks of the mix and faults of the same place and
        time, drawn apart from any episode's own.

        It goes on for the look-ahead after the episode's end, which a scheduler does not know of.
        Recorded work is left out, since its only future is the true one; ValueError where nothing
        else is asked.
        """
        if not workload.has_mix:
            raise ValueError(
                "no future can be sampled: the workload has no mix, its tasks are typed or recorded"
            )
        end_s = start_s + self.scenario.episode_s
        until_s = end_s + self.scenario.look_ahead_s
        tasks = self.sample_tasks(workload, start_s, until_s, rng)
        tasks.flags.writeable = False
        drawn = sample_faults(faults, self.scenario.stations, self.world, start_s, until_s, rng)
        unknown = np.zeros(0, np.int64)  # a planner forks a State and needs no initial conditions
        return Episode(
            tasks=tasks,
            initial_charge_j=unknown,
            initial_resident=unknown,
            span_s=np.array([start_s, end_s]),
            faults=drawn,
        )

    def _scripted(self, workload: Workload, start_s: float, end_s: float) -> Episode:
        charge = np.full(self._n_satellites, self.scenario.power.initial_charge_high_fraction)
        return self._episode(
            self.task_factory.scripted(workload, start_s), start_s, end_s, charge, None
        )

    def _random(
        self, workload: Workload, start_s: float, end_s: float, rng: np.random.Generator
    ) -> Episode:
        until_s = end_s + self.scenario.look_ahead_s
        tasks = self.sample_tasks(workload, start_s, until_s, rng)
        if workload.has_recordings:
            tasks = merge_by_release(
                [tasks, self.trace_replay.tasks(workload, start_s, until_s, rng)]
            )
        last = min(int(np.searchsorted(tasks["release_s"], end_s)) + 1, tasks.size)
        power = self.scenario.power
        charge = rng.uniform(
            power.initial_charge_low_fraction,
            power.initial_charge_high_fraction,
            self._n_satellites,
        )
        return self._episode(tasks[:last], start_s, end_s, charge, rng)

    @property
    def _n_satellites(self) -> int:
        return int(self.world.sizes["n_satellites"][0])

    def sample_tasks(
        self, workload: Workload, start_s: float, end_s: float, rng: np.random.Generator
    ) -> np.ndarray:
        """Draw the tasks of the mix released in a span, in order of release.

        ValueError if the span leaves the World.
        """
        rate_per_s = self.tasks_per_s(workload)
        total = sum(workload.mix.values())
        parts = []
        for name in sorted(workload.mix) if workload.has_mix else ():
            kind = TASK_CLASSES[name]
            from_s = max(
                0.0, start_s - lead_time_s(kind)
            )  # clusters that began before reach into the span
            per_day_s = self.spawn_sites.weighted_s(kind.origin, workload, 0.0, DAY_S)
            here_s = self.spawn_sites.weighted_s(kind.origin, workload, from_s, end_s)
            if per_day_s <= 0.0 or here_s <= 0.0:
                continue
            mean_count = rate_per_s * workload.mix[name] / total * DAY_S * here_s / per_day_s
            sample_origins = partial(
                self._sample_origins, kind.origin, workload, from_s, end_s, rng
            )
            times_s, origins = sample_arrivals(kind, mean_count, sample_origins, from_s, end_s, rng)
            inside = (times_s >= start_s) & (times_s < end_s)
            parts.append(
                self.task_factory.create(name, times_s[inside], origins[inside], workload, rng)
            )
        return merge_by_release(parts)

    def _sample_origins(
        self,
        origin: str,
        workload: Workload,
        start_s: float,
        end_s: float,
        rng: np.random.Generator,
        count: int,
    ) -> tuple[np.ndarray, np.ndarray]:
        return self.spawn_sites.sample(origin, workload, count, start_s, end_s, rng)

    def _episode(
        self,
        tasks: np.ndarray,
        start_s: float,
        end_s: float,
        charge_fraction: np.ndarray,
        rng: np.random.Generator | None,
    ) -> Episode:
        accelerators = self.world.accelerators
        charge_j = charge_fraction * accelerators["capacity_j"][: self._n_satellites]
        charge_j = np.maximum(
            charge_j, _required_at(self.world, start_s)
        )  # never start where even idling would break the floor
        resident = np.array(
            [_initial_models(unit, self.world.model_bytes, rng) for unit in accelerators], np.int64
        )
        span_s = np.array([start_s, end_s])
        episode = Episode(
            tasks=tasks,
            initial_charge_j=charge_j,
            initial_resident=resident,
            span_s=span_s,
            faults=np.zeros(0, FAULT),
        )
        for array in episode:
            array.flags.writeable = False
        return episode


def _required_at(world: World, time_s: float) -> np.ndarray:
    """Charge that each baseline needs at a time, an upper bound within its row. (n_satellites,)."""
    required_j = np.empty(world.power_offsets.size - 1)
    for satellite in range(required_j.size):
        rows = world.power[world.power_offsets[satellite] : world.power_offsets[satellite + 1]]
        here = int(np.searchsorted(rows["start_s"], time_s, side="right")) - 1
        required_j[satellite] = rows["required_j"][here : here + 2].max()
    return required_j


def _initial_models(
    accelerator: np.void, model_bytes: np.ndarray, rng: np.random.Generator | None
) -> int:
    """Models in memory at the start: on the ground all that fit, in orbit in random order as fit,
    without rng none.
    """
    if accelerator["has_battery"] and rng is None:
        return 0
    order = (
        rng.permutation(model_bytes.size)
        if rng is not None and accelerator["has_battery"]
        else np.argsort(model_bytes)
    )
    free_bytes = float(accelerator["memory_bytes"])
    resident = 0
    for model in order:
        if model_bytes[model] <= free_bytes:
            resident |= 1 << int(model)
            free_bytes -= float(model_bytes[model])
    return resident
