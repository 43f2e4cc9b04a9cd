"""What came of a task, one word each."""

from enum import IntEnum

import numpy as np


class TaskOutcome(IntEnum):
    """What came of a released task."""

    DELIVERED = 0  # booked, and the result arrives by the deadline
    LATE = 1  # booked, and it arrives after the deadline
    LOST = 2  # booked, and a fault took it back
    REJECTED = 3  # booked nowhere

    @property
    def word(self) -> str:
        """The name that people read."""
        return self.name.lower()


OUTCOME_NAMES = tuple(outcome.word for outcome in TaskOutcome)
# Metric that counts the tasks of each outcome, and the share of the released ones that it makes.
COUNTS = {
    TaskOutcome.DELIVERED: "n_delivered",
    TaskOutcome.LATE: "n_late",
    TaskOutcome.LOST: "n_revoked",
    TaskOutcome.REJECTED: "n_rejected",
}


def task_outcomes(is_on_time: np.ndarray, is_booked: np.ndarray, is_lost: np.ndarray) -> np.ndarray:
    """TaskOutcome of each task, (n,) int8.

    is_on_time (n,) is what the plan says, is_booked (n,) bool; is_lost (n,) bool, or empty where
    faults are off.
    """
    outcomes = np.where(is_on_time, TaskOutcome.DELIVERED, TaskOutcome.LATE).astype(np.int8)
    if is_lost.size:
        outcomes[is_lost] = TaskOutcome.LOST
    outcomes[~is_booked] = TaskOutcome.REJECTED
    return outcomes
