"""A batch of environments: their States stacked in pools, stepped by one compiled call per
World.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from orbit_gym.actions import ActionLayout
from orbit_gym.kernels.batch_step import BatchLog, Futures, step_many
from orbit_gym.kernels.episode import Episode
from orbit_gym.kernels.observation_encoder import Decision, new_decision
from orbit_gym.kernels.state import OUTCOME, PLAN, Scratch, State, new_scratch
from orbit_gym.scenario.scenario import Scenario
from orbit_gym.simulation.booking_log import BookingLog
from orbit_gym.simulation.episode_summary import Details, episode_details
from orbit_gym.simulation.metrics import episode_metrics
from orbit_gym.simulation.simulation import Simulation, first_state
from orbit_gym.workload.episode_source import DrawnEpisode
from orbit_gym.world.layout import World

BY_RESOURCE, BY_TASK = (
    ("heads", "used_s"),
    ("is_lost",),
)  # fields of a State whose length differs from day to day, or by episode


class Batch:
    """Members 0 to count - 1; each plays its own episode.

    Everything a step writes is an array with one row a member.
    """

    def __init__(
        self, scenario: Scenario, count: int, layout: ActionLayout, threads: int = 1
    ) -> None:
        """Allocate what does not depend on the episodes.

        Pools follow with the first ones. threads share the members of a step.
        """
        self.scenario, self.count = scenario, count
        self.decisions = new_decision(
            layout.n_candidates, scenario.lasers.terminals, layout.kinds, (count,)
        )
        self.outcomes = np.zeros(count, OUTCOME)
        self._n_tasks, self._n_faults = np.zeros(count, np.int64), np.zeros(count, np.int64)
        self._n_invalid = np.zeros(count, np.int64)
        self._episodes: list[DrawnEpisode | None] = [None] * count
        self._states: State | None = None
        self._pools: dict[str, np.ndarray] = {}
        self._scratches: list[Scratch] = []
        self._threads = ThreadPoolExecutor(threads - 1) if threads > 1 else None
        self._n_threads = threads

    def begin(self, member: int, drawn_episode: DrawnEpisode) -> None:
        """Let a member start an episode: its row of every array then shows the first task."""
        world, episode = drawn_episode.world, drawn_episode.episode
        state = first_state(self.scenario, world, episode)
        self._make_room(world, state, episode)
        self._episodes[member] = drawn_episode
        self._n_tasks[member], self._n_faults[member] = episode.tasks.size, episode.faults.size
        self._n_invalid[member] = 0
        self._pools["tasks"][member, : episode.tasks.size] = episode.tasks
        self._pools["faults"][member, : episode.faults.size] = episode.faults
        self._pools["is_booked"][member] = False
        assert self._states is not None
        for pool, array in zip(self._states, state, strict=True):
            pool[member][tuple(slice(size) for size in array.shape)] = array
        simulation = self.simulation(member)
        simulation.begin()
        self.outcomes[member] = simulation.last_outcome

    def _drawn_episode(self, member: int) -> DrawnEpisode:
        drawn_episode = self._episodes[member]
        if drawn_episode is None:
            raise RuntimeError("call reset() first")
        return drawn_episode

    def simulation(self, member: int) -> Simulation:
        """A Simulation over a member's rows: plans, forks, topology.

        It does not outlive the member's episode.
        """
        drawn_episode = self._drawn_episode(member)
        assert self._states is not None
        world, episode = drawn_episode.world, drawn_episode.episode
        n_resources = int(world.sizes["n_resources"][0])
        fields = {
            name: pool[member] for name, pool in zip(State._fields, self._states, strict=True)
        }
        fields |= {name: fields[name][:n_resources] for name in BY_RESOURCE}
        fields |= {name: fields[name][: episode.tasks.size] for name in BY_TASK}
        arrays = self.decisions
        decision = Decision(
            arrays.task[member],
            arrays.nodes[member],
            arrays.links[member],
            arrays.mask[member],
            arrays.kinds,
        )
        return Simulation.attached(
            self.scenario, world, episode, State(**fields), self._scratches[0], decision
        )

    def sample_future(self, member: int, rng: np.random.Generator) -> Episode:
        """Draw what might have come instead of a member's episode."""
        return self._drawn_episode(member).sample_future(rng)

    def step(self, members: np.ndarray, actions: np.ndarray) -> None:
        """Step members (m,), grouped by World; actions (count,) int64, already checked.

        `outcomes` and `decisions` then hold the result.
        """
        groups: dict[int, list[int]] = {}
        for member in members.tolist():
            world = self._drawn_episode(member).world
            groups.setdefault(id(world.sizes), []).append(member)
        assert self._states is not None
        revoked_before = self._states.clock["revoked_value"][:, 0].copy()
        self._share_out([np.array(group, np.int64) for group in groups.values()], actions)
        self._n_invalid[members] += self.outcomes["is_invalid"][members]
        for member in members[self.outcomes["is_over"][members] == 1].tolist():
            self._play_faults_out(member, float(revoked_before[member]))

    def _share_out(self, groups: list[np.ndarray], actions: np.ndarray) -> None:
        """Give every thread its part of every group; this thread takes the last parts."""
        shares = [
            [parts[k] for parts in (np.array_split(group, self._n_threads) for group in groups)]
            for k in range(self._n_threads)
        ]
        jobs = []
        if self._threads is not None:
            jobs = [
                self._threads.submit(self._step_share, self._scratches[k], shares[k], actions)
                for k in range(self._n_threads - 1)
            ]
        self._step_share(self._scratches[-1], shares[-1], actions)
        for job in jobs:
            job.result()

    def _step_share(self, scratch: Scratch, share: list[np.ndarray], actions: np.ndarray) -> None:
        """Step groups of members, each of one World, by one call a group."""
        pools = self._pools
        futures = Futures(pools["read_tasks"], self._n_tasks, pools["read_faults"], self._n_faults)
        log = BatchLog(pools["plans"], pools["is_booked"], self.outcomes)
        for members in share:
            if members.size:
                step_many(
                    self._drawn_episode(int(members[0])).world,
                    self._states,
                    scratch,
                    members,
                    actions,
                    futures,
                    self.decisions,
                    log,
                )

    def _play_faults_out(self, member: int, revoked_before: float) -> None:
        """At an episode's end count what later faults lose of it, as a single environment does."""
        simulation = self.simulation(member)
        if simulation.episode.faults.size:
            simulation.play_faults_out()
            self.outcomes[member]["revoked_value"] = simulation.revoked_value - revoked_before

    def metrics(self, member: int) -> dict[str, float]:
        """Metrics of a member's finished episode."""
        return episode_metrics(self.simulation(member), self.booking_log(member))

    def booking_log(self, member: int) -> BookingLog:
        """What a member has booked so far; its arrays are those that the next step writes."""
        size = int(self._n_tasks[member])
        return BookingLog(
            self._pools["plans"][member, :size],
            self._pools["is_booked"][member, :size],
            int(self._n_invalid[member]),
        )

    def details(self, member: int) -> Details:
        """Details of a member's finished episode, for reports."""
        simulation = self.simulation(member)
        return episode_details(
            simulation.world,
            simulation.episode,
            self.booking_log(member),
            simulation.state.is_lost,
        )

    def close(self) -> None:
        """Stop the threads."""
        if self._threads is not None:
            self._threads.shutdown()

    # --- pools

    def _make_room(self, world: World, state: State, episode: Episode) -> None:
        """Allocate the pools at the first episode, and grow those that a later one does not fit
        into.
        """
        if self._states is None:
            self._states = State(
                *(np.zeros((self.count, *array.shape), array.dtype) for array in state)
            )
            self._scratches = [new_scratch(world) for _ in range(self._n_threads)]
        self._states = State(
            *(
                _with_room_for(pool, array.shape)
                for pool, array in zip(self._states, state, strict=True)
            )
        )
        pools = self._pools
        for name, array in (("tasks", episode.tasks), ("faults", episode.faults)):
            pools[name] = _with_room_for(
                pools.get(name, np.zeros((self.count, 0), array.dtype)), array.shape
            )
            pools[f"read_{name}"] = pools[name].view()
            pools[
                f"read_{name}"
            ].flags.writeable = False  # as in a single environment: one signature of the kernels
        for name, dtype in (("plans", PLAN), ("is_booked", np.dtype(np.bool_))):
            pools[name] = _with_room_for(
                pools.get(name, np.zeros((self.count, 0), dtype)), episode.tasks.shape
            )


def _with_room_for(pool: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The pool (count, ...) itself, or a larger copy that a row of this shape fits into."""
    needed = tuple(max(length, size) for length, size in zip(pool.shape[1:], shape, strict=True))
    if needed == pool.shape[1:]:
        return pool
    roomy = (
        int(1.2 * size) if size > length else size
        for length, size in zip(pool.shape[1:], needed, strict=True)
    )
    larger = np.zeros((pool.shape[0], *roomy), pool.dtype)
    larger[tuple(slice(size) for size in pool.shape)] = pool
    return larger
