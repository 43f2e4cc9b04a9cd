"""The small table of what learning gains, from docs/data/gains.json."""

from typing import Any

from orbit_gym.views.describe.docs_tables import markdown


def gains_table(figures: Any) -> str:
    """Return one row per case: gain of the learned policy and of the planner over the tuned rule.

    ValueError if the figures are not those of a gains.json.
    """
    try:
        rows = [
            (
                f"`{case['scenario']}` at load {case['load']:g}",
                f"{case['tuned']:.4f}",
                _gain(case["learned"]),
                _gain(case["planner"]) if case.get("planner") else "-",
            )
            for case in figures["cases"]
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"this is not a gains.json of the docs: {error!r}") from error
    return markdown(("where", "`tuned`", "learned - `tuned`", "`rollout` - `tuned`"), rows)


def _gain(item: dict[str, Any]) -> str:
    low, high = item["ci95"]
    return f"{item['mean']:+.4f} [{low:+.4f}, {high:+.4f}]"
