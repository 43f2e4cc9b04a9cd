"""Tables of studies from stored figures: what is printed, by hand, and what is refused."""

from typing import Any

import pytest

from orbit_gym.views.describe.gains_table import gains_table
from orbit_gym.views.describe.study_tables import cell_text, figure, study_blocks

TABLE = {
    "columns": [
        {"name": "load", "kind": "text"},
        {"name": "tuned", "kind": "number", "digits": 4},
        {"name": "gain", "kind": "gain", "digits": 4},
    ],
    "rows": [["0.6", 0.9216, {"mean": 0.0209, "ci95": [-0.02, 0.0218]}], ["0.78", None, None]],
}
FIGURES = {"studies": {"ring": {"commands": [["a", "b"], ["c"]], "tables": {"gains": TABLE}}}}


def test_blocks_of_a_study() -> None:
    assert study_blocks(FIGURES) == {
        "ring_commands": "```bash\na\nb\n```\n",
        "ring_commands_2": "```bash\nc\n```\n",
        "ring_gains": "| load | tuned | gain |\n"
        "| --- | --- | --- |\n"
        "| 0.6 | 0.9216 | +0.0209 [-0.0200, +0.0218] |\n"
        "| 0.78 |  |  |\n",
    }


@pytest.mark.parametrize(
    ("column", "cell", "text"),
    [
        ({"kind": "number", "digits": 0}, 2468.0, "2,468"),
        ({"kind": "number", "digits": 4, "signed": True}, -0.0, "-0.0000"),
        ({"kind": "numbers", "digits": 3}, [0.5, 0.25], "0.500, 0.250"),
        ({"kind": "interval", "digits": 2}, [-0.5, 0.5], "[-0.50, +0.50]"),
        ({"kind": "margin", "digits": 2}, {"mean": 0.5, "half_width": 0.25}, "+0.50 ± 0.25"),
    ],
)
def test_a_cell_by_its_kind(column: dict[str, Any], cell: Any, text: str) -> None:
    assert cell_text(column, cell) == text


def test_one_cell() -> None:
    assert figure(FIGURES, "ring", "gains", "0.6", "tuned") == 0.9216
    with pytest.raises(ValueError, match="ring, gains: no cell '0.6', 'served'"):
        figure(FIGURES, "ring", "gains", "0.6", "served")


@pytest.mark.parametrize("figures", [[], {"studies": {"ring": {}}}, {"studies": [1]}])
def test_other_figures_are_one_sentence(figures: Any) -> None:
    with pytest.raises(ValueError, match="this is not a results.json of the docs"):
        study_blocks(figures)
    with pytest.raises(ValueError, match="this is not a results.json of the docs"):
        gains_table(figures)
