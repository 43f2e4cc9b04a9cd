"""Recorder: follows one running Simulation, and turns what it saw into a log.

Charge, heat and queues are read exactly every SAMPLE_S: on a copy of the State, with the decision
just made booked and the faults up to that instant struck, so that recording changes nothing.
"""

import math
from typing import Any

import numpy as np

from orbit_gym.kernels.accelerator.charge_now import settle_satellites
from orbit_gym.kernels.action_kinds import chosen_candidate
from orbit_gym.kernels.faults import strike_until
from orbit_gym.kernels.state import NONE, PLAN, State, copy_state, new_scratch
from orbit_gym.kernels.step import place
from orbit_gym.simulation.simulation import Simulation, first_state
from orbit_gym.views.episode_log.log import EpisodeLog
from orbit_gym.views.episode_log.tables import (
    SAMPLE_S,
    Table,
    faults_table,
    links_table,
    positions_table,
    sunlight_table,
)
from orbit_gym.world.nodes import n_satellites

FROM_TASK = (
    "release_s", "slack_s", "value", "input_bits", "result_bits", "task_class", "model",
    "origin", "destination",
)  # fmt: skip
FROM_PLAN = (
    "accelerator", "on_time", "by_alert", "arrival_s", "load_start_s", "load_s", "start_s",
    "finish_s", "send_s", "delivery_s",
    "energy_j", "input_hops", "result_hops",
)  # fmt: skip
SMALL = {"on_time": np.bool_, "by_alert": np.bool_, "input_hops": np.int16, "result_hops": np.int16}


