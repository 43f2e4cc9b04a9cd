"""Generated tokens and arrivals against the traces they are fitted to.

Tolerances stand in validation/generators.py.
"""

from pathlib import Path

import pytest

from orbit_gym.scenario.task_classes import TASK_CLASSES
from validation import generators
from validation.generators import (
    AUTHORITIES,
    COUNTS_TOLERANCE,
    GAPS_TOLERANCE,
    TOKENS_TOLERANCE,
    relative,
)


@pytest.mark.parametrize("name", AUTHORITIES)
def test_tokens(shared_data: Path, name: str) -> None:
    """Authority: Azure 2023 traces. p50, p90, p99 and mean of prompts and answers within 10 %."""
    for quantity, (model, trace) in generators.token_errors(shared_data, name).items():
        for key, model_value, other in zip(model._fields, model, trace):
            assert relative(model_value, other) <= TOKENS_TOLERANCE, (
                f"{quantity} {key}: {model_value:g} against {other:g}"
            )


@pytest.mark.parametrize("name", AUTHORITIES)
def test_gaps(shared_data: Path, name: str) -> None:
    """Authority: the same traces, gaps of CV 1.09 and 13.2, within 10 %. The fit used counts in
    windows, not gaps.
    """
    model, trace = generators.gap_variations(shared_data, name)
    assert relative(model, trace) <= GAPS_TOLERANCE


@pytest.mark.parametrize("name", AUTHORITIES)
def test_counts(shared_data: Path, name: str) -> None:
    """Authority: the same traces.

    Variance over mean of counts in 1 to 120 s within 30 %; Poisson would give 1 at all of them.
    """
    for window_s, (model, trace) in generators.count_dispersions(shared_data, name).items():
        assert relative(model, trace) <= COUNTS_TOLERANCE, (
            f"{window_s:g} s: {model:g} against {trace:g}"
        )


def test_gamma_ray_bursts_are_poisson(shared_data: Path) -> None:
    """Authority: Fermi-GBM catalogue 2008-2025."""
    figures = generators.burst_figures(shared_data)
    assert (
        relative(*figures["gaps"]) <= GAPS_TOLERANCE
        and relative(*figures["counts"]) <= COUNTS_TOLERANCE
    )


def test_fires_come_in_clusters(shared_data: Path) -> None:
    """Authority: MODIS fires of three days.

    The mean was fitted; that the deviation is that of a geometric size was not.
    """
    figures = generators.cluster_figures(shared_data)
    assert relative(*figures["mean"]) <= generators.CLUSTERS_TOLERANCE
    assert relative(*figures["deviation"]) <= generators.CLUSTERS_TOLERANCE
    assert relative(*figures["counts"]) <= COUNTS_TOLERANCE


def test_every_row_holds_and_names_itself(shared_data: Path) -> None:
    rows = generators.measure(shared_data)
    assert len({row.quantity for row in rows}) == len(rows) == 11
    assert [row.quantity for row in rows if not row.ok] == []


def test_without_data_every_row_says_that_it_was_skipped() -> None:
    rows = generators.measure(None)
    assert len(rows) == 11 and all(row.error.startswith("skipped") for row in rows)


def test_levels_stay_possible() -> None:
    """The low level of a rate is not negative, and each class says whence its burstiness comes."""
    for kind in TASK_CLASSES.values():
        assert kind.burstiness.rest_factor >= -1e-12 and kind.burstiness.source.startswith(
            ("fact: ", "assumption: ", "choice: ")
        )
