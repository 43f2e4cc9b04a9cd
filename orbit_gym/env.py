"""The Gymnasium environment: a thin shell around a Simulation."""

from collections.abc import Mapping
from typing import Any

import gymnasium as gym
import networkx as nx
import numpy as np

from orbit_gym.kernels.episode import Episode, continued
from orbit_gym.kernels.state import PLAN
from orbit_gym.scenario.loading import load_scenario
from orbit_gym.scenario.scenario import Scenario
from orbit_gym.simulation.episode_summary import Details, episode_details
from orbit_gym.simulation.graph import topology
from orbit_gym.simulation.metrics import episode_metrics
from orbit_gym.simulation.reward import reward_terms
from orbit_gym.simulation.simulation import Plan, Simulation, checked_action
from orbit_gym.views.map.renderer import RENDER_FPS, Show, checked_mode
from orbit_gym.workload.episode_source import EpisodeSource

Observation = dict[str, np.ndarray]


class OrbitEnv(gym.Env[Observation, np.int64]):
    """Place tasks on the satellites and datacentres of an orbital cloud, one task a step.

    Description: work appears where sensors and users are; each step shows one task with every
    candidate's plan, and the action books one. Action space: Discrete(n_candidates + 1); the last
    action rejects and is always valid; a masked one counts as a rejection. Observation space:
    Dict(task, nodes, links) of float32 Boxes; the columns are orbit_gym.observation.FIELDS.
    Rewards: value of the task if it will be delivered in time, paid when it is booked, minus the
    price of energy (0 by default). Starting state: day and time, initial charge and memory, and all
    tasks are drawn by reset; actions consume no randomness. Episode end: truncated at the first
    task released at or after episode_s; terminated stays False. Arguments: scenario (name, path,
    dict or Scenario), overrides ({"workload.load": 1.3}), split ("train", "validation", "test"),
    render_mode ("rgb_array" for pictures, "human" for a window). Version history: v0, first
    release.
    """

    metadata = {"render_modes": ["human", "rgb_array"], "render_fps": RENDER_FPS}

    def __init__(
        self,
        scenario: str | Mapping[str, Any] | Scenario = "ThreeBody12",
        overrides: Mapping[str, Any] | None = None,
        split: str = "train",
        render_mode: str | None = None,
    ) -> None:
        """Read and check the scenario; Worlds are compiled when a day is first drawn.

        ValueError says what to type instead.
        """
        self.render_mode = checked_mode(render_mode, self.metadata["render_modes"])
        self.scenario = load_scenario(scenario, overrides)
        self.split = split
        self._source = EpisodeSource(self.scenario, split)
        self.node_names = self._source.node_names
        self.observation_space: gym.Space[Any]
        self.observation_space, self.action_space = self._source.spaces()
        self._simulation: Simulation | None = None
        self._show = (
            Show(self.render_mode, self.scenario, self.node_names) if self.render_mode else None
        )

    @property
    def simulation(self) -> Simulation:
        """The running Simulation; RuntimeError before the first reset."""
        if self._simulation is None:
            raise RuntimeError("call reset() first")
        return self._simulation

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Draw an episode and show its first task.

        Options: workload fields, start_s (of the day), day (offset of the split).
        """
        super().reset(seed=seed)
        episode_seed = int(self.np_random.integers(2**31)) if seed is None else seed
        world, episode, info, self._sample = self._source.sample_episode(episode_seed, options)
        self._simulation = Simulation(self.scenario, world, episode)
        self._log = np.zeros(episode.tasks.size, PLAN)
        self._is_booked = np.zeros(episode.tasks.size, np.bool_)
        self._n_invalid = 0
        self._has_ended = False  # an episode without any task ends with its first step
        if self._show is not None:
            self._show.begin(self._simulation, info["day"])
            self._show_to_people()
        return self._simulation.observe(), info

    def step(self, action: Any) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Place the task at hand and go to the next.

        ValueError for an action outside the space, before anything changes.
        """
        simulation = self.simulation
        index = checked_action(simulation.n_actions, action)
        if self._has_ended:
            raise RuntimeError("the episode is over; call reset()")
        time_s = simulation.time_s
        is_invalid = not bool(simulation.action_masks()[index])
        terms = (
            self._place(index)
            if not simulation.is_over
            else reward_terms(self.scenario.reward, False, 0.0, 0.0, 0.0)
        )
        self._n_invalid += is_invalid
        self._has_ended = self.simulation.is_over
        info: dict[str, Any] = {
            "reward_terms": terms,
            "elapsed_s": simulation.time_s - time_s,
            "invalid_action": is_invalid,
        }
        if self._has_ended:
            info["episode_metrics"] = episode_metrics(
                simulation, self._log, self._is_booked, self._n_invalid
            )
        self._show_to_people()
        return simulation.observe(), sum(terms.values()), False, self._has_ended, info

    def _place(self, action: int) -> dict[str, float]:
        """Apply a checked action and log what it booked; returns the reward terms."""
        task = self.simulation.task_index
        if self._show is not None:
            self._show.before_decision(self.simulation, action)
        is_booked, terms = self.simulation.apply(action)
        if is_booked:
            self._log[task] = self.simulation.last_booking
        self._is_booked[task] = is_booked
        if self._show is not None:
            self._show.after_decision(self.simulation)
        return terms

    def render(self) -> np.ndarray | None:  # type: ignore[override]
        """The picture of the moment in mode "rgb_array", (720, 1280, 3) uint8.

        In mode "human" the window shows it after each step.
        """
        if self._show is None:
            gym.logger.warn(
                "render() shows nothing without a render_mode, e.g. gym.make(..., "
                'render_mode="rgb_array")'
            )
            return None
        picture = self._show.frame(self.simulation, self._log, self._is_booked)
        return picture if self.render_mode == "rgb_array" else None

    def close(self) -> None:
        """Close the window, if there is one."""
        if self._show is not None:
            self._show.close()

    def _show_to_people(self) -> None:
        """In mode "human" the window follows by itself."""
        if self.render_mode == "human":
            self.render()

    def action_masks(self) -> np.ndarray:
        """Valid actions, (n_actions,) bool."""
        return self.simulation.action_masks()

    @property
    def candidate_nodes(self) -> np.ndarray:
        """Graph nodes of the candidates, (n_candidates,) int32, -1 where a row is unused.

        node_names names them.
        """
        return self.simulation.candidate_nodes

    def plan(self, k: int) -> Plan:
        """What would happen to the task at hand at candidate k."""
        return self.simulation.plan(k)

    def episode_details(self) -> Details:
        """What reports show of the episode: use and charge over time, outcomes, latencies, where
        tasks ran. RuntimeError before its end.
        """
        if not self.simulation.is_over:
            raise RuntimeError("the episode is not over yet")
        return episode_details(
            self.simulation.world,
            self.simulation.episode,
            self._log,
            self._is_booked,
            self.simulation.state.is_lost,
        )

    def graph(self) -> nx.MultiDiGraph:
        """Topology at the clock's time."""
        return topology(self.simulation.world, self.node_names, self.simulation.time_s)

    def fork(self, episode: Episode | None = None) -> Simulation:
        """An independent copy of the State, for search.

        It offers candidate_nodes, plan, action_masks, observe, step and fork.
        """
        return self.simulation.fork(episode)

    def sample_future(self, rng: np.random.Generator) -> Episode:
        """Draw what might have come instead of the running episode, for planners
        (orbit_gym.workload.arrivals.Arrivals.sample_future).
        """
        if self._simulation is None:
            raise RuntimeError("call reset() first")
        return self._sample(rng)

    def sample_continuation(self, rng: np.random.Generator) -> Episode:
        """Draw what may come from now on, after all that has come: what :meth:`fork` takes.

        RuntimeError before the first reset and after the episode's end.
        """
        if self.simulation.is_over:
            raise RuntimeError("the episode is over; call reset()")
        return continued(self.simulation.episode, self.simulation.task_index, self._sample(rng))
