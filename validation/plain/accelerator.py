"""One accelerator in plain Python: lanes over time, models in memory, charge and heat, and where a
task fits.
"""

import math
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from orbit_gym.utils.units import (
    DECODE_REFERENCE_BANDWIDTH_BYTES_PER_S,
    DECODE_REFERENCE_BATCH,
    DECODE_REFERENCE_TOKENS_PER_S,
    DECODE_REFERENCE_WEIGHTS_BYTES,
)
from orbit_gym.world.layout import World

# The rules by which a booking waits, as orbit_gym/kernels/accelerator/charge_and_heat.py has them:
# what counts as falling short, and the shortest wait.
TOLERANCE_J, TOLERANCE_C, SHORTEST_WAIT_S = 1e-6, 1e-9, 1.0


class Condition(NamedTuple):
    """Charge and temperature at an instant."""

    time_s: float
    charge_j: float
    temperature_c: float


class Block(NamedTuple):
    """Hold what a task would add: a model load, then the service.

    The load is empty where load_start_s is start_s.
    """

    load_start_s: float
    start_s: float
    finish_s: float
    load_w: float
    task_w: float

    def power_w(self, time_s: float) -> float:
        """Power above idle from an instant on."""
        if self.load_start_s <= time_s < self.start_s:
            return self.load_w
        return self.task_w if self.start_s <= time_s < self.finish_s else 0.0


class Shortfall(NamedTuple):
    """How much charge a block lacks, and how much too hot it gets."""

    missing_j: float
    excess_k: float


class Placement(NamedTuple):
    """Where a task fits; infinite where it does not."""

    load_start_s: float
    load_s: float
    start_s: float
    finish_s: float


NOWHERE = Placement(math.inf, 0.0, math.inf, math.inf)


class Profile:
    """Hold lanes in use and models in memory as step functions of time.

    Row k holds from times_s[k] to times_s[k + 1], the last for ever.
    """

    def __init__(self, resident: frozenset[int]) -> None:
        """Nothing booked."""
        self.times_s = [-math.inf]
        self.lanes = [0]
        self.resident = [resident]

    def row(self, time_s: float) -> int:
        """The row that holds at an instant."""
        return bisect_right(self.times_s, time_s) - 1

    def _cut(self, time_s: float) -> int:
        """The row that begins at an instant, made if there is none."""
        row = bisect_left(self.times_s, time_s)
        if row == len(self.times_s) or self.times_s[row] > time_s:
            self.times_s.insert(row, time_s)
            self.lanes.insert(row, self.lanes[row - 1])
            self.resident.insert(row, self.resident[row - 1])
        return row

    def occupy(
        self, start_s: float, end_s: float, lanes: int, models_after: frozenset[int] | None = None
    ) -> None:
        """Take lanes for a while; a model load also says what is in memory from its start on."""
        first = self._cut(start_s)
        end = self._cut(end_s)
        for row in range(first, end):
            self.lanes[row] += lanes
        if models_after is not None:
            self.resident[first:] = [models_after] * (len(self.resident) - first)
        for row in range(len(self.times_s) - 1, 0, -1):  # rows that are alike are one
            if (
                self.lanes[row] == self.lanes[row - 1]
                and self.resident[row] == self.resident[row - 1]
            ):
                del self.times_s[row], self.lanes[row], self.resident[row]

    def forget(self, now_s: float) -> None:
        """Drop the rows that ended before now."""
        past = self.row(now_s)
        del self.times_s[:past], self.lanes[:past], self.resident[:past]

    def first_gap_s(self, ready_s: float, duration_s: float, most_lanes: int, model: int) -> float:
        """Return the earliest start of a gap with few enough lanes in use and the model in memory.

        At most so many lanes are in use and the model stays in memory, throughout; infinite
        if there is none.
        """
        start_s = ready_s
        for row in range(self.row(ready_s), len(self.times_s)):
            until_s = self.times_s[row + 1] if row + 1 < len(self.times_s) else math.inf
            if self.lanes[row] > most_lanes or model not in self.resident[row]:
                start_s = until_s
            elif start_s + duration_s <= until_s:
                return start_s
        return math.inf


@dataclass
class Tail:
    """What will hold once everything booked is done."""

    end_s: float  # of the last booking
    last_load_end_s: float
    condition: Condition


