"""What came of a task, by hand."""

import numpy as np
import pytest

from orbit_gym.simulation.outcomes import COUNTS, OUTCOME_NAMES, TaskOutcome, task_outcomes

# on time by its plan, booked, lost -> outcome: a plan of a task that was not booked says nothing
CASES = (
    (True, True, False, "delivered"),
    (False, True, False, "late"),
    (True, True, True, "lost"),
    (False, True, True, "lost"),
    (True, False, False, "rejected"),
    (False, False, False, "rejected"),
)


def test_outcomes_by_hand() -> None:
    is_on_time, is_booked, is_lost = (np.array(column) for column in list(zip(*CASES))[:3])
    outcomes = task_outcomes(is_on_time, is_booked, is_lost)
    assert [TaskOutcome(outcome).word for outcome in outcomes] == [case[3] for case in CASES]


@pytest.mark.parametrize("n_tasks", [0, 3])
def test_nothing_is_lost_where_faults_are_off(n_tasks: int) -> None:
    flags = np.ones(n_tasks, np.bool_)
    outcomes = task_outcomes(flags, flags, np.zeros(0, np.bool_))
    assert outcomes.tolist() == [TaskOutcome.DELIVERED] * n_tasks


def test_every_outcome_has_a_word_and_a_count() -> None:
    assert OUTCOME_NAMES == ("delivered", "late", "lost", "rejected")
    assert set(COUNTS) == set(TaskOutcome)
