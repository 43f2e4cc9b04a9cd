"""The reference of a Scenario, made from its dataclasses: every field with unit, range, meaning and
source, and every switch.
"""

import re
from collections.abc import Iterator
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from functools import cache
from typing import Any, get_args, get_origin, get_type_hints

from orbit_gym.scenario.field_types import INFINITY
from orbit_gym.scenario.scenario import Scenario

# Unit of each suffix of units.SUFFIXES.
UNITS = {
    "_s": "s",
    "_m": "m",
    "_mps": "m/s",
    "_bits": "bit",
    "_bps": "bit/s",
    "_bytes": "B",
    "_bytes_per_s": "B/s",
    "_flop": "flop",
    "_op_per_s": "op/s",
    "_j": "J",
    "_w": "W",
    "_c": "°C",
    "_k_per_w": "K/W",
    "_deg": "°",
    "_rad": "rad",
    "_fraction": "fraction",
}


@dataclass(frozen=True)
class Switch:
    """Say how a model is switched off: what to type, and what then holds.

    By dotted name; [] stands for every row of an array.
    """

    model: str
    own_values: dict[str, Any]
    then: str


SWITCHES = (
    Switch("laser links", {"lasers.terminals": 0}, "satellites reach only the ground"),
    Switch(
        "laser rate by range",
        {"lasers.mode_range_m": [5_000e3], "lasers.mode_rate_bps": [100e9]},
        "one rate up to the range of sight",
    ),
    Switch("laser acquisition", {"lasers.acquisition_s": 0.0}, "a new link carries data at once"),
    Switch(
        "hysteresis of links between planes",
        {"lasers.hysteresis_s": 0.0},
        "a link changes to a nearer partner at the next grid step",
    ),
    Switch(
        "polar cut-off",
        {"lasers.polar_cutoff_deg": 90.0},
        "links between planes stay up over the poles",
    ),
    Switch(
        "links between planes", {"lasers.polar_cutoff_deg": 0.0}, "lasers point only fore and aft"
    ),
    Switch(
        "power of laser links",
        {"lasers.hold_w": 0.0, "lasers.transmit_w": 0.0},
        "lasers cost no energy",
    ),
    Switch(
        "stations",
        {"stations": []},
        "no datacentre can be reached; results go to users and, as alerts, to the relay",
    ),
    Switch(
        "datacentres",
        {"datacentres": [], "stations[].datacentre": "", "stations[].more_datacentres": []},
        "no candidate on the ground",
    ),
    Switch(
        "elevation masks",
        {"stations[].mask_deg": 0.0, "users.mask_deg": 0.0},
        "whatever is above the horizon is in view",
    ),
    Switch(
        "power of the radio",
        {"power.radio_w": 0.0},
        "a station in view costs no energy, nor does sending to it",
    ),
    Switch(
        "users",
        {"users.sites": []},
        "no drone queries or language requests; the other classes fill the load",
    ),
    Switch(
        "alert channel", {"alerts.enabled": False}, "alerts go by stations like every other result"
    ),
    Switch(
        "unequal nodes",
        {"peak_op_per_s_each": []},
        "every satellite has the peak speed of `[accelerator]`",
    ),
    Switch(
        "lanes",
        {"accelerator.lanes": 1},
        "one language request at a time, decoded at the rate of one stream of a full batch",
    ),
    Switch(
        "overhead of model loads",
        {"accelerator.load_overhead_s": 0.0},
        "a load takes size over storage rate only",
    ),
    Switch(
        "limited memory",
        {"accelerator.memory_bytes": 1e12},
        "every model is in memory from the start",
    ),
    Switch(
        "limited battery",
        {"power.battery_j": 1e12},
        "no booking waits for charge; the array still limits the load asked for",
    ),
    Switch("idle draw", {"power.compute_idle_w": 0.0}, "an idle accelerator draws nothing"),
    Switch(
        "thermal limit",
        {"thermal.resistance_k_per_w": 0.0},
        "nodes stay at the sink's temperature and no booking waits for them to cool",
    ),
    Switch("all faults", {"faults.enabled": False}, "plans come true"),
    Switch("resets", {"faults.reset_mean_s": 0.0}, "accelerators never fail; other faults stay"),
    Switch(
        "link outages",
        {"faults.link_up_fraction": 1.0},
        "laser links end only by geometry; other faults stay",
    ),
    Switch("clouds", {"stations[].is_optical": False}, "no station is blocked"),
    Switch("limited candidates", {"candidates": 0}, "every satellite is shown"),
    Switch("price of energy", {"reward.energy_cost": 0.0}, "reward is value alone"),
)


@cache
def sections() -> dict[type, tuple[str, ...]]:
    """Return every section of a Scenario with its names in TOML.

    "" for the top, "lasers", "stations[]", in the order of a Scenario's fields.
    """
    paths_of: dict[type, tuple[str, ...]] = {}
    for path, kind in _walk("", Scenario):
        paths_of[kind] = (*paths_of.get(kind, ()), path)
    return paths_of


