"""The observation as one table: spaces, columns, encoder, decoder and the table of the docs all
come from FIELDS.

Three blocks: ``task`` (T,), ``nodes`` (n_candidates, F), ``links`` (n_candidates, n_terminals + 2,
L), float32, scaled to order 1 by fixed constants. Rows that stand for nothing are zero. Nothing
tells absolute time, a satellite's index or longitude.

A column is one Field here, and one line in orbit_gym/kernels/observation_encoder.py.
"""

from collections import namedtuple
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np

from orbit_gym.utils.scales import Flag, Fraction, Linear, Log

GROUND_SLOTS = 2  # ground contacts shown per candidate, after its laser terminals
LONGEST_S = 7_200.0  # times are shown up to here
LOG_TIME = Log(per=1.0, limit=LONGEST_S, unit="s")
TIME = Linear(per=LONGEST_S, unit="s")
INPUT_SIZE = Log(per=1e6, limit=1e6, unit="bits")
RESULT_SIZE = Log(per=1e3, limit=1e8, unit="bits")
RATE = Log(per=1e6, limit=1e6, unit="bps")
ENERGY = Log(per=1.0, limit=1e6, unit="J")
VALUE = Linear(per=10.0, unit="value")
MODEL_SIZE = Linear(per=32e9, unit="bytes")
POSITION = Linear(low=-2.0, high=2.0, per=1e7, unit="m")
RANGE = Linear(per=1e7, unit="m")
SPEED = Linear(high=10.0, per=744e12, unit="op/s")
BANDWIDTH = Linear(high=10.0, per=400e9, unit="bytes/s")
LOAD_TIME = Linear(per=60.0, unit="s")
HOPS = Linear(per=40.0, unit="hops")
LOAD = Fraction(high=4.0)


@dataclass(frozen=True)
class Field:
    """One column: its block, its name, how an amount is scaled, and what the amount is."""

    block: str
    name: str
    scale: Fraction
    about: str

    @property
    def low(self) -> float:
        """Least value of the column."""
        return self.scale.low

    @property
    def high(self) -> float:
        """Greatest value of the column."""
        return self.scale.high

    @property
    def meaning(self) -> str:
        """What the amount is, and how the column is made of it."""
        return f"{self.about}: {self.scale.formula}" if self.scale.formula else self.about


