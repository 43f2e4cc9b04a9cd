"""Episodes of an evaluation that take long are kept one by one, so that an interrupted evaluation
goes on where it was.
"""

import hashlib
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from agents.envs.episode_runner import Metrics
from agents.utils.checkpoints import read_json, write_json
from orbit_gym.scenario.loading import scenario_to_dict
from orbit_gym.scenario.scenario import Scenario
from orbit_gym.utils.kernel_cache import hash_of, sources_behind

FOLDER = "parts"
DECIDING = [
    "orbit_gym.workload.episode_source",
    "orbit_gym.simulation.simulation",
    "orbit_gym.simulation.metrics",
]  # modules that, with what they import, make an episode


def world_of(scenario: Scenario) -> str:
    """Hash of all that decides an episode beside its seed and the policy: code, the whole scenario,
    and files that it names.
    """
    plain = scenario_to_dict(scenario)
    digest = hashlib.sha256(f"{_code_version()} {json.dumps(plain, sort_keys=True)}".encode())
    for path in sorted({Path(text) for text in _texts(plain) if "." in text}):
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()


@cache
def _code_version() -> str:
    return hash_of(sources_behind(DECIDING))


def _texts(value: Any) -> Iterator[str]:
    """All texts inside lists and dicts."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)


class Parts:
    """Metrics of finished jobs in a folder, one small file each, named after everything that
    decides them.
    """

    def __init__(self, out: Path, fingerprint: str) -> None:
        """Take the evaluation's folder and what beside the job decides its result."""
        self.folder, self.fingerprint = out / FOLDER, fingerprint

    def path(self, job: Any) -> Path:
        """File of a job."""
        return (
            self.folder
            / f"{hashlib.sha256(f'{self.fingerprint} {job!r}'.encode()).hexdigest()[:20]}.json"
        )

    def read(self, job: Any) -> list[Metrics] | None:
        """Metrics of a finished job, None where it has not been played."""
        path = self.path(job)
        return read_json(path) if path.is_file() else None

    def write(self, job: Any, metrics: list[Metrics]) -> None:
        """Keep a job's metrics, whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_json(self.path(job), metrics)
