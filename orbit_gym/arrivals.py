"""Arrivals: where and when tasks appear, how many, and the drawing of an Episode.

Rates follow the load: offered node-seconds over available node-seconds. The node-seconds of a released task and the share
that is feasible on the relaxed system are measured once per World from a fixed sample of every class.
"""

from dataclasses import dataclass, field

import numpy as np

from orbit_gym.compute import service_s
from orbit_gym.episode import ANY_STATION, FAULT, TASK, Episode
from orbit_gym.kernel import relaxed_on_time
from orbit_gym.opportunities import SEA_WEIGHT, near_hotspot, over_land, user_windows
from orbit_gym.outages import draw_faults
from orbit_gym.scenario import Faults, Scenario, Workload
from orbit_gym.state import new_scratch, new_state
from orbit_gym.tasks import FLOP_PER_TOKEN_8B, MODELS, TASK_CLASSES
from orbit_gym.units import DAY_S
from orbit_gym.world import World

CELL_S = 30.0  # opportunities of satellites are sampled on this grid
SAMPLES_PER_CLASS = 200
SAMPLE_SEED = 20250514  # the launch; fixed so that a load means the same for everybody


@dataclass(frozen=True)
class ClassLoad:
    """What a class brings, measured on a fixed sample."""

    node_s: float  # mean service of a released task, node-seconds, model resident, full batch
    feasible_fraction: float  # of released tasks, on the relaxed system
    feasible_node_s: float  # mean node-seconds counted as load: infeasible tasks count 0


