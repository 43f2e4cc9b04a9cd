"""What an evaluation keeps of its episodes beside their metrics (details.json), added up over the
episodes of a policy.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from agents.policies.protocol import Environments
from orbit_gym.scenario.task_classes import TASK_CLASSES
from orbit_gym.simulation.episode_summary import (
    LATENCY_EDGES_S,
    MOST_GROUPS,
    N_BINS,
    PLACES,
    Details,
    satellite_groups,
)
from orbit_gym.simulation.outcomes import OUTCOME_NAMES
from orbit_gym.vector import OrbitVectorEnv

DETAILS_VERSION = 1
BAND = (10.0, 90.0)  # percentiles over episodes that surround a mean over time (choice)
DIGITS = 5  # decimals kept of fractions


def aggregate(
    by_policy: dict[str, list[Details | None]], seeds: Sequence[int], envs: Environments
) -> dict[str, Any] | None:
    """Content of details.json, or None for environments that have no details."""
    lookup = {
        name: values
        for name, items in by_policy.items()
        if (values := [item for item in items if item is not None])
    }
    if not lookup:
        return None
    released = np.sum(
        [item.outcomes.sum(axis=1) for items in lookup.values() for item in items], axis=0
    )
    classes = np.flatnonzero(released).tolist()
    return {
        "version": DETAILS_VERSION,
        **axes(envs),
        "classes": [list(TASK_CLASSES)[index] for index in classes],
        "outcome_names": list(OUTCOME_NAMES),
        "place_names": list(PLACES),
        "latency_edges_s": [float(f"{edge:.6g}") for edge in LATENCY_EDGES_S],
        "policies": {
            name: summary(items, classes, int(seeds[0])) for name, items in lookup.items()
        },
    }


def axes(envs: Environments) -> dict[str, Any]:
    """Names and units of what the arrays are over: time, groups of satellites, datacentres."""
    first: Any = envs if isinstance(envs, OrbitVectorEnv) else envs[0].unwrapped
    scenario, names = first.scenario, first.node_names
    n_datacentres, n_stations = len(scenario.datacentres), len(scenario.stations)
    n_users = len(scenario.users.sites)
    n_satellites = len(names) - n_datacentres - n_stations - n_users
    first_datacentre = n_satellites + n_stations
    return {
        "times_s": np.linspace(0.0, scenario.episode_s, N_BINS + 1).round(3).tolist(),
        "groups": group_names(names[:n_satellites]),
        "datacentres": list(names[first_datacentre : first_datacentre + n_datacentres]),
    }


def group_names(names: Sequence[str]) -> list[str]:
    """Return names of satellites, or of their blocks.

    "first to last" of each block where there are more than MOST_GROUPS.
    """
    groups = satellite_groups(len(names))
    if len(names) <= MOST_GROUPS:
        return list(names)
    members = [np.flatnonzero(groups == group) for group in range(int(groups[-1]) + 1)]
    return [f"{names[block[0]]} to {names[block[-1]]}" for block in members]


def summary(items: list[Details], classes: list[int], first_seed: int) -> dict[str, Any]:
    """Sum up episodes, and keep the first one by satellite.

    Sums of the counts, mean and band of the series over episodes.
    """
    sums = {
        name: np.sum([getattr(item, name) for item in items], axis=0)
        for name in ("outcomes", "places", "latencies", "flow")
    }
    return {
        "n_episodes": len(items),
        **{
            name: over_episodes([getattr(item, name) for item in items])
            for name in ("utilisation", "charge", "least_charge")
        },
        **{name: sums[name][classes].tolist() for name in ("outcomes", "places", "latencies")},
        "flow": sums["flow"].tolist(),
        "example": {
            "seed": first_seed,
            **{
                name: getattr(items[0], name).round(DIGITS).tolist()
                for name in ("sunlit", "group_utilisation", "group_charge")
            },
        },
    }


def over_episodes(series: list[np.ndarray]) -> dict[str, list[float]]:
    """Mean, low and high (10th and 90th percentile) over episodes at each time."""
    stacked = np.stack(series)
    low, high = np.percentile(stacked, BAND, axis=0)
    return {
        key: values.round(DIGITS).tolist()
        for key, values in (("mean", stacked.mean(axis=0)), ("low", low), ("high", high))
    }
