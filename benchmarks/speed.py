"""Kernel and environment steps per second: python -m benchmarks.speed. A stored stream, half eft_admit, half uniform over valid."""

import statistics
import time

import gymnasium as gym
import numpy as np

import orbit_gym
from orbit_gym import kernel
from orbit_gym.observation import COLUMNS
from orbit_gym.simulation import Simulation

RUNS = 5
SEED = 4_000_000


def stored_stream(env: gym.Env) -> list[int]:
    """Actions of one episode: a coin decides between the earliest on-time plan (or reject) and a uniform valid action."""
    rng = np.random.default_rng(SEED)
    nodes = COLUMNS["nodes"]
    observation, _ = env.reset(seed=SEED)
    actions: list[int] = []
    while True:
        rows = observation["nodes"]
        on_time = rows[:, nodes["plan_on_time"]] > 0.5
        action = int(np.where(on_time, rows[:, nodes["plan_delivery"]], np.inf).argmin()) if on_time.any() else len(rows)
        if rng.random() < 0.5:
            action = int(rng.choice(np.flatnonzero(env.unwrapped.action_masks())))
        actions.append(action)
        observation, _, _, truncated, _ = env.step(action)
        if truncated:
            return actions


def kernel_steps_per_s(env: gym.Env, actions: list[int]) -> float:
    """Compiled steps alone, called from Python once a step with ready arguments."""
    running = env.unwrapped.simulation
    simulation = Simulation(running.scenario, running.world, running.episode)
    arguments = (simulation.world, simulation.state, simulation._scratch, simulation.episode.tasks, simulation.episode.faults)
    buffers = simulation._buffers
    start = time.process_time()
    kernel.play(*arguments, np.array(actions), *buffers)
    return len(actions) / (time.process_time() - start)


def environment_steps_per_s(env: gym.Env, actions: list[int]) -> float:
    """env.step as a user calls it, last step (metrics) left out."""
    env.reset(seed=SEED)
    start = time.process_time()
    for action in actions[:-1]:
        env.step(action)
    return (len(actions) - 1) / (time.process_time() - start)


def main() -> None:
    """Print medians of RUNS for every registered scenario."""
    print(f"orbit_gym {orbit_gym.__version__}: medians of {RUNS} runs, one core, stored stream half eft_admit, half uniform over valid")
    for name in ("ThreeBody12", "Ring12", "CrossPlane12"):
        start = time.process_time()
        env = gym.make(f"OrbitGym/{name}-v0")
        actions = stored_stream(env)
        first_s = time.process_time() - start
        kernel_steps_per_s(env, actions)
        inner = statistics.median(kernel_steps_per_s(env, actions) for _ in range(RUNS))
        outer = statistics.median(environment_steps_per_s(env, actions) for _ in range(RUNS))
        above_us = 1e6 / outer - 1e6 / inner
        print(
            f"{name:14s} {len(actions):6d} decisions   kernel {inner:9,.0f} steps/s   environment {outer:8,.0f} steps/s   "
            f"Python above the kernel {above_us:5.1f} us   first episode {first_s:5.1f} s"
        )


if __name__ == "__main__":
    main()
