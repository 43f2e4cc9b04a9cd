"""Planners: `rollout` looks ahead over sampled futures, `clairvoyant` over the true one.

Both need the simulation, not only what it shows.

Two things are looked at: every ten minutes, which of several rules (agents.policies.rule_variants)
to follow, and at a decision that may displace something, whether the rule's action is the best of a
few. Rules are told apart over an hour, actions over minutes: a single action is lost in the noise
of an hour, and a rule costs nothing in its first minutes.

A planner answers the policy protocol; whoever plays it hands it the environments first (`attach`).
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from agents.policies import rule_variants
from agents.policies.linear_rule import N_COST, choose
from agents.policies.planner.lookahead import select_action, select_rule
from agents.policies.planner.workspace import (
    BaseRule,
    DecisionPoint,
    ForkContext,
    Futures,
    RacingConfig,
    bytes_of,
    decided_part,
    most_tasks_within,
    new_workspace,
    pack_states,
    pad_rows,
    template_of,
)
from agents.policies.protocol import Environments, NeedsEnvironments, Observation
from agents.policies.rule_registry import FOLDER
from agents.utils import jit
from orbit_gym.env import OrbitEnv
from orbit_gym.kernels.episode import FAULT, TASK, Episode
from orbit_gym.kernels.relaxed import relaxed_on_time
from orbit_gym.kernels.state import NONE, State, new_scratch
from orbit_gym.simulation.simulation import Simulation
from orbit_gym.utils.kernel_cache import hash_of
from orbit_gym.vector import OrbitVectorEnv

# begins the planner's own random stream: apart from all seeds of episodes, which stand alone
STREAM = 20250514
FUTURES_STRIDE = 7  # decisions take turns through the pool; coprime to its size


@dataclass(frozen=True)
class LookaheadConfig:
    """How far and how hard to look.

    The defaults are the knee of quality against cost (docs/lab/baselines.md).
    """

    candidates: int = 2
    """Actions tried, rejection included."""
    futures: int = 16
    """Sampled futures that a close decision is scored against."""
    initial_futures: int = 2
    """Futures before the first verdict on what lies clearly behind."""
    horizon_s: float = 600.0
    """Seconds that each future is played: long enough for what fills the next pass to show."""
    z_eliminate: float = 2.0
    """Standard errors behind the best at which an action is dropped."""
    z_switch: float = 1.0
    """Standard errors above the rule's own action that another must reach."""
    skips_small: bool = True
    """Leave decisions to the rule where its plan displaces next to nothing: see
    agents.policies.planner.lookahead.is_small.
    """
    hold_s: float = 60.0
    """Seconds for which a verdict for the rule stands, for tasks of the same model and result with
    which it would do the same.
    """
    switch_every_s: float = 600.0
    """Seconds after which the rule to follow is picked anew, where there are several.

    0: the first is kept.
    """
    switch_horizon_s: float = 3600.0
    """Seconds that each of the rules is followed in each future: what one rule costs shows when
    the antennas or queues are full.
    """
    switch_futures: int = 8
    """Sampled futures that rules which come close are compared over; no more than the pool has."""
    pool: int = 32
    """Futures drawn per episode."""
    seed: int = 0
    """Seed of the planner's own random stream."""

    def __post_init__(self) -> None:
        """Refuse what makes no sense; ValueError names the field."""
        for name, low in (
            ("candidates", 2),
            ("futures", 1),
            ("initial_futures", 1),
            ("switch_futures", 1),
            ("pool", 1),
            ("seed", 0),
        ):
            if getattr(self, name) < low:
                raise ValueError(f"{name} must be at least {low}, got {getattr(self, name)}")
        if self.pool < self.futures:
            raise ValueError(f"pool must be at least futures ({self.futures}), got {self.pool}")
        for name in (
            "horizon_s",
            "hold_s",
            "z_eliminate",
            "z_switch",
            "switch_every_s",
            "switch_horizon_s",
        ):
            if not 0.0 <= getattr(self, name) < np.inf:
                raise ValueError(f"{name} must be a number from 0 on, got {getattr(self, name)}")
        for name in ("horizon_s", "switch_horizon_s"):
            if getattr(self, name) == 0.0:
                raise ValueError(f"{name} must be positive, got 0")


ROLLOUT = LookaheadConfig()
CLAIRVOYANT = LookaheadConfig(
    candidates=4, futures=1, initial_futures=1, pool=1, z_switch=0.0, skips_small=False
)


class PlannerKind(NamedTuple):
    """A planner by name."""

    config: LookaheadConfig
    knows_future: bool


