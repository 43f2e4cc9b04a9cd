"""What a comparison with an authority reports: one row of the table in docs/results/validation.md.

Each subject is a module of this folder with ``measure(data) -> list[Row]``; ``make validate`` runs
them all, and ``test_<subject>.py`` asserts on the same numbers. ``data`` is the folder of reference
data, None where it is absent.
"""

from typing import NamedTuple

ABSENT = "skipped: the reference data ../shared/data is not here"


class Row(NamedTuple):
    """Hold one comparison with an authority.

    What of ours, against whom, the largest error, the tolerance fixed beforehand, and whether
    it holds.
    """

    quantity: str
    authority: str
    error: str
    tolerance: str
    ok: bool


def skipped_row(quantity: str, authority: str, tolerance: str) -> Row:
    """The row of a comparison whose reference data is absent.

    It says so where the error would stand.
    """
    return Row(quantity, authority, ABSENT, tolerance, True)


def judged_row(
    quantity: str, authority: str, error: float, tolerance: float, unit: str, note: str = ""
) -> Row:
    """A row whose error and tolerance are numbers of one unit.

    The note says how much was compared.
    """
    text = f"{error:.3g} {unit}".strip() + (f" ({note})" if note else "")
    return Row(quantity, authority, text, f"{tolerance:g} {unit}".strip(), bool(error <= tolerance))
