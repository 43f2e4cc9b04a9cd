"""Long-run rates and durations of faults and clouds: three standard errors (tests/reference/outages.py names the theory)."""

import pytest

from tests.reference.outages import measure


@pytest.mark.parametrize("row", measure(None, 60), ids=lambda row: row.what)
def test_faults_follow_their_law(row):
    assert row.ok, row