@dataclass
class Arrivals:
    """Arrival processes of one World; cells and intervals are where tasks of each origin can appear."""

    scenario: Scenario
    world: World
    satellite_names: tuple[str, ...]
    sunlit_ground: np.ndarray  # (n_cells, n_satellites) bool: the ground below is in daylight
    cell_weights: dict[str, np.ndarray] = field(init=False)  # origin -> (n_cells, n_satellites)
    user_windows: np.ndarray = field(init=False)  # (n, 4): user index, start, end, weight
    loads: dict[tuple, dict[str, ClassLoad]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Find where each origin can appear."""
        ground_m = self.world.positions_m[:: int(round(CELL_S / self.world.sizes["grid_s"][0]))]
        n_cells = min(int(self.world.sizes["horizon_s"][0] // CELL_S), ground_m.shape[0], self.sunlit_ground.shape[0])
        up = ground_m[:n_cells] / np.linalg.norm(ground_m[:n_cells], axis=-1, keepdims=True)
        self.cell_weights = {
            "scene": np.where(over_land(up), 1.0, SEA_WEIGHT) * self.sunlit_ground[:n_cells],
            "hotspot": near_hotspot(up).astype(float),
            "archive": np.ones(up.shape[:2]),
        }
        self.user_windows = user_windows(self.scenario, self.world)

    def _sky_weights(self, workload: Workload) -> np.ndarray:
        """Cells of the polarimeter satellites; ValueError for a name that does not fly."""
        weights = np.zeros_like(self.cell_weights["archive"])
        for name in workload.polarimeters or self.satellite_names:
            if name not in self.satellite_names:
                raise ValueError(f"workload.polarimeters names {name!r}; choose from {', '.join(self.satellite_names)}")
            weights[:, self.satellite_names.index(name)] = 1.0
        return weights

    def _weights(self, origin: str, workload: Workload) -> np.ndarray:
        return self._sky_weights(workload) if origin == "sky" else self.cell_weights[origin]

    def _opportunity_s(self, origin: str, workload: Workload, start_s: float, end_s: float) -> float:
        """Weighted seconds in which tasks of an origin can appear."""
        if origin == "user":
            windows = self.user_windows
            return float((np.clip(np.minimum(windows[:, 2], end_s) - np.maximum(windows[:, 1], start_s), 0.0, None) * windows[:, 3]).sum())
        return float(
            (self._weights(origin, workload) * _cell_share_s(self.cell_weights["archive"].shape[0], start_s, end_s)[:, None]).sum()
        )

    def _draw_places(
        self, origin: str, workload: Workload, count: int, start_s: float, end_s: float, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Times (count,) and origin graph nodes (count,) of tasks, weighted by opportunity within the span."""
        if origin == "user":
            windows = self.user_windows
            low = np.maximum(windows[:, 1], start_s)
            length = np.clip(np.minimum(windows[:, 2], end_s) - low, 0.0, None)
            picks = rng.choice(len(windows), size=count, p=_shares(length * windows[:, 3]))
            return low[picks] + rng.random(count) * length[picks], self._first_user + windows[picks, 0].astype(np.int64)
        weights = self._weights(origin, workload)
        share_s = _cell_share_s(weights.shape[0], start_s, end_s)
        n_satellites = weights.shape[1]
        picks = rng.choice(weights.size, size=count, p=_shares((weights * share_s[:, None]).ravel()))
        cells = picks // n_satellites
        low = np.maximum(cells * CELL_S, start_s)
        high = np.minimum((cells + 1) * CELL_S, end_s)
        return low + rng.random(count) * (high - low), picks % n_satellites

    @property
    def _first_user(self) -> int:
        sizes = self.world.sizes[0]
        return int(sizes["n_satellites"] + sizes["n_stations"] + sizes["n_datacentres"])

    def class_loads(self, workload: Workload) -> dict[str, ClassLoad]:
        """Measured load of every class in the mix, from SAMPLES_PER_CLASS tasks spread over the day."""
        key = tuple(sorted(workload.slack_scale.items())) + (workload.polarimeters, tuple(sorted(workload.mix)))
        if key not in self.loads:
            rng = np.random.default_rng(SAMPLE_SEED)
            self.loads[key] = {name: self._measure(name, workload, rng) for name in sorted(workload.mix)}
        return self.loads[key]

    def _measure(self, name: str, workload: Workload, rng: np.random.Generator) -> ClassLoad:
        if self._opportunity_s(TASK_CLASSES[name].origin, workload, 0.0, DAY_S) <= 0.0:
            return ClassLoad(0.0, 0.0, 0.0)
        times_s, origins = self._draw_places(TASK_CLASSES[name].origin, workload, SAMPLES_PER_CLASS, 0.0, DAY_S, rng)
        order = np.argsort(times_s, kind="stable")
        tasks = self._make_tasks(name, times_s[order], origins[order], workload, rng)
        feasible = self._relaxed(tasks)
        accelerator = self.world.accelerators[0]
        node_s = np.array([service_s(self.world, tasks, row, 0) for row in range(tasks.size)])
        node_s[tasks["one_lane"] == 1] /= accelerator["lanes"]
        return ClassLoad(float(node_s.mean()), float(feasible.mean()), float((node_s * feasible).mean()))

    def _relaxed(self, tasks: np.ndarray) -> np.ndarray:
        nothing = self._episode(tasks, 0.0, DAY_S, np.ones(int(self.world.sizes["n_satellites"][0])), None)
        state = new_state(self.world, nothing, 1, 1)
        feasible = np.zeros(tasks.size, np.bool_)
        relaxed_on_time(self.world, state, new_scratch(self.world), nothing.tasks, tasks.size, feasible)
        return feasible

    def available_node_s(self) -> float:
        """Node-seconds that the satellites can offer per second: each min(1, mean spare power / compute power)."""
        return float(self.duties().sum())

    def duties(self) -> np.ndarray:
        """Share of time each satellite can compute at full power on its orbit-mean spare power, at most 1. (n_satellites,)."""
        world = self.world
        duties = np.empty(int(world.sizes["n_satellites"][0]))
        for satellite in range(duties.size):
            rows = world.power[world.power_offsets[satellite] : world.power_offsets[satellite + 1]]
            lengths_s = np.diff(np.append(rows["start_s"], world.sizes["horizon_s"][0]))
            spare_w = (rows["net_w"] * lengths_s).sum() / lengths_s.sum()
            duties[satellite] = np.clip(spare_w / max(world.accelerators[satellite]["dynamic_w"], 1e-9), 0.0, 1.0)
        return duties

    def tasks_per_s(self, workload: Workload) -> float:
        """Mean release rate of all classes together at this load."""
        loads = self.class_loads(workload)
        total = sum(workload.mix.values())
        node_s = sum(share / total * loads[name].feasible_node_s for name, share in workload.mix.items())
        if node_s <= 0.0:
            raise ValueError(
                "no task of workload.mix is feasible on this constellation: its load has no meaning; change the mix or the stations"
            )
        return workload.load * self.available_node_s() / node_s

    def draw(self, workload: Workload, faults: Faults, start_s: float, rng: np.random.Generator) -> Episode:
        """Draw one Episode that begins start_s seconds into the day; all randomness is spent here."""
        end_s = start_s + self.scenario.episode_s
        episode = self._scripted(workload, start_s, end_s) if workload.script else self._random(workload, start_s, end_s, rng)
        # Faults are drawn last: what else is drawn does not depend on their switch.
        drawn = draw_faults(faults, self.scenario.stations, self.world, start_s, end_s + self.scenario.look_ahead_s, rng)
        drawn.flags.writeable = False
        return episode._replace(faults=drawn)

    def _scripted(self, workload: Workload, start_s: float, end_s: float) -> Episode:
        charge = np.full(self._n_satellites, self.scenario.power.initial_charge_high_fraction)
        return self._episode(self._scripted_tasks(workload, start_s), start_s, end_s, charge, None)

    def _random(self, workload: Workload, start_s: float, end_s: float, rng: np.random.Generator) -> Episode:
        tasks = self.draw_tasks(workload, start_s, end_s + self.scenario.look_ahead_s, rng)
        last = min(int(np.searchsorted(tasks["release_s"], end_s)) + 1, tasks.size)
        power = self.scenario.power
        charge = rng.uniform(power.initial_charge_low_fraction, power.initial_charge_high_fraction, self._n_satellites)
        return self._episode(tasks[:last], start_s, end_s, charge, rng)

    @property
    def _n_satellites(self) -> int:
        return int(self.world.sizes["n_satellites"][0])

    def draw_tasks(self, workload: Workload, start_s: float, end_s: float, rng: np.random.Generator) -> np.ndarray:
        """Draw the tasks released in a span, in order of release; ValueError if the span leaves the World."""
        rate_per_s = self.tasks_per_s(workload)
        total = sum(workload.mix.values())
        parts = []
        for name in sorted(workload.mix):
            kind = TASK_CLASSES[name]
            per_day_s = self._opportunity_s(kind.origin, workload, 0.0, DAY_S)
            here_s = self._opportunity_s(kind.origin, workload, start_s, end_s)
            if per_day_s <= 0.0 or here_s <= 0.0:
                continue
            mean_bursts = rate_per_s * workload.mix[name] / total / kind.burst_count * DAY_S * here_s / per_day_s
            count = int(rng.poisson(mean_bursts))
            times_s, origins = self._draw_places(kind.origin, workload, count, start_s, end_s, rng)
            times_s = (times_s[:, None] + kind.burst_spacing_s * np.arange(kind.burst_count)).ravel()
            origins = np.repeat(origins, kind.burst_count)
            parts.append(self._make_tasks(name, times_s, origins, workload, rng))
        tasks = np.concatenate(parts) if parts else np.zeros(0, TASK)
        return tasks[np.argsort(tasks["release_s"], kind="stable")]

    def _make_tasks(
        self, name: str, times_s: np.ndarray, origins: np.ndarray, workload: Workload, rng: np.random.Generator | None
    ) -> np.ndarray:
        """Fill the numbers of tasks of one class; without rng every draw takes its middle."""
        kind = TASK_CLASSES[name]
        count = times_s.size
        tasks = np.zeros(count, TASK)
        uniform = (lambda: rng.random(count)) if rng is not None else (lambda: np.full(count, 0.5))
        size = 1.0 + kind.size_spread * (2.0 * uniform() - 1.0)
        tasks["release_s"] = times_s
        tasks["origin"] = origins
        low_s, high_s = kind.slack_s
        tasks["slack_s"] = (low_s + (high_s - low_s) * uniform()) * workload.slack_scale.get(name, 1.0)
        tasks["value"] = kind.value
        tasks["input_bits"] = kind.input_bits * size
        tasks["result_bits"] = kind.result_bits
        tasks["vision_flop"] = kind.vision_flop * size
        tasks["vision_bytes"] = kind.vision_bytes
        tasks["model"] = MODELS.index(kind.model)
        tasks["one_lane"] = int(kind.is_language)
        if kind.is_language:
            tasks["prefill_flop"] = FLOP_PER_TOKEN_8B * _quantile(kind.prompt_tokens, uniform())
            tasks["decode_tokens"] = np.ceil(_quantile(kind.output_tokens, uniform()))
        tasks["destination"] = origins if kind.origin == "user" else ANY_STATION
        alerts = self.scenario.alerts
        delay_s = alerts.delay_low_s + (alerts.delay_high_s - alerts.delay_low_s) * uniform()
        may_alert = alerts.enabled and kind.is_alert and kind.result_bits <= alerts.message_bits
        tasks["alert_delay_s"] = delay_s if may_alert else -1.0
        tasks["task_class"] = list(TASK_CLASSES).index(name)
        return tasks

    def _scripted_tasks(self, workload: Workload, start_s: float) -> np.ndarray:
        """Tasks typed by hand: every draw takes its middle. ValueError for an unknown origin."""
        users = [site.name for site in self.scenario.users.sites]
        parts = []
        for entry in workload.script:
            if entry.origin in self.satellite_names:
                node = self.satellite_names.index(entry.origin)
            elif entry.origin in users:
                node = self._first_user + users.index(entry.origin)
            else:
                choices = ", ".join([*self.satellite_names, *users])
                raise ValueError(f"workload.script names an unknown origin {entry.origin!r}; choose from {choices}")
            parts.append(self._make_tasks(entry.task_class, np.array([start_s + entry.release_s]), np.array([node]), workload, None))
        tasks = np.concatenate(parts)
        return tasks[np.argsort(tasks["release_s"], kind="stable")]

    def _episode(
        self, tasks: np.ndarray, start_s: float, end_s: float, charge_fraction: np.ndarray, rng: np.random.Generator | None
    ) -> Episode:
        accelerators = self.world.accelerators
        charge_j = charge_fraction * accelerators["capacity_j"][: self._n_satellites]
        charge_j = np.maximum(charge_j, _required_at(self.world, start_s))  # never start where even idling would break the floor
        resident = np.array([_initial_models(unit, self.world.model_bytes, rng) for unit in accelerators], np.int64)
        span_s = np.array([start_s, end_s])
        episode = Episode(tasks=tasks, initial_charge_j=charge_j, initial_resident=resident, span_s=span_s, faults=np.zeros(0, FAULT))
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


def _initial_models(accelerator: np.void, model_bytes: np.ndarray, rng: np.random.Generator | None) -> int:
    """Models in memory at the start: on the ground all that fit, in orbit in random order as fit, without rng none."""
    if accelerator["has_battery"] and rng is None:
        return 0
    order = rng.permutation(model_bytes.size) if rng is not None and accelerator["has_battery"] else np.argsort(model_bytes)
    free_bytes = float(accelerator["memory_bytes"])
    resident = 0
    for model in order:
        if model_bytes[model] <= free_bytes:
            resident |= 1 << int(model)
            free_bytes -= float(model_bytes[model])
    return resident


def _quantile(table: tuple[tuple[float, float], ...], uniform: np.ndarray) -> np.ndarray:
    """Inverse distribution through typed quantiles, linear between them."""
    points = np.array(table)
    return np.interp(uniform, points[:, 0], points[:, 1])


def _shares(weights: np.ndarray) -> np.ndarray:
    return weights / weights.sum()


def _cell_share_s(n_cells: int, start_s: float, end_s: float) -> np.ndarray:
    """Seconds of each cell that lie in a span. (n_cells,)."""
    edges = np.arange(n_cells + 1) * CELL_S
    return np.clip(np.minimum(edges[1:], end_s) - np.maximum(edges[:-1], start_s), 0.0, None)
