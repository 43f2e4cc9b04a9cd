"""Where episodes come from: a scenario, a split and a seed give a World and an Episode.

Single and vector environments share it.
"""

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from functools import partial
from typing import Any, NamedTuple

import gymnasium as gym
import numpy as np

from orbit_gym.actions import DEFAULT_KINDS, ActionLayout, checked_kinds
from orbit_gym.kernels.episode import Episode
from orbit_gym.observation import observation_space
from orbit_gym.orbits.positions import load_orbits
from orbit_gym.scenario.scenario import Scenario, Workload
from orbit_gym.scenario.workload import RECORDING_FIELDS
from orbit_gym.utils.units import DAY_S
from orbit_gym.workload.day_cache import get_arrivals
from orbit_gym.workload.splits import split_days
from orbit_gym.workload.trace_replay import check_origins
from orbit_gym.world.compiler import graph_names
from orbit_gym.world.layout import World

TYPED_WORK = ("script", *RECORDING_FIELDS)  # belongs to the scenario alone
WORKLOAD_OPTIONS = tuple(item.name for item in fields(Workload) if item.name not in TYPED_WORK)


class DrawnEpisode(NamedTuple):
    """One drawn episode and the World it plays in."""

    world: World
    episode: Episode
    info: dict[str, Any]  # episode_seed, day, start_s
    # draws what might have come instead (Arrivals.sample_future)
    sample_future: Callable[[np.random.Generator], Episode]


class EpisodeSource:
    """Draws the episodes of one split of a scenario; the seed and the options decide everything."""

    def __init__(
        self, scenario: Scenario, split: str, kinds: Sequence[str] = DEFAULT_KINDS
    ) -> None:
        """Check the split, the orbits, task files and kinds of actions; Worlds are compiled
        when a day is drawn.
        """
        self.scenario, self.split = scenario, split
        self.days = split_days(split)
        self._orbits = load_orbits(scenario)
        check_origins(scenario, tuple(self._orbits.names))
        self.node_names: tuple[str, ...] = tuple(graph_names(scenario, self._orbits))
        n_satellites = len(self._orbits.names)
        n_nearest = min(scenario.candidates, n_satellites) if scenario.candidates else n_satellites
        self.n_candidates = int(n_nearest + len(scenario.datacentres))
        self.layout = ActionLayout(self.n_candidates, checked_kinds(kinds))

    def spaces(self) -> tuple[gym.spaces.Dict, gym.spaces.Discrete]:
        """Return the spaces of one environment: observation and action."""
        return observation_space(
            self.n_candidates, self.scenario.lasers.terminals
        ), gym.spaces.Discrete(self.layout.n_actions)

    def sample_episode(
        self, episode_seed: int, options: dict[str, Any] | None = None
    ) -> DrawnEpisode:
        """Draw an episode.

        Options: workload fields, start_s (of the day), day (offset of the split). ValueError names
        a wrong one.
        """
        workload, start_s, day = self._read_options(options or {})
        rng = np.random.default_rng(episode_seed)
        random_day, random_start_s = int(rng.choice(self.days)), float(rng.uniform(0.0, DAY_S))
        if workload.script:  # typed by hand, to be followed by hand
            random_day, random_start_s = self.days[0], 0.0
        day = random_day if day is None else day
        start_s = random_start_s if start_s is None else start_s
        arrivals, faults = get_arrivals(self.scenario, day, self._orbits), self.scenario.faults
        episode = arrivals.sample_episode(workload, faults, start_s, rng)
        info = {"episode_seed": episode_seed, "day": day, "start_s": start_s}
        sample_future = partial(arrivals.sample_future, workload, faults, start_s)
        return DrawnEpisode(arrivals.world, episode, info, sample_future)

    def _read_options(self, options: dict[str, Any]) -> tuple[Workload, float | None, int | None]:
        """Split reset options into a workload, a start and a day.

        ValueError names an unknown one.
        """
        allowed = (*WORKLOAD_OPTIONS, "start_s", "day")
        for key in options:
            if key not in allowed:
                raise ValueError(f"unknown reset option {key!r}; choose from {', '.join(allowed)}")
        workload = replace(
            self.scenario.workload,
            **{key: options[key] for key in options if key in WORKLOAD_OPTIONS},
        )
        if workload != self.scenario.workload:
            replace(self.scenario, workload=workload)  # checked like a scenario's own
        start_s = options.get("start_s")
        if start_s is not None and not 0.0 <= float(start_s) <= DAY_S:
            raise ValueError(f"option start_s must be from 0 to {DAY_S:g} seconds, got {start_s}")
        day = options.get("day")
        if day is not None and day not in self.days:
            raise ValueError(
                f"option day must be one of {self.days} (split {self.split!r}), got {day}"
            )
        return workload, None if start_s is None else float(start_s), day
