"""A batch of environments: their States stacked in pools, stepped by one compiled call per
World.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from orbit_gym.kernels import step as kernel
from orbit_gym.kernels.episode import Episode
from orbit_gym.kernels.state import OUTCOME, PLAN, Scratch, State, new_scratch
from orbit_gym.observation import GROUND_SLOTS, WIDTH
from orbit_gym.scenario.scenario import Scenario
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

    def __init__(self, scenario: Scenario, count: int, n_candidates: int, threads: int = 1) -> None:
        """Allocate what does not depend on the episodes.

        Pools follow with the first ones. threads share the members of a step.
        """
        self.scenario, self.count = scenario, count
        slots = scenario.lasers.terminals + GROUND_SLOTS
        self.task_rows = np.zeros((count, WIDTH["task"]), np.float32)
        self.node_rows = np.zeros((count, n_candidates, WIDTH["nodes"]), np.float32)
        self.link_rows = np.zeros((count, n_candidates, slots, WIDTH["links"]), np.float32)
        self.masks = np.zeros((count, n_candidates + 1), np.bool_)
        self.outcomes = np.zeros(count, OUTCOME)
        self._n_tasks, self._n_faults = np.zeros(count, np.int64), np.zeros(count, np.int64)
        self._n_invalid = np.zeros(count, np.int64)
        self._episodes: list[DrawnEpisode | None] = [None] * count
        self._states: State | None = None
        self._pools: dict[str, np.ndarray] = {}
        self._scratches: list[Scratch] = []
        self._threads = ThreadPoolExecutor(threads - 1) if threads > 1 else None
        self._n_threads = threads

    @property
    def buffers(self) -> tuple[np.ndarray, ...]:
        """Observation blocks and masks, one row a member."""
        return self.task_rows, self.node_rows, self.link_rows, self.masks

    def begin(self, member: int, episode_drawn: DrawnEpisode) -> None:
        """Let a member start an episode: its row of every array then shows the first task."""
        world, episode = episode_drawn.world, episode_drawn.episode
        state = first_state(self.scenario, world, episode)
        self._make_room(world, state, episode_drawn)
        self._episodes[member] = episode_drawn
        self._n_tasks[member], self._n_faults[member] = episode.tasks.size, episode.faults.size
        self._n_invalid[member] = 0
        self._pools["tasks"][member, : episode.tasks.size] = episode.tasks
        self._pools["faults"][member, : episode.faults.size] = episode.faults
        self._pools["is_booked"][member] = False
        assert self._states is not None
        for pool, array in zip(self._states, state, strict=True):
            pool[member][tuple(slice(size) for size in array.shape)] = array
        simulation = self.simulation(member)
        kernel.begin(
            world,
            simulation.state,
            self._scratches[0],
            episode.tasks,
            episode.faults,
            *(row[member] for row in self.buffers),
        )
        self.outcomes[member]["is_over"] = simulation.is_over

    def simulation(self, member: int) -> Simulation:
        """A Simulation over a member's rows: plans, forks, topology.

        It does not outlive the member's episode.
        """
        episode_drawn = self._episodes[member]
        if episode_drawn is None or self._states is None:
            raise RuntimeError("call reset() first")
        n_resources = int(episode_drawn.world.sizes["n_resources"][0])
        fields = {
            name: pool[member] for name, pool in zip(State._fields, self._states, strict=True)
        }
        fields |= {name: fields[name][:n_resources] for name in BY_RESOURCE}
        fields |= {name: fields[name][: episode_drawn.episode.tasks.size] for name in BY_TASK}
        rows = tuple(row[member] for row in self.buffers)
        return Simulation.attached(
            self.scenario,
            episode_drawn.world,
            episode_drawn.episode,
            State(**fields),
            self._scratches[0],
            rows,
        )

    def sample_future(self, member: int, rng: np.random.Generator) -> Episode:
        """Draw what might have come instead of a member's episode."""
        episode_drawn = self._episodes[member]
        if episode_drawn is None:
            raise RuntimeError("call reset() first")
        return episode_drawn.sample_future(rng)

    def step(self, members: np.ndarray, actions: np.ndarray) -> None:
        """Step members (m,), grouped by World; actions (count,) int64, already checked.

        `outcomes` and `buffers` then hold the result.
        """
        groups: dict[int, list[int]] = {}
        for member in members.tolist():
            episode_drawn = self._episodes[member]
            assert episode_drawn is not None
            groups.setdefault(id(episode_drawn.world.sizes), []).append(member)
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
        for members in share:
            if members.size:
                episode_drawn = self._episodes[int(members[0])]
                assert episode_drawn is not None
                self._call(episode_drawn.world, scratch, members, actions)

    def _call(
        self, world: World, scratch: Scratch, members: np.ndarray, actions: np.ndarray
    ) -> None:
        pools = self._pools
        counts = (pools["read_tasks"], self._n_tasks, pools["read_faults"], self._n_faults)
        kernel.step_many(
            world,
            self._states,
            scratch,
            *counts,
            members,
            actions,
            *self.buffers,
            pools["log"],
            pools["is_booked"],
            self.outcomes,
        )

    def _play_faults_out(self, member: int, revoked_before: float) -> None:
        """At an episode's end count what later faults lose of it, as a single environment does."""
        simulation = self.simulation(member)
        if simulation.episode.faults.size:
            simulation.play_faults_out()
            self.outcomes[member]["revoked_value"] = simulation.revoked_value - revoked_before

    def metrics(self, member: int) -> dict[str, float]:
        """Metrics of a member's finished episode."""
        return episode_metrics(
            self.simulation(member), *self.bookings(member), int(self._n_invalid[member])
        )

    def bookings(self, member: int) -> tuple[np.ndarray, np.ndarray]:
        """What a member has booked: PLAN (n_tasks,), and whether, (n_tasks,) bool."""
        size = int(self._n_tasks[member])
        return self._pools["log"][member, :size], self._pools["is_booked"][member, :size]

    def details(self, member: int) -> Details:
        """Details of a member's finished episode, for reports."""
        simulation = self.simulation(member)
        size = simulation.episode.tasks.size
        log, is_booked = self._pools["log"][member, :size], self._pools["is_booked"][member, :size]
        return episode_details(
            simulation.world, simulation.episode, log, is_booked, simulation.state.is_lost
        )

    def close(self) -> None:
        """Stop the threads."""
        if self._threads is not None:
            self._threads.shutdown()

    # --- pools

    def _make_room(self, world: World, state: State, episode_drawn: DrawnEpisode) -> None:
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
        episode, pools = episode_drawn.episode, self._pools
        for name, array in (("tasks", episode.tasks), ("faults", episode.faults)):
            pools[name] = _with_room_for(
                pools.get(name, np.zeros((self.count, 0), array.dtype)), array.shape
            )
            pools[f"read_{name}"] = pools[name].view()
            pools[
                f"read_{name}"
            ].flags.writeable = False  # as in a single environment: one signature of the kernels
        for name, dtype in (("log", PLAN), ("is_booked", np.dtype(np.bool_))):
            pools[name] = _with_room_for(
                pools.get(name, np.zeros((self.count, 0), dtype)), episode.tasks.shape
            )


def _with_room_for(pool: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The pool (count, ...) itself, or a larger copy that a row of this shape fits into."""
    needed = tuple(
        max(capacity, size) for capacity, size in zip(pool.shape[1:], shape, strict=True)
    )
    if needed == pool.shape[1:]:
        return pool
    roomy = (
        int(1.2 * size) if size > capacity else size
        for capacity, size in zip(pool.shape[1:], needed, strict=True)
    )
    larger = np.zeros((pool.shape[0], *roomy), pool.dtype)
    larger[tuple(slice(size) for size in pool.shape)] = pool
    return larger
