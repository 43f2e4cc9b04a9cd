"""Pack: a log, or two of the same episode, as few bytes for a browser.

Web/replay/src/data.js unpacks them.

Numbers become whole steps, differences along the first axis, and bytes of equal weight side by
side, which deflate then squeezes.
"""

import json
import struct
import zlib
from typing import Any

import numpy as np

from orbit_gym.physics.geometry import EARTH_ROTATION_RAD_PER_S, gmst_rad, rotate_to_earth_fixed
from orbit_gym.physics.sun import sun_direction_of_date
from orbit_gym.simulation.outcomes import task_outcomes
from orbit_gym.utils.units import DAY_S
from orbit_gym.views.episode_log.log import EpisodeLog

MANY_SATELLITES = 400  # from here on positions and series are thinner
# code in the page, web/replay/src/episode.js, of each TaskOutcome
PAGE_CODES = np.array([1, 2, 3, 0])
TIME_STEP_S, FINE_STEP_S = 0.01, 0.001  # what the eye cannot tell apart
# Names of the header that the page reads.
KEPT_COLUMNS = (
    "nodes",
    "satellites",
    "task_classes",
    "models",
    "seed",
    "split",
    "day",
    "start_s",
    "end_s",
    "last_s",
    "midnight_utc",
)
NEVER_S = -1.0  # seconds after release of what does not happen


class Packer:
    """Collects arrays and where they lie."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.parts: list[bytes] = []
        self.size = 0

    def add(
        self, values: np.ndarray, kind: str, step: float = 1.0, differences: int = 0
    ) -> dict[str, Any]:
        """Append an array as whole numbers of `step` of type i1, i2 or i4.

        Returns what the reader must know.

        Differences may leave the type's range: they wrap, and so do the sums that undo them.

        """
        steps = np.rint(np.asarray(values, np.float64) / step).astype(np.int64)
        kept_kind = np.dtype(f"<{kind}")
        limits = np.iinfo(kept_kind)
        if steps.size and (steps.min() < limits.min or steps.max() > limits.max):
            raise ValueError(
                f"a value of the log does not fit the replay: {steps.min() * step:g} to "
                f"{steps.max() * step:g} as {kind}"
            )
        for _ in range(differences):
            steps = np.diff(steps, axis=0, prepend=np.zeros_like(steps[:1]))
        packed_values = steps.astype(kept_kind)
        planes = (
            np.frombuffer(packed_values.tobytes(), np.uint8)
            .reshape(-1, packed_values.dtype.itemsize)
            .T
            if packed_values.size
            else np.zeros((0, 0), np.uint8)
        )
        entry = {
            "at": self.size,
            "kind": kind,
            "shape": list(steps.shape),
            "step": step,
            "differences": differences,
        }
        self.parts.append(planes.tobytes())
        self.size += packed_values.nbytes
        return entry

    def finish(self, header: dict[str, Any]) -> bytes:
        """Everything in one deflated piece: length of the header, header, arrays."""
        text = json.dumps(header, separators=(",", ":"), allow_nan=False).encode()
        return zlib.compress(struct.pack("<I", len(text)) + text + b"".join(self.parts), 9)


def pack(logs: list[EpisodeLog]) -> bytes:
    """Pack logs of one episode: the world once, what each policy did apart.

    ValueError if they are not of the same episode.
    """
    check_same_episode(logs)
    packer = Packer()
    longest = max(logs, key=lambda log: log.header["last_s"])
    return packer.finish(
        {"world": _world(packer, longest), "episodes": [_episode(packer, log) for log in logs]}
    )


def check_same_episode(logs: list[EpisodeLog]) -> None:
    """ValueError that says how two logs differ, unless scenario, seed, day and tasks agree."""
    first = logs[0].header
    for log in logs[1:]:
        other = log.header
        for group, one, two in (
            ("scenario", first["scenario"]["name"], other["scenario"]["name"]),
            ("seed", first["seed"], other["seed"]),
            ("day", first["midnight_utc"][:10], other["midnight_utc"][:10]),
            ("start_s", first["start_s"], other["start_s"]),
        ):
            if one != two:
                raise ValueError(
                    f"side by side needs two logs of the same episode, but {group} is {one} in one "
                    f"and {two} in the other"
                )
        one, two = (item.arrays["decisions/release_s"] for item in (logs[0], log))
        if first["scenario"] != other["scenario"] or not np.array_equal(one, two):
            raise ValueError(
                "side by side needs two logs of the same episode, but their scenarios or tasks "
                "differ"
            )


def sun_earth_fixed(log: EpisodeLog) -> list[float]:
    """Earth-fixed unit vector to the Sun at the episode's start."""
    jd, fraction = log.header["midnight_jd"], np.array([log.header["start_s"] / DAY_S])
    return rotate_to_earth_fixed(sun_direction_of_date(jd, fraction), gmst_rad(jd, fraction))[
        0
    ].tolist()


