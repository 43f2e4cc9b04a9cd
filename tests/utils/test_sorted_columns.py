"""Binary searches in columns against NumPy's, where values repeat and where nothing is found."""

import numpy as np
import pytest

from orbit_gym.utils.sorted_columns import first_above, first_from, last_up_to

ROWS = np.zeros(9, [("start_s", "f8"), ("edge", "i4")])
ROWS["start_s"] = [9.0, 1.0, 1.0, 2.0, 4.0, 4.0, 4.0, 7.0, 0.0]
LOW, HIGH = 1, 8  # the ends hold what a search outside its rows would fall for


@pytest.mark.parametrize("limit", [0.5, 1.0, 1.5, 2.0, 4.0, 5.0, 7.0, 8.0])
def test_searches_agree_with_numpy(limit: float) -> None:
    column = ROWS["start_s"]
    right = LOW + int(np.searchsorted(column[LOW:HIGH], limit, side="right"))
    left = LOW + int(np.searchsorted(column[LOW:HIGH], limit, side="left"))
    assert first_above(column, LOW, HIGH, limit) == right
    assert first_from(column, LOW, HIGH, limit) == left
    assert last_up_to(column, LOW, HIGH, limit) == max(LOW, right - 1)


def test_no_rows_give_their_own_place() -> None:
    column = ROWS["start_s"]
    assert first_above(column, 3, 3, 0.0) == first_from(column, 3, 3, 0.0) == 3
    assert last_up_to(column, 3, 3, 0.0) == 3
