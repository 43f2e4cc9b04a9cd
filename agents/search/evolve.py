"""Search the weights of the bilinear scorer: ``python -m agents.search.evolve --out runs/evolved``.

Policy search in the space of weights: CMA-ES (package `cmaes`) on whole episodes, each one compiled
call, all candidates of a generation on the same ones, fresh ones every generation. Any change of a
policy changes an episode by a hundredth, so credit for single decisions drowns; a change of all
decisions at once does not. Writes a run folder like train.py's, which agents.evaluate plays and
``train.py --from`` goes on from. Interrupted, the same command goes on: its log is all its state.
"""

import shlex
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Annotated, Any

import cmaes
import numpy as np
import torch
import tyro
from tqdm import tqdm

from agents.algorithms.registry import DEFAULT, build_policy, find_algorithm
from agents.experimental_protocol import CHOICE_SEEDS, TUNING_SEEDS
from agents.policies.bilinear_rule import named_weights
from agents.policies.compiled_rollout import BILINEAR, TUNED
from agents.policies.network.rule_prior import make_rule_prior
from agents.policies.network.sb3_policies import NETWORK
from agents.policies.rule_registry import load_weights
from agents.search.cma_es import Episodes
from agents.search.directions import TOWARDS, check_direction, direction, tuned_weights
from agents.training.config import Recipe, TrainingConfig
from agents.training.train import describe_run
from agents.utils.checkpoints import BEST, CONFIG, read_json, save_checkpoint, write_json
from agents.utils.options import PositiveInt, check_ranges
from agents.utils.renamed_keys import with_current_keys
from agents.utils.statistics import t_interval
from orbit_gym.scenario.loading import load_scenario
from orbit_gym.simulation.metric_table import HEADLINE
from orbit_gym.utils.errors import fail_cleanly
from orbit_gym.utils.kernel_cache import announce_compilation
from orbit_gym.workload.episode_source import EpisodeSource

LOG = "search.json"
FOLDER = Path(__file__).resolve().parent.parent / "configs" / "searches"


@dataclass(frozen=True)
class Search:
    """What is searched, over which problems; a JSON file."""

    cases: tuple[tuple[str, float, int], ...]
    """Scenario, load and, where it is not episodes_per_case, episodes of a generation."""
    start: str
    """Scenario whose tuned rule the search starts from."""
    directions: dict[str, float]
    """Names of agents.search.directions with the search's unit of each; null: does not move."""
    initial_mean: dict[str, float] = field(default_factory=dict)
    """Where the search's mean begins in some of its directions; 0 in the others."""
    sigma: float = 0.15
    """Standard deviation that it starts with, in its units."""
    population: int = 24
    """Candidates of a generation."""
    episodes_per_case: int = 1
    """Episodes of a case in a generation."""
    about: str = ""
    """What it is for."""

    def __post_init__(self) -> None:
        """Check everything before any long work."""
        cases = tuple(
            (str(name), float(load), int(*count or (self.episodes_per_case,)))
            for name, load, *count in self.cases
        )
        object.__setattr__(self, "cases", cases)
        for name in self.directions:
            check_direction(name)
        object.__setattr__(
            self,
            "directions",
            {name: scale for name, scale in self.directions.items() if scale is not None},
        )
        if not self.cases or not self.directions:
            raise ValueError("cases and directions must not be empty")
        if foreign := sorted(set(self.initial_mean) - set(self.directions)):
            raise ValueError(f"initial_mean names {foreign[0]!r}, which is not in directions")
        if not np.isfinite(list(self.initial_mean.values())).all():
            raise ValueError("initial_mean must hold finite numbers")
        if not all(scale > 0.0 for scale in (*self.directions.values(), self.sigma)):
            raise ValueError("sigma and the scales in directions must be positive")
        if self.population < 4 or min(count for _, _, count in cases) < 1:
            raise ValueError(
                "population must be at least 4, episodes_per_case and the episodes of every case "
                "at least 1"
            )

    @property
    def mean(self) -> np.ndarray:
        """Where the search's mean begins, in its units."""
        return np.array(
            [self.initial_mean.get(name, 0.0) / scale for name, scale in self.directions.items()]
        )

    @property
    def seeds_each(self) -> int:
        """Seeds that a generation takes."""
        return max(count for _, _, count in self.cases)