PLANNERS = {
    "rollout": PlannerKind(ROLLOUT, False),
    "clairvoyant": PlannerKind(CLAIRVOYANT, True),
}


def make_planner(name: str, scenario: str) -> "Planner":
    """Make a planner by name, over the rule `tuned` of a scenario by name and its variants."""
    kind = PLANNERS[name]
    return Planner(kind.config, rule_variants.variants_of(scenario), kind.knows_future)


def fingerprint(name: str) -> str:
    """Return what decides the actions of a planner by name.

    Beside episode and simulation: its sources, its settings and the rules' weights.
    """
    tuned = [path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.json"))]
    sources = [*jit.kernel_sources(), Path(__file__), Path(rule_variants.__file__)]
    return f"{hash_of(sources, jit.PACKAGE)} {PLANNERS[name]} {tuned}"


Kind = tuple[int, int, bool]  # model, size of the result (log2 of bits), whether the rule takes it


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

    def __init__(self, envs: Environments, index: int) -> None:
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

    def __init__(
        self, source: Source, config: LookaheadConfig, rules: np.ndarray, knows_future: bool
    ) -> None:
        """Draw the pool of futures, or take the true one, and allocate everything.

        Rules as Planner takes them.
        """
        self.source, self.config = source, config
        self.simulation = simulation = source.simulation()
        self.rules = np.ascontiguousarray(np.atleast_2d(rules))
        self._switches = config.switch_every_s > 0.0 and len(self.rules) > 1
        self._follow(0)
        self.scratch = new_scratch(simulation.world)
        futures = [decided_part(simulation.episode)] if knows_future else self._sampled()
        self.futures = Futures(
            *pad_rows([future.tasks for future in futures], TASK),
            *pad_rows([future.faults for future in futures], FAULT),
        )
        room = 1 + most_tasks_within(
            futures, max(config.horizon_s, config.switch_horizon_s if self._switches else 0.0)
        )
        words, (self.root, self.work) = pack_states(template_of(simulation, room), 2)
        self.workspace = new_workspace(
            simulation, words, min(config.futures, len(futures)), room, config.candidates
        )
        self.rules_workspace = new_workspace(
            simulation, words, min(config.switch_futures, len(futures)), room, len(self.rules)
        )
        self._switched_s = -np.inf
        self.values = np.full(simulation.n_actions, np.nan)

    def _sampled(self) -> list[Episode]:
        start = self.simulation.episode.span_s[:1].view(
            np.uint32
        )  # what a scheduler knows; episodes of one seed, one stream
        rng = np.random.default_rng([STREAM, self.config.seed, *start.tolist()])
        return [self._feasible(self.source.sample_future(rng)) for _ in range(self.config.pool)]

    def _feasible(self, future: Episode) -> Episode:
        """Return a future without the tasks that nobody can deliver in time.

        Not even on the relaxed system: the rule rejects them, at the price of a step.
        """
        is_feasible = np.zeros(future.tasks.size, np.bool_)
        relaxed_on_time(
            self.simulation.world,
            self.simulation.state,
            new_scratch(self.simulation.world),
            future.tasks,
            future.tasks.size,
            is_feasible,
        )
        return future._replace(tasks=future.tasks[is_feasible])

    def decide(self) -> int:
        """Action for the task at hand.

        `values` (n_actions,) then hold what each action tried is worth, NaN elsewhere.
        """
        self.simulation = self.source.simulation()
        if (
            self._switches
            and self.simulation.time_s >= self._switched_s + self.config.switch_every_s
        ):
            self._switch()
        own_rule = self._own_action()
        kind = self._kind(own_rule)
        if self.simulation.time_s < self._confirmed_s.get(kind, -np.inf) + self.config.hold_s:
            self.values[:] = np.nan
            return own_rule
        action = self._look()
        if not np.isnan(self.values).all() and action == own_rule:  # it was looked at
            self._confirmed_s[kind] = self.simulation.time_s
        return action

    def _follow(self, number: int) -> None:
        """Take one of the rules as the one to follow and to go on by.

        What was found right before need not be right now.
        """
        weights = self.rules[number]
        self.rule = BaseRule(weights, np.where(np.arange(weights.size) < N_COST, weights, 0.0))
        self.rule_index = number
        self._confirmed_s: dict[Kind, float] = {}  # when the rule was last found to be right

    def _switch(self) -> None:
        """Follow the rule that does best in the futures."""
        self._fork(self.simulation.state)
        self._switched_s = self.simulation.time_s
        context = self._context(self.config.switch_horizon_s, False)
        number = int(
            select_rule(context, self._point(), self.rules, self.rule_index, self.rules_workspace)
        )
        if number != self.rule_index:
            self._follow(number)

    def _own_action(self) -> int:
        """What the rule would do."""
        decision = self.simulation.decision
        return int(choose(decision.task, decision.nodes, decision.mask, self.rule.weights))

    def _kind(self, own_rule: int) -> "Kind":
        """What tasks share to which one verdict applies."""
        task = self.simulation.episode.tasks[self.simulation.task_index]
        return (
            int(task["model"]),
            round(math.log2(1.0 + float(task["result_bits"]))),
            own_rule < self.simulation.n_candidates,
        )

    def _look(self) -> int:
        """Action that does best in the futures."""
        self._fork(self.simulation.state)
        context = self._context(self.config.horizon_s, self.config.skips_small)
        return int(select_action(context, self._point(), self.rule, self.workspace, self.values))

    def _context(self, horizon_s: float, skips_small: bool) -> ForkContext:
        """What both kernels are given first, cast so that each kernel has one signature."""
        config, futures = self.config, self.futures
        return ForkContext(
            self.simulation.world,
            self.work,
            self.scratch,
            futures,
            FUTURES_STRIDE * self.simulation.task_index % futures.n_tasks.size,
            RacingConfig(
                float(horizon_s),
                int(config.initial_futures),
                float(config.z_eliminate),
                float(config.z_switch),
                bool(skips_small),
            ),
        )

    def _point(self) -> DecisionPoint:
        """The task at hand."""
        index, decision = self.simulation.task_index, self.simulation.decision
        task = self.simulation.episode.tasks[index : index + 1]
        return DecisionPoint(task, decision.task, decision.nodes, decision.mask)

    def _fork(self, state: State) -> None:
        """Copy the running State to the root.

        Its task at hand becomes number 0, bookings that a fault may strike keep numbers apart.
        """
        for name, root_array, theirs in zip(State._fields, self.root, state, strict=True):
            if name != "is_lost":
                bytes_of(root_array)[:] = bytes_of(theirs)
        self.root.clock["task"] = 0
        self.root.clock["end_s"] = np.inf  # a future is over with its last task
        if self.root.records.size:
            live = self.root.records["task"]
            live[live != NONE] += self.workspace.windows.shape[1]

    @property
    def counts(self) -> np.ndarray:
        """Decisions looked at, rollouts and steps so far, (3,) int64."""
        return self.workspace.counts + self.rules_workspace.counts


class Planner(NeedsEnvironments):
    """Policy that plans every episode of the environments it is attached to."""

    def __init__(
        self, config: LookaheadConfig, rules: np.ndarray, knows_future: bool = False
    ) -> None:
        """Take the rules to follow, weights (n, n_weights) or of one (n_weights,).

        The first one is the usual one.
        """
        self.config, self.rules, self.knows_future = config, rules, knows_future
        self.envs: Environments | None = None
        self.planners: dict[int, EpisodePlanner] = {}

    def attach(self, envs: Environments) -> None:
        """Take the environments whose simulations are planned, in the order of the observations.

        ValueError for others than OrbitGym's.
        """
        if not isinstance(envs, OrbitVectorEnv) and not all(
            isinstance(env.unwrapped, OrbitEnv) for env in envs
        ):
            raise ValueError(
                "rollout and clairvoyant plan in the simulation: they play OrbitGym's own "
                "environments only"
            )
        self.envs, self.planners = envs, {}

    def predict(
        self,
        observation: Observation,
        state: Any = None,
        episode_start: np.ndarray | None = None,
        deterministic: bool = True,
        action_masks: np.ndarray | None = None,
    ) -> tuple[Any, Any]:
        """Return (actions, state).

        The observations must be those of the attached environments, from the first one on.
        """
        if self.envs is None:
            raise RuntimeError("a planner needs the simulation: call attach(envs) first")
        is_single = observation["task"].ndim == 1
        count = 1 if is_single else len(observation["task"])
        starts = np.zeros(count, bool) if episode_start is None else np.atleast_1d(episode_start)
        actions = np.array(
            [self.action(index, bool(starts[index])) for index in range(count)], np.int64
        )
        return (actions[0] if is_single else actions), state

    def action(self, index: int, is_start: bool) -> int:
        """Action in one environment; rejects where its episode is over."""
        assert self.envs is not None
        if is_start or index not in self.planners:
            self.planners[index] = EpisodePlanner(
                Member(self.envs, index), self.config, self.rules, self.knows_future
            )
        planner = self.planners[index]
        simulation = planner.source.simulation()
        return simulation.n_candidates if simulation.is_over else planner.decide()
