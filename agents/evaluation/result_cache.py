"""Finished episodes of a long evaluation, so that an interrupted one goes on where it was."""

import hashlib
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agents.envs.episode_runner import Metrics
from orbit_gym.scenario.loading import scenario_to_dict
from orbit_gym.scenario.models import MODEL_BYTES
from orbit_gym.scenario.scenario import Scenario
from orbit_gym.scenario.task_classes import task_classes
from orbit_gym.simulation import metrics as metrics_module
from orbit_gym.simulation import simulation
from orbit_gym.utils.source_keyed_store import SourceKeyedStore, source_version
from orbit_gym.workload import episode_source

FOLDER = "parts"
DECIDING = (episode_source, simulation, metrics_module)  # with what they import, make an episode


def world_of(scenario: Scenario) -> str:
    """Hash all that decides an episode beside its seed and the policy.

    That is the code, the full scenario, its task classes and models, which a package may have
    added, and the files that it names.
    """
    plain = scenario_to_dict(scenario)
    classes = [(name, task_classes()[name]) for name in scenario.workload.class_names]
    models = [(kind.model, MODEL_BYTES[kind.model]) for _, kind in classes]
    text = f"{source_version(DECIDING)} {json.dumps(plain, sort_keys=True)} {classes} {models}"
    digest = hashlib.sha256(text.encode())
    for path in sorted({Path(text) for text in _texts(plain) if "." in text}):
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _texts(value: Any) -> Iterator[str]:
    """All texts inside lists and dicts."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)


class Parts:
    """Metrics of finished jobs in a folder, one small file each.

    Each is named after everything that decides it.
    """

    def __init__(self, out: Path, fingerprint: str) -> None:
        """Take the evaluation's folder and what beside the job decides its result."""
        self.fingerprint = fingerprint
        self._store = SourceKeyedStore(out / FOLDER, DECIDING, keep_s=math.inf)

    def path(self, job: Any) -> Path:
        """File of a job."""
        return self._store.path((self.fingerprint, job))

    def read(self, job: Any) -> list[Metrics] | None:
        """Metrics of a finished job, None where it has not been played."""
        metrics: list[Metrics] | None = self._store.read((self.fingerprint, job))
        return metrics

    def write(self, job: Any, metrics: list[Metrics]) -> None:
        """Keep a job's metrics, whole or not at all."""
        self._store.write((self.fingerprint, job), metrics)
