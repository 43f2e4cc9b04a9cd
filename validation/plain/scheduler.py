"""Plan every candidate, book one, advance: the whole step in plain Python.

Faults are left out, and pools never run full.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from orbit_gym.kernels.episode import ANY_STATION, Episode
from orbit_gym.scenario.scenario import Reward
from orbit_gym.world.layout import World
from validation.plain.accelerator import NOWHERE, Accelerator, Placement
from validation.plain.network import Calendar, Hop, Network, Way

NONE = -1


@dataclass
class PlainPlan:
    """What would happen to a task at a candidate; infinite where it does not happen."""

    node: int
    arrival_s: float = math.inf
    input_hops: list[Hop] = field(default_factory=list)
    accelerator: int = NONE
    placement: Placement = NOWHERE
    send_s: float = -1.0  # of the alert message, -1 where none is sent
    delivery_s: float = math.inf
    result_hops: list[Hop] = field(default_factory=list)
    energy_j: float = 0.0
    exists: bool = False
    is_on_time: bool = False


class PlainSimulation:
    """One episode: the task at hand, the plan of every candidate, and everything booked."""

    def __init__(self, world: World, episode: Episode, reward: Reward) -> None:
        """Idle calendars, initial charge and memory; plans the first task."""
        if episode.faults.size:
            raise ValueError(
                f"the plain step knows no faults, and this episode has {episode.faults.size}; "
                "leave faults.enabled false"
            )
        self.world, self.episode, self.reward = world, episode, reward
        self.sizes = {name: world.sizes[0][name].item() for name in world.sizes.dtype.names}
        self.network = Network(world)
        self.accelerators = [self._accelerator(unit) for unit in range(len(world.accelerators))]
        self.alerts = [Calendar() for _ in range(self.network.n_satellites)]
        self.task_index = 0
        self.plan_all()

    def _accelerator(self, unit: int) -> Accelerator:
        is_flying = unit < len(self.episode.initial_charge_j)
        charge_j = float(self.episode.initial_charge_j[unit]) if is_flying else 0.0
        bits = int(self.episode.initial_resident[unit])
        resident = frozenset(
            model for model in range(len(self.world.model_bytes)) if bits >> model & 1
        )
        return Accelerator(self.world, unit, float(self.episode.span_s[0]), charge_j, resident)

    @property
    def task(self) -> np.void:
        """The task at hand."""
        return self.episode.tasks[self.task_index]

    @property
    def limit_s(self) -> float:
        """Latest delivery of a plan."""
        return float(self.task["release_s"]) + self.sizes["look_ahead_s"]

    # --- step

    def step(self, action: int) -> float:
        """Book the plan of a candidate (or of none), go to the next task and plan it everywhere.

        Returns the reward.
        """
        reward = self.book(action)
        self.task_index += 1
        self.plan_all()
        return reward

    def book(self, action: int) -> float:
        """Make a plan real if there is one; returns the reward of the task at hand."""
        if action >= len(self.plans) or not self.plans[action].exists:
            return 0.0
        plan, task = self.plans[action], self.task
        self.network.reserve(plan.input_hops + plan.result_hops)
        if plan.send_s >= 0.0:
            self.alerts[plan.node].reserve(
                plan.send_s, plan.send_s + self.sizes["alert_interval_s"]
            )
        self.accelerators[plan.accelerator].book(task, plan.placement)
        value = float(task["value"]) if plan.is_on_time else 0.0
        return self.reward.delivered_value * value - self.reward.energy_cost * plan.energy_j

    # --- plan

    def plan_all(self) -> None:
        """Order the candidates and plan the task at hand at each; nothing where no task is left."""
        self.candidates: list[int] = []
        self.plans: list[PlainPlan] = []
        if self.task_index >= len(self.episode.tasks):
            return
        self.candidates = self._order_candidates()
        self.plans = [PlainPlan(node) for node in self.candidates]
        self._plan_inputs()
        for plan in self.plans:
            if plan.arrival_s < math.inf:
                self._plan_service(plan)
            if plan.placement.finish_s < math.inf:
                self._plan_result(plan)
            if plan.delivery_s < math.inf:
                self._finish(plan)

    def _order_candidates(self) -> list[int]:
        """Satellites in ascending delay of the input on idle calendars, then datacentres.

        NONE where there is no such satellite.
        """
        n_datacentres = self.sizes["n_datacentres"]
        n_rows = self.sizes["n_candidates"] - n_datacentres
        nearest: list[int] = []
        grounded: set[int] = set()

        def is_last(node: int) -> bool:
            if node < self.network.n_satellites:
                if len(nearest) < n_rows:
                    nearest.append(node)
            elif self._is_datacentre(node):
                grounded.add(node)
            return len(nearest) == n_rows and len(grounded) == n_datacentres

        self._search_input(is_last, idle=True)
        datacentres = range(self.network.first_datacentre, self.network.first_user)
        return [
            *nearest,
            *[NONE] * (n_rows - len(nearest)),
            *[node if node in grounded else NONE for node in datacentres],
        ]

    def _is_datacentre(self, node: int) -> bool:
        return self.network.first_datacentre <= node < self.network.first_user

    def _search_input(self, is_last: Callable[[int], bool], idle: bool) -> dict[int, Way]:
        """Ways of the task's input from its origin."""
        task = self.task
        return self.network.search(
            int(task["origin"]),
            float(task["release_s"]),
            float(task["input_bits"]),
            self.limit_s,
            is_last,
            idle=idle,
        )[0]

    def _plan_inputs(self) -> None:
        """The input's way to every candidate over the calendars as they are, by one search."""
        targets = {plan.node for plan in self.plans} - {NONE}

        def is_last(node: int) -> bool:
            targets.discard(node)
            return not targets

        ways = self._search_input(is_last, idle=False)
        for plan in self.plans:
            if plan.node in ways:
                plan.arrival_s = ways[plan.node].arrival_s
                plan.input_hops = self.network.route(ways, plan.node)

    def _units(self, node: int) -> range:
        """Accelerators of a candidate."""
        if node < self.network.n_satellites:
            return range(node, node + 1)
        offsets = self.world.datacentre_offsets
        place = node - self.network.first_datacentre
        return range(int(offsets[place]), int(offsets[place + 1]))

    def _plan_service(self, plan: PlainPlan) -> None:
        """The accelerator of the candidate that finishes first."""
        for unit in self._units(plan.node):
            accelerator = self.accelerators[unit]
            accelerator.settle(float(self.task["release_s"]))
            placement = accelerator.place(self.task, plan.arrival_s, self.limit_s)
            if placement.finish_s < plan.placement.finish_s:
                plan.accelerator, plan.placement = unit, placement

    def _plan_result(self, plan: PlainPlan) -> None:
        """To the user who asked, or to any station.

        By the alert channel where that is open and sooner.
        """
        task, ready_s = self.task, plan.placement.finish_s
        destination = int(task["destination"])
        if destination == ANY_STATION and self._is_datacentre(plan.node):
            plan.delivery_s = ready_s
            return
        send_s, alert_s = self._alert(plan.node, ready_s)
        first_station, first_datacentre = self.network.n_satellites, self.network.first_datacentre
        if destination == ANY_STATION:

            def is_last(node: int) -> bool:
                return first_station <= node < first_datacentre
        else:

            def is_last(node: int) -> bool:
                return node == destination

        user = None if destination == ANY_STATION else destination
        ways, end = self.network.search(
            plan.node,
            ready_s,
            float(task["result_bits"]),
            min(self.limit_s, alert_s),
            is_last,
            user,
            to_ground=user is None,
        )
        if end is not None and ways[end].arrival_s < alert_s:
            plan.delivery_s, plan.result_hops = ways[end].arrival_s, self.network.route(ways, end)
        else:
            plan.delivery_s, plan.send_s = alert_s, send_s

    def _alert(self, node: int, ready_s: float) -> tuple[float, float]:
        """When an alert would be sent and delivered: one message per interval and satellite.

        (-1, infinity) where there is none.
        """
        if self.task["alert_delay_s"] < 0.0 or node >= self.network.n_satellites:
            return -1.0, math.inf
        send_s = ready_s
        while (
            free_s := self.alerts[node].free_again_s(
                send_s, send_s + self.sizes["alert_interval_s"]
            )
        ) is not None:
            send_s = free_s
        return send_s, send_s + float(self.task["alert_delay_s"])

    def _finish(self, plan: PlainPlan) -> None:
        """Energy and verdict."""
        accelerator, placement = self.accelerators[plan.accelerator], plan.placement
        lanes = accelerator.lanes_of(self.task)
        plan.energy_j = accelerator.hardware["dynamic_w"] * placement.load_s + accelerator.power_w(
            lanes
        ) * (placement.finish_s - placement.start_s)
        plan.energy_j += self.network.transmit_j(plan.input_hops) + self.network.transmit_j(
            plan.result_hops
        )
        plan.exists = plan.delivery_s <= self.limit_s
        plan.is_on_time = plan.exists and plan.delivery_s <= float(self.task["release_s"]) + float(
            self.task["slack_s"]
        )
