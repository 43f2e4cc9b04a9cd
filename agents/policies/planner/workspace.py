"""What the kernels of planners are given: States packed into one block, futures padded to one
length, and memory to work in.
"""

from typing import NamedTuple

import numpy as np

from orbit_gym.kernels.episode import TASK, Episode
from orbit_gym.kernels.observation_encoder import Decision
from orbit_gym.kernels.state import Scratch, State
from orbit_gym.simulation.simulation import Simulation
from orbit_gym.world.layout import World

LINE_BYTES = 64  # fields of a packed State begin at cache lines
N_COUNTS = 3
N_LOOKED, N_ROLLED, N_STEPPED = range(N_COUNTS)


class Futures(NamedTuple):
    """Sampled episodes, read-only, padded to one length."""

    tasks: np.ndarray  # (n_pool, longest) TASK in order of release
    n_tasks: np.ndarray  # (n_pool,) int64
    faults: np.ndarray  # (n_pool, most) FAULT in order of strike
    n_faults: np.ndarray  # (n_pool,) int64


class BaseRule(NamedTuple):
    """Hold the weights of the base policy, with and without admission.

    Both are of agents.policies.linear_rule; those without admission rank every plan in time.
    """

    weights: np.ndarray
    ranking: np.ndarray


class RacingConfig(NamedTuple):
    """How far each future is played, and when actions leave the race between them."""

    horizon_s: float
    initial_futures: int  # before the first verdict; then twice as many, and so on
    z_eliminate: float  # an action is dropped that lies so many standard errors behind the best,
    z_switch: float  # and the rule's own is left only for one that lies so many above it
    # go on by the rule, unlooked, where its plan can displace next to nothing: see is_small
    skips_small: bool


class DecisionPoint(NamedTuple):
    """The task at hand and what a rule reads of it."""

    task: np.ndarray  # (1,) TASK
    task_row: np.ndarray  # (T,)
    node_rows: np.ndarray  # (n, F)
    mask: np.ndarray  # (n + 1,) bool


class ForkContext(NamedTuple):
    """What every future is played with."""

    world: World
    state: State  # of the fork that plays
    scratch: Scratch
    futures: Futures
    first_future: int  # futures are taken in turn from this one on
    config: RacingConfig


class Workspace(NamedTuple):
    """Memory of one planner: nothing is allocated while it looks ahead."""

    words: np.ndarray  # (2, n_words) uint64: memory of the root State and of the fork that plays
    # (n_futures, room) TASK: the task at hand, then a future's tasks up to the horizon
    windows: np.ndarray
    read_windows: np.ndarray  # the same memory, read-only, as the step takes it
    n_window: np.ndarray  # (n_futures,) int64
    decision: Decision  # of the fork that plays, without links, which no rule reads
    candidate_actions: np.ndarray  # (n_tried,) int64 actions, the rule's own first
    is_out: np.ndarray  # (n_tried,) bool
    n_scored: np.ndarray  # (n_tried,) int64 futures
    scores: np.ndarray  # (n_tried, n_futures) value in time
    # (N_COUNTS,) int64 decisions looked at, rollouts, steps: since the episode's start
    counts: np.ndarray


def decided_part(episode: Episode) -> Episode:
    """Without the task that closes the episode, which is shown but never decided."""
    return episode._replace(tasks=episode.tasks[episode.tasks["release_s"] < episode.span_s[1]])


def pack_states(template: State, count: int) -> tuple[np.ndarray, list[State]]:
    """Return memory (count, n_words) uint64 and as many States laid out in it.

    They are laid out like the template, so that one loop copies a State.
    """
    offsets = np.cumsum([0, *(-(-array.nbytes // LINE_BYTES) * LINE_BYTES for array in template)])
    words = np.zeros((count, offsets[-1] // 8), np.uint64)
    states = []
    for row in words:
        memory = row.view(np.uint8)
        fields = (
            memory[at : at + array.nbytes].view(array.dtype).reshape(array.shape)
            for at, array in zip(offsets, template)
        )
        states.append(State(*fields))
    return words, states


def template_of(simulation: Simulation, room: int) -> State:
    """Return arrays of the shapes that a fork needs.

    With faults on, marks for the tasks of the episode and for those of a future.
    """
    state = simulation.state
    marks = simulation.episode.tasks.size + room if state.records.size else 0
    return state._replace(is_lost=np.zeros(marks, np.bool_))


def new_workspace(
    simulation: Simulation, words: np.ndarray, n_futures: int, room: int, candidates: int
) -> Workspace:
    """Work space for so many futures of at most `room` tasks and so many actions."""
    windows = np.zeros((n_futures, room), TASK)
    read_windows = windows.view()
    read_windows.flags.writeable = False
    return Workspace(
        words=words,
        windows=windows,
        read_windows=read_windows,
        n_window=np.zeros(n_futures, np.int64),
        decision=Decision(*(array.copy() for array in simulation.decision)).without_links(),
        candidate_actions=np.zeros(candidates, np.int64),
        is_out=np.zeros(candidates, np.bool_),
        n_scored=np.zeros(candidates, np.int64),
        scores=np.zeros((candidates, n_futures)),
        counts=np.zeros(N_COUNTS, np.int64),
    )


def pad_rows(rows: list[np.ndarray], dtype: np.dtype) -> tuple[np.ndarray, np.ndarray]:
    """Read-only rows of one length, at least 1, and their own lengths (n,) int64."""
    lengths = np.array([row.size for row in rows], np.int64)
    array = np.zeros((len(rows), max(1, int(lengths.max()))), dtype)
    for to, row in zip(array, rows):
        to[: row.size] = row
    array.flags.writeable = False
    return array, lengths


def most_tasks_within(futures: list[Episode], span_s: float) -> int:
    """Most tasks that any future releases within a span of this length."""
    longest = 0
    for future in futures:
        release_s = future.tasks["release_s"]
        longest = max(
            longest,
            int(
                (
                    np.searchsorted(release_s, release_s + span_s, side="right")
                    - np.arange(release_s.size)
                ).max(initial=0)
            ),
        )
    return longest


def bytes_of(array: np.ndarray) -> np.ndarray:
    """The array's memory, (n,) uint8; writing there writes the array."""
    return array.reshape(-1).view(np.uint8)