def _world(packer: Packer, log: EpisodeLog) -> dict[str, Any]:
    header, start_s = log.header, log.header["start_s"]
    positions, links, light = log.group("positions"), log.group("links"), log.group("sunlight")
    stride = 2 if positions["positions_m"].shape[1] <= MANY_SATELLITES else 4
    places_m = _every(positions["positions_m"].astype(np.float64), stride)
    faults = log.group("faults")
    return {
        **{
            name: header[name]
            for name in (
                "nodes",
                "satellites",
                "task_classes",
                "models",
                "link_kinds",
                "hop_kinds",
                "seed",
                "split",
                "day",
            )
        },
        **{name: header[name] for name in ("start_s", "end_s", "last_s", "midnight_utc")},
        "scenario": header["scenario"]["name"],
        "description": header["scenario"]["description"],
        "rotation_rad_per_s": EARTH_ROTATION_RAD_PER_S,
        "sun": sun_earth_fixed(log),
        "sites": log.arrays["sites/positions_m"].round().tolist(),
        "position_start_s": float(positions["time_s"][0]),
        "position_step_s": float(positions["time_s"][1] - positions["time_s"][0]) * stride,
        "positions_m": packer.add(places_m, "i2", float(np.abs(places_m).max()) / 32_000.0, 2),
        "links": {
            "node_a": packer.add(links["node_a"], "i2"),
            "node_b": packer.add(links["node_b"], "i2"),
            "kind": packer.add(links["kind"], "i1"),
            "start_s": packer.add(links["start_s"] - start_s, "i4", TIME_STEP_S, 1),
            "end_s": packer.add(links["end_s"] - start_s, "i4", TIME_STEP_S, 1),
            "rate_bps": packer.add(links["rate_bps"], "i4", 1e4),
        },
        "sunlight": {
            "satellite": packer.add(light["satellite"], "i2"),
            "start_s": packer.add(light["start_s"] - start_s, "i4", TIME_STEP_S),
            "end_s": packer.add(light["end_s"] - start_s, "i4", TIME_STEP_S),
        },
        "faults": {
            "node_a": packer.add(faults["node_a"], "i2"),
            "node_b": packer.add(faults["node_b"], "i2"),
            "strike_s": packer.add(faults["strike_s"] - start_s, "i4", TIME_STEP_S),
            "end_s": packer.add(
                np.minimum(faults["end_s"], header["last_s"]) - start_s, "i4", TIME_STEP_S
            ),
        },
    }


def _every(samples: np.ndarray, stride: int) -> np.ndarray:
    """Return every stride-th sample (T, ...), enclosing them all.

    The last few steps go on as a parabola where T - 1 is no multiple.
    """
    while len(samples) % stride != 1 and len(samples) > 2:
        samples = np.concatenate(
            [samples, 3.0 * samples[-1:] - 3.0 * samples[-2:-1] + samples[-3:-2]]
        )
    return samples[::stride]


def _episode(packer: Packer, log: EpisodeLog) -> dict[str, Any]:
    series = log.group("series")
    stride = 1 if series["queue_s"].shape[1] <= MANY_SATELLITES else 4
    series = {name: column[::stride] for name, column in series.items()}
    n_samples = max(len(series["time_s"]), 1)
    return {
        "policy": log.header["policy"],
        "metrics": log.header["metrics"],
        "series_step_s": float(series["time_s"][1] - series["time_s"][0]) if n_samples > 1 else 1.0,
        "series": {
            "queue_s": packer.add(series["queue_s"], "i4", 0.5, 1),
            "lanes_busy": packer.add(series["lanes_busy"], "i1"),
            "charge_fraction": packer.add(series["charge_fraction"], "i2", 1e-4, 1),
            "temperature_c": packer.add(series["temperature_c"], "i2", 0.05, 1),
            "resident": packer.add(series["resident"], "i4"),
        },
        "tasks": _tasks(packer, log),
        "hops": _hops(packer, log),
    }


def outcomes(log: EpisodeLog) -> np.ndarray:
    """Return the TaskOutcome of each decision, (n,) int8."""
    table = log.group("decisions")
    return task_outcomes(table["on_time"], table["node"] >= 0, table["is_lost"])


def _tasks(packer: Packer, log: EpisodeLog) -> dict[str, Any]:
    table = log.group("decisions")

    def after(name: str) -> dict[str, Any]:
        seconds = table[name] - table["release_s"]
        return packer.add(np.where(np.isnan(seconds), NEVER_S, seconds), "i4", TIME_STEP_S)

    return {
        "release_s": packer.add(table["release_s"] - log.header["start_s"], "i4", TIME_STEP_S, 1),
        "slack_s": packer.add(table["slack_s"], "i4", TIME_STEP_S),
        "value": packer.add(table["value"], "i4", 0.001),
        "task_class": packer.add(table["task_class"], "i1"),
        "model": packer.add(table["model"], "i1"),
        "origin": packer.add(table["origin"], "i2"),
        "destination": packer.add(table["destination"], "i2"),
        "node": packer.add(table["node"], "i2"),
        "outcome": packer.add(PAGE_CODES[outcomes(log)], "i1"),
        "by_alert": packer.add(table["by_alert"], "i1"),
        "input_hops": packer.add(table["input_hops"], "i1"),
        "result_hops": packer.add(table["result_hops"], "i1"),
        "arrival_s": after("arrival_s"),
        "load_start_s": after("load_start_s"),
        "start_s": after("start_s"),
        "finish_s": after("finish_s"),
        "delivery_s": after("delivery_s"),
    }


def _hops(packer: Packer, log: EpisodeLog) -> dict[str, Any]:
    table = log.group("hops")
    release_s = log.arrays["decisions/release_s"][table["decision"]]
    return {
        "from_node": packer.add(table["from_node"], "i2"),
        "to_node": packer.add(table["to_node"], "i2"),
        "start_s": packer.add(table["start_s"] - release_s, "i4", FINE_STEP_S),
        "end_s": packer.add(table["end_s"] - table["start_s"], "i4", FINE_STEP_S),
    }
