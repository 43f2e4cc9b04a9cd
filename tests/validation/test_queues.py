"""Calendars and lanes as queues: exact recursions, and mean waits within three standard errors."""

import numpy as np
import pytest

from validation import queues


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", queues.RECURSIONS)
def test_starts_follow_the_recursion(kind: str, seed: int) -> None:
    """Authorities: Lindley 1952, and Kiefer and Wolfowitz 1955 for eight servers.

    Starts exact, services to rounding.
    """
    start_error_s, service_error_s = queues.recursion_errors_s(kind, np.random.default_rng(seed))
    assert start_error_s <= queues.EXACT_S
    assert service_error_s <= queues.ROUNDING_S


@pytest.mark.parametrize("utilisation", queues.UTILISATIONS)
@pytest.mark.parametrize("queue", queues.QUEUES, ids=lambda queue: queue.name)
def test_mean_wait(queue: queues.Queue, utilisation: float) -> None:
    """Authorities: Pollaczek-Khinchine and Erlang C.

    Three standard errors of 20 independent replications of 100,000 customers.
    """
    assert queues.deviation(queue, utilisation).standard_errors < queues.STANDARD_ERRORS


def test_the_formulas_by_hand() -> None:
    """M/M/1 at 0.9 waits 9 services, M/D/1 half of that.

    Erlang C of two servers offered 1 erlang is 1/3, so M/M/2 waits 1/3 of one.
    """
    link_constant, link_drawn = queues.QUEUES[:2]
    assert queues.mean_wait_s(link_drawn, 0.9) == pytest.approx(9.0 * queues.SERVICE_S)
    assert queues.mean_wait_s(link_constant, 0.9) == pytest.approx(4.5 * queues.SERVICE_S)
    assert queues.mean_wait_s(link_drawn._replace(servers=2), 0.5) == pytest.approx(
        queues.SERVICE_S / 3.0
    )
