"""Propagation against the SGP4 verification set."""

from pathlib import Path

from validation import propagation


def test_every_state_of_the_verification_set(shared_data: Path) -> None:
    """Authority: Vallado 2006, 666 states of 32 objects (one twice); 1e-6 km.

    The 33rd run is an intended error: refused by name.
    """
    cases = propagation.read_cases(shared_data)
    good = [case for case in cases if propagation.number_of(case) != propagation.FAILING_OBJECT]
    assert (len(cases), sum(len(case.states) for case in good)) == (33, 666)
    assert max(propagation.case_error_km(case) for case in good) < propagation.TOLERANCE_KM
    assert [
        propagation.is_refused(case)
        for case in cases
        if propagation.number_of(case) == propagation.FAILING_OBJECT
    ] == [True]
