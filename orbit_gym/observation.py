"""The observation as one table: spaces, columns, encoder and the README's table all come from
FIELDS.

Three blocks: ``task`` (T,), ``nodes`` (n_candidates, F), ``links`` (n_candidates, n_terminals + 2,
L), float32, scaled to order 1 by fixed constants. Rows that stand for nothing are zero. Nothing
tells absolute time, a satellite's index or longitude.
"""

import math
from dataclasses import dataclass

import gymnasium as gym
import numpy as np

# Scales of the columns: times end at LONGEST_S, and log columns are log1p(amount in the unit) /
# LOG_...
LONGEST_S = 7_200.0
LOG_LONGEST = math.log1p(LONGEST_S)  # seconds
LOG_MOST_MBIT = math.log1p(1e6)  # sizes of inputs in Mbit, rates in Mbit/s
LOG_MOST_KBIT = math.log1p(1e8)  # sizes of results in kbit
LOG_MOST_J = math.log1p(1e6)
GROUND_SLOTS = 2  # ground contacts shown per candidate, after its laser terminals


@dataclass(frozen=True)
class Field:
    """One column: its block, its name, its true bounds after scaling, and what it means."""

    block: str
    name: str
    low: float
    high: float
    meaning: str


FIELDS: tuple[Field, ...] = (
    Field("task", "present", 0, 1, "1 while there is a task to place"),
    Field("task", "input_size", 0, 1, "bits to move in: log1p(bits / 1e6) / log1p(1e6)"),
    Field("task", "result_size", 0, 1, "bits to bring back: log1p(bits / 1e3) / log1p(1e8)"),
    Field(
        "task",
        "service",
        0,
        1,
        "service on the first satellite's accelerator, idle and loaded: log1p(s) / log1p(7200)",
    ),
    Field("task", "lanes", 0, 1, "lanes taken, fraction of an accelerator"),
    Field("task", "model_size", 0, 1, "weights of its model, fraction of 32 GB"),
    Field("task", "slack", 0, 1, "time from release to deadline: log1p(s) / log1p(7200)"),
    Field("task", "value", 0, 1, "value if delivered in time, / 10"),
    Field("task", "from_user", 0, 1, "1 if a user asks, 0 if a satellite observed"),
    Field(
        "task", "to_user", 0, 1, "1 if the result returns to that user, 0 if any station will do"
    ),
    Field("task", "may_alert", 0, 1, "1 if the result may go by the alert channel"),
    Field(
        "task",
        "asked_short",
        0,
        4,
        "work asked lately (fading over 300 s) / what all satellites could compute in that time",
    ),
    Field("task", "asked_long", 0, 4, "the same, fading over 1800 s"),
    Field(
        "task",
        "missed",
        0,
        1,
        "share of urgent tasks lately (slack up to 120 s, fading over 600 s) that nobody offered "
        "in time",
    ),
    Field("nodes", "present", 0, 1, "1 if the row stands for a reachable candidate"),
    Field("nodes", "is_satellite", 0, 1, "1 for a satellite, 0 for a datacentre"),
    Field("nodes", "is_origin", 0, 1, "1 if the task appeared here"),
    Field("nodes", "radial", -2, 2, "position relative to the origin, outward, / 1e7 m"),
    Field("nodes", "along", -2, 2, "the same along the origin's motion (east for a user)"),
    Field("nodes", "across", -2, 2, "the same across it (north for a user)"),
    Field("nodes", "sunlit", 0, 1, "1 in sunlight"),
    Field(
        "nodes", "time_to_eclipse", 0, 1, "until the next eclipse begins, 0 in eclipse: s / 7200"
    ),
    Field("nodes", "time_to_sunlight", 0, 1, "until the eclipse ends, 0 in sunlight: s / 7200"),
    Field(
        "nodes",
        "time_to_contact",
        0,
        1,
        "until the next contact with any station, 0 during one: log1p(s) / log1p(7200)",
    ),
    Field("nodes", "charge", 0, 1, "battery charge now, fraction of capacity"),
    Field(
        "nodes",
        "charge_margin",
        -1,
        1,
        "charge above what the baseline needs until the next sunlight, fraction of the usable "
        "charge",
    ),
    Field("nodes", "temperature", 0, 2, "(temperature - sink) / (limit - sink)"),
    Field("nodes", "lanes_busy", 0, 1, "lanes in use now, fraction"),
    Field("nodes", "backlog", 0, 1, "until its last booking ends: log1p(s) / log1p(7200)"),
    Field(
        "nodes", "booked_work", 0, 1, "booked lane-seconds ahead / lanes: log1p(s) / log1p(7200)"
    ),
    Field(
        "nodes",
        "model_resident",
        0,
        1,
        "1 if the task's model will be in memory after the last booking",
    ),
    Field("nodes", "memory_free", 0, 1, "memory free after the last booking, fraction"),
    Field(
        "nodes",
        "evicted",
        0,
        1,
        "weights that loading the task's model would evict, fraction of memory",
    ),
    Field("nodes", "speed", 0, 10, "peak speed / 744 TOPS"),
    Field("nodes", "bandwidth", 0, 10, "memory bandwidth / 400 GB/s"),
    Field(
        "nodes",
        "plan_exists",
        0,
        1,
        "1 if the task can be delivered within the look-ahead from here: the mask",
    ),
    Field("nodes", "plan_on_time", 0, 1, "1 if that delivery is in time"),
    Field("nodes", "plan_arrival", 0, 1, "release to arrival of the input: log1p(s) / log1p(7200)"),
    Field("nodes", "plan_load", 0, 1, "model load that the plan contains: s / 60"),
    Field("nodes", "plan_start", 0, 1, "release to start of service: log1p(s) / log1p(7200)"),
    Field("nodes", "plan_finish", 0, 1, "release to end of service: log1p(s) / log1p(7200)"),
    Field("nodes", "plan_delivery", 0, 1, "release to delivery: log1p(s) / log1p(7200)"),
    Field("nodes", "plan_margin", -1, 1, "(deadline - delivery) / slack"),
    Field("nodes", "plan_energy", 0, 1, "compute and transmit energy: log1p(J) / log1p(1e6)"),
    Field("nodes", "plan_input_hops", 0, 1, "hops of the input / 40"),
    Field("nodes", "plan_result_hops", 0, 1, "hops of the result / 40"),
    Field("links", "up", 0, 1, "1 while data can flow"),
    Field(
        "links",
        "rate",
        0,
        1,
        "data rate now, or of the next contact: log1p(bps / 1e6) / log1p(1e6)",
    ),
    Field(
        "links",
        "backlog",
        0,
        1,
        "booked from now, or from its opening, without a gap: log1p(s) / log1p(7200)",
    ),
    Field("links", "range", 0, 1, "distance / 1e7 m"),
    Field(
        "links", "opens_in", 0, 1, "until the contact begins, 0 during it: log1p(s) / log1p(7200)"
    ),
    Field("links", "remaining", 0, 1, "until the contact ends: log1p(s) / log1p(7200)"),
    Field(
        "links",
        "other_end",
        0,
        1,
        "(row of the candidate at the other end + 1) / n_candidates; 0 for none or outside",
    ),
)
BLOCKS = ("task", "nodes", "links")
COLUMNS: dict[str, dict[str, int]] = {
    block: {
        field.name: column for column, field in enumerate(f for f in FIELDS if f.block == block)
    }
    for block in BLOCKS
}
WIDTH = {block: len(COLUMNS[block]) for block in BLOCKS}


