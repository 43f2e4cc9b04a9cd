"""Planners: `rollout` looks ahead over sampled futures, `clairvoyant` over the true one; both need the simulation, not only what it shows.

A planner answers the policy protocol; agents.episodes.play hands it the environments first (`attach`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import gymnasium as gym
import numpy as np

from agents import scoring
from agents.jit import PACKAGE, kernel_sources
from agents.lookahead import N_COUNTS, Bench, Futures, Knobs, Rule, decide
from agents.policy import Observation
from orbit_gym.cache import hash_of, source_hash
from orbit_gym.env import OrbitEnv
from orbit_gym.episode import FAULT, TASK, Episode
from orbit_gym.kernel import relaxed_on_time
from orbit_gym.simulation import Simulation
from orbit_gym.state import NONE, State, new_scratch
from orbit_gym.vector import OrbitVectorEnv

STREAM = 20250514  # begins the planner's own random stream: apart from all seeds of episodes, which stand alone
LINE_BYTES = 64  # fields of a packed State begin at cache lines
FUTURES_STRIDE = 7  # decisions take turns through the pool; coprime to its size


@dataclass(frozen=True)
class LookAhead:
    """How far and how hard to look; the defaults are the knee of quality against cost (docs/learning.md)."""

    candidates: int = 4
    """Actions tried, rejection included."""
    futures: int = 16
    """Sampled futures that a close decision is scored against."""
    n_first: int = 2
    """Futures before the first verdict on what lies clearly behind."""
    horizon_s: float = 120.0
    """Seconds that each future is played."""
    price_per_s: float = 0.0
    """Value of a node-second booked beyond the horizon."""
    z_drop: float = 2.0
    """Standard errors behind the best at which an action is dropped."""
    z_leave: float = 1.0
    """Standard errors above the rule's own action that another must reach."""
    skips_plain: bool = True
    """Leave decisions to the rule where its plan loads no model and waits for nothing."""
    pool: int = 64
    """Futures drawn per episode."""
    seed: int = 0
    """Seed of the planner's own random stream."""

    def __post_init__(self) -> None:
        """Refuse what makes no sense; ValueError names the field."""
        for name, low in (("candidates", 2), ("futures", 1), ("n_first", 1), ("pool", 1), ("seed", 0)):
            if getattr(self, name) < low:
                raise ValueError(f"{name} must be at least {low}, got {getattr(self, name)}")
        if self.pool < self.futures:
            raise ValueError(f"pool must be at least futures ({self.futures}), got {self.pool}")
        for name in ("horizon_s", "price_per_s", "z_drop", "z_leave"):
            if not 0.0 <= getattr(self, name) < np.inf:
                raise ValueError(f"{name} must be a number from 0 on, got {getattr(self, name)}")
        if self.horizon_s == 0.0:
            raise ValueError("horizon_s must be positive, got 0")


ROLLOUT = LookAhead()
CLAIRVOYANT = LookAhead(futures=1, n_first=1, pool=1, horizon_s=900.0, z_leave=0.0)


# name -> knobs, and whether the true future is known
PLANNERS: dict[str, tuple[LookAhead, bool]] = {"rollout": (ROLLOUT, False), "clairvoyant": (CLAIRVOYANT, True)}


def make_planner(name: str) -> "Planner":
    """Make a planner by name."""
    knobs, knows_future = PLANNERS[name]
    return Planner(knobs, knows_future=knows_future)


def fingerprint() -> str:
    """What decides a planner's actions beside the episode: the kernels' sources and the knobs."""
    return f"{source_hash()} {hash_of(kernel_sources(), PACKAGE)} {PLANNERS}"


class Source(Protocol):
    """Where a planner finds one running episode."""

    def simulation(self) -> Simulation:
        """The running Simulation."""
        ...

    def sample_future(self, rng: np.random.Generator) -> Episode:
        """Draw what might have come instead."""
        ...


class Member:
    """One member of a native vector environment, or a single environment, as a Source."""

    def __init__(self, envs: Sequence[gym.Env] | OrbitVectorEnv, index: int) -> None:
        """Take the environments and the place of the episode."""
        self.envs, self.index = envs, index

    def simulation(self) -> Simulation:
        """The running Simulation."""
        if isinstance(self.envs, OrbitVectorEnv):
            return self.envs.simulation(self.index)
        return self.envs[self.index].unwrapped.simulation  # type: ignore[attr-defined]

    def sample_future(self, rng: np.random.Generator) -> Episode:
        """Draw what might have come instead."""
        if isinstance(self.envs, OrbitVectorEnv):
            return self.envs.sample_future(self.index, rng)
        return self.envs[self.index].unwrapped.sample_future(rng)  # type: ignore[attr-defined]


