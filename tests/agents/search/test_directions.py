"""Directions of a search: a unit towards another rule is that rule, a setting moves by as much as
it says; typing errors are named.
"""

import numpy as np
import pytest

from agents.policies.bilinear_rule import N_WEIGHTS, NAMES, M, P
from agents.search.directions import check_direction, direction, tuned_weights


def test_one_unit_towards_a_rule_is_that_rule() -> None:
    way = direction("towards:tight-energy", "Ring12")
    assert np.any(way) and np.allclose(
        tuned_weights("Ring12") + way, tuned_weights("tight-energy"), rtol=0.0, atol=1e-12
    )


def test_a_setting_moves_what_has_no_other_setting_by_as_much_as_it_says() -> None:
    full_way = direction("towards:tight-energy", "Ring12")[:N_WEIGHTS].reshape(3, P, M)
    new_weights = direction("towards:tight-energy*overload", "Ring12")[:N_WEIGHTS].reshape(3, P, M)
    column = NAMES.index("cost.one*overload")
    assert (
        np.array_equal(new_weights[:, :, column], full_way[:, :, 0])
        and np.count_nonzero(full_way[:, :, 0]) > 10
    )
    new_weights[:, :, column] = 0.0
    assert not new_weights.any()


def test_a_weight_is_a_direction_of_its_own() -> None:
    new_weights = direction("cost.load", "Ring12")
    assert new_weights.sum() == 1.0 and new_weights[NAMES.index("cost.load")] == 1.0


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("cost.colour", "unknown weight 'cost.colour'"),
        (
            "towards:Mars",
            "no rule is tuned for 'Mars'; choose from CrossPlane12, Ring12, ThreeBody12, faults",
        ),
        ("towards:Ring12-phoenix", "no rule is tuned for 'Ring12-phoenix'"),
        ("towards:Ring12*colour", "unknown setting 'colour'; choose from urgency"),
    ],
)
def test_unknown_names_are_refused(name, message) -> None:
    with pytest.raises(ValueError, match=message):
        check_direction(name)
