"""Speed figures: python -m benchmarks.speed.

Steps of the kernel and of environments, training, start-up; medians of several runs.

Steps play a stored stream of actions, half `eft_admit`, half uniform over the valid ones, at load
1.0 with every model on.
"""

import dataclasses
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np
import tyro

import orbit_gym
from benchmarks.stream import play_stream
from orbit_gym.observation import COLUMNS
from orbit_gym.simulation.simulation import Simulation
from orbit_gym.vector import OrbitVectorEnv

SEED = 4_000_000
START = "import gymnasium as gym, orbit_gym; gym.make('OrbitGym/ThreeBody12-v0').reset(seed=0)"


@dataclass(frozen=True)
class Options:
    """Measure steps a second, training and start-up."""

    scenarios: tuple[str, ...] = ("ThreeBody12", "Ring12", "CrossPlane12", "Walker100")
    """Scenarios whose steps are counted."""
    runs: int = 5
    """Runs of which the median is printed."""
    max_actions: int = 20_000
    """Longest stream of actions."""
    members: int = 64
    """Members of the vector environment."""
    training: bool = True
    """Train for some seconds, natively and with eight single environments."""
    start_up: bool = True
    """Start processes, with kernels compiled and from nothing (a minute)."""


def choose(rows: np.ndarray, masks: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Choose actions (B,) by a coin.

    Between the earliest on-time plan (or reject) and a uniform valid action.
    """
    column = COLUMNS["nodes"]
    on_time = rows[..., column["plan_on_time"]] > 0.5
    best = np.where(on_time, rows[..., column["plan_delivery"]], np.inf).argmin(axis=-1)
    greedy = np.where(on_time.any(axis=-1), best, rows.shape[-2])
    uniform = np.where(masks, rng.random(masks.shape), -1.0).argmax(axis=-1)
    return np.where(rng.random(len(rows)) < 0.5, greedy, uniform)


def stored_stream(env: gym.Env, max_actions: int = 20_000) -> list[int]:
    """Actions of one episode, or of its beginning."""
    rng = np.random.default_rng(SEED)
    observation, _ = env.reset(seed=SEED)
    actions: list[int] = []
    while len(actions) < max_actions:
        actions.append(
            int(choose(observation["nodes"][None], env.unwrapped.action_masks()[None], rng)[0])
        )
        observation, _, _, truncated, _ = env.step(actions[-1])
        if truncated:
            break
    return actions


def kernel_steps_per_s(env: gym.Env, actions: list[int]) -> float:
    """Compiled steps alone, all in one call."""
    running = env.unwrapped.simulation
    simulation = Simulation(running.scenario, running.world, running.episode)
    start = time.process_time()
    play_stream(*simulation.kernel_arguments, np.array(actions), simulation.decision)
    return len(actions) / (time.process_time() - start)


def environment_steps_per_s(env: gym.Env, actions: list[int]) -> float:
    """env.step as a user calls it, last step (metrics) left out."""
    env.reset(seed=SEED)
    start = time.process_time()
    for action in actions[:-1]:
        env.step(action)
    return (len(actions) - 1) / (time.process_time() - start)


def vector_steps_per_s(members: int, threads: int, steps: int = 150) -> float:
    """Native vector environment, observations delivered; choosing the actions is not counted."""
    envs = OrbitVectorEnv(members, "ThreeBody12", threads=threads, metrics=False)
    rng = np.random.default_rng(SEED)
    observations, _ = envs.reset(seed=SEED)
    spent_s = 0.0
    for step in range(steps + 20):
        actions = choose(observations["nodes"], envs.action_masks(), rng)
        start = time.perf_counter()
        observations = envs.step(actions)[0]
        spent_s += time.perf_counter() - start if step >= 20 else 0.0
    envs.close()
    return members * steps / spent_s


def cartpole_steps_per_s(members: int, steps: int = 300) -> float:
    """Gymnasium's CartPole-v1 in sync mode, random actions drawn beforehand."""
    envs = gym.make_vec("CartPole-v1", members, vectorization_mode="sync")
    envs.reset(seed=SEED)
    actions = np.random.default_rng(SEED).integers(0, 2, (steps, members))
    start = time.perf_counter()
    for row in actions:
        envs.step(row)
    return members * steps / (time.perf_counter() - start)


def training_figures() -> dict[str, float]:
    """Measure frames per second of MaskablePPO on ThreeBody12.

    Native and with eight single environments, and the simulator's share of the time.
    """
    import torch

    from agents.algorithms.registry import build_model
    from agents.envs.make import TrainingEpisodes, make_vec
    from agents.envs.native_vec_env import MemberSeeds
    from agents.envs.problem import Problem
    from agents.training.config import TrainingConfig, recipe_for
    from stable_baselines3.common.vec_env import DummyVecEnv, VecMonitor  # isort: skip

    torch.set_num_threads(1)
    settings = TrainingConfig(timesteps=16_384)
    recipe = recipe_for(settings)
    options = dataclasses.replace(
        recipe.training_options, load_range=None, random_episode_start=False
    )

    def single(index: int) -> gym.Env:
        seeds = MemberSeeds(8, settings.seed)
        env = Problem("ThreeBody12").make_env()
        return TrainingEpisodes(env, seeds.span(index), seeds.rng_key(index), options)

    figures = {}
    native = make_vec("ThreeBody12", 8, settings.seed, options=options)
    dummy = VecMonitor(DummyVecEnv([lambda i=i: single(i) for i in range(8)]))  # type: ignore[misc]
    for name, envs in (("native", native), ("dummy", dummy)):
        spent_s = {"s": 0.0}
        _count_time(envs, "step_wait", spent_s)
        model = build_model(
            settings.algo, recipe.hyperparameters, recipe.network, settings.seed, envs
        )
        model.learn(4_096)
        spent_s["s"], start = 0.0, time.perf_counter()
        model.learn(settings.timesteps, reset_num_timesteps=False)
        whole_s = time.perf_counter() - start
        figures[f"{name} frames/s"], figures[f"{name} share"] = (
            settings.timesteps / whole_s,
            spent_s["s"] / whole_s,
        )
        envs.close()
    return figures


def _count_time(envs: Any, name: str, spent_s: dict[str, float]) -> None:
    """Add up the wall time of a method."""
    method = getattr(envs, name)

    def timed(*arguments: Any) -> Any:
        start = time.perf_counter()
        result = method(*arguments)
        spent_s["s"] += time.perf_counter() - start
        return result

    setattr(envs, name, timed)


def start_up_s(cache: str | None) -> float:
    """Wall time of a new process that imports, makes and resets.

    With a cache folder of its own everything is compiled first.
    """
    environment = dict(os.environ)
    environment.pop("NUMBA_CACHE_DIR", None)
    if cache:
        environment["XDG_CACHE_HOME"] = cache
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", START], check=True, env=environment, stderr=subprocess.DEVNULL
    )
    return time.perf_counter() - start


