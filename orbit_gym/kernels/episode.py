"""Episode: everything drawn before the first step, read-only, shared by forks.

Drawing one is :func:`orbit_gym.workload.arrivals.draw_episode`.
"""

from typing import NamedTuple

import numpy as np

ANY_STATION = -1

TASK = np.dtype(
    [
        ("release_s", "f8"),  # seconds since 00:00 UTC of the World's day
        ("slack_s", "f8"),
        ("value", "f8"),
        ("input_bits", "f8"),
        ("result_bits", "f8"),
        ("vision_flop", "f8"),
        ("vision_bytes", "f8"),
        ("prefill_flop", "f8"),
        ("decode_tokens", "f8"),
        ("alert_delay_s", "f8"),  # drawn; negative where the alert channel is not allowed
        ("origin", "i4"),  # graph node: a satellite or a user site
        ("destination", "i4"),  # graph node of a user, or ANY_STATION
        ("model", "i4"),
        ("one_lane", "i4"),  # 1: prefill and decode on one lane; 0: every lane
        ("task_class", "i4"),  # for metrics only; no policy sees it
        ("pad", "i4"),
    ],
    align=True,
)

CALENDAR_FAULT, UNIT_FAULT = 0, 1
FAULT = np.dtype(
    [
        ("strike_s", "f8"),  # when the clock passes it, it strikes
        (
            "end_s",
            "f8",
            # end of the outage; of the reboot for an accelerator, whose models are then loaded
            # again
        ),
        ("kind", "i4"),  # CALENDAR_FAULT or UNIT_FAULT
        ("index", "i4"),  # calendar or accelerator
    ],
    align=True,
)


class Episode(NamedTuple):
    """One future: start, end, tasks in order of release, and initial conditions."""

    tasks: (
        np.ndarray
    )  # (n_tasks,) TASK; the first at or after end_s closes the list if there is one
    initial_charge_j: np.ndarray  # (n_satellites,)
    initial_resident: np.ndarray  # (n_accelerators,) int64 bit set of models in memory
    span_s: np.ndarray  # (2,) start and end of the episode
    faults: np.ndarray  # (n_faults,) FAULT in order of strike; empty where faults are off


def continued(episode: Episode, task: int, other: Episode) -> Episode:
    """Return an episode up to and with a task, and from there on another's tasks and faults.

    Charge, memory and span stay those of the first.
    """
    now_s = episode.tasks["release_s"][task]
    tasks = np.concatenate(
        [episode.tasks[: task + 1], other.tasks[other.tasks["release_s"] > now_s]]
    )
    faults = np.concatenate(
        [
            episode.faults[episode.faults["strike_s"] <= now_s],
            other.faults[other.faults["strike_s"] > now_s],
        ]
    )
    tasks.flags.writeable = faults.flags.writeable = False
    return episode._replace(tasks=tasks, faults=faults)
