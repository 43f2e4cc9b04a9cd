"""Nothing is judged on episodes that it was made with."""

from agents import experimental_protocol
from agents.envs.problem import Problem


def test_ranges_of_seeds_do_not_overlap() -> None:
    ranges = sorted(
        (value for value in vars(experimental_protocol).values() if isinstance(value, range)),
        key=lambda seeds: seeds.start,
    )
    assert len(ranges) == 6 and ranges[0].start == 0
    for lower, upper in zip(ranges, ranges[1:], strict=False):
        assert lower.stop == upper.start and len(lower) > 0


def test_problems_of_the_same_overrides_are_equal_and_can_be_keys() -> None:
    problem = Problem("Ring12", "train", {"workload.load": 1.3, "episode_s": 60.0})
    pairs = Problem("Ring12", "train", (("workload.load", 1.3), ("episode_s", 60.0)))
    assert problem == pairs and hash(problem) == hash(pairs)
    assert problem.changes == {"workload.load": 1.3, "episode_s": 60.0}
    assert problem != Problem("Ring12") and problem.scenario_name == "Ring12"
