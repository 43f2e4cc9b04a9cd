"""OrbitGym's native vector environment as stable-baselines3's VecEnv: same episodes, rewards and
infos as the wrapped single ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np
from stable_baselines3.common.vec_env import VecEnv

from agents.envs.episode_runner import member_metrics
from agents.experimental_protocol import TRAINING_SEEDS
from agents.policies.linear_rule import EFT_ADMIT, choose_many
from orbit_gym.observation import COLUMNS, decode
from orbit_gym.simulation.metric_table import HEADLINE
from orbit_gym.vector import OrbitVectorEnv

VALUE = COLUMNS["task"]["value"]


@dataclass(frozen=True)
class MemberSeeds:
    """Seeds of training episodes, so that members share none but their replicas'."""

    n_envs: int
    seed: int
    first_timestep: int = 0  # of a resumed run
    replicas: int = 1  # so many members in a row play the same episodes

    def __post_init__(self) -> None:
        """ValueError where replicas do not divide the members."""
        if self.replicas < 1 or self.n_envs % self.replicas:
            raise ValueError(
                f"{self.n_envs} environments make no groups of {self.replicas} replicas; "
                f"give a multiple of {self.replicas}, or other replicas in the recipe"
            )

    def span(self, member: int) -> range:
        """Seeds that a member's episodes are drawn from."""
        width = len(TRAINING_SEEDS) // (self.n_envs // self.replicas)
        group = member // self.replicas
        return TRAINING_SEEDS[group * width : (group + 1) * width]

    def rng_key(self, member: int) -> list[int]:
        """Key of the generator that draws them."""
        return [self.seed, member // self.replicas, self.first_timestep]


@dataclass(frozen=True)
class TrainingOptions:
    """How training episodes are begun and rewarded.

    Regret does not change the rank of policies, since tasks do not depend on actions. Episodes that
    begin anywhere in their course are played to there by `eft_admit`: a rollout of short steps over
    many members would see nothing but the beginnings of episodes otherwise, where every queue is
    empty.
    """

    reward_scale: float = 1.0
    """Factor of rewards."""
    regret_reward: bool = False
    """Whether the value of the task is subtracted from each reward: less noise to learn through."""
    load_range: tuple[float, float] | None = None
    """Range that every episode draws its load from, uniformly."""
    random_episode_start: bool = False
    """Whether the first episodes begin anywhere in their course."""
    replicas: int = 1
    """So many environments in a row play the same episodes."""

    def scaled(self, reward: Any, task_value: Any) -> Any:
        """Return what training sees of a reward, and of the value of the task that it is for."""
        return (reward - task_value * self.regret_reward) * self.reward_scale


PLAIN_OPTIONS = TrainingOptions()


class NativeVecEnv(VecEnv):
    """Train on a native vector environment, every member on seeds of its own.

    Members that are over are reset.
    """

    def __init__(
        self,
        envs: OrbitVectorEnv,
        seeds: MemberSeeds,
        options: TrainingOptions = PLAIN_OPTIONS,
    ):
        """Take an environment whose autoreset is disabled."""
        self.envs, self.seeds = envs, seeds  # before VecEnv's own, which asks for attributes
        super().__init__(envs.num_envs, envs.single_observation_space, envs.single_action_space)  # type: ignore[arg-type]
        self.rngs = [
            np.random.default_rng(seeds.rng_key(member)) for member in range(envs.num_envs)
        ]
        self.options = options
        self._actions = np.zeros(envs.num_envs, np.int64)
        self._task_values = np.zeros(envs.num_envs)

    def reset(self) -> Any:
        """Start the next episode of every member's range."""
        observations = self._begin(np.ones(self.num_envs, np.bool_))
        if self.options.random_episode_start:
            observations = self._scattered(observations)
        self._remember(observations)
        return observations

    def step_async(self, actions: np.ndarray) -> None:
        """Keep the actions for step_wait."""
        self._actions = np.asarray(actions, np.int64)

    def step_wait(self) -> Any:
        """Step all members.

        Those that end show their next episode, and their last observation in their info.
        """
        observations, rewards, _, dones, infos = self.envs.step(self._actions)
        scaled = self.options.scaled(rewards, self._task_values)
        rows = [
            {"elapsed_s": elapsed_s, "TimeLimit.truncated": False}
            for elapsed_s in infos["elapsed_s"].tolist()
        ]
        if dones.any():
            for member in np.flatnonzero(dones).tolist():
                rows[member]["terminal_observation"] = {
                    name: block[member] for name, block in observations.items()
                }
                rows[member]["TimeLimit.truncated"] = True
                if "episode_metrics" in infos:
                    rows[member]["episode_metrics"] = member_metrics(infos, member)
                    rows[member][HEADLINE] = rows[member]["episode_metrics"][HEADLINE]
            observations = self._begin(dones)
        self._remember(observations)
        return observations, scaled.astype(np.float32), dones, rows

    def begin_members(self, members: Sequence[int]) -> None:
        """Start the next episodes of members whose own were played to their end elsewhere."""
        mask = np.zeros(self.num_envs, np.bool_)
        mask[list(members)] = True
        self._remember(self._begin(mask))

    def _begin(self, mask: np.ndarray) -> Any:
        """Start episodes for the members of a mask (n_envs,) bool.

        Returns the observations of all.
        """
        members = np.flatnonzero(mask).tolist()
        seeds: list[int | None] = [None] * self.num_envs
        for member in members:
            span = self.seeds.span(member)
            seeds[member] = int(self.rngs[member].integers(span.start, span.stop))
        if self.options.load_range is None:
            return self.envs.reset(seed=seeds, options={"reset_mask": mask})[0]
        for member in members:  # one by one: a reset gives all its members one load
            load = float(self.rngs[member].uniform(*self.options.load_range))
            one = np.arange(self.num_envs) == member
            observations = self.envs.reset(seed=seeds, options={"reset_mask": one, "load": load})[0]
        return observations

    def _scattered(self, observations: Any) -> Any:
        """Play every member to a place in its episode that its own generator draws.

        Returns the observations there.
        """
        decisions = [self._decisions(member) for member in range(self.num_envs)]
        left = np.array(
            [
                int(rng.integers(max(count, 1)))
                for rng, count in zip(self.rngs, decisions, strict=True)
            ]
        )
        actions = np.zeros(self.num_envs, np.int64)
        while (members := np.flatnonzero(left > 0)).size:
            choose_many(
                observations["task"],
                observations["nodes"],
                self.envs.action_masks(),
                EFT_ADMIT,
                actions,
            )
            observations = self.envs.step_members(members, actions)[0]
            left[members] -= 1
        return observations

    def _decisions(self, member: int) -> int:
        """Decisions of a member's episode."""
        episode = self.envs.simulation(member).episode
        return int(np.searchsorted(episode.tasks["release_s"], episode.span_s[1]))

    def _remember(self, observations: Any) -> None:
        self._task_values = decode("task", "value", observations["task"][:, VALUE])

    # --- the rest of the interface

    def close(self) -> None:
        """Close the environment."""
        self.envs.close()

    def env_method(
        self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any
    ) -> list[Any]:
        """Only action_masks, which sb3-contrib asks for: one row a member."""
        if method_name != "action_masks":
            raise AttributeError(
                f"the native vector environment has no method {method_name!r} of single members"
            )
        return list(self.envs.action_masks()[list(self._get_indices(indices))])

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """The same attribute for every member; AttributeError if there is none."""
        return [getattr(self.envs, attr_name)] * len(list(self._get_indices(indices)))

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Refused: members have no attributes of their own."""
        raise AttributeError(
            f"members of the native vector environment have no attribute {attr_name!r} to set"
        )

    def env_is_wrapped(self, wrapper_class: type[gym.Wrapper], indices: Any = None) -> list[bool]:
        """No member is wrapped."""
        return [False] * len(list(self._get_indices(indices)))