class Recorder:
    """Sees every decision of one episode."""

    def __init__(self, simulation: Simulation) -> None:
        """Begin at the start of an episode."""
        self.simulation = simulation
        self.start_s, self.end_s = (float(bound) for bound in simulation.episode.span_s)
        self.series: list[tuple[np.ndarray, ...]] = []
        self.plans: list[Any] = []  # PLAN of each decision
        self.hops: list[np.ndarray] = []
        self.actions: list[int] = []
        self.rewards: list[tuple[float, ...]] = []
        self.reward_terms: tuple[str, ...] = ()
        self.candidates: list[np.ndarray] = []
        self._scratch = new_scratch(simulation.world)
        self._latest = first_state(
            simulation.scenario, simulation.world, simulation.episode
        )  # not the State at hand: that one is settled
        self._sample(self._latest, simulation.time_s if not simulation.is_over else self.start_s)

    @property
    def next_sample_s(self) -> float:
        """Time of the next sample of the series."""
        return self.start_s + SAMPLE_S * len(self.series)

    def decide(self, action: int) -> None:
        """Note the decision about to be taken.

        The task at hand and its plans are still those of the State.
        """
        simulation = self.simulation
        state, task = simulation.state, simulation.task_index
        row = chosen_candidate(state, simulation.decision.kinds, action)
        is_booked = row != NONE and bool(state.plans[row]["exists"])
        plan = state.plans[row].copy() if is_booked else np.zeros((), PLAN)[()]
        if not is_booked:
            plan["node"] = plan["accelerator"] = NONE
        n_hops = int(plan["input_hops"] + plan["result_hops"])
        self.plans.append(plan)
        self.hops.append(
            state.routes[row, :n_hops].copy() if is_booked else state.routes[:0, 0].copy()
        )
        self.actions.append(action)
        self.candidates.append(state.candidates.copy())
        tasks = simulation.episode.tasks
        until_s = float(tasks["release_s"][task + 1]) if task + 1 < tasks.size else math.inf
        if self.next_sample_s < until_s:
            self._latest = self._after(action)
            self._sample(self._latest, min(until_s, self.end_s))

    def _after(self, action: int) -> State:
        """Return a copy of the State in which a decision has been booked, at the same instant."""
        simulation, state = self.simulation, copy_state(self.simulation.state)
        tasks, decision = simulation.episode.tasks, simulation.decision
        place(simulation.world, state, self._scratch, tasks, action, decision)
        return state

    def _sample(self, state: State, until_s: float) -> None:
        """Read the satellites every SAMPLE_S before until_s.

        Moving a State that nobody else uses.
        """
        world = self.simulation.world
        n_flying = n_satellites(world)
        while self.next_sample_s < until_s:
            now_s = self.next_sample_s
            strike_until(world, state, self.simulation.episode.faults, now_s)
            settle_satellites(world, state, now_s)
            units, (lanes, resident) = (
                state.units[:n_flying],
                in_use(state, n_flying, now_s),
            )
            self.series.append(
                (
                    np.maximum(units["queue_end_s"] - now_s, 0.0).astype(np.float32),
                    lanes.astype(np.int16),
                    (units["charge_j"] / world.accelerators["capacity_j"][:n_flying]).astype(
                        np.float32
                    ),
                    units["temperature_c"].astype(np.float32),
                    resident,
                )
            )

    def rewarded(self, terms: dict[str, float]) -> None:
        """Note the reward terms of the decision noted last."""
        self.reward_terms = tuple(terms)
        self.rewards.append(tuple(terms.values()))

    def log(self, header: dict[str, Any]) -> EpisodeLog:
        """The log of the finished episode; what is still booked is played to the last delivery."""
        plans = np.array(self.plans, PLAN)
        is_booked = plans["node"] != NONE
        world, episode = self.simulation.world, self.simulation.episode
        lost = (
            self.simulation.state.is_lost[: plans.size].copy()
            if self.simulation.state.is_lost.size
            else np.zeros(plans.size, np.bool_)
        )
        last_s = max([self.end_s, *plans["delivery_s"][is_booked & ~lost].tolist()])
        last_s = min(last_s, float(world.sizes["horizon_s"][0]))
        self._sample(self._latest, last_s + SAMPLE_S)
        tables = {
            "decisions": self._decisions(plans, is_booked, lost),
            "hops": self._hops(plans),
            "links": links_table(world, self.start_s, last_s),
            "positions": positions_table(world, self.start_s, last_s),
            "series": self._series(),
            "sunlight": sunlight_table(world, self.start_s, last_s),
            "faults": faults_table(world, episode.faults, last_s),
            "sites": {"positions_m": world.site_positions_m.astype(np.float64)},
        }
        span = {"start_s": self.start_s, "end_s": self.end_s, "last_s": last_s}
        arrays = {
            f"{group}/{name}": column
            for group, table in tables.items()
            for name, column in table.items()
        }
        return EpisodeLog({**header, **span, "reward_terms": list(self.reward_terms)}, arrays)

    def _decisions(self, plans: np.ndarray, is_booked: np.ndarray, lost: np.ndarray) -> Table:
        """One row a decision: the task, what was done with it, what came of it.

        Times of what was not booked are NaN.
        """
        tasks = self.simulation.episode.tasks[: plans.size]
        table = {name: tasks[name].copy() for name in FROM_TASK}
        table["action"] = np.array(self.actions, np.int32)
        table["node"] = np.where(is_booked, plans["node"], NONE).astype(np.int32)
        for name in FROM_PLAN:
            column = plans[name].astype(SMALL.get(name, plans.dtype[name]))
            table[name] = np.where(is_booked, column, np.nan) if name.endswith("_s") else column
        table["send_s"] = np.where(table["by_alert"], table["send_s"], np.nan)
        table["load_start_s"] = np.where(table["load_s"] > 0.0, table["load_start_s"], np.nan)
        table["is_lost"] = lost
        table["reward_terms"] = np.array(self.rewards, np.float64).reshape(
            plans.size, len(self.reward_terms)
        )
        table["candidates"] = np.array(self.candidates, np.int32).reshape(
            plans.size, self.simulation.state.candidates.size
        )
        return table

    def _hops(self, plans: np.ndarray) -> Table:
        """All hops, decision after decision, the input's before the result's."""
        hops = np.concatenate([*self.hops, self.simulation.state.routes[:0, 0]])
        edges = self.simulation.world.edges[hops["edge"]]
        return {
            "decision": np.repeat(np.arange(plans.size), [rows.size for rows in self.hops]).astype(
                np.int32
            ),
            "from_node": hops["from_node"].astype(np.int32),
            "to_node": edges["to"].astype(np.int32),
            "kind": edges["kind"].astype(np.int8),
            "start_s": hops["start_s"].copy(),
            "end_s": hops["end_s"].copy(),
        }

    def _series(self) -> Table:
        """What the satellites did, (T, N) each."""
        n_flying = n_satellites(self.simulation.world)
        names = ("queue_s", "lanes_busy", "charge_fraction", "temperature_c", "resident")
        kinds = (np.float32, np.int16, np.float32, np.float32, np.int64)
        columns = {
            name: np.array([row[place] for row in self.series], kind).reshape(-1, n_flying)
            for place, (name, kind) in enumerate(zip(names, kinds))
        }
        return {"time_s": self.start_s + SAMPLE_S * np.arange(len(self.series)), **columns}


def in_use(state: State, count: int, now_s: float) -> tuple[np.ndarray, np.ndarray]:
    """Lanes reserved and models in memory at now_s of the first `count` satellites, (count,) each.

    The units must have been settled to now_s.
    """
    units = state.units[:count]
    rows = state.segments[np.maximum(units["first_segment"], 0)]
    has_begun = (units["first_segment"] != NONE) & (rows["start_s"] <= now_s)
    return np.where(has_begun, rows["lanes"], 0), np.where(
        has_begun, rows["resident"], units["base_resident"]
    )
