"""Episodes of an evaluation that take minutes are kept one by one, so that an interrupted evaluation goes on where it was."""

import hashlib
from pathlib import Path
from typing import Any

from agents.checkpoints import read_json, write_json
from agents.episodes.whole import Metrics

FOLDER = "parts"


class Parts:
    """Metrics of finished jobs in a folder, one small file each, named after everything that decides them."""

    def __init__(self, out: Path, fingerprint: str) -> None:
        """Take the evaluation's folder and what beside the job decides its result."""
        self.folder, self.fingerprint = out / FOLDER, fingerprint

    def path(self, job: Any) -> Path:
        """File of a job."""
        return self.folder / f"{hashlib.sha256(f'{self.fingerprint} {job!r}'.encode()).hexdigest()[:20]}.json"

    def read(self, job: Any) -> list[Metrics] | None:
        """Metrics of a finished job, None where it has not been played."""
        path = self.path(job)
        return read_json(path) if path.is_file() else None

    def write(self, job: Any, metrics: list[Metrics]) -> None:
        """Keep a job's metrics, whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_json(self.path(job), metrics)
