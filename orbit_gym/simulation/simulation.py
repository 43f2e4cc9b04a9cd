"""Simulation: one State moving through one Episode of a World.

What the environment and its forks have in common.
"""

import operator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from orbit_gym.actions import DEFAULT_KINDS
from orbit_gym.kernels.episode import Episode
from orbit_gym.kernels.faults import strike_until
from orbit_gym.kernels.observation_encoder import Decision, new_decision
from orbit_gym.kernels.relaxed import relaxed_on_time
from orbit_gym.kernels.state import NONE, Scratch, State, copy_state, new_scratch, new_state
from orbit_gym.kernels.step import BEGIN, step
from orbit_gym.scenario.scenario import Scenario
from orbit_gym.simulation.reward import reward_terms
from orbit_gym.world.layout import World


class Hop(NamedTuple):
    """One transfer of a bundle between two graph nodes."""

    from_node: int
    to_node: int
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Plan:
    """What would happen to the task at hand at one candidate.

    Times are seconds since 00:00 UTC of the day.
    """

    node: int
    accelerator: int
    exists: bool  # delivery within the look-ahead
    on_time: bool
    arrival_s: float
    load_start_s: float
    load_s: float
    start_s: float
    finish_s: float
    delivery_s: float
    energy_j: float
    by_alert: bool
    input_hops: tuple[Hop, ...]
    result_hops: tuple[Hop, ...]


def action_error(n_candidates: int, n_actions: int, action: Any) -> ValueError:
    """The error for an action outside the space."""
    rejects = "the last one" if n_candidates == n_actions - 1 else str(n_candidates)
    return ValueError(
        f"action must be an integer from 0 to {n_actions - 1} ({rejects} rejects), got {action!r}"
    )


def checked_action(n_candidates: int, n_actions: int, action: Any) -> int:
    """The action as an int, or ValueError naming value and range; NaN and fractions are refused."""
    plain = action.item() if isinstance(action, np.ndarray) and action.ndim == 0 else action
    try:
        index = operator.index(plain)
    except TypeError:
        raise action_error(n_candidates, n_actions, action) from None
    if isinstance(plain, (bool, np.bool_)) or not 0 <= index < n_actions:
        raise action_error(n_candidates, n_actions, action)
    return index


def first_state(scenario: Scenario, world: World, episode: Episode) -> State:
    """State at the start of an episode, with records for faults to strike where they are on."""
    records = int(scenario.reservation_records) if scenario.faults.enabled else 0
    return new_state(
        world, episode, int(scenario.calendar_chunks), int(scenario.profile_segments), records
    )


class KernelArguments(NamedTuple):
    """What every kernel that plays a Simulation takes first."""

    world: World
    state: State
    scratch: Scratch
    tasks: np.ndarray  # (n_tasks,) TASK
    faults: np.ndarray  # (n_faults,) FAULT


