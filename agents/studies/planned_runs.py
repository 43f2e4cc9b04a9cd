"""Runs that a plan can be of (agents.studies.ablations): training with gradients, by a recipe, and
policy searches.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, ClassVar

from agents.search.evolve import Evolution, evolve, means_compared, read_search
from agents.training.config import TrainingConfig, recipe_for
from agents.training.train import train
from agents.utils.checkpoints import LAST, load_checkpoint
from orbit_gym.simulation.metric_table import HEADLINE

OWN_OPTIONS = frozenset(
    {"out", "resume", "seed", "recipe", "evaluate", "search"}
)  # settings that are the plan's own business


class Run(ABC):
    """One run of a plan, in a folder of its own."""

    key: ClassVar[str]
    """Entry of a plan that says how its runs go."""
    allowed: ClassVar[frozenset[str]]
    """Settings that a plan may have."""
    metric: ClassVar[str]
    """What comparisons measure,"""
    split: ClassVar[str]
    """and on which episodes."""

    @abstractmethod
    def __init__(self, settings: Mapping[str, Any], seed: int, folder: Path, file: Path) -> None:
        """Take the plan's settings, and the file with what it says under `key`.

        ValueError names a setting that is wrong.
        """

    @abstractmethod
    def check(self) -> None:
        """Read the file; ValueError names what is wrong with it."""

    @abstractmethod
    def is_finished(self) -> bool:
        """Whether the run has reached its length."""

    @abstractmethod
    def go_on(self) -> None:
        """Run from where it stopped, or from the start."""

    @abstractmethod
    def comparisons(self) -> list[float]:
        """What it reached at each comparison, from the start on."""


class TrainingRun(Run):
    """Training with gradients."""

    key = "recipe"
    allowed = frozenset(item.name for item in fields(TrainingConfig)) - OWN_OPTIONS
    metric, split = HEADLINE, "validation"

    def __init__(self, settings: Mapping[str, Any], seed: int, folder: Path, file: Path) -> None:
        """Go on from a checkpoint where the folder has one."""
        self.last = folder / LAST
        self.settings = TrainingConfig(
            **settings,
            seed=seed,
            out=str(folder),
            recipe=str(file),
            resume=self.last.exists(),
            evaluate=False,
        )

    def check(self) -> None:
        """Read the recipe."""
        recipe_for(self.settings)

    def is_finished(self) -> bool:
        """Whether its checkpoint has all timesteps."""
        return (
            self.last.exists()
            and load_checkpoint(self.last)["timesteps"] >= self.settings.timesteps
        )

    def go_on(self) -> None:
        """Train."""
        train(self.settings)

    def comparisons(self) -> list[float]:
        """Validations: served value fraction on the same episodes for all."""
        return [entry[HEADLINE] for entry in load_checkpoint(self.last)["history"]]


class SearchRun(Run):
    """A policy search (agents.search.evolve)."""

    key = "search"
    allowed = frozenset(item.name for item in fields(Evolution)) - OWN_OPTIONS
    metric, split = f"{HEADLINE} over tuned", "tuning seeds"

    def __init__(self, settings: Mapping[str, Any], seed: int, folder: Path, file: Path) -> None:
        """A search's log is all its state."""
        self.settings = Evolution(**settings, seed=seed, out=str(folder), search=str(file))

    def check(self) -> None:
        """Read the search."""
        read_search(self.settings.search)

    def is_finished(self) -> bool:
        """Whether a comparison stands at the last generation."""
        return any(
            done >= self.settings.generations for done, _ in means_compared(Path(self.settings.out))
        )

    def go_on(self) -> None:
        """Search."""
        evolve(self.settings)

    def comparisons(self) -> list[float]:
        """Gains on `tuned`, on seeds of their own."""
        return [mean for _, mean in means_compared(Path(self.settings.out))]


KINDS: tuple[type[Run], ...] = (TrainingRun, SearchRun)


def kind_of(plan: Mapping[str, Any]) -> type[Run]:
    """What a plan's runs are: searches where it has an entry for one, otherwise training."""
    return SearchRun if SearchRun.key in plan else TrainingRun
