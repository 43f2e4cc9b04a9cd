"""Decisions to learn from: observations with what an expert chose, and with what look-ahead found
each tried action to be worth.

Files are npz with the arrays of Demonstrations; `values` may be absent, and is NaN for actions that
were not tried.
"""

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from tqdm import tqdm

from agents.envs.native_vec_env import MemberSeeds, NativeVecEnv, TrainingOptions
from agents.policies.protocol import Policy, attach
from agents.utils.checkpoints import write_atomically
from orbit_gym.observation import WIDTH
from orbit_gym.vector import OrbitVectorEnv

MEMBERS = 16  # episodes played side by side while demonstrations are collected


class Demonstrations(NamedTuple):
    """N decisions, padded to the largest number of candidates n and link slots."""

    task: np.ndarray  # (N, T) float32
    nodes: np.ndarray  # (N, n, F) float32
    links: np.ndarray  # (N, n, slots, L) float32
    action: np.ndarray  # (N,) int64, n rejects
    values: np.ndarray  # (N, n + 1) float32 value of each action tried, NaN elsewhere

    @property
    def size(self) -> int:
        """Number of decisions."""
        return len(self.action)

    def observation(self, rows: np.ndarray) -> dict[str, torch.Tensor]:
        """Observations of some decisions."""
        return {
            "task": torch.from_numpy(self.task[rows]),
            "nodes": torch.from_numpy(self.nodes[rows]),
            "links": torch.from_numpy(self.links[rows]),
        }


def read_demonstrations(path: Path) -> Demonstrations:
    """Read one file; ValueError with one sentence if it is damaged.

    Damaged is also an array of another shape than it should have.
    """
    try:
        with path.open("rb") as handle, np.load(handle, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except FileNotFoundError as error:
        raise ValueError(f"{path} is missing") from error
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} is damaged and cannot be read: {error}") from error
    for name in ("task", "nodes", "links", "action"):
        if name not in arrays:
            raise ValueError(
                f"{path} lacks the array {name!r}; it must hold task, nodes, links and action, "
                "and may hold values"
            )
    count, n = arrays["action"].shape[0], arrays["nodes"].shape[1]
    values = arrays.get("values", np.full((count, n + 1), np.nan, np.float32))
    expected = {
        "task": (arrays["task"], (count, WIDTH["task"])),
        "nodes": (arrays["nodes"], (count, n, WIDTH["nodes"])),
        "links": (arrays["links"], (count, n, arrays["links"].shape[2], WIDTH["links"])),
        "values": (values, (count, n + 1)),
    }
    for name, (array, shape) in expected.items():
        if array.shape != shape:
            raise ValueError(
                f"{path}: {name} must have shape {shape}, got {array.shape}; it may be of another "
                "version of the observation"
            )
    action = arrays["action"].astype(np.int64)
    if action.min(initial=0) < 0 or action.max(initial=0) > n:
        raise ValueError(
            f"{path}: actions must be from 0 to {n}, got {action.min()} to {action.max()}"
        )
    task, nodes, links = (
        arrays[name].astype(np.float32, copy=False) for name in ("task", "nodes", "links")
    )
    return Demonstrations(task, nodes, links, action, values.astype(np.float32, copy=False))


def concatenate(parts: Sequence[Demonstrations]) -> Demonstrations:
    """All decisions in one, padded to one shape.

    Rejection becomes the last action of that shape.
    """
    n, slots = (
        max(part.nodes.shape[1] for part in parts),
        max(part.links.shape[2] for part in parts),
    )
    blocks_padded = []
    for part in parts:
        more, wider = n - part.nodes.shape[1], slots - part.links.shape[2]
        own_rows = part.nodes.shape[1]
        values = np.full((part.size, n + 1), np.nan, np.float32)
        values[:, :own_rows], values[:, n] = part.values[:, :own_rows], part.values[:, own_rows]
        blocks_padded.append(
            Demonstrations(
                part.task,
                np.pad(part.nodes, ((0, 0), (0, more), (0, 0))),
                np.pad(part.links, ((0, 0), (0, more), (0, wider), (0, 0))),
                np.where(part.action == own_rows, n, part.action),
                values,
            )
        )
    return Demonstrations(*(np.concatenate(blocks) for blocks in zip(*blocks_padded, strict=True)))


def save_demonstrations(path: Path, demonstrations: Demonstrations) -> None:
    """Write one file, whole or not at all."""
    write_atomically(path, lambda temporary: np.savez(temporary, **demonstrations._asdict()))


def collect(
    policy: Policy,
    envs: OrbitVectorEnv,
    decisions: int,
    every: int,
    seed: int,
    loads: tuple[float, float] | None,
) -> Demonstrations:
    """Play a policy on training episodes until there are enough decisions.

    Every `every`-th decision of each is kept.
    """
    seeds = MemberSeeds(envs.num_envs, seed, first_timestep=1)  # other than those of training
    vector = NativeVecEnv(envs, seeds, TrainingOptions(load_range=loads))
    attach(policy, envs)
    observations, recorded, actions, count = vector.reset(), [], [], 0
    state, starts = None, np.ones(envs.num_envs, np.bool_)
    phase = (
        np.arange(envs.num_envs) % every
    )  # members are kept in turn, so that a file does not hold 16 alike
    with tqdm(total=decisions, unit=" decisions", desc="collecting", mininterval=2.0) as bar:
        step = 0
        while count < decisions:
            policy_actions, state = policy.predict(
                observations, state, starts, True, envs.action_masks()
            )
            rows = np.flatnonzero((step + phase) % every == 0)[: decisions - count]
            recorded.append({name: block[rows] for name, block in observations.items()})
            actions.append(np.asarray(policy_actions)[rows])
            vector.step_async(policy_actions)
            observations, _, starts, _ = vector.step_wait()
            count, step = count + len(rows), step + 1
            bar.update(len(rows))
    task, nodes, links = (
        np.concatenate([part[name] for part in recorded]) for name in ("task", "nodes", "links")
    )
    action = np.concatenate(actions).astype(np.int64)
    return Demonstrations(
        task, nodes, links, action, np.full((len(action), nodes.shape[1] + 1), np.nan, np.float32)
    )
