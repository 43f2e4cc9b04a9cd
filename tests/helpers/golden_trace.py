"""Golden traces: what an environment returns over a stored stream of actions, small enough to
commit.

A trace holds two kinds of figures. ``choices_sha256`` is a hash of what is whole or boolean (masks,
candidates, which tasks were booked): it is the same on every machine. Sums of the observation's
columns, of the rewards and of the episode's metrics are rounded and compared with a tolerance.
``bits_sha256`` is a hash of every bit returned; it is promised on one machine with one numba
version only, so it is compared on request (``pytest --golden-bits``).
"""

import hashlib
import json
from pathlib import Path
from typing import Any, NamedTuple

import gymnasium as gym
import numpy as np

import orbit_gym  # noqa: F401 (registers the environments)
from orbit_gym.observation import COLUMNS
from orbit_gym.scenario.loading import REGISTERED, VARIANTS

FOLDER = Path(__file__).resolve().parent.parent / "golden"
SEED = 20_260_802  # of no split: traces are played for their bits, not for a score
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJ"  # one an action in a stored stream
N_ACTIONS = 400  # of the longest stored stream
EPISODE_LOADS = {"StarCompute2800": 0.0004, "Walker100": 0.004, "tight-downlink": 0.06, "Tiny": 1.0}
THIN_LOAD = 0.04  # of a whole episode elsewhere
SIGNIFICANT_DIGITS = 12


class Case(NamedTuple):
    """One trace: the first decisions of an episode at the scenario's own load, or a whole thin
    episode with its metrics.
    """

    scenario: str
    is_whole: bool

    @property
    def file(self) -> Path:
        """Where the trace is stored."""
        return FOLDER / f"{self.scenario}{'-episode' if self.is_whole else ''}.json"


def cases() -> list[Case]:
    """Every scenario of the catalogue, registered or not."""
    return [Case(name, is_whole) for name in REGISTERED + VARIANTS for is_whole in (False, True)]


def make(case: Case) -> gym.Env:
    """The environment under its own id where it has one, else as a variant."""
    if case.scenario in REGISTERED:
        return gym.make(f"OrbitGym/{case.scenario}-v0", split="validation")
    return gym.make("OrbitGym/ThreeBody12-v0", scenario=case.scenario, split="validation")


def options(case: Case) -> dict[str, float]:
    """What reset is given: a thin load where the whole episode is played."""
    if not case.is_whole:
        return {}
    return {"load": EPISODE_LOADS.get(case.scenario, THIN_LOAD)}


def play(case: Case, stream: str | None) -> dict[str, Any]:
    """The trace of a case under a stored stream.

    Without one, a stream is drawn: half at random, half the first delivery.
    """
    env = make(case)
    recorder, rng = _Recorder(), np.random.default_rng(SEED)
    observation, _ = env.reset(seed=SEED, options=options(case))
    actions, truncated, info = "", False, {}
    while not truncated and len(actions) < (N_ACTIONS if stream is None else len(stream)):
        mask = env.unwrapped.action_masks()  # type: ignore[attr-defined]
        candidates = env.unwrapped.candidate_nodes  # type: ignore[attr-defined]
        action = (
            _draw(observation, mask, rng) if stream is None else LETTERS.index(stream[len(actions)])
        )
        actions += LETTERS[action]
        recorder.note(observation, mask, candidates)
        observation, reward, terminated, truncated, info = env.step(action)
        recorder.note_step(float(reward), terminated, truncated, info)
    recorder.note(observation, env.unwrapped.action_masks(), env.unwrapped.candidate_nodes)  # type: ignore[attr-defined]
    if case.is_whole and not truncated:
        raise ValueError(
            f"{case.file.name}: its episode goes on after {len(actions)} decisions; choose a "
            "thinner load in EPISODE_LOADS"
        )
    return {
        "scenario": case.scenario,
        "seed": SEED,
        "actions": actions,
        **recorder.trace(info.get("episode_metrics")),
    }


def _draw(observation: dict[str, np.ndarray], mask: np.ndarray, rng: np.random.Generator) -> int:
    """A valid action: at random, or the earliest delivery, so that queues grow and plans differ."""
    if rng.random() < 0.5 or not mask[:-1].any():
        return int(rng.choice(np.flatnonzero(mask)))
    return int(
        np.where(
            mask[:-1], observation["nodes"][:, COLUMNS["nodes"]["plan_delivery"]], np.inf
        ).argmin()
    )


class _Recorder:
    """Hashes and sums of what was returned.

    The weights 1, 2, 3, ... tell an order from another of the same sum.
    """

    def __init__(self) -> None:
        self.choices, self.bits = hashlib.sha256(), hashlib.sha256()
        self.sums: dict[str, np.ndarray] = {}
        self.rewards: list[float] = []
        self.elapsed: list[float] = []
        self.n_seen = 0

    def note(
        self, observation: dict[str, np.ndarray], mask: np.ndarray, candidates: np.ndarray
    ) -> None:
        self.n_seen += 1
        for array in (mask.astype(np.uint8), candidates.astype(np.int64)):
            self.choices.update(array.tobytes())
        for block, array in observation.items():
            self.bits.update(array.tobytes())
            rows = array.reshape(-1, array.shape[-1]).astype(np.float64)
            weights = self.n_seen + np.arange(1, len(rows) + 1) / 100.0
            self.sums[block] = self.sums.get(block, 0.0) + weights @ rows

    def note_step(
        self, reward: float, terminated: bool, truncated: bool, info: dict[str, Any]
    ) -> None:
        self.choices.update(bytes([reward > 0.0, terminated, truncated, info["invalid_action"]]))
        self.bits.update(
            np.float64([reward, info["elapsed_s"], *info["reward_terms"].values()]).tobytes()
        )
        self.rewards.append(reward)
        self.elapsed.append(info["elapsed_s"])

    def trace(self, metrics: dict[str, float] | None) -> dict[str, Any]:
        """The committed form."""
        order = np.arange(1, len(self.rewards) + 1)
        trace: dict[str, Any] = {
            "choices_sha256": self.choices.hexdigest(),
            "bits_sha256": self.bits.hexdigest(),
            "reward_sums": _rounded([sum(self.rewards), order @ self.rewards]),
            "elapsed_sums_s": _rounded([sum(self.elapsed), order @ self.elapsed]),
            "observation_sums": {block: _rounded(sums) for block, sums in self.sums.items()},
        }
        if metrics is not None:
            trace["metrics"] = {name: _rounded([value])[0] for name, value in metrics.items()}
        return trace


def _rounded(values: Any) -> list[float]:
    return [float(f"{value:.{SIGNIFICANT_DIGITS}g}") for value in values]


def write(case: Case) -> None:
    """Store the trace of a case that has none."""
    FOLDER.mkdir(exist_ok=True)
    case.file.write_text(json.dumps(play(case, None), indent=1) + "\n", encoding="utf-8")


def read(case: Case) -> dict[str, Any]:
    """The stored trace of a case; FileNotFoundError says how to make it."""
    if not case.file.is_file():
        raise FileNotFoundError(
            f"{case.file.name} is missing: `pytest tests/test_golden.py --write-golden` writes it"
        )
    return json.loads(case.file.read_text(encoding="utf-8"))
