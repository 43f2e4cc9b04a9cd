"""Tune a rule for a scenario: ``python -m agents.search.tune --rule tuned --scenario ThreeBody12``.

Writes the weights with the command, seeds, budget and scores that made them to
agents/weights/tuned/. Interrupted, the same command goes on where it stopped: the search is
replayed from its log in --work.
"""

import shlex
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import tyro
from tqdm import tqdm

from agents.experimental_protocol import (
    CHOICE_SEEDS,
    LOAD_FACTORS,
    TUNING_REPORT_SEEDS,
    TUNING_SEEDS,
    compared_loads,
)
from agents.policies.compiled_rollout import TUNED
from agents.policies.linear_rule import EFT_ADMIT
from agents.policies.rule_registry import FOLDER, RULES, read_weights, weights_file
from agents.search.cma_es import (
    Episodes,
    Log,
    finalists,
    held_out,
    population,
    search,
)
from agents.utils.checkpoints import read_json, write_json
from agents.utils.options import PositiveInt, check_ranges
from agents.utils.provenance import revision
from agents.utils.renamed_keys import with_current_keys
from agents.utils.statistics import Interval, t_interval
from orbit_gym.scenario.loading import load_scenario
from orbit_gym.utils.errors import fail_cleanly
from orbit_gym.utils.kernel_cache import announce_compilation

NOT_OF_THE_SEARCH = (
    "episodes",
    "choice_seeds",
    "report_seeds",
    "threads",
    "out",
    "work",
)  # may change when a search goes on


@dataclass(frozen=True)
class Tuning:
    """Tune a rule's weights for a scenario, on the tuning seeds of the training days."""

    rule: Literal["tuned", "phoenix", "equinox"] = "tuned"
    """Which rule."""
    scenario: str = "ThreeBody12"
    """Catalogue name."""
    episodes: PositiveInt = 4_000
    """Episodes to play in the search; the choice among finalists comes on top."""
    per_load: PositiveInt = 2
    """Episodes of a generation at each of the three loads."""
    sigma: float = 0.3
    """Standard deviation that the search starts with."""
    start: str | None = None
    """Scenario whose weights to start from; by default the rule's own start."""
    seed: int = 0
    """Seed of the search."""
    choice_seeds: PositiveInt = 8
    """Seeds on which the finalists are compared, each at every load."""
    report_seeds: int = 12
    """Seeds on which the winners are compared with half the budget and with eft_admit, each at
    every load.
    """
    threads: PositiveInt = 1
    """Threads that play episodes."""
    out: Path = FOLDER
    """Folder of the weights."""
    work: Path = Path("runs/tune")
    """Folder of the log of an unfinished search."""


def tune(options: Tuning) -> dict[str, Any]:
    """Search, choose, compare, write; ValueError before any long work if something is wrong.

    Returns the content of the file.
    """
    check(options)
    start = (
        read_weights(weights_file(options.rule, options.start, options.out), options.rule)
        if options.start
        else RULES[options.rule].start
    )
    announce_compilation()
    episodes = Episodes(load_scenario(options.scenario), options.threads)
    log = _search(options, episodes, start)
    content = _choose(options, episodes, log, start)
    options.out.mkdir(parents=True, exist_ok=True)
    path = weights_file(options.rule, options.scenario, options.out)
    write_json(path, content)
    print(f"wrote {path}: {_sentence(content)}")
    return content


def check(options: Tuning) -> None:
    """Refuse what cannot work."""
    check_ranges(options)
    for name, limit in (
        ("choice_seeds", len(CHOICE_SEEDS)),
        ("report_seeds", len(TUNING_REPORT_SEEDS)),
    ):
        if getattr(options, name) > limit:
            raise ValueError(
                f"--{name.replace('_', '-')} must be at most {limit}, got {getattr(options, name)}"
            )
    if options.report_seeds < 2:
        raise ValueError(
            f"--report-seeds must be at least 2 for an interval, got {options.report_seeds}"
        )
    if not options.sigma > 0.0:
        raise ValueError(f"--sigma must be positive, got {options.sigma}")
    if generations(options) < 2:
        raise ValueError(
            f"--episodes must pay for two generations, {2 * _per_generation(options)} here; got "
            f"{options.episodes}"
        )


def _per_generation(options: Tuning) -> int:
    return population(options.rule) * options.per_load * len(LOAD_FACTORS)


def generations(options: Tuning) -> int:
    """Generations that the budget pays for."""
    return options.episodes // _per_generation(options)


