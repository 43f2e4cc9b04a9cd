"""Recorded work that a scenario names: request traces, event lists, task files.

Read and checked when the object is made.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from orbit_gym.scenario.field_types import (
    Checked,
    number_field,
    part_field,
    path_field,
    positive_field,
    switch_field,
    text_field,
)
from orbit_gym.scenario.origins import ORIGINS
from orbit_gym.scenario.readers.events import Events, read_events, select_strong
from orbit_gym.scenario.readers.requests import READERS, Requests
from orbit_gym.scenario.readers.task_files import TaskRows, read_task_file
from orbit_gym.scenario.task_classes import task_classes

WINDOWS = ("drawn", "start")


@lru_cache(maxsize=16)
def _read(reader: Any, path: Path, changed_ns: int, size: int, *arguments: Any) -> Any:
    """Read a file once as long as it does not change; changed_ns and size are part of the key."""
    return reader(path, *arguments)


def _read_once(reader: Any, file: str, *arguments: Any) -> Any:
    path = Path(file)
    stat = path.stat() if path.is_file() else None
    return _read(
        reader, path, stat.st_mtime_ns if stat else 0, stat.st_size if stat else 0, *arguments
    )


def _read_tasks(path: Path, strict: bool) -> TaskRows:
    return read_task_file(
        path, strict, {name: kind.is_language for name, kind in task_classes().items()}
    )


@dataclass(frozen=True, kw_only=True)
class Recording(Checked):
    """What all recorded work shares: the file, its scaling in time and rate, the window played."""

    file: str = path_field(
        "path of the file, relative to the TOML file that names it", "choice: required"
    )
    time_scale: float = positive_field(
        1.0,
        meaning="factor on all times of the file: 2 plays it half as fast",
        source="choice: as recorded",
    )
    rate_scale: float = number_field(
        1.0,
        high=1e5,
        open_low=True,
        meaning="factor on the rate at the same speed: below 1 rows are left out at random, above "
        "1 copies shifted at random are added",
        source="choice: as recorded",
    )
    window: str = text_field(
        "drawn: the episode starts at a random place of the recording, played in a circle; start: "
        "at its beginning, played once",
        "choice: different seeds see different windows",
        default="drawn",
    )
    strict: bool = switch_field(
        "true: a bad line is an error; false: it is skipped and counted",
        "choice: nothing is lost silently",
        default=True,
    )

    def __post_init__(self) -> None:
        """Check the window, then read the file, so that it is refused before any long work."""
        super().__post_init__()
        if self.window not in WINDOWS:
            raise ValueError(f"window must be one of {', '.join(WINDOWS)}, got {self.window!r}")
        if self.window == "start" and self.rate_scale > 1.0:
            raise ValueError(
                "rate_scale must be at most 1 with window = 'start' (copies need a drawn shift), "
                f"got {self.rate_scale:g}"
            )
        self._check_rows()

    def rows(self) -> Any:
        """Rows of the file, read once; ValueError names a bad line."""
        raise NotImplementedError

    def summary(self) -> str:
        """Say file, rows, skipped lines and scaling."""
        rows = self.rows()
        n_rows, n_skipped = rows.times_s.size, rows.n_skipped
        note = f", {n_skipped} line{'s' * (n_skipped != 1)} skipped" if n_skipped else ""
        return (
            f"{self.file} ({n_rows} row{'s' * (n_rows != 1)}{note}; rate x "
            f"{self.rate_scale:g}, time x {self.time_scale:g})"
        )

    def _check_rows(self) -> None:
        times_s = self.rows().times_s
        if self.window == "drawn" and (times_s.size < 2 or times_s[-1] <= times_s[0]):
            raise ValueError(
                f"{self.file} must hold at least two rows at different times to be played in a "
                "circle; or type window = 'start'"
            )


def check_class(field: str, name: str, allowed: list[str], requirement: str) -> None:
    """Raise ValueError unless a task class is known and meets the requirement."""
    if name not in task_classes():
        raise ValueError(
            f"{field} names an unknown task class {name!r}; choose from {', '.join(allowed)}"
        )
    if name not in allowed:
        raise ValueError(
            f"{field} must name a class {requirement}: {', '.join(allowed)}; got {name!r}"
        )


@dataclass(frozen=True, kw_only=True)
class RequestTrace(Recording):
    """A trace of requests to a language model: one task a row, of one class, with its tokens."""

    form: str = text_field("azure or mooncake: the columns of the file", "choice: required")
    task_class: str = text_field(
        "class of the tasks; it must have tokens",
        "choice: user requests",
        default="language_request",
    )

    def _check_rows(self) -> None:
        if self.form not in READERS:
            raise ValueError(f"form must be one of {', '.join(READERS)}, got {self.form!r}")
        check_class(
            "task_class",
            self.task_class,
            [name for name, kind in task_classes().items() if kind.is_language],
            "with tokens",
        )
        super()._check_rows()

    def rows(self) -> Requests:
        """Return the requests of the trace, read once."""
        rows: Requests = _read_once(READERS[self.form], self.file, self.strict)
        return rows


@dataclass(frozen=True, kw_only=True)
class EventList(Recording):
    """A list of events on the ground or on the sky.

    The first satellite that sees one releases a task of each class.
    """

    task_classes: tuple[str, ...] = part_field(
        "classes of the tasks that a sighting releases", "choice: required"
    )
    wait_s: float = number_field(
        5_400.0,
        high=86_400.0,
        meaning="how long an event on the ground waits for a satellite; one on the sky is seen at "
        "its instant or not at all",
        source="choice: about one orbit",
    )
    mask_deg: float = number_field(
        20.0,
        high=90.0,
        meaning="least elevation of a satellite over an event on the ground",
        source="assumption: 1,000 km of ground distance from 500 km height",
    )
    minimum_strength: float = number_field(
        0.0,
        low=-1e12,
        meaning="weaker events are left out, in the unit of the file",
        source="choice: all of them",
    )

    def _check_rows(self) -> None:
        super()._check_rows()
        if not self.task_classes:
            raise ValueError("task_classes must name at least one task class")
        place = "sky" if self.rows().is_sky else "ground"
        allowed = [
            name
            for name, kind in task_classes().items()
            if ORIGINS[kind.origin].event_lists == place
        ]
        for name in self.task_classes:
            check_class(
                "task_classes",
                name,
                allowed,
                f"that satellites see on the {place}",
            )

    def rows(self) -> Events:
        """Events of the list that are strong enough, the file read once."""
        events = select_strong(
            _read_once(read_events, self.file, self.strict), self.minimum_strength
        )
        if not events.times_s.size:
            raise ValueError(
                f"{self.file} holds no event of strength {self.minimum_strength:g} or more"
            )
        return events


@dataclass(frozen=True, kw_only=True)
class TaskFile(Recording):
    """Tasks as rows of a CSV file: release_s, origin, task_class, and numbers of their own."""

    window: str = text_field(
        "start: release_s counts from the episode's start; drawn: the file is played in a circle "
        "from a random place",
        "choice: the file says when",
        default="start",
    )

    def rows(self) -> TaskRows:
        """Tasks of the file, read once."""
        rows: TaskRows = _read_once(_read_tasks, self.file, self.strict)
        return rows
