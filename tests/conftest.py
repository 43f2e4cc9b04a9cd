"""Fixtures that several test files share."""

from pathlib import Path

import pytest

from orbit_gym.env import OrbitEnv

REPOSITORY = Path(__file__).resolve().parent.parent


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of the golden traces (tests/helpers/golden_trace.py)."""
    parser.addoption(
        "--write-golden",
        action="store_true",
        help="store the golden traces that are missing; never overwrites one",
    )
    parser.addoption(
        "--golden-bits",
        action="store_true",
        help="compare golden traces to the last bit, as on the machine that stored them",
    )


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of reference data beside the checkout.

    Tests that need it are skipped where it is absent.
    """
    folder = REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("reference data ../shared/data is not here")
    return folder


@pytest.fixture
def env() -> OrbitEnv:
    """Return a validation episode of Ring12 at its first task."""
    env = OrbitEnv("Ring12", split="validation")
    env.reset(seed=0)
    return env