class Simulation:
    """A State in an Episode; forks are independent of it and of each other.

    `decision` holds the arrays that the next step overwrites, `scratch` the work space. Not safe to
    share between threads.
    """

    def __init__(
        self,
        scenario: Scenario,
        world: World,
        episode: Episode,
        state: State | None = None,
        kinds: tuple[str, ...] = DEFAULT_KINDS,
    ) -> None:
        """Start an episode, or continue from a given State, and plan the task at hand.

        kinds are those of the actions after the candidates (orbit_gym.actions).
        """
        self.scenario = scenario
        self.world = world
        self.episode = episode
        self.state = first_state(scenario, world, episode) if state is None else state
        self.scratch = new_scratch(world)
        self.decision = new_decision(self.state.candidates.size, scenario.lasers.terminals, kinds)
        self.begin()

    @classmethod
    def attached(
        cls,
        scenario: Scenario,
        world: World,
        episode: Episode,
        state: State,
        scratch: Scratch,
        decision: Decision,
    ) -> "Simulation":
        """Make a Simulation over arrays that somebody else owns and steps.

        For metrics, plans and forks of one member of a batch.
        """
        twin = object.__new__(cls)
        twin.scenario, twin.world, twin.episode = scenario, world, episode
        twin.state, twin.scratch, twin.decision = state, scratch, decision
        return twin

    @property
    def kernel_arguments(self) -> KernelArguments:
        """World, State, work space, tasks and faults, as the kernels take them.

        Kernels change the State: work on a fork where that is not wanted.
        """
        return KernelArguments(
            self.world, self.state, self.scratch, self.episode.tasks, self.episode.faults
        )

    def begin(self) -> None:
        """Let the faults that precede the task at hand occur, and show it."""
        step(*self.kernel_arguments, BEGIN, self.decision)

    @property
    def n_actions(self) -> int:
        """Candidates plus the kinds of actions after them."""
        return int(self.decision.mask.size)

    @property
    def n_candidates(self) -> int:
        """Rows of the observation; also the index of the action that rejects."""
        return int(self.state.candidates.size)

    @property
    def task_index(self) -> int:
        """Index of the task at hand in the episode."""
        return int(self.state.clock[0]["task"])

    @property
    def time_s(self) -> float:
        """Clock: release of the task at hand."""
        return float(self.state.clock[0]["time_s"])

    @property
    def is_over(self) -> bool:
        """True once the task at hand is released at or after the end, or there is none."""
        tasks = self.episode.tasks
        return self.task_index >= tasks.size or bool(
            tasks[self.task_index]["release_s"] >= self.episode.span_s[1]
        )

    @property
    def candidate_nodes(self) -> np.ndarray:
        """Graph nodes of the candidates, (n_candidates,) int32, -1 where a row is unused."""
        return self.state.candidates.copy()

    @property
    def last_booking(self) -> np.void:
        """The PLAN that the last booking made real."""
        return self.scratch.booking[0]

    @property
    def last_hops(self) -> np.ndarray:
        """HOP rows of the last booking, (n_hops,): of the input, then of the result."""
        plan = self.last_booking
        return self.scratch.hops[: int(plan["input_hops"] + plan["result_hops"])]

    @property
    def last_outcome(self) -> np.void:
        """The OUTCOME of the last step."""
        return self.scratch.outcome[0]

    def action_masks(self) -> np.ndarray:
        """Valid actions, (n_actions,) bool; rejecting always is."""
        return self.decision.mask.copy()

    def observe(self) -> dict[str, np.ndarray]:
        """The observation of the task at hand, fresh arrays."""
        return {
            "task": self.decision.task.copy(),
            "nodes": self.decision.nodes.copy(),
            "links": self.decision.links.copy(),
        }

    def plan(self, k: int) -> Plan:
        """What would happen to the task at hand at candidate k; changes nothing.

        IndexError outside the candidates.
        """
        if not 0 <= k < self.state.candidates.size:
            raise IndexError(
                f"candidate must be from 0 to {self.state.candidates.size - 1}, got {k}"
            )
        row = self.state.plans[k]
        exists = bool(row["exists"]) and self.state.candidates[k] != NONE
        hops = [
            Hop(
                int(hop["from_node"]),
                int(self.world.edges[hop["edge"]]["to"]),
                float(hop["start_s"]),
                float(hop["end_s"]),
            )
            for hop in self.state.routes[
                k, : int(row["input_hops"] + row["result_hops"]) if exists else 0
            ]
        ]
        n_input = int(row["input_hops"])
        names = (
            "arrival_s",
            "load_start_s",
            "load_s",
            "start_s",
            "finish_s",
            "delivery_s",
            "energy_j",
        )
        return Plan(
            node=int(self.state.candidates[k]),
            accelerator=int(row["accelerator"]) if exists else NONE,
            exists=exists,
            on_time=exists and bool(row["on_time"]),
            by_alert=exists and bool(row["by_alert"]),
            input_hops=tuple(hops[:n_input]) if exists else (),
            result_hops=tuple(hops[n_input:]) if exists else (),
            **{name: float(row[name]) if exists else float("inf") for name in names},
        )

    def apply(self, action: int) -> tuple[bool, dict[str, float]]:
        """Place the task at hand (action already checked) and go to the next.

        Returns (was it booked, reward terms); `last_outcome` says the rest.

        The last decision of an episode also plays the fault time line to the last booked delivery.
        """
        revoked_before = self.revoked_value
        step(*self.kernel_arguments, action, self.decision)
        outcome = self.last_outcome
        if outcome["is_over"] and self.episode.faults.size:
            self.play_faults_out()
            outcome["revoked_value"] = self.revoked_value - revoked_before
        terms = reward_terms(self.scenario.reward, outcome)
        return bool(outcome["is_booked"]), {name: float(term) for name, term in terms.items()}

    def play_faults_out(self) -> None:
        """Count what faults after the end will lose.

        The rest of the State stays as it is at the end.
        """
        after = copy_state(self.state)
        strike_until(self.world, after, self.episode.faults, np.inf)
        self.state.is_lost[:] = after.is_lost
        self.state.clock["revoked_value"] = after.clock["revoked_value"]

    @property
    def revoked_value(self) -> float:
        """Value that faults have taken back so far."""
        return float(self.state.clock[0]["revoked_value"])

    def step(self, action: Any) -> tuple[float, bool]:
        """Place the task at hand; returns (reward, is the episode over).

        ValueError for an action outside the space.
        """
        if self.is_over:
            raise RuntimeError("the episode is over: there is no task left to place")
        _, terms = self.apply(checked_action(self.n_candidates, self.n_actions, action))
        return sum(terms.values()), self.is_over

    def fork(self, episode: Episode | None = None) -> "Simulation":
        """An independent copy of the State.

        `episode` takes another future whose tasks agree up to the one at hand.
        """
        future = self.episode if episode is None else episode
        task = self.task_index
        if future.tasks.size < min(task + 1, self.episode.tasks.size) or not np.array_equal(
            future.tasks[task : task + 1], self.episode.tasks[task : task + 1]
        ):
            raise ValueError("the other future must hold the same task at hand, at the same index")
        twin = object.__new__(Simulation)
        twin.__dict__.update(self.__dict__)
        twin.episode = future
        twin.state = self._state_for(future)
        twin.decision = Decision(*(array.copy() for array in self.decision))
        return twin

    def _state_for(self, future: Episode) -> State:
        """A copy of the State that goes on in another future: its own faults from now on, and room
        for its tasks.
        """
        state = copy_state(self.state)
        if future is self.episode or not state.records.size:
            return state
        state.clock["next_fault"] = np.searchsorted(
            future.faults["strike_s"], self.time_s, side="right"
        )
        is_lost = np.zeros(future.tasks.size, np.bool_)
        is_lost[: self.task_index] = state.is_lost[: self.task_index]
        return state._replace(is_lost=is_lost)

    def relaxed_on_time(self) -> np.ndarray:
        """Say which tasks some candidate could deliver in time on the relaxed system.

        (n_decided,) bool, for each task of the episode.
        """
        tasks = self.episode.tasks
        n_decided = int(np.searchsorted(tasks["release_s"], self.episode.span_s[1]))
        is_feasible = np.zeros(n_decided, np.bool_)
        relaxed_on_time(self.world, self.state, self.scratch, tasks, n_decided, is_feasible)
        return is_feasible
