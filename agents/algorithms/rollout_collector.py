"""Rollouts of the deep-set network over a native vector environment, compiled: a member plays many
decisions in one call, and threads share the members.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np

from agents.envs.native_vec_env import VALUE, NativeVecEnv
from agents.policies.deep_set.forward import Weights, Workspace, new_workspace
from agents.policies.deep_set.inputs import ROW_WIDTH
from agents.policies.deep_set.play import Transitions, new_transitions, play_steps, value_at
from orbit_gym.kernels.state import Scratch, new_scratch
from orbit_gym.observation import decode
from orbit_gym.simulation.metric_table import HEADLINE
from orbit_gym.simulation.reward import reward_terms


class Rollout(NamedTuple):
    """A fixed number of decisions of every member."""

    transitions: Transitions  # (members, steps, ...)
    rewards: np.ndarray  # (members, steps) float32, with the value after an episode's last step
    is_last: np.ndarray  # (members, steps) float32, 1 where an episode ends
    last_values: np.ndarray  # (members,) of the decisions that follow
    episode_infos: list[dict[str, Any]]  # of the episodes that ended


class WorkArrays(NamedTuple):
    """What one thread writes while it plays."""

    workspace: Workspace
    rows: np.ndarray  # (n, ROW_WIDTH)
    scratch: Scratch


class RolloutCollector:
    """Plays the members of a NativeVecEnv; its arrays are made once and written again."""

    def __init__(self, env: NativeVecEnv, hidden: int, threads: int = 1) -> None:
        """Take an environment that has been reset, and the width of the network."""
        self.env, self.hidden, self.n_threads = env, hidden, threads
        self.transitions: Transitions | None = None
        self._threads = ThreadPoolExecutor(threads) if threads > 1 else None
        self._arrays = [self._work_arrays() for _ in range(threads)]

    @property
    def n_candidates(self) -> int:
        """Rows of the observation."""
        return int(self.env.observation_space["nodes"].shape[0])  # type: ignore[index]

    def _work_arrays(self) -> WorkArrays:
        n = self.n_candidates
        rows = np.zeros((n, ROW_WIDTH), np.float32)
        scratch = new_scratch(self.env.envs.simulation(0).world)
        return WorkArrays(new_workspace(n, self.hidden), rows, scratch)

    def collect(self, weights: Weights, uniforms: np.ndarray, gamma: float) -> Rollout:
        """Play as many decisions of every member as there are uniforms (members, steps)."""
        shape = uniforms.shape
        if self.transitions is None or self.transitions.action.shape != shape:
            self.transitions = new_transitions(shape, self.n_candidates)
        is_last, bootstrap = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
        episode_infos: list[dict[str, Any]] = []
        next_step = np.zeros(len(uniforms), np.int64)
        arrays = self._arrays[0]
        while (pending := np.flatnonzero(next_step < shape[1])).size:
            self._play(pending, weights, uniforms, next_step)
            ended = [member for member in pending.tolist() if self._is_over(member)]
            for member in ended:
                last = member, int(next_step[member]) - 1
                is_last[last] = 1.0
                bootstrap[last] = self._value(member, weights, arrays)
                episode_infos.append(self._summary(member))
            if ended:
                self.env.begin_members(ended)
        last_values = np.array(
            [self._value(member, weights, arrays) for member in range(shape[0])], np.float32
        )
        rewards = self._rewards(self.transitions) + np.float32(gamma) * bootstrap
        return Rollout(self.transitions, rewards, is_last, last_values, episode_infos)

    def _play(
        self, members: np.ndarray, weights: Weights, uniforms: np.ndarray, next_step: np.ndarray
    ) -> None:
        """Play members until their row is full or their episode is over."""
        shares = [share.tolist() for share in np.array_split(members, self.n_threads)]
        jobs = list(zip(shares, self._arrays, strict=True))
        if self._threads is None:
            self._play_share(*jobs[0], weights, uniforms, next_step)
            return
        futures = [
            self._threads.submit(self._play_share, *job, weights, uniforms, next_step)
            for job in jobs
        ]
        for future in futures:
            future.result()

    def _play_share(
        self,
        members: Sequence[int],
        arrays: WorkArrays,
        weights: Weights,
        uniforms: np.ndarray,
        next_step: np.ndarray,
    ) -> None:
        assert self.transitions is not None
        for member in members:
            simulation, log = (
                self.env.envs.simulation(member),
                self.env.envs.booking_log(member),
            )
            next_step[member] = play_steps(
                *simulation.kernel_arguments._replace(scratch=arrays.scratch),
                simulation.decision,
                weights,
                arrays.workspace,
                uniforms[member],
                int(next_step[member]),
                Transitions(*(block[member] for block in self.transitions)),
                log.plans,
                log.is_booked,
            )

    def _is_over(self, member: int) -> bool:
        return self.env.envs.simulation(member).is_over

    def _value(self, member: int, weights: Weights, arrays: WorkArrays) -> float:
        """Value of the decision that a member shows."""
        decision = self.env.envs.simulation(member).decision
        return float(value_at(decision, weights, arrays.workspace, arrays.rows))

    def _summary(self, member: int) -> dict[str, Any]:
        """What callbacks are told of a finished episode."""
        metrics = self.env.envs.metrics_of(member)
        return {"episode_metrics": metrics, HEADLINE: metrics[HEADLINE]}

    def _rewards(self, transitions: Transitions) -> np.ndarray:
        """Rewards as NativeVecEnv.step_wait gives them."""
        terms = reward_terms(self.env.envs.scenario.reward, transitions.outcome)
        task_values = decode("task", "value", transitions.task[..., VALUE])
        scaled = self.env.options.scaled(sum(terms.values()), task_values)
        return np.asarray(scaled, np.float32)
