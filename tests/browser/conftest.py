"""The one browser that all tests of this folder share."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.helpers.chromium import chromium


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A running Chromium; tests open contexts or pages of their own, and close them."""
    with chromium() as running:
        yield running