def _bounds(block: str, shape: tuple[int, ...]) -> gym.spaces.Box:
    """Box of one block: the bounds of its columns repeated over the leading axes.

    Unused rows are 0, so 0 is inside.
    """
    rows = [field for field in FIELDS if field.block == block]
    low = np.broadcast_to(np.array([f.low for f in rows], np.float32), (*shape, len(rows)))
    high = np.broadcast_to(np.array([f.high for f in rows], np.float32), (*shape, len(rows)))
    return gym.spaces.Box(low.copy(), high.copy(), dtype=np.float32)


def observation_space(n_candidates: int, n_terminals: int) -> gym.spaces.Dict:
    """Space of the observation for this many candidates and laser terminals."""
    return gym.spaces.Dict(
        {
            "task": _bounds("task", ()),
            "nodes": _bounds("nodes", (n_candidates,)),
            "links": _bounds("links", (n_candidates, n_terminals + GROUND_SLOTS)),
        }
    )


def neighbours(observation: dict[str, np.ndarray]) -> np.ndarray:
    """Rows of the candidates at the other ends of all links, (..., n_candidates, n_terminals + 2)
    int64, -1 where outside.
    """
    links = observation["links"]
    return np.rint(links[..., COLUMNS["links"]["other_end"]] * links.shape[-3]).astype(np.int64) - 1
