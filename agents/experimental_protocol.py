"""Who may see which episodes, and what comparisons are made over: one place for these numbers.

An episode is decided by its seed and the days of its split (`orbit_gym.workload.splits`). Ranges of
seeds do not overlap, so that nothing is judged on what it was made with. All are half-open.
"""

from typing import Literal

from orbit_gym.scenario.scenario import Scenario

Split = Literal["train", "validation", "test"]

TRAINING_SEEDS = range(0, 1_000_000)  # training with gradients, on the days of `train`
TUNING_SEEDS = range(1_000_000, 1_900_000)  # searches and planners, on the same days
CHOICE_SEEDS = range(1_900_000, 1_950_000)  # among what a search has found
TUNING_REPORT_SEEDS = range(1_950_000, 2_000_000)  # what a search says that it has gained
VALIDATION_SEEDS = range(2_000_000, 3_000_000)  # the best of a training run; days of `validation`
TEST_SEEDS = range(3_000_000, 4_000_000)  # results; days of `test`

VALIDATION_EPISODES, TEST_EPISODES = 6, 30  # that are played by default
VALIDATION_MEMBERS = 8  # at most so many side by side: one call of the network decides for all

LOAD_FACTORS = (0.8, 1.0, 1.3)  # loads that rules are compared at, times the scenario's own

LEAST_GAIN = 0.010  # of served value, from which on something is worth learning
NON_INFERIORITY_MARGIN = 0.005  # by which a learner may fall short and still count as not inferior


def compared_loads(scenario: Scenario) -> list[float]:
    """Return the loads that rules of this scenario are tuned and compared at."""
    return [round(factor * scenario.workload.load, 6) for factor in LOAD_FACTORS]
