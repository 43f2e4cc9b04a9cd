"""Tuning a rule's weights: CMA-ES on whole episodes, all candidates of a generation on the same
ones, fresh ones every generation.

The search is replayed from its stored scores, so that it can be interrupted and gone on with: the
log is all its state. Generations, choice among finalists and the final comparison each have a range
of seeds of their own (agents.experimental_protocol).
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import cmaes
import numpy as np

from agents.experimental_protocol import TUNING_SEEDS, compared_loads
from agents.policies.compiled_rollout import play_rule
from agents.policies.rule_registry import RULES
from orbit_gym.kernels.episode import Episode
from orbit_gym.scenario.scenario import Scenario
from orbit_gym.simulation.simulation import Simulation
from orbit_gym.workload.episode_source import EpisodeSource
from orbit_gym.world.layout import World

SNAPSHOTS = 8  # of the search's mean, kept as finalists at equal parts of the budget
MOST_EPISODES = 400  # episodes held in memory, some 1 MB each


class SearchEpisode(NamedTuple):
    """A drawn episode and what some candidate could deliver of it on the relaxed system."""

    world: World
    episode: Episode
    relaxed_value: float


class Episodes:
    """Episodes of a scenario on the training days by seed and load, drawn once."""

    def __init__(self, scenario: Scenario, threads: int = 1) -> None:
        """Take the scenario; threads play episodes side by side."""
        self.scenario = scenario
        self._source = EpisodeSource(scenario, "train")
        self._episodes: OrderedDict[tuple[int, float], SearchEpisode] = OrderedDict()
        self._threads = ThreadPoolExecutor(threads)

    def episode(self, seed: int, load: float) -> SearchEpisode:
        """The episode of a seed at a load."""
        key = (seed, load)
        if key not in self._episodes:
            episode_drawn = self._source.sample_episode(seed, {"load": load})
            relaxed = Simulation(
                self.scenario, episode_drawn.world, episode_drawn.episode
            ).relaxed_on_time()
            value = episode_drawn.episode.tasks["value"][: relaxed.size][relaxed].sum()
            self._episodes[key] = SearchEpisode(
                episode_drawn.world, episode_drawn.episode, float(value)
            )
            if len(self._episodes) > MOST_EPISODES:
                self._episodes.popitem(last=False)
        return self._episodes[key]

    def scores(
        self,
        candidates: Sequence[tuple[int, np.ndarray]],
        seeds: Sequence[int],
        loads: Sequence[float],
    ) -> np.ndarray:
        """Return served value fractions of (rule number, weights), (n_candidates, n_episodes).

        Episodes are of seeds[i] at loads[i].
        """
        items = [self.episode(seed, load) for seed, load in zip(seeds, loads, strict=True)]
        jobs = [(item, rule, weights) for rule, weights in candidates for item in items]
        return np.array(list(self._threads.map(self._share, jobs))).reshape(
            len(candidates), len(items)
        )

    def _share(self, job: tuple[SearchEpisode, int, np.ndarray]) -> float:
        item, rule, weights = job
        value = play_rule(self.scenario, item.world, item.episode, rule, weights.copy()).value
        return value / item.relaxed_value if item.relaxed_value > 0.0 else 1.0


class Log(NamedTuple):
    """What a search has found so far: enough to go on, and to draw its curve."""

    scores: list[list[float]]  # of every generation, one a candidate
    means: list[list[float]]  # the search's mean after every generation


def generation_episodes(
    generation: int, per_load: int, loads: Sequence[float]
) -> tuple[list[int], list[float]]:
    """Seeds and loads of a generation; no seed is used twice.

    ValueError where the tuning range ends.
    """
    count = per_load * len(loads)
    seeds = TUNING_SEEDS[generation * count : (generation + 1) * count]
    if len(seeds) < count:
        raise ValueError(
            f"generation {generation} would leave the seeds below {TUNING_SEEDS.stop}; ask for "
            "fewer episodes"
        )
    return list(seeds), list(loads) * per_load


def search(
    rule: str,
    episodes: Episodes,
    generations: int,
    per_load: int,
    sigma: float,
    seed: int,
    log: Log,
    on_generation: Callable[[Log], Any],
    start: np.ndarray,
) -> Log:
    """Run CMA-ES from the log's end up to so many generations; told(log) is called after each."""
    family = RULES[rule]

    def weights(point: np.ndarray) -> np.ndarray:
        return start + family.steps @ point

    optimiser = cmaes.CMA(mean=np.zeros(start.size), sigma=sigma, seed=seed)
    for generation in range(generations):
        options = [optimiser.ask() for _ in range(optimiser.population_size)]
        if generation >= len(log.scores):
            candidates = [(family.number, weights(point)) for point in options]
            scores = episodes.scores(
                candidates,
                *generation_episodes(generation, per_load, compared_loads(episodes.scenario)),
            )
            log.scores.append(scores.mean(axis=1).tolist())
        optimiser.tell(
            [(point, -score) for point, score in zip(options, log.scores[generation], strict=True)]
        )
        if generation >= len(log.means):
            log.means.append(weights(optimiser.mean).tolist())
            on_generation(log)
    return log


def population(rule: str) -> int:
    """Candidates of a generation: the default of CMA-ES for so many weights."""
    return 4 + int(3 * np.log(len(RULES[rule].terms)))


def finalists(log: Log, start: np.ndarray) -> list[tuple[int, np.ndarray]]:
    """(generations done, mean of the search) at the start and at equal parts of the budget."""
    done = np.unique(np.linspace(0, len(log.means), SNAPSHOTS + 1).round().astype(int))
    return [(0, start), *((int(g), np.array(log.means[g - 1])) for g in done[1:])]


def held_out(
    episodes: Episodes, candidates: Sequence[tuple[int, np.ndarray]], seeds: range
) -> np.ndarray:
    """Scores on seeds of their own, each at every load: (n_candidates, n_seeds, n_loads)."""
    loads = compared_loads(episodes.scenario)
    every_seed = [seed for seed in seeds for _ in loads]
    return episodes.scores(candidates, every_seed, loads * len(seeds)).reshape(
        len(candidates), len(seeds), len(loads)
    )