class EpisodePlanner:
    """Plans one running episode."""

    def __init__(self, source: Source, knobs: LookAhead, weights: np.ndarray, knows_future: bool) -> None:
        """Draw the pool of futures, or take the true one, and allocate everything."""
        self.source, self.knobs = source, knobs
        self.simulation = simulation = source.simulation()
        self.rule = Rule(weights, np.where(np.arange(weights.size) < scoring.N_COST, weights, 0.0))
        self.scratch = new_scratch(simulation.world)
        futures = [decided(simulation.episode)] if knows_future else self._sampled()
        self.futures = Futures(*_padded([future.tasks for future in futures], TASK), *_padded([future.faults for future in futures], FAULT))
        room = 1 + _most_within(futures, knobs.horizon_s)
        n_futures = min(knobs.futures, len(futures))
        words, (self.root, self.work) = packed(_template(simulation, room), 2)
        self.bench = _bench(simulation, words, n_futures, room, knobs.candidates)
        self.values = np.full(simulation.n_actions, np.nan)
        self._knobs = Knobs(*(kind(getattr(knobs, name)) for name, kind in Knobs.__annotations__.items()))

    def _sampled(self) -> list[Episode]:
        start = self.simulation.episode.span_s[:1].view(np.uint32)  # what a scheduler knows; episodes of one seed, one stream
        rng = np.random.default_rng([STREAM, self.knobs.seed, *start.tolist()])
        return [self._feasible(self.source.sample_future(rng)) for _ in range(self.knobs.pool)]

    def _feasible(self, future: Episode) -> Episode:
        """Without the tasks that nobody can deliver in time even on the relaxed system: the rule rejects them, at the price of a step."""
        is_feasible = np.zeros(future.tasks.size, np.bool_)
        relaxed_on_time(
            self.simulation.world, self.simulation.state, new_scratch(self.simulation.world), future.tasks, future.tasks.size, is_feasible
        )
        return future._replace(tasks=future.tasks[is_feasible])

    def decide(self) -> int:
        """Action for the task at hand; `values` (n_actions,) then hold what each action tried is worth, NaN elsewhere."""
        simulation = self.simulation = self.source.simulation()
        index = simulation.task_index
        self._fork(simulation.state)
        task_row, node_rows, _, mask = simulation._buffers
        at_hand = simulation.episode.tasks[index : index + 1]
        first_future = FUTURES_STRIDE * index % self.futures.n_tasks.size
        arguments = (self.work, self.scratch, self.futures, first_future, self.rule, self._knobs, self.bench, self.values)
        return int(decide(simulation.world, at_hand, task_row, node_rows, mask, *arguments))

    def _fork(self, state: State) -> None:
        """Copy the running State to the root; its task at hand becomes number 0, bookings that a fault may strike keep numbers apart."""
        for name, ours, theirs in zip(State._fields, self.root, state, strict=True):
            if name != "is_lost":
                _bytes(ours)[:] = _bytes(theirs)
        self.root.clock["task"] = 0
        if self.root.records.size:
            live = self.root.records["task"]
            live[live != NONE] += self.bench.windows.shape[1]

    @property
    def counts(self) -> np.ndarray:
        """Decisions looked at, rollouts and steps so far, (3,) int64."""
        return self.bench.counts.copy()


