"""Task rows of an Episode from the numbers of a class: sizes, slack and tokens are drawn here."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from orbit_gym.kernels.episode import ANY_STATION, TASK
from orbit_gym.scenario.models import MODEL_BYTES
from orbit_gym.scenario.scenario import Scenario, Workload
from orbit_gym.scenario.task_classes import FLOP_PER_TOKEN_8B, TASK_CLASSES
from orbit_gym.utils.sampling import Random


@dataclass(frozen=True)
class TaskFactory:
    """Creates the tasks of one scenario; graph nodes of satellites and users by name."""

    scenario: Scenario
    satellite_names: tuple[str, ...]
    first_user: int  # graph node of the first user site

    def node_of(self, name: str, source: str) -> int:
        """Return the graph node of a satellite or user site.

        ValueError for an unknown name, beginning with its `source`.
        """
        users = [site.name for site in self.scenario.users.sites]
        if name in self.satellite_names:
            return self.satellite_names.index(name)
        if name in users:
            return self.first_user + users.index(name)
        raise ValueError(
            f"{source} names an unknown origin {name!r}; choose from "
            f"{', '.join([*self.satellite_names, *users])}"
        )

    def create(
        self,
        name: str,
        times_s: np.ndarray,
        origins: np.ndarray,
        workload: Workload,
        rng: Random | None,
    ) -> np.ndarray:
        """Return tasks (n,) of one class, released at times_s by origins.

        Without rng every draw takes its middle.
        """
        kind = TASK_CLASSES[name]
        count = times_s.size
        tasks = np.zeros(count, TASK)
        uniform = (lambda: rng.random(count)) if rng is not None else (lambda: np.full(count, 0.5))
        size = 1.0 + kind.size_spread * (2.0 * uniform() - 1.0)
        tasks["release_s"] = times_s
        tasks["origin"] = origins
        low_s, high_s = kind.slack_s
        slack_s = low_s + (high_s - low_s) * uniform()
        tasks["slack_s"] = slack_s * workload.slack_scale.get(name, 1.0)
        tasks["value"] = kind.value
        tasks["input_bits"] = kind.input_bits * size
        tasks["result_bits"] = kind.result_bits
        tasks["vision_flop"] = kind.vision_flop * size
        tasks["vision_bytes"] = kind.vision_bytes
        tasks["model"] = list(MODEL_BYTES).index(kind.model)
        tasks["one_lane"] = int(kind.is_language)
        if kind.is_language:
            prompt_tokens = np.rint(quantile(kind.prompt_tokens, uniform()))
            set_tokens(tasks, prompt_tokens, np.rint(quantile(kind.output_tokens, uniform())))
        # who asks gets the answer
        tasks["destination"] = np.where(origins >= self.first_user, origins, ANY_STATION)
        tasks["alert_delay_s"] = self._alert_delay_s(uniform()) if kind.is_alert else -1.0
        tasks["task_class"] = list(TASK_CLASSES).index(name)
        self.drop_unfit_alerts(tasks)
        return tasks

    def _alert_delay_s(self, uniform: np.ndarray) -> np.ndarray:
        alerts = self.scenario.alerts
        return alerts.delay_low_s + (alerts.delay_high_s - alerts.delay_low_s) * uniform

    def drop_unfit_alerts(self, tasks: np.ndarray) -> None:
        """Take the alert channel away from tasks whose result it cannot carry."""
        alerts = self.scenario.alerts
        is_unfit = (tasks["result_bits"] > alerts.message_bits) | (not alerts.enabled)
        tasks["alert_delay_s"][is_unfit] = -1.0

    def scripted_tasks(self, workload: Workload, start_s: float) -> np.ndarray:
        """Return the tasks typed in the scenario: every draw takes its middle.

        ValueError for an unknown origin.
        """
        parts = []
        for entry in workload.script:
            node = np.array([self.node_of(entry.origin, "workload.script")])
            release_s = np.array([start_s + entry.release_s])
            parts.append(self.create(entry.task_class, release_s, node, workload, None))
        return merge_by_release(parts)


def set_tokens(tasks: np.ndarray, prompt_tokens: np.ndarray, output_tokens: np.ndarray) -> None:
    """Write the work of prompts and answers, whole tokens, into tasks."""
    tasks["prefill_flop"] = FLOP_PER_TOKEN_8B * prompt_tokens
    tasks["decode_tokens"] = output_tokens


def merge_by_release(parts: Sequence[np.ndarray]) -> np.ndarray:
    """Return all tasks in order of release; equal times keep the order of the parts."""
    tasks = np.concatenate(parts) if parts else np.zeros(0, TASK)
    return tasks[np.argsort(tasks["release_s"], kind="stable")]


def quantile(table: tuple[tuple[float, float], ...], uniform: np.ndarray) -> np.ndarray:
    """Return the inverse distribution through typed quantiles, linear between them."""
    points = np.array(table)
    return np.interp(uniform, points[:, 0], points[:, 1])
