"""What tried actions turn out to be worth on training episodes: ``python -m
experiments.action_values --out runs/labels.npz``.

A rule plays; at every `every`-th decision the best few actions and rejection are tried in forks
that go on by the rule to a horizon, all in the episode's own future. That future is one draw of the
arrival process, so each value is unbiased for a network that does not see it (experiments.imitate
--loss gain), and one draw for many decisions teaches more than many draws for few.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro
from tqdm import tqdm

from agents.experimental_protocol import TRAINING_SEEDS
from agents.policies.linear_rule import EFT_ADMIT, choose_many
from agents.policies.planner.planner import EpisodePlanner, LookaheadConfig, Member
from agents.policies.rule_registry import load_weights
from agents.utils.options import PositiveInt, check_ranges
from experiments.demonstrations import Demonstrations, save_demonstrations
from orbit_gym.scenario.loading import load_scenario
from orbit_gym.utils.errors import fail_cleanly
from orbit_gym.utils.kernel_cache import announce_compilation
from orbit_gym.vector import OrbitVectorEnv

SAVED_EVERY = 500  # decisions: what is lost by an interruption
Row = tuple[dict[str, np.ndarray], int, np.ndarray]


@dataclass(frozen=True)
class Labels:
    """Label decisions of training episodes."""

    scenario: str = "ThreeBody12"
    """Catalogue name or path to a TOML file."""
    rule: str = "tuned"
    """Rule that plays and goes on after each try: tuned or eft_admit."""
    decisions: PositiveInt = 5_000
    """Decisions to label; those at which there is nothing to choose do not count."""
    every: PositiveInt = 101
    """Of an episode, every so many decisions are tried: what a place is worth stays alike for
    minutes, so many episodes teach more.
    """
    candidates: int = 5
    """Actions tried, rejection included."""
    horizon_s: float = 600.0
    """How long each try is followed: where it is short, taking a task looks better than it is."""
    wander: float = 0.1
    """Share of decisions at which any valid action is taken, so that states off the rule's path are
    seen too.
    """
    loads: tuple[float, float] = (0.7, 1.4)
    """Range that each episode's load is drawn from."""
    seed: int = 0
    """Decides episodes, loads and wandering."""
    out: str = "runs/labels.npz"
    """File to write."""

    def __post_init__(self) -> None:
        """Check ranges; the planner checks the rest."""
        check_ranges(self)
        if not 0.0 <= self.wander <= 1.0:
            raise ValueError(f"--wander must be from 0 to 1, got {self.wander}")
        if not 0.0 < self.loads[0] <= self.loads[1] < np.inf:
            raise ValueError(f"--loads must be two positive numbers in order, got {self.loads}")
        if self.rule not in ("tuned", "eft_admit"):
            raise ValueError(f"--rule must be tuned or eft_admit, got {self.rule!r}")


def label(options: Labels) -> Path:
    """Write the file and return its path; ValueError before any long work if something is wrong."""
    path = Path(options.out)
    if path.exists():
        raise ValueError(f"{path} exists; choose another --out")
    envs = OrbitVectorEnv(
        1, load_scenario(options.scenario), split="train", autoreset_mode="Disabled", metrics=False
    )
    weights = (
        EFT_ADMIT if options.rule == "eft_admit" else load_weights("tuned", envs.scenario.name)
    )
    announce_compilation()
    path.parent.mkdir(parents=True, exist_ok=True)
    rows: list[Row] = []
    rng = np.random.default_rng([options.seed, 2])
    with tqdm(total=options.decisions, unit=" decisions", desc="labelling", mininterval=5.0) as bar:
        while len(rows) < options.decisions:
            envs.reset(
                seed=int(rng.integers(len(TRAINING_SEEDS))),
                options={"load": float(rng.uniform(*options.loads))},
            )
            for row in labelled(envs, weights, options, rng):
                rows.append(row)
                bar.update()
                if len(rows) % SAVED_EVERY == 0 or len(rows) == options.decisions:
                    save_demonstrations(path, stacked(rows))
                if len(rows) == options.decisions:
                    break
    return path


def stacked(rows: list[Row]) -> Demonstrations:
    """All labelled decisions as arrays."""
    task, nodes, links = (
        np.stack([row[0][name] for row in rows]) for name in ("task", "nodes", "links")
    )
    return Demonstrations(
        task,
        nodes,
        links,
        np.array([row[1] for row in rows], np.int64),
        np.stack([row[2] for row in rows]),
    )


def labelled(
    envs: OrbitVectorEnv, weights: np.ndarray, options: Labels, rng: np.random.Generator
) -> Iterator[Row]:
    """Play the running episode.

    Yields observation, best action and values of every decision tried.
    """
    config = LookaheadConfig(
        candidates=options.candidates,
        futures=1,
        initial_futures=1,
        pool=1,
        horizon_s=options.horizon_s,
        hold_s=0.0,
        z_switch=0.0,
        skips_small=False,
    )
    planner = EpisodePlanner(Member(envs, 0), config, weights, knows_future=True)
    action, step, is_over = np.zeros(1, np.int64), int(rng.integers(options.every)), False
    while not is_over:
        simulation = envs.simulation(0)
        observation, mask = simulation.observe(), simulation.action_masks()
        if step % options.every == 0:
            best = planner.decide()
            if np.isfinite(planner.values).sum() > 1:
                yield observation, best, planner.values.astype(np.float32)
        choose_many(
            observation["task"][None], observation["nodes"][None], mask[None], weights, action
        )
        if rng.random() < options.wander:
            action[0] = rng.choice(np.flatnonzero(mask))
        is_over, step = bool(envs.step(action)[3][0]), step + 1


def main() -> None:
    """Command line."""
    fail_cleanly(lambda: print(f"wrote {label(tyro.cli(Labels))}"))


if __name__ == "__main__":
    main()
