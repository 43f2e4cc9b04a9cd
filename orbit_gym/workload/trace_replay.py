"""Recorded work as tasks of an episode: traces, event lists and task files.

The window of each recording is drawn here, at reset, and nothing later.
"""

from dataclasses import dataclass

import numpy as np

from orbit_gym.kernels.episode import TASK
from orbit_gym.scenario.readers.events import Events
from orbit_gym.scenario.recorded_work import EventList, Recording, RequestTrace, TaskFile
from orbit_gym.scenario.scenario import Scenario, Workload
from orbit_gym.scenario.task_classes import FLOP_PER_TOKEN_8B, TASK_CLASSES
from orbit_gym.workload.arrival_processes import expand_chunks
from orbit_gym.workload.event_visibility import NO_SATELLITE, first_satellite_over, satellite_facing
from orbit_gym.workload.spawn_sites import SpawnSites
from orbit_gym.workload.task_factory import TaskFactory, merge_by_release, set_tokens

MOST_ROWS = 2_000_000  # an episode that would take more is a wrong scale, not a workload (choice)


def check_origins(scenario: Scenario, satellite_names: tuple[str, ...]) -> None:
    """Raise ValueError if a task file names a satellite or user that is not there."""
    task_factory = TaskFactory(scenario, satellite_names, len(satellite_names))
    for file in scenario.workload.task_files:
        _file_origins(task_factory, file)


def _file_origins(task_factory: TaskFactory, file: TaskFile) -> np.ndarray:
    rows = file.rows()
    nodes: dict[str, int] = {}
    for name, line in zip(rows.origins, rows.lines):
        if name not in nodes:
            nodes[name] = task_factory.node_of(name, f"{file.file}, line {line},")
    return np.array([nodes[name] for name in rows.origins])


