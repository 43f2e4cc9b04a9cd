"""The small table of what learning gains, picked from the studies of docs/data/results.json."""

from typing import Any, NamedTuple

from orbit_gym.views.describe.docs_tables import markdown
from orbit_gym.views.describe.study_tables import cell_text, figure

TUNED = "`tuned` = untrained"
LEARNED_GAIN = "learned - `tuned`, over training seeds"
PLANNER_GAIN = "`rollout` - `tuned`"
GAIN = {"kind": "gain", "digits": 4}


class Case(NamedTuple):
    """A scenario at a load, with the study, table and row that hold its figures."""

    scenario: str
    load: str
    study: str
    row: str
    planner: tuple[str, str, str]


CASES = (
    *(
        Case("tight-downlink", load, "tight_downlink", load, ("tight_downlink", "planner", load))
        for load in ("0.48", "0.6", "0.78")
    ),
    Case("Ring12", "1.3", "ring", "1.3", ("ring", "planner", "1.3")),
    Case("swap-heavy", "1.3", "swap_heavy", "1.3", ("look_ahead", "served", "`swap-heavy` 1.3")),
    *(
        Case(name, "1", "ppo_rows", f"`{name}` 1.0", ("look_ahead", "served", f"`{name}` 1.0"))
        for name in ("ThreeBody12", "CrossPlane12")
    ),
)


def gains_table(figures: Any) -> str:
    """Return one row per case: gain of the learned policy and of the planner over the tuned rule.

    ValueError if the figures are not those of the docs.
    """
    try:
        rows = [
            (
                f"`{case.scenario}` at load {case.load}",
                f"{figure(figures, case.study, 'served', case.row, TUNED):.4f}",
                cell_text(GAIN, figure(figures, case.study, "gains", case.row, LEARNED_GAIN)),
                cell_text(GAIN, figure(figures, *case.planner, PLANNER_GAIN)),
            )
            for case in CASES
        ]
    except (KeyError, TypeError) as error:
        raise ValueError(f"this is not a results.json of the docs: {error!r}") from error
    return markdown(("where", "`tuned`", "learned - `tuned`", "`rollout` - `tuned`"), rows)
