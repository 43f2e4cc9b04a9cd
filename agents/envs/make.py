"""Environments for the agents: one at a time for evaluation, a vector of them for training."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from stable_baselines3.common.vec_env import DummyVecEnv, VecEnv, VecMonitor

import orbit_gym  # noqa: F401  (registers the environments)
from agents.envs.mixed_vec_env import MixedVecEnv
from agents.envs.native_vec_env import VALUE, NativeVecEnv
from orbit_gym.observation import decode
from orbit_gym.scenario.loading import load_scenario
from orbit_gym.scenario.scenario import Scenario
from orbit_gym.vector import OrbitVectorEnv

# training draws below, rules are tuned from here, validation from 2,000,000, test from 3,000,000
TRAINING_SEEDS = 1_000_000
FOREIGN = "another problem"  # stands for the name of a scenario where the environment is not ours
BASE_ID = "OrbitGym/ThreeBody12-v0"  # takes any scenario by name or path


def make_env(
    scenario: str, split: str = "train", overrides: Mapping[str, Any] | None = None
) -> gym.Env:
    """Make an environment from a name, a path to a TOML file, or a registered id.

    A registered id is one such as OrbitGym/Tiny-v0.
    """
    options: dict[str, Any] = {"split": split, "disable_env_checker": True}
    if overrides:
        options["overrides"] = dict(overrides)
    own_id = f"OrbitGym/{scenario}-v0"
    if re.search(r"-v\d+$", scenario):
        return _make_registered(scenario, options)
    if own_id in gym.registry:
        return gym.make(own_id, **options)
    return gym.make(BASE_ID, scenario=scenario, **options)


def _make_registered(env_id: str, options: dict[str, Any]) -> gym.Env:
    """gym.make with one clear sentence for an id that nobody registered."""
    try:
        return gym.make(env_id, **options)
    except (gym.error.Error, ModuleNotFoundError) as error:
        raise ValueError(f"unknown environment {env_id!r}: {error}") from error
    except TypeError as error:
        raise ValueError(
            f"{env_id!r} cannot be scored here, it does not take the options of OrbitGym's "
            f"environments: {error}"
        ) from error


def native_options(scenario: str) -> dict[str, Any] | None:
    """Return the arguments of the native vector environment for a scenario as typed.

    None where its id is somebody else's.
    """
    if not re.search(r"-v\d+$", scenario):
        return {"scenario": scenario}
    spec = gym.registry.get(scenario)
    if spec is None or spec.vector_entry_point != "orbit_gym.vector:OrbitVectorEnv":
        return None
    return dict(spec.kwargs)


def name_of(scenario: str) -> str:
    """Name of a scenario as typed, by which rules and weights are kept.

    "another problem" where its id is somebody else's.
    """
    options = native_options(scenario)
    return FOREIGN if options is None else load_scenario(options["scenario"]).name


def make_many(
    scenario: str, split: str, count: int, overrides: Mapping[str, Any] | None = None
) -> OrbitVectorEnv | list[gym.Env]:
    """Make environments to play `count` episodes side by side.

    One native batch, or a list where there is none; agents.envs.episode_runner plays them.
    """
    options = native_options(scenario)
    if options is None:
        return [make_env(scenario, split, overrides) for _ in range(count)]
    return OrbitVectorEnv(
        count, **options, split=split, overrides=dict(overrides or {}), autoreset_mode="Disabled"
    )


def scenario_of(envs: OrbitVectorEnv | Sequence[gym.Env]) -> Scenario | None:
    """Scenario that environments play, None where they are not ours."""
    scenario = getattr(
        envs if isinstance(envs, OrbitVectorEnv) else envs[0].unwrapped, "scenario", None
    )
    return scenario if isinstance(scenario, Scenario) else None


class TrainingEpisodes(gym.Wrapper):
    """Draw each episode's seed from this environment's own range and scale rewards.

    Infos are kept small.

    What NativeVecEnv does for a batch of OrbitGym's own, for an environment of any other kind.
    """

    def __init__(
        self,
        env: gym.Env,
        seeds: tuple[int, int],
        rng_key: list[int],
        reward_scale: float,
        regret_reward: bool,
    ) -> None:
        """Take the half-open range of seeds and the key of the generator that draws from it."""
        super().__init__(env)
        self.seeds, self.rng = seeds, np.random.default_rng(rng_key)
        self.reward_scale, self.regret_reward = reward_scale, regret_reward
        self.task_value = 0.0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Start the next episode of the range; a seed from outside is replaced."""
        observation, _ = self.env.reset(seed=int(self.rng.integers(*self.seeds)), options=options)
        self._remember(observation)
        return observation, {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Step and pass on only what training reads."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        reward = (float(reward) - self.task_value * self.regret_reward) * self.reward_scale
        self._remember(observation)
        info_kept = {"elapsed_s": info["elapsed_s"]}
        if "episode_metrics" in info:
            info_kept["episode_metrics"] = info["episode_metrics"]
            info_kept["served_value_fraction"] = info["episode_metrics"]["served_value_fraction"]
        return observation, reward, terminated, truncated, info_kept

    def action_masks(self) -> np.ndarray:
        """Masks of the environment, (n_actions,) bool; sb3-contrib looks for this name."""
        return self.env.unwrapped.action_masks()  # type: ignore[attr-defined]

    def _remember(self, observation: Any) -> None:
        self.task_value = float(decode("task", "value", observation["task"][VALUE]))


def make_vec(
    scenario: str,
    n_envs: int,
    seed: int,
    first_timestep: int = 0,
    overrides: Mapping[str, Any] | None = None,
    reward_scale: float = 1.0,
    regret_reward: bool = False,
    load_range: tuple[float, float] | None = None,
    random_episode_start: bool = False,
) -> VecEnv:
    """Make the training vector.

    Environment i draws from its own part of the seeds below TRAINING_SEEDS.

    A resumed run passes its first_timestep, so that it sees new episodes and still is reproducible.

    """
    return VecMonitor(
        _make_vec(
            scenario,
            n_envs,
            seed,
            first_timestep,
            overrides,
            reward_scale,
            regret_reward,
            load_range,
            random_episode_start,
        )
    )


def make_mixture(
    scenarios: Sequence[str],
    n_envs: int,
    seed: int,
    first_timestep: int = 0,
    reward_scale: float = 1.0,
    regret_reward: bool = False,
    load_range: tuple[float, float] | None = None,
    random_episode_start: bool = False,
) -> VecEnv:
    """Make a training vector whose members are shared out between scenarios.

    As evenly as they can be.
    """
    counts = [len(part) for part in np.array_split(np.arange(n_envs), len(scenarios))]
    if 0 in counts:
        raise ValueError(
            f"{len(scenarios)} scenarios need at least as many environments, got {n_envs}"
        )
    parts = [
        _make_vec(
            name,
            count,
            seed,
            first_timestep,
            None,
            reward_scale,
            regret_reward,
            load_range,
            random_episode_start,
        )
        for name, count in zip(scenarios, counts)
    ]
    return VecMonitor(MixedVecEnv(parts) if len(parts) > 1 else parts[0])


def _make_vec(
    scenario: str,
    n_envs: int,
    seed: int,
    first_timestep: int,
    overrides: Mapping[str, Any] | None,
    reward_scale: float,
    regret_reward: bool,
    load_range: tuple[float, float] | None,
    random_episode_start: bool,
) -> VecEnv:
    """The training vector of one scenario, without a monitor."""
    width = TRAINING_SEEDS // n_envs
    seeds = [(index * width, (index + 1) * width) for index in range(n_envs)]
    keys = [[seed, index, first_timestep] for index in range(n_envs)]
    options = native_options(scenario)
    if options is not None:
        envs = OrbitVectorEnv(
            n_envs,
            **options,
            split="train",
            overrides=dict(overrides or {}),
            autoreset_mode="Disabled",
        )
        return NativeVecEnv(
            envs, seeds, keys, reward_scale, regret_reward, load_range, random_episode_start
        )
    if load_range is not None:
        raise ValueError(f"load_range works with scenarios of this package, not with {scenario}")

    def maker(index: int) -> gym.Env:
        return TrainingEpisodes(
            make_env(scenario, "train", overrides),
            seeds[index],
            keys[index],
            reward_scale,
            regret_reward,
        )

    return DummyVecEnv([lambda i=i: maker(i) for i in range(n_envs)])  # type: ignore[misc]