def rows_in_span(
    recording: Recording,
    times_s: np.ndarray,
    start_s: float,
    from_s: float,
    end_s: float,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Return World times and row numbers (n,) of a recording's rows from from_s to end_s.

    The episode begins at start_s. A circle is as long as the recording and its mean gap. Each copy
    is shifted by a drawn offset of its own: floor(rate_scale) full copies, and one of which each
    row stays with the probability that is left. ValueError where that would be too many rows.
    """
    scaled_s = times_s * recording.time_scale
    period_s = _period_s(recording, scaled_s)
    _check_size(recording, scaled_s.size * (end_s - from_s) / period_s)
    n_full, fraction = divmod(recording.rate_scale, 1.0)
    copies = []
    for share in [1.0] * int(n_full) + [fraction] * (fraction > 0.0):
        shifts_s = np.array([start_s])  # World times of time 0 of the file
        if recording.window == "drawn":
            first_s = start_s - rng.random() * period_s
            turns = np.arange(
                np.floor((from_s - first_s) / period_s), np.ceil((end_s - first_s) / period_s)
            )
            shifts_s = first_s + turns * period_s
        copy = _shifted_rows(shifts_s, scaled_s, from_s, end_s)
        copies.append(copy if share == 1.0 else copy[:, rng.random(copy.shape[1]) < share])
    times_and_rows = np.concatenate(copies, axis=1)
    order = np.argsort(times_and_rows[0], kind="stable")
    return times_and_rows[0, order], times_and_rows[1, order].astype(np.int64)


def _check_size(recording: Recording, rows_at_rate_1: float) -> None:
    if recording.rate_scale * rows_at_rate_1 > MOST_ROWS:
        raise ValueError(
            f"{recording.file} would give more than {MOST_ROWS:,} rows an episode with time_scale "
            f"{recording.time_scale:g} and rate_scale {recording.rate_scale:g}; raise the one or "
            "lower the other"
        )


def _period_s(recording: Recording, scaled_s: np.ndarray) -> float:
    """Length of the circle; infinite where the file is played once."""
    if recording.window != "drawn":
        return float("inf")
    return float(scaled_s[-1] + (scaled_s[-1] - scaled_s[0]) / (scaled_s.size - 1))


def _shifted_rows(
    shifts_s: np.ndarray, scaled_s: np.ndarray, from_s: float, end_s: float
) -> np.ndarray:
    """World times and row numbers, (2, n), within a span.

    The recording's time 0 falls at each of shifts_s.
    """
    low, high = (np.searchsorted(scaled_s, edge_s - shifts_s) for edge_s in (from_s, end_s))
    counts = high - low
    rows = np.arange(counts.sum()) + np.repeat(low - (np.cumsum(counts) - counts), counts)
    return np.stack([np.repeat(shifts_s, counts) + scaled_s[rows], rows])


@dataclass(frozen=True)
class TraceReplay:
    """Plays the recorded work of a workload in one World."""

    spawn_sites: SpawnSites
    task_factory: TaskFactory
    midnight_jd: float

    def tasks(
        self, workload: Workload, start_s: float, end_s: float, rng: np.random.Generator
    ) -> np.ndarray:
        """Return tasks released in a span by recorded work, in order of release."""
        span = (start_s, end_s)
        parts = [np.zeros(0, TASK)]
        parts += [self._requests(trace, workload, span, rng) for trace in workload.traces]
        parts += [self._event_tasks(events, workload, span, rng) for events in workload.events]
        parts += [self._file_tasks(file, workload, span, rng) for file in workload.task_files]
        return merge_by_release(parts)

    def _requests(
        self,
        trace: RequestTrace,
        workload: Workload,
        span_s: tuple[float, float],
        rng: np.random.Generator,
    ) -> np.ndarray:
        """One task a request.

        One that comes while nobody can ask (no user in view of a satellite) is left out.
        """
        start_s, end_s = span_s
        requests = trace.rows()
        times_s, rows = rows_in_span(trace, requests.times_s, start_s, start_s, end_s, rng)
        sites = self.spawn_sites.of(TASK_CLASSES[trace.task_class].origin, workload)
        nodes = sites.sample_origin(times_s, rng)
        times_s, rows, nodes = (array[nodes >= 0] for array in (times_s, rows, nodes))
        tasks = self.task_factory.create(trace.task_class, times_s, nodes, workload, rng)
        set_tokens(tasks, requests.prompt_tokens[rows], requests.output_tokens[rows])
        return tasks

    def _event_tasks(
        self,
        event_list: EventList,
        workload: Workload,
        span_s: tuple[float, float],
        rng: np.random.Generator,
    ) -> np.ndarray:
        """Tasks of each class at the satellite that sees an event first.

        An earlier event that still waits is seen too. Events before the World's day are left out:
        nobody knows who saw them.
        """
        start_s, end_s = span_s
        events = event_list.rows()
        from_s = start_s if events.is_sky else max(0.0, start_s - event_list.wait_s)
        times_s, rows = rows_in_span(event_list, events.times_s, start_s, from_s, end_s, rng)
        views = np.array(
            [
                self._first_view(event_list, workload, events, row, time_s)
                for time_s, row in zip(times_s, rows)
            ]
        ).reshape(-1, 2)
        is_inside = (views[:, 0] >= start_s) & (views[:, 0] < end_s)
        views = views[is_inside & (views[:, 1] != NO_SATELLITE)]
        parts = []
        for name in event_list.task_classes:
            satellites = views[:, 1].astype(np.int64)
            release_s, nodes = expand_chunks(TASK_CLASSES[name], views[:, 0], satellites)
            parts.append(self.task_factory.create(name, release_s, nodes, workload, rng))
        return merge_by_release(parts)

    def _first_view(
        self, event_list: EventList, workload: Workload, events: Events, row: int, time_s: float
    ) -> tuple[float, int]:
        """When, and which satellite sees an event first."""
        world, place_deg = self.spawn_sites.world, events.places_deg[row]
        if events.is_sky:
            carriers = self.spawn_sites.polarimeters(workload)
            return time_s, satellite_facing(world, self.midnight_jd, place_deg, carriers, time_s)
        return first_satellite_over(
            world, place_deg, event_list.mask_deg, time_s, event_list.wait_s
        )

    def _file_tasks(
        self,
        file: TaskFile,
        workload: Workload,
        span_s: tuple[float, float],
        rng: np.random.Generator,
    ) -> np.ndarray:
        """Tasks of a file: what a row leaves out is drawn as for its class."""
        start_s, end_s = span_s
        file_rows = file.rows()
        origins = _file_origins(self.task_factory, file)
        times_s, rows = rows_in_span(file, file_rows.times_s, start_s, start_s, end_s, rng)
        classes = np.array(file_rows.task_classes)[rows]
        parts = []
        for name in sorted(set(file_rows.task_classes)):
            is_of_class = classes == name
            class_rows = rows[is_of_class]
            tasks = self.task_factory.create(
                name, times_s[is_of_class], origins[class_rows], workload, rng
            )
            _write_numbers(
                tasks, {key: values[class_rows] for key, values in file_rows.numbers.items()}
            )
            self.task_factory.drop_unfit_alerts(tasks)
            parts.append(tasks)
        return merge_by_release(parts)


def _write_numbers(tasks: np.ndarray, numbers: dict[str, np.ndarray]) -> None:
    """Replace the numbers of tasks by those of a file; -1 leaves what the class gave."""
    for key, values in numbers.items():
        is_typed = values >= 0.0
        if key == "prompt_tokens":
            tasks["prefill_flop"][is_typed] = FLOP_PER_TOKEN_8B * values[is_typed]
        else:
            column = "decode_tokens" if key == "output_tokens" else key
            tasks[column][is_typed] = values[is_typed]