@dataclass(frozen=True)
class Evolution:
    """Search the weights of the scorer on whole episodes."""

    search: Annotated[str, tyro.conf.Positional] = "agents/configs/searches/overload.json"
    """JSON file that says what is searched."""
    generations: PositiveInt = 300
    """Generations in all."""
    scenario: str | None = None
    """Scenario whose tuned rule the search starts from, and whose episodes it plays, in place of
    the file's; the shares of load stay.
    """
    every: PositiveInt = 15
    """Generations between two comparisons with `tuned` on seeds of their own; the best is kept."""
    choice_seeds: PositiveInt = 6
    """Seeds of each comparison, in every case."""
    seed: int = 0
    """Of the search and of its episodes: training seeds do not share any."""
    threads: PositiveInt = 2
    """Threads that play episodes."""
    out: str = "runs/evolved"
    """Run folder."""

    def __post_init__(self) -> None:
        """Check ranges."""
        check_ranges(self)
        if not 0 <= self.seed < SEARCHES:
            raise ValueError(f"--seed must be from 0 to {SEARCHES - 1}, got {self.seed}")


SEARCHES = 20  # that can have seeds of episodes for themselves
SEEDS_EACH = len(TUNING_SEEDS) // SEARCHES


def read_search(path: str) -> Search:
    """Read a search; ValueError names what is wrong with the file."""
    content = read_json(Path(path), FOLDER / "overload.json")
    names = [item.name for item in fields(Search)]
    if not isinstance(content, dict) or set(with_current_keys(content)) - set(names):
        raise ValueError(f"{path} must hold one JSON object with some of {', '.join(names)}")
    try:
        return Search(**with_current_keys(content))
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path}: {error}") from error


def moved_to(search: Search, scenario: str) -> Search:
    """The same search from another scenario's tuned rule.

    ValueError where there is none, or the file searches over several scenarios.
    """
    check_direction(TOWARDS + scenario)
    if {name for name, _, _ in search.cases} != {search.start}:
        raise ValueError(
            f"--scenario {scenario} needs a search whose cases are all of the scenario that it "
            f"starts from, {search.start}"
        )
    share = load_scenario(scenario).workload.load / load_scenario(search.start).workload.load
    return replace(
        search,
        start=scenario,
        cases=tuple((scenario, round(load * share, 6), count) for _, load, count in search.cases),
    )


class SearchProblem:
    """The cases of a search, their episodes, and weights from what the search moves."""

    def __init__(self, search: Search, threads: int) -> None:
        """Draw nothing yet."""
        self.search = search
        names = list(dict.fromkeys(name for name, _, _ in search.cases))
        self.episodes = {name: Episodes(load_scenario(name), threads) for name in names}
        self.start = tuned_weights(search.start)
        self.units = np.stack(
            [scale * direction(name, search.start) for name, scale in search.directions.items()]
        )

    def weights(self, coordinates: np.ndarray) -> np.ndarray:
        """Weights of a point of the search."""
        return self.start + coordinates @ self.units

    def scores(self, candidates: Sequence[tuple[int, np.ndarray]], first_seed: int) -> np.ndarray:
        """Return served value fractions in episodes of a generation, (n_candidates, n_episodes).

        Those of every case begin with first_seed.
        """
        rows = [
            self.episodes[name].scores(
                candidates, range(first_seed, first_seed + count), [load] * count
            )
            for name, load, count in self.search.cases
        ]
        return np.concatenate(rows, axis=1)

    def over_tuned(self, weights: np.ndarray, seeds: range) -> np.ndarray:
        """Score less that of each scenario's own tuned rule, (n_cases, n_seeds)."""
        rows = []
        for name, load, _ in self.search.cases:
            scores = self.episodes[name].scores(
                [(BILINEAR, weights), (TUNED, load_weights("tuned", name))],
                seeds,
                [load] * len(seeds),
            )
            rows.append(scores[0] - scores[1])
        return np.stack(rows)


def evolve(options: Evolution) -> Path:
    """Search (or go on) and return the run folder.

    ValueError before any long work if that cannot be done.
    """
    search = read_search(options.search)
    if options.scenario is not None:
        search = moved_to(search, options.scenario)
    if options.generations * search.seeds_each > SEEDS_EACH:
        raise ValueError(
            f"--generations must be at most {SEEDS_EACH // search.seeds_each}, so that searches "
            "share no episode"
        )
    out = Path(options.out)
    log = _log(options, search, out)
    announce_compilation()
    problem = SearchProblem(search, options.threads)
    _run(options, problem, out, log)
    return out


def _log(options: Evolution, search: Search, out: Path) -> dict[str, Any]:
    """The log of a search that was interrupted, or a new one."""
    key = {
        "search": asdict(search) | {"cases": [list(case) for case in search.cases]},
        "seed": options.seed,
    }
    if not (out / LOG).exists():
        if out.is_file() or (out / CONFIG).exists():
            raise ValueError(f"{out} is a file or holds another run; choose another --out")
        out.mkdir(parents=True, exist_ok=True)
        return {"config": key, "scores": [], "means": [], "history": []}
    log = read_log(out)
    if log["config"] != key:
        raise ValueError(f"{out} holds a search with other settings; choose another --out")
    return log


