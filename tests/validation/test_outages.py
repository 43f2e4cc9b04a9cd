"""Long-run rates and durations of faults and clouds: three standard errors (validation/outages.py
names the theory).
"""

import pytest

from validation.outages import measure


@pytest.mark.parametrize("row", measure(None, 60), ids=lambda row: row.quantity)
def test_faults_follow_their_law(row):
    assert row.ok, row
