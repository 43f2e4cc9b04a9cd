"""The workload, tasks typed by hand, and the weights of the reward."""

from dataclasses import dataclass, fields
from typing import get_args, get_type_hints

from orbit_gym.scenario.field_types import (
    INFINITY,
    NO_DEFAULT,
    Checked,
    check_number,
    number_field,
    part_field,
    text_field,
)
from orbit_gym.scenario.recorded_work import EventList, Recording, RequestTrace, TaskFile
from orbit_gym.scenario.task_classes import task_classes


@dataclass(frozen=True)
class ScriptedTask(Checked):
    """One task typed by hand, as in Tiny.

    It is released release_s after the episode's start by a named satellite or user.
    """

    task_class: str = text_field(meaning="one of the classes of task_classes.py", source=NO_DEFAULT)
    release_s: float = number_field(meaning="release after the episode's start", source=NO_DEFAULT)
    origin: str = text_field(
        default="",
        meaning="satellite or user site at which it appears; must be given",
        source=NO_DEFAULT,
    )


@dataclass(frozen=True)
class Workload(Checked):
    """What is asked: load, mix of classes, slack factors, recorded work beside it, or a script."""

    load: float = number_field(
        1.0,
        meaning="offered over available node-seconds of the satellites (docs/concepts/load.md)",
        source="choice: as much as the satellites' energy allows",
    )
    mix: dict[str, float] = part_field(
        factory=dict,
        meaning="share of released tasks by class, in any unit (bursts count by their chunks)",
        source="assumption: no operator publishes what is asked; must be given unless there is a "
        "script",
    )
    slack_scale: dict[str, float] = part_field(
        factory=dict,
        meaning="factor on a class's slack; 1 where a class is not named",
        source="choice: slack as in task_classes.py",
    )
    polarimeters: tuple[str, ...] = part_field(
        default=(),
        meaning="names of the satellites that see X-ray triggers; empty: all",
        source="choice: all; two of the Three-Body satellites carry one (Xinhua, 2026-02-13, a "
        "fact)",
    )
    script: tuple[ScriptedTask, ...] = part_field(
        default=(),
        meaning="tasks typed by hand, in place of load and mix",
        source="choice: none, tasks are drawn",
    )
    traces: tuple[RequestTrace, ...] = part_field(
        "request traces whose tasks are added to those of the mix; load speaks of the mix alone",
        "choice: none",
        default=(),
    )
    events: tuple[EventList, ...] = part_field(
        "event lists whose sightings add tasks", "choice: none", default=()
    )
    task_files: tuple[TaskFile, ...] = part_field(
        "files of typed tasks, added as they stand", "choice: none", default=()
    )

    def __post_init__(self) -> None:
        """Check class names, shares and factors."""
        super().__post_init__()
        for name, shares in (("mix", self.mix), ("slack_scale", self.slack_scale)):
            for key, value in shares.items():
                _check_class(name, key)
                check_number(
                    f"workload.{name}.{key}", value, 0.0, INFINITY, open_low=name == "slack_scale"
                )
        for task in self.script:
            _check_class("script", task.task_class)
        if self.script and self.has_recordings:
            raise ValueError(
                "workload.script stands alone: give no traces, events or task_files beside it"
            )
        if not (self.script or self.has_mix or self.has_recordings):
            raise ValueError(
                "workload.mix must give at least one task class a positive share, or give traces, "
                "events or task_files"
            )

    @property
    def has_mix(self) -> bool:
        """True where tasks are drawn by load and mix."""
        return not self.script and sum(self.mix.values()) > 0.0

    @property
    def recordings(self) -> tuple[Recording, ...]:
        """Recorded work, in the order in which it is played."""
        return tuple(entry for name in RECORDING_FIELDS for entry in getattr(self, name))

    @property
    def has_recordings(self) -> bool:
        """True where recorded work is played."""
        return bool(self.recordings)

    @property
    def class_names(self) -> tuple[str, ...]:
        """Task classes that the workload names anywhere, in order of their names."""
        file_classes = {name for file in self.task_files for name in file.rows().task_classes}
        return tuple(sorted(self._sampled_classes() | file_classes))

    def _sampled_classes(self) -> set[str]:
        """Classes whose slack is their own: all but those that only rows of task files name."""
        return {
            *self.mix,
            *(task.task_class for task in self.script),
            *(trace.task_class for trace in self.traces),
            *(name for events in self.events for name in events.task_classes),
        }

    def largest_slacks(self) -> dict[str, float]:
        """Largest slack of each class that the workload names, seconds.

        Rows of task files may type their own.
        """
        largest = {name: self._class_slack_s(name) for name in self._sampled_classes()}
        for file in self.task_files:
            rows = file.rows()
            slacks_s = rows.numbers.get("slack_s", [-1.0] * len(rows.task_classes))
            for name, slack_s in zip(rows.task_classes, slacks_s):
                row_slack_s = float(slack_s) if slack_s > 0.0 else self._class_slack_s(name)
                largest[name] = max(largest.get(name, 0.0), row_slack_s)
        return largest

    def _class_slack_s(self, name: str) -> float:
        return task_classes()[name].slack_s[1] * self.slack_scale.get(name, 1.0)


# Fields of recorded work, in the order in which it is played.
RECORDING_FIELDS = tuple(
    item.name
    for item in fields(Workload)
    for element in get_args(get_type_hints(Workload)[item.name])[:1]
    if isinstance(element, type) and issubclass(element, Recording)
)


def _check_class(field: str, name: str) -> None:
    if name not in task_classes():
        raise ValueError(
            f"workload.{field} names an unknown task class {name!r}; choose from "
            f"{', '.join(task_classes())}"
        )
