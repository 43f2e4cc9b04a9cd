"""Splits: which days of a scenario belong to training, validation and test.

Nothing is chosen on test days.
"""

SPLIT_DAYS = {
    "train": (1, 2, 3),
    "validation": (4,),
    "test": (6, 7),
}  # offsets from the scenario's epoch


def split_days(split: str) -> tuple[int, ...]:
    """Days of a split, as offsets from the scenario's epoch; ValueError for an unknown split."""
    if split not in SPLIT_DAYS:
        raise ValueError(f"unknown split {split!r}; choose from {', '.join(SPLIT_DAYS)}")
    return SPLIT_DAYS[split]
