"""Results read back from a folder: names in rank order, values by seed, paired differences on the
seeds that two policies share.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from agents.utils.checkpoints import read_json
from agents.utils.statistics import interquartile_mean, t_interval
from orbit_gym.simulation.metric_table import HEADLINE, SHARES

RESULTS, DETAILS = "results.json", "details.json"
CLASS_SUFFIX = "." + HEADLINE
MOST_FOCUS = 7  # policies with a colour of their own; the others are drawn in grey


class Estimate(NamedTuple):
    """A mean over episodes with its 95 % t-interval; NaN where it does not exist."""

    mean: float
    low: float
    high: float
    n: int
    iqm: float = float("nan")
    better: int = 0  # of a paired difference: episodes in which it is positive

    @property
    def is_certain(self) -> bool:
        """True if the interval excludes zero."""
        return bool(self.low > 0.0 or self.high < 0.0)


def estimate(values: np.ndarray) -> Estimate:
    """Estimate of the mean of values (n,), of which some may be NaN."""
    finite_values = values[np.isfinite(values)]
    if not finite_values.size:
        return Estimate(float("nan"), float("nan"), float("nan"), 0)
    low, high = t_interval(finite_values)
    return Estimate(
        float(finite_values.mean()),
        low,
        high,
        finite_values.size,
        interquartile_mean(finite_values),
        int((finite_values > 0.0).sum()),
    )


@dataclass(frozen=True)
class Results:
    """One results.json with its details.json, if there is one."""

    folder: Path
    content: dict[str, Any]
    details: dict[str, Any] | None
    reference: str
    _values: dict[tuple[str, str], dict[int, float]] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """Policies, best mean headline first."""
        means = {name: self.estimate(name, HEADLINE).mean for name in self.content["policies"]}
        return sorted(means, key=lambda name: -np.nan_to_num(means[name], nan=-1.0))

    @property
    def title(self) -> str:
        """Scenario and what was changed in it."""
        changes = [
            f"{key.rpartition('.')[2]} {value:g}"
            for key, value in self.content.get("overrides", {}).items()
        ]
        return ", ".join([str(self.content["scenario"]), *changes])

    @property
    def n_episodes(self) -> int:
        """Seeds of the evaluation; single policies may have played fewer."""
        return len(self.content["seeds"])

    @property
    def classes(self) -> list[str]:
        """Task classes that have a headline of their own."""
        names = dict.fromkeys(
            metric for metrics in self.content["policies"].values() for metric in metrics
        )
        return [
            metric.removesuffix(CLASS_SUFFIX) for metric in names if metric.endswith(CLASS_SUFFIX)
        ]

    def label(self, name: str) -> str:
        """Name for tables."""
        return str(self.content.get("labels", {}).get(name, name))

    def has(self, metric: str) -> bool:
        """True if some policy has this metric, or both parts of this share."""
        needed = SHARES.get(metric, (metric,))
        return any(
            all(part in metrics for part in needed) for metrics in self.content["policies"].values()
        )

    def by_seed(self, name: str, metric: str) -> dict[int, float]:
        """Value of a metric, or of a share of SHARES, in each episode, by seed.

        NaN where it does not exist.
        """
        if (name, metric) not in self._values:
            self._values[name, metric] = self._read(name, metric)
        return self._values[name, metric]

    def _read(self, name: str, metric: str) -> dict[int, float]:
        if metric in SHARES:
            part, total = (self.by_seed(name, metric_name) for metric_name in SHARES[metric])
            return {
                seed: part[seed] / total[seed] if total.get(seed) else float("nan") for seed in part
            }
        episodes = self.content["policies"][name].get(metric, {}).get("episodes", [])
        values = [float("nan") if value is None else float(value) for value in episodes]
        return dict(
            zip(self.content["seeds"], values)
        )  # a slow policy may have played only the first seeds

    def values(self, name: str, metric: str) -> np.ndarray:
        """Values over episodes, (n_episodes,), NaN where they do not exist."""
        return np.array(list(self.by_seed(name, metric).values()))

    def estimate(self, name: str, metric: str) -> Estimate:
        """Mean and interval of a metric."""
        return estimate(self.values(name, metric))

    def paired(self, name: str, other: str, metric: str = HEADLINE) -> Estimate:
        """Estimate of name minus other, episode by episode, on the seeds that both have played."""
        first, theirs = self.by_seed(name, metric), self.by_seed(other, metric)
        return estimate(np.array([first[seed] - theirs[seed] for seed in first if seed in theirs]))

    def runs(self) -> dict[str, dict[str, Any]]:
        """Configuration and history of the trained runs among the policies."""
        return {name: record for name, record in self.content.get("runs", {}).items() if record}

    def focus(self) -> list[str]:
        """At most MOST_FOCUS policies that get a colour: reference, trained runs, then the best.

        In rank order.
        """
        first = [self.reference, *self.runs(), *self.names]
        names = set(
            list(dict.fromkeys(name for name in first if name in self.content["policies"]))[
                :MOST_FOCUS
            ]
        )
        return [name for name in self.names if name in names]

    def winner(self, metric: str, is_high_good: bool = True) -> str | None:
        """Return the best policy of a metric, or None.

        None unless its paired difference from the next best excludes zero.
        """
        sign = 1.0 if is_high_good else -1.0
        means = {name: sign * self.estimate(name, metric).mean for name in self.names}
        ranked = sorted(
            (name for name in means if np.isfinite(means[name])), key=lambda name: -means[name]
        )
        if len(ranked) < 2:
            return None
        lead = self.paired(ranked[0], ranked[1], metric)
        return ranked[0] if sign * lead.mean > 0.0 and lead.is_certain else None


def load(folder: Path, reference: str | None = None) -> Results:
    """Read a folder of results.

    ValueError with one sentence if it holds none, or if the reference is not among its policies.
    """
    if not folder.is_dir():
        raise ValueError(
            f"{folder} is not a folder; give one that agents.evaluate or train.py has written"
        )
    if not (folder / RESULTS).is_file():
        raise ValueError(
            f"{folder} holds no results: {folder / RESULTS} is missing; write it with: python -m "
            f"agents.evaluate --out {folder}"
        )
    content = read_json(folder / RESULTS)
    try:
        policies, seeds = content["policies"], content["seeds"]
        counts = [
            len(item["episodes"]) for metrics in policies.values() for item in metrics.values()
        ]
        is_sound = (
            bool(content["scenario"])
            and max(counts) <= len(seeds)
            and all(HEADLINE in metrics for metrics in policies.values())
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(
            f"{folder / RESULTS} is not a results.json of agents.evaluate "
            f"({type(error).__name__}: {error})"
        ) from error
    if not is_sound:
        raise ValueError(
            f"{folder / RESULTS} is not a results.json of agents.evaluate: scenario, {HEADLINE} "
            "or seeds are missing"
        )
    if reference is not None and reference not in policies:
        raise ValueError(
            f"--reference {reference!r} is not among the policies of {folder}: "
            f"{', '.join(policies)}"
        )
    names = (
        reference
        or content.get("reference")
        or ("eft_admit" if "eft_admit" in policies else next(iter(policies)))
    )
    return Results(
        folder,
        content,
        _details(folder / DETAILS),
        names if names in policies else next(iter(policies)),
    )


def _details(path: Path) -> dict[str, Any] | None:
    """details.json, None if there is none (results of an older version, or of a foreign
    environment).
    """
    if not path.is_file():
        return None
    content = read_json(path)
    if not isinstance(content, dict) or content.get("version") != 1 or "policies" not in content:
        raise ValueError(
            f"{path} is not a details.json of this version; delete it to make the report without it"
        )
    return content


def folders_of_results(paths: Sequence[str]) -> list[Path]:
    """Return the folders, each replaced by those inside it where it holds no results.

    Inside it means directly inside, and with results.
    """
    folders: list[Path] = []
    for name in paths:
        folder = Path(name)
        nested = (
            sorted(path.parent for path in folder.glob(f"*/{RESULTS}")) if folder.is_dir() else []
        )
        folders += nested if nested and not (folder / RESULTS).is_file() else [folder]
    return list(dict.fromkeys(folders))
