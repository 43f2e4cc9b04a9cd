"""What an episode has booked so far, as metrics, summaries and pictures read it."""

from dataclasses import dataclass

import numpy as np

from orbit_gym.kernels.state import PLAN


@dataclass
class BookingLog:
    """The plans that were booked, by task."""

    plans: np.ndarray  # (n_tasks,) PLAN, zeros where nothing was booked
    is_booked: np.ndarray  # (n_tasks,) bool
    n_invalid: int = 0  # masked actions so far

    def note(self, task: int, plan: np.void, outcome: np.void) -> None:
        """Write what a step brought for a task: OUTCOME, and the PLAN if one was booked."""
        self.n_invalid += int(outcome["is_invalid"])
        if outcome["is_booked"]:
            self.plans[task] = plan
            self.is_booked[task] = True


def new_booking_log(n_tasks: int) -> BookingLog:
    """A log of an episode in which nothing is booked yet."""
    return BookingLog(np.zeros(n_tasks, PLAN), np.zeros(n_tasks, np.bool_))
