"""The kernels against plain NumPy and networkx: python -m benchmarks.plain_step.

Same step, same candidates, results asserted equal.

Both play one stream of actions, half `eft_admit`, half uniform over valid, part by part in turn;
after every step each candidate's plan and the reward are compared. Processor seconds. The kernels'
figure includes writing the observation, which the plain step leaves out.
"""

import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import tyro
from rich.console import Console
from rich.table import Table
from tqdm import tqdm

from benchmarks.speed import choose
from benchmarks.stream import play_stream
from orbit_gym.scenario.loading import load_scenario
from orbit_gym.scenario.scenario import Scenario
from orbit_gym.simulation.simulation import Simulation
from orbit_gym.utils.errors import fail_cleanly
from orbit_gym.views.describe.docs_tables import markdown
from orbit_gym.workload.episode_source import EpisodeSource
from validation.plain.compare import Tally, compare_plans, compare_rewards
from validation.plain.scheduler import PlainSimulation

SEED = 4_000_000  # of no split's convention: neither trained, tuned nor scored on
STEPS = {
    "Tiny": 8,
    "ThreeBody12": 2_000,
    "Ring12": 1_000,
    "CrossPlane12": 1_000,
    "Walker100": 150,
    "StarCompute2800": 6,
}
PARTS = 5  # in turn: first the plain step, then the kernels
REPEATS = 5  # of the kernels' part, each from a copy of the State
HEADER = (
    "scenario",
    "candidates",
    "steps",
    "plans compared",
    "difference",
    "plain steps/s",
    "kernel steps/s",
    "ratio",
)


@dataclass(frozen=True)
class Options:
    """Time the kernels against plain NumPy and networkx, and compare their results."""

    scenarios: tuple[str, ...] = (
        "ThreeBody12",
        "Ring12",
        "CrossPlane12",
        "Walker100",
        "StarCompute2800",
    )
    """Names or .toml files."""
    steps: int = 0
    """Steps of each; 0: as many as the plain step does in some seconds."""
    seed: int = SEED
    """Of the episode and the stream."""


@dataclass
class Duel:
    """Both simulations in one episode, and what their steps cost."""

    scenario: Scenario
    seed: int
    tally: Tally = field(default_factory=Tally)
    plain_s: float = 0.0  # spent in the plain step so far

    def __post_init__(self) -> None:
        """Draw the episode on the validation day and plan its first task in both ways."""
        day = EpisodeSource(self.scenario, "validation").sample_episode(self.seed)
        self.simulation = Simulation(self.scenario, day.world, day.episode)
        self.plain = PlainSimulation(day.world, day.episode, self.scenario.reward)
        self.rng = np.random.default_rng(self.seed)

    def play(self, steps: int) -> Iterator[int]:
        """Play steps, or to the end, and yield the actions.

        Compares every plan and reward, Difference where they differ.
        """
        for _ in range(steps):
            if self.simulation.is_over:
                return
            compare_plans(self.plain, self.simulation, self.tally)
            rows, mask = self.simulation.observe()["nodes"], self.simulation.action_masks()
            action = int(choose(rows[None], mask[None], self.rng)[0])
            _, terms = self.simulation.apply(action)
            begin = time.process_time()
            reward = self.plain.step(action)
            self.plain_s += time.process_time() - begin
            compare_rewards(reward, sum(terms.values()))
            yield action


def kernel_seconds(start: Simulation, actions: list[int]) -> tuple[float, Simulation]:
    """Median processor time of compiled steps from a State, and the Simulation after them."""
    spent_s = []
    for _ in range(REPEATS):
        fork = start.fork()
        begin = time.process_time()
        play_stream(*fork.kernel_arguments, np.array(actions, np.int64), fork.decision)
        spent_s.append(time.process_time() - begin)
    return statistics.median(spent_s), fork


def measure(source: str, options: Options) -> tuple[str, ...]:
    """One scenario's row of the table."""
    scenario = load_scenario(source)
    duel = Duel(scenario, options.seed)
    steps = options.steps or STEPS.get(scenario.name, 100)
    twin = duel.simulation.fork()
    kernel_seconds(twin, [])  # compiled before it is timed
    kernel_s = 0.0
    with tqdm(total=steps, desc=scenario.name, unit="step", leave=False, disable=None) as bar:
        for part in np.array_split(np.arange(steps), min(PARTS, steps)):
            actions = []
            for action in duel.play(part.size):
                actions.append(action)
                bar.update()
            spent_s, twin = kernel_seconds(twin, actions)
            kernel_s += spent_s
    plain_rate, kernel_rate = duel.tally.steps / duel.plain_s, duel.tally.steps / kernel_s
    return (
        scenario.name,
        f"{duel.plain.sizes['n_candidates']}",
        f"{duel.tally.steps:,}",
        f"{duel.tally.plans:,}",
        f"{duel.tally.largest_s:.0e} s" if duel.tally.largest_s else "none",
        f"{plain_rate:,.0f}" if plain_rate >= 10 else f"{plain_rate:.2f}",
        f"{kernel_rate:,.0f}",
        f"{duel.plain_s / kernel_s:,.0f}",
    )


def main() -> None:
    """Print the table, and again as markdown."""
    options = tyro.cli(Options, description=__doc__)
    if options.steps < 0:
        raise ValueError(f"steps must be at least 0, got {options.steps}")
    rows = [measure(source, options) for source in options.scenarios]
    table = Table(*HEADER)
    for row in rows:
        table.add_row(*row)
    Console().print(table)
    print(markdown(HEADER, rows))


if __name__ == "__main__":
    fail_cleanly(main)
