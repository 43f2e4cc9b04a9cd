"""Schedulers without learning, by name; each reads only the observation.

Most are a cost per candidate row, lower is better and infinity is never chosen: the row of least
cost among the valid ones is taken (ties to the lowest row), and the task is rejected if there is
none. A new one is a function under `@heuristic`. A package of its own adds one by that decorator
or by an entry point:

    [project.entry-points."orbit_gym.heuristics"]
    cool_first = "my_package.rules:cool_first"
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from agents.policies.protocol import Observation, valid_rows
from orbit_gym.observation import COLUMNS
from orbit_gym.utils.plugins import install_plugins
from orbit_gym.utils.suggestions import choices

GROUP = "orbit_gym.heuristics"
NEVER_CHOSEN = np.inf
LAST_RESORT = 2.0  # more than any column in [0, 1]: sorts a group behind another


@dataclass(frozen=True)
class View:
    """A batch of observations with the rows that may be chosen."""

    observation: Observation
    valid: np.ndarray  # (batch, n_candidates) bool

    def node(self, name: str) -> np.ndarray:
        """Return a column of the nodes block, (batch, n_candidates) float64.

        Sums of float32 columns then keep their order.
        """
        return self.observation["nodes"][..., COLUMNS["nodes"][name]].astype(np.float64)

    def choose(self, cost: np.ndarray) -> np.ndarray:
        """Row of least cost among the valid ones, (batch,) int64.

        n_candidates (reject) where no cost is finite.
        """
        cost = np.where(self.valid, cost, NEVER_CHOSEN)
        row = cost.argmin(axis=1)
        best = cost[np.arange(len(row)), row]
        return np.where(np.isfinite(best), row, cost.shape[1])


class Heuristic:
    """Adapt a function that decides on batches to the policy protocol."""

    def __init__(self, seed: int = 0) -> None:
        """Take a seed, for those that draw."""

    def predict(
        self,
        observation: Observation,
        state: Any = None,
        episode_start: np.ndarray | None = None,
        deterministic: bool = True,
        action_masks: np.ndarray | None = None,
    ) -> tuple[Any, Any]:
        """Return (actions, next state) for one observation or a batch."""
        is_single = observation["task"].ndim == 1
        if is_single:
            observation = {key: value[None] for key, value in observation.items()}
            action_masks = None if action_masks is None else np.asarray(action_masks)[None]
        view = View(observation, valid_rows(observation, action_masks))
        actions, state = self.decide(view, state, episode_start)
        return (actions[0] if is_single else actions), state

    def decide(
        self, view: View, state: Any, episode_start: np.ndarray | None
    ) -> tuple[np.ndarray, Any]:
        """Return the actions (batch,) and the next state."""
        raise NotImplementedError


class Ranked(Heuristic):
    """Least cost wins."""

    def __init__(self, cost: Callable[[View], np.ndarray]) -> None:
        """Take a function from a View to costs (batch, n_candidates)."""
        self.cost = cost

    def decide(
        self, view: View, state: Any, episode_start: np.ndarray | None
    ) -> tuple[np.ndarray, Any]:
        """Choose the valid row of least cost."""
        return view.choose(self.cost(view)), state


class Random(Heuristic):
    """Uniform over the valid rows and rejection."""

    def __init__(self, seed: int = 0) -> None:
        """Seed the policy's own generator."""
        self.rng = np.random.default_rng(seed)

    def decide(
        self, view: View, state: Any, episode_start: np.ndarray | None
    ) -> tuple[np.ndarray, Any]:
        """Draw one number per allowed action; the largest wins."""
        batch, n = view.valid.shape
        allowed = np.concatenate([view.valid, np.ones((batch, 1), bool)], axis=1)
        return np.where(allowed, self.rng.random((batch, n + 1)), -1.0).argmax(axis=1), state


class RoundRobin(Heuristic):
    """The next valid row after the one used last.

    The state is that row, -1 at the start of an episode.
    """

    def decide(
        self, view: View, state: Any, episode_start: np.ndarray | None
    ) -> tuple[np.ndarray, Any]:
        """Choose the first valid row in cyclic order."""
        batch, n = view.valid.shape
        last = np.full(batch, -1) if state is None else np.asarray(state)
        if episode_start is not None:
            last = np.where(episode_start, -1, last)
        actions = view.choose((np.arange(n)[None] - last[:, None] - 1) % n)
        return actions, np.where(actions == n, last, actions)


