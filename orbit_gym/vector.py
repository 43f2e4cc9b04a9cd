"""The native vector environment: all members step in one compiled call.

Bit for bit as single environments would.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import batch_space

from orbit_gym.actions import DEFAULT_KINDS, ActionLayout
from orbit_gym.kernels.episode import Episode
from orbit_gym.scenario.loading import load_scenario
from orbit_gym.scenario.scenario import Scenario
from orbit_gym.simulation.batch import Batch
from orbit_gym.simulation.booking_log import BookingLog
from orbit_gym.simulation.episode_summary import Details
from orbit_gym.simulation.reward import reward_terms
from orbit_gym.simulation.simulation import Simulation, action_error
from orbit_gym.views.map.renderer import RENDER_FPS, Renderer, checked_mode
from orbit_gym.workload.episode_source import EpisodeSource

Observations = dict[str, np.ndarray]
Stepped = tuple[
    Observations, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]
]  # observations, rewards, terminated, truncated, infos


class OrbitVectorEnv(gym.vector.VectorEnv[Observations, np.ndarray, np.ndarray]):
    """`num_envs` environments of one scenario in one batch.

    See OrbitEnv for the problem, Gymnasium's VectorEnv for the interface.

    | Argument beside OrbitEnv's | Default | What it does |
    | --- | --- | --- |
    | `num_envs` | 1 | members of the batch |
    | `autoreset_mode` | `"NextStep"` | or `"SameStep"`, `"Disabled"`, or the enum |
    | `threads` | 1 | members of a step are shared between them |
    | `copy` | True | False hands out the arrays that the next step overwrites |
    | `metrics` | True | False leaves out `episode_metrics`, as long as some hundred steps |

    `render_mode` is None or `"rgb_array"`.
    """

    def __init__(
        self,
        num_envs: int = 1,
        scenario: str | Mapping[str, Any] | Scenario = "ThreeBody12",
        overrides: Mapping[str, Any] | None = None,
        split: str = "train",
        autoreset_mode: str | AutoresetMode = AutoresetMode.NEXT_STEP,
        threads: int = 1,
        copy: bool = True,
        metrics: bool = True,
        render_mode: str | None = None,
        actions: Sequence[str] = DEFAULT_KINDS,
    ) -> None:
        """Read and check everything; Worlds are compiled when a day is first drawn.

        ValueError says what to type instead.
        """
        for name, value in (("num_envs", num_envs), ("threads", threads)):
            if value < 1:
                raise ValueError(f"{name} must be at least 1, got {value}")
        self.render_mode = checked_mode(render_mode, ("rgb_array",))
        self.autoreset_mode = _mode(autoreset_mode)
        self.metadata = {
            "render_modes": ["rgb_array"],
            "render_fps": RENDER_FPS,
            "autoreset_mode": self.autoreset_mode,
        }
        self.scenario = load_scenario(scenario, overrides)
        self.num_envs, self.copy, self.metrics = num_envs, copy, metrics
        self._source = EpisodeSource(self.scenario, split, actions)
        self.node_names = self._source.node_names
        self.single_observation_space, self.single_action_space = self._source.spaces()  # type: ignore[assignment]
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._batch = Batch(self.scenario, num_envs, self._source.layout, threads)
        self._generators: list[np.random.Generator | None] = [None] * num_envs
        self._is_done = np.zeros(num_envs, np.bool_)
        self._has_begun = np.zeros(num_envs, np.bool_)
        self._renderer = (
            Renderer(self.render_mode, self.scenario, self.node_names, num_envs)
            if self.render_mode
            else None
        )

    def reset(
        self, *, seed: int | list[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observations, dict[str, Any]]:
        """Draw an episode for every member (or those of options["reset_mask"]).

        Member i of an int seed gets seed + i.
        """
        options = dict(options or {})
        members = _reset_members(options.pop("reset_mask", None), self.num_envs)
        seeds = (
            [seed + i for i in range(self.num_envs)]
            if isinstance(seed, (int, np.integer))
            else list(seed or [None] * self.num_envs)
        )
        if len(seeds) != self.num_envs:
            raise ValueError(
                f"seed must be an int or one per member, {self.num_envs}; got {len(seeds)}"
            )
        infos: dict[str, Any] = {}
        for member in members.tolist():
            infos = self._add_info(infos, self._begin(member, seeds[member], options), member)
        return self._observations(), infos

    def step(self, actions: np.ndarray) -> Stepped:
        """Place every member's task at hand.

        ValueError for an action outside the space, before anything changes.

        Returns observations, rewards, terminated (always False), truncated and infos with the keys
        of a single environment.
        """
        is_next_step = self.autoreset_mode == AutoresetMode.NEXT_STEP
        resets_now = self._is_done.copy() if is_next_step else np.zeros(self.num_envs, np.bool_)
        observed = self.step_members(np.flatnonzero(~resets_now), actions)
        infos = observed[4]
        for member in np.flatnonzero(resets_now).tolist():
            infos = self._add_info(infos, self._begin(member, None, {}), member)
        return self._observations() if resets_now.any() else observed[0], *observed[1:4], infos

    def step_members(self, members: np.ndarray, actions: np.ndarray) -> Stepped:
        """Step some members (m,) and leave the others as they are.

        actions (num_envs,), results as of step.

        With autoreset_mode "Disabled" this plays episodes of different lengths to their ends.
        RuntimeError for a member that is over.
        """
        if not self._has_begun[members].all():
            raise RuntimeError("call reset() first")
        if self._is_done[members].any():
            ended_members = members[self._is_done[members]].tolist()
            raise RuntimeError(
                f"members {ended_members} are over; reset them with options={{'reset_mask': ...}}"
            )
        checked = self._checked(actions, members)
        self._tell_show(members, checked)
        self._batch.step(members, checked)
        self._tell_show(members)
        rewards, infos = self._results(members)
        truncated = np.zeros(self.num_envs, np.bool_)
        truncated[members] = self._batch.outcomes["is_over"][members] == 1
        self._is_done |= truncated
        infos = self._end_episodes(np.flatnonzero(truncated), infos)
        return self._observations(), rewards, np.zeros(self.num_envs, np.bool_), truncated, infos

    def render(self) -> tuple[np.ndarray, ...] | None:  # type: ignore[override]
        """Pictures of all members, each (720, 1280, 3) uint8, in mode "rgb_array"."""
        if self._renderer is None:
            return None
        members = range(self.num_envs)
        return tuple(
            self._renderer.frame(
                self._batch.simulation(member), self._batch.booking_log(member), member
            )
            for member in members
        )

    def episode_details(self, member: int) -> Details:
        """What reports show of a member's finished episode, as OrbitEnv.episode_details.

        RuntimeError before its end or after a reset.
        """
        if not self._is_done[member]:
            raise RuntimeError(f"the episode of member {member} is not over yet")
        return self._batch.details(member)

    def action_masks(self) -> np.ndarray:
        """Valid actions, (num_envs, n_actions) bool."""
        return self._batch.decisions.mask.copy()

    @property
    def action_layout(self) -> ActionLayout:
        """Which action stands for what."""
        return self._source.layout

    def simulation(self, member: int) -> Simulation:
        """The running Simulation of one member, for plans, forks and topology.

        It ends with the member's episode.
        """
        return self._batch.simulation(member)

    def booking_log(self, member: int) -> BookingLog:
        """What one member has booked so far, as arrays that its steps write."""
        return self._batch.booking_log(member)

    def metrics_of(self, member: int) -> dict[str, float]:
        """Metrics of one member's finished episode."""
        return self._batch.metrics(member)

    def sample_future(self, member: int, rng: np.random.Generator) -> Episode:
        """Draw what might have come instead of a member's episode, for planners.

        See orbit_gym.workload.arrivals.Arrivals.sample_future.
        """
        return self._batch.sample_future(member, rng)

    def close_extras(self, **kwargs: Any) -> None:
        """Stop the threads."""
        if hasattr(self, "_batch"):  # Gymnasium 1.2 also closes what the constructor refused
            self._batch.close()

    def _begin(self, member: int, seed: int | None, options: dict[str, Any]) -> dict[str, Any]:
        """Reset one member as OrbitEnv.reset does; returns its info."""
        if seed is not None or self._generators[member] is None:
            self._generators[member], _ = gym.utils.seeding.np_random(seed)
        generator = self._generators[member]
        assert generator is not None
        episode_seed = int(generator.integers(2**31)) if seed is None else seed
        drawn_episode = self._source.sample_episode(episode_seed, options)
        self._batch.begin(member, drawn_episode)
        if self._renderer is not None:
            self._renderer.begin(self._batch.simulation(member), drawn_episode.info["day"], member)
        self._is_done[member], self._has_begun[member] = False, True
        return drawn_episode.info

    def _tell_show(self, members: np.ndarray, actions: np.ndarray | None = None) -> None:
        """Let what is rendered follow the members (m,): before a step with their actions
        (num_envs,), after it without.
        """
        for member in members.tolist() if self._renderer is not None else ():
            simulation = self._batch.simulation(member)
            if actions is None:
                self._renderer.after_decision(simulation, member)  # type: ignore[union-attr]
            elif not simulation.is_over:
                self._renderer.before_decision(simulation, int(actions[member]), member)  # type: ignore[union-attr]

    def _checked(self, actions: np.ndarray, members: np.ndarray) -> np.ndarray:
        """Actions (num_envs,) int64.

        ValueError for the first one outside the space among the members that step.
        """
        indices, layout = np.asarray(actions), self.action_layout
        sizes = layout.n_candidates, layout.n_actions
        if indices.shape != (self.num_envs,):
            raise ValueError(f"actions must have shape ({self.num_envs},), got {indices.shape}")
        if not np.issubdtype(indices.dtype, np.integer):
            raise action_error(*sizes, indices[0] if indices.size else indices)
        outside_indices = members[(indices[members] < 0) | (indices[members] >= layout.n_actions)]
        if outside_indices.size:
            raise action_error(*sizes, int(indices[outside_indices[0]]))
        checked = np.zeros(self.num_envs, np.int64)
        checked[members] = indices[members]
        return checked

    def _results(self, members: np.ndarray) -> tuple[np.ndarray, dict[str, Any]]:
        """Rewards (num_envs,) and the infos of the members that stepped."""
        outcomes, has_stepped = self._batch.outcomes, np.zeros(self.num_envs, np.bool_)
        has_stepped[members] = True
        outcomes_of_members = np.zeros(self.num_envs, outcomes.dtype)
        outcomes_of_members[members] = outcomes[members]
        terms = reward_terms(self.scenario.reward, outcomes_of_members)
        rewards = np.zeros(self.num_envs)
        for term in terms.values():
            rewards = rewards + term
        infos: dict[str, Any] = {}
        if members.size:
            infos = {
                "reward_terms": {
                    key: item
                    for name, term in terms.items()
                    for key, item in ((name, term), (f"_{name}", has_stepped.copy()))
                },
                "elapsed_s": np.where(has_stepped, outcomes["elapsed_s"], 0.0),
                "invalid_action": has_stepped & (outcomes["is_invalid"] == 1),
            }
            infos |= {f"_{name}": has_stepped.copy() for name in tuple(infos)}
        return rewards, infos

    def _end_episodes(self, members: np.ndarray, infos: dict[str, Any]) -> dict[str, Any]:
        """Add what a finished episode reports; in SAME_STEP mode also begin the next one."""
        for member in members.tolist():
            final = {"episode_metrics": self._batch.metrics(member)} if self.metrics else {}
            if self.autoreset_mode != AutoresetMode.SAME_STEP:
                infos = self._add_info(infos, final, member)
                continue
            final |= _taken_out(infos, member)
            last = {name: rows[member].copy() for name, rows in self._blocks().items()}
            infos = self._add_info(infos, {"final_obs": last, "final_info": final}, member)
            infos = self._add_info(infos, self._begin(member, None, {}), member)
        return infos

    def _blocks(self) -> Observations:
        batch = self._batch
        return {
            "task": batch.decisions.task,
            "nodes": batch.decisions.nodes,
            "links": batch.decisions.links,
        }

    def _observations(self) -> Observations:
        return (
            {name: rows.copy() for name, rows in self._blocks().items()}
            if self.copy
            else self._blocks()
        )