def read_log(out: Path) -> dict[str, Any]:
    """The log of the search in a run folder: its config, scores, means and history."""
    log: dict[str, Any] = with_current_keys(read_json(out / LOG))
    return log


def _run(options: Evolution, problem: SearchProblem, out: Path, log: dict[str, Any]) -> None:
    """Go through the generations; those in the log are told again, not played."""
    search = problem.search
    optimiser = cmaes.CMA(
        mean=search.mean, sigma=search.sigma, seed=options.seed, population_size=search.population
    )
    first_seed = TUNING_SEEDS.start + options.seed * SEEDS_EACH
    every_s = 0.5 if sys.stderr.isatty() else 30.0
    with tqdm(
        total=options.generations,
        initial=len(log["means"]),
        unit=" generations",
        desc="evolve",
        mininterval=every_s,
    ) as bar:
        if not log["history"]:
            _compare(
                options, problem, out, log, 0
            )  # what the search starts from stays if nothing better is found
        for generation in range(options.generations):
            points = [optimiser.ask() for _ in range(search.population)]
            if generation == len(log["scores"]):
                candidates = [(BILINEAR, problem.weights(point)) for point in points]
                scores = problem.scores(candidates, first_seed + generation * search.seeds_each)
                log["scores"].append(scores.mean(axis=1).tolist())
            optimiser.tell(
                [
                    (point, -score)
                    for point, score in zip(points, log["scores"][generation], strict=True)
                ]
            )
            if generation == len(log["means"]):
                log["means"].append(optimiser.mean.tolist())
                if (generation + 1) % options.every == 0 or generation + 1 == options.generations:
                    bar.set_postfix_str(_compare(options, problem, out, log, generation + 1))
                write_json(out / LOG, log)
                bar.update()


def _compare(
    options: Evolution, problem: SearchProblem, out: Path, log: dict[str, Any], done: int
) -> str:
    """Compare the search's mean with `tuned` on seeds of their own, and keep the best as the run's
    policy.
    """
    weights = problem.weights(np.array(log["means"][-1]) if done else np.zeros(len(problem.units)))
    gain = problem.over_tuned(weights, CHOICE_SEEDS[: options.choice_seeds])
    entry = {
        "generations": done,
        "over_tuned": gain.mean(axis=1).tolist(),
        "mean": float(gain.mean()),
    }
    if options.choice_seeds > 1:
        entry["ci95"] = [float(end) for end in t_interval(gain.mean(axis=0))]
    log["history"].append(entry)
    if entry["mean"] >= max(item["mean"] for item in log["history"]):
        save(options, problem, out, weights, log)
    return f"{entry['mean']:+.4f} over tuned"


def means_compared(out: Path) -> list[tuple[int, float]]:
    """(generations, mean gain on `tuned`) of every comparison that a search has made so far.

    Empty where none has begun.
    """
    return (
        [(entry["generations"], entry["mean"]) for entry in read_log(out)["history"]]
        if (out / LOG).exists()
        else []
    )


def save(
    options: Evolution, problem: SearchProblem, out: Path, weights: np.ndarray, log: dict[str, Any]
) -> None:
    """Write the run's policy.

    The network that starts as the rule of the search's start, with the rule that was found in
    its place.
    """
    search = problem.search
    network = NETWORK | {
        "rule": named_weights(problem.start),
        "logit_scale": 128.0,
        "reject_logit_gap": 16.0,
        "residual_bound": 32.0,
    }
    settings = TrainingConfig(scenario=search.cases[0][0], seed=options.seed, out=options.out)
    scenarios = tuple(problem.episodes)
    recipe = Recipe(
        find_algorithm(DEFAULT).hyperparameters, network, scenarios=scenarios, about=search.about
    )
    write_json(
        out / CONFIG,
        describe_run(settings, recipe)
        | {
            "evolution": asdict(options),
            "command": shlex.join(["python", "-m", "agents.search.evolve", *sys.argv[1:]]),
        },
    )
    torch.manual_seed(options.seed)
    policy = build_policy(
        DEFAULT, *EpisodeSource(load_scenario(settings.scenario), "train").spaces(), network
    )
    rule: Any = make_rule_prior(
        network["logit_scale"], network["reject_logit_gap"], named_weights(weights)
    ).rule
    encoder: Any = policy.features_extractor
    encoder.rule.copy_(rule)
    history = [
        {"timesteps": item["generations"], HEADLINE: item["mean"]} for item in log["history"]
    ]
    content = {
        "algo": DEFAULT,
        "network": network,
        "weights": policy.state_dict(),
        "optimizer": {},
        "timesteps": 0,
        "updates": 0,
    }
    save_checkpoint(out / BEST, {**content, "history": history})


def main() -> None:
    """Command line."""
    fail_cleanly(lambda: print(f"wrote {evolve(tyro.cli(Evolution))}"))


if __name__ == "__main__":
    main()