FIELDS: tuple[Field, ...] = (
    Field("task", "present", Flag(), "1 while there is a task to place"),
    Field("task", "input_size", INPUT_SIZE, "bits to move in"),
    Field("task", "result_size", RESULT_SIZE, "bits to bring back"),
    Field(
        "task", "service", LOG_TIME, "service on the first satellite's accelerator, idle and loaded"
    ),
    Field("task", "lanes", Fraction(), "lanes taken, fraction of an accelerator"),
    Field("task", "model_size", MODEL_SIZE, "weights of its model"),
    Field("task", "slack", LOG_TIME, "time from release to deadline"),
    Field("task", "value", VALUE, "value if delivered in time"),
    Field("task", "from_user", Flag(), "1 if a user asks, 0 if a satellite observed"),
    Field(
        "task", "to_user", Flag(), "1 if the result returns to that user, 0 if any station will do"
    ),
    Field("task", "may_alert", Flag(), "1 if the result may go by the alert channel"),
    Field(
        "task",
        "offered_load_5min",
        LOAD,
        "offered load: work of recent tasks that could be served in time "
        "(fading over 300 s) / what all satellites could compute in that time",
    ),
    Field("task", "offered_load_30min", LOAD, "the same, fading over 1800 s"),
    Field(
        "task",
        "urgent_infeasible_rate",
        Fraction(),
        "share of recent urgent tasks (slack up to 120 s, fading over 600 s) "
        "that no candidate could deliver in time",
    ),
    Field("nodes", "present", Flag(), "1 if the row stands for a reachable candidate"),
    Field("nodes", "is_satellite", Flag(), "1 for a satellite, 0 for a datacentre"),
    Field("nodes", "is_origin", Flag(), "1 if the task appeared here"),
    Field("nodes", "radial", POSITION, "position relative to the origin, outward"),
    Field("nodes", "along", POSITION, "the same along the origin's motion (east for a user)"),
    Field("nodes", "across", POSITION, "the same across it (north for a user)"),
    Field("nodes", "sunlit", Flag(), "1 in sunlight"),
    Field("nodes", "time_to_eclipse", TIME, "until the next eclipse begins, 0 in eclipse"),
    Field("nodes", "time_to_sunlight", TIME, "until the eclipse ends, 0 in sunlight"),
    Field(
        "nodes",
        "time_to_contact",
        LOG_TIME,
        "until the next contact with any station, 0 during one",
    ),
    Field("nodes", "charge", Fraction(), "battery charge now, fraction of capacity"),
    Field(
        "nodes",
        "charge_margin",
        Fraction(low=-1.0),
        "charge above what the baseline needs until the next sunlight, "
        "fraction of the usable charge",
    ),
    Field("nodes", "temperature", Fraction(high=2.0), "(temperature - sink) / (limit - sink)"),
    Field("nodes", "lanes_busy", Fraction(), "lanes in use now, fraction"),
    Field("nodes", "backlog", LOG_TIME, "until its last booking ends"),
    Field("nodes", "booked_work", LOG_TIME, "booked lane-seconds ahead / lanes"),
    Field(
        "nodes",
        "model_resident",
        Flag(),
        "1 if the task's model will be in memory after the last booking",
    ),
    Field("nodes", "memory_free", Fraction(), "memory free after the last booking, fraction"),
    Field(
        "nodes",
        "evicted",
        Fraction(),
        "weights that loading the task's model would evict, fraction of memory",
    ),
    Field("nodes", "speed", SPEED, "peak speed"),
    Field("nodes", "bandwidth", BANDWIDTH, "memory bandwidth"),
    Field(
        "nodes",
        "plan_exists",
        Flag(),
        "1 if the task can be delivered within the look-ahead from here: the mask",
    ),
    Field("nodes", "plan_on_time", Flag(), "1 if that delivery is in time"),
    Field("nodes", "plan_arrival", LOG_TIME, "release to arrival of the input"),
    Field("nodes", "plan_load", LOAD_TIME, "model load that the plan contains"),
    Field("nodes", "plan_start", LOG_TIME, "release to start of service"),
    Field("nodes", "plan_finish", LOG_TIME, "release to end of service"),
    Field("nodes", "plan_delivery", LOG_TIME, "release to delivery"),
    Field("nodes", "plan_margin", Fraction(low=-1.0), "(deadline - delivery) / slack"),
    Field("nodes", "plan_energy", ENERGY, "compute and transmit energy"),
    Field("nodes", "plan_input_hops", HOPS, "hops of the input"),
    Field("nodes", "plan_result_hops", HOPS, "hops of the result"),
    Field("links", "up", Flag(), "1 while data can flow"),
    Field("links", "rate", RATE, "data rate now, or of the next contact"),
    Field("links", "backlog", LOG_TIME, "booked from now, or from its opening, without a gap"),
    Field("links", "range", RANGE, "distance"),
    Field("links", "opens_in", LOG_TIME, "until the contact begins, 0 during it"),
    Field("links", "remaining", LOG_TIME, "until the contact ends"),
    Field(
        "links",
        "other_end",
        Fraction(),
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
# The same as tuples with names, which kernels read as constants: NODE_COLUMNS.plan_delivery.
TaskColumns = namedtuple("TaskColumns", tuple(COLUMNS["task"]))  # type: ignore[misc]
NodeColumns = namedtuple("NodeColumns", tuple(COLUMNS["nodes"]))  # type: ignore[misc]
LinkColumns = namedtuple("LinkColumns", tuple(COLUMNS["links"]))  # type: ignore[misc]
TASK_COLUMNS: Any = TaskColumns(**COLUMNS["task"])
NODE_COLUMNS: Any = NodeColumns(**COLUMNS["nodes"])
LINK_COLUMNS: Any = LinkColumns(**COLUMNS["links"])
# Names that columns had before, as files that are older than the new name may say.
RENAMED = {
    "asked_short": "offered_load_5min",
    "asked_long": "offered_load_30min",
    "missed": "urgent_infeasible_rate",
}


def field_of(block: str, name: str) -> Field:
    """The field of a column; ValueError says which there are."""
    name = RENAMED.get(name, name)
    for field in FIELDS:
        if (field.block, field.name) == (block, name):
            return field
    names = ", ".join(COLUMNS.get(block, ())) or f"the blocks {', '.join(BLOCKS)}"
    raise ValueError(f"no column {name!r} in block {block!r}; choose from {names}")


def decode(block: str, name: str, values: np.ndarray | float) -> np.ndarray:
    """Amounts in SI units behind values of a column, in float64.

    What the column clips stays clipped. ValueError names the columns if there is no such one.
    """
    return field_of(block, name).scale.decode(values)


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
    """Return rows of the candidates at the other ends of all links.

    (..., n_candidates, n_terminals + 2) int64, -1 where outside.
    """
    links = observation["links"]
    return np.rint(links[..., COLUMNS["links"]["other_end"]] * links.shape[-3]).astype(np.int64) - 1