def _search(options: Tuning, episodes: Episodes, start: np.ndarray) -> Log:
    """Run the search, or go on with it, writing its log after every generation."""
    key = {name: value for name, value in asdict(options).items() if name not in NOT_OF_THE_SEARCH}
    path = options.work / f"{options.scenario}-{options.rule}.json"
    options.work.mkdir(parents=True, exist_ok=True)
    log = Log([], [])
    if path.exists():
        content = with_current_keys(read_json(path))
        if content["config"] != {**key, "start_weights": start.tolist()}:
            raise ValueError(
                f"{path} belongs to a search with other settings; remove it or choose another "
                "--work"
            )
        log = Log(content["scores"], content["means"])
    every_s = 0.5 if sys.stderr.isatty() else 30.0
    with tqdm(
        total=generations(options) * _per_generation(options),
        initial=len(log.means) * _per_generation(options),
        unit=" episodes",
        desc=f"{options.rule} {options.scenario}",
        mininterval=every_s,
    ) as bar:

        def on_generation(log: Log) -> None:
            write_json(
                path,
                {
                    "config": {**key, "start_weights": start.tolist()},
                    "scores": log.scores,
                    "means": log.means,
                },
            )
            bar.set_postfix_str(f"best of generation {max(log.scores[-1]):.3f}", refresh=False)
            bar.update(_per_generation(options))

        return search(
            options.rule,
            episodes,
            generations(options),
            options.per_load,
            options.sigma,
            options.seed,
            log,
            on_generation,
            start,
        )


def _choose(options: Tuning, episodes: Episodes, log: Log, start: np.ndarray) -> dict[str, Any]:
    """Choose among the finalists on seeds of their own, compare the winners on others.

    Content of the weights file.
    """
    number, done = RULES[options.rule].number, generations(options)
    entrants = finalists(Log(log.scores[:done], log.means[:done]), start)
    scores = held_out(
        episodes,
        [*((number, w) for _, w in entrants), (TUNED, EFT_ADMIT)],
        CHOICE_SEEDS[: options.choice_seeds],
    )
    curve, reference = (
        scores[:-1].mean(axis=2),
        scores[-1].mean(axis=1),
    )  # (n_finalists, n_seeds), (n_seeds,)
    best = int(curve.mean(axis=1).argmax())
    best_of_half = int(curve[[at <= done / 2 for at, _ in entrants]].mean(axis=1).argmax())
    rivals = [(number, entrants[best][1]), (number, entrants[best_of_half][1]), (TUNED, EFT_ADMIT)]
    report = held_out(episodes, rivals, TUNING_REPORT_SEEDS[: options.report_seeds])
    told_curve = [
        {"episodes": at * _per_generation(options), "over_eft_admit": _summary(row - reference)}
        for (at, _), row in zip(entrants, curve, strict=True)
    ]
    return {
        "rule": options.rule,
        "scenario": options.scenario,
        "weights": dict(zip(RULES[options.rule].terms, entrants[best][1].tolist(), strict=True)),
        "episodes": entrants[best][0] * _per_generation(options),
        "budget": done * _per_generation(options),
        **_results(report, compared_loads(episodes.scenario)),
        "curve": told_curve,
        "seeds": _seeds(options),
        "command": "python -m agents.search.tune " + shlex.join(sys.argv[1:]),
        "revision": revision(),
    }


def _results(report: np.ndarray, loads: list[float]) -> dict[str, Any]:
    """What the winner scores, from (winner, best of half the budget, eft_admit), each (n_seeds,
    n_loads).
    """
    gain = report[0] - report[2]
    return {
        "score": {f"load {load:g}": _summary(report[0, :, i]) for i, load in enumerate(loads)},
        "over_eft_admit": {f"load {load:g}": _summary(gain[:, i]) for i, load in enumerate(loads)}
        | {"all": _summary(gain.mean(axis=1))},
        "over_half_budget": _summary((report[0] - report[1]).mean(axis=1)),
    }


def _seeds(options: Tuning) -> dict[str, list[int]]:
    """Half-open ranges of the seeds that a result rests on."""
    return {
        name: [seeds.start, seeds.stop]
        for name, seeds in {
            "search": TUNING_SEEDS[: generations(options) * options.per_load * len(LOAD_FACTORS)],
            "choice": CHOICE_SEEDS[: options.choice_seeds],
            "report": TUNING_REPORT_SEEDS[: options.report_seeds],
        }.items()
    }


def _summary(values: np.ndarray) -> dict[str, Any]:
    """Mean and 95 % t-interval over seeds, rounded to what is known of them.

    No interval for one seed.
    """
    ends: Interval = t_interval(values)
    return {
        "mean": round(float(values.mean()), 5),
        "ci95": [None if np.isnan(end) else round(end, 5) for end in ends],
    }


def _sentence(content: dict[str, Any]) -> str:
    gain, half = content["over_eft_admit"]["all"], content["over_half_budget"]
    return (
        f"{gain['mean']:+.4f} {gain['ci95']} over eft_admit, {half['mean']:+.4f} "
        f"{half['ci95']} over half the budget"
    )


def main() -> None:
    """Command line."""
    fail_cleanly(lambda: tune(tyro.cli(Tuning)))


if __name__ == "__main__":
    main()