Cost = Callable[[View], np.ndarray]
HEURISTICS: dict[str, Cost | type[Heuristic]] = {"random": Random, "round_robin": RoundRobin}


def heuristic(cost: Cost) -> Cost:
    """Add a function from a View to costs (batch, n_candidates), under its own name."""
    register_heuristic(cost.__name__, cost)
    return cost


def register_heuristic(name: str, scheduler: Cost | type[Heuristic]) -> None:
    """Add a heuristic under the name that --policies takes.

    It is a function from a View to costs (batch, n_candidates), or a subclass of Heuristic, which
    is made with a seed. Registering the same again changes nothing. TypeError for what is neither,
    ValueError for a name that is no word or that another heuristic has.
    """
    if not callable(scheduler) or (
        isinstance(scheduler, type) and not issubclass(scheduler, Heuristic)
    ):
        raise TypeError(
            f"heuristic {name!r} must be a function of a View or a subclass of Heuristic, got "
            f"{scheduler!r}"
        )
    if not re.fullmatch(r"[\w-]+", name):
        raise ValueError(f"heuristic {name!r} must be called by letters, digits, - and _")
    if HEURISTICS.setdefault(name, scheduler) is not scheduler:
        raise ValueError(f"there is a heuristic {name!r} already; choose another name")


def heuristic_names() -> tuple[str, ...]:
    """Names of all heuristics, those of installed packages included."""
    install_plugins(GROUP, register_heuristic)
    return tuple(HEURISTICS)


def make_heuristic(name: str, seed: int = 0) -> Heuristic:
    """Make a heuristic by name (the seed is for those that draw); ValueError for an unknown one."""
    if name not in heuristic_names():
        raise ValueError(f"unknown heuristic {name!r}; {choices(name, HEURISTICS)}")
    scheduler = HEURISTICS[name]
    return scheduler(seed) if isinstance(scheduler, type) else Ranked(scheduler)


@heuristic
def origin_first(view: View) -> np.ndarray:
    """Where the task appeared, else the nearest."""
    return np.where(view.node("is_origin") > 0.5, -1.0, nearest(view))


@heuristic
def nearest(view: View) -> np.ndarray:
    """First valid row: rows stand in order of empty-network delay, datacentres last."""
    return np.broadcast_to(np.arange(view.valid.shape[1], dtype=np.float64), view.valid.shape)


@heuristic
def least_loaded(view: View) -> np.ndarray:
    """Least work booked ahead."""
    return view.node("booked_work")


@heuristic
def sunlit_first(view: View) -> np.ndarray:
    """Earliest delivery among nodes in sunlight, else among the rest."""
    return view.node("plan_delivery") + LAST_RESORT * (view.node("sunlit") < 0.5)


@heuristic
def always_ground(view: View) -> np.ndarray:
    """Earliest delivery among the datacentres; rejects if none can."""
    return np.where(view.node("is_satellite") < 0.5, view.node("plan_delivery"), NEVER_CHOSEN)


@heuristic
def never_ground(view: View) -> np.ndarray:
    """Earliest delivery among the satellites; rejects if none can."""
    return np.where(view.node("is_satellite") > 0.5, view.node("plan_delivery"), NEVER_CHOSEN)


@heuristic
def eft(view: View) -> np.ndarray:
    """Earliest delivery, even if late.

    Rejects only what no candidate can deliver within the look-ahead.
    """
    return view.node("plan_delivery")


@heuristic
def eft_admit(view: View) -> np.ndarray:
    """Earliest delivery; rejects what would be late."""
    return np.where(view.node("plan_on_time") > 0.5, view.node("plan_delivery"), NEVER_CHOSEN)


@heuristic
def model_affinity(view: View) -> np.ndarray:
    """Earliest delivery among plans that are in time without loading a model, else `eft`.

    Like it, takes late ones.
    """
    needs_no_load = (view.node("plan_on_time") > 0.5) & (view.node("plan_load") <= 0.0)
    return view.node("plan_delivery") + LAST_RESORT * ~needs_no_load