class Accelerator:
    """One accelerator with its profile, ledger and memory."""

    def __init__(
        self, world: World, unit: int, start_s: float, charge_j: float, resident: frozenset[int]
    ) -> None:
        """At the start of an episode: nothing booked, warm from idling."""
        self.hardware = {
            name: world.accelerators[unit][name].item() for name in world.accelerators.dtype.names
        }
        self.model_bytes: list[float] = world.model_bytes.tolist()
        self.lanes = int(self.hardware["lanes"])
        self.has_battery = self.hardware["has_battery"] == 1
        rows = (
            world.power[world.power_offsets[unit] : world.power_offsets[unit + 1]]
            if self.has_battery
            else world.power[:0]
        )
        self.power_starts_s: list[float] = rows["start_s"].tolist()
        self.net_w: list[float] = rows["net_w"].tolist()
        # required_j at the start of each row, and the floor at the end of the day
        self.required_j: list[float] = [*rows["required_j"].tolist(), self.hardware["floor_j"]]
        self.row_ends_s = [*self.power_starts_s[1:], float(world.sizes["horizon_s"][0])]
        warm_c = (
            self.hardware["sink_c"] + self.hardware["idle_w"] * self.hardware["thermal_k_per_w"]
        )
        self.current = Condition(start_s, charge_j, warm_c)
        self.tail = Tail(start_s, start_s, self.current)
        self.profile = Profile(resident)
        self.last_use_s = [start_s] * len(self.model_bytes)

    # --- how long and how much

    def service_s(self, task: np.void) -> float:
        """Service with the model in memory: a roofline per phase.

        A language request is served at the speed of a full batch.
        """
        hardware, weights_bytes = self.hardware, self.model_bytes[task["model"]]
        bandwidth = hardware["bandwidth_bytes_per_s"] * hardware["bandwidth_efficiency_fraction"]
        if not task["one_lane"]:
            speed = hardware["peak_op_per_s"] * hardware["vision_efficiency_fraction"]
            return max(float(task["vision_flop"]) / speed, float(task["vision_bytes"]) / bandwidth)
        speed = hardware["peak_op_per_s"] * hardware["prefill_efficiency_fraction"]
        prefill_s = max(float(task["prefill_flop"]) / speed, weights_bytes / bandwidth) * self.lanes
        tokens_per_s = DECODE_REFERENCE_TOKENS_PER_S / DECODE_REFERENCE_BATCH
        tokens_per_s *= hardware["bandwidth_bytes_per_s"] / DECODE_REFERENCE_BANDWIDTH_BYTES_PER_S
        tokens_per_s *= DECODE_REFERENCE_WEIGHTS_BYTES / weights_bytes
        return prefill_s + float(task["decode_tokens"]) / tokens_per_s

    def lanes_of(self, task: np.void) -> int:
        """Lanes that a task takes."""
        return 1 if task["one_lane"] else self.lanes

    def power_w(self, lanes: int) -> float:
        """Power above idle of busy lanes."""
        return self.hardware["dynamic_w"] * lanes / self.lanes

    def load_s(self, model: int) -> float:
        """Time to load a model from storage."""
        return (
            self.model_bytes[model] / self.hardware["load_bytes_per_s"]
            + self.hardware["load_overhead_s"]
        )

    # --- charge and heat

    def _power_row(self, time_s: float) -> int:
        return max(bisect_right(self.power_starts_s, time_s) - 1, 0)

    def required_at_j(self, row: int, time_s: float) -> float:
        """Return the least charge from which the baseline alone never falls below the floor.

        At an instant of a power row.
        """
        return max(
            self.hardware["floor_j"],
            self.required_j[row + 1] - self.net_w[row] * (self.row_ends_s[row] - time_s),
        )

    def run(
        self, begin: Condition, to_s: float, block: Block | None = None
    ) -> tuple[Condition, Shortfall]:
        """Charge and heat from a moment to another, along baseline, bookings and one block more.

        Stops where the block falls short.

        Between two stops power is constant: charge is a straight line, temperature an exponential,
        so the worst is at the stops.
        """
        time_s, charge_j, temperature_c = begin
        hardware = self.hardware
        for next_s in self._stops(time_s, to_s, block):
            row = self._power_row(time_s)
            drawn_w = self.power_w(self.profile.lanes[self.profile.row(time_s)])
            if block is not None:
                drawn_w += block.power_w(time_s)
            charge_j = min(
                charge_j + (self.net_w[row] - drawn_w) * (next_s - time_s), hardware["capacity_j"]
            )
            settles_c = hardware["sink_c"] + hardware["thermal_k_per_w"] * (
                hardware["idle_w"] + drawn_w
            )
            temperature_c = settles_c + (temperature_c - settles_c) * math.exp(
                -(next_s - time_s) / hardware["thermal_tau_s"]
            )
            time_s = next_s
            if block is not None and time_s > block.load_start_s:
                missing_j = self.required_at_j(row, time_s) - charge_j
                excess_k = temperature_c - hardware["limit_c"]
                if missing_j > TOLERANCE_J or excess_k > TOLERANCE_C:
                    return Condition(time_s, charge_j, temperature_c), Shortfall(
                        max(0.0, missing_j), max(0.0, excess_k)
                    )
        return Condition(time_s, charge_j, temperature_c), Shortfall(0.0, 0.0)

    def _stops(self, from_s: float, to_s: float, block: Block | None) -> list[float]:
        """Instants after from_s up to to_s at which power changes, and to_s."""
        if to_s <= from_s:
            return []
        stops = {to_s}
        for times_s in (self.power_starts_s, self.profile.times_s):
            stops.update(times_s[bisect_right(times_s, from_s) : bisect_left(times_s, to_s)])
        if block is not None:
            stops.update(time_s for time_s in block[:3] if from_s < time_s < to_s)
        return sorted(stops)

    def settle(self, now_s: float) -> None:
        """Bring charge and heat to now."""
        if now_s <= self.current.time_s:
            return
        self.current = (
            self.run(self.current, now_s)[0]
            if self.has_battery
            else self.current._replace(time_s=now_s)
        )
        if self.tail.end_s <= now_s:
            self.tail.end_s, self.tail.condition = now_s, self.current
        self.profile.forget(now_s)

    # --- where a task fits

    def place(self, task: np.void, ready_s: float, limit_s: float) -> Placement:
        """First gap that needs no load and whose bookings are all still carried.

        Otherwise after the last booking.
        """
        duration_s, lanes = self.service_s(task), self.lanes_of(task)
        task_w = self.power_w(lanes)
        start_s = self.profile.first_gap_s(
            max(ready_s, self.current.time_s), duration_s, self.lanes - lanes, int(task["model"])
        )
        finish_s = start_s + duration_s
        if finish_s <= limit_s:
            if not self.has_battery or self._is_carried(
                Block(start_s, start_s, finish_s, 0.0, task_w)
            ):
                return Placement(start_s, 0.0, start_s, finish_s)
        return self._place_last(int(task["model"]), ready_s, limit_s, duration_s, task_w)

    def _is_carried(self, block: Block) -> bool:
        begin = self.tail.condition if block.start_s >= self.tail.end_s else self.current
        _, lacks = self.run(begin, max(block.finish_s, self.tail.end_s), block)
        return lacks == (0.0, 0.0)

    def _place_last(
        self, model: int, ready_s: float, limit_s: float, duration_s: float, task_w: float
    ) -> Placement:
        """After the last booking, the model loaded just in time if it is not there.

        Waits for charge and heat.
        """
        load_s = 0.0 if model in self.profile.resident[-1] else self.load_s(model)
        load_w = self.hardware["dynamic_w"]
        begin_s = max(self.tail.end_s, ready_s - load_s)
        condition = self.tail.condition
        while begin_s + load_s + duration_s <= limit_s:
            start_s, finish_s = begin_s + load_s, begin_s + (load_s + duration_s)
            if not self.has_battery:
                return Placement(begin_s, load_s, start_s, finish_s)
            condition, _ = self.run(condition, begin_s)
            _, lacks = self.run(
                condition, finish_s, Block(begin_s, start_s, finish_s, load_w, task_w)
            )
            if lacks == (0.0, 0.0):
                return Placement(begin_s, load_s, start_s, finish_s)
            begin_s += self._wait_s(
                begin_s, load_s + duration_s, load_w if load_s > 0.0 else task_w, lacks
            )
        return NOWHERE

    def _wait_s(self, begin_s: float, length_s: float, power_w: float, lacks: Shortfall) -> float:
        """A wait that no feasible start beats by more than the shortest one (reasons:
        orbit_gym/kernels/accelerator/charge_and_heat.py, wait_s).
        """
        wait_s = max(SHORTEST_WAIT_S, lacks.missing_j / power_w)
        heating_k = power_w * self.hardware["thermal_k_per_w"]
        if 0.0 < lacks.excess_k < heating_k:
            wait_s = max(
                wait_s, -self.hardware["thermal_tau_s"] * math.log(1.0 - lacks.excess_k / heating_k)
            )
        row = self._power_row(begin_s)
        if lacks.missing_j > 0.0 and self.net_w[row] <= 0.0 and row + 1 < len(self.net_w):
            wait_s = max(wait_s, self.power_starts_s[row + 1] - length_s - begin_s)
        return wait_s

    # --- book

    def is_recent_use(self, start_s: float) -> bool:
        """True if a service does not lie before a booked load, whose evictions are fixed."""
        return start_s >= self.tail.last_load_end_s

    def book(self, task: np.void, placement: Placement) -> None:
        """Take lanes for a load and a service; note memory, recency and the new tail."""
        model = int(task["model"])
        if placement.load_s > 0.0:
            self.profile.occupy(
                placement.load_start_s, placement.start_s, self.lanes, self._after_load(model)
            )
            self.tail.last_load_end_s = placement.start_s
        self.profile.occupy(placement.start_s, placement.finish_s, self.lanes_of(task))
        if self.is_recent_use(placement.start_s):
            self.last_use_s[model] = max(self.last_use_s[model], placement.start_s)
        self.tail.end_s = max(self.tail.end_s, placement.finish_s)
        self.tail.condition = (
            self.run(self.current, self.tail.end_s)[0] if self.has_battery else self.current
        )

    def _after_load(self, model: int) -> frozenset[int]:
        """Models in memory once one more is loaded at the end: the least recently used go until it
        fits.
        """
        resident = set(self.profile.resident[-1])
        while (
            sum(self.model_bytes[k] for k in sorted(resident))
            > self.hardware["memory_bytes"] - self.model_bytes[model]
        ):
            resident.remove(min(sorted(resident), key=lambda k: self.last_use_s[k]))
        return frozenset(resident | {model})