def _mode(mode: str | AutoresetMode) -> AutoresetMode:
    """An autoreset mode from its enum or its value; ValueError names the choices."""
    try:
        return AutoresetMode(mode)
    except ValueError as error:
        raise ValueError(
            f"autoreset_mode must be one of {', '.join(item.value for item in AutoresetMode)}, "
            f"got {mode!r}"
        ) from error


def _reset_members(mask: np.ndarray | None, count: int) -> np.ndarray:
    """Members to reset: all, or those of a mask (count,) bool.

    ValueError where it has another form or is empty.
    """
    if mask is None:
        return np.arange(count)
    mask = np.asarray(mask)
    if mask.shape != (count,) or mask.dtype != np.bool_ or not mask.any():
        raise ValueError(
            f"options['reset_mask'] must be a bool array of shape ({count},) with at least one "
            f"True, got {mask!r}"
        )
    return np.flatnonzero(mask)


STEP_KEYS = ("reward_terms", "elapsed_s", "invalid_action")


def _taken_out(infos: dict[str, Any], member: int) -> dict[str, Any]:
    """A member's step info as a single environment gives it, removed from the vector's.

    What no member has left goes.
    """
    member_info: dict[str, Any] = {}
    for key in STEP_KEYS:
        value, has_key = infos[key], infos[f"_{key}"]
        member_info[key] = (
            _taken_out_terms(value, member) if isinstance(value, dict) else value[member].item()
        )
        has_key[member] = False
        if not isinstance(value, dict):
            value[member] = 0
        if not has_key.any():
            del infos[key], infos[f"_{key}"]
    return member_info


def _taken_out_terms(terms: dict[str, Any], member: int) -> dict[str, float]:
    member_info = {
        name: float(values[member]) for name, values in terms.items() if not name.startswith("_")
    }
    for name in member_info:
        terms[name][member], terms[f"_{name}"][member] = 0.0, False
    return member_info
