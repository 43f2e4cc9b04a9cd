"""The Gymnasium environment: a thin shell around a Simulation."""

from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium as gym
import networkx as nx
import numpy as np

from orbit_gym.actions import DEFAULT_KINDS, ActionLayout
from orbit_gym.kernels.episode import Episode, continued
from orbit_gym.scenario.loading import load_scenario
from orbit_gym.scenario.scenario import Scenario
from orbit_gym.simulation.booking_log import BookingLog, new_booking_log
from orbit_gym.simulation.episode_summary import Details, episode_details
from orbit_gym.simulation.graph import topology
from orbit_gym.simulation.metrics import episode_metrics
from orbit_gym.simulation.simulation import Plan, Simulation, checked_action
from orbit_gym.views.map.renderer import RENDER_FPS, Renderer, checked_mode
from orbit_gym.workload.episode_source import EpisodeSource

Observation = dict[str, np.ndarray]


class OrbitEnv(gym.Env[Observation, np.int64]):
    """Place tasks on the satellites and datacentres of an orbital cloud, one task a step.

    ## Description

    Work appears where sensors and users are.
    Each step shows one task, with the plan that every candidate has for it.
    The action books one of these plans, or rejects the task.

    ## Observation Space

    `Dict(task, nodes, links)` of float32 boxes, scaled to order 1 by fixed constants.
    `orbit_gym.observation.FIELDS` lists the columns with bounds and meanings.

    | Block | Shape | What it holds |
    | --- | --- | --- |
    | `task` | (T,) | the task to place |
    | `nodes` | (candidates, F) | satellites by delay from the origin, then datacentres |
    | `links` | (candidates, terminals + 2, L) | laser terminals and the two best ground contacts |

    ## Action Space

    `Discrete(n_candidates + 1)`, and one more for each further kind of `actions`.

    | Action | Meaning |
    | --- | --- |
    | 0 to n_candidates - 1 | book the plan of this row of `nodes` |
    | n_candidates | reject the task; always valid |

    `action_masks()` says which are valid; a masked action counts as a rejection.

    ## Rewards

    The sum of the terms of `info["reward_terms"]`.
    The `[reward]` section of a scenario has the prices.

    | Term | Price | What it is |
    | --- | --- | --- |
    | `delivered_value` | 1 | the task's value when it is booked, if its plan is in time |
    | `revoked_value` | 1 | value that faults take back |
    | `energy_cost` | 0 | minus the joules of the plan |

    ## Starting State

    `reset` draws day and time, initial charge and memory, and all tasks.
    Actions consume no randomness: one seed is one episode, whatever is done in it.

    ## Episode End

    - Truncated at the first task that is released at or after `episode_s` of the scenario.
    - `terminated` stays False.
    - `info["episode_metrics"]` of the last step holds the metrics.

    ## Arguments

    | Argument | Default | What it takes |
    | --- | --- | --- |
    | `scenario` | `"ThreeBody12"` | a name of the catalogue, a path, a dict or a `Scenario` |
    | `overrides` | None | single keys of it, as `{"workload.load": 1.3}` |
    | `split` | `"train"` | days to draw from: `"train"`, `"validation"` or `"test"` |
    | `render_mode` | None | `"rgb_array"` for pictures, `"human"` for a window |
    | `actions` | `("reject",)` | kinds after the candidates, for instance also `"earliest"` |

    ## Options of reset

    - `start_s`: second of the day at which the episode begins, 0 to 86,400.
    - `day`: one of the days of the split, counted from the epoch.
    - `load`, `mix`, `slack_scale` and `polarimeters` of the workload.

    ## Version History

    - v0: first release.
    """

    metadata = {"render_modes": ["human", "rgb_array"], "render_fps": RENDER_FPS}

    def __init__(
        self,
        scenario: str | Mapping[str, Any] | Scenario = "ThreeBody12",
        overrides: Mapping[str, Any] | None = None,
        split: str = "train",
        render_mode: str | None = None,
        actions: Sequence[str] = DEFAULT_KINDS,
    ) -> None:
        """Read and check the scenario; Worlds are compiled when a day is first drawn.

        ValueError says what to type instead.
        """
        self.render_mode = checked_mode(render_mode, self.metadata["render_modes"])
        self.scenario = load_scenario(scenario, overrides)
        self.split = split
        self._source = EpisodeSource(self.scenario, split, actions)
        self.node_names = self._source.node_names
        self.observation_space: gym.Space[Any]
        self.observation_space, self.action_space = self._source.spaces()
        self._simulation: Simulation | None = None
        self._booking_log = new_booking_log(0)
        self._has_ended = False
        self._renderer = (
            Renderer(self.render_mode, self.scenario, self.node_names) if self.render_mode else None
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
        self._simulation = Simulation(
            self.scenario, world, episode, kinds=self._source.layout.kinds
        )
        self._booking_log = new_booking_log(episode.tasks.size)
        self._has_ended = False  # an episode without any task ends with its first step
        if self._renderer is not None:
            self._renderer.begin(self._simulation, info["day"])
            self._update_window()
        return self._simulation.observe(), info

    def step(self, action: Any) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Place the task at hand and go to the next.

        ValueError for an action outside the space, before anything changes.
        """
        simulation = self.simulation
        index = checked_action(simulation.n_candidates, simulation.n_actions, action)
        if self._has_ended:
            raise RuntimeError("the episode is over; call reset()")
        terms = self._apply(index)
        outcome = simulation.last_outcome
        self._has_ended = bool(outcome["is_over"])
        info: dict[str, Any] = {
            "reward_terms": terms,
            "elapsed_s": float(outcome["elapsed_s"]),
            "invalid_action": bool(outcome["is_invalid"]),
        }
        if self._has_ended:
            info["episode_metrics"] = episode_metrics(simulation, self._booking_log)
        self._update_window()
        return simulation.observe(), sum(terms.values()), False, self._has_ended, info

    def _apply(self, action: int) -> dict[str, float]:
        """Place the task at hand, note what was booked, let pictures follow; returns the reward
        terms.
        """
        simulation, task = self.simulation, self.simulation.task_index
        follows = self._renderer is not None and not simulation.is_over
        if follows:
            self._renderer.before_decision(simulation, action)  # type: ignore[union-attr]
        _, terms = simulation.apply(action)
        self._booking_log.note(task, simulation.last_booking, simulation.last_outcome)
        if follows:
            self._renderer.after_decision(simulation)  # type: ignore[union-attr]
        return terms

    @property
    def booking_log(self) -> BookingLog:
        """What the running episode has booked so far."""
        return self._booking_log

    @property
    def action_layout(self) -> ActionLayout:
        """Which action stands for what."""
        return self._source.layout

    def render(self) -> np.ndarray | None:  # type: ignore[override]
        """The picture of the moment in mode "rgb_array", (720, 1280, 3) uint8.

        In mode "human" the window shows it after each step.
        """
        if self._renderer is None:
            gym.logger.warn(
                "render() shows nothing without a render_mode, e.g. gym.make(..., "
                'render_mode="rgb_array")'
            )
            return None
        picture = self._renderer.frame(self.simulation, self._booking_log)
        return picture if self.render_mode == "rgb_array" else None

    def close(self) -> None:
        """Close the window, if there is one."""
        if self._renderer is not None:
            self._renderer.close()

    def _update_window(self) -> None:
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
        """Return what reports show of the episode: use, charge, outcomes, latencies, places.

        RuntimeError before its end.
        """
        if not self.simulation.is_over:
            raise RuntimeError("the episode is not over yet")
        return episode_details(
            self.simulation.world,
            self.simulation.episode,
            self._booking_log,
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
        """Draw what might have come instead of the running episode, for planners.

        See orbit_gym.workload.arrivals.Arrivals.sample_future.
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
