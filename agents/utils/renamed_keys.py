"""Keys that files of earlier versions say differently: one table, read by all that reads them.

Run folders, cards of shipped weights, recipes, searches and plans of version 0.1 stay readable.
"""

from typing import Any

RENAMED_KEYS = {
    # in a recipe and its hyperparameters
    "subtract_value": "regret_reward",
    "scatter": "random_episode_start",
    "final_fraction": "final_lr_fraction",
    "critic_alone": "critic_warmup_steps",
    # in the settings of a network
    "most_learned": "residual_bound",
    "sharpness": "logit_scale",
    "margin": "reject_logit_gap",
    # in a search (agents.search.evolve) and its log
    "asked": "config",
    "rows": "cases",
    "per_row": "episodes_per_case",
    "free": "directions",
    "first": "initial_mean",
}


def with_current_keys(content: Any) -> Any:
    """The same JSON content, every key of the table under its name of today.

    ValueError where a mapping has both names of one key.
    """
    if isinstance(content, list):
        return [with_current_keys(item) for item in content]
    if not isinstance(content, dict):
        return content
    for old, new in RENAMED_KEYS.items():
        if old in content and new in content:
            raise ValueError(f"{old!r} is an earlier name of {new!r}; give one of them")
    return {RENAMED_KEYS.get(key, key): with_current_keys(item) for key, item in content.items()}