def _walk(path: str, kind: type) -> Iterator[tuple[str, type]]:
    yield path, kind
    for name, hint in get_type_hints(kind).items():
        inner = f"{path}.{name}" if path else name
        if is_dataclass(hint):
            yield from _walk(inner, hint)  # type: ignore[arg-type]
        elif get_origin(hint) is tuple and is_dataclass(get_args(hint)[0]):
            yield from _walk(f"{inner}[]", get_args(hint)[0])


def reference() -> str:
    """A heading, a sentence and a table of fields for every section."""
    parts = []
    for kind, paths in sections().items():
        names = ", ".join(f"`{_toml_heading(path)}`" for path in paths)
        sentence = " ".join((kind.__doc__ or "").split("\n\n")[0].split())
        heading = names if paths[0] else "At the top of the file"
        parts.append(f"### {heading}\n\n{sentence}\n\n{field_table(kind)}")
    return "\n" + "\n".join(parts)


def _toml_heading(path: str) -> str:
    """[[stations]] for "stations[]", [users] for "users".

    Below an array, [datacentres.accelerator] belongs to the row before it.
    """
    return f"[[{path.replace('[]', '')}]]" if path.endswith("[]") else f"[{path.replace('[]', '')}]"


def field_table(kind: type) -> str:
    """One row per field of a section."""
    hints = get_type_hints(kind)
    header = ("field", "unit", "default", "allowed", "meaning", "kind", "source or reason")
    lines = [header, ("---",) * len(header)]
    for item in fields(kind):  # type: ignore[arg-type]
        word, _, reason = item.metadata["source"].partition(": ")
        hint = hints[item.name]
        lines.append(
            (
                f"`{item.name}`",
                unit_of(item.name, hint),
                default_text(item),
                allowed_text(item, hint),
                item.metadata["meaning"],
                word,
                reason,
            )
        )
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def unit_of(name: str, hint: Any) -> str:
    """Unit of a number by its name's suffix; of what bears none, a dash."""
    if hint not in (int, float) and float not in get_args(hint):
        return "-"
    stem = name.removesuffix("_each")
    endings = sorted((suffix for suffix in UNITS if stem.endswith(suffix)), key=len)
    return UNITS[endings[-1]] if endings else "-"


def default_text(item: "Field[Any]") -> str:
    """The default as one types it in TOML.

    For a section, what differs from that section's own defaults.
    """
    if item.default is MISSING and item.default_factory is MISSING:
        return "must be given"
    try:
        value = _plain_default(item)
    except ValueError:  # a section that refuses to be empty
        return "must be given"
    if value is None:  # another field may stand for it, as walker does in a shell
        return "must be given"
    if not is_dataclass(value):
        return f"`{toml_text(value)}`"
    differing = [
        part.name for part in fields(value) if getattr(value, part.name) != _plain_default(part)
    ]
    changed = ", ".join(f"`{name} = {toml_text(getattr(value, name))}`" for name in differing)
    return f"its own, with {changed}" if changed else "its own"


def _plain_default(item: "Field[Any]") -> Any:
    return item.default_factory() if item.default_factory is not MISSING else item.default


def toml_text(value: Any) -> str:
    """A value as TOML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return (
            re.sub(r"e\+0*", "e", f"{value:g}")
            if isinstance(value, float) and abs(value) >= 1e6
            else f"{value:.10g}"
        )
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {toml_text(part)}" for key, part in value.items()) + "}"
    return "[" + ", ".join(toml_text(part) for part in value) + "]"


def allowed_text(item: "Field[Any]", hint: Any) -> str:
    """The range of a number, or the kind of anything else."""
    if is_dataclass(hint):
        return "a table"
    if get_origin(hint) is dict:
        return "a table of numbers"
    if get_origin(hint) is tuple:
        part = get_args(hint)[0]
        inner = (
            "tables"
            if is_dataclass(part)
            else "texts"
            if part is str
            else f"numbers {range_text(item)}"
        )
        return f"an array of {inner}"
    if hint in (bool, str):
        return "true or false" if hint is bool else "text"
    return f"whole, {range_text(item)}" if hint is int else range_text(item)


def range_text(item: "Field[Any]") -> str:
    """Bounds as declared: "0 to 90", "above 0", "at least 0"."""
    low, high, open_low = (item.metadata[name] for name in ("low", "high", "open_low"))
    if high == INFINITY:
        return f"{'above' if open_low else 'at least'} {toml_text(low)}"
    return (
        f"above {toml_text(low)}, at most {toml_text(high)}"
        if open_low
        else f"{toml_text(low)} to {toml_text(high)}"
    )


def switch_table() -> str:
    """One row per model that can be switched off."""
    lines = [("model", "off with", "then"), ("---",) * 3]
    lines += [
        (
            switch.model,
            "; ".join(_typed_text(*pair) for pair in switch.own_values.items()),
            switch.then,
        )
        for switch in SWITCHES
    ]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def _typed_text(path: str, value: Any) -> str:
    array, nested, name = path.partition("[].")
    return (
        f"`{name} = {toml_text(value)}` in every `[[{array}]]`"
        if nested
        else f"`{path} = {toml_text(value)}`"
    )