class Planner:
    """Policy that plans every episode of the environments it is attached to."""

    def __init__(self, knobs: LookAhead, weights: np.ndarray | None = None, knows_future: bool = False) -> None:
        """Take the knobs and the weights of the rule that goes on after each try (None: the scenario's own)."""
        self.knobs, self.weights, self.knows_future = knobs, weights, knows_future
        self.envs: Any = None
        self.planners: dict[int, EpisodePlanner] = {}

    def attach(self, envs: Any) -> None:
        """Take the environments whose simulations are planned, in the order of the observations; ValueError for others than OrbitGym's."""
        if not isinstance(envs, OrbitVectorEnv) and not all(isinstance(env.unwrapped, OrbitEnv) for env in envs):
            raise ValueError("rollout and clairvoyant plan in the simulation: they play OrbitGym's own environments only")
        self.envs, self.planners = envs, {}

    def predict(
        self,
        observation: Observation,
        state: Any = None,
        episode_start: np.ndarray | None = None,
        deterministic: bool = True,
        action_masks: np.ndarray | None = None,
    ) -> tuple[Any, Any]:
        """Return (actions, state); the observations must be those of the attached environments, from the first one on."""
        if self.envs is None:
            raise RuntimeError("a planner needs the simulation: call attach(envs) first")
        is_single = observation["task"].ndim == 1
        count = 1 if is_single else len(observation["task"])
        starts = np.zeros(count, bool) if episode_start is None else np.atleast_1d(episode_start)
        actions = np.array([self.action(index, bool(starts[index])) for index in range(count)], np.int64)
        return (actions[0] if is_single else actions), state

    def action(self, index: int, is_start: bool) -> int:
        """Action in one environment; rejects where its episode is over."""
        if is_start or index not in self.planners:
            weights = self.weights if self.weights is not None else scoring.EFT_ADMIT
            self.planners[index] = EpisodePlanner(Member(self.envs, index), self.knobs, weights, self.knows_future)
        planner = self.planners[index]
        simulation = planner.source.simulation()
        return simulation.n_actions - 1 if simulation.is_over else planner.decide()


def decided(episode: Episode) -> Episode:
    """Without the task that closes the episode, which is shown but never decided."""
    return episode._replace(tasks=episode.tasks[episode.tasks["release_s"] < episode.span_s[1]])


def packed(template: State, count: int) -> tuple[np.ndarray, list[State]]:
    """Memory (count, n_words) uint64 and as many States laid out in it like the template, so that one loop copies a State."""
    offsets = np.cumsum([0, *(-(-array.nbytes // LINE_BYTES) * LINE_BYTES for array in template)])
    words = np.zeros((count, offsets[-1] // 8), np.uint64)
    states = []
    for row in words:
        memory = row.view(np.uint8)
        fields = (memory[at : at + array.nbytes].view(array.dtype).reshape(array.shape) for at, array in zip(offsets, template))
        states.append(State(*fields))
    return words, states


def _template(simulation: Simulation, room: int) -> State:
    """Arrays of the shapes that a fork needs: with faults on, marks for the tasks of the episode and for those of a future."""
    state = simulation.state
    marks = simulation.episode.tasks.size + room if state.records.size else 0
    return state._replace(is_lost=np.zeros(marks, np.bool_))


def _bench(simulation: Simulation, words: np.ndarray, n_futures: int, room: int, candidates: int) -> Bench:
    windows = np.zeros((n_futures, room), TASK)
    read_windows = windows.view()
    read_windows.flags.writeable = False
    task_row, node_rows, link_rows, mask = (np.zeros_like(array) for array in simulation._buffers)
    return Bench(
        words=words,
        windows=windows,
        read_windows=read_windows,
        n_window=np.zeros(n_futures, np.int64),
        task_row=task_row,
        node_rows=node_rows,
        link_rows=link_rows,
        mask=mask,
        tried=np.zeros(candidates, np.int64),
        is_out=np.zeros(candidates, np.bool_),
        n_scored=np.zeros(candidates, np.int64),
        scores=np.zeros((candidates, n_futures)),
        counts=np.zeros(N_COUNTS, np.int64),
    )


def _padded(rows: list[np.ndarray], dtype: np.dtype) -> tuple[np.ndarray, np.ndarray]:
    """Read-only rows of one length, at least 1, and their own lengths (n,) int64."""
    lengths = np.array([row.size for row in rows], np.int64)
    padded = np.zeros((len(rows), max(1, int(lengths.max()))), dtype)
    for to, row in zip(padded, rows):
        to[: row.size] = row
    padded.flags.writeable = False
    return padded, lengths


def _most_within(futures: list[Episode], span_s: float) -> int:
    """Most tasks that any future releases within a span of this length."""
    most = 0
    for future in futures:
        release_s = future.tasks["release_s"]
        most = max(most, int((np.searchsorted(release_s, release_s + span_s, side="right") - np.arange(release_s.size)).max(initial=0)))
    return most


def _bytes(array: np.ndarray) -> np.ndarray:
    return array.reshape(-1).view(np.uint8)