def median(measure: Callable[[], float], runs: int) -> float:
    """Median of several runs."""
    return statistics.median(measure() for _ in range(runs))


def print_steps(name: str, options: Options) -> None:
    """One line about the steps of a scenario."""
    env = gym.make(f"OrbitGym/{name}-v0", disable_env_checker=True)
    actions = stored_stream(env, options.max_actions)
    kernel_steps_per_s(env, actions)
    inner = median(lambda: kernel_steps_per_s(env, actions), options.runs)
    outer = median(lambda: environment_steps_per_s(env, actions), options.runs)
    print(
        f"{name:16s} {len(actions):6d} decisions   kernel {inner:9,.0f} steps/s   environment "
        f"{outer:8,.0f} steps/s   "
        f"Python above the kernel {1e6 / outer - 1e6 / inner:5.1f} us",
        flush=True,
    )


def main(options: Options) -> None:
    """Print every figure as it comes."""
    print(
        f"orbit_gym {orbit_gym.__version__}: medians of {options.runs} runs; stored stream half "
        "eft_admit, half uniform over valid"
    )
    for name in options.scenarios:
        print_steps(name, options)
    one, two = (
        median(lambda threads=threads: vector_steps_per_s(options.members, threads), options.runs)
        for threads in (1, 2)
    )
    cartpole = median(lambda: cartpole_steps_per_s(options.members), options.runs)
    print(
        f"native vector environment, {options.members} x ThreeBody12: {one:,.0f} steps/s; two "
        f"threads {two:,.0f} ({two / one:.2f} x); "
        f"CartPole-v1 in sync mode {cartpole:,.0f}",
        flush=True,
    )
    if options.training:
        print_training(training_figures())
    if options.start_up:
        with tempfile.TemporaryDirectory() as folder:
            cold_s = start_up_s(folder)
            ready = median(lambda: start_up_s(folder), 3)
        print(
            f"new process to the first observation: {ready:.1f} s; compiling from nothing "
            f"{cold_s:.0f} s"
        )


def print_training(figures: dict[str, float]) -> None:
    """One line about MaskablePPO."""
    parts = [
        f"{name} {figures[f'{name} frames/s']:,.0f} frames/s, simulator "
        f"{figures[f'{name} share']:.0%}"
        for name in ("native", "dummy")
    ]
    ratio = figures["native frames/s"] / figures["dummy frames/s"]
    print(
        f"MaskablePPO, 8 x ThreeBody12, {'; '.join(parts)} (dummy: eight single environments); "
        f"ratio {ratio:.2f}",
        flush=True,
    )


if __name__ == "__main__":
    main(tyro.cli(Options))
