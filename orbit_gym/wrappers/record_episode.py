"""RecordEpisode: a Gymnasium wrapper that writes one log an episode."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium as gym

from orbit_gym.env import Observation, OrbitEnv
from orbit_gym.orbits.epochs import julian_date
from orbit_gym.scenario.loading import scenario_to_dict
from orbit_gym.scenario.models import MODEL_BYTES
from orbit_gym.scenario.task_classes import TASK_CLASSES
from orbit_gym.simulation.graph import node_kind
from orbit_gym.simulation.simulation import checked_action
from orbit_gym.views.episode_log.log import write_log
from orbit_gym.views.episode_log.recorder import Recorder
from orbit_gym.views.episode_log.tables import HOP_KINDS, LINK_KINDS
from orbit_gym.world.ephemeris import midnight_of
from orbit_gym.world.nodes import n_satellites


class RecordEpisode(gym.Wrapper, gym.utils.RecordConstructorArgs):
    """Write the log of every episode that is played to its end.

    Into folder/<scenario>[-<policy>]-<seed>.log.

    Put it around an OrbitEnv without wrappers between that change actions. An episode left before
    its end is not written. episode_trigger, given the number of the episode from 0, says which are
    written; all by default. `path` is the file written last.
    """

    def __init__(
        self,
        env: gym.Env,
        folder: str | os.PathLike[str],
        policy: str = "",
        episode_trigger: Callable[[int], bool] | None = None,
    ) -> None:
        """Take the environment, the folder and a name of who decides.

        ValueError if it is no OrbitEnv.
        """
        gym.utils.RecordConstructorArgs.__init__(
            self, folder=os.fspath(folder), policy=policy, episode_trigger=episode_trigger
        )
        super().__init__(env)
        base = env.unwrapped
        if not isinstance(base, OrbitEnv):
            raise ValueError(
                f"RecordEpisode records orbit_gym's OrbitEnv, got {type(base).__name__}"
            )
        self._base = base
        self.folder, self.policy, self.episode_trigger = Path(folder), policy, episode_trigger
        self.path: Path | None = None
        self._episode = -1
        self._recorder: Recorder | None = None
        self._info: dict[str, Any] = {}

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin an episode."""
        observation, self._info = self.env.reset(seed=seed, options=options)
        self._episode += 1
        is_wanted = self.episode_trigger is None or self.episode_trigger(self._episode)
        self._recorder = Recorder(self._base.simulation) if is_wanted else None
        return observation, dict(self._info)

    def step(self, action: Any) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Note the decision and what it brought; at the end of the episode write the file."""
        recorder = self._recorder
        is_noted = recorder is not None and not self._base.simulation.is_over
        if recorder is not None and is_noted:
            simulation = self._base.simulation
            recorder.decide(checked_action(simulation.n_candidates, simulation.n_actions, action))
        observation, reward, terminated, truncated, info = self.env.step(action)
        if recorder is not None and is_noted:
            recorder.rewarded(info["reward_terms"])
        if recorder is not None and truncated:
            self._recorder = None
            self.path = write_log(
                self.folder / self._file_name(), recorder.log(self._header(info["episode_metrics"]))
            )
        return observation, float(reward), terminated, truncated, info

    def _file_name(self) -> str:
        words = (self._base.scenario.name, self.policy, str(self._info["episode_seed"]))
        return (
            "-".join(re.sub(r"[^\w.@+-]+", "_", word).strip("_") for word in words if word) + ".log"
        )

    def _header(self, metrics: dict[str, float]) -> dict[str, Any]:
        """What one must know to read the arrays."""
        base, world = self._base, self._base.simulation.world
        midnight = midnight_of(base.scenario, int(self._info["day"]))
        units = world.accelerators[: n_satellites(world)]
        return {
            "policy": self.policy,
            "scenario": scenario_to_dict(base.scenario),
            "split": base.split,
            "seed": int(self._info["episode_seed"]),
            "day": int(self._info["day"]),
            "midnight_utc": midnight.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "midnight_jd": sum(julian_date(midnight)),
            "nodes": [
                {"name": name, "kind": node_kind(world, node)}
                for node, name in enumerate(base.node_names)
            ],
            "satellites": {
                name: units[name].tolist()
                for name in ("lanes", "capacity_j", "floor_j", "limit_c", "sink_c")
            },
            "task_classes": list(TASK_CLASSES),
            "models": list(MODEL_BYTES),
            "link_kinds": list(LINK_KINDS),
            "hop_kinds": list(HOP_KINDS),
            "metrics": {name: float(value) for name, value in metrics.items()},
        }
